# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asking an iterator for its items one by one or in batches: the start, the end, and who gives up meanwhile."""

import asyncio
import threading

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import IteratorWrapper, IteratorWrapperSeparate, threaded_iterable
from streams import Body, steps, wait

pytestmark = pytest.mark.filterwarnings('error')

WRAPPERS = [IteratorWrapper, IteratorWrapperSeparate]


async def take_all(iterator):
    return [item async for item in iterator]


class Gated:
    """Gives one item after another, each as soon as its gate is opened."""

    def __init__(self, number):
        self.gates = [threading.Event() for _ in range(number)]
        self.given = [threading.Event() for _ in range(number)]

    def __call__(self):
        for number, gate in enumerate(self.gates):
            wait(gate)
            yield number
            self.given[number].set()

    def give(self, number):
        """Returns when the item is with the iterator."""
        self.gates[number].set()
        wait(self.given[number])

    def open(self):
        for gate in self.gates:
            gate.set()


# --- The start --------------------------------------------------------------

@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_nothing_runs_before_the_first_next(run_async, wrapper):
    async def main():
        bodies = [Body() for _ in range(4)]
        iterators = [wrapper(body) for body in bodies]
        assert not any(iterator.closed for iterator in iterators)
        # Whoever had been started would be before this is done.
        assert await take_all(wrapper(range(3))) == [0, 1, 2]
        assert not any(body.started.is_set() for body in bodies)
        for iterator in iterators:
            await iterator.close()
        assert not any(body.started.is_set() for body in bodies)

    run_async(main)


def test_thread_is_started_by_the_first_next(run_async):
    executor = AioThreads.Executor.new_pool('streams', 2)

    async def main():
        iterator = IteratorWrapper(Body(), executor=executor)
        iterator.__aiter__()
        assert executor.props.n_threads == 0
        assert await anext(iterator) == 0
        assert executor.props.n_threads == 1
        await iterator.close()

    run_async(main)


@pytest.mark.parametrize('start', [
    lambda iterator: iterator.__anext__(), lambda iterator: iterator.next_many(), lambda iterator: iterator.next_many(1, 1)])
def test_started_by(run_async, start):
    body = Body()

    async def main():
        iterator = IteratorWrapper(body)
        assert await start(iterator) is not None
        assert body.started.is_set()
        await iterator.close()

    run_async(main)
    body.assert_stopped()


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_context_manager_left_before_the_first_next(run_async, wrapper):
    """It waits for nothing, not even for a pool that is busy."""
    body = Body()

    async def main():
        async with wrapper(body) as iterator:
            assert not iterator.closed
        assert iterator.closed and not body.started.is_set()
        await asyncio.wait_for(iterator.wait_closed(), 60)
        with pytest.raises(StopAsyncIteration):
            await anext(iterator)

    run_async(main)
    assert not body.started.is_set()


def test_context_manager_left_by_an_exception_before_the_first_next(run_async):
    body, raised = Body(), ValueError('unexpected')

    async def main():
        with pytest.raises(ValueError) as caught:
            async with IteratorWrapper(body):
                raise raised
        assert caught.value is raised

    run_async(main)
    assert not body.started.is_set()


# --- A bare next ------------------------------------------------------------

@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_bare_anext(run_async, wrapper):
    async def main():
        iterator = wrapper(range(3))
        assert [await iterator.__anext__(), await anext(iterator), await anext(iterator, 'the end')] == [0, 1, 2]
        assert await anext(iterator, 'the end') == 'the end'
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await iterator.__anext__()

    run_async(main)


def test_several_are_asked_for_at_once(run_async):
    async def main():
        iterator = IteratorWrapper(range(3), max_size=1)
        assert await asyncio.gather(*(anext(iterator, 'the end') for _ in range(5))) == [0, 1, 2, 'the end', 'the end']

    run_async(main)


def test_next_before_async_for(run_async):
    async def main():
        iterator = threaded_iterable(range)(5)
        assert await anext(iterator) == 0
        assert await iterator.next_many(2, 2) == [1, 2]
        assert await take_all(iterator) == [3, 4]

    run_async(main)


def test_next_arrives_at_once(run_async):
    """A second is generous: nobody looks every now and then."""
    body = Gated(20)

    async def main():
        loop, iterator = asyncio.get_running_loop(), IteratorWrapper(body)
        for number in range(20):
            task = asyncio.create_task(take_one(iterator))
            await steps(3)
            before = loop.time()
            body.gates[number].set()
            assert await task == number
            assert loop.time() - before < 1
        assert await take_all(iterator) == []

    run_async(main)


async def take_one(iterator):
    return await anext(iterator)


# --- Who gives up -----------------------------------------------------------

def test_next_that_times_out_takes_no_item(run_async):
    body = Gated(3)

    async def main():
        iterator = IteratorWrapper(body)
        for number in range(3):
            for _ in range(2):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(anext(iterator), 0.001)
            body.gates[number].set()
            assert await anext(iterator) == number
        assert await take_all(iterator) == []

    run_async(main)


@pytest.mark.parametrize('n_steps', range(6))
@pytest.mark.parametrize('first_steps', range(3))
@pytest.mark.parametrize('take', [take_one, lambda iterator: iterator.next_many(1, 1), lambda iterator: iterator.next_many()])
def test_cancelled_next_takes_no_item(run_async, take, first_steps, n_steps):
    """The item comes while the loop stands still, and so many steps later its receiver is cancelled."""
    body = Gated(2)

    async def main():
        async def receive():
            taken.append(await take(iterator))

        taken, iterator = [], IteratorWrapper(body)
        task = asyncio.create_task(receive())
        await steps(first_steps)
        if first_steps:
            body.give(0)
        await steps(n_steps)
        task.cancel()
        await asyncio.wait([task])
        body.open()
        taken += await take_all(iterator)
        # A batch is a list.
        assert [item[0] if isinstance(item, list) else item for item in taken] == [0, 1]

    run_async(main)


def test_next_that_nobody_awaits_takes_no_item(run_async):
    body = Gated(3)

    async def main():
        iterator = IteratorWrapper(body)
        body.gates[0].set()
        assert await anext(iterator) == 0
        body.give(1)
        iterator.__anext__()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(iterator), 0)
        asyncio.ensure_future(anext(iterator)).cancel()
        body.open()
        assert await take_all(iterator) == [1, 2]

    run_async(main)


@pytest.mark.parametrize('n_steps', range(6))
def test_next_that_is_cancelled_leaves_its_item_to_the_next(run_async, n_steps):
    body = Gated(3)

    async def main():
        iterator = IteratorWrapper(body)
        tasks = [asyncio.create_task(take_one(iterator)) for _ in range(3)]
        await steps(2)
        body.give(0)
        await steps(n_steps)
        tasks[0].cancel()
        await asyncio.wait(tasks[:1])
        # No other item comes before this one has found its receiver.
        assert await tasks[1 if tasks[0].cancelled() else 0] == 0
        body.open()
        if tasks[0].cancelled():
            tasks.append(asyncio.create_task(take_one(iterator)))
        assert sorted(await asyncio.gather(*tasks[-2:])) == [1, 2]
        assert await take_all(iterator) == []

    run_async(main)


# --- The end ----------------------------------------------------------------

def test_second_iteration_is_an_error(run_async):
    async def main():
        iterator = IteratorWrapper(range(3))
        assert await take_all(iterator) == [0, 1, 2]
        for _ in range(2):
            with pytest.raises(RuntimeError):
                await take_all(iterator)

    run_async(main)


def test_second_iteration_of_a_closed_one_is_an_error(run_async):
    async def main():
        iterator = IteratorWrapper(range(3))
        async for _ in iterator:
            break
        await iterator.close()
        with pytest.raises(RuntimeError):
            await take_all(iterator)

    run_async(main)


def test_an_iterable_is_iterated_again_and_again(run_async):
    numbers = threaded_iterable(range)

    async def main():
        iterators = [numbers(number) for number in range(10)]
        assert await asyncio.gather(*map(take_all, iterators)) == [list(range(number)) for number in range(10)]

    run_async(main)


# --- Batches ----------------------------------------------------------------

@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_batches(run_async, wrapper):
    async def main():
        iterator = wrapper(range(25))
        batches = [await iterator.next_many(10, 10) for _ in range(3)]
        assert batches == [list(range(10)), list(range(10, 20)), list(range(20, 25))]
        assert await iterator.next_many(10, 10) == [] and await iterator.next_many() == []

    run_async(main)


def test_batch_has_at_least_min_and_at_most_max(run_async):
    body = Gated(6)

    async def main():
        iterator = IteratorWrapper(body)
        asked = asyncio.ensure_future(iterator.next_many(min=2, max=3))
        await steps(2)
        body.give(0)
        await steps(5)
        assert not asked.done()
        for number in range(1, 6):
            body.give(number)
        first = await asked
        assert len(first) in (2, 3)
        rest = []
        while batch := await iterator.next_many(max=2):
            assert len(batch) in (1, 2)
            rest += batch
        assert first + rest == list(range(6))

    run_async(main)


def test_batch_waits_for_no_more_than_max_size(run_async):
    async def main():
        async with IteratorWrapper(Body(), max_size=4) as iterator:
            batch = await iterator.next_many(1000, 1000)
            assert len(batch) >= 4 and batch == list(range(len(batch)))

    run_async(main)


def test_batches_until_the_end(run_async):
    async def main():
        iterator, items = IteratorWrapper(range(5000), max_size=100), []
        while batch := await iterator.next_many():
            assert type(batch) is list and len(batch) <= 100
            items += batch
        assert items == list(range(5000))

    run_async(main)


def test_iteration_takes_batches(run_async):
    """Items that are there come without the loop going round for each. Fifty turns are generous for five hundred of them."""
    given = threading.Event()

    def body():
        yield from range(501)
        given.set()

    async def main():
        loop, n_turns, is_over = asyncio.get_running_loop(), 0, False

        def turn():
            nonlocal n_turns
            n_turns += 1
            if not is_over:
                loop.call_soon(turn)

        iterator = IteratorWrapper(body)
        assert await anext(iterator) == 0
        wait(given)
        loop.call_soon(turn)
        assert await take_all(iterator) == list(range(1, 501))
        is_over = True
        assert n_turns < 50
        await steps(2)

    run_async(main)


@pytest.mark.parametrize('arguments', [(0, 1), (2, 1), (-1, 1), (1, 0)])
def test_batch_of_an_impossible_size(run_async, arguments):
    async def main():
        iterator = IteratorWrapper(range(3))
        with pytest.raises(ValueError):
            await iterator.next_many(*arguments)
        assert await take_all(iterator) == [0, 1, 2]

    run_async(main)
