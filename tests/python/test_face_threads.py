# SPDX-License-Identifier: LGPL-2.1-or-later
"""Threads of their own, executors that are shut down, and programs that end while something runs."""

import asyncio
import os
import pathlib
import threading

import pytest
from face_util import run_program
from gi.repository import AioThreads, Gio, GLib
from gi.repository.AioThreads import ThreadedSeparate, run_in_new_thread, threaded, threaded_separate

FORMS = {
    'bare': (lambda function: threaded_separate(function), True),
    'called': (lambda function: threaded_separate()(function), True),
    'positional True': (lambda function: threaded_separate(True)(function), True),
    'positional False': (lambda function: threaded_separate(False)(function), False),
    'detach=True': (lambda function: threaded_separate(detach=True)(function), True),
    'detach=False': (lambda function: threaded_separate(detach=False)(function), False),
    'function, detach=False': (lambda function: threaded_separate(function, detach=False), False),
}


class Gate:
    """A body that says that it runs, and goes on when it is let."""

    def __init__(self):
        self.running, self.leave = threading.Event(), threading.Event()

    def __call__(self, value='left'):
        self.running.set()
        assert self.leave.wait(60)
        return value


def finish(executor, how=AioThreads.Shutdown.WAIT, timeout_ms=AioThreads.TIMEOUT_NONE):
    return executor.shutdown_sync(how, timeout_ms, None)


def name_of_thread():
    """What the system calls this thread."""
    return pathlib.Path(f'/proc/self/task/{threading.get_native_id()}/comm').read_bytes().removesuffix(b'\n')


# --- Row 5 ------------------------------------------------------------------

@pytest.mark.parametrize('form', [form for form, _ in FORMS.values()], ids=FORMS.keys())
def test_row_5_each_call_has_a_new_thread(run_async, form):
    async def main():
        body = form(threading.get_native_id)
        assert type(body) is ThreadedSeparate
        # Linux does not give a number away again so soon.
        threads = [await body() for _ in range(10)] + await asyncio.gather(*(body() for _ in range(10)))
        assert len({threading.get_native_id(), *threads}) == 21

    run_async(main)


@pytest.mark.parametrize('call', [lambda body: threaded_separate(body)(), run_in_new_thread,
                                  lambda body: run_in_new_thread(body, no_return=True)],
                         ids=['threaded_separate', 'run_in_new_thread', 'no_return'])
def test_row_5_started_before_the_call_returns(run_async, call):
    async def main():
        gate, before = Gate(), set(os.listdir('/proc/self/task'))
        made = call(gate)
        assert set(os.listdir('/proc/self/task')) - before
        gate.leave.set()
        await made
        assert gate.running.wait(60)

    run_async(main)


@pytest.mark.parametrize('name, expected', [
    ('short', 'short'), ('exactly_15_byte', 'exactly_15_byte'), ('longer_than_15_bytes', 'longer_than_15_'),
    ('fünfzehn_bytes_ü', 'fünfzehn_bytes')])
def test_row_5_named_after_the_function(run_async, name, expected):
    def function():
        return name_of_thread()

    async def main():
        assert (await threaded_separate(function)()).decode() == expected
        assert (await run_in_new_thread(function)).decode() == expected

    function.__name__ = name
    run_async(main)


def test_row_5_methods_are_named_as_well(run_async):
    class Any:
        @threaded_separate
        def work(self):
            return name_of_thread()

    async def main():
        assert await Any().work() == b'work'

    run_async(main)


def test_row_5_as_many_as_are_asked_for(run_async):
    """However small the pool is."""
    async def main():
        together = threading.Barrier(100)
        assert sorted(await asyncio.gather(*(threaded_separate(together.wait)(60) for _ in range(100)))) == list(range(100))

    run_async(main)


@pytest.mark.parametrize('detach', [True, False])
def test_defect_j_fire_and_forget(run_async, detach):
    async def main():
        gate, left = Gate(), threading.Event()

        def body(value):
            gate()
            left.set()
            return value

        # It is awaited as soon as it was started, and may be again.
        started = run_in_new_thread(body, ('value',), {}, detach, no_return=True)
        assert await started is None and await started is None
        assert not left.is_set()
        # Or not at all.
        other = Gate()
        run_in_new_thread(other, no_return=True, detach=detach)
        assert other.running.wait(60)
        other.leave.set()
        gate.leave.set()
        assert left.wait(60)

    run_async(main)


PROGRAM = """
    import asyncio, os, threading
    from gi.repository.AioThreads import run_in_new_thread, threaded, threaded_separate

    started = threading.Event()

    def body():
        started.set()
        # The main thread ends when the program does.
        threading.main_thread().join()
        if {waits}:
            os.write(1, b'waited for')
        else:
            threading.Event().wait()

    async def main():
        {call}
        started.wait(60)

    asyncio.run(main())
"""


@pytest.mark.parametrize('call, waits', [
    ('threaded_separate(body)()', False), ('threaded_separate()(body)()', False), ('threaded_separate(True)(body)()', False),
    ('threaded_separate(detach=True)(body)()', False), ('run_in_new_thread(body)', False),
    ('run_in_new_thread(body, no_return=True)', False), ('threaded(body)()', False),
    ('threaded_separate(False)(body)()', True), ('threaded_separate(detach=False)(body)()', True),
    ('run_in_new_thread(body, detach=False)', True), ('run_in_new_thread(body, detach=False, no_return=True)', True)])
def test_defect_g_the_program_waits_for_what_is_not_detached(call, waits):
    assert run_program(PROGRAM.format(call=call, waits=waits)) == ('waited for' if waits else '')


# --- Row 9: executors -------------------------------------------------------

def test_row_9_with_waits_for_what_runs():
    left = []

    def body(gate):
        gate()
        left.append(1)

    async def main():
        gate = Gate()
        with AioThreads.Executor.new_pool(None, 1) as pool:
            calls = [pool.call(body, gate), pool.call(left.append, 2)]
            gate.leave.set()
        assert left == [1, 2] and pool.props.n_threads == 0
        await asyncio.gather(*calls)

    asyncio.run(main())


def test_row_9_async_with_does_not_block_the_loop(run_async):
    async def main():
        gate = Gate()
        async with AioThreads.Executor.new_pool(None, 1) as pool:
            call = pool.call(gate)
            asyncio.get_running_loop().call_soon(asyncio.get_running_loop().call_soon, gate.leave.set)
        assert pool.props.n_threads == 0 and pool.props.n_done == 1
        assert await call == 'left'

    run_async(main)


def test_row_9_an_error_leaves_the_block(run_async):
    async def main():
        with pytest.raises(ValueError):
            async with AioThreads.Executor.new_pool(None, 1) as pool:
                await pool.call(int, 'wrong')
        with pytest.raises(ValueError):
            with AioThreads.Executor.new_pool(None, 1) as other:
                raise ValueError('wrong')
        assert pool.props.n_threads == other.props.n_threads == 0

    run_async(main)


@pytest.mark.parametrize('kind', ['new_pool', 'new_serial', 'new_separate'])
def test_row_9_shut_down_takes_no_work(run_async, kind):
    async def main():
        ran = []
        executor = {'new_pool': lambda: AioThreads.Executor.new_pool('the-closed-one', 1),
                    'new_serial': lambda: AioThreads.Executor.new_serial('the-closed-one'),
                    'new_separate': lambda: AioThreads.Executor.new_separate('the-closed-one', True)}[kind]()
        assert finish(executor)
        for call in (threaded(ran.append, executor=executor), lambda number: executor.call(ran.append, number)):
            with pytest.raises((GLib.Error, RuntimeError)) as caught:
                await call(1)
            assert 'shut down' in str(caught.value) and not ran

    run_async(main)


def test_row_9_shutdown_cancels_what_runs(run_async):
    async def main():
        pool, gate, ran, seen = AioThreads.Executor.new_pool(None, 1), Gate(), [], []

        def body():
            gate()
            seen.append(AioThreads.is_cancelled())
            AioThreads.check_cancelled()

        calls = [pool.call(body), pool.call(ran.append, 1)]
        assert gate.running.wait(60)
        pool.shutdown_async(AioThreads.Shutdown.CANCEL, AioThreads.TIMEOUT_NONE, None, None)
        gate.leave.set()
        assert [type(error) for error in await asyncio.gather(*calls, return_exceptions=True)] == [asyncio.CancelledError] * 2
        assert finish(pool)
        assert (ran, seen) == ([], [True])

    run_async(main)


def test_row_9_deadline_names_what_runs(run_async):
    def body_with_a_name():
        return gate()

    gate = Gate()

    async def main():
        pool = AioThreads.Executor.new_pool('slow', 1)
        call = pool.call(body_with_a_name)
        assert gate.running.wait(60)
        with pytest.raises(GLib.Error, match=r'body_with_a_name.*\d s') as caught:
            finish(pool, timeout_ms=1)
        assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
        gate.leave.set()
        assert await call == 'left'

    run_async(main)


# --- Row 9: programs --------------------------------------------------------

def test_row_9_program_ends_while_calls_run():
    """Some run for ever, others wait for their turn."""
    assert run_program("""
        import asyncio, threading
        from gi.repository.AioThreads import threaded, threaded_separate

        running, never = threading.Semaphore(0), threading.Event()

        def body():
            running.release()
            never.wait()

        async def main():
            pool = AioThreads.Executor.new_pool(None, 1)
            for body_of in (threaded(body), threaded_separate(body), threaded(body, executor=pool)):
                body_of()
            for _ in range(3):
                running.acquire()
            threaded(print, executor=pool)('never')
            print('main ends')

        asyncio.run(main())
    """) == 'main ends\n'


def test_row_9_program_ends_while_its_loop_runs():
    """sys.exit () leaves by the way of an exception."""
    assert run_program("""
        import asyncio, sys, threading
        from gi.repository.AioThreads import threaded

        async def main():
            running = threading.Event()
            threaded(lambda: running.set() or threading.Event().wait())()
            running.wait()
            print('main ends')
            sys.exit(0)

        asyncio.run(main())
    """) == 'main ends\n'


def test_row_9_generators_are_cleaned_up_at_the_end():
    assert run_program("""
        import asyncio, os
        from gi.repository.AioThreads import threaded, threaded_iterable_separate

        def items():
            try:
                while True:
                    yield 1
            finally:
                os.write(1, b'cleaned up ')

        async def main():
            for iterable in (threaded(items), threaded_iterable_separate(items)):
                kept.append(iterable())
                await kept[-1].__anext__()

        kept = []
        asyncio.run(main())
    """) == 'cleaned up cleaned up '


def test_row_9_loop_is_closed_while_calls_run():
    """What they return later is nobody's, and no noise."""
    assert run_program("""
        import asyncio, threading
        from gi.repository.AioThreads import threaded, threaded_separate

        running, leave = threading.Semaphore(0), threading.Event()

        def body(result):
            running.release()
            leave.wait(60)
            if result is None:
                raise ValueError('nobody is there')
            return result

        async def main():
            for call in (threaded(body), threaded_separate(detach=False)(body)):
                call('result')
                call(None)
            for _ in range(4):
                running.acquire()

        asyncio.run(main())
        leave.set()
        AioThreads.Executor.dup_default().shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None)
        asyncio.run(asyncio.sleep(0))
        print('ended')
    """) == 'ended\n'


@pytest.mark.parametrize('error', ['SystemExit(3)', 'KeyboardInterrupt()', 'GeneratorExit()'])
def test_row_9_a_worker_cannot_end_the_program(error):
    assert run_program(f"""
        import asyncio
        from gi.repository.AioThreads import threaded, threaded_separate

        def body():
            raise {error}

        async def main():
            for decorate in (threaded, threaded_separate):
                try:
                    await decorate(body)()
                except BaseException as caught:
                    print(repr(caught))

        asyncio.run(main())
    """).splitlines() == [error] * 2
