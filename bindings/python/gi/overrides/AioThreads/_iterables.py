# SPDX-License-Identifier: LGPL-2.1-or-later
"""Blocking generators as asynchronous iterators."""

import asyncio
import contextvars
import functools
import types

from gi.module import get_introspection_module
from gi.overrides import _gi_aiothreads as native

from ._executors import name_of, resolve, run_through, separate_executor
from ._loops import ASK_AGAIN, Waiter, home_of, receive_at
from ._threaded import Wrapper

_C = get_introspection_module('AioThreads')

THREADED_ITERABLE_DEFAULT_MAX_SIZE = _C.get_default_capacity()


def check_size(name, size):
    """Gives the capacity that C knows: -1 for the default one."""
    if size is None:
        return -1
    if not isinstance(size, int):
        raise TypeError(f'{name} must be a number or None, not {size!r}')
    if size < 0:
        raise ValueError(f'{name} must not be negative, but is {size}; 0 is no limit, None the default one')
    return size


def check_range(min, max):
    if not 1 <= min <= max:
        raise ValueError('min must be at least 1, and max at least min')


class _Done:
    """Awaiting it gives None at once. Nobody need do so."""

    def __await__(self):
        return
        yield


class Iterator(native.Iterator):
    """An asynchronous iterator over what comes from elsewhere. Whoever drops it wants no more."""

    _home = None
    _is_over = False      # the end was told
    _late_error = None    # what has to be told yet
    closed = False

    def __init__(self):
        super().__init__()
        self._waiting = []

    # Of whoever asks.
    def _get_home(self):
        return home_of(asyncio.get_running_loop())

    def __aiter__(self):
        if self._is_over or self.closed:
            raise RuntimeError('this iterator has ended already; make a new one to iterate again')
        return self

    # What came for somebody who went is for whoever waits, or asks next.
    def _give_back(self, item, error):
        if item is native.END:
            self._is_over = True
        else:
            self._give_back_items(item if item is ASK_AGAIN else (item,), error)

    def _give_back_items(self, items, error):
        if self.closed:
            return
        if error is not None:
            self._keep_error(error)
        elif items is not ASK_AGAIN:
            self._put_back(items)
        for receiver in self._waiting:
            if receiver.is_wanted():
                receiver.ask_again()
                break

    # The first one counts: those after it say that it was told.
    def _keep_error(self, error):
        if not self._is_over and self._late_error is None:
            self._late_error = error

    def _raise_late_error(self):
        error, self._late_error = self._late_error, None
        if error is None:
            return
        self._is_over = True
        try:
            if isinstance(error, (StopIteration, StopAsyncIteration)):
                raise RuntimeError(f'the function raised {type(error).__name__}') from error
            raise error
        finally:
            # Its traceback has this frame.
            del error

    # What __anext__ () waits for where nothing is there yet.
    async def _wait_next(self):
        item = ASK_AGAIN
        while item is ASK_AGAIN:
            if items := self._take_back(1):
                return items[0]
            self._raise_late_error()
            if self._is_over:
                raise StopAsyncIteration
            home = self._get_home()
            item, error = await receive_at(home, functools.partial(self._next, home.native), self._give_back, self._waiting)
            if error is not None:
                item = ASK_AGAIN
                self._keep_error(error)
                del error
        if item is native.END:
            self._is_over = True
            raise StopAsyncIteration
        return item

    # The same where nothing will be any more.
    def _ended(self, error):
        if error is None:
            self._is_over = True
        else:
            self._keep_error(error)
        return self._wait_next()

    async def next_many(self, min=1, max=256):
        """Waits for several items: at least min, unless the end comes first. An empty list is the end."""
        check_range(min, max)
        items = self._take_back(max)
        while len(items) < min and not self._is_over:
            if self._late_error is not None:
                if not items:
                    self._raise_late_error()
                # They come first. Whoever asks again gets the error.
                break
            more, error = await self._receive_many(items, min - len(items), max - len(items))
            if error is not None:
                self._keep_error(error)
                del error
            elif more is ASK_AGAIN:
                items += self._take_back(max - len(items))
            else:
                items += more
                self._is_over = self._is_over or not more
                # Fewer than were asked for are all that there is room for.
                break
        return items

    async def _receive_many(self, items, min, max):
        home = self._get_home()
        try:
            return await receive_at(home, functools.partial(self._start_many, home.native, min, max), self._give_back_items, self._waiting)
        except BaseException:
            if items:
                self._give_back_items(items, None)
            raise

    def _start_many(self, home, min, max, on_done):
        return self._next_many(home, on_done, min, max)

    def close(self):
        """Ends it at once. What it gives can be awaited until the clean-up is done, but need not be."""
        self.closed = self._is_over = True
        self._late_error = None
        self._close()
        if self.iterator is None or asyncio._get_running_loop() is None:
            return _Done()
        return self._start_wait_closed()

    def _start_wait_closed(self):
        home = self._get_home()
        future = Waiter(loop=asyncio.get_running_loop())
        future._operation = self._wait_closed(home.native, future.on_done)
        return future

    async def wait_closed(self):
        """Waits until the body has ended, clean-up and all. It closes nothing that is not closed."""
        if self.iterator is not None:
            await self._start_wait_closed()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.close()


class IteratorWrapper(Iterator):
    """Goes through an iterable, or what a function returns, in a thread of a pool. It starts when it is first asked for an item."""

    def __init__(self, gen_func, loop=None, max_size=None, executor=None):
        super().__init__()
        if not callable(gen_func) and not hasattr(gen_func, '__iter__') and not hasattr(gen_func, '__getitem__'):
            raise TypeError(f'an iterable is needed, or a function that returns one, not {gen_func!r}')
        self._source = gen_func
        self._loop = loop
        self._capacity = check_size('max_size', max_size)
        self._executor = executor
        self._context = contextvars.copy_context()

    def _get_executor(self, loop):
        return resolve(self._executor, loop)

    def _start(self, home):
        if self._loop is not None and self._loop is not home.loop:
            raise RuntimeError('this iterator belongs to another event loop')
        executor, through = self._get_executor(home.loop)
        self._begin(home.native, self._source, self._context, self._capacity, executor, name_of(self._source),
                    functools.partial(run_through, through) if through is not None else None)
        self._home = home
        self._source = self._context = None

    # It belongs to the loop that began it, but whoever else asks is told where it is.
    def _get_home(self):
        home = super()._get_home()
        if self._home is None:
            self._start(home)
        return home

    def __repr__(self):
        state = 'closed' if self.closed else 'ended' if self._is_over else 'running' if self._home else 'new'
        return f'<{type(self).__name__}: {state}>'


class IteratorWrapperSeparate(IteratorWrapper):
    """The same in a thread of its own."""

    def __init__(self, gen_func, loop=None, max_size=None):
        super().__init__(gen_func, loop, max_size)

    def _get_executor(self, loop):
        return separate_executor(name_of(self._source), True), None


class ThreadedIterableBase(Wrapper):
    """What a generator function that runs in threads can do."""

    def __class_getitem__(cls, item):
        return types.GenericAlias(cls, item)


class ThreadedIterable(ThreadedIterableBase):
    """A generator function that runs in a thread pool when what it gives is iterated."""

    # The class of the C library that does the same for functions that know of it.
    new = _C.ThreadedIterable.new

    def __init__(self, func, max_size=None, executor=None):
        super().__init__(func)
        check_size('max_size', max_size)
        self.max_size = max_size
        self.executor = executor

    def _wrap(self, function, args, kwargs):
        source = functools.partial(function, *args, **kwargs)
        source.__name__ = name_of(function)
        return IteratorWrapper(source, max_size=self.max_size, executor=self.executor)

    def async_call(self, /, *args, **kwargs):
        """Gives an iterator, which starts when it is first asked for an item."""
        return self._wrap(self.func, args, kwargs)

    def _bind(self, target):
        return BoundThreadedIterable(self, target)


class ThreadedIterableSeparate(ThreadedIterable):
    """A generator function that gets a new thread each time it is iterated."""

    def _wrap(self, function, args, kwargs):
        source = functools.partial(function, *args, **kwargs)
        source.__name__ = name_of(function)
        return IteratorWrapperSeparate(source, max_size=self.max_size)


class BoundThreadedIterable(ThreadedIterableBase):
    """A generator method that runs in threads, of an instance or of a class. It is made anew each time it is asked for."""

    def __init__(self, iterable, func):
        functools.update_wrapper(self, func)
        self._iterable = iterable
        self.func = func

    def async_call(self, /, *args, **kwargs):
        """Gives an iterator, which starts when it is first asked for an item."""
        return self._iterable._wrap(self.func, args, kwargs)

    def __get__(self, instance, owner=None):
        return self

    def __eq__(self, other):
        return isinstance(other, BoundThreadedIterable) and self._iterable is other._iterable and self.func == other.func

    def __hash__(self):
        return object.__hash__(self._iterable)


def threaded_iterable(func=None, *, max_size=None, executor=None):
    """Makes a generator function run in a thread pool: calling it gives something for async for."""
    if func is None:
        return functools.partial(threaded_iterable, max_size=max_size, executor=executor)
    return ThreadedIterable(func, max_size, executor)


def threaded_iterable_separate(func=None, *, max_size=None):
    """Makes each iteration of a generator function run in a thread of its own."""
    if func is None:
        return functools.partial(threaded_iterable_separate, max_size=max_size)
    return ThreadedIterableSeparate(func, max_size)


# --- What C iterates ----------------------------------------------------------------


class _CIterator(Iterator):
    """Goes through an AioThreads.Iterator."""

    def __init__(self, iterator):
        super().__init__()
        self._adopt(iterator)
        self._channel = getattr(iterator, '_channel', None)

    def _give_back_items(self, items, error):
        if self._channel is None or items is ASK_AGAIN or error is not None:
            super()._give_back_items(items, error)
            return
        for item in reversed(items):
            native.put_back(self._channel, item)


async def _enter(iterator):
    return iterator


async def _exit(iterator, *error):
    await _CIterator(iterator).close()


def _iterate(iterator):
    return _CIterator(iterator)


_C.Iterator.__aiter__ = _iterate
_C.Iterator.__aenter__ = _enter
_C.Iterator.__aexit__ = _exit
