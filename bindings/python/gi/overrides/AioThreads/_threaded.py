# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions that run in threads: threaded, threaded_separate, and the objects that they make."""

import asyncio
import functools
import inspect
import types

from gi.module import get_introspection_module
from gi.overrides import _gi_aiothreads as native

from ._calls import start, start_apart
from ._executors import in_new_thread, name_of, resolve, run_through, separate_executor

_C = get_introspection_module('AioThreads')


def plain_function(function):
    """What is inside of a staticmethod, a classmethod, a partial, a bound method or an object that can be called."""
    while True:
        if isinstance(function, (staticmethod, classmethod, types.MethodType)):
            function = function.__func__
        elif isinstance(function, (functools.partial, functools.partialmethod)):
            function = function.func
        elif isinstance(function, ThreadedBase):
            function = function.func
        elif inspect.isroutine(function) or inspect.isclass(function) or not hasattr(type(function), '__call__'):
            return function
        else:
            function = type(function).__call__


def check_function(function):
    """TypeError for what can't run in a thread."""
    plain = plain_function(function)
    if asyncio.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        raise TypeError(f'{function!r} is a coroutine function: it belongs into the event loop, not into a thread')
    if not callable(function) and not isinstance(function, (staticmethod, classmethod, functools.partialmethod)):
        raise TypeError(f'a function is needed, not {function!r}')


def is_generator_function(function):
    return inspect.isgeneratorfunction(plain_function(function))


def describe(kind, function):
    name = getattr(function, '__qualname__', None)
    return f'<{kind} {name}>' if isinstance(name, str) else f'<{kind} {function!r}>'


class Wrapper:
    """A function in another form: what is the same for all of them. It is a descriptor, and keeps nothing of an instance."""

    def __init__(self, func):
        check_function(func)
        # First, because it brings attributes of the function, whatever they are called.
        functools.update_wrapper(self, func)
        self.func = func.func if isinstance(func, Wrapper) else func
        # A classmethod knows whether it is abstract, but has no such attribute to be copied.
        if getattr(func, '__isabstractmethod__', False):
            self.__isabstractmethod__ = True

    def sync_call(self, /, *args, **kwargs):
        """Calls the function in the calling thread."""
        return self.func(*args, **kwargs)

    def async_call(self, /, *args, **kwargs):
        raise NotImplementedError

    def __call__(self, /, *args, **kwargs):
        return self.async_call(*args, **kwargs)

    def _bind(self, target):
        raise NotImplementedError

    def __get__(self, instance, owner=None):
        bind = getattr(type(self.func), '__get__', None)
        target = bind(self.func, instance, owner) if bind is not None else self.func
        return self if target is self.func else self._bind(target)

    def __repr__(self):
        return describe(type(self).__name__, self.func)


class ThreadedBase(Wrapper):
    """What a function that runs in threads can do."""

    def __class_getitem__(cls, item):
        return types.GenericAlias(cls, item)


class Threaded(ThreadedBase):
    """A function that runs in a thread pool when it is called. A call gives a Future."""

    # The class of the C library that does the same for functions that know of it.
    new = _C.Threaded.new

    def __init__(self, func, executor=None):
        super().__init__(func)
        self.executor = executor
        self._runners = {}

    def _runner(self, executor):
        runner = self._runners.get(executor)
        if runner is None:
            if len(self._runners) > 8:
                self._runners.clear()
            runner = self._runners[executor] = native.runner_new(executor, name_of(self.func))
        return runner

    def _start(self, function, args, kwargs):
        executor, through = resolve(self.executor, asyncio.get_running_loop())
        if through is not None:
            function = functools.partial(run_through, through, function)
        return start(self._runner(executor), function, args, kwargs)

    def async_call(self, /, *args, **kwargs):
        """Starts the function in a thread."""
        return self._start(self.func, args, kwargs)

    def _bind(self, target):
        return BoundThreaded(self, target)


class ThreadedSeparate(Threaded):
    """A function that gets a new thread each time it is called."""

    def __init__(self, func, detach=True):
        super().__init__(func)
        self.detach = bool(detach)

    def _start(self, function, args, kwargs):
        begin = start if self.detach else start_apart
        return begin(self._runner(separate_executor(name_of(self.func), self.detach)), function, args, kwargs)


class BoundThreaded(ThreadedBase):
    """A method that runs in threads, of an instance or of a class. It is made anew each time it is asked for."""

    def __init__(self, threaded, func):
        functools.update_wrapper(self, func)
        self._threaded = threaded
        self.func = func

    def async_call(self, /, *args, **kwargs):
        """Starts the method in a thread."""
        return self._threaded._start(self.func, args, kwargs)

    def __get__(self, instance, owner=None):
        return self

    def __eq__(self, other):
        return isinstance(other, BoundThreaded) and self._threaded is other._threaded and self.func == other.func

    def __hash__(self):
        return object.__hash__(self._threaded)


def threaded(func=None, *, executor=None):
    """Makes a function run in a thread pool: calling it gives something to await. A generator function becomes an iterable."""
    from ._iterables import ThreadedIterable

    if func is None:
        return functools.partial(threaded, executor=executor)
    check_function(func)
    if is_generator_function(func):
        return ThreadedIterable(func, executor=executor)
    return Threaded(func, executor)


def threaded_separate(func=None, detach=True):
    """Makes each call of a function run in a thread of its own. With detach=False the end of the program waits for it."""
    from ._iterables import ThreadedIterableSeparate

    if func is None or isinstance(func, bool):
        return functools.partial(threaded_separate, detach=detach if func is None else func)
    check_function(func)
    if is_generator_function(func):
        return ThreadedIterableSeparate(func)
    return ThreadedSeparate(func, detach)


def run_in_executor(func, executor=None, args=(), kwargs=types.MappingProxyType({})):
    """Calls a function in an executor, the default one where none is given. Gives a Future."""
    check_function(func)
    return Threaded(func, executor)._start(func, tuple(args), dict(kwargs))


def run_in_new_thread(func, args=(), kwargs=types.MappingProxyType({}), detach=True, no_return=False):
    """Calls a function in a new thread. With no_return, what it gives is there as soon as the thread has started, and is None."""
    check_function(func)
    future = in_new_thread(func, tuple(args), dict(kwargs), detach, no_return)
    if not no_return:
        return future
    started = asyncio.get_running_loop().create_future()
    started.set_result(None)
    return started
