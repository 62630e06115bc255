# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of the Python face that were mended, each forced to happen."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import types
import weakref

import pytest
from gi.repository import AioThreads, GLib

from gi.overrides import _gi_aiothreads as native  # noqa: E402 (it is loaded with the namespace)
from gi.overrides.AioThreads import _loops  # noqa: E402


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


# --- Calls as coroutines


def test_a_call_can_be_made_a_task_again_and_again(run_async):
    @AioThreads.threaded
    def give(value):
        return value

    async def main():
        call = give(5)
        # A task that has gone may leave its address to the next one.
        return [await asyncio.create_task(call) for _ in range(10)]

    assert run_async(main) == [5] * 10


def test_a_call_can_be_made_several_tasks(run_async):
    gate = threading.Event()

    async def main():
        call = AioThreads.run_in_executor(gate.wait)
        tasks = [asyncio.create_task(call) for _ in range(3)]
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*tasks)

    assert run_async(main) == [True] * 3


def test_a_task_that_is_cancelled_before_it_begins_cancels_its_call(run_async):
    gate = threading.Event()

    async def main():
        call = AioThreads.run_in_executor(gate.wait)
        task = asyncio.create_task(call)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gate.set()
        return task.cancelled(), call.cancelled()

    assert run_async(main) == (True, True)


def test_a_call_keeps_no_task(run_async):
    async def main():
        call = AioThreads.run_in_executor(int)
        task = asyncio.create_task(call)
        await task
        gone = weakref.ref(task)
        del task
        await asyncio.sleep(0)
        gc.collect()
        return gone()

    assert run_async(main) is None


# --- Functions with attributes


class Callable:
    """Has attributes with the names of those that a wrapper has."""

    def __init__(self):
        self.func = self.executor = self._threaded = self._iterable = None

    def __call__(self):
        return 'called'


def method(self):
    return 'called'


def generator_method(self):
    yield 'called'


method.func = generator_method.func = None


class HasMethods:
    plain = AioThreads.threaded(method)
    iterable = AioThreads.threaded_iterable(generator_method)


def test_attributes_of_a_function_do_not_replace_it(run_async):
    async def main():
        calls = AioThreads.threaded(Callable()), AioThreads.threaded_separate(Callable()), HasMethods().plain
        return [await call() for call in calls] + [item async for item in HasMethods().iterable()]

    assert run_async(main) == ['called'] * 4


def test_what_is_threaded_already_can_be_made_threaded(run_async):
    async def main():
        return await AioThreads.threaded_separate(AioThreads.threaded(Callable()))()

    assert run_async(main) == 'called'


# --- Coroutines that go


def test_a_coroutine_that_is_closed_while_it_waits_takes_no_item(run_async):
    async def main():
        channel = AioThreads.FromThreadChannel()
        gone = channel.get()
        gone.send(None)
        gone.close()
        channel.put('item')
        return await asyncio.wait_for(channel.get(), 10)

    assert run_async(main) == 'item'


def test_a_coroutine_that_is_closed_when_its_item_has_come_gives_it_back(run_async):
    async def main():
        channel = AioThreads.FromThreadChannel()
        gone = channel.get()
        waiter = gone.send(None)
        channel.put('item')
        while not waiter.done():
            await asyncio.sleep(0)
        gone.close()
        return len(channel), await asyncio.wait_for(channel.get(), 10)

    assert run_async(main) == (1, 'item')


def test_a_coroutine_that_is_closed_does_not_end_its_iterator(run_async):
    gate = threading.Event()

    def body():
        yield 1
        gate.wait()
        yield 2
        yield 3

    async def main():
        iterator = AioThreads.IteratorWrapper(body)
        assert await anext(iterator) == 1
        for gone in iterator.__anext__(), iterator.next_many(2):
            gone.send(None)
            gone.close()
        gate.set()
        return await iterator.next_many(2)

    assert run_async(main) == [2, 3]


# --- Iterators of channels


def test_several_items_of_a_channel_come_at_once(run_async):
    async def main():
        channel = AioThreads.FromThreadChannel()
        iterator = aiter(channel)
        for item in range(5):
            channel.put(item)
        batches = [await iterator.next_many(2, 3)]
        waiting = asyncio.ensure_future(iterator.next_many(4))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        channel.close()
        return batches + [await iterator.next_many(4), await iterator.next_many()]

    assert run_async(main) == [[0, 1, 2], [3, 4], []]


def test_an_iterator_of_a_channel_takes_nothing_once_it_is_closed(run_async):
    async def main():
        channel = AioThreads.FromThreadChannel()
        iterator = aiter(channel)
        channel.put('item')
        await iterator.close()
        return await anext(iterator, 'end'), await iterator.next_many(), len(channel)

    assert run_async(main) == ('end', [], 1)


# --- What is kept


class Thing:
    pass


def test_an_iterator_that_its_body_knows_is_collected(run_async):
    async def iterate():
        known = []

        def body():
            yield len(known)

        known.append(AioThreads.IteratorWrapper(body))
        assert [item async for item in known[0]] == [1]
        await known[0].wait_closed()
        return weakref.ref(known[0])

    async def main():
        gone = await iterate()
        while gone() is not None:
            await asyncio.sleep(0)
            gc.collect()

    run_async(main)


def test_a_body_that_has_ended_keeps_nothing(run_async):
    async def iterate():
        thing = Thing()

        def body():
            yield thing is not None

        iterator = AioThreads.IteratorWrapper(body)
        assert [item async for item in iterator] == [True]
        await iterator.wait_closed()
        return weakref.ref(thing)

    async def main():
        gc.disable()
        try:
            gone = await iterate()
            while gone() is not None:
                await asyncio.sleep(0)
        finally:
            gc.enable()

    run_async(main)


# --- Garbage


def test_what_waits_in_a_loop_that_nobody_has_is_not_collected():
    gbulb = pytest.importorskip('gbulb')
    main_context = GLib.MainContext.new()
    channel = AioThreads.Channel.new(1)
    got = []

    async def receive():
        got.append(await anext(aiter(channel.iterate())))

    def begin():
        loop = gbulb.GLibEventLoop(context=main_context)
        receiving = [loop.create_task(receive())]
        loop.run_until_complete(asyncio.sleep(0))
        receiving.clear()

    begin()
    gc.collect()
    channel.put('item')
    while not got:
        main_context.iteration(True)
    assert got == ['item']


def test_a_loop_can_be_collected_while_another_one_is_made_known(monkeypatch):
    async def use():
        await AioThreads.run_in_executor(int)

    def collect_first(*arguments):
        gc.collect()
        return native.Home(*arguments)

    gc.disable()
    try:
        with pytest.warns(ResourceWarning, match='unclosed event loop'):
            # In a cycle with its home.
            asyncio.new_event_loop().run_until_complete(use())
            loop = asyncio.new_event_loop()
            monkeypatch.setattr(_loops, 'native', types.SimpleNamespace(**vars(native) | {'Home': collect_first}))
            loop.run_until_complete(use())
            loop.close()
    finally:
        gc.enable()


# --- Threads that end


def in_thread(function, *arguments):
    """Calls a function in a thread, which has ended when this returns."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    thread.join()
    # Python does not wait until the system has ended it.
    while str(thread.native_id) in os.listdir('/proc/self/task'):
        pass
    return results[0]


def test_what_a_thread_submitted_is_done_when_it_has_ended():
    gate = threading.Event()
    with AioThreads.ThreadPoolExecutor(1) as executor:
        first, second = in_thread(lambda: (executor.submit(gate.wait), executor.submit(int)))
        gate.set()
        assert first.result(60) is True
        assert second.result(60) == 0


def test_a_loop_goes_on_in_another_thread():
    gate = threading.Event()
    loop = asyncio.new_event_loop()

    async def begin():
        return AioThreads.run_in_executor(gate.wait)

    async def finish(call):
        return await asyncio.wait_for(call, 60)

    call = in_thread(loop.run_until_complete, begin())
    gate.set()
    assert loop.run_until_complete(finish(call)) is True
    loop.close()


# --- Iterators in several loops


@pytest.fixture
def other_loop():
    """A loop that runs in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_several_loops_share_an_iterator(run_async, other_loop):
    gate = threading.Event()

    def body():
        yield 1
        gate.wait()
        yield 2

    async def take(iterator):
        return await anext(iterator)

    async def main():
        iterator = AioThreads.IteratorWrapper(body)
        assert await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(take(iterator), other_loop)) == 1
        waiting = asyncio.ensure_future(take(iterator))
        await asyncio.sleep(0)
        gate.set()
        return await waiting

    assert run_async(main) == 2


def test_an_iterator_that_was_given_a_loop_begins_in_no_other(run_async, other_loop):
    async def main():
        iterator = AioThreads.IteratorWrapper(lambda: count(3), loop=other_loop)
        with pytest.raises(RuntimeError, match='belongs to another event loop'):
            await anext(iterator)

    run_async(main)


# --- Exceptions that end a loop


@pytest.mark.parametrize('error', [KeyboardInterrupt, SystemExit])
def test_what_ends_a_loop_is_not_lost_where_a_result_arrives(monkeypatch, error):
    """As if Ctrl-C was pressed just then."""
    def end(*arguments):
        raise error

    async def main():
        await asyncio.wait_for(AioThreads.run_in_executor(int), 60)

    monkeypatch.setattr(AioThreads.Future, '_on_done', end)
    with pytest.raises(error):
        asyncio.run(main())


# --- Processes that fork

FORK = '''
import asyncio, os, sys, threading, warnings
from gi.repository import AioThreads

warnings.simplefilter('error')
gate = threading.Event()
loop = asyncio.new_event_loop()

def body():
    yield 1
    gate.wait()

async def begin(iterator):
    return await anext(iterator)

async def call():
    await AioThreads.run_in_executor(int)

async def iterate():
    await anext(AioThreads.IteratorWrapper(body))

iterator = AioThreads.IteratorWrapper(body)
loop.run_until_complete(begin(iterator))
child = os.fork()
if child == 0:
    actions = (lambda: asyncio.run(call()), lambda: asyncio.run(iterate()),
               AioThreads.ThreadPoolExecutor(1).submit(int).result)
    for action in actions:
        try:
            action()
        except RuntimeError as error:
            assert 'forked' in str(error), error
        else:
            os._exit(4)
    sys.exit(3)
_, status = os.waitpid(child, 0)
gate.set()
loop.close()
sys.exit(os.waitstatus_to_exitcode(status))
'''


def test_a_forked_child_is_refused_and_ends_at_once():
    done = subprocess.run([sys.executable, '-X', 'dev', '-c', FORK], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert 'had not ended' not in done.stderr


# --- Executors


def test_an_executor_with_an_initializer_is_let_go():
    called = []
    executor = AioThreads.ThreadPoolExecutor(1, initializer=called.append, initargs=('called',))
    assert executor.submit(int).result(60) == 0
    executor.shutdown()
    gone = weakref.ref(executor)
    del executor
    gc.collect()
    assert called == ['called'] and gone() is None


def test_an_iterator_that_is_being_freed_is_listed_no_more(run_async):
    listed = []

    class Attribute:
        def __del__(self):
            listed.extend(map(id, native.list_iterators()))

    async def main():
        iterator = AioThreads.IteratorWrapper(lambda: count(2))
        iterator.attribute = Attribute()
        assert await anext(iterator) == 0
        address = id(iterator)
        del iterator
        return address

    assert run_async(main) not in listed


# --- GLib main loops


def test_what_is_collected_while_a_callback_is_planned_may_plan_another(monkeypatch):
    from gi.overrides.AioThreads import _main_loop

    main_context = GLib.MainContext.new()
    called = []

    class Glib:
        """Makes a source, and collects an asynchronous generator meanwhile."""

        def __getattr__(self, name):
            return getattr(GLib, name)

        def Idle(self, **arguments):
            if not called:
                called.append('planned')
                asyncio.get_running_loop().call_soon_threadsafe(called.append, 'called')
            return GLib.Idle(**arguments)

    async def main():
        monkeypatch.setattr(_main_loop, 'GLib', Glib())
        for _ in range(3):
            await asyncio.sleep(0)

    AioThreads.run(main(), main_context)
    assert called == ['planned', 'called']


def test_what_a_thread_waits_for_no_more_does_not_begin(monkeypatch):
    main_context = GLib.MainContext.new()
    begun = []
    planned = []

    async def begin():
        begun.append('begun')

    async def get_loop():
        return asyncio.get_running_loop()

    def wait(loop):
        with pytest.raises(asyncio.TimeoutError):
            AioThreads.wait_coroutine(begin, loop, timeout=1)

    loop = AioThreads.run(get_loop(), main_context)
    call_soon = loop.call_soon
    monkeypatch.setattr(loop, 'call_soon', lambda *arguments, **options: planned.append(call_soon(*arguments, **options)))
    thread = threading.Thread(target=wait, args=(loop,))
    thread.start()
    while not planned:
        main_context.iteration(True)
    # Its turn comes next; but by then nobody waits.
    thread.join()
    while main_context.iteration(False):
        pass
    assert begun == []


def test_what_offload_gives_cancels_work_that_has_begun_already(monkeypatch, iterate_until):
    from gi.overrides.AioThreads import _main_loop

    running, leave = threading.Event(), threading.Event()
    seen, answers = [], []

    def work():
        running.set()
        leave.wait(60)
        seen.append(AioThreads.is_cancelled())

    def call(home, *arguments):
        operation = home.call(*arguments)
        assert running.wait(60)
        return operation

    def home_that_waits(*arguments):
        home = native.Home(*arguments)
        return types.SimpleNamespace(call=lambda *arguments: call(home, *arguments))

    monkeypatch.setattr(_main_loop, 'native', types.SimpleNamespace(Home=home_that_waits, runner_new=native.runner_new))
    AioThreads.offload(work, on_done=lambda *answer: answers.append(answer)).cancel()
    leave.set()
    iterate_until(lambda: answers and seen)
    assert seen == [True]
    assert isinstance(answers[0][1], asyncio.CancelledError)
