# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions that are awaited: what a call is, when it starts, and who may ask for its result."""

import asyncio
import contextvars
import functools
import gc
import os
import threading
import warnings

import pytest
from conftest import memory_in_use
from gi.repository import AioThreads
from gi.repository.AioThreads import run_in_executor, run_in_new_thread, sync_await, threaded, threaded_separate

# In percent, as in the tests of C.
N_CALLS = max(1, 100000 * int(os.environ.get('AIOT_TEST_SCALE', 100)) // 100)


class Gate:
    """A body that says that it runs, and goes on when it is let."""

    def __init__(self):
        self.running, self.leave = threading.Event(), threading.Event()

    def __call__(self, value='left'):
        self.running.set()
        assert self.leave.wait(60)
        return value


def square(number):
    return number ** 2


@pytest.fixture
def pool():
    """A pool of one thread, whose work is done when it is shut down."""
    made = AioThreads.Executor.new_pool('one', 1)
    yield made
    finish(made)


def finish(executor):
    assert executor.shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None)


# --- Row 1 ------------------------------------------------------------------

def test_row_1_result(run_async):
    @threaded
    def body(*arguments, **keywords):
        return arguments, keywords, threading.get_ident()

    async def main():
        *given, thread = await body(1, 'two', three=3)
        assert given == [(1, 'two'), {'three': 3}]
        assert thread != threading.get_ident()

    run_async(main)


def test_row_1_loop_goes_on(run_async):
    """The body ends only because the loop does something meanwhile."""
    async def main():
        gate = Gate()
        call = threaded(gate)()
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(gate.leave.set)
        assert await call == 'left'

    run_async(main)


@pytest.mark.parametrize('value', [
    None, 0, False, '', b'', (), (None,), 2 ** 31, -2 ** 100, 'nul \0 inside', float('inf'), ValueError('returned')], ids=repr)
def test_row_1_values(run_async, value):
    async def main():
        assert await threaded(lambda argument: argument)(value) is value

    run_async(main)


@pytest.mark.parametrize('name', [
    'threaded', 'threaded_separate', 'threaded_iterable', 'threaded_iterable_separate', 'run_in_executor', 'run_in_new_thread',
    'Threaded', 'ThreadedSeparate', 'ThreadedBase', 'BoundThreaded', 'ThreadedIterable', 'ThreadedIterableSeparate',
    'ThreadedIterableBase', 'BoundThreadedIterable', 'IteratorWrapper', 'IteratorWrapperSeparate', 'FromThreadChannel',
    'ChannelClosed', 'ChannelTimeout', 'sync_await', 'wait_coroutine', 'sync_wait_coroutine', 'EVENT_LOOP',
    'THREADED_ITERABLE_DEFAULT_MAX_SIZE', 'ThreadPoolExecutor', 'entrypoint'])
def test_names_of_aiothreads_are_there(name):
    """Programs import them by name, or all of them at once."""
    names = {}
    exec('from gi.repository.AioThreads import *', names)
    assert names[name] is getattr(AioThreads, name)


def test_row_1_is_imported_either_way():
    assert AioThreads.threaded is threaded
    assert issubclass(AioThreads.Threaded, AioThreads.ThreadedBase)
    assert issubclass(AioThreads.ThreadedSeparate, AioThreads.Threaded)


# --- Row 2 ------------------------------------------------------------------

def test_row_2_again_and_again(run_async):
    async def main():
        body = threaded(square)
        assert await asyncio.gather(*(body(number) for number in range(100))) == [square(number) for number in range(100)]
        assert [await body(number) for number in range(10)] == [square(number) for number in range(10)]

    run_async(main)


def test_row_2_calls_end_independently(run_async):
    async def main():
        gates = [Gate() for _ in range(3)]
        three = AioThreads.Executor.new_pool('three', 3)
        body = threaded(lambda number: gates[number](number), executor=three)
        calls = [body(number) for number in range(3)]
        assert all(gate.running.wait(60) for gate in gates)
        for number in (2, 0, 1):
            gates[number].leave.set()
            assert await calls[number] == number
            assert [call.done() for call in calls] == [gate.leave.is_set() for gate in gates]

    run_async(main)


@pytest.mark.parametrize('decorate', [threaded, threaded_separate])
def test_row_2_starts_when_it_is_made(run_async, decorate):
    async def main():
        gate = Gate()
        call = decorate(gate)('result')
        # The loop does nothing until the body runs.
        assert gate.running.wait(60) and not call.done()
        gate.leave.set()
        assert await call == 'result'

    run_async(main)


def test_row_2_is_a_future_and_a_coroutine(run_async):
    async def main():
        call = threaded(square)(2)
        assert isinstance(call, asyncio.Future) and asyncio.isfuture(call) and asyncio.iscoroutine(call)
        assert call.get_loop() is asyncio.get_running_loop()
        assert asyncio.ensure_future(call) is call
        seen = []
        call.add_done_callback(seen.append)
        assert await call == 4
        await asyncio.sleep(0)
        assert seen == [call] and call.done() and call.result() == 4 and call.exception() is None

    run_async(main)


def test_row_2_awaited_again(run_async):
    async def main():
        call = threaded(lambda: ['result'])()
        assert await call is await call

    run_async(main)


def test_row_2_awaited_by_several_tasks(run_async):
    async def wait(call):
        return await call

    async def main():
        gate, result = Gate(), object()
        call = threaded(gate)(result)
        tasks = [asyncio.create_task(wait(call)) for _ in range(5)]
        await asyncio.sleep(0)
        gate.leave.set()
        assert all(value is result for value in await asyncio.gather(call, *tasks, call))

    run_async(main)


def test_row_2_everything_that_asyncio_does_with_awaitables(run_async):
    async def main():
        body = threaded(square)
        assert await asyncio.create_task(body(1)) == 1
        assert await asyncio.gather(body(2), asyncio.create_task(body(3))) == [4, 9]
        assert await asyncio.wait_for(body(4), 60) == 16
        assert await asyncio.wait_for(asyncio.create_task(body(4)), 60) == 16
        assert await asyncio.shield(body(5)) == 25
        # What is a coroutine as well must be a task first here.
        done, pending = await asyncio.wait({asyncio.create_task(body(number)) for number in (6, 7)})
        assert {call.result() for call in done} == {36, 49} and not pending
        assert {await call for call in asyncio.as_completed([body(8), body(9)])} == {64, 81}
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(body(number)) for number in range(3)]
        assert [task.result() for task in tasks] == [0, 1, 4]
        async with asyncio.timeout(60):
            assert await body(10) == 100

    run_async(main)


@pytest.mark.parametrize('decorate', [threaded, threaded_separate])
def test_row_2_dropped_without_warning(run_async, decorate):
    async def main():
        gate, ended = Gate(), threading.Event()

        def body():
            gate()
            ended.set()

        decorate(body)()
        asyncio.create_task(decorate(square)(3))
        gc.collect()
        assert gate.running.wait(60)
        gate.leave.set()
        assert ended.wait(60)
        await decorate(square)(3)
        gc.collect()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        run_async(main)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


# --- Row 3 ------------------------------------------------------------------

def test_row_3_sync_call(pool):
    """Without a loop, as well."""
    body = threaded(lambda a, *, b: (a, b, threading.get_ident()), executor=pool)
    assert body.sync_call(1, b=2) == (1, 2, threading.get_ident())
    assert threaded_separate(threading.get_ident).sync_call() == threading.get_ident()
    assert (pool.props.n_threads, pool.props.n_done) == (0, 0)


@pytest.mark.parametrize('error', [ValueError('wrong'), StopIteration(1), KeyboardInterrupt()], ids=repr)
def test_row_3_sync_call_raises_what_the_function_raises(error):
    @threaded
    def body():
        raise error

    with pytest.raises(type(error)) as caught:
        body.sync_call()
    assert caught.value is error


def test_row_3_sync_call_in_a_worker(run_async):
    async def main():
        outer = threaded(lambda: (threaded(threading.get_ident).sync_call(), threading.get_ident()))
        inner_thread, outer_thread = await outer()
        assert inner_thread == outer_thread != threading.get_ident()

    run_async(main)


def test_row_3_async_call(run_async):
    async def main():
        body = threaded(lambda a, *, b: (a, b))
        assert await body.async_call(1, b=2) == await body(1, b=2) == (1, 2)
        assert isinstance(body.async_call(1, b=2), asyncio.Future)

    run_async(main)


# --- Row 12 -----------------------------------------------------------------

@pytest.mark.parametrize('where', ['main thread', 'thread', 'worker'])
@pytest.mark.parametrize('call', [
    lambda body: threaded(body)(), lambda body: threaded(body).async_call(), lambda body: threaded_separate(body)(),
    lambda body: run_in_executor(body), lambda body: run_in_new_thread(body),
    lambda body: run_in_new_thread(body, no_return=True), lambda body: AioThreads.Executor.dup_default().call(body)],
    ids=['threaded', 'async_call', 'separate', 'run_in_executor', 'run_in_new_thread', 'no_return', 'executor.call'])
def test_row_12_without_a_running_loop(run_async, call, where):
    ran, caught = [], []

    def attempt():
        try:
            call(lambda: ran.append(1))
        except RuntimeError as error:
            caught.append(error)

    async def main():
        await threaded(attempt)()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        if where == 'main thread':
            attempt()
        elif where == 'worker':
            run_async(main)
        else:
            thread = threading.Thread(target=attempt)
            thread.start()
            thread.join()
        gc.collect()
    assert len(caught) == 1 and not ran
    assert [str(warning.message) for warning in warned] == []


# --- Defects f and r --------------------------------------------------------

def test_defect_f_the_context_of_the_caller_is_untouched(run_async):
    variable = contextvars.ContextVar('variable')

    @threaded
    def body():
        seen = variable.get()
        variable.set('changed')
        return seen

    async def caller(value):
        variable.set(value)
        before = dict(contextvars.copy_context().items())
        assert await body() == value
        assert await threaded_separate(body.func)() == value
        assert dict(contextvars.copy_context().items()) == before

    async def main():
        await asyncio.gather(*(caller(number) for number in range(20)))
        assert variable.get(None) is None

    run_async(main)


def test_defect_r_nested_calls_on_a_full_pool(run_async, pool):
    @functools.partial(threaded, executor=pool)
    def nest(depth):
        return sync_await(nest, depth - 1) + 1 if depth else 0

    async def main():
        assert await asyncio.gather(*(nest(5) for _ in range(3))) == [5, 5, 5]

    run_async(main)


# --- Nothing is kept --------------------------------------------------------

@pytest.mark.parametrize('how', ['result', 'error', 'cancelled'])
def test_calls_keep_nothing(run_async, loop_kind, pool, how):
    """No memory of C or of Python, and no thread."""
    class Thing:
        pass

    @functools.partial(threaded, executor=pool)
    def body(thing):
        if how == 'error':
            raise ValueError(thing)
        return thing

    async def call(times):
        for _ in range(times):
            future = body(Thing())
            if how == 'cancelled':
                future.cancel()
            try:
                await future
            except (ValueError, asyncio.CancelledError):
                pass
        del future
        # What was cancelled has left as well when the next is done.
        await threaded(square, executor=pool)(1)
        gc.collect()
        return *memory_in_use(), threading.active_count(), pool.props.n_threads

    async def main():
        # It notes where each future was made, which takes longer than the call.
        asyncio.get_running_loop().set_debug(False)
        await call(N_CALLS // 10)
        before = await call(1)
        after = await call(N_CALLS)
        assert after[2:] == before[2:]
        assert (after[1] - before[1]) / N_CALLS < 0.1
        # gbulb makes a source for each step of a task, of which PyGObject keeps 32 bytes.
        if before[0] is not None and loop_kind != 'gbulb':
            assert (after[0] - before[0]) / N_CALLS < 8

    run_async(main)


# --- Many in flight -----------------------------------------------------------

@pytest.mark.parametrize('end', ['return', 'cancel'])
def test_calls_that_block_hold_up_no_others(run_async, end):
    """The loop lets many calls return before it looks, but not for ever."""
    async def main():
        gates = [Gate() for _ in range(20)]
        held = [threaded(gate)(number) for number, gate in enumerate(gates)]
        for gate in gates:
            await asyncio.to_thread(gate.running.wait, 60)
        for number in range(200):
            assert await threaded(square)(number) == number ** 2
        numbers = range(64)
        assert await asyncio.gather(*map(threaded(square), numbers)) == [number ** 2 for number in numbers]
        if end == 'cancel':
            for call in held:
                call.cancel()
            assert all(isinstance(error, asyncio.CancelledError) for error in await asyncio.gather(*held, return_exceptions=True))
        for gate in gates:
            gate.leave.set()
        if end == 'return':
            assert await asyncio.gather(*held) == list(range(20))
        # Nothing is counted that is not there any more.
        for number in range(20):
            assert await threaded(square)(number) == number ** 2

    run_async(main)
