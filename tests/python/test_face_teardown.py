# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is left when iterators and channels have gone, or their loop has: nothing, and not a word on stderr."""

import asyncio
import gc
import os
import sys

import pytest
from gi.repository import AioThreads
from gi.repository.AioThreads import FromThreadChannel, IteratorWrapper, IteratorWrapperSeparate
from streams import assert_quiet, run_program

pytestmark = pytest.mark.filterwarnings('error')

N_MANY = 10000


# --- Many -------------------------------------------------------------------

def n_threads():
    return len(os.listdir('/proc/self/task'))


def n_objects():
    gc.collect()
    return len(gc.get_objects()), sys.getallocatedblocks()


async def take_all(make):
    assert [item async for item in make()] == [0, 1, 2]


async def leave_by_break(make):
    async for _ in make():
        break


async def take_one(make):
    assert await anext(make()) == 0


async def take_a_batch(make):
    assert (await make().next_many())[0] == 0


async def leave_a_context_manager(make):
    async with make() as iterator:
        await anext(iterator)


async def close(make):
    iterator = make()
    await anext(iterator)
    iterator.close()


async def close_before_the_start(make):
    make().close()


async def never_start(make):
    make()


async def give_up(make):
    task = asyncio.ensure_future(anext(make(), None))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


USES = [take_all, leave_by_break, take_one, take_a_batch, leave_a_context_manager, close, close_before_the_start, never_start,
        give_up]


async def assert_nothing_is_kept(use_many, number):
    """What is kept once only does not count."""
    await use_many(number // 10)
    objects, blocks = n_objects()
    await use_many(number)
    objects_after, blocks_after = n_objects()
    assert (objects_after - objects) / number < 0.1
    assert (blocks_after - blocks) / number < 0.5


@pytest.mark.skipif(not os.path.isdir('/proc/self/task'), reason='this system does not tell the number of threads')
def test_ten_thousand_iterators_leave_nothing(run_async):
    async def use_many(number):
        async with AioThreads.Executor.new_pool('streams', 4) as pool:
            for i in range(number):
                await USES[i % len(USES)](lambda: IteratorWrapper(range(3), max_size=1 + i % 4, executor=pool))
        assert pool.props.n_threads == 0

    async def main():
        n_before = n_threads()
        await assert_nothing_is_kept(use_many, N_MANY)
        # They have left the pool, but may not be quite out of the process.
        assert n_threads() <= n_before + 4

    run_async(main)


@pytest.mark.skipif(not os.path.isdir('/proc/self/task'), reason='this system does not tell the number of threads')
def test_thousand_separate_iterators_leave_nothing(run_async):
    async def use_many(number):
        for _ in range(number):
            async with IteratorWrapperSeparate(range(3), max_size=1) as iterator:
                await anext(iterator)

    async def main():
        n_before = n_threads()
        await assert_nothing_is_kept(use_many, N_MANY // 10)
        assert n_threads() <= n_before + 4

    run_async(main)


def test_thousand_channels_leave_nothing(run_async):
    async def use_many(number):
        for i in range(number):
            channel = FromThreadChannel(3)
            waiting = asyncio.ensure_future(channel.get())
            await asyncio.sleep(0)
            for item in range(3):
                channel.put(item)
            assert await waiting == 0 and await channel == 1
            if i % 2:
                async for item in channel:
                    break
            if i % 3:
                channel.close()

    async def main():
        await assert_nothing_is_kept(use_many, N_MANY // 10)

    run_async(main)


# --- The loop goes ----------------------------------------------------------

BODY = '''
    ended = threading.Event()

    def body():
        try:
            while True:
                yield 0
        finally:
            ended.set()
'''


def program(text):
    return BODY + text


@pytest.mark.parametrize('name', ['IteratorWrapper', 'IteratorWrapperSeparate'])
def test_loop_ends_before_its_iterator(loop_kind, name):
    assert_quiet(run_program(loop_kind, program(f'''
    iterator = AioThreads.{name}(body, max_size=1)

    async def main():
        assert await anext(iterator) == 0

    run(main)
    print('stopped' if ended.wait(30) else 'hangs')
    del iterator
    ''')), 'stopped')


def test_loop_ends_before_an_iterator_that_never_started(loop_kind):
    assert_quiet(run_program(loop_kind, program('''
    iterators = []

    async def main():
        iterators.append(AioThreads.threaded_iterable(body)())

    run(main)
    iterators.clear()
    print(ended.is_set())
    ''')), 'False')


def test_loop_ends_while_tasks_iterate(loop_kind):
    assert_quiet(run_program(loop_kind, program('''
    async def consume():
        async for _ in AioThreads.IteratorWrapper(body, max_size=1):
            await asyncio.sleep(0)

    async def main():
        tasks = [asyncio.create_task(consume()) for _ in range(20)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()

    run(main)
    print('stopped' if ended.wait(30) else 'hangs')
    ''')), 'stopped')


def test_loop_ends_after_close_that_nobody_awaited(loop_kind):
    assert_quiet(run_program(loop_kind, program('''
    async def main():
        iterator = AioThreads.IteratorWrapper(body, max_size=1)
        await anext(iterator)
        iterator.close()

    run(main)
    print('stopped' if ended.wait(30) else 'hangs')
    ''')), 'stopped')


def test_program_ends_while_a_body_is_blocked(loop_kind):
    """Its clean-up is done."""
    assert_quiet(run_program(loop_kind, '''
    def body():
        try:
            while True:
                yield 0
        finally:
            print('cleaned-up', flush=True)

    async def main():
        global iterator
        iterator = AioThreads.IteratorWrapper(body, max_size=1)
        await anext(iterator)
        sys.exit()

    run(main)
    '''), 'cleaned-up')


def test_loop_ends_while_a_worker_is_blocked_in_put(loop_kind):
    assert_quiet(run_program(loop_kind, '''
    channel, ended = AioThreads.FromThreadChannel(1), threading.Event()

    @AioThreads.threaded_separate
    def produce():
        try:
            while True:
                channel.put(0)
        finally:
            ended.set()

    async def main():
        produce()
        assert await channel == 0

    run(main)
    print('stopped' if ended.wait(30) else 'hangs')
    '''), 'stopped')


def test_loop_ends_before_its_channel(loop_kind):
    assert_quiet(run_program(loop_kind, '''
    channel = AioThreads.FromThreadChannel(10)

    async def iterate():
        async for _ in channel:
            pass

    async def main():
        tasks = [asyncio.create_task(iterate()), asyncio.ensure_future(channel.get(timeout=1000))]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()

    run(main)
    channel.put(1)
    print(len(channel), flush=True)
    channel.close()
    del channel
    '''), '1')


def test_next_loop_goes_on_with_a_channel(loop_kind):
    assert_quiet(run_program(loop_kind, '''
    channel = AioThreads.FromThreadChannel(10)

    async def wait():
        waiting = asyncio.ensure_future(channel.get())
        await asyncio.sleep(0)
        waiting.cancel()

    async def get():
        print(await channel)

    run(wait)
    channel.put('item')
    run(get)
    '''), 'item')
