# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls: what a function that runs in a thread gives to whoever called it."""

import asyncio
import contextvars

from ._loops import OperationFuture, detached_home, home_of
from ._state import EVENT_LOOP


class Future(OperationFuture):
    """What a call gives. It has been started, can be awaited again and again, by several tasks, and need not be awaited at all.

    It is also a coroutine, for asyncio.create_task (). Cancelling it, or the task that awaits it, cancels the work.
    """

    _awaiting = None

    def _on_done(self, result, error):
        self._operation = None
        if self.done() or self.get_loop().is_closed():
            return
        if error is None:
            self.set_result(result)
        elif isinstance(error, StopIteration):
            # It would end whoever awaits it.
            stopped = RuntimeError('the function raised StopIteration')
            stopped.__cause__ = error
            self.set_exception(stopped)
        else:
            self.set_exception(error)
            if isinstance(error, asyncio.CancelledError):
                # Nobody need take it: asyncio does not tell of a task that was cancelled either.
                self._log_traceback = False

    # --- As a coroutine: each task that drives it has a place of its own, until it has ended there.

    def _drive(self, step, *arguments):
        task = asyncio.current_task(self.get_loop())
        places = self._awaiting = self._awaiting or {}
        place = places.pop(task, None) or self.__await__()
        waits_for = getattr(place, step)(*arguments)
        places[task] = place
        return waits_for

    def send(self, value):
        return self._drive('send', value)

    def throw(self, *exception):
        # A task that was cancelled before it began has not told, and never awaits what works for it already.
        if isinstance(exception[0], asyncio.CancelledError):
            self.cancel(*exception[0].args[:1])
        return self._drive('throw', *exception)

    def close(self):
        if self._awaiting:
            self._awaiting.pop(asyncio.current_task(self.get_loop()), None)


def start(runner, function, args, kwargs):
    """Starts a call. RuntimeError where no event loop runs."""
    loop = asyncio.get_running_loop()
    future = Future(loop=loop)
    future._operation = home_of(loop).native.call(
        runner, function, args, kwargs or None, contextvars.copy_context(), future._on_done)
    return future


class _Apart:
    """A call that belongs to no loop. Nobody looks after the home of such, so it lets go of everything itself."""

    def __init__(self, loop, future, function, args, kwargs):
        self._loop = loop
        self._future = future
        self._work = function, args, kwargs

    def _tell(self, result, error):
        loop, future, work = self._loop, self._future, self._work
        self._loop = self._future = self._work = None
        try:
            # The work goes along, so that it is let go where it came from.
            loop.call_soon_threadsafe(lambda told_too: future._on_done(result, error), work)
        except RuntimeError:
            # The loop is closed.
            pass

    def run(self):
        function, args, kwargs = self._work
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            self._tell(None, error)
        else:
            self._tell(result, None)

    def on_done(self, _, error):
        """Tells what it did not tell itself, because it never ran."""
        if error is not None and self._work is not None:
            self._tell(None, error)


def start_apart(runner, function, args, kwargs):
    """Starts a call that is not ended with the event loop. Whoever is there then is told nothing."""
    loop = asyncio.get_running_loop()
    future = Future(loop=loop)
    context = contextvars.copy_context()
    context.run(EVENT_LOOP.set, loop)
    apart = _Apart(loop, future, function, args, kwargs)
    with detached_home() as home:
        future._operation = home.call(runner, apart.run, (), None, context, apart.on_done)
    return future
