# SPDX-License-Identifier: LGPL-2.1-or-later
"""What code that runs in a thread finds of where it comes from: context variables that the library sets there."""

import asyncio
import contextvars

from gi.overrides import _gi_aiothreads as native

EVENT_LOOP = contextvars.ContextVar('EVENT_LOOP')
_current = contextvars.ContextVar('aiothreads_current', default=None)

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
    """The Gio.Cancellable of what the calling thread does, or None."""
    current = _current.get()
    return current.cancellable if current is not None else None
