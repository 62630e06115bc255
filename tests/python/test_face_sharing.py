# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels that many threads and several loops share."""

import asyncio
import threading

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import ChannelClosed, FromThreadChannel, threaded_separate
from streams import in_thread, steps, wait

pytestmark = pytest.mark.filterwarnings('error')


@pytest.fixture(params=[FromThreadChannel, AioThreads.Channel.new], ids=['FromThreadChannel', 'Channel'])
def make(request):
    return request.param


async def take_by_get(channel):
    return await channel.get()


async def take_by_await(channel):
    return await channel


def test_many_producers_and_consumers_in_several_loops(run_async, make):
    """Each item is received once, and each consumer sees those of one producer in order."""
    channel, n_producers, n_loops, n_items = make(8), 4, 3, 1000

    @threaded_separate
    def produce(producer):
        for number in range(n_items):
            channel.put((producer, number))

    async def consume(taken):
        await asyncio.gather(*(collect(taken, take) for take in (None, take_by_get, take_by_await)))

    async def collect(taken, take):
        mine = []
        taken.append(mine)
        if take is None:
            async for item in channel:
                mine.append(item)
            return
        while True:
            try:
                mine.append(await take(channel))
            except ChannelClosed:
                return

    async def main():
        taken = [[] for _ in range(n_loops)]
        threads = [threading.Thread(target=asyncio.run, args=(consume(mine),)) for mine in taken[1:]]
        for thread in threads:
            thread.start()
        here = asyncio.create_task(consume(taken[0]))
        await asyncio.gather(*(produce(producer) for producer in range(n_producers)))
        channel.close()
        await here
        for thread in threads:
            thread.join(60)
        lists = sum(taken, [])
        assert sorted(sum(lists, [])) == [(producer, number) for producer in range(n_producers) for number in range(n_items)]
        for mine in lists:
            for producer in range(n_producers):
                numbers = [number for by, number in mine if by == producer]
                assert numbers == sorted(numbers)

    run_async(main)


def test_loops_are_served_in_the_order_of_their_waiting(run_async, make):
    """One item after another, because two that are there at once may arrive in any order."""
    channel, got = make(0), {}
    waiting, received = ([threading.Event() for _ in range(3)] for _ in range(2))

    async def receive(number):
        task = asyncio.create_task(take_by_get(channel))
        await steps(2)
        waiting[number].set()
        got[number] = await task
        received[number].set()

    async def main():
        here = asyncio.create_task(receive(0))
        await steps(4)
        threads = []
        for number in (1, 2):
            threads.append(threading.Thread(target=asyncio.run, args=(receive(number),)))
            threads[-1].start()
            wait(waiting[number])
        channel.put('first')
        await here
        for number, item in (1, 'second'), (2, 'third'):
            channel.put(item)
            wait(received[number])
        for thread in threads:
            thread.join(60)
        assert got == {0: 'first', 1: 'second', 2: 'third'}

    run_async(main)


def test_made_where_no_loop_runs_and_used_in_one_after_another(run_async, make):
    channel = make(3)
    channel.put(0)

    async def main():
        assert await channel.get() == 0
        in_thread(channel.put, 1)
        in_thread(lambda: got.append(asyncio.run(take_by_get(channel))))
        channel.put(2)
        assert await channel.get() == 2

    got = []
    run_async(main)
    assert got == [1]
