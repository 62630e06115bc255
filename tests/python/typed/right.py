# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a type checker has to understand. It is never run."""

import asyncio
import concurrent.futures
import contextlib
import functools
import hashlib
import os
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path
from typing import IO, assert_type

import gi

gi.require_version('AioThreads', '1')

from gi.repository import AioThreads, GLib
from gi.repository.AioThreads import (
    BoundThreaded,
    ChannelClosed,
    ChannelTimeout,
    FromThreadChannel,
    Future,
    IteratorWrapper,
    IteratorWrapperSeparate,
    Threaded,
    ThreadedIterable,
    ThreadedIterableSeparate,
    ThreadedSeparate,
    sync_await,
    sync_wait_coroutine,
    threaded,
    threaded_iterable,
    threaded_iterable_separate,
    threaded_separate,
    wait_coroutine,
)

# --- Functions --------------------------------------------------------------


@threaded
def measure(path: str, *, follow: bool = True) -> int:
    return os.stat(path, follow_symlinks=follow).st_size


@threaded
def now() -> float:
    return time.monotonic()


@threaded
def total(*numbers: int) -> int:
    return sum(numbers)


@threaded
def open_for_reading(path: str) -> IO[str]:
    return open(path)


@threaded(executor=AioThreads.Executor.new_serial('database'))
def store(row: tuple[int, str]) -> None:
    pass


@threaded(executor=concurrent.futures.ThreadPoolExecutor())
def store_elsewhere(row: tuple[int, str]) -> None:
    pass


@threaded_separate
def listen(port: int) -> bytes:
    return b''


@threaded_separate(detach=False)
def save(text: str) -> int:
    return len(text)


@threaded_separate(False)
def save_too(text: str) -> int:
    return len(text)


@threaded_separate()
def save_as_well(text: str) -> int:
    return len(text)


def parse(text: str, base: int = 10) -> int:
    return int(text, base)


async def functions() -> None:
    assert_type(measure('/etc', follow=False), Future[int])
    assert_type(measure(path='/etc'), Future[int])
    assert_type(await measure('/etc'), int)
    assert_type(measure.sync_call('/etc'), int)
    assert_type(measure.async_call('/etc'), Future[int])
    assert_type(now, Threaded[[], float])
    assert_type(await now(), float)
    assert_type(await total(1, 2, 3), int)
    assert_type(await open_for_reading('/etc/passwd'), IO[str])
    assert_type(await store((1, 'one')), None)
    assert_type(await store_elsewhere((1, 'one')), None)
    assert_type(await listen(80), bytes)
    assert_type(await save(''), int)
    assert_type(await save_too(''), int)
    assert_type(await save_as_well(''), int)

    # As a future, and as a coroutine.
    assert_type(await asyncio.gather(measure('/etc'), now()), tuple[int, float])
    assert_type(await asyncio.wait_for(measure('/etc'), 1), int)
    assert_type(await asyncio.shield(measure('/etc')), int)
    assert_type(asyncio.create_task(measure('/etc')), asyncio.Task[int])
    assert_type(measure('/etc').cancel(), bool)

    # What others wrote.
    assert_type(await threaded(time.sleep)(1), None)
    assert_type(await threaded(Path.read_text)(Path('/etc/passwd')), str)
    assert_type(await threaded(Path('/etc/passwd').read_bytes)(), bytes)
    assert_type((await threaded(hashlib.sha256)(b'')).hexdigest(), str)
    assert_type(await threaded(functools.partial(parse, base=16))('ff'), int)
    assert_type(await Threaded(parse)('7'), int)
    assert_type(await ThreadedSeparate(parse, detach=False)('7'), int)
    assert_type(await AioThreads.run_in_executor(parse, args=['7'], kwargs={'base': 8}), int)
    assert_type(await AioThreads.run_in_new_thread(parse, ['7']), int)
    assert_type(await AioThreads.run_in_new_thread(parse, ['7'], no_return=True), None)


# --- Methods ----------------------------------------------------------------


class Store:
    def __init__(self, path: str) -> None:
        self.path = path

    @threaded
    def read(self, offset: int, length: int = 1) -> bytes:
        return b''

    @threaded
    @classmethod
    def open(cls, path: str) -> 'Store':
        return cls(path)

    @threaded
    @staticmethod
    def compress(data: bytes) -> bytes:
        return data

    @threaded_separate
    def watch(self) -> str:
        return self.path

    @threaded_separate(detach=False)
    def flush(self) -> None:
        pass

    @threaded_iterable(max_size=16)
    def lines(self, start: int) -> Iterator[str]:
        yield self.path

    @threaded
    def words(self) -> Iterator[str]:
        yield self.path

    @threaded_iterable_separate
    @classmethod
    def names(cls) -> Generator[str, None, None]:
        yield cls.__name__


class Archive(Store):
    pass


async def methods() -> None:
    store = Archive('/srv')
    bound: BoundThreaded[[int, int], bytes] = store.read
    assert_type(await bound(1, 2), bytes)
    assert_type(await store.read(1, length=2), bytes)
    assert_type(store.read.sync_call(1), bytes)
    assert_type(await Store.read(store, 1), bytes)
    assert_type(await Store.open('/srv'), Store)
    assert_type(await store.open('/srv'), Store)
    assert_type(await Store.compress(b''), bytes)
    assert_type(await store.compress(b''), bytes)
    assert_type(await store.watch(), str)
    assert_type(await store.flush(), None)
    assert_type(store.lines(3), IteratorWrapper[str])
    assert_type(store.words(), IteratorWrapper[str])
    assert_type(Store.names(), IteratorWrapper[str])
    assert_type([line async for line in store.lines(3)], list[str])


# --- Iterables --------------------------------------------------------------


@threaded_iterable
def count(stop: int) -> Iterator[int]:
    yield from range(stop)


@threaded_iterable_separate(max_size=1)
def follow(path: str) -> Generator[str, None, None]:
    yield path


@threaded
def spell(word: str) -> Generator[str, None, None]:
    yield from word


@threaded_separate
def spell_apart(word: str) -> Generator[str, None, None]:
    yield from word


@threaded_iterable
def ready_made() -> list[int]:
    return [1, 2, 3]


async def iterables() -> None:
    assert_type(count(3), IteratorWrapper[int])
    assert_type(list(count.sync_call(3)), list[int])
    assert_type([number async for number in count(3)], list[int])
    async with follow('/var/log/messages') as lines:
        assert_type(lines, IteratorWrapper[str])
        async for line in lines:
            assert_type(line, str)
        assert_type(await lines.next_many(1, 10), list[str])
        assert_type(lines.closed, bool)
    await lines.close()
    await lines.wait_closed()
    assert_type(spell('word'), IteratorWrapper[str])
    assert_type(spell_apart('word'), IteratorWrapper[str])
    assert_type(ready_made, ThreadedIterable[[], int])
    assert_type(threaded_iterable_separate(lambda: 'abc'), ThreadedIterableSeparate[[], str])
    assert_type(await IteratorWrapper(range(3)).__anext__(), int)
    assert_type(IteratorWrapper(lambda: 'abc', max_size=0), IteratorWrapper[str])
    assert_type(IteratorWrapperSeparate(['one'], max_size=1), IteratorWrapperSeparate[str])
    async with contextlib.aclosing(another(3)) as numbers:
        assert_type([number async for number in numbers], list[int])


async def another(stop: int) -> AsyncGenerator[int, None]:
    async for number in count(stop):
        yield number


# --- Channels ---------------------------------------------------------------


async def channels() -> None:
    channel: FromThreadChannel[int] = FromThreadChannel(maxsize=10, timeout=5)
    with channel:
        await channel.put_async(1)
        assert_type(channel.put(2), None)
        assert_type(channel.try_put(3), bool)
    try:
        assert_type(await channel.get(timeout=0.1), int)
        assert_type(channel.get_sync(), int)
        assert_type(await channel, int)
    except ChannelClosed as error:
        assert_type(error, ChannelClosed)
    except ChannelTimeout:
        pass
    assert_type([item async for item in channel], list[int])
    assert_type((len(channel), channel.maxsize, channel.is_closed), tuple[int, int, bool])
    assert_type(channel.channel.get_n_received(), int)

    async for item in AioThreads.Channel.new(16):
        print(item)


# --- From a worker, and the rest --------------------------------------------


async def ask(host: str, port: int = 80) -> bytes:
    return b''


def in_a_worker(loop: asyncio.AbstractEventLoop) -> None:
    assert_type(sync_await(ask, 'localhost', port=8080), bytes)
    assert_type(sync_await(ask('localhost')), bytes)
    assert_type(sync_await(measure, '/etc'), int)
    assert_type(sync_await(Store('/srv').read, 1), bytes)
    assert_type(wait_coroutine(ask('localhost'), timeout=3), bytes)
    assert_type(sync_wait_coroutine(loop, ask, 'localhost'), bytes)
    assert_type(sync_wait_coroutine(loop, ask('localhost')), bytes)
    assert_type(AioThreads.EVENT_LOOP.get(), asyncio.AbstractEventLoop)
    assert_type(AioThreads.is_cancelled(), bool)
    AioThreads.check_cancelled()


def on_parsed(number: int | None, error: BaseException | None) -> None:
    print(number, error)


def without_asyncio() -> None:
    assert_type(AioThreads.run(ask('localhost')), bytes)
    assert_type(AioThreads.spawn(ask('localhost'), GLib.MainContext.default()), asyncio.Task[bytes])
    AioThreads.offload(parse, '7', base=8, on_done=on_parsed).cancel()


async def executors() -> None:
    with AioThreads.Executor.new_pool('four', 4) as pool:
        assert_type(await pool.call(parse, '7', base=8), int)
        assert_type(pool.props.n_done + pool.get_n_done(), int)
    async with pool:
        pass
    asyncio.get_running_loop().set_default_executor(AioThreads.ThreadPoolExecutor(4))
    assert_type(AioThreads.THREADED_ITERABLE_DEFAULT_MAX_SIZE, int)


with AioThreads.entrypoint(pool_size=8) as loop:
    assert_type(loop.run_until_complete(measure('/etc')), int)
    assert_type(threading.get_ident(), int)
