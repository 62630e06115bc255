# SPDX-License-Identifier: LGPL-2.1-or-later
"""The end of the program: bodies of generators clean up, and threads that must not be cut off end by themselves."""

import atexit
import warnings

from gi.overrides import _gi_aiothreads as native

from ._executors import wait_for_joined

_SECONDS = 5


def _end():
    for iterator in native.list_iterators():
        iterator._close()
    wait_for_joined()
    if not native.wait_for_bodies(_SECONDS):
        warnings.warn(f'generators that run in threads had not ended {_SECONDS} seconds after they were closed', RuntimeWarning)
    native.forget_threads()


atexit.register(_end)
