# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of the Python face that were mended, each forced to happen."""

import asyncio

import pytest

from gi.repository import AioThreads


def count(n):
    yield from range(n)


# --- Items that nobody takes


def test_anext_with_a_default_gives_it_at_the_end(run_async):
    async def main():
        iterator = AioThreads.IteratorWrapper(lambda: count(1))
        return [await anext(iterator, 'end') for _ in range(3)]

    assert run_async(main) == [0, 'end', 'end']


async def begun(iterator, running):
    """Asks for the first item, and waits until all others are there."""
    assert await anext(iterator) == 0
    await running


def test_an_item_is_not_lost_where_there_was_no_time_to_wait_for_it(run_async):
    async def main():
        loop = asyncio.get_running_loop()
        have_all = loop.create_future()

        def body():
            yield from range(3)
            loop.call_soon_threadsafe(have_all.set_result, None)

        iterator = AioThreads.IteratorWrapper(body)
        await begun(iterator, have_all)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(iterator), 0)
        return [item async for item in iterator]

    assert run_async(main) == [1, 2]


def test_an_item_is_not_lost_where_its_task_is_cancelled_before_it_begins(run_async):
    async def main():
        loop = asyncio.get_running_loop()
        have_all = loop.create_future()

        def body():
            yield from range(3)
            loop.call_soon_threadsafe(have_all.set_result, None)

        iterator = AioThreads.IteratorWrapper(body)
        await begun(iterator, have_all)
        task = asyncio.ensure_future(anext(iterator))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        iterator.__anext__()
        return [item async for item in iterator]

    assert run_async(main) == [1, 2]
