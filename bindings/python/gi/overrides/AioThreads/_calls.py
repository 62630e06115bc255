# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls: what a function that runs in a thread gives to whoever called it."""

import asyncio
import contextvars

from ._loops import detached_home, home_of
from ._state import EVENT_LOOP


class Future(asyncio.Future):
    """What a call gives. It has been started, can be awaited again and again, by several tasks, and need not be awaited at all.

    It is also a coroutine, for asyncio.create_task (). Cancelling it, or the task that awaits it, cancels the work.
    """

    _operation = None
    _awaiting = None

    def cancel(self, msg=None):
        operation = self._operation
        if not super().cancel(msg):
            return False
        if operation is not None:
            operation.cancel()
        return True

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


def start_apart(runner, function, args, kwargs):
    """Starts a call that is not ended with the event loop. Whoever is there then is told nothing."""
    loop = asyncio.get_running_loop()
    future = Future(loop=loop)
    context = contextvars.copy_context()
    context.run(EVENT_LOOP.set, loop)

    def tell(result, error):
        try:
            loop.call_soon_threadsafe(future._on_done, result, error)
        except RuntimeError:
            # The loop is closed.
            pass

    def run():
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            tell(None, error)
        else:
            tell(result, None)

    def never_ran(_, error):
        if error is not None:
            tell(None, error)

    with detached_home() as home:
        future._operation = home.call(runner, run, (), None, context, never_ran)
    return future
