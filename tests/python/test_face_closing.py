# SPDX-License-Identifier: LGPL-2.1-or-later
"""Closing iterators: what it does at once, what can be waited for, and what becomes of errors in the clean-up."""

import asyncio
import gc
import logging
import threading
import weakref

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import IteratorWrapper, IteratorWrapperSeparate, threaded
from streams import Body, Thing, steps, wait

pytestmark = pytest.mark.filterwarnings('error')

WRAPPERS = [IteratorWrapper, IteratorWrapperSeparate]


# --- Clean-up ---------------------------------------------------------------

def test_except_exception_does_not_swallow_it(run_async):
    seen, ended = [], threading.Event()

    def body():
        try:
            while True:
                try:
                    yield 0
                except Exception as error:
                    seen.append(error)
        finally:
            ended.set()

    async def main():
        async with IteratorWrapper(body, max_size=1) as iterator:
            assert await anext(iterator) == 0
        assert ended.is_set() and not seen

    run_async(main)


def test_error_in_clean_up_is_logged_and_not_raised(run_async, caplog):
    def body():
        try:
            while True:
                yield 0
        finally:
            raise ValueError('broken clean-up')

    async def main():
        async with IteratorWrapper(body, max_size=1) as iterator:
            assert await anext(iterator) == 0
        await iterator.wait_closed()

    run_async(main)
    record, = [record for record in caplog.records if record.name == 'aiothreads']
    assert record.levelno >= logging.WARNING
    assert isinstance(record.exc_info[1], ValueError) and str(record.exc_info[1]) == 'broken clean-up'


def test_body_that_goes_on_is_logged(run_async, caplog):
    def body():
        try:
            while True:
                yield 0
        except GeneratorExit:
            yield 'one more'

    async def main():
        async with IteratorWrapper(body, max_size=1) as iterator:
            assert await anext(iterator) == 0

    run_async(main)
    record, = [record for record in caplog.records if record.name == 'aiothreads']
    assert 'ignored GeneratorExit' in str(record.exc_info[1])


def test_body_that_is_no_generator_is_let_go(run_async):
    class Numbers(Thing):
        def __iter__(self):
            return self

        def __next__(self):
            return 0

    async def main():
        numbers = Numbers()
        reference = weakref.ref(numbers)
        async with IteratorWrapper(numbers, max_size=1) as iterator:
            assert await anext(iterator) == 0
        del numbers, iterator
        gc.collect()
        assert reference() is None

    run_async(main)


def test_unread_items_are_let_go(run_async):
    things, full = [], threading.Event()

    def body():
        while True:
            thing = Thing()
            things.append(weakref.ref(thing))
            if len(things) == 11:
                full.set()
            yield thing
            del thing

    async def main():
        iterator = IteratorWrapper(body, max_size=10)
        assert isinstance(await anext(iterator), Thing)
        wait(full)
        await iterator.close()
        # They go at home, when there is time for it.
        while any(thing() for thing in things):
            await steps(1)

    run_async(main)


def test_gives_back_a_thread_at_once(run_async):
    """A second is generous: nobody looks every now and then."""
    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(20):
            body = Body()
            iterator = IteratorWrapper(body, max_size=1)
            assert await anext(iterator) == 0
            before = loop.time()
            await iterator.close()
            assert body.ended.is_set() and loop.time() - before < 1

    run_async(main)


# --- close () and wait_closed () --------------------------------------------

@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_close_again_and_again(run_async, wrapper):
    async def main():
        body = Body()
        iterator = wrapper(body)
        assert await anext(iterator) == 0 and not iterator.closed
        answers = [iterator.close() for _ in range(3)]
        assert iterator.closed
        for answer in answers:
            assert await answer is None
        assert body.ended.is_set()
        assert await iterator.close() is None and await iterator.wait_closed() is None
        # Nobody has to await what it returns.
        iterator.close()

    run_async(main)


def test_close_is_in_effect_before_it_returns(run_async):
    body = Body()

    async def main():
        iterator = IteratorWrapper(body)
        assert await anext(iterator) == 0
        iterator.close()
        with pytest.raises(StopAsyncIteration):
            await anext(iterator)
        assert await iterator.next_many() == []
        await iterator.wait_closed()

    run_async(main)


def test_close_answers_who_waits(run_async):
    gate = threading.Event()

    def body():
        wait(gate)
        yield 0

    async def main():
        iterator = IteratorWrapper(body)
        tasks = [asyncio.ensure_future(anext(iterator, 'the end')) for _ in range(2)]
        await steps(2)
        closing = iterator.close()
        assert await asyncio.gather(*tasks) == ['the end', 'the end']
        gate.set()
        await closing

    run_async(main)


def test_close_after_the_end(run_async):
    async def main():
        iterator = IteratorWrapper(range(3))
        assert [item async for item in iterator] == [0, 1, 2]
        await iterator.wait_closed()
        await iterator.close()

    run_async(main)


def test_wait_closed_waits_for_the_clean_up_and_for_nothing_else(run_async):
    """It needs no thread of the pool, whose only one is busy with other work by then."""
    pool, cleaning, gates = AioThreads.Executor.new_pool('streams', 1), threading.Event(), [threading.Event(), threading.Event()]

    def body():
        try:
            while True:
                yield 0
        finally:
            cleaning.set()
            wait(gates[0])

    async def main():
        iterator = IteratorWrapper(body, max_size=1, executor=pool)
        assert await anext(iterator) == 0
        iterator.close()
        wait(cleaning)
        waiters = [asyncio.ensure_future(iterator.wait_closed()) for _ in range(3)]
        other = pool.call(wait, gates[1])
        waiters[0].cancel()
        await steps(5)
        assert waiters[0].cancelled() and not waiters[1].done()
        gates[0].set()
        await asyncio.gather(*waiters[1:])
        assert not other.done() and pool.props.n_threads == 1
        gates[1].set()
        await other

    run_async(main)


def test_leaving_a_context_manager_waits_for_the_clean_up(run_async):
    gate, cleaning = threading.Event(), threading.Event()

    def body():
        try:
            while True:
                yield 0
        finally:
            cleaning.set()
            wait(gate)

    async def main():
        async def leave():
            async with IteratorWrapper(body, max_size=1) as iterator:
                await anext(iterator)

        task = asyncio.create_task(leave())
        await threaded(wait)(cleaning)
        assert not task.done()
        gate.set()
        await task

    run_async(main)


# --- Behind other work ------------------------------------------------------

@pytest.mark.parametrize('way', ['close', 'drop', 'context'])
def test_closed_while_queued(run_async, way):
    """It leaves at once, never runs, and costs no thread."""
    pool, started, gate = AioThreads.Executor.new_pool('streams', 1), threading.Event(), threading.Event()

    async def main():
        blocker = pool.call(lambda: started.set() or wait(gate))
        wait(started)
        body = Body()
        iterator = IteratorWrapper(body, executor=pool)
        asked = asyncio.ensure_future(anext(iterator, 'the end'))
        await steps(2)
        assert pool.props.n_queued == 1
        if way == 'close':
            await iterator.close()
            assert await asked == 'the end'
        elif way == 'context':
            async with iterator:
                asked.cancel()
            assert iterator.closed
        else:
            asked.cancel()
            await asyncio.wait([asked])
            del asked, iterator
            gc.collect()
        assert (pool.props.n_queued, pool.props.n_threads) == (0, 1)
        gate.set()
        await blocker
        assert not body.started.is_set()

    run_async(main)
