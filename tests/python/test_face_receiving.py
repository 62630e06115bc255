# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receiving from channels: who waits, how long, who comes first, and that nobody takes an item along who gives up."""

import asyncio
import threading
import time

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import ChannelClosed, ChannelTimeout, FromThreadChannel, threaded
from streams import in_thread, steps, wait

pytestmark = pytest.mark.filterwarnings('error')

CHANNELS = [FromThreadChannel, AioThreads.Channel.new]


@pytest.fixture(params=CHANNELS, ids=['FromThreadChannel', 'Channel'])
def make(request):
    return request.param


async def take_all(channel):
    return [item async for item in channel]


async def take_by_get(channel):
    return await channel.get()


async def take_with_a_timeout(channel):
    return await channel.get(timeout=60)


async def take_by_await(channel):
    return await channel


async def take_by_iterating(channel):
    async for item in channel:
        return item


TAKES = [take_by_get, take_with_a_timeout, take_by_await, take_by_iterating]


# --- Closed channels --------------------------------------------------------

def test_what_is_queued_is_received_after_close(run_async, make):
    async def main():
        channel = make(3)
        for number in range(3):
            channel.put(number)
        channel.close()
        assert [await channel.get(), await channel, await channel.get(timeout=1)] == [0, 1, 2]
        for _ in range(2):
            with pytest.raises(ChannelClosed):
                await channel.get()
            with pytest.raises(ChannelClosed):
                await channel
        assert await take_all(channel) == []

    run_async(main)


@pytest.mark.parametrize('take', TAKES[:3])
def test_close_wakes_who_waits(run_async, make, take):
    async def main():
        channel = make(3)
        waiting = [asyncio.create_task(take(channel)) for _ in range(5)]
        iterating = [asyncio.create_task(take_all(channel)) for _ in range(5)]
        await steps(2)
        in_thread(channel.close)
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(error) for error in errors] == [ChannelClosed] * 5
        assert await asyncio.gather(*iterating) == [[]] * 5

    run_async(main)


@pytest.mark.parametrize('n_steps', range(4))
def test_last_item_before_close_is_received(run_async, make, n_steps):
    async def main():
        channel = make(3)
        waiting = [asyncio.create_task(channel_get(channel)) for _ in range(2)]
        await steps(n_steps)
        in_thread(lambda: channel.put('last') or channel.close())
        first, second = await asyncio.gather(*waiting, return_exceptions=True)
        assert first == 'last' and isinstance(second, ChannelClosed)

    run_async(main)


async def channel_get(channel, **arguments):
    return await channel.get(**arguments)


# --- Timeouts ---------------------------------------------------------------

def test_errors_are_those_of_asyncio():
    assert issubclass(ChannelTimeout, asyncio.TimeoutError) and not issubclass(ChannelTimeout, ChannelClosed)


@pytest.mark.parametrize('timeout', [0.001, 0.02])
def test_timeout_is_given(run_async, make, timeout):
    async def main():
        loop, channel = asyncio.get_running_loop(), make(3)
        before = loop.time()
        with pytest.raises(ChannelTimeout):
            await channel.get(timeout=timeout)
        # GLib counts whole milliseconds.
        assert loop.time() - before >= timeout - 0.001
        channel.put('an item')
        assert await channel.get(timeout=timeout) == 'an item'

    run_async(main)


def test_timeout_of_the_channel(run_async):
    """None is the channel's, 0 is none."""
    async def main():
        channel = FromThreadChannel(timeout=0.01)
        patient = asyncio.create_task(channel_get(channel, timeout=0))
        await steps(2)
        for wait_here in (channel.get, lambda: channel.get(None), lambda: channel.get(timeout=None), lambda: take_by_await(channel)):
            with pytest.raises(ChannelTimeout):
                await wait_here()
        assert not patient.done()
        channel.put('an item')
        assert await patient == 'an item'

    run_async(main)


def test_no_timeout_by_default(run_async):
    async def main():
        patient = [asyncio.create_task(channel_get(channel, timeout=timeout))
                   for channel in channels for timeout in (None, 0)]
        with pytest.raises(ChannelTimeout):
            await FromThreadChannel().get(timeout=0.02)
        assert not any(task.done() for task in patient)
        for channel in channels * 2:
            channel.put('an item')
        assert await asyncio.gather(*patient) == ['an item'] * 4

    channels = [FromThreadChannel(), FromThreadChannel(timeout=0)]
    run_async(main)


def test_timeout_of_an_iteration(run_async):
    """It is that of the channel, for each item."""
    async def main():
        channel = FromThreadChannel(timeout=0.01)
        channel.put(0)
        taken = []
        with pytest.raises(ChannelTimeout):
            async for item in channel:
                taken.append(item)
        assert taken == [0]

    run_async(main)


@pytest.mark.parametrize('n_steps', range(4))
def test_get_that_times_out_takes_no_item(run_async, make, n_steps):
    """The item comes when the time is over, but the loop has not seen that yet."""
    async def main():
        channel = make(3)
        waiting = asyncio.create_task(channel_get(channel, timeout=0.005))
        await steps(1 + n_steps)
        time.sleep(0.02)
        in_thread(channel.put, 'an item')
        try:
            assert await waiting == 'an item'
        except ChannelTimeout:
            assert await channel.get() == 'an item'
        assert len(channel) == 0

    run_async(main)


def test_get_in_wait_for_takes_no_item(run_async, make):
    async def main():
        channel = make(3)
        for number in range(20):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(channel.get(), 0.001)
            channel.put(number)
            assert await asyncio.wait_for(channel.get(), 60) == number

    run_async(main)


# --- Who gives up -----------------------------------------------------------

@pytest.mark.parametrize('take', TAKES, ids=lambda take: take.__name__)
@pytest.mark.parametrize('first_steps', range(3))
@pytest.mark.parametrize('n_steps', range(5))
def test_receiver_that_is_cancelled_takes_no_item(run_async, make, take, first_steps, n_steps):
    """The item comes while the loop stands still, and so many steps later its receiver is cancelled."""
    async def main():
        channel, taken = make(3), []

        async def receive():
            taken.append(await take(channel))

        task = asyncio.create_task(receive())
        await steps(first_steps)
        in_thread(channel.put, 'first')
        await steps(n_steps)
        task.cancel()
        await asyncio.wait([task])
        channel.put('second')
        channel.close()
        taken += await take_all(channel)
        assert taken == ['first', 'second']

    run_async(main)


@pytest.mark.parametrize('take', TAKES, ids=lambda take: take.__name__)
@pytest.mark.parametrize('n_steps', range(5))
def test_receiver_that_is_cancelled_leaves_its_item_to_the_next(run_async, make, take, n_steps):
    async def main():
        channel = make(3)
        tasks = [asyncio.create_task(take(channel)) for _ in range(3)]
        await steps(2)
        in_thread(channel.put, 0)
        await steps(n_steps)
        tasks[0].cancel()
        await asyncio.wait(tasks[:1])
        # No other item comes before this one has found its receiver.
        assert await tasks[1 if tasks[0].cancelled() else 0] == 0
        in_thread(lambda: channel.put(1) or channel.put(2))
        if tasks[0].cancelled():
            tasks.append(asyncio.create_task(take(channel)))
        assert sorted(await asyncio.gather(*tasks[-2:])) == [1, 2]

    run_async(main)


@pytest.mark.parametrize('way', ['break', 'exception', 'cancel'])
def test_iteration_that_is_left_takes_nothing_along(run_async, make, way):
    async def main():
        channel, taken = make(0), []
        for number in range(100):
            channel.put(number)

        async def consume():
            async for item in channel:
                taken.append(item)
                if len(taken) == 10:
                    if way == 'break':
                        break
                    if way == 'exception':
                        raise ValueError('unexpected')
                    await asyncio.Event().wait()

        task = asyncio.create_task(consume())
        while len(taken) < 10:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            assert bool(task.exception()) == (way == 'exception')
        assert await channel.get() == 10
        channel.close()
        assert await take_all(channel) == list(range(11, 100))

    run_async(main)


# --- Order ----------------------------------------------------------------

@pytest.mark.parametrize('take', TAKES, ids=lambda take: take.__name__)
def test_first_come_first_served(run_async, make, take):
    async def main():
        channel = make(0)
        tasks = [asyncio.create_task(take(channel)) for _ in range(20)]
        await steps(2)
        in_thread(lambda: [channel.put(number) for number in range(20)] and None)
        assert await asyncio.gather(*tasks) == list(range(20))

    run_async(main)


# --- Threads that receive ---------------------------------------------------

def test_get_sync(run_async, make):
    async def main():
        channel = make(1)

        @threaded
        def consume():
            taken = []
            try:
                while True:
                    taken.append(channel.get_sync())
            except ChannelClosed:
                return taken

        consumed = consume()
        for number in range(100):
            await channel.put_async(number)
        channel.close()
        assert await consumed == list(range(100))

    run_async(main)


def test_get_sync_times_out(make):
    def receive():
        channel = make(3)
        with pytest.raises(ChannelTimeout):
            channel.get_sync(timeout=0.01)
        channel.put('an item')
        assert channel.get_sync(timeout=0.01) == 'an item'
        with pytest.raises(ChannelTimeout):
            FromThreadChannel(3, 0.01).get_sync()

    in_thread(receive)


def test_get_sync_that_would_block_the_loop_is_an_error(run_async, make):
    async def main():
        channel = make(3)
        with pytest.raises(RuntimeError):
            channel.get_sync()
        channel.put('an item')
        assert channel.get_sync() == 'an item'

    run_async(main)


def test_get_sync_in_a_cancelled_worker(run_async, make):
    errors, started, ended = [], threading.Event(), threading.Event()

    async def main():
        channel = make(3)

        @threaded
        def consume():
            started.set()
            try:
                channel.get_sync()
            except BaseException as error:
                errors.append(type(error))
            ended.set()

        consumed = consume()
        wait(started)
        consumed.cancel()
        wait(ended)
        assert errors == [asyncio.CancelledError]

    run_async(main)
