# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exceptions that Python programs expect, in place of the errors of the C library."""

import asyncio
import logging

from gi.repository import GLib

logger = logging.getLogger('aiothreads')


class ChannelClosed(RuntimeError):
    """The channel is closed: nothing can be put into it, or nothing is left in it."""


class ChannelTimeout(asyncio.TimeoutError):
    """Nothing came through the channel in time."""


def _cancelled(error):
    return asyncio.CancelledError()


def _timed_out(error):
    return asyncio.TimeoutError(error.message)


def _closed(error):
    return ChannelClosed(error.message)


def _failed(error):
    exception = RuntimeError(error.message)
    exception.__cause__ = error
    return exception


_BY_DOMAIN = {
    'g-io-error-quark': {
        19: _cancelled,   # G_IO_ERROR_CANCELLED
        24: _timed_out,   # G_IO_ERROR_TIMED_OUT
    },
    'aiot-error-quark': {},
}


def set_up(error_enum):
    """Takes AioThreads.Error."""
    ours = _BY_DOMAIN['aiot-error-quark']
    for name in ('FAILED', 'CLOSED', 'CONTEXT_GONE', 'WOULD_DEADLOCK', 'EXHAUSTED', 'FORKED', 'NO_CONTEXT', 'SHUT_DOWN'):
        code = getattr(error_enum, name, None)
        if code is not None:
            ours[int(code)] = _closed if name == 'CLOSED' else _failed


def translate(error):
    """Gives what to raise in place of an error that came from C."""
    if not isinstance(error, GLib.Error):
        return error
    make = _BY_DOMAIN.get(error.domain, {}).get(error.code)
    return make(error) if make is not None else error


def report(name, exception):
    """Tells people of an exception that nobody gets, because nobody waits for anything any more."""
    logger.error('%s: the clean-up failed, and was left there', name, exc_info=exception)
