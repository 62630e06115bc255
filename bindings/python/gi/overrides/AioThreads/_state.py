# SPDX-License-Identifier: LGPL-2.1-or-later
"""What code that runs in a thread finds of where it comes from: context variables that the library sets there."""

import asyncio
import contextvars

from gi.overrides import _gi_aiothreads as native

EVENT_LOOP = contextvars.ContextVar('EVENT_LOOP')
_current = contextvars.ContextVar('aiothreads_current', default=None)
# Whether it runs on a thread of somebody else, of which the C library does not know what it works for.
_is_elsewhere = contextvars.ContextVar('aiothreads_is_elsewhere', default=False)

native.set_variables(_current, EVENT_LOOP)


def is_cancelled():
    """Whether nobody waits any more for what the calling thread does. False outside of a thread of the library."""
    current = _current.get()
    return current is not None and current.is_cancelled


def check_cancelled():
    """Raises asyncio.CancelledError if nobody waits any more for what the calling thread does."""
    if is_cancelled():
        raise asyncio.CancelledError('nobody waits for this any more')


def current_cancellable():
    """What must end the waiting of this thread, where the C library does not know by itself; or None."""
    return own_cancellable() if _is_elsewhere.get() else None


def own_cancellable():
    """The Gio.Cancellable of what the calling thread does, or None."""
    current = _current.get()
    return current.cancellable if current is not None else None


def run_elsewhere(function, /, *args, **kwargs):
    """Calls a function on a thread of somebody else, in a context of its own."""
    _is_elsewhere.set(True)
    return function(*args, **kwargs)
