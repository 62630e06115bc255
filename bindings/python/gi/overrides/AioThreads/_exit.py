# SPDX-License-Identifier: LGPL-2.1-or-later
"""The end of the program: bodies of generators clean up, and threads that must not be cut off end by themselves."""

import atexit
import os

from gi.overrides import _gi_aiothreads as native

from ._errors import logger
from ._executors import wait_for_joined

_SECONDS = 5


def _end():
    for iterator in native.list_iterators():
        iterator._close()
    wait_for_joined()
    late = native.wait_for_bodies(_SECONDS)
    if late:
        logger.warning('%s: had not ended %s seconds after the end of the program', ', '.join(late), _SECONDS)
    native.forget_threads()


# The child has none of the threads, and nothing that they had locked is ever unlocked.
def _forget_parent():
    if native.list_iterators() or native.wait_for_bodies(0):
        atexit.unregister(_end)


atexit.register(_end)
os.register_at_fork(after_in_child=_forget_parent)
