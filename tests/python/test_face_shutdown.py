# SPDX-License-Identifier: LGPL-2.1-or-later
"""Executors that are shut down."""

import asyncio
import threading

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import IteratorWrapper, sync_await, threaded

KINDS = {
    'pool': lambda: AioThreads.Executor.new_pool('pool', 2),
    'serial': lambda: AioThreads.Executor.new_serial('serial'),
    'separate': lambda: AioThreads.Executor.new_separate('separate', True),
}


@pytest.fixture(params=KINDS)
def executor(request):
    return KINDS[request.param]()


def test_leaving_waits(run_async, executor):
    """For what runs, and for what waits for its turn. The loop goes on, which they may need."""
    async def main():
        async with executor as entered:
            assert entered is executor
            calls = [threaded(executor=executor)(sync_await)(asyncio.sleep, 0, number) for number in range(5)]
        # They have ended. Their results arrive in the order of all others.
        assert executor.props.n_done == 5 and executor.props.n_running == 0
        assert await asyncio.gather(*calls) == list(range(5))

    if executor.props.n_done:
        pytest.skip('an executor is shut down once')
    run_async(main)


def test_leaving_blocks_where_there_is_no_loop(executor):
    ran = []
    with executor as entered:
        assert entered is executor
        for number in range(5):
            AioThreads.offload(ran.append, number, executor=executor)
    assert sorted(ran) == list(range(5))


def test_what_comes_too_late_is_refused(run_async):
    """With an error that says why, and nothing of it runs."""
    def body():
        ran.append('generator')
        yield 1

    async def main():
        executor = AioThreads.Executor.new_pool('closed', 1)
        async with executor:
            pass
        with pytest.raises(RuntimeError, match='shut'):
            await threaded(executor=executor)(ran.append)('call')
        with pytest.raises(RuntimeError, match='shut'):
            await executor.call(ran.append, 'call')
        with pytest.raises(RuntimeError, match='shut'):
            await IteratorWrapper(body, executor=executor).__anext__()

    ran = []
    run_async(main)
    assert not ran


def test_error_of_the_block_is_raised(run_async):
    async def main():
        call = None
        with pytest.raises(ZeroDivisionError):
            async with AioThreads.Executor.new_pool('pool', 1) as executor:
                call = threaded(executor=executor)(abs)(-42)
                1 / 0
        assert await call == 42

    run_async(main)


def test_pools_of_python(run_async):
    """As those of concurrent.futures."""
    async def main():
        with AioThreads.ThreadPoolExecutor(max_workers=2) as pool:
            futures = [pool.submit(abs, -number) for number in range(5)]
            call = threaded(executor=pool)(threading.get_ident)()
        assert [future.result(60) for future in futures] == list(range(5))
        assert await call != threading.get_ident()
        with pytest.raises(RuntimeError):
            pool.submit(abs, -1)

    run_async(main)
