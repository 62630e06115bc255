# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loops of any kind, and many of them."""

import asyncio
import gc
import os
import threading
import weakref

import gbulb
import pytest
from face_util import Flag
from gi.repository import AioThreads, GLib
from gi.repository.AioThreads import FromThreadChannel, IteratorWrapper, sync_await, threaded, threaded_iterable, threaded_separate
from small_loop import SmallLoop

LOOPS = {'asyncio': asyncio.new_event_loop, 'small': SmallLoop, 'gbulb': gbulb.GLibEventLoop}


@pytest.fixture(params=LOOPS)
def new_loop(request):
    return LOOPS[request.param]


def generate(number):
    yield from range(number)


async def use_everything():
    """A call, a separate one, a generator, a channel and the way back, in one loop."""
    home = threading.get_ident()

    async def where():
        return threading.get_ident()

    def send():
        with channel:
            for number in range(100):
                channel.put(number)

    assert await asyncio.wait_for(threaded(sync_await)(where), 60) == home
    assert await threaded_separate(sync_await)(where) == home
    assert await asyncio.gather(*[threaded(abs)(-number) for number in range(20)]) == list(range(20))
    assert [item async for item in threaded_iterable(max_size=4)(generate)(100)] == list(range(100))
    channel = FromThreadChannel(maxsize=4)
    sent = threaded(send)()
    assert [item async for item in channel] == list(range(100))
    await sent
    with pytest.raises(ZeroDivisionError):
        await threaded(lambda: 1 / 0)()
    iterator = threaded_iterable(max_size=1)(generate)(100)
    async with iterator:
        assert await iterator.__anext__() == 0
    return home


# --- Loops of any kind ------------------------------------------------------

def test_everything_works(new_loop):
    loop = new_loop()
    try:
        assert loop.run_until_complete(use_everything()) == threading.get_ident()
        assert not getattr(loop, 'errors', None)
    finally:
        loop.close()


def test_a_loop_runs_again(new_loop):
    """What was made in one run ends in the next."""
    async def begin():
        return threaded(leave.wait)(60), IteratorWrapper(generate(3))

    async def end(call, iterator):
        leave.set()
        assert await call and [item async for item in iterator] == [0, 1, 2]

    loop, leave = new_loop(), threading.Event()
    try:
        loop.run_until_complete(end(*loop.run_until_complete(begin())))
    finally:
        loop.close()


def test_the_loop_goes_on_meanwhile(new_loop):
    """Two calls wait for each other, and each needs the loop for it."""
    async def main():
        opened = asyncio.Event()

        async def meet():
            if len(met) == 1:
                opened.set()
            met.append(threading.get_ident())
            await opened.wait()

        met = []
        await asyncio.gather(threaded_separate(sync_await)(meet), threaded_separate(sync_await)(meet))
        assert met == [threading.get_ident()] * 2

    loop = new_loop()
    try:
        loop.run_until_complete(asyncio.wait_for(main(), 60))
    finally:
        loop.close()


def test_sources_of_glib_run_in_loops_of_glib():
    """And those of other loops are left alone."""
    async def main():
        called = asyncio.get_running_loop().create_future()
        source = GLib.Idle()
        source.set_callback(lambda *_: called.set_result(threading.get_ident()) or GLib.SOURCE_REMOVE)
        source.attach(asyncio.get_running_loop()._context)
        assert await threaded(threading.get_ident)() != threading.get_ident()
        return await called

    loop = gbulb.GLibEventLoop()
    try:
        assert loop.run_until_complete(asyncio.wait_for(main(), 60)) == threading.get_ident()
    finally:
        loop.close()


def test_the_default_main_context_is_left_alone():
    """Plain asyncio does not iterate it, and neither do we."""
    async def main():
        for _ in range(3):
            await use_everything()

    called = []
    source = GLib.idle_add(lambda: called.append(1) or GLib.SOURCE_REMOVE)
    asyncio.run(main())
    GLib.source_remove(source)
    assert not called


def test_flags_of_threads(run_async):
    """Many threads that answer at the same time wake the loop, whichever kind it is."""
    async def main():
        flags = [Flag() for _ in range(50)]
        calls = [threaded(flag.set)() for flag in flags]
        for flag in flags:
            await flag.wait()
        await asyncio.gather(*calls)

    run_async(main)


def test_what_waits_is_kept(run_async):
    """Nobody but the thing that it waits for has a reference to a task."""
    async def receive():
        received.append(await channel.get())
        received.append(await threaded(leave.wait)(60))
        done.set()

    async def main():
        nonlocal done
        done = asyncio.Event()
        asyncio.create_task(receive())
        await asyncio.sleep(0)
        gc.collect()
        channel.put(42)
        while not received:
            await asyncio.sleep(0)
        gc.collect()
        leave.set()
        await asyncio.wait_for(done.wait(), 60)
        assert received == [42, True]
        received.clear()
        leave.clear()

    received, channel, leave, done = [], FromThreadChannel(), threading.Event(), None
    run_async(main)


# --- Many loops -------------------------------------------------------------

def test_loops_in_threads(new_loop):
    """Each gets what is its own, on its own thread."""
    def body():
        loop = new_loop()
        try:
            meet.wait()
            homes.append((loop.run_until_complete(asyncio.wait_for(use_everything(), 60)), threading.get_ident()))
        finally:
            loop.close()

    meet, homes = threading.Barrier(2, timeout=60), []
    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(homes) == 2 and all(home == own for home, own in homes) and homes[0] != homes[1]


def test_one_worker_serves_two_loops():
    """The loop that a worker reports to is that of the work."""
    async def main():
        home = threading.get_ident()

        async def where():
            return threading.get_ident()

        for _ in range(50):
            assert await threaded(executor=executor)(sync_await)(where) == home

    executor = AioThreads.Executor.new_pool('one', 1)
    failures = []

    def body():
        try:
            asyncio.run(main())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_one_channel_between_two_loops():
    """Each item is received once, by whichever loop waits."""
    async def receive():
        return [item async for item in channel]

    def send():
        with channel:
            for number in range(500):
                channel.put(number)

    channel, received = FromThreadChannel(maxsize=8), []
    threads = [threading.Thread(target=lambda: received.append(asyncio.run(receive()))) for _ in range(2)]
    threads.append(threading.Thread(target=send))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sum(received, [])) == list(range(500)) and all(items == sorted(items) for items in received)


def test_one_after_another_keep_nothing(new_loop):
    """Neither descriptors nor main contexts, and no loop either."""
    def once():
        loop = new_loop()
        try:
            loop.run_until_complete(use_everything())
        finally:
            loop.close()
        loops.add(loop)

    loops = weakref.WeakSet()
    for _ in range(3):
        once()
    gc.collect()
    before = len(os.listdir('/proc/self/fd'))
    for _ in range(10):
        once()
    gc.collect()
    assert len(os.listdir('/proc/self/fd')) <= before
    # The last worker may still hold what it ran.
    assert len(loops) <= 1
