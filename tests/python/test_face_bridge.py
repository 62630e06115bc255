# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a worker back into the loop: sync_await (), wait_coroutine () and sync_wait_coroutine ()."""

import asyncio
import functools
import inspect
import threading
import traceback

import pytest
from face_util import Flag, run_in_thread
from gi.repository.AioThreads import (
    EVENT_LOOP, sync_await, sync_wait_coroutine, threaded, threaded_separate, wait_coroutine)


async def double(number, add=0):
    await asyncio.sleep(0)
    return number * 2 + add


async def fail(error):
    await asyncio.sleep(0)
    raise error


class Doubler:
    """Awaitables that are no coroutines, and methods."""

    def __init__(self, number):
        self.number = number

    def __await__(self):
        return double(self.number).__await__()

    async def method(self):
        return await self


async def ask_in_thread(function):
    done = Flag()
    thread, outcome = run_in_thread(lambda: [function(), done.set()][0])
    await done.wait()
    thread.join()
    return outcome[0][0]


# --- What is awaited --------------------------------------------------------

def test_runs_on_the_loop(run_async):
    """And the worker waits in its own thread for the result."""
    async def where():
        return threading.get_ident(), asyncio.get_running_loop()

    @threaded
    def body():
        return threading.get_ident(), sync_await(where)

    async def main():
        worker, seen = await body()
        assert worker != threading.get_ident()
        assert seen == (threading.get_ident(), asyncio.get_running_loop())

    run_async(main)


def test_arguments(run_async):
    async def main():
        assert await threaded(lambda: sync_await(double, 20, add=2))() == 42

    run_async(main)


@pytest.mark.parametrize('make', [
    lambda: (double, 21),
    lambda: (functools.partial(double, 20, add=2),),
    lambda: (lambda: double(21),),
    lambda: (Doubler(21).method,),
    lambda: (Doubler, 21),
    lambda: (threaded(lambda: 42),),
    lambda: (threaded_separate(lambda: 42),),
    lambda: (asyncio.sleep, 0, 42),
    lambda: (asyncio.wait_for, double(21), 60),
    lambda: (double(21),),
    lambda: (Doubler(21),),
    lambda: (asyncio.ensure_future(double(21)),),
    lambda: (threaded(lambda: 42)(),),
], ids=['coroutine function', 'partial', 'lambda', 'method', 'class', 'threaded', 'separate', 'sleep', 'wait_for',
        'coroutine', 'awaitable', 'task', 'call'])
def test_anything_that_can_be_awaited(run_async, make):
    async def main():
        assert await threaded(sync_await)(*make()) == 42

    run_async(main)


@pytest.mark.parametrize('what', [lambda: 42, None, 42, 'text'], ids=repr)
def test_what_can_not_be_awaited_is_refused(run_async, what):
    async def main():
        with pytest.raises(TypeError):
            await threaded(sync_await)(what)

    run_async(main)


def test_ready_made_takes_no_arguments(run_async):
    async def main():
        with pytest.raises(TypeError):
            await threaded(sync_await)(Doubler(21), 42)

    run_async(main)


@pytest.mark.parametrize('value', [None, False, 0, '', (), 2 ** 100, 'a\0b'], ids=repr)
def test_any_result(run_async, value):
    async def main():
        result = await threaded(sync_await)(asyncio.sleep, 0, value)
        assert result == value and type(result) is type(value)

    run_async(main)


def test_loop_of_the_call(run_async):
    async def main():
        loop = asyncio.get_running_loop()
        assert await threaded(EVENT_LOOP.get)() is loop
        assert await threaded_separate(EVENT_LOOP.get)() is loop
        # It is known to workers, and not set for who called.
        assert EVENT_LOOP.get(None) is not loop

    run_async(main)


def test_many_workers(run_async):
    async def main():
        calls = [threaded(sync_await)(double, number) for number in range(100)]
        calls += [threaded_separate(sync_await)(double, number) for number in range(100, 120)]
        assert await asyncio.gather(*calls) == [number * 2 for number in range(120)]

    run_async(main)


# --- wait_coroutine () and sync_wait_coroutine () ---------------------------

def test_wait_coroutine(run_async):
    async def main():
        loop = asyncio.get_running_loop()
        assert await threaded(lambda: wait_coroutine(double(21)))() == 42
        assert await threaded(lambda: wait_coroutine(double(21), loop))() == 42
        assert await threaded(lambda: wait_coroutine(double(21), loop=loop, timeout=60))() == 42

    run_async(main)


def test_sync_wait_coroutine(run_async):
    async def main():
        loop = asyncio.get_running_loop()
        assert await threaded(sync_wait_coroutine)(loop, double, 20, add=2) == 42
        assert await threaded(sync_wait_coroutine)(loop, double(21)) == 42

    run_async(main)


def test_other_threads_name_the_loop(run_async):
    async def main():
        loop = asyncio.get_running_loop()
        assert await ask_in_thread(lambda: sync_wait_coroutine(loop, double, 20, add=2)) == 42
        assert await ask_in_thread(lambda: wait_coroutine(double(21), loop)) == 42
        assert await asyncio.to_thread(sync_wait_coroutine, loop, double, 21) == 42
        await loop.shutdown_default_executor()

    run_async(main)


def test_threads_without_a_loop_are_refused():
    """What can't be awaited for that reason is closed, so that nobody is warned that it never was awaited."""
    coroutines = [double(21), double(21)]
    for refused in (lambda: sync_await(double, 21), lambda: sync_await(coroutines[0]), lambda: wait_coroutine(coroutines[1])):
        thread, outcome = run_in_thread(refused)
        thread.join()
        assert isinstance(outcome[0][1], RuntimeError), outcome
    assert [inspect.getcoroutinestate(coroutine) for coroutine in coroutines] == [inspect.CORO_CLOSED] * 2


# --- Errors and cancelling --------------------------------------------------

class Outside(BaseException):
    """No Exception, but nothing that ends the loop either."""


@pytest.mark.parametrize('error', [ValueError('wrong'), Outside('wrong'), asyncio.TimeoutError(), GeneratorExit()], ids=repr)
def test_error_is_the_same_object(run_async, error):
    def body():
        with pytest.raises(type(error)) as caught:
            sync_await(fail, error)
        assert caught.value is error
        return [frame.name for frame in traceback.extract_tb(error.__traceback__)]

    async def main():
        # Through the worker's frame and that of the coroutine.
        names = await threaded(body)()
        assert names[0] == 'body' and names[-1] == 'fail'

    run_async(main)


def test_error_of_the_callable_itself(run_async):
    def start():
        raise error

    error = ValueError('before there is anything to await')

    async def main():
        with pytest.raises(ValueError) as caught:
            await threaded(sync_await)(start)
        assert caught.value is error

    run_async(main)


def test_stop_iteration_is_an_error(run_async):
    """The coroutine of Python itself turns it into RuntimeError, and a callable that raises it is treated alike."""
    def start():
        raise StopIteration(42)

    async def main():
        for what in (lambda: sync_await(fail, StopIteration(42)), lambda: sync_await(start)):
            with pytest.raises(RuntimeError):
                await threaded(what)()

    run_async(main)


@pytest.mark.parametrize('made', [True, False])
def test_cancelled_at_home(run_async, made):
    def body(what):
        with pytest.raises(asyncio.CancelledError):
            sync_await(what)
        return 'went on'

    async def main():
        started = asyncio.Event()

        async def wait_for_ever():
            tasks.append(asyncio.current_task())
            started.set()
            await asyncio.Event().wait()

        tasks = []
        # One task that is ours, and one that was made for the worker.
        what = asyncio.ensure_future(wait_for_ever()) if made else wait_for_ever
        call = threaded(body)(what)
        await asyncio.wait_for(started.wait(), 60)
        tasks[0].cancel()
        assert await call == 'went on'

    run_async(main)


@pytest.mark.parametrize('how', ['cancel', 'wait_for', 'task'])
def test_cancelling_the_call_cancels_what_is_awaited(run_async, how):
    async def main():
        started, cancelled, woken = asyncio.Event(), asyncio.Event(), Flag()

        async def wait_for_ever():
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        @threaded
        def body():
            try:
                sync_await(wait_for_ever)
            except asyncio.CancelledError:
                woken.set()
                raise

        async def await_body():
            await call

        call = body()
        await asyncio.wait_for(started.wait(), 60)
        if how == 'wait_for':
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(call, 0.001)
        else:
            awaited = call if how == 'cancel' else asyncio.create_task(await_body())
            await asyncio.sleep(0)
            awaited.cancel()
            with pytest.raises(asyncio.CancelledError):
                await awaited
        await asyncio.wait_for(cancelled.wait(), 60)
        await woken.wait()

    run_async(main)


def test_who_was_cancelled_awaits_nothing(run_async):
    """Not even what takes no time."""
    async def main():
        running, leave, outcome, awaited = Flag(), threading.Event(), [], []

        async def note():
            awaited.append('started')

        @threaded
        def body():
            running.set()
            leave.wait(60)
            try:
                sync_await(note)
            except asyncio.CancelledError as error:
                outcome.append(error)
            ended.set()

        ended = Flag()
        call = body()
        await running.wait()
        call.cancel()
        leave.set()
        await ended.wait()
        assert len(outcome) == 1 and not awaited
        with pytest.raises(asyncio.CancelledError):
            await call

    run_async(main)


def test_timeout(run_async):
    async def main():
        cancelled = asyncio.Event()

        async def wait_for_ever():
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        with pytest.raises(asyncio.TimeoutError):
            await threaded(lambda: wait_coroutine(wait_for_ever(), timeout=0.01))()
        # Nobody waits for it any more.
        await asyncio.wait_for(cancelled.wait(), 60)
        assert await threaded(lambda: wait_coroutine(double(21), timeout=60))() == 42

    run_async(main)
