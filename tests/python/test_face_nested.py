# SPDX-License-Identifier: LGPL-2.1-or-later
"""sync_await () where others wait as well: on the loop's own thread, in nested calls, in generators."""

import asyncio
import gc
import inspect
import threading
import weakref

import pytest
from face_util import run_in_thread
from gi.repository import AioThreads
from gi.repository.AioThreads import (
    EVENT_LOOP, IteratorWrapper, IteratorWrapperSeparate, sync_await, sync_wait_coroutine, threaded, threaded_iterable,
    wait_coroutine)


async def double(number, add=0):
    await asyncio.sleep(0)
    return number * 2 + add


async def fail(error):
    await asyncio.sleep(0)
    raise error


# --- Where it would never end -----------------------------------------------

@pytest.mark.parametrize('where', ['coroutine', 'callback', 'sync_call', 'awaited'])
def test_on_the_loop_itself_it_would_deadlock(run_async, where):
    """It is refused at once, and what was to be awaited is closed."""
    async def main():
        def refused():
            loop, coroutines = asyncio.get_running_loop(), [double(21) for _ in range(3)]
            for what in (lambda: sync_await(double, 21), lambda: sync_await(coroutines[0]),
                         lambda: wait_coroutine(coroutines[1]), lambda: wait_coroutine(coroutines[2], loop),
                         lambda: sync_wait_coroutine(loop, double, 21)):
                with pytest.raises(RuntimeError):
                    what()
            return [inspect.getcoroutinestate(coroutine) for coroutine in coroutines]

        async def refused_at_home():
            return refused()

        if where == 'coroutine':
            states = refused()
        elif where == 'callback':
            called = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(lambda: called.set_result(refused()))
            states = await called
        elif where == 'sync_call':
            states = threaded(refused).sync_call()
        else:
            states = await threaded(sync_await)(refused_at_home)
        assert states == [inspect.CORO_CLOSED] * 3

    run_async(main)


def test_closed_loop():
    loop = asyncio.new_event_loop()
    loop.close()
    started, coroutine = [], double(21)
    for refused in (lambda: sync_wait_coroutine(loop, started.append, 'started'), lambda: wait_coroutine(coroutine, loop)):
        with pytest.raises(RuntimeError):
            refused()
        thread, outcome = run_in_thread(refused)
        thread.join()
        assert isinstance(outcome[0][1], RuntimeError), outcome
    assert not started and inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


# --- Nested -----------------------------------------------------------------

def nest(executor):
    """A call that awaits a call that awaits a call..."""
    @threaded(executor=executor)
    def body(depth):
        return 1 + sync_await(body, depth - 1) if depth else 0

    return body


@pytest.mark.parametrize('make', [lambda: AioThreads.Executor.new_pool('one', 1), lambda: None], ids=['one', 'default'])
def test_five_deep(run_async, make):
    async def main():
        assert await nest(make())(5) == 5

    run_async(main)


def test_five_deep_many_times_at_once(run_async):
    async def main():
        body = nest(AioThreads.Executor.new_pool('one', 1))
        assert await asyncio.gather(*[body(5) for _ in range(20)]) == [5] * 20

    run_async(main)


def test_five_deep_in_a_program_with_one_worker():
    async def main():
        return await nest(None)(5)

    with AioThreads.entrypoint(pool_size=1) as loop:
        assert loop.run_until_complete(asyncio.wait_for(main(), 60)) == 5


def test_who_waits_lets_others_work(run_async):
    """A worker that waits for the loop takes no place in a pool of one."""
    async def main():
        executor, opened = AioThreads.Executor.new_pool('one', 1), asyncio.Event()
        first = threaded(executor=executor)(sync_await)(opened.wait)
        await threaded(executor=executor)(lambda: None)()
        assert not first.done()
        opened.set()
        await first

    run_async(main)


def test_iterators_in_calls_in_iterators(run_async):
    async def main():
        executor = AioThreads.Executor.new_pool('one', 1)

        async def total():
            return sum([number async for number in numbers])

        def body():
            for number in range(5):
                yield number + sync_await(double, number)

        numbers = IteratorWrapper(body, executor=executor)
        assert await threaded(executor=executor)(sync_await)(total) == 30

    run_async(main)


# --- Generators -------------------------------------------------------------

def doubled():
    for number in range(3):
        yield sync_await(double, number)


@pytest.mark.parametrize('history', ['fresh', 'call', 'generator', 'other loop'])
def test_generators_whatever_the_worker_did_before(run_async, history):
    """The loop is that of the generator, not that of what the worker ran before."""
    executor = AioThreads.Executor.new_pool('one', 1)

    async def before():
        if history == 'generator':
            assert [item async for item in IteratorWrapper(doubled, executor=executor)] == [0, 2, 4]
        else:
            assert await threaded(executor=executor)(sync_await)(double, 1) == 2

    async def main():
        if history in ('call', 'generator'):
            await before()
        loop = asyncio.get_running_loop()

        def body():
            yield EVENT_LOOP.get()
            yield from doubled()

        assert [item async for item in IteratorWrapper(body, executor=executor)] == [loop, 0, 2, 4]

    if history == 'other loop':
        asyncio.run(before())
    run_async(main)


def test_separate_generators(run_async):
    async def main():
        assert [item async for item in IteratorWrapperSeparate(doubled)] == [0, 2, 4]

    run_async(main)


def test_closing_a_generator_ends_what_it_awaits(run_async):
    async def main():
        started, cancelled, cleaned_up = asyncio.Event(), asyncio.Event(), []

        async def wait_for_ever():
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        @threaded_iterable
        def body():
            try:
                yield 'first'
                sync_await(wait_for_ever)
            finally:
                cleaned_up.append(threading.get_ident())

        async with body() as iterator:
            assert await iterator.__anext__() == 'first'
            await asyncio.wait_for(started.wait(), 60)
        await asyncio.wait_for(cancelled.wait(), 60)
        assert cleaned_up and cleaned_up[0] != threading.get_ident()

    run_async(main)


# --- Nothing leaks ----------------------------------------------------------

def test_released(run_async):
    class Thing:
        pass

    things = weakref.WeakSet()

    async def hand_over(thing):
        await asyncio.sleep(0)
        return thing

    def body():
        thing = Thing()
        things.add(thing)
        assert sync_await(hand_over, thing) is thing
        with pytest.raises(ValueError):
            sync_await(fail, ValueError(thing))

    async def main():
        for _ in range(20):
            await threaded(body)()
        gc.collect()
        # The worker that was last may not have left its frame yet.
        assert len(things) <= 1

    run_async(main)
