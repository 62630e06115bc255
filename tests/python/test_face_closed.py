# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loops that are closed while there is work: nobody waits for ever, and nothing is said about it."""

import pytest
from face_util import run_program

CLOSED = '''
import gbulb
kind = sys.argv[1]

def new_loop():
    return asyncio.new_event_loop() if kind == 'asyncio' else gbulb.GLibEventLoop()
'''


@pytest.mark.parametrize('kind', ['asyncio', 'gbulb'])
def test_closed_while_calls_run(kind):
    """Who runs is asked to stop, who waits for its turn never runs, and what they return goes nowhere."""
    printed = run_program(CLOSED + '''
def work():
    running.set()
    leave.wait(60)
    cancelled.append(AioThreads.is_cancelled())
    left.set()
    return 42

async def main():
    one = AioThreads.Executor.new_pool('one', 1)
    calls = [threaded(executor=one)(work)() for _ in range(3)]
    assert running.wait(60)
    return calls

running, leave, left, cancelled = threading.Event(), threading.Event(), threading.Event(), []
loop = new_loop()
calls = loop.run_until_complete(main())
loop.close()
leave.set()
assert left.wait(60)
del calls, loop
gc.collect()
print(cancelled)
''', arguments=[kind])
    assert printed == '[True]\n'


@pytest.mark.parametrize('kind', ['asyncio', 'gbulb'])
def test_closed_while_iterators_run(kind):
    """A body that waits for room is ended like one whose iterator was closed, and cleans up."""
    printed = run_program(CLOSED + '''
def body():
    try:
        while True:
            yield 1
    except GeneratorExit:
        print('GeneratorExit')
        raise
    finally:
        ended.set()

async def main():
    iterator = threaded_iterable(max_size=1)(body)()
    waiting = threaded_iterable(max_size=1)(body)()
    assert await iterator.__anext__() == 1
    return iterator, waiting

ended = threading.Event()
loop = new_loop()
iterators = loop.run_until_complete(main())
loop.close()
assert ended.wait(60)
del iterators, loop
gc.collect()
''', arguments=[kind])
    assert printed == 'GeneratorExit\n'


@pytest.mark.parametrize('kind', ['asyncio', 'gbulb'])
@pytest.mark.parametrize('how', ['closed', 'run'])
def test_closed_while_workers_wait_for_it(kind, how):
    """Who waits gets an error at once (100 ms are promised; a second is for slow machines)."""
    printed = run_program(CLOSED + '''
def work():
    try:
        sync_await(wait_for_ever)
    except BaseException as error:
        times.append(time.monotonic())
        outcome.append(type(error).__name__)
    ended.set()

async def wait_for_ever():
    started.set()
    await asyncio.Event().wait()

async def main():
    global started
    started = asyncio.Event()
    call = threaded(work)()
    await started.wait()
    return call

ended, outcome, times = threading.Event(), [], []
if sys.argv[2] == 'run':
    with asyncio.Runner(loop_factory=new_loop) as runner:
        call = runner.run(main())
    loop = None
else:
    loop = new_loop()
    call = loop.run_until_complete(main())
    loop.close()
closed = time.monotonic()
assert ended.wait(60)
assert times[0] - closed < 1, times[0] - closed
del call, loop
gc.collect()
print(*outcome)
''', arguments=[kind, how])
    # asyncio.run () cancels all tasks before it closes the loop.
    assert printed in (['RuntimeError\n'] if how == 'closed' else ['CancelledError\n', 'RuntimeError\n'])


@pytest.mark.parametrize('kind', ['asyncio', 'gbulb'])
def test_closed_and_asked_later(kind):
    """A worker that outlives the loop is told so, whatever it asks for."""
    printed = run_program(CLOSED + '''
async def answer():
    return 42

def work():
    running.set()
    leave.wait(60)
    coroutine = answer()
    for ask in (lambda: sync_await(answer), lambda: wait_coroutine(coroutine)):
        try:
            ask()
        except (RuntimeError, asyncio.CancelledError):
            print('refused')
    ended.set()

async def main():
    threaded_separate(work)()
    # One that had not begun would never run.
    assert running.wait(60)

running, leave, ended = threading.Event(), threading.Event(), threading.Event()
loop = new_loop()
loop.run_until_complete(main())
loop.close()
leave.set()
assert ended.wait(60)
gc.collect()
''', arguments=[kind])
    assert printed == 'refused\n' * 2


def test_stopped_loop_is_waited_for_until_it_is_closed():
    """A loop that only stopped may run again. Whoever does not want to wait names a time."""
    printed = run_program('''
async def answer():
    return 42

def work():
    leave.wait(60)
    try:
        wait_coroutine(answer(), timeout=0.01)
    except asyncio.TimeoutError:
        print('timeout')
    stopped.set()
    print(sync_await(answer))

async def begin():
    return threaded(work)()

async def end(call):
    await call

leave, stopped = threading.Event(), threading.Event()
loop = asyncio.new_event_loop()
call = loop.run_until_complete(begin())
leave.set()
assert stopped.wait(60)
loop.run_until_complete(end(call))
loop.close()
''')
    assert printed == 'timeout\n42\n'


def test_thread_of_the_loop_ends_without_closing_it():
    """Nobody waits for a loop that nobody runs any more; neither who waits already nor who comes later."""
    printed = run_program('''
    started, ended = threading.Event(), threading.Event()

    async def for_ever():
        started.set()
        await asyncio.Event().wait()

    def work():
        for _ in range(2):
            try:
                sync_await(for_ever)
            except Exception as error:
                print(type(error).__name__, error)
        ended.set()

    async def main():
        threaded(work)()
        while not started.is_set():
            await asyncio.sleep(0)

    def run():
        loops.append(asyncio.new_event_loop())
        loops[0].run_until_complete(main())

    loops = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended.wait(60)
    loops[0].close()
    ''')
    message = 'RuntimeError the thread that ran the event loop has ended, so nobody does what this thread waits for\n'
    assert printed == message * 2


def test_closed_again_and_again_with_everything_in_flight():
    """Loops of a thread each, closed at any moment."""
    printed = run_program('''
async def nothing():
    await asyncio.sleep(0)

def work():
    for _ in range(1000):
        sync_await(nothing)

def body():
    try:
        for number in range(100000):
            yield number
    finally:
        ended.append(number)

async def main(number):
    calls = [threaded(work)() for _ in range(3)]
    iterators = [IteratorWrapper(body, max_size=4) for _ in range(3)]
    for iterator in iterators:
        await iterator.__anext__()
    for _ in range(number):
        await asyncio.sleep(0)

def thread():
    for number in range(10):
        asyncio.run(main(number))

ended = []
threads = [threading.Thread(target=thread) for _ in range(2)]
for each in threads:
    each.start()
for each in threads:
    each.join()
gc.collect()
print('done')
''', seconds=120)
    assert printed == 'done\n'
