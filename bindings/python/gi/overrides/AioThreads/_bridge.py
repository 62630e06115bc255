# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a thread back into the event loop."""

import asyncio
import contextvars
import inspect
import math

from gi.overrides import _gi_aiothreads as native
from gi.repository import Gio

from ._loops import home_of, loop_is_alone, loop_is_closed
from ._state import EVENT_LOOP, current_cancellable


class _Await:
    """A thread that waits for something in an event loop."""

    def __init__(self, loop, target, args, kwargs):
        self._loop = loop
        self._target = target
        self._args = args
        self._kwargs = kwargs
        self._context = contextvars.copy_context()
        self._home = home_of(loop) if not loop.is_closed() else None
        self._bridge = self._task = None
        self._is_started = self._is_cancelled = False

    # At home, which is where the loop runs; but a main loop may run without it.
    def _start(self, bridge):
        self._bridge = bridge
        bridge.on_cancel = self._cancel
        self._home.waiting.add(self)
        if self._home.is_closed:
            self._finish(None, loop_is_closed())
        elif asyncio._get_running_loop() is self._loop:
            self._begin()
        else:
            self._loop.call_soon(self._begin)

    def _begin(self):
        if self._is_cancelled:
            # Before its turn came.
            self._finish(None, asyncio.CancelledError())
            return
        try:
            task = self._task = self._context.run(self._make_task)
        except BaseException as error:
            self._finish(None, error)
            return
        task.add_done_callback(self._on_task_done)

    def _make_task(self):
        if not callable(self._target) and (self._args or self._kwargs):
            raise TypeError(f'{self._target!r} is no function that could take arguments')
        self._is_started = True
        awaitable = self._target(*self._args, **self._kwargs) if callable(self._target) else self._target
        if not inspect.isawaitable(awaitable):
            raise TypeError(f'something that can be awaited is needed, or a function that gives such, not {awaitable!r}')
        return asyncio.ensure_future(awaitable, loop=self._loop)

    def _on_task_done(self, task):
        if task.cancelled():
            self._finish(None, asyncio.CancelledError())
        elif task.exception() is not None:
            self._finish(None, task.exception())
        else:
            self._finish(task.result(), None)

    def _finish(self, result, error):
        self._home.waiting.discard(self)
        self._bridge.finish(result, error)
        # They would hold each other.
        self._bridge = self._task = None

    # The loop is closed, so the task is never ended. Who waited is told; asyncio need not tell it as well.
    def loop_was_closed(self):
        task, self._task = self._task, None
        if isinstance(task, asyncio.Task) and task is not self._target:
            task._log_destroy_pending = False
            coroutine = task.get_coro()
            if inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                # Its first turn never came.
                coroutine.close()
        self._finish(None, loop_is_closed())

    # Of any thread
    def _cancel(self):
        self._is_cancelled = True
        task = self._task
        if task is None:
            return
        try:
            self._loop.call_soon_threadsafe(task.cancel)
        except RuntimeError:
            # It was closed meanwhile.
            pass

    # Who abandons the main context of a loop ends all that waits for it. Where others iterate it, or its thread may end before the
    # program does, each is ended by itself.
    def _get_cancellable(self):
        if self._home.is_own and self._home.ends_with_program:
            return current_cancellable()
        cancellable = Gio.Cancellable()
        self._home.cancellables.add(cancellable)
        # It may have been closed before it knew of this one.
        if self._home.is_closed or self._home.is_alone:
            cancellable.cancel()
        return cancellable

    def _wait(self, timeout_ms):
        cancellable = self._get_cancellable()
        try:
            return native.sync_await(self._home.native, self._start, timeout_ms, cancellable)
        except asyncio.CancelledError:
            if self._home.is_closed:
                raise loop_is_closed() from None
            if self._home.is_alone:
                raise loop_is_alone() from None
            raise
        finally:
            self._home.cancellables.discard(cancellable)

    def run(self, timeout):
        try:
            if self._home is None or self._home.is_closed:
                raise loop_is_closed()
            if asyncio._get_running_loop() is self._loop:
                raise RuntimeError('this thread runs the event loop that it would wait for; await it instead')
            return self._wait(0 if timeout is None else max(1, math.ceil(timeout * 1000)))
        finally:
            # One that nobody awaits would complain.
            if not self._is_started and inspect.iscoroutine(self._target):
                self._target.close()


def _find_loop(loop):
    if loop is None:
        loop = EVENT_LOOP.get(None)
    if loop is None:
        raise RuntimeError('no event loop is known in this thread, which the library did not start; '
                           'name one: sync_wait_coroutine (loop, ...), or wait_coroutine (..., loop=loop)')
    return loop


def _await(loop, target, args, kwargs, timeout=None):
    try:
        found = _find_loop(loop)
    except RuntimeError:
        if inspect.iscoroutine(target):
            target.close()
        raise
    return _Await(found, target, args, kwargs).run(timeout)


def sync_await(func, /, *args, **kwargs):
    """Runs something asynchronous in the event loop that the calling thread works for, and waits for its result.

    func is a function that gives something to await, such as a coroutine function, or already something to await.
    """
    return _await(None, func, args, kwargs)


def wait_coroutine(coro, loop=None, timeout=None):
    """Awaits a coroutine in an event loop, that of the calling thread's work where none is given, and waits for its result."""
    return _await(loop, coro, (), {}, timeout)


def sync_wait_coroutine(loop, coro_or_func, /, *args, **kwargs):
    """Awaits a coroutine, or what a function gives, in an event loop, and waits for its result. For any thread."""
    return _await(loop, coro_or_func, args, kwargs)
