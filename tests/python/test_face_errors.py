# SPDX-License-Identifier: LGPL-2.1-or-later
"""What functions raise in a worker, on its way to the caller."""

import asyncio
import concurrent.futures
import contextlib
import functools
import gc
import logging
import threading
import traceback
import weakref

import pytest
from gi.repository import AioThreads, Gio, GLib
from gi.repository.AioThreads import run_in_executor, run_in_new_thread, threaded, threaded_separate


def in_concurrent_executor(function):
    async def call(*arguments):
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            return await run_in_executor(function, executor, arguments)

    return call


WAYS = {
    'threaded': threaded,
    'threaded_separate': threaded_separate,
    'not detached': threaded_separate(detach=False),
    'run_in_executor': lambda function: lambda *arguments: run_in_executor(function, args=arguments),
    'run_in_new_thread': lambda function: lambda *arguments: run_in_new_thread(function, arguments),
    'Executor.call': lambda function: functools.partial(AioThreads.Executor.dup_default().call, function),
    'concurrent executor': in_concurrent_executor,
}


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    """A way to have a function called in a worker."""
    return request.param


class Odd(BaseException):
    """What a program calls an error is its own business."""


class StopsEarly(StopIteration):
    """In Python an error like others, but not for those who wait for a generator."""


class Weak(ValueError):
    """Errors of Python itself can't be watched."""


def fail(error):
    raise error


async def ended(call):
    """Waits until it has, and takes nothing."""
    done = asyncio.Event()
    call.add_done_callback(lambda call: done.set())
    await done.wait()


@contextlib.contextmanager
def told_of(text):
    """Gives an event that is set once @text has been logged by asyncio, in whatever thread."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    handler = logging.Handler()
    logger = logging.getLogger('asyncio')

    def emit(record):
        if text in logging.Formatter().format(record):
            loop.call_soon_threadsafe(event.set)

    handler.emit = emit
    logger.addHandler(handler)
    try:
        yield event
    finally:
        logger.removeHandler(handler)


@contextlib.contextmanager
def logged(caplog, capfd):
    """What becomes of errors that nobody took: the handler of the loop, log records, and what C prints."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(None)
    caplog.clear()
    told = []
    try:
        yield told
    finally:
        gc.collect()
        loop.set_exception_handler(before)
        told += [caplog.handler.format(record) for record in caplog.records] + capfd.readouterr().err.splitlines()


# --- Row 10 -----------------------------------------------------------------

def test_row_10_same_object_with_the_traceback_of_the_worker(run_async, way):
    def body_that_fails(error):
        error.thread = threading.get_ident()
        fail(error)

    async def main():
        error = ValueError('wrong', 42)
        with pytest.raises(ValueError) as caught:
            await way(body_that_fails)(error)
        assert caught.value is error and error.args == ('wrong', 42)
        assert error.thread != threading.get_ident()
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert names[0] == 'main' and names[-2:] == ['body_that_fails', 'fail']

    run_async(main)


@pytest.mark.parametrize('make', [
    ValueError, KeyError, OSError, AssertionError, TimeoutError, asyncio.InvalidStateError, StopAsyncIteration, RuntimeError,
    KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError, concurrent.futures.CancelledError, Odd],
    ids=lambda make: make.__qualname__)
def test_row_10_everything_raised_reaches_the_caller(run_async, way, make):
    async def main():
        error = make('raised')
        with pytest.raises(make) as caught:
            await way(fail)(error)
        assert caught.value is error
        # Nothing ended by it: neither the task nor who works.
        assert asyncio.current_task().cancelling() == 0
        assert await way(lambda: 'still here')() == 'still here'

    run_async(main)


@pytest.mark.parametrize('make', [StopIteration, StopsEarly], ids=lambda make: make.__name__)
def test_defect_k_stop_iteration_is_an_error(run_async, way, make):
    async def main():
        error = make('value')
        with pytest.raises(RuntimeError) as caught:
            await way(fail)(error)
        assert caught.value.__cause__ is error
        assert traceback.extract_tb(error.__traceback__)[-1].name == 'fail'

    run_async(main)


@pytest.mark.parametrize('make', [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit, StopIteration, Odd],
                         ids=lambda make: make.__qualname__)
def test_row_10_the_thread_of_the_pool_lives_on(run_async, make):
    async def main():
        async with AioThreads.Executor.new_pool('one', 1) as pool:
            body = threaded(threading.get_ident, executor=pool)
            thread = await body()
            for _ in range(5):
                with pytest.raises(BaseException):
                    await threaded(fail, executor=pool)(make())
                assert await body() == thread
        assert (pool.props.n_done, pool.props.n_failed) == (11, 5)

    run_async(main)


def test_row_10_a_hundred_errors(run_async, way):
    async def main():
        errors = [ValueError(number) for number in range(100)]
        caught = await asyncio.gather(*(way(fail)(error) for error in errors), return_exceptions=True)
        assert [id(error) for error in caught] == [id(error) for error in errors]

    run_async(main)


def test_row_10_errors_of_glib(run_async, way):
    async def main():
        error = GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND)
        with pytest.raises(GLib.Error) as caught:
            await way(fail)(error)
        assert caught.value is error
        assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)
        assert caught.value.message == 'no such thing'

    run_async(main)


def test_row_10_every_task_that_waits_gets_it(run_async):
    async def wait(call):
        return await call

    async def main():
        error = ValueError('wrong')
        call = threaded(fail)(error)
        assert await asyncio.gather(*(wait(call) for _ in range(3)), return_exceptions=True) == [error] * 3
        assert call.exception() is error
        with pytest.raises(ValueError):
            await call

    run_async(main)


def test_defect_x_no_error_causes_itself(run_async, way):
    def body(error, cause):
        try:
            fail(KeyError('context'))
        except KeyError:
            raise error from cause

    async def main():
        for cause in (None, OSError('cause')):
            error = ValueError('wrong')
            with pytest.raises(ValueError):
                await way(body)(error, cause)
            assert error.__cause__ is cause
            assert isinstance(error.__context__, KeyError) and error.__context__.__context__ is None
        error = ValueError('alone')
        with pytest.raises(ValueError):
            await way(fail)(error)
        assert (error.__cause__, error.__context__, error.__suppress_context__) == (None, None, False)

    run_async(main)


def test_row_10_wrong_arguments(run_async, way):
    async def main():
        with pytest.raises(TypeError):
            await way(lambda: None)('too many')

    run_async(main)


# --- Errors that nobody took ------------------------------------------------

@pytest.mark.parametrize('how', ['threaded', 'separate', 'no_return'])
def test_row_2_an_error_nobody_took_is_logged_once(run_async, caplog, capfd, how):
    call = {'threaded': threaded(fail), 'separate': threaded_separate(fail),
            'no_return': lambda error: run_in_new_thread(fail, (error,), no_return=True)}[how]
    started, leave = threading.Event(), threading.Event()

    async def main():
        with logged(caplog, capfd) as told, told_of('nobody takes this') as logged_once:
            error = ValueError('nobody takes this')
            future = call(error)
            if how == 'no_return':
                # There when the thread has started, which is before it fails.
                assert await future is None
            else:
                await ended(future)
            del error, future
            gc.collect()
            await logged_once.wait()
            # The same once more, dropped before it ended.
            pool = AioThreads.Executor.new_pool('one', 1)
            threaded(gate, executor=pool)()
            assert started.wait(60)
            leave.set()
            pool.shutdown_sync(AioThreads.Shutdown.WAIT, AioThreads.TIMEOUT_NONE, None)
            await threaded(int)()
        text = '\n'.join(told)
        assert text.count('ValueError: nobody takes this') == 1
        assert text.count('ValueError: dropped before') == 1

    def gate():
        started.set()
        assert leave.wait(60)
        raise ValueError('dropped before')

    run_async(main)


@pytest.mark.parametrize('take', ['await', 'exception', 'result', 'gather'])
def test_row_2_an_error_somebody_took_is_not_logged(run_async, caplog, capfd, take):
    async def main():
        with logged(caplog, capfd) as told:
            future = threaded(fail)(ValueError('taken'))
            if take == 'gather':
                await asyncio.gather(future, return_exceptions=True)
            elif take == 'await':
                with pytest.raises(ValueError):
                    await future
            else:
                await ended(future)
                with pytest.raises(ValueError):
                    raise future.exception() if take == 'exception' else future.result()
            del future
        assert told == []

    run_async(main)


def test_row_10_errors_are_let_go(run_async, collect, way):
    errors = weakref.WeakSet()

    async def main():
        for number in range(50):
            error = Weak(number)
            errors.add(error)
            with contextlib.suppress(ValueError):
                await way(fail)(error)

    run_async(main)
    collect(lambda: not errors)
    assert len(errors) == 0
