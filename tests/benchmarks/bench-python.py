#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The work in Python of aiot-bench, which tells it line by line what to do how often.

It answers with the microseconds that one operation took. Before, it says in one line what it misses, if anything.
"""

import asyncio
import gc
import sys
import time

QUEUE_SIZE = 1024
N_IN_FLIGHT = 64


def load():
    """The namespace, or why there is none."""
    try:
        import gi
        gi.require_version('AioThreads', '1')
        from gi.repository import AioThreads
    except ImportError as error:
        return None, f'python3 has no module {error.name}'
    except ValueError:
        return None, 'built without introspection'
    if not hasattr(AioThreads, 'threaded'):
        return None, 'built without the Python face'
    return AioThreads, ''


AioThreads, missing = load()


def echo(number):
    return number


def count(n):
    for number in range(n):
        yield number


async def nothing():
    pass


# --- Calls ------------------------------------------------------------------

async def call_one_at_a_time(call, n):
    for number in range(n):
        assert await call(number) == number


async def call_many(call, n):
    for first in range(0, n, N_IN_FLIGHT):
        numbers = range(first, min(first + N_IN_FLIGHT, n))
        assert await asyncio.gather(*map(call, numbers)) == list(numbers)


def to_thread(number):
    return asyncio.to_thread(echo, number)


async def one_to_thread(n):
    await call_one_at_a_time(to_thread, n)


async def one_threaded(n):
    await call_one_at_a_time(AioThreads.threaded(echo), n)


async def many_to_thread(n):
    await call_many(to_thread, n)


async def many_threaded(n):
    await call_many(AioThreads.threaded(echo), n)


# --- Items ------------------------------------------------------------------

async def take_from_queue(queue, produce, n):
    produced = asyncio.get_running_loop().run_in_executor(None, produce)
    for number in range(n):
        assert await queue.get() == number
    await produced


async def items_bounded(n):
    loop, queue = asyncio.get_running_loop(), asyncio.Queue(QUEUE_SIZE)

    def produce():
        for number in count(n):
            asyncio.run_coroutine_threadsafe(queue.put(number), loop).result()

    await take_from_queue(queue, produce, n)


async def items_unbounded(n):
    loop, queue = asyncio.get_running_loop(), asyncio.Queue()

    def produce():
        for number in count(n):
            loop.call_soon_threadsafe(queue.put_nowait, number)

    await take_from_queue(queue, produce, n)


async def take_all(items, n):
    expected = 0
    async for number in items:
        assert number == expected
        expected += 1
    assert expected == n


async def items_iterable(n):
    await take_all(AioThreads.threaded_iterable(count, max_size=QUEUE_SIZE)(n), n)


async def items_next_many(n):
    items = AioThreads.threaded_iterable(count, max_size=QUEUE_SIZE)(n)
    expected = 0
    while numbers := await items.next_many(max=QUEUE_SIZE):
        for number in numbers:
            assert number == expected
            expected += 1
    assert expected == n


async def items_channel(n):
    channel = AioThreads.FromThreadChannel(QUEUE_SIZE)

    @AioThreads.threaded
    def produce():
        with channel:
            for number in count(n):
                channel.put(number)

    produced = produce()
    await take_all(channel, n)
    await produced


# --- From a worker into the loop and back -----------------------------------

async def await_threadsafe(n):
    loop = asyncio.get_running_loop()

    def work():
        for _ in range(n):
            asyncio.run_coroutine_threadsafe(nothing(), loop).result()

    await loop.run_in_executor(None, work)


async def await_sync_await(n):
    @AioThreads.threaded
    def work():
        for _ in range(n):
            AioThreads.sync_await(nothing)

    await work()


# --- What is asked for ------------------------------------------------------

async def measure(name, n):
    function = globals()[name.replace('-', '_')]
    # What the others have left costs them, not this one.
    gc.collect()
    start = time.perf_counter()
    await function(n)
    return (time.perf_counter() - start) / n * 1e6


async def main():
    for line in sys.stdin:
        name, n = line.split()
        print(await measure(name, int(n)), flush=True)


print(missing, flush=True)
if not missing:
    asyncio.run(main())
