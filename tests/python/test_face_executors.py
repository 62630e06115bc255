# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where functions run that are awaited: in pools of ours and in executors of Python, and what is counted."""

import asyncio
import concurrent.futures
import functools
import multiprocessing
import os
import pathlib
import pickle
import re
import threading

import pytest
from face_util import run_program
from gi.repository import AioThreads
from gi.repository.AioThreads import (
    IteratorWrapper, Threaded, run_in_executor, run_in_new_thread, threaded, threaded_separate)


class Gate:
    """A body that says that it runs, and goes on when it is let."""

    def __init__(self):
        self.running, self.leave = threading.Event(), threading.Event()

    def __call__(self, value='left'):
        self.running.set()
        assert self.leave.wait(60)
        return value


def fail():
    raise ValueError('wrong')


def finish(executor):
    assert executor.shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None)


def name_of_thread():
    """What the system calls this thread."""
    return pathlib.Path(f'/proc/self/task/{threading.get_native_id()}/comm').read_bytes().removesuffix(b'\n')


@pytest.fixture
def default_pool():
    """A default pool whose statistics are those of one test."""
    pool = AioThreads.Executor.new_pool('default of test', 4)
    AioThreads.set_default_executor(pool)
    yield pool
    AioThreads.set_default_executor(None)


# --- Row 7: executors of ours -----------------------------------------------

WAYS = {
    'threaded': lambda function, executor: threaded(function, executor=executor),
    'decorator': lambda function, executor: threaded(executor=executor)(function),
    'Threaded': lambda function, executor: Threaded(function, executor=executor),
    'run_in_executor': lambda function, executor: functools.partial(run_in_executor, function, executor),
    'Executor.call': lambda function, executor: functools.partial(executor.call, function),
}


@pytest.mark.parametrize('kind', ['pool', 'serial', 'separate'])
@pytest.mark.parametrize('way', WAYS.values(), ids=WAYS.keys())
def test_row_7_runs_on_the_given_executor(run_async, default_pool, way, kind):
    async def main():
        executor = {'pool': lambda: AioThreads.Executor.new_pool('given', 2),
                    'serial': lambda: AioThreads.Executor.new_serial('given'),
                    'separate': lambda: AioThreads.Executor.new_separate('given', True)}[kind]()
        threads = await asyncio.gather(*(way(threading.get_ident, executor)() for _ in range(10)))
        assert threading.get_ident() not in threads
        finish(executor)
        assert (executor.props.n_done, default_pool.props.n_done) == (10, 0)

    run_async(main)


def test_row_7_arguments(run_async):
    def body(*arguments, **keywords):
        return arguments, keywords

    async def main():
        expected = ((1, 2), {'three': 3})
        pool = AioThreads.Executor.new_pool('given', 2)
        assert await pool.call(body, 1, 2, three=3) == expected
        assert await run_in_executor(body, pool, (1, 2), {'three': 3}) == expected
        assert await run_in_executor(body, args=(1, 2), kwargs={'three': 3}) == expected
        assert await run_in_new_thread(body, (1, 2), {'three': 3}) == expected
        # What is called like an argument of call () itself arrives as well.
        assert await pool.call(body, self=1, fn=2, func=3) == ((), {'self': 1, 'fn': 2, 'func': 3})

    run_async(main)


def test_row_7_default_is_replaced(run_async, default_pool):
    async def main():
        assert await asyncio.gather(*(threaded(int)() for _ in range(10))) == [0] * 10
        assert await run_in_executor(int) == 0
        finish(default_pool)
        assert default_pool.props.n_done == 11

    run_async(main)


def test_row_7_iterables(run_async):
    async def main():
        with concurrent.futures.ThreadPoolExecutor(1, 'theirs') as theirs:
            ours = AioThreads.Executor.new_pool('ours', 1)
            assert [item async for item in IteratorWrapper(range(3), executor=ours)] == [0, 1, 2]
            finish(ours)
            assert ours.props.n_done == 1

            def names():
                yield threading.current_thread().name

            assert [item async for item in IteratorWrapper(names, executor=theirs)] == ['theirs_0']
            assert [item async for item in threaded(executor=theirs)(names)()] == ['theirs_0']

    run_async(main)


def test_row_7_pool_size_from_the_environment(monkeypatch):
    monkeypatch.setenv('AIOTHREADS_POOL_SIZE', '3')
    assert run_program('print(AioThreads.Executor.dup_default().props.size)') == '3\n'


# --- Row 7: executors of Python ---------------------------------------------

class Counts(concurrent.futures.ThreadPoolExecutor):
    """Counts what it is given."""

    n_submitted = 0

    def submit(self, *arguments, **keywords):
        self.n_submitted += 1
        return super().submit(*arguments, **keywords)


def name_of_python_thread():
    return threading.current_thread().name


@pytest.mark.parametrize('way', [way for name, way in WAYS.items() if name != 'Executor.call'],
                         ids=[name for name in WAYS if name != 'Executor.call'])
def test_row_7_executor_of_python_is_given(run_async, default_pool, way):
    async def main():
        with Counts(2, 'theirs') as executor:
            names = await asyncio.gather(*(way(name_of_python_thread, executor)() for _ in range(10)))
            assert all(name.startswith('theirs') for name in names)
            assert executor.n_submitted == 10
            with pytest.raises(ValueError):
                await way(fail, executor)()
        assert default_pool.props.n_done == 0

    run_async(main)


def test_row_7_executor_of_python_as_default(run_async, default_pool):
    async def main():
        with Counts(1, 'theirs') as executor:
            asyncio.get_running_loop().set_default_executor(executor)
            assert await threaded(name_of_python_thread)() == 'theirs_0'
            assert await run_in_executor(name_of_python_thread) == 'theirs_0'
            # Whoever names another gets that, and a separate thread is separate.
            assert await threaded(name_of_thread, executor=default_pool)() != b'theirs_0'
            assert await threaded_separate(name_of_thread)() == b'name_of_thread'
            assert executor.n_submitted == 2

    run_async(main)


def test_row_7_what_asyncio_makes_by_itself_is_no_default(run_async, default_pool):
    async def main():
        await asyncio.get_running_loop().run_in_executor(None, int)
        await threaded(int)()
        finish(default_pool)
        assert default_pool.props.n_done == 1

    run_async(main)


def test_row_7_executor_of_python_that_is_shut_down(run_async):
    async def main():
        executor = concurrent.futures.ThreadPoolExecutor(1)
        executor.shutdown()
        with pytest.raises(RuntimeError, match='shutdown'):
            await threaded(int, executor=executor)()

    run_async(main)


def test_row_7_executor_of_processes(run_async):
    """Its work is a function that the other process can import. No loop takes such an executor as its default."""
    async def main():
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as executor:
            process = await run_in_executor(os.getpid, executor)
            assert process != os.getpid()
            assert await threaded(os.getpid, executor=executor)() == process
            with pytest.raises(ValueError):
                await run_in_executor(int, executor, ('wrong',))
            with pytest.raises((AttributeError, pickle.PicklingError)):
                await run_in_executor(lambda: 'nobody can import this', executor)
            with pytest.raises(TypeError):
                asyncio.get_running_loop().set_default_executor(executor)

    run_async(main)


@pytest.mark.parametrize('executor', [42, 'pool', object, threading.Thread])
def test_row_7_what_is_no_executor_is_refused(run_async, executor):
    async def main():
        with pytest.raises(TypeError):
            await threaded(int, executor=executor)()

    run_async(main)


# --- Row 7: entrypoint ------------------------------------------------------

@pytest.mark.parametrize('pool_size', [1, 8])
def test_row_7_entrypoint(pool_size):
    together = threading.Barrier(pool_size)
    pools = []

    async def main():
        # A loop tells nobody what its default is.
        pools.append(asyncio.get_running_loop()._default_executor.executor)
        calls = [threaded(together.wait)(60) for _ in range(pool_size)]
        assert sorted(await asyncio.gather(*calls)) == list(range(pool_size))

    with AioThreads.entrypoint(pool_size=pool_size) as loop:
        assert isinstance(loop, asyncio.AbstractEventLoop) and asyncio.get_event_loop() is loop
        loop.run_until_complete(main())
        assert pools[0].props.size == pool_size
    assert loop.is_closed()
    assert (pools[0].props.n_done, pools[0].props.n_threads) == (pool_size, 0)


def test_row_7_entrypoint_of_a_loop():
    loop = asyncio.new_event_loop()
    with AioThreads.entrypoint(loop=loop, debug=True) as given:
        assert given is loop and loop.get_debug()
        assert loop.run_until_complete(asyncio.sleep(0, 'slept')) == 'slept'
    assert loop.is_closed()


def test_row_7_entrypoint_ends_after_an_error():
    async def main():
        await threaded(fail)()

    with pytest.raises(ValueError):
        with AioThreads.entrypoint(pool_size=1) as loop:
            loop.run_until_complete(main())
    assert loop.is_closed()


# --- Row 8 ------------------------------------------------------------------

def test_row_8_statistics_count_each_call_and_no_thread_of_python_starts(run_async, default_pool, monkeypatch):
    started, seen = [], set()
    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, 'start', lambda thread: started.append(thread) or start(thread))

    async def main():
        before = threading.enumerate()
        gate = Gate()
        calls = [threaded(threading.get_ident)() for _ in range(50)] + [threaded(gate)(0), threaded_separate(gate)(0)]
        assert gate.running.wait(60)
        seen.update(set(threading.enumerate()) - set(before))
        gate.leave.set()
        await asyncio.gather(*calls)
        errors = await asyncio.gather(*(threaded(fail)() for _ in range(7)), return_exceptions=True)
        assert [type(error) for error in errors] == [ValueError] * 7
        threaded(int).sync_call()
        finish(default_pool)
        assert (default_pool.props.n_done, default_pool.props.n_failed) == (58, 7)
        assert default_pool.props.total_time > 0
        seen.update(set(threading.enumerate()) - set(before))

    run_async(main)
    assert (started, seen) == ([], set())


def test_row_8_statistics_tell_what_runs_and_what_waits(run_async):
    def body_with_a_name():
        return gate()

    gate = Gate()

    async def main():
        pool = AioThreads.Executor.new_pool('numbers', 1)
        calls = [threaded(body_with_a_name, executor=pool)()]
        assert gate.running.wait(60)
        calls += [threaded(int, executor=pool)() for _ in range(3)]
        assert (pool.props.n_threads, pool.props.n_running, pool.props.n_queued, pool.props.n_done) == (1, 1, 3, 0)
        assert [re.sub(r' \(\d+\.\d s\)$', '', text) for text in pool.list_running()] == ['body_with_a_name']
        assert all(text in repr(pool) for text in ('numbers', 'pool', 'size 1', '1 threads', '1 running', '3 queued', '0 done'))
        gate.leave.set()
        await asyncio.gather(*calls)
        finish(pool)
        assert (pool.props.n_threads, pool.props.n_running, pool.props.n_queued, pool.props.n_done) == (0, 0, 0, 4)

    run_async(main)
