# SPDX-License-Identifier: LGPL-2.1-or-later
"""Coroutines in programs that run a GLib main loop and no asyncio."""

import asyncio
import collections
import contextvars
import functools
import heapq
import itertools
import math
import sys
import threading

from gi.overrides import _gi_aiothreads as native
from gi.repository import GLib

from ._executors import name_of, resolve, run_through

_loops = threading.local()


class MainContextLoop(asyncio.AbstractEventLoop):
    """As much of an event loop as coroutines need that a GMainContext drives: tasks, futures, timers. No sockets; Gio has those."""

    def __init__(self, main_context):
        self.main_context = main_context
        self._ready = collections.deque()
        self._source = None
        self._timers = []            # a heap
        self._n_timers = itertools.count()
        self._n_cancelled = 0        # of those in the heap, or a few more
        self._timer_source = None
        self._timer_source_when = 0
        self._lock = threading.RLock()   # whoever has it may collect garbage, which may call back from here
        self._is_closed = False
        self._exception_handler = None

    # --- What asyncio asks of a loop

    def get_debug(self):
        return False

    def set_debug(self, enabled):
        pass

    def is_running(self):
        return self.main_context.is_owner()

    def is_closed(self):
        return self._is_closed

    def close(self):
        self._is_closed = True

    def time(self):
        return GLib.get_monotonic_time() / 1000000

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coro, *, name=None, context=None):
        if context is not None:
            return context.run(self.create_task, coro, name=name)
        return asyncio.Task(coro, loop=self, name=name)

    def call_soon(self, callback, *args, context=None):
        return self.call_soon_threadsafe(callback, *args, context=context)

    def call_soon_threadsafe(self, callback, *args, context=None):
        if self._is_closed:
            raise RuntimeError('Event loop is closed')
        handle = asyncio.Handle(callback, args, self, context)
        with self._lock:
            self._ready.append(handle)
            self._plan()
        return handle

    def call_later(self, delay, callback, *args, context=None):
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        timer._scheduled = True
        heapq.heappush(self._timers, (when, next(self._n_timers), timer))
        self._plan_timers()
        return timer

    # Most timers are for what does not happen, and are cancelled long before their time.
    def _timer_handle_cancelled(self, timer):
        if not timer._scheduled:
            return
        self._n_cancelled += 1
        if self._n_cancelled > 50 and self._n_cancelled > len(self._timers) // 2:
            self._timers = [entry for entry in self._timers if not entry[2].cancelled()]
            heapq.heapify(self._timers)
            self._n_cancelled = 0

    def run_in_executor(self, executor, func, *args):
        from ._threaded import run_in_executor
        return run_in_executor(func, executor, args)

    def run_until_complete(self, future):
        future = asyncio.ensure_future(future, loop=self)
        main_loop = GLib.MainLoop.new(self.main_context, False)
        future.add_done_callback(lambda _: main_loop.quit())
        main_loop.run()
        if not future.done():
            raise RuntimeError('the main loop was stopped before the coroutine had ended')
        return future.result()

    def set_exception_handler(self, handler):
        self._exception_handler = handler

    def get_exception_handler(self):
        return self._exception_handler

    def default_exception_handler(self, context):
        asyncio.BaseEventLoop.default_exception_handler(self, context)

    def call_exception_handler(self, context):
        if self._exception_handler is not None:
            self._exception_handler(self, context)
        else:
            self.default_exception_handler(context)

    async def shutdown_asyncgens(self):
        pass

    async def shutdown_default_executor(self):
        pass

    # --- What GLib calls

    def _run(self, handle):
        previous = asyncio._get_running_loop()
        hooks = sys.get_asyncgen_hooks()
        asyncio._set_running_loop(self)
        sys.set_asyncgen_hooks(firstiter=None, finalizer=self._end_generator)
        try:
            if not handle.cancelled():
                handle._run()
        finally:
            sys.set_asyncgen_hooks(*hooks)
            asyncio._set_running_loop(previous)

    # Of any thread: where the last reference to one that has not ended was dropped.
    def _end_generator(self, generator):
        if not self._is_closed:
            self.call_soon_threadsafe(self.create_task, generator.aclose())

    # With the lock held.
    def _plan(self):
        if self._source is None and self._ready:
            self._source = GLib.Idle(priority=GLib.PRIORITY_DEFAULT)
            self._source.set_callback(self._run_ready)
            self._source.attach(self.main_context)

    # What comes while it runs waits for the next turn, as other sources do.
    def _run_ready(self, *data):
        with self._lock:
            source, self._source = self._source, None
            if source is not None:
                source.destroy()
            n_ready = len(self._ready)
        try:
            for _ in range(n_ready):
                self._run(self._ready.popleft())
        finally:
            # Some exceptions end it early.
            with self._lock:
                self._plan()
        return GLib.SOURCE_REMOVE

    # One source for all of them: GLib runs several that are due at once in the order in which they were made, not in that of
    # their times.
    def _plan_timers(self):
        if not self._timers:
            return
        when = self._timers[0][0]
        if self._timer_source is not None:
            if self._timer_source_when <= when:
                return
            self._timer_source.destroy()
        # Not before its time.
        self._timer_source = GLib.Timeout(max(0, math.ceil((when - self.time()) * 1000)))
        self._timer_source_when = when
        self._timer_source.set_callback(self._run_timers)
        self._timer_source.attach(self.main_context)

    def _run_timers(self, *data):
        self._timer_source.destroy()
        self._timer_source = None
        now = self.time()
        try:
            while self._timers and self._timers[0][0] <= now:
                timer = heapq.heappop(self._timers)[2]
                timer._scheduled = False
                if timer.cancelled():
                    self._n_cancelled = max(0, self._n_cancelled - 1)
                else:
                    self._run(timer)
        finally:
            # Some exceptions end it early.
            self._plan_timers()
        return GLib.SOURCE_REMOVE


def _loop_of(main_context):
    """The loop of a main context, in the thread that iterates it."""
    loops = _loops.__dict__.setdefault('loops', {})
    key = hash(main_context)
    if key not in loops or loops[key].is_closed():
        loops[key] = MainContextLoop(main_context)
    return loops[key]


def _this_main_context(main_context):
    return main_context or GLib.MainContext.get_thread_default() or GLib.MainContext.default()


def spawn(coroutine, main_context=None):
    """Starts a coroutine in the main loop that the program runs, that of the calling thread. Gives an asyncio.Task.

    Where an event loop of asyncio runs in this thread already, that one is used.
    """
    loop = asyncio._get_running_loop()
    if loop is None or main_context is not None:
        loop = _loop_of(_this_main_context(main_context))
    return loop.create_task(coroutine)


def run(coroutine, main_context=None):
    """Runs a coroutine, iterating the main context until it has ended, and returns its result."""
    if asyncio._get_running_loop() is not None:
        coroutine.close()
        raise RuntimeError('an event loop runs in this thread already; await the coroutine there')
    return _loop_of(_this_main_context(main_context)).run_until_complete(coroutine)


def offload(func, /, *args, on_done=None, executor=None, **kwargs):
    """Calls a function in a thread, and on_done (result, error) in the main loop of the calling thread when it has ended.

    error is None, or the exception that the function raised. Gives a Gio.Cancellable. It needs no event loop of asyncio.
    """
    pool, through = resolve(executor, None)
    home = native.Home(_this_main_context(None))
    if through is not None:
        args = (through, func, *args)
        func = run_through
    if on_done is not None:
        # Not the context of the function, which may still run there when somebody has cancelled it.
        on_done = functools.partial(contextvars.copy_context().run, on_done)
    operation = home.call(native.runner_new(pool, name_of(func)), func, args, kwargs or None, contextvars.copy_context(), on_done)
    return operation.canceller
