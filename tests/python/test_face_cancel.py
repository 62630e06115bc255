# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that are cancelled: what never runs, and what those that run learn of it."""

import asyncio
import concurrent.futures
import contextlib
import functools
import threading

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import FromThreadChannel, run_in_executor, run_in_new_thread, threaded, threaded_separate


class Blocked:
    """A body that waits for an item which never comes, and tells how it was woken."""

    def __init__(self):
        self.running, self.left = threading.Event(), threading.Event()
        self.error = self.was_cancelled = None
        self.channel = FromThreadChannel()

    def __call__(self):
        self.running.set()
        try:
            return self.channel.get_sync()
        except BaseException as error:
            self.error, self.was_cancelled = error, AioThreads.is_cancelled()
            raise
        finally:
            self.left.set()

    def learnt_of_it(self):
        assert self.left.wait(60)
        return type(self.error) is asyncio.CancelledError and self.was_cancelled


class Gate:
    """A body that no library can wake. It looks whether it is cancelled when it is let go on."""

    def __init__(self):
        self.running, self.leave, self.left = threading.Event(), threading.Event(), threading.Event()
        self.seen = []

    def __call__(self):
        try:
            AioThreads.check_cancelled()
            self.seen.append(AioThreads.is_cancelled())
            self.running.set()
            assert self.leave.wait(60)
            self.seen.append(AioThreads.is_cancelled())
            AioThreads.check_cancelled()
            self.seen.append('went on')
            return 'left'
        except asyncio.CancelledError:
            self.seen.append('CancelledError')
            raise
        finally:
            self.left.set()


WAYS = {
    'threaded': threaded,
    'threaded_separate': threaded_separate,
    'not detached': threaded_separate(detach=False),
    'run_in_executor': lambda function: functools.partial(run_in_executor, function),
    'run_in_new_thread': lambda function: functools.partial(run_in_new_thread, function),
    'Executor.call': lambda function: functools.partial(AioThreads.Executor.dup_default().call, function),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    """A way to have a function called in a worker."""
    return request.param


def finish(executor):
    assert executor.shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None)


# --- Row 11 -----------------------------------------------------------------

@pytest.mark.parametrize('kind', ['pool', 'serial'])
def test_row_11_cancelled_while_queued_never_runs(run_async, kind):
    async def main():
        executor = AioThreads.Executor.new_pool(None, 1) if kind == 'pool' else AioThreads.Executor.new_serial(None)
        gate, ran = Gate(), []
        running = executor.call(gate)
        assert gate.running.wait(60)
        queued = [threaded(ran.append, executor=executor)(number) for number in range(10)]
        for call in queued[1:]:
            assert call.cancel() and not call.cancel()
        assert executor.props.n_queued == 1
        for call in queued[1:]:
            with pytest.raises(asyncio.CancelledError):
                await call
            assert call.cancelled()
        gate.leave.set()
        assert await running == 'left'
        await queued[0]
        finish(executor)
        assert ran == [0]

    run_async(main)


def test_row_11_cancelled_while_queued_for_a_concurrent_executor(run_async):
    async def main():
        gate, ran = Gate(), []
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            running = run_in_executor(gate, executor)
            assert gate.running.wait(60)
            queued = threaded(ran.append, executor=executor)(1)
            queued.cancel()
            with pytest.raises(asyncio.CancelledError):
                await queued
            gate.leave.set()
            assert await running == 'left'
        assert ran == []

    run_async(main)


def test_row_11_awaiting_task_is_cancelled_while_queued(run_async):
    async def main():
        pool, gate, ran = AioThreads.Executor.new_pool(None, 1), Gate(), []

        async def wait():
            await threaded(ran.append, executor=pool)(1)

        running = pool.call(gate)
        assert gate.running.wait(60)
        tasks = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert pool.props.n_queued == 3
        for task in tasks:
            task.cancel()
        assert [type(error) for error in await asyncio.gather(*tasks, return_exceptions=True)] == [asyncio.CancelledError] * 3
        gate.leave.set()
        await running
        finish(pool)
        assert ran == []

    run_async(main)


def test_row_11_task_that_is_cancelled_before_it_starts(run_async):
    async def main():
        pool, ran = AioThreads.Executor.new_pool(None, 1), []
        gate = Gate()
        running = pool.call(gate)
        task = asyncio.create_task(pool.call(ran.append, 1))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.leave.set()
        await running
        finish(pool)
        assert ran == []

    run_async(main)


# --- Cancelled while it runs ------------------------------------------------

def test_defect_v_cancelling_the_awaiting_task_reaches_the_worker(run_async, way):
    async def main():
        body = Blocked()

        async def wait():
            await way(body)()

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        assert body.running.wait(60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert body.learnt_of_it()

    run_async(main)


@pytest.mark.parametrize('how', ['cancel', 'wait_for', 'gather', 'create_task', 'timeout'])
def test_defect_v_every_way_to_cancel(run_async, how):
    async def main():
        body = Blocked()
        call = threaded(body)()
        assert body.running.wait(60)
        if how == 'cancel':
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        elif how == 'wait_for':
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(call, 0.001)
        elif how == 'timeout':
            with pytest.raises(asyncio.TimeoutError):
                async with asyncio.timeout(0.001):
                    await call
        else:
            outer = asyncio.gather(call) if how == 'gather' else asyncio.create_task(call)
            await asyncio.sleep(0)
            outer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await outer
        assert body.learnt_of_it() and call.cancelled()

    run_async(main)


def test_row_11_the_body_looks_itself(run_async, way):
    async def main():
        body = Gate()
        call = asyncio.ensure_future(way(body)())
        await asyncio.sleep(0)
        assert body.running.wait(60)
        call.cancel()
        # Its caller is free at once, while it runs on.
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not body.left.is_set()
        body.leave.set()
        assert body.left.wait(60)
        assert body.seen == [False, True, 'CancelledError']

    run_async(main)


def test_row_11_in_a_concurrent_executor_the_body_looks_itself(run_async):
    async def main():
        body = Gate()
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            call = run_in_executor(body, executor)
            assert body.running.wait(60)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            body.leave.set()
        assert body.seen == [False, True, 'CancelledError']

    run_async(main)


def test_row_11_a_shielded_call_runs_on(run_async):
    async def main():
        body = Gate()
        call = threaded(body)()
        assert body.running.wait(60)
        shield = asyncio.shield(call)
        shield.cancel()
        with pytest.raises(asyncio.CancelledError):
            await shield
        body.leave.set()
        assert await call == 'left'
        assert body.seen == [False, False, 'went on']

    run_async(main)


def test_row_11_what_ended_cannot_be_cancelled(run_async):
    async def main():
        call = threaded(lambda: 'result')()
        assert await call == 'result'
        assert not call.cancel() and not call.cancelled()
        assert await call == 'result'

    run_async(main)


def test_row_11_the_message_arrives(run_async):
    async def main():
        body = Blocked()
        call = threaded(body)()
        call.cancel('enough of it')
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        assert caught.value.args == ('enough of it',)

    run_async(main)


def test_row_11_others_are_not_cancelled(run_async):
    """Neither another call of the same function, nor who comes to the same thread next."""
    async def main():
        async with AioThreads.Executor.new_pool('one', 1) as pool:
            bodies = Blocked(), Gate()
            calls = [threaded(body, executor=pool)() for body in bodies]
            assert bodies[0].running.wait(60)
            calls[0].cancel()
            assert bodies[1].running.wait(60)
            bodies[1].leave.set()
            assert await calls[1] == 'left'
            assert bodies[1].seen == [False, False, 'went on'] and bodies[0].learnt_of_it()

    run_async(main)


def test_row_11_what_a_cancelled_body_does_later_is_dropped(run_async):
    """Neither a late result nor a late error is anybody's."""
    def late(gate, how):
        with contextlib.suppress(asyncio.CancelledError):
            gate()
        if how == 'error':
            raise ValueError('late')
        return 'late'

    async def main():
        pool = AioThreads.Executor.new_pool('two', 2)
        for how in ('result', 'error'):
            gate = Gate()
            call = threaded(late, executor=pool)(gate, how)
            assert gate.running.wait(60)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            gate.leave.set()
        finish(pool)
        assert (pool.props.n_done, pool.props.n_failed) == (2, 1)
        await threaded(int)()

    run_async(main)


def test_row_11_outside_of_a_worker_nothing_is_cancelled(run_async):
    async def main():
        task = asyncio.current_task()
        task.cancel()
        assert AioThreads.is_cancelled() is False and AioThreads.check_cancelled() is None
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        task.uncancel()

    assert AioThreads.is_cancelled() is False and AioThreads.check_cancelled() is None
    run_async(main)
