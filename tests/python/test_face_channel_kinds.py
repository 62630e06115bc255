# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels as they are made, and that those of C and those of Python are one."""

import threading
import weakref

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import FromThreadChannel
from streams import assert_same, hard_items

pytestmark = pytest.mark.filterwarnings('error')


@pytest.fixture(params=[FromThreadChannel, AioThreads.Channel.new], ids=['FromThreadChannel', 'Channel'])
def make(request):
    return request.param


async def take_all(channel):
    return [item async for item in channel]


# --- Making one -------------------------------------------------------------

def test_size():
    default = AioThreads.THREADED_ITERABLE_DEFAULT_MAX_SIZE
    for channel, size in ((FromThreadChannel(), default), (FromThreadChannel(None), default), (FromThreadChannel(maxsize=None), default),
                          (FromThreadChannel(3), 3), (FromThreadChannel(maxsize=3), 3), (FromThreadChannel(max_size=3), 3),
                          (FromThreadChannel(0), 0), (FromThreadChannel(maxsize=0), 0), (FromThreadChannel(max_size=0), 0),
                          (FromThreadChannel(3, 1.5), 3), (FromThreadChannel(3, timeout=0), 3)):
        assert channel.maxsize == channel.channel.get_capacity() == size


@pytest.mark.parametrize('arguments', [{'maxsize': -1}, {'max_size': -2}, {'timeout': -1}, {'maxsize': 1, 'max_size': 2}])
def test_what_can_not_be_made(arguments):
    with pytest.raises((TypeError, ValueError)):
        FromThreadChannel(**arguments)


def test_holds_as_many_as_its_size(make):
    channel = make(3)
    assert [channel.try_put(number) for number in range(5)] == [True, True, True, False, False]
    assert len(channel) == 3


def test_any_thread_waits_for_one_that_belongs_to_no_loop():
    """The main thread is no other than the rest where it runs no loop."""
    channel, waits, received = FromThreadChannel(1), threading.Event(), []

    def receive():
        waits.wait(60)
        received.extend(channel.get_sync() for _ in range(3))

    channel.put(0)
    thread = threading.Thread(target=receive)
    thread.start()
    # The first one waits for room that the other thread makes then.
    waits.set()
    for number in (1, 2):
        channel.put(number)
    thread.join()
    assert received == [0, 1, 2]


def test_what_is_left_in_one_that_belongs_to_no_loop_is_let_go(collect):
    class Thing:
        pass

    channel, thing = FromThreadChannel(), Thing()
    reference = weakref.ref(thing)
    channel.put(thing)
    del channel, thing
    collect(lambda: reference() is None)
    assert reference() is None


def test_default_is_bounded():
    channel = FromThreadChannel()
    assert all(channel.try_put(number) for number in range(1024)) and not channel.try_put(1024)


def test_0_is_unbounded(make):
    channel = make(0)
    assert all(channel.try_put(number) for number in range(5000))
    channel.put(5000)
    assert len(channel) == 5001


def test_repr(make):
    channel = make(3)
    channel.put('an item')
    assert 'Channel' in repr(channel) and 'closed' not in repr(channel)
    channel.close()
    assert 'closed' in repr(channel)


def test_empty_channel_is_true(make):
    assert make(3)


# --- C's own methods --------------------------------------------------------

def test_with_the_methods_of_c(run_async):
    """They take any object, and make of it what PyGObject makes of it elsewhere."""
    items = hard_items()

    def looks(objects):
        return [(type(item), repr(item)) for item in objects]

    async def main():
        channel = AioThreads.Channel.new(0)
        for item in items:
            assert channel.send(item, None) == AioThreads.Sent.ITEM
            assert channel.try_send(item) == AioThreads.Sent.ITEM
            channel.put(item)
        got = [await channel.get() for _ in range(3 * len(items))]
        assert looks(got) == looks(item for item in items for _ in range(3))
        assert_same(got[2::3], items)
        for item in items:
            channel.put(item)
        batch = channel.try_receive_many(1000)
        assert_same([batch.get_item(i) for i in range(batch.get_length())], items)

    run_async(main)


def test_face_and_its_channel_are_one(run_async):
    async def main():
        channel = FromThreadChannel(5)
        assert isinstance(channel.channel, AioThreads.Channel)
        channel.channel.put(1)
        channel.channel.send(2, None)
        channel.put(3)
        assert [await channel.channel.get(), await channel.get(), await channel.channel] == [1, 2, 3]
        channel.channel.close()
        assert channel.is_closed and channel.channel.is_closed()

    run_async(main)


def test_reader_of_c(run_async, make):
    """It takes nothing with it when it is left."""
    async def main():
        channel = make(0)
        for number in range(100):
            channel.put(number)
        async with getattr(channel, 'channel', channel).iterate() as reader:
            async for item in reader:
                if item == 9:
                    break
        assert await channel.get() == 10
        channel.close()
        assert await take_all(getattr(channel, 'channel', channel).iterate()) == list(range(11, 100))

    run_async(main)
