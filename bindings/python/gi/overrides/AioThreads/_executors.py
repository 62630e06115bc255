# SPDX-License-Identifier: LGPL-2.1-or-later
"""Executors: those of the library, and those of concurrent.futures."""

import asyncio
import concurrent.futures
import contextvars
import functools
import itertools
import threading
import weakref

from gi.module import get_introspection_module
from gi.overrides import _gi_aiothreads as native, override
from gi.repository import GLib, GObject

from ._calls import start, start_apart
from ._loops import detached_home
from ._state import own_cancellable, run_elsewhere

_C = get_introspection_module('AioThreads')

_counter = itertools.count(1)
_joined = set()                          # separate executors whose threads the end of the program waits for
_bridges = weakref.WeakKeyDictionary()   # pools whose threads wait for the work of an executor of concurrent.futures
_bridges_lock = threading.RLock()


def name_of(function):
    """What a thread that runs a function is called, and messages call it."""
    name = getattr(function, '__name__', None)
    return name if isinstance(name, str) else type(function).__name__


class Executor(_C.Executor):
    """Runs functions in threads: AioThreads.Executor.new_pool (), new_serial (), new_separate ()."""

    __module__ = 'gi.overrides.AioThreads'   # PyGObject looks there for what it overrides

    def call(self, function, /, *args, **kwargs):
        """Calls a function in a thread of the executor. Gives a Future."""
        return start(native.runner_new(self, name_of(function)), function, args, kwargs)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.shutdown_sync(_C.Shutdown.WAIT, -1, None)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        # Whatever runs here may need the event loop, so a thread of its own waits for it.
        await in_new_thread(self.shutdown_sync, (_C.Shutdown.WAIT, -1, None), {})

    def __repr__(self):
        kind = self.get_kind().value_nick
        return (f'<AioThreads.Executor {self.get_name()!r}: {kind}, size {self.get_size()}, {self.get_n_threads()} threads,'
                f' {self.get_n_running()} running, {self.get_n_queued()} queued, {self.get_n_done()} done>')


Executor = override(Executor)


@functools.lru_cache(maxsize=64)
def separate_executor(name, detach):
    """The executor that gives a new thread of this name to each piece of work."""
    executor = _C.Executor.new_separate(name, detach)
    if not detach:
        _joined.add(executor)
    return executor


def wait_for_joined():
    """At the end of the program."""
    while _joined:
        try:
            _joined.pop().shutdown_sync(_C.Shutdown.WAIT, -1, None)
        except GLib.Error:
            pass


def in_new_thread(function, args, kwargs, detach=True, is_apart=False):
    name = name_of(function)
    begin = start_apart if is_apart or not detach else start
    return begin(native.runner_new(separate_executor(name, bool(detach)), name), function, args, kwargs)


# --- concurrent.futures -----------------------------------------------------------


def run_through(executor, function, /, *args, **kwargs):
    """Runs a function by the submit of an executor, and waits for it. In a thread of the library."""
    if isinstance(executor, concurrent.futures.ProcessPoolExecutor):
        future = executor.submit(function, *args, **kwargs)
    else:
        future = executor.submit(contextvars.copy_context().run, run_elsewhere, function, *args, **kwargs)

    cancellable = own_cancellable()
    handler = None
    if cancellable is not None:
        # Its own connect () is another one.
        handler = GObject.Object.connect(cancellable, 'cancelled', lambda _: future.cancel())
    if cancellable is not None and cancellable.is_cancelled():
        future.cancel()
    try:
        return future.result()
    except concurrent.futures.CancelledError:
        # A function may raise such an error as well.
        if not future.cancelled():
            raise
        raise asyncio.CancelledError from None
    finally:
        if handler is not None:
            GObject.Object.disconnect(cancellable, handler)


def _bridge_to(executor):
    """The pool whose threads wait for those of an executor: as many as that has, so that it queues no more than it would."""
    with _bridges_lock:
        pool = _bridges.get(executor)
        if pool is None:
            size = getattr(executor, '_max_workers', None) or 64
            pool = _bridges[executor] = _C.Executor.new_pool(f'{type(executor).__name__}-{next(_counter)}', size)
        return pool


def resolve(executor, loop):
    """Gives the executor of the library to use (None: the default one), and the one to go through (None: none)."""
    if executor is None:
        executor = getattr(loop, '_default_executor', None)
        # asyncio makes one by itself for to_thread (). That is nobody's wish.
        if executor is None or getattr(executor, '_thread_name_prefix', None) == 'asyncio':
            return None, None
    if isinstance(executor, _C.Executor):
        return executor, None
    if isinstance(executor, ThreadPoolExecutor):
        return executor.executor, None
    if isinstance(executor, concurrent.futures.Executor):
        return _bridge_to(executor), executor
    raise TypeError(f'an executor is needed: an AioThreads.Executor, or one of concurrent.futures, not {executor!r}')


class _Submitted:
    """What submit () was given. It lets go of it when it ends, whoever keeps what is left, and never has the executor."""

    def __init__(self, queued, function, args, kwargs):
        self._queued = queued
        self.future = concurrent.futures.Future()
        self._call = functools.partial(function, *args, **kwargs)

    def on_done(self, result, error):
        """Tells of what never ran, which C does by an error."""
        future = self.future
        if error is not None and future is not None and future.set_running_or_notify_cancel():
            future.set_exception(error)

    def run(self):
        self._queued.discard(self)
        call, future = self._call, self.future
        self._call = self.future = None
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)


def _on_thread(initialize, phase, *data):
    if phase == _C.ThreadPhase.STARTS:
        initialize()


class ThreadPoolExecutor(concurrent.futures.ThreadPoolExecutor):
    """The thread pool of the library in the form that concurrent.futures and asyncio know. It has no other threads."""

    def __init__(self, max_workers=None, thread_name_prefix='', initializer=None, initargs=()):
        if max_workers is None:
            max_workers = _C.Executor.dup_default().get_size()
        super().__init__(max_workers, thread_name_prefix, initializer, initargs)
        self.executor = _C.Executor.new_pool(thread_name_prefix or f'pool-{next(_counter)}', max_workers)
        if initializer is not None:
            # It must not have this executor, which has it.
            self.executor.set_thread_hook(functools.partial(_on_thread, functools.partial(initializer, *initargs)))
        self._is_shut_down = False
        self._queued = set()

    def submit(self, fn, /, *args, **kwargs):
        if self._is_shut_down:
            raise RuntimeError('cannot schedule new futures after shutdown')
        submitted = _Submitted(self._queued, fn, args, kwargs)
        future = submitted.future
        self._queued.add(submitted)
        # Such a future belongs to no event loop, and ends after those that do.
        with detached_home() as home:
            home.call(native.runner_new(self.executor, name_of(fn)), submitted.run, (), None, None, submitted.on_done)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._is_shut_down = True
        # What runs is left alone, as by other executors.
        for submitted in list(self._queued) if cancel_futures else ():
            future = submitted.future
            if future is not None:
                future.cancel()
        if wait:
            self.executor.shutdown_sync(_C.Shutdown.WAIT, -1, None)
        else:
            self.executor.shutdown_async(_C.Shutdown.WAIT, -1, None, None)

    def __repr__(self):
        return f'<AioThreads.ThreadPoolExecutor {self.executor!r}>'


class entrypoint:
    """Gives a new event loop whose default executor is a pool of the library, and closes it: with entrypoint (pool_size=8) as loop."""

    def __init__(self, *, pool_size=None, loop=None, debug=None):
        self._pool_size = pool_size
        self._loop = loop
        self._debug = debug
        self._executor = None

    def __enter__(self):
        loop = self._loop = self._loop or asyncio.new_event_loop()
        if self._debug is not None:
            loop.set_debug(self._debug)
        self._executor = ThreadPoolExecutor(self._pool_size)
        loop.set_default_executor(self._executor)
        asyncio.set_event_loop(loop)
        return loop

    def __exit__(self, *error):
        loop = self._loop
        try:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            self._executor.shutdown(wait=True)
            asyncio.set_event_loop(None)
            loop.close()
