# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that have a main loop of GLib, and no loop of asyncio."""

import asyncio
import gc
import threading
import weakref

import pytest
from face_util import OwnContext
from gi.repository import AioThreads, GLib
from gi.repository.AioThreads import FromThreadChannel, sync_await, threaded, threaded_iterable


@pytest.fixture
def spawn(iterate_until):
    """Spawns a coroutine in the default main context, runs that until it has ended, and gives its result."""

    def spawn_and_iterate(coroutine):
        task = AioThreads.spawn(coroutine)
        iterate_until(task.done)
        return task.result()

    return spawn_and_iterate


def generate(number):
    yield from range(number)


# --- Tasks ------------------------------------------------------------------

def test_task(iterate_until):
    async def main():
        steps.append(asyncio.current_task())
        await asyncio.sleep(0)
        return threading.get_ident()

    steps = []
    task = AioThreads.spawn(main())
    assert isinstance(task, asyncio.Task)
    # It begins when the main loop runs, like any task.
    assert not steps and not task.done()
    iterate_until(task.done)
    assert steps == [task] and task.result() == threading.get_ident()


def test_spawn_takes_coroutines_only():
    with pytest.raises(TypeError):
        AioThreads.spawn(42)


def test_error(spawn):
    async def main():
        await asyncio.sleep(0)
        raise error

    error = ValueError('wrong')
    with pytest.raises(ValueError) as caught:
        spawn(main())
    assert caught.value is error


def test_cancelled(iterate_until):
    async def main():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    ended = []
    task = AioThreads.spawn(main())
    while GLib.MainContext.default().iteration(False):
        pass
    task.cancel()
    iterate_until(task.done)
    assert task.cancelled() and ended


def test_tasks_in_callbacks(iterate_until):
    """As from a button that was clicked: the task is spawned in the middle of the main loop."""
    def clicked():
        tasks.append(AioThreads.spawn(asyncio.sleep(0, 42)))
        return GLib.SOURCE_REMOVE

    tasks = []
    GLib.idle_add(clicked)
    iterate_until(lambda: tasks and tasks[0].done())
    assert tasks[0].result() == 42


def test_tasks_spawn_tasks(spawn):
    async def main():
        others = [AioThreads.spawn(asyncio.sleep(0, number)) for number in range(3)]
        others.append(asyncio.create_task(asyncio.sleep(0, 3)))
        return await asyncio.gather(*others)

    assert spawn(main()) == [0, 1, 2, 3]


def test_many_tasks(iterate_until):
    async def main(number):
        await asyncio.sleep(0.001)
        return await threaded(abs)(-number)

    tasks = [AioThreads.spawn(main(number)) for number in range(100)]
    iterate_until(lambda: all(task.done() for task in tasks))
    assert [task.result() for task in tasks] == list(range(100))


def test_between_other_sources(spawn):
    """The main loop serves others while a task waits."""
    async def main():
        while len(called) < 3:
            await asyncio.sleep(0)

    called = []
    source = GLib.timeout_add(1, lambda: called.append(1) or GLib.SOURCE_CONTINUE)
    spawn(main())
    GLib.source_remove(source)


def test_what_waits_is_kept(iterate_until, drain):
    """Nobody but the thing that it waits for has a reference to a task."""
    async def main():
        received.append(await channel.get())
        received.append(await threaded(leave.wait)(60))

    received, channel, leave = [], FromThreadChannel(), threading.Event()
    AioThreads.spawn(main())
    drain()
    gc.collect()
    channel.put(42)
    iterate_until(lambda: received)
    gc.collect()
    leave.set()
    iterate_until(lambda: len(received) == 2)
    assert received == [42, True]


# --- What asyncio has -------------------------------------------------------

def test_sleep_and_timers(spawn):
    async def main():
        loop, order = asyncio.get_running_loop(), []
        before = loop.time()
        loop.call_later(0.002, order.append, 2)
        loop.call_later(0.001, order.append, 1)
        loop.call_later(0.0015, order.append, 'cancelled').cancel()
        loop.call_soon(order.append, 0)
        assert await asyncio.sleep(0.01, 'slept') == 'slept'
        assert order == [0, 1, 2] and loop.time() - before >= 0.009

    spawn(main())


def test_timers_that_are_due_run_in_the_order_of_their_times(spawn):
    async def main():
        loop, order, now = asyncio.get_running_loop(), [], asyncio.get_running_loop().time()
        for number in (3, 1, 4, 1, 5, 9, 2, 6):
            loop.call_at(now - 10 + number, order.append, number)
        await asyncio.sleep(0.001)
        assert order == [1, 1, 2, 3, 4, 5, 6, 9]

    spawn(main())


def test_timers_that_are_cancelled_go(spawn):
    """Long before their time, and those that are not stay."""
    async def main():
        loop, order = asyncio.get_running_loop(), []
        for _ in range(1000):
            loop.call_later(3600, order.append, 'late').cancel()
            timer = loop.call_later(0.001, order.append, 'never')
            loop.call_later(0.001, order.append, 'due')
            timer.cancel()
            timer.cancel()
        while len(order) < 1000:
            await asyncio.sleep(0.001)
        assert set(order) == {'due'}
        things = weakref.WeakSet()
        for _ in range(1000):
            thing = threading.Event()
            things.add(thing)
            loop.call_later(3600, thing.set).cancel()
        del thing
        assert len(things) < 100

    spawn(main())


def test_gather_wait_and_wait_for(spawn):
    async def main():
        assert await asyncio.gather(asyncio.sleep(0.001, 1), asyncio.sleep(0, 2)) == [1, 2]
        for error in await asyncio.gather(threaded(int)('no'), asyncio.sleep(0), return_exceptions=True):
            assert error is None or isinstance(error, ValueError)
        assert await asyncio.wait_for(asyncio.sleep(0, 'in time'), 60) == 'in time'
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(3600), 0.001)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.sleep(3600)
        tasks = [asyncio.create_task(asyncio.sleep(0, number)) for number in range(3)]
        done, pending = await asyncio.wait(tasks)
        assert {task.result() for task in done} == {0, 1, 2} and not pending
        assert sorted([await each for each in asyncio.as_completed([asyncio.sleep(0, 1), asyncio.sleep(0, 0)])]) == [0, 1]

    spawn(main())


def test_primitives(spawn):
    async def main():
        queue, event, lock, condition = asyncio.Queue(1), asyncio.Event(), asyncio.Lock(), asyncio.Condition()

        async def produce():
            for number in range(5):
                await queue.put(number)
            event.set()

        async def notify():
            async with condition:
                condition.notify_all()

        producer = asyncio.create_task(produce())
        assert [await queue.get() for _ in range(5)] == list(range(5))
        await event.wait()
        await producer
        async with lock, asyncio.Semaphore(1):
            assert lock.locked()
        async with condition:
            notifier = asyncio.create_task(notify())
            await condition.wait()
        await notifier

    spawn(main())


def test_shield_and_task_group(spawn):
    async def main():
        inner = asyncio.ensure_future(threaded(leave.wait)(60))
        outer = asyncio.shield(inner)
        outer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await outer
        leave.set()
        assert await inner is True
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.sleep(0, number)) for number in range(3)]
        assert [task.result() for task in tasks] == [0, 1, 2]

    leave = threading.Event()
    spawn(main())


def test_async_generators(spawn):
    """What is left of one is ended by the loop."""
    async def numbers():
        try:
            for number in range(3):
                yield number
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async def main():
        assert [number async for number in numbers()] == [0, 1, 2]
        async for _ in numbers():
            break
        gc.collect()
        while len(ended) < 2:
            await asyncio.sleep(0)

    ended = []
    spawn(main())


def test_to_thread(spawn):
    async def main():
        loop = asyncio.get_running_loop()
        assert await asyncio.to_thread(threading.get_ident) != threading.get_ident()
        assert await loop.run_in_executor(None, abs, -42) == 42

    spawn(main())


# --- The library ------------------------------------------------------------

def test_everything_works(spawn):
    def send():
        with channel:
            for number in range(100):
                channel.put(number)

    async def where():
        return threading.get_ident()

    async def main():
        assert await threaded(sync_await)(where) == threading.get_ident()
        assert [item async for item in threaded_iterable(max_size=4)(generate)(100)] == list(range(100))
        sent = threaded(send)()
        assert [item async for item in channel] == list(range(100))
        await sent
        call = threaded(leave.wait)(60)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        leave.set()
        async with threaded_iterable(max_size=1)(generate)(100) as iterator:
            assert await iterator.__anext__() == 0

    channel, leave = FromThreadChannel(maxsize=4), threading.Event()
    spawn(main())


def test_in_a_thread_with_a_main_context():
    """The one that is given, or that of the thread."""
    async def main():
        home = threading.get_ident()
        assert await threaded(threading.get_ident)() != home
        assert threading.get_ident() == home
        return home

    def body(given):
        with OwnContext() as context:
            task = AioThreads.spawn(main(), context) if given else AioThreads.spawn(main())
            while not task.done():
                context.iteration(True)
            homes.append((task.result(), threading.get_ident()))

    homes = []
    threads = [threading.Thread(target=body, args=(given,)) for given in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(homes) == 2 and all(home == own for home, own in homes)


def test_run():
    async def main(number):
        return await threaded(abs)(number), await asyncio.sleep(0, threading.get_ident())

    async def fail():
        raise ValueError('wrong')

    for number in range(3):
        assert AioThreads.run(main(-number)) == (number, threading.get_ident())
    with pytest.raises(ValueError):
        AioThreads.run(fail())
    assert asyncio._get_running_loop() is None


def test_run_in_own_context():
    async def main():
        return await threaded(abs)(-42)

    with OwnContext():
        assert AioThreads.run(main()) == 42


def test_run_serves_other_sources():
    async def main():
        while not called:
            await asyncio.sleep(0)

    called = []
    GLib.idle_add(lambda: called.append(threading.get_ident()) or GLib.SOURCE_REMOVE)
    AioThreads.run(main())
    assert called == [threading.get_ident()]


def test_run_in_a_task_is_refused(spawn):
    """A loop can't be run inside of itself. The coroutine is closed."""
    async def main():
        with pytest.raises(RuntimeError):
            AioThreads.run(asyncio.sleep(0))

    spawn(main())
    asyncio.run(main())
