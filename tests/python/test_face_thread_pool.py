# SPDX-License-Identifier: LGPL-2.1-or-later
"""Row 7: the executor that Python programs know, whose work runs on a pool of ours."""

import asyncio
import concurrent.futures
import contextlib
import operator
import threading
import weakref

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import ThreadPoolExecutor, run_in_executor, threaded


class Gate:
    """A body that says that it runs, and goes on when it is let."""

    def __init__(self):
        self.running, self.leave = threading.Event(), threading.Event()

    def __call__(self, value='left'):
        self.running.set()
        assert self.leave.wait(60)
        return value


class Odd(BaseException):
    """What a program calls an error is its own business."""


@pytest.fixture
def no_thread_of_python(monkeypatch):
    """Whoever starts one fails."""
    def start(thread):
        raise AssertionError('no thread of Python is started')

    monkeypatch.setattr(threading.Thread, 'start', start)


def fail(error):
    raise error


# --- As an executor of concurrent.futures -----------------------------------

def test_row_7_is_an_executor(no_thread_of_python):
    with ThreadPoolExecutor(2) as executor:
        assert isinstance(executor, concurrent.futures.ThreadPoolExecutor)
        assert isinstance(executor.executor, AioThreads.Executor) and executor.executor.props.size == 2
        future = executor.submit(operator.add, 1, 2)
        assert isinstance(future, concurrent.futures.Future) and future.result(60) == 3
        assert executor.submit(dict, self=1, fn=2).result(60) == {'self': 1, 'fn': 2}
        assert list(executor.map(operator.mul, range(10), range(10))) == [number ** 2 for number in range(10)]
        assert executor.submit(threading.get_ident).result(60) != threading.get_ident()
        futures = [executor.submit(int) for _ in range(10)]
        assert concurrent.futures.wait(futures, 60).done == set(futures)
        assert [future.result() for future in concurrent.futures.as_completed(futures, 60)] == [0] * 10
    assert (executor.executor.props.n_done, executor.executor.props.n_threads) == (23, 0)


def test_row_7_size_is_the_limit():
    with ThreadPoolExecutor(3) as executor:
        gates = [Gate() for _ in range(4)]
        futures = [executor.submit(gate, number) for number, gate in enumerate(gates)]
        assert all(gate.running.wait(60) for gate in gates[:3])
        assert (executor.executor.props.n_running, executor.executor.props.n_queued) == (3, 1)
        for gate in gates:
            gate.leave.set()
        assert [future.result(60) for future in futures] == [0, 1, 2, 3]


@pytest.mark.parametrize('size', [0, -1])
def test_row_7_size_must_be_positive(size):
    with pytest.raises(ValueError):
        ThreadPoolExecutor(size)


def test_row_7_size_has_a_default():
    with ThreadPoolExecutor() as executor:
        assert executor.executor.props.size > 0 and executor.submit(int).result(60) == 0


def test_row_7_names_and_initializer():
    variable = []

    def initialize(value):
        variable.append((value, threading.get_ident()))

    with ThreadPoolExecutor(1, 'prefix', initialize, ('value',)) as executor:
        threads = {executor.submit(threading.get_ident).result(60) for _ in range(5)}
    assert variable == [('value', *threads)]
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix='prefix') as executor:
        assert 'prefix' in executor.executor.props.name


@pytest.mark.parametrize('make', [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration, Odd],
                         ids=lambda make: make.__name__)
def test_row_10_errors(make):
    with ThreadPoolExecutor(1) as executor:
        error = make('raised')
        assert executor.submit(fail, error).exception(60) is error
        assert executor.submit(int).result(60) == 0


def test_row_11_cancelled_while_queued_never_runs():
    with ThreadPoolExecutor(1) as executor:
        gate, ran = Gate(), []
        running, queued = executor.submit(gate), executor.submit(ran.append, 1)
        assert gate.running.wait(60)
        assert running.running() and not running.cancel()
        assert queued.cancel() and queued.cancelled()
        gate.leave.set()
        assert running.result(60) == 'left'
    assert ran == []


def test_row_9_shutdown():
    executor, ran = ThreadPoolExecutor(1), []
    future = executor.submit(ran.append, 1)
    executor.shutdown()
    executor.shutdown()
    assert future.done() and ran == [1]
    with pytest.raises(RuntimeError):
        executor.submit(int)
    assert ran == [1]


def test_row_9_shutdown_does_not_wait_when_it_should_not():
    executor, gate = ThreadPoolExecutor(1), Gate()
    futures = [executor.submit(gate), executor.submit(int)]
    executor.shutdown(wait=False)
    with pytest.raises(RuntimeError):
        executor.submit(int)
    # What was taken is done.
    gate.leave.set()
    assert [future.result(60) for future in futures] == ['left', 0]


def test_row_9_shutdown_cancels_what_is_queued():
    executor, gate, ran = ThreadPoolExecutor(1), Gate(), []
    futures = [executor.submit(gate)] + [executor.submit(ran.append, number) for number in range(5)]
    assert gate.running.wait(60)
    executor.shutdown(wait=False, cancel_futures=True)
    gate.leave.set()
    assert futures[0].result(60) == 'left'
    assert concurrent.futures.wait(futures, 60).done == set(futures)
    executor.shutdown()
    assert all(future.cancelled() for future in futures[1:]) and ran == []


# --- As an executor of a loop -----------------------------------------------

def test_row_7_is_the_default_of_a_loop(run_async):
    async def main():
        loop, executor = asyncio.get_running_loop(), ThreadPoolExecutor(2)
        loop.set_default_executor(executor)
        assert await loop.run_in_executor(None, operator.add, 1, 2) == 3
        assert await asyncio.to_thread(operator.add, 1, 2) == 3
        assert await threaded(operator.add)(1, 2) == 3
        assert await run_in_executor(operator.add, args=(1, 2)) == 3
        executor.shutdown()
        assert executor.executor.props.n_done == 4

    run_async(main)


def test_row_7_its_futures_outlive_the_loop():
    gate = Gate()

    async def main():
        return [executor.submit(gate), executor.submit(int)]

    with ThreadPoolExecutor(1) as executor:
        futures = asyncio.run(main())
        gate.leave.set()
        assert [future.result(60) for future in futures] == ['left', 0]


def test_row_7_lets_go_of_what_it_was_given(collect):
    class Argument:
        pass

    with ThreadPoolExecutor(1) as executor:
        argument = Argument()
        gone = weakref.ref(argument)
        assert executor.submit(lambda argument: 'result', argument).result(60) == 'result'
        del argument
        collect(lambda: gone() is None)
        assert gone() is None


def test_row_7_is_given(run_async):
    async def main():
        with ThreadPoolExecutor(1) as executor:
            assert await threaded(operator.add, executor=executor)(1, 2) == 3
            assert await asyncio.get_running_loop().run_in_executor(executor, operator.add, 1, 2) == 3
            with pytest.raises(ValueError):
                await run_in_executor(int, executor, ('wrong',))
        assert (executor.executor.props.n_done, executor.executor.props.n_failed) == (3, 1)

    run_async(main)


def test_row_7_the_loop_ends_it():
    async def main():
        executor = ThreadPoolExecutor(2)
        asyncio.get_running_loop().set_default_executor(executor)
        assert await asyncio.gather(*(asyncio.to_thread(int) for _ in range(10))) == [0] * 10
        return executor

    executor = asyncio.run(main())
    assert executor.executor.props.n_threads == 0
    with pytest.raises(RuntimeError):
        executor.submit(int)


def test_row_11_cancellation_reaches_its_workers(run_async):
    async def main():
        with ThreadPoolExecutor(1) as executor:
            gate, seen = Gate(), []

            def body():
                gate()
                seen.append(AioThreads.is_cancelled())

            call = threaded(body, executor=executor)()
            assert gate.running.wait(60)
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await call
            gate.leave.set()
        assert seen == [True]

    run_async(main)
