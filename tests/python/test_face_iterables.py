# SPDX-License-Identifier: LGPL-2.1-or-later
"""Generators in workers, iterated with "async for": their items, their errors, and how far they run ahead."""

import asyncio
import functools
import inspect
import threading
import traceback
import weakref

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import (
    IteratorWrapper, IteratorWrapperSeparate, threaded, threaded_iterable, threaded_iterable_separate)
from streams import Thing, assert_same, hard_items, in_thread, run_program, steps, wait

pytestmark = pytest.mark.filterwarnings('error')

DECORATORS = [threaded_iterable, threaded_iterable_separate, threaded_iterable(max_size=3),
              threaded_iterable_separate(max_size=3), threaded]
WRAPPERS = [IteratorWrapper, IteratorWrapperSeparate]
CAPACITY = 'THREADED_ITERABLE_DEFAULT_MAX_SIZE'


def count(number):
    yield from range(number)


async def take_all(iterator):
    return [item async for item in iterator]


async def fails_with(iterator):
    """The items, and the error that came after them."""
    items = []
    try:
        async for item in iterator:
            items.append(item)
    except BaseException as error:
        return items, error
    return items, None


# --- Items ------------------------------------------------------------------

@pytest.mark.parametrize('decorator', DECORATORS)
def test_items_come_in_order(run_async, decorator):
    async def main():
        assert await take_all(decorator(count)(3000)) == list(range(3000))

    run_async(main)


@pytest.mark.parametrize('decorator', DECORATORS)
def test_body_runs_in_one_worker(run_async, decorator):
    @decorator
    def where():
        for _ in range(10):
            yield threading.get_ident()

    async def main():
        threads = set(await take_all(where()))
        assert len(threads) == 1 and threading.get_ident() not in threads

    run_async(main)


def test_separate_iterators_have_their_own_threads(run_async):
    barrier = threading.Barrier(8)

    @threaded_iterable_separate
    def where():
        yield threading.get_ident()
        barrier.wait(60)

    async def main():
        threads = await asyncio.gather(*(take_all(where()) for _ in range(8)))
        assert len({thread for thread, in threads}) == 8

    run_async(main)


def test_sync_call_gives_the_plain_generator():
    """Neither a loop nor a thread has to do with it."""
    numbers = threaded_iterable(count).sync_call(3)
    assert inspect.isgenerator(numbers) and list(numbers) == [0, 1, 2]


def test_methods(run_async):
    class Numbers:
        def __init__(self, number):
            self.number = number

        @threaded_iterable
        def own(self):
            yield from range(self.number)

        @threaded_iterable(max_size=1)
        @classmethod
        def of_class(cls, number):
            yield from cls(number).own.sync_call()

        @threaded_iterable_separate
        @staticmethod
        def alone(number):
            yield from range(number)

    async def main():
        numbers = Numbers(4)
        for iterator in (numbers.own(), Numbers.own(numbers), numbers.of_class(4), Numbers.of_class(4), Numbers.alone(4)):
            assert await take_all(iterator) == [0, 1, 2, 3]

    run_async(main)


def test_types():
    assert type(threaded(count)) is type(threaded_iterable(count)) is AioThreads.ThreadedIterable
    assert isinstance(threaded_iterable_separate(count), AioThreads.ThreadedIterableSeparate)
    assert isinstance(threaded_iterable(count)(1), IteratorWrapper)
    assert isinstance(threaded_iterable_separate(count)(1), IteratorWrapperSeparate)


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_items_are_the_very_objects(run_async, wrapper):
    """None, an empty string, False and 0 are items, and not the end. Exceptions are not raised."""
    items = hard_items()

    async def main():
        assert_same(await take_all(wrapper(items)), items)
        assert_same(await wrapper(items, max_size=0).next_many(len(items), len(items)), items)
        iterator = wrapper(items, max_size=1)
        assert_same([await anext(iterator) for _ in items], items)

    run_async(main)


def test_items_are_let_go(run_async):
    references = []

    def body():
        for _ in range(100):
            thing = Thing()
            references.append(weakref.ref(thing))
            yield thing

    async def main():
        async for item in IteratorWrapper(body):
            assert isinstance(item, Thing)
        del item
        # The loop holds what woke this task up.
        await steps(1)
        assert [reference() for reference in references] == [None] * 100

    run_async(main)


# --- What can be iterated ---------------------------------------------------

@pytest.mark.parametrize('wrapper', WRAPPERS)
@pytest.mark.parametrize('make', [
    lambda: [0, 1, 2], lambda: range(3), lambda: count(3), lambda: iter([0, 1, 2]), lambda: (0, 1, 2), lambda: {0: 1, 1: 2, 2: 3},
    lambda: map(int, '012'), lambda: functools.partial(count, 3), lambda: lambda: [0, 1, 2], lambda: lambda: range(3),
    lambda: lambda: iter((0, 1, 2)), lambda: functools.partial(range, 3)])
def test_any_iterable_or_what_returns_one(run_async, wrapper, make):
    async def main():
        assert await take_all(wrapper(make())) == [0, 1, 2]
        assert await take_all(wrapper(make(), max_size=1)) == [0, 1, 2]

    run_async(main)


def test_nothing_to_iterate(run_async):
    async def main():
        for empty in ([], '', range(0), iter(()), lambda: (), functools.partial(count, 0)):
            assert await take_all(IteratorWrapper(empty)) == []
            assert await IteratorWrapper(empty).next_many() == []

    run_async(main)


def test_what_can_not_be_iterated(run_async):
    async def main():
        items, error = await fails_with(IteratorWrapper(lambda: 5))
        assert items == [] and isinstance(error, TypeError)

    run_async(main)
    with pytest.raises(TypeError):
        IteratorWrapper(5)


def test_arguments_of_iterator_wrapper(run_async):
    executor = AioThreads.Executor.new_pool('streams', 1)

    def where():
        yield threading.get_ident()

    async def main():
        loop = asyncio.get_running_loop()
        first, = await take_all(IteratorWrapper(where, loop, 5, executor))
        second, = await take_all(IteratorWrapper(where, loop=loop, max_size=5, executor=executor))
        assert first == second and executor.props.n_done == 2
        assert await take_all(IteratorWrapperSeparate(count_three, loop, 5)) == [0, 1, 2]
        assert await take_all(IteratorWrapperSeparate(count_three, loop=loop, max_size=5)) == [0, 1, 2]

    count_three = functools.partial(count, 3)
    run_async(main)


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_made_where_no_loop_runs(run_async, wrapper):
    iterators = [wrapper(range(3)), threaded_iterable(count)(3)]

    async def main():
        assert await take_all(iterators[0]) == [0, 1, 2]
        assert await anext(iterators[1]) == 0 and await take_all(iterators[1]) == [1, 2]

    run_async(main)


def test_made_in_one_loop_and_iterated_in_another(run_async):
    """The loop of the first next is its home."""

    async def main():
        iterator = IteratorWrapper(range(3), max_size=1)
        in_thread(lambda: taken.extend(asyncio.run(take_all(iterator))))

    taken = []
    run_async(main)
    assert taken == [0, 1, 2]


def test_goes_on_in_another_loop(run_async):
    """Each loop waits at its own home."""
    gates = [threading.Event() for _ in range(2)]

    def body():
        yield 0
        for number, gate in enumerate(gates, 1):
            wait(gate)
            yield number

    async def main():
        iterator = IteratorWrapper(body)
        assert await anext(iterator) == 0
        in_thread(lambda: taken.append(asyncio.run(take_one(iterator))))
        waiting = asyncio.ensure_future(anext(iterator))
        await steps(2)
        gates[1].set()
        assert await waiting == 2

    async def take_one(iterator):
        waiting = asyncio.ensure_future(anext(iterator))
        await steps(2)
        gates[0].set()
        return await waiting

    taken = []
    run_async(main)
    assert taken == [1]


# --- Iterators of C ---------------------------------------------------------

def test_iterators_of_c(run_async):
    """Of functions that know of the library."""
    ended = threading.Event()

    def body(generator):
        try:
            for number in range(generator.get_argument()):
                generator.emit(number)
            return True
        finally:
            ended.set()

    async def main():
        numbers = AioThreads.ThreadedIterable.new(body)
        assert await take_all(numbers.iterate(3000, None)) == list(range(3000))
        ended.clear()
        async with numbers.iterate(10 ** 9, None) as iterator:
            async for number in iterator:
                if number == 3:
                    break
        assert ended.is_set() and iterator.is_closed()

    run_async(main)


# --- Running ahead ----------------------------------------------------------

class Ahead:
    """Counts what it makes."""

    def __init__(self):
        self.n_made = 0
        self.made = threading.Semaphore(0)
        self.ended = threading.Event()

    def __call__(self, number=None):
        while number is None or self.n_made < number:
            self.n_made += 1
            self.made.release()
            yield self.n_made - 1
        self.ended.set()

    def wait_for(self, number):
        for _ in range(number):
            assert self.made.acquire(timeout=60)

    def assert_at_most(self, number):
        """Who would make more gets some time to. A body that is slower than that is not caught, but does no harm."""
        assert self.n_made <= number
        while self.made.acquire(timeout=0.02):
            assert self.n_made <= number


@pytest.mark.parametrize('size', [1, 2, 5, 64])
@pytest.mark.parametrize('take', ['for', 'next', 'next_many'])
def test_never_more_than_max_size_wait(run_async, size, take):
    """Besides, the consumer has one in its hand and the body another."""
    body = Ahead()

    async def main():
        iterator = IteratorWrapper(body, max_size=size)
        taken = 0
        if take == 'for':
            async for item in iterator:
                taken += 1
                body.assert_at_most(taken + size + 1)
                if taken == 6:
                    break
        else:
            while taken < 6:
                items = [await anext(iterator)] if take == 'next' else await iterator.next_many(1, 1)
                taken += len(items)
                body.assert_at_most(taken + size + 1)
        await iterator.close()

    run_async(main)


def test_max_size_1_is_one_item_ahead(run_async):
    """While the first is dealt with the second waits, and the body can't get rid of the third."""
    body = Ahead()

    async def main():
        async with IteratorWrapper(body, max_size=1) as iterator:
            async for item in iterator:
                body.wait_for(3)
                body.assert_at_most(3)
                break

    run_async(main)


def test_0_is_unbounded(run_async):
    body = Ahead()

    async def main():
        iterator = IteratorWrapper(functools.partial(body, 5000), max_size=0)
        assert await anext(iterator) == 0
        wait(body.ended)
        assert await take_all(iterator) == list(range(1, 5000))

    run_async(main)


@pytest.mark.parametrize('arguments', [{}, {'max_size': None}], ids=['nothing', 'None'])
def test_default_is_bounded(run_async, arguments):
    body = Ahead()

    async def main():
        async with IteratorWrapper(body, **arguments) as iterator:
            assert await anext(iterator) == 0
            body.wait_for(1025)
            body.assert_at_most(1026)

    run_async(main)


DEFAULT_PROGRAM = '''
    made, full = 0, threading.Event()

    def body():
        global made
        while True:
            made += 1
            if made == EXPECTED + 1:
                full.set()
            yield made

    async def main():
        async with AioThreads.threaded_iterable(body)() as iterator:
            await anext(iterator)
            full.wait(30)
        print(AioThreads.THREADED_ITERABLE_DEFAULT_MAX_SIZE, made - EXPECTED in (1, 2))
        async with AioThreads.threaded_iterable(max_size=2)(body)() as iterator:
            made_before = made
            await anext(iterator)
        print(made - made_before <= 4)

    run(main)
'''


@pytest.mark.parametrize('value', ['1', '7', '2000'])
def test_default_from_the_environment(loop_kind, value):
    result = run_program(loop_kind, DEFAULT_PROGRAM.replace('EXPECTED', value), **{CAPACITY: value})
    assert (result.stdout.split(), result.stderr) == ([value, 'True', 'True'], '')


@pytest.mark.parametrize('value', ['', '-1', 'many', '1.5', '99999999999999999999'])
def test_bad_default_in_the_environment(loop_kind, value):
    """It is told, and 1024 is used."""
    result = run_program(loop_kind, DEFAULT_PROGRAM.replace('EXPECTED', '1024'), **{CAPACITY: value})
    assert result.stdout.split() == ['1024', 'True', 'True']
    assert CAPACITY in result.stderr and result.returncode == 0


# --- Errors -----------------------------------------------------------------

@pytest.mark.parametrize('wrapper', WRAPPERS)
@pytest.mark.parametrize('size', [0, 1])
@pytest.mark.parametrize('n_items', [0, 1, 100])
@pytest.mark.parametrize('make', [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError, BaseException])
def test_error_comes_after_all_items_and_once(run_async, wrapper, size, n_items, make):
    raised = make('unexpected')

    def body():
        yield from range(n_items)
        raise raised

    async def main():
        iterator = wrapper(body, max_size=size)
        items, error = await fails_with(iterator)
        assert items == list(range(n_items)) and error is raised
        assert [frame.name for frame in traceback.extract_tb(error.__traceback__)][-1] == 'body'
        with pytest.raises(StopAsyncIteration):
            await anext(iterator)

    run_async(main)


@pytest.mark.parametrize('make', [StopIteration, StopAsyncIteration])
def test_error_that_looks_like_the_end(run_async, make):
    """It can't be raised as it is by what is iterated, so it is the cause of what is."""
    raised = make('unexpected')

    def body():
        yield 0
        raise raised

    def fail():
        raise raised

    async def main():
        for function, n_items in (body, 1), (fail, 0):
            items, error = await fails_with(IteratorWrapper(function))
            assert items == list(range(n_items))
            assert isinstance(error, RuntimeError) and error.__cause__ is raised

    run_async(main)


def test_error_comes_after_a_batch(run_async):
    def body():
        yield from range(3)
        raise ValueError('unexpected')

    async def main():
        iterator = IteratorWrapper(body)
        assert await iterator.next_many(10, 10) == [0, 1, 2]
        with pytest.raises(ValueError, match='unexpected'):
            await iterator.next_many()
        assert await iterator.next_many() == []

    run_async(main)
