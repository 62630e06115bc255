# SPDX-License-Identifier: LGPL-2.1-or-later
"""AioThreads for Python: functions, generators and channels between threads and event loops.

Loaded by "from gi.repository import AioThreads".
"""

import gi
from gi.module import get_introspection_module

# There is no other, so programs need not say that they want it.
gi.require_version('AioThreads', '1')

from . import _errors
from ._errors import ChannelClosed, ChannelTimeout
from gi.overrides import _gi_aiothreads as _native

_C = get_introspection_module('AioThreads')
_errors.set_up(_C.Error)
_native.set_hooks(_errors.translate, _errors.report)

from ._state import EVENT_LOOP, check_cancelled, is_cancelled  # noqa: E402
from ._calls import Future  # noqa: E402
from ._executors import Executor, ThreadPoolExecutor, entrypoint  # noqa: E402
from ._threaded import (  # noqa: E402
    BoundThreaded, Threaded, ThreadedBase, ThreadedSeparate, run_in_executor, run_in_new_thread, threaded, threaded_separate)
from ._iterables import (  # noqa: E402
    THREADED_ITERABLE_DEFAULT_MAX_SIZE, BoundThreadedIterable, IteratorWrapper, IteratorWrapperSeparate, ThreadedIterable,
    ThreadedIterableBase, ThreadedIterableSeparate, threaded_iterable, threaded_iterable_separate)
from ._channels import Channel, FromThreadChannel  # noqa: E402
from ._bridge import sync_await, sync_wait_coroutine, wait_coroutine  # noqa: E402
from ._main_loop import offload, run, spawn  # noqa: E402
from . import _exit  # noqa: E402, F401

__all__ = [
    'BoundThreaded', 'BoundThreadedIterable', 'Channel', 'ChannelClosed', 'ChannelTimeout', 'EVENT_LOOP', 'Executor',
    'FromThreadChannel', 'Future', 'IteratorWrapper', 'IteratorWrapperSeparate', 'THREADED_ITERABLE_DEFAULT_MAX_SIZE',
    'ThreadPoolExecutor', 'Threaded', 'ThreadedBase', 'ThreadedIterable', 'ThreadedIterableBase', 'ThreadedIterableSeparate',
    'ThreadedSeparate', 'check_cancelled', 'entrypoint', 'is_cancelled', 'offload', 'run', 'run_in_executor', 'run_in_new_thread',
    'spawn', 'sync_await', 'sync_wait_coroutine', 'threaded', 'threaded_iterable', 'threaded_iterable_separate',
    'threaded_separate', 'wait_coroutine',
]
