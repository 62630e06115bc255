# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels from threads to loops: what is sent, who waits, and closing."""

import asyncio
import threading

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import ChannelClosed, FromThreadChannel, threaded, threaded_separate
from streams import assert_same, hard_items, in_thread, steps, wait

pytestmark = pytest.mark.filterwarnings('error')

# That of C has the same methods in Python.
CHANNELS = [FromThreadChannel, AioThreads.Channel.new]


@pytest.fixture(params=CHANNELS, ids=['FromThreadChannel', 'Channel'])
def make(request):
    return request.param


def is_closed(channel):
    return channel.is_closed if isinstance(channel, FromThreadChannel) else channel.is_closed()


def peak_length(channel):
    return (channel.channel if isinstance(channel, FromThreadChannel) else channel).get_peak_length()


async def take_all(channel):
    return [item async for item in channel]


# --- Items ------------------------------------------------------------------

def test_items_are_the_very_objects(run_async, make):
    items = hard_items()

    async def main():
        channel = make(0)
        for way in (channel.put, channel.try_put):
            for item in items:
                way(item)
        for item in items:
            await channel.put_async(item)
        assert_same([await channel.get() for _ in items], items)
        assert_same([await channel for _ in items], items)
        channel.close()
        assert_same(await take_all(channel), items)

    run_async(main)


def test_items_are_the_very_objects_in_a_thread(make):
    def exchange():
        channel, items = make(0), hard_items()
        for item in items:
            channel.put(item)
        assert_same([channel.get_sync() for _ in items], items)

    in_thread(exchange)


@pytest.mark.parametrize('decorator', [threaded, threaded_separate])
def test_from_a_worker(run_async, make, decorator):
    async def main():
        channel = make(16)

        @decorator
        def produce():
            with channel:
                for number in range(3000):
                    channel.put(number)

        produced = produce()
        assert await take_all(channel) == list(range(3000))
        await produced
        assert peak_length(channel) <= 16 and is_closed(channel)

    run_async(main)


def test_from_any_thread(run_async, make):
    async def main():
        channel = make(4)
        thread = threading.Thread(target=lambda: [channel.put(number) for number in range(100)])
        thread.start()
        assert [await channel.get() for _ in range(100)] == list(range(100))
        thread.join()
        assert peak_length(channel) <= 4

    run_async(main)


def test_from_the_loop(run_async, make):
    async def main():
        channel = make(3)
        for number in range(3):
            channel.put(number)
        assert [await channel.get() for _ in range(3)] == [0, 1, 2]

    run_async(main)


def test_consumer_waits_before_there_is_a_producer(run_async, make):
    channel = make(3)

    async def main():
        waiting = asyncio.ensure_future(channel.get())
        await steps(3)
        assert not waiting.done()
        in_thread(channel.put, 'an item')
        assert await waiting == 'an item'

    run_async(main)


def test_item_arrives_at_once(run_async, make):
    """A second is generous: nobody looks every now and then."""
    async def main():
        loop, channel = asyncio.get_running_loop(), make(3)
        for number in range(20):
            waiting = asyncio.ensure_future(channel.get())
            await steps(2)
            before = loop.time()
            in_thread(channel.put, number)
            assert await waiting == number and loop.time() - before < 1

    run_async(main)


# --- Sending ----------------------------------------------------------------

def test_put_waits_while_full(run_async, make):
    async def main():
        channel = make(1)
        sent = []

        @threaded
        def produce():
            for number in range(50):
                channel.put(number)
                sent.append(number)

        produced = produce()
        for number in range(50):
            assert len(sent) <= number + 2
            assert await channel.get() == number
        await produced
        assert peak_length(channel) == 1 and len(sent) == 50

    run_async(main)


def test_try_put_never_waits(make):
    channel = make(1)
    assert channel.try_put(0) is True and channel.try_put(1) is False
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.try_put(2)


def test_put_async_waits_while_full(run_async, make):
    async def main():
        channel = make(1)
        await channel.put_async(0)
        waiting = asyncio.ensure_future(channel.put_async(1))
        await steps(3)
        assert not waiting.done() and len(channel) == 1
        assert await channel.get() == 0
        await waiting
        assert await channel.get() == 1

    run_async(main)


@pytest.mark.parametrize('n_steps', range(4))
def test_put_async_that_is_cancelled_sends_nothing_or_once(run_async, make, n_steps):
    """The room may come just before."""
    async def main():
        channel = make(1)
        channel.put(0)
        waiting = asyncio.ensure_future(channel.put_async(1))
        await steps(1)
        assert await channel.get() == 0
        await steps(n_steps)
        waiting.cancel()
        await asyncio.wait([waiting])
        channel.close()
        assert await take_all(channel) in ([[], [1]] if waiting.cancelled() else [[1]])

    run_async(main)


def test_put_that_would_block_the_loop_is_an_error(run_async, make):
    async def main():
        channel = make(1)
        channel.put(0)
        with pytest.raises(RuntimeError) as caught:
            channel.put(1)
        assert not isinstance(caught.value, ChannelClosed)
        assert await channel.get() == 0
        channel.put(2)
        assert await channel.get() == 2

    run_async(main)


def test_put_in_a_cancelled_worker(run_async, make):
    errors, ended = [], threading.Event()

    async def main():
        channel = make(1)

        @threaded
        def produce():
            try:
                while True:
                    channel.put(0)
            except BaseException as error:
                errors.append(type(error))
            ended.set()

        produced = produce()
        assert await channel.get() == 0
        produced.cancel()
        await asyncio.gather(produced, return_exceptions=True)
        wait(ended)
        assert produced.cancelled() and errors == [asyncio.CancelledError]

    run_async(main)


# --- Closing ----------------------------------------------------------------

def test_closed_by_a_context_manager(make):
    with make(3) as channel:
        assert not is_closed(channel)
    assert is_closed(channel)
    with pytest.raises(ValueError), make(3) as channel:
        raise ValueError('unexpected')
    assert is_closed(channel)


def test_closed_is_seen_by_any_thread(make):
    channel, seen = make(3), []
    in_thread(lambda: seen.append(is_closed(channel)))
    in_thread(channel.close)
    in_thread(lambda: seen.append(is_closed(channel)))
    assert seen == [False, True] and is_closed(channel)
    channel.close()


def test_nothing_is_sent_after_close(run_async, make):
    """It is an error, and not silently dropped."""
    async def main():
        channel = make(3)
        channel.close()
        for send in (channel.put, channel.try_put):
            with pytest.raises(ChannelClosed):
                send(0)
        with pytest.raises(ChannelClosed):
            await channel.put_async(0)
        assert len(channel) == 0

    run_async(main)
    assert issubclass(ChannelClosed, RuntimeError)


def test_close_wakes_put_at_once(run_async, make):
    """Whether it sleeps already or not. A second is generous: nobody looks every now and then."""
    async def main():
        loop = asyncio.get_running_loop()

        @threaded
        def produce(channel, started):
            channel.put(0)
            started.set()
            with pytest.raises(ChannelClosed):
                channel.put(1)

        for _ in range(50):
            channel, started = make(1), threading.Event()
            produced = produce(channel, started)
            wait(started)
            before = loop.time()
            channel.close()
            await produced
            assert loop.time() - before < 1
            assert await take_all(channel) == [0]

    run_async(main)


def test_close_wakes_put_async(run_async, make):
    async def main():
        channel = make(1)
        channel.put(0)
        waiting = asyncio.ensure_future(channel.put_async(1))
        await steps(2)
        channel.close()
        with pytest.raises(ChannelClosed):
            await waiting
        assert await take_all(channel) == [0]

    run_async(main)


def test_what_was_accepted_is_received(run_async, make):
    """Producers go on until they are refused, and close comes when it comes."""
    async def main():
        @threaded_separate
        def produce(number, accepted):
            try:
                while True:
                    channel.put((number, len(accepted)))
                    accepted.append((number, len(accepted)))
            except ChannelClosed:
                pass

        for n_taken in (0, 1, 7, 100):
            channel, accepted = make(3), [[] for _ in range(4)]
            produced = [produce(number, accepted[number]) for number in range(4)]
            received = [await channel.get() for _ in range(n_taken)]
            channel.close()
            received += await take_all(channel)
            await asyncio.gather(*produced)
            assert sorted(received) == sorted(sum(accepted, []))

    run_async(main)
