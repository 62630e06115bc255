# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels: what threads put in, coroutines get out."""

import asyncio
import math

from gi.module import get_introspection_module
from gi.overrides import _gi_aiothreads as native, override
from gi.repository import GObject

from ._errors import ChannelClosed, ChannelTimeout
from ._iterables import Iterator, check_range, check_size
from ._loops import home_of, receive_at, running_home, wait_at
from ._state import current_cancellable

_C = get_introspection_module('AioThreads')
_NOTHING = object()


def _milliseconds(timeout):
    """Of seconds, in which 0 is no time-out, and None that of the channel."""
    if timeout is None:
        return -1
    if not timeout >= 0:
        raise ValueError(f'timeout must not be negative, but is {timeout}; 0 is none')
    return min(math.ceil(timeout * 1000), 2**31 - 1)


class _ChannelIterator(Iterator):
    """Goes through a channel, which stays as it is when this is dropped."""

    def __init__(self, channel):
        super().__init__()
        self._channel = channel
        self._adopt_channel(channel)

    async def _wait_next(self):
        if self.closed:
            raise StopAsyncIteration
        try:
            return await _get(self._channel, None)
        except ChannelClosed:
            raise StopAsyncIteration from None

    async def _ended(self, exception):
        raise StopAsyncIteration

    async def next_many(self, min=1, max=256):
        """Waits for several items: at least min, unless the end comes first. An empty list is the end."""
        check_range(min, max)
        items = []
        try:
            while len(items) < max and not self.closed:
                item = native.try_get(self._channel, _NOTHING)
                if item is _NOTHING:
                    if len(items) >= min:
                        break
                    item = await _get(self._channel, None)
                items.append(item)
        except ChannelClosed:
            pass
        except BaseException:
            for item in reversed(items):
                native.put_back(self._channel, item)
            raise
        return items


async def _get(channel, timeout):
    home = running_home()
    milliseconds = _milliseconds(timeout)

    def start(on_done):
        return home.native.receive(channel, milliseconds, on_done)

    def give_back(item, error):
        if error is None:
            native.put_back(channel, item)

    item, error = await receive_at(home, start, give_back, [])
    if isinstance(error, asyncio.TimeoutError):
        raise ChannelTimeout('nothing came through the channel in time')
    if error is not None:
        raise error
    return item


class ChannelMethods:
    """What Python programs do with a channel. _channel is that of the C library."""

    def put(self, item):
        """Puts an item in. It blocks while the channel is full, and is for threads: a coroutine awaits put_async ()."""
        channel = self._channel
        if native.try_put(channel, item):
            return
        if asyncio._get_running_loop() is not None:
            raise RuntimeError('the channel is full, and put () would block the event loop that runs in this thread; '
                               'await put_async () instead, or call try_put ()')
        native.put(channel, item, current_cancellable())

    def try_put(self, item):
        """Puts an item in if there is room for it. Tells whether there was."""
        return native.try_put(self._channel, item) != 0

    async def put_async(self, item):
        """Puts an item in, as soon as there is room for it."""
        channel = self._channel
        if native.try_put(channel, item):
            return
        home = running_home()
        await wait_at(home, lambda on_done: home.native.send(channel, item, on_done))

    async def get(self, timeout=None):
        """Waits for an item: timeout seconds, 0 for as long as it takes, None for the time that the channel was made with."""
        _milliseconds(timeout)
        item = native.try_get(self._channel, _NOTHING)
        return item if item is not _NOTHING else await _get(self._channel, timeout)

    def get_sync(self, timeout=None):
        """Waits for an item in a thread."""
        milliseconds = _milliseconds(timeout)
        item = native.try_get(self._channel, _NOTHING)
        if item is not _NOTHING:
            return item
        if asyncio._get_running_loop() is not None:
            raise RuntimeError('get_sync () would block the event loop that runs in this thread; await get () instead')
        try:
            return native.get_sync(self._channel, milliseconds, current_cancellable())
        except asyncio.TimeoutError:
            raise ChannelTimeout('nothing came through the channel in time') from None

    def __await__(self):
        return self.get().__await__()

    def __aiter__(self):
        return _ChannelIterator(self._channel)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        self.close()

    def __len__(self):
        return self._channel.get_length()

    # An empty channel is a channel.
    def __bool__(self):
        return True

    def _describe(self, is_closed):
        channel = self._channel
        return (f'<{type(self).__name__}: {"closed" if is_closed else "open"}, {channel.get_length()} of'
                f' {channel.get_capacity() or "any number of"} items>')


def _is_unicode(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_of_c(value):
    if isinstance(value, str):
        return '\0' not in value and (value.isascii() or _is_unicode(value))
    return value is not None and (not isinstance(value, int) or -2**31 <= value < 2**31)


def _value(value):
    """What to hand to C: PyGObject makes the types of C of what it can, and loses what is not the same there."""
    return value if _is_of_c(value) else GObject.Value(GObject.TYPE_PYOBJECT, value)


class Channel(ChannelMethods, _C.Channel):
    """A bounded queue between threads and main loops."""

    __module__ = 'gi.overrides.AioThreads'   # PyGObject looks there for what it overrides

    @property
    def _channel(self):
        return self

    def send(self, value, cancellable=None):
        return super().send(_value(value), cancellable)

    def try_send(self, value):
        return super().try_send(_value(value))

    def send_async(self, value, *arguments):
        return super().send_async(_value(value), *arguments)

    def iterate(self):
        reader = super().iterate()
        # What is taken for a task that went goes back to the channel.
        reader._channel = self
        return reader

    def __repr__(self):
        return self._describe(self.is_closed())


Channel = override(Channel)


class FromThreadChannel(ChannelMethods):
    """Takes items from threads to coroutines. It holds max_size items at most (None: the default number, 0: any number)."""

    def __init__(self, maxsize=None, timeout=0, max_size=None):
        if maxsize is not None and max_size is not None:
            raise TypeError('maxsize and max_size are the same: give one of them')
        capacity = check_size('maxsize', maxsize if max_size is None else max_size)
        timeout = _milliseconds(timeout or 0)
        loop = asyncio._get_running_loop()
        # Where no loop runs it has a home of its own, which nobody iterates and which goes with it: then any thread may wait for it.
        home = home_of(loop).native if loop is not None else native.Home()
        self.channel = Channel.new_full(capacity, _C.WhenFull.WAIT, timeout, home.main_context)
        if loop is None:
            self.channel._home = home

    @property
    def _channel(self):
        return self.channel

    @property
    def maxsize(self):
        return self.channel.get_capacity()

    @property
    def is_closed(self):
        return self.channel.is_closed()

    def close(self):
        """Ends sending. What is in the channel can still be received."""
        self.channel.close()

    def __repr__(self):
        return self._describe(self.is_closed)
