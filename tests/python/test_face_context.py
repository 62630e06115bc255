# SPDX-License-Identifier: LGPL-2.1-or-later
"""Context variables of Python: seen by the work, and left alone by it."""

import asyncio
import concurrent.futures
import contextvars
import decimal
import gc
import threading
import weakref

import pytest
from face_util import Flag
from gi.repository import AioThreads, GLib
from gi.repository.AioThreads import (
    IteratorWrapper, IteratorWrapperSeparate, run_in_executor, run_in_new_thread, sync_await, threaded,
    threaded_iterable, threaded_separate, wait_coroutine)

var = contextvars.ContextVar('var')

EXECUTORS = {
    'default': lambda: None,
    'pool': lambda: AioThreads.Executor.new_pool('one', 1),
    'serial': lambda: AioThreads.Executor.new_serial('serial'),
    'separate': lambda: AioThreads.Executor.new_separate('separate', True),
    'pool of Python': lambda: AioThreads.ThreadPoolExecutor(max_workers=1),
    'concurrent': lambda: concurrent.futures.ThreadPoolExecutor(max_workers=1),
}


@pytest.fixture(params=EXECUTORS)
def executor(request):
    """One of each kind, with one worker where it has a number of them."""
    executor = EXECUTORS[request.param]()
    yield executor
    if isinstance(executor, concurrent.futures.Executor):
        executor.shutdown()


async def read():
    await asyncio.sleep(0)
    return var.get()


def snapshot():
    return dict(contextvars.copy_context())


# --- Seen -------------------------------------------------------------------

def test_seen_in_calls(run_async, executor):
    async def main():
        var.set('mine')
        assert await threaded(executor=executor)(var.get)() == 'mine'
        assert await run_in_executor(var.get, executor) == 'mine'
        # Again, in a worker that may have one of before.
        var.set('other')
        assert await threaded(executor=executor)(var.get)() == 'other'

    run_async(main)


def test_seen_in_separate_calls(run_async):
    async def main():
        for value in ('mine', 'other'):
            var.set(value)
            assert await threaded_separate(var.get)() == value
            assert await threaded_separate(detach=False)(var.get)() == value
            assert await run_in_new_thread(var.get) == value

    run_async(main)


def test_seen_in_generators(run_async, executor):
    """From the first item to the clean-up, whoever had the worker before."""
    def body():
        try:
            for _ in range(3):
                yield var.get()
        finally:
            cleaned_up.append(var.get())

    async def main():
        for value in ('mine', 'other'):
            var.set(value)
            async with IteratorWrapper(body, max_size=1, executor=executor) as iterator:
                var.set('set later')
                assert [item async for item in iterator] == [value] * 3
        assert cleaned_up == ['mine', 'other']

    cleaned_up = []
    run_async(main)


def test_seen_in_separate_generators(run_async):
    async def main():
        var.set('mine')
        assert [item async for item in IteratorWrapperSeparate(lambda: iter([var.get()]))] == ['mine']

    run_async(main)


def test_seen_in_a_clean_up_that_was_forced(run_async):
    def body():
        try:
            while True:
                yield var.get()
        finally:
            cleaned_up.append(var.get())

    async def main():
        var.set('mine')
        async with threaded_iterable(body)() as iterator:
            assert await iterator.__anext__() == 'mine'
            var.set('set later')
        assert cleaned_up == ['mine']
        cleaned_up.clear()

    cleaned_up = []
    run_async(main)


def test_seen_in_what_is_awaited_for_a_worker(run_async):
    """As the worker has it, which may have set its own."""
    def body():
        seen = [sync_await(read), wait_coroutine(read()), sync_await(threaded(var.get))]
        var.set('of the worker')
        return seen + [sync_await(read), wait_coroutine(read()), sync_await(threaded(var.get))]

    async def main():
        var.set('mine')
        assert await threaded(body)() == ['mine'] * 3 + ['of the worker'] * 3
        assert var.get() == 'mine'

    run_async(main)


def test_seen_in_what_a_generator_awaits(run_async, executor):
    def body():
        for number in range(3):
            yield sync_await(read)
            var.set(number)

    async def main():
        var.set('mine')
        assert [item async for item in IteratorWrapper(body, executor=executor)] == ['mine', 0, 1]

    run_async(main)


def test_seen_by_libraries(run_async):
    """decimal keeps its precision in a context variable."""
    async def main():
        with decimal.localcontext() as context:
            context.prec = 5
            call = threaded(lambda: decimal.Decimal(1) / 3)()
        assert await call == decimal.Decimal('0.33333')
        assert await threaded(lambda: decimal.getcontext().prec)() == decimal.getcontext().prec != 5

    run_async(main)


def test_seen_by_who_is_told(iterate_until):
    """A callback has what was set when it was given, like those of asyncio."""
    seen = []
    token = var.set('asked')
    AioThreads.offload(var.get, on_done=lambda *answer: seen.append((answer, var.get())))
    var.reset(token)
    iterate_until(lambda: seen)
    assert seen == [(('asked', None), 'asked')]


def test_what_was_not_set_is_not_set(run_async, executor):
    async def main():
        with pytest.raises(LookupError):
            await threaded(executor=executor)(contextvars.ContextVar('unknown').get)()

    run_async(main)


# --- Each has its own -------------------------------------------------------

def test_it_is_that_of_the_call(run_async):
    """Not that of the moment when the worker begins."""
    async def main():
        executor, leave = AioThreads.Executor.new_pool('one', 1), threading.Event()
        first = threaded(executor=executor)(leave.wait)(60)
        var.set('asked')
        call = threaded(executor=executor)(var.get)()
        var.set('later')
        leave.set()
        assert await call == 'asked'
        await first

    run_async(main)


def test_it_is_that_of_the_iterators_making(run_async):
    async def main():
        var.set('made')
        iterator = threaded_iterable(lambda: iter([var.get()]))()
        var.set('later')
        assert [item async for item in iterator] == ['made']

    run_async(main)


def test_concurrent_callers_see_their_own(run_async, executor):
    def generate():
        for _ in range(3):
            yield var.get()

    async def caller(number):
        var.set(number)
        for _ in range(5):
            assert await threaded(executor=executor)(var.get)() == number
            assert await threaded(executor=executor)(sync_await)(read) == number
            assert [item async for item in IteratorWrapper(generate, executor=executor)] == [number] * 3
            assert var.get() == number

    async def main():
        await asyncio.gather(*map(caller, range(10)))

    run_async(main)


# --- Left alone -------------------------------------------------------------

def test_what_a_worker_sets_stays_there(run_async, executor):
    def body():
        var.set('of the worker')
        return var.get()

    async def main():
        var.set('mine')
        for _ in range(3):
            assert await threaded(executor=executor)(body)() == 'of the worker'
            assert await threaded(executor=executor)(var.get)() == 'mine'
        assert var.get() == 'mine'

    run_async(main)


def test_what_a_generator_sets_stays_there(run_async, executor):
    def body():
        for number in range(3):
            yield var.get()
            var.set(number)

    async def main():
        var.set('mine')
        for _ in range(2):
            seen = []
            async for item in IteratorWrapper(body, executor=executor):
                seen.append((item, var.get()))
            assert seen == [('mine', 'mine'), (0, 'mine'), (1, 'mine')]
        assert await threaded(executor=executor)(var.get)() == 'mine'

    run_async(main)


def test_what_a_coroutine_sets_stays_there(run_async):
    """It is a task, and a task has a context of its own."""
    async def change():
        var.set('of the coroutine')

    def body():
        sync_await(change)
        return var.get()

    async def main():
        var.set('mine')
        assert await threaded(body)() == 'mine' == var.get()

    run_async(main)


def test_the_callers_context_is_not_touched(run_async, executor):
    """Nothing is added to it either."""
    def generate():
        yield var.set('of the generator')

    async def main():
        before = snapshot()
        call = threaded(executor=executor)(sync_await)(asyncio.sleep, 0)
        assert snapshot() == before
        await call
        await threaded_separate(var.set)('of the worker')
        await run_in_executor(var.set, executor, ('of the worker',))
        iterator = IteratorWrapper(generate, executor=executor)
        assert snapshot() == before
        async for _ in iterator:
            assert snapshot() == before
        assert snapshot() == before

    run_async(main)


def test_sync_calls_share_it():
    """Who calls in its own thread calls in its own context."""
    token = var.set('mine')
    threaded(var.set).sync_call('of the function')
    assert var.get() == 'of the function'
    var.reset(token)


def test_tokens_of_others_do_not_fit(run_async):
    async def main():
        token = var.set('mine')
        with pytest.raises(ValueError):
            await threaded(var.reset)(token)
        var.reset(token)

    run_async(main)


# --- Variables of C ---------------------------------------------------------

def test_variables_of_c(run_async):
    """They go along in the same way."""
    def body():
        seen = variable.get()
        variable.set('of the worker')
        return seen, variable.get()

    def generate():
        for _ in range(2):
            yield variable.get()
            variable.set('of the generator')

    variable = AioThreads.ContextVar.new('text', str, None)

    async def main():
        token = variable.set('mine')
        try:
            for call in (threaded(body), threaded_separate(body)):
                assert await call() == ('mine', 'of the worker')
            assert await threaded(variable.get)() == 'mine' == variable.get()
            assert [item async for item in threaded_iterable(generate)()] == ['mine', 'of the generator']
            assert variable.get() == 'mine'
        finally:
            variable.reset(token)

    run_async(main)


# --- Nothing leaks ----------------------------------------------------------

def test_values_are_released(run_async):
    class Thing:
        pass

    things = weakref.WeakSet()

    async def caller():
        thing = Thing()
        things.add(thing)
        var.set(thing)
        assert await threaded(var.get)() is thing
        assert await threaded(sync_await)(read) is thing
        assert [item async for item in threaded_iterable(lambda: iter([var.get()]))()] == [thing]

    async def main():
        for _ in range(20):
            await asyncio.create_task(caller())
        # Every worker has finished what it had when it takes something else; the one that was last may not yet have.
        ran = Flag()
        await threaded(ran.set)()
        await ran.wait()
        gc.collect()
        assert len(things) <= 2

    run_async(main)
    while GLib.MainContext.default().iteration(False):
        pass
