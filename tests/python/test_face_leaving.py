# SPDX-License-Identifier: LGPL-2.1-or-later
"""All the ways to leave an iterator before its end: the body stops, cleans up, and gives its thread back."""

import asyncio
import gc
import threading

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import IteratorWrapper, IteratorWrapperSeparate, threaded
from streams import Body, Thing, in_thread, wait

pytestmark = pytest.mark.filterwarnings('error')

WRAPPERS = [IteratorWrapper, IteratorWrapperSeparate]


# --- Ways to leave ----------------------------------------------------------

async def by_break(make):
    async for _ in make():
        break


async def by_return(make):
    async def first():
        async for item in make():
            return item

    assert await first() == 0


async def by_an_exception(make):
    with pytest.raises(ValueError, match='unexpected'):
        async for _ in make():
            raise ValueError('unexpected')


async def by_cancelling_the_consumer(make):
    """It is at its next item, or has it in its hand; nothing else holds the iterator."""
    async def consume():
        async for _ in make():
            running.set()
            await asyncio.Event().wait()

    running = asyncio.Event()
    task = asyncio.create_task(consume())
    await running.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def by_cancelling_the_consumer_in_a_context_manager(make):
    async def consume():
        async with make() as iterator:
            async for _ in iterator:
                running.set()
                await asyncio.sleep(0)

    running = asyncio.Event()
    task = asyncio.create_task(consume())
    await running.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def by_close(make):
    iterator = make()
    await anext(iterator)
    iterator.close()
    assert iterator.closed


async def by_close_that_is_awaited(make):
    iterator = make()
    await anext(iterator)
    await iterator.close()
    assert iterator.closed


async def by_close_in_another_thread(make):
    iterator = make()
    await anext(iterator)
    in_thread(lambda: iterator.close() and None)
    assert iterator.closed
    await iterator.wait_closed()


async def by_leaving_a_context_manager(make):
    async with make() as iterator:
        await anext(iterator)
    assert iterator.closed


async def by_an_exception_in_a_context_manager(make):
    with pytest.raises(ValueError, match='unexpected'):
        async with make() as iterator:
            async for _ in iterator:
                raise ValueError('unexpected')
    assert iterator.closed


async def by_dropping_it(make):
    await anext(make())


async def by_dropping_it_in_another_thread(make):
    iterators = [make()]
    await anext(iterators[0])
    in_thread(iterators.clear)


async def by_dropping_it_in_a_worker(make):
    iterators = [make()]
    await anext(iterators[0])
    await threaded(iterators.clear)()


async def by_the_garbage_collector(make):
    thing = Thing()
    thing.iterator, thing.itself = make(), thing
    await anext(thing.iterator)
    del thing
    gc.collect()


async def by_the_garbage_collector_of_another_thread(make):
    thing = Thing()
    thing.iterator, thing.itself = make(), thing
    await anext(thing.iterator)
    del thing
    in_thread(lambda: gc.collect() and None)


WAYS = [by_break, by_return, by_an_exception, by_cancelling_the_consumer, by_cancelling_the_consumer_in_a_context_manager,
        by_close, by_close_that_is_awaited, by_close_in_another_thread, by_leaving_a_context_manager,
        by_an_exception_in_a_context_manager, by_dropping_it, by_dropping_it_in_another_thread, by_dropping_it_in_a_worker,
        by_the_garbage_collector, by_the_garbage_collector_of_another_thread]
WAYS_THAT_WAIT = [by_cancelling_the_consumer_in_a_context_manager, by_close_that_is_awaited, by_close_in_another_thread,
                  by_leaving_a_context_manager, by_an_exception_in_a_context_manager]


@pytest.mark.parametrize('wrapper', WRAPPERS)
@pytest.mark.parametrize('size', [0, 1, None])
@pytest.mark.parametrize('way', WAYS, ids=lambda way: way.__name__)
def test_stops_the_body(run_async, caplog, way, size, wrapper):
    """It sees GeneratorExit at its yield, and cleans up in its worker. The loop need not run for this."""
    body = Body()

    async def main():
        await way(lambda: wrapper(body, max_size=size))
        if way in WAYS_THAT_WAIT:
            assert body.ended.is_set()
        body.assert_stopped()

    run_async(main)
    assert not [record for record in caplog.records if record.name == 'aiothreads']


@pytest.mark.parametrize('way', WAYS, ids=lambda way: way.__name__)
def test_stops_a_body_that_is_busy_at_its_next_yield(run_async, way):
    """Between two items it is not disturbed."""
    gate, busy, body = threading.Event(), threading.Event(), Body()

    def slow():
        for item in body():
            yield item
            busy.set()
            wait(gate)

    class Iterator(IteratorWrapper):
        # The body goes on when it is closed, for some ways wait until it has ended.
        def close(self):
            closing = super().close()
            gate.set()
            return closing

    async def main():
        await way(lambda: Iterator(slow))
        gate.set()
        await threaded(wait)(body.ended)

    run_async(main)
    assert busy.is_set() and body.n_made == 2 and body.seen is GeneratorExit


@pytest.mark.parametrize('way', WAYS, ids=lambda way: way.__name__)
def test_frees_the_thread(run_async, way):
    pool = AioThreads.Executor.new_pool('streams', 1)

    async def main():
        async with pool:
            for _ in range(3):
                body = Body()
                await way(lambda: IteratorWrapper(body, max_size=1, executor=pool))
                assert await pool.call(lambda: 'room') == 'room'
        assert pool.props.n_threads == pool.props.n_running == 0

    run_async(main)
