# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that end, in any way, while there is work."""

import os
import signal

import pytest
from face_util import run_program

# What can run when a program ends.
IN_FLIGHT = '''
def sleep_for_an_hour():
    running.wait()
    time.sleep(3600)

def forget_the_world():
    running.wait()
    threading.Event().wait()

def wait_for_the_loop():
    running.wait()
    sync_await(asyncio.Event().wait)

def numbers():
    try:
        for number in range(10 ** 9):
            yield number
    finally:
        print('cleaned up')

async def keep_busy():
    global kept, running
    running = threading.Barrier(4, timeout=60)
    kept = [threaded(sleep_for_an_hour)(), threaded_separate(forget_the_world)(), threaded(wait_for_the_loop)()]
    iterator = threaded_iterable(max_size=1)(numbers)()
    assert await iterator.__anext__() == 0
    kept.append(iterator)
    running.wait()
'''


def last_line(text):
    return text.splitlines()[-1]


# --- Nothing to do ----------------------------------------------------------

def test_import_starts_no_thread():
    assert run_program('print(len(os.listdir("/proc/self/task")))') == '1\n'


def test_names_are_there_before_any_loop():
    """Nothing is made where no loop runs that would have to be ended."""
    printed = run_program('''
        threaded(print)
        iterator = threaded_iterable(range)(3)
        channel = FromThreadChannel()
        print(len(os.listdir("/proc/self/task")))
    ''')
    assert printed == '1\n'


# --- Ways to end ------------------------------------------------------------

def test_end_of_the_program():
    """Bodies of iterators are ended and clean up. Whoever sleeps for an hour holds nobody up."""
    assert run_program(IN_FLIGHT + '''
asyncio.run(keep_busy())
print('main ends')
''').splitlines() in (['cleaned up', 'main ends'], ['main ends', 'cleaned up'])


def test_sys_exit():
    assert run_program(IN_FLIGHT + '''
async def main():
    await keep_busy()
    sys.exit(3)

asyncio.run(main())
''', status=3) == 'cleaned up\n'


def test_error():
    """It is the only one that is told."""
    printed, error = run_program(IN_FLIGHT + '''
async def main():
    await keep_busy()
    raise ValueError('of the program')

asyncio.run(main())
''', status=1, stderr=None)
    assert printed == 'cleaned up\n'
    assert error.count('Traceback') == 1 and last_line(error) == 'ValueError: of the program', error


def test_error_of_a_worker():
    printed, error = run_program(IN_FLIGHT + '''
def work():
    raise ValueError('of a worker')

async def main():
    await keep_busy()
    await threaded(work)()

asyncio.run(main())
''', status=1, stderr=None)
    assert printed == 'cleaned up\n'
    assert error.count('Traceback') == 1 and last_line(error) == 'ValueError: of a worker', error


@pytest.mark.parametrize('run', [
    'asyncio.run(main())',
    'AioThreads.run(main())',
    'with asyncio.Runner(loop_factory=gbulb.GLibEventLoop) as runner: runner.run(main())',
], ids=['asyncio', 'glib', 'gbulb'])
def test_interrupted_while_awaiting(run):
    """As by Ctrl-C. Python ends by that signal itself."""
    printed, error = run_program(IN_FLIGHT + '''
import gbulb

# Python sees a signal that comes just before the loop sleeps when the loop wakes.
def tick():
    asyncio.get_running_loop().call_later(0.01, tick)

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()

async def main():
    await keep_busy()
    tick()
    await threaded(interrupt)()

# Who runs the tests may have had it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
''' + run, status=-signal.SIGINT, stderr=None)
    assert printed == 'cleaned up\n'
    assert last_line(error) == 'KeyboardInterrupt' and 'never' not in error and 'destroyed' not in error, error


# --- Iterators --------------------------------------------------------------

def test_blocked_generator_cleans_up():
    """No loop was closed that would have ended it: this is done at the end of the program."""
    assert run_program('''
        def body():
            try:
                while True:
                    yield 1
            except GeneratorExit:
                print('GeneratorExit', threading.current_thread() is threading.main_thread())
                raise
            finally:
                print('cleaned up')

        async def main():
            await iterator.__anext__()

        iterator = IteratorWrapper(body, max_size=1)
        AioThreads.run(main())
        print('main ends')
    ''') == 'main ends\nGeneratorExit False\ncleaned up\n'


def test_all_of_many_clean_up():
    printed = run_program('''
        def body(number):
            try:
                while True:
                    yield number
            finally:
                print(number)

        async def main():
            for number in range(20):
                iterators.append(threaded_iterable_separate(max_size=1)(body)(number))
                await iterators[-1].__anext__()

        iterators = []
        AioThreads.run(main())
    ''')
    assert sorted(map(int, printed.split())) == list(range(20))


def test_error_in_a_clean_up_is_logged():
    printed, error = run_program('''
        import logging
        logging.basicConfig()

        def body():
            try:
                while True:
                    yield 1
            finally:
                raise ValueError('in the clean-up')

        async def main():
            await iterator.__anext__()

        iterator = IteratorWrapper(body, max_size=1)
        AioThreads.run(main())
    ''', stderr=None)
    assert 'aiothreads' in error and last_line(error) == 'ValueError: in the clean-up', error


def test_body_that_does_not_end_is_named():
    """After five seconds nobody waits for it any more."""
    printed, error = run_program('''
        def stubborn_body():
            yield 1
            running.set()
            threading.Event().wait()

        async def main():
            await iterator.__anext__()

        iterator, running = IteratorWrapper(stubborn_body, max_size=2), threading.Event()
        AioThreads.run(main())
        assert running.wait(60)
        print('main ends')
    ''', stderr=None)
    assert printed == 'main ends\n' and 'stubborn_body' in error and 'Traceback' not in error, error


# --- Calls ------------------------------------------------------------------

@pytest.mark.parametrize('start', [
    'threaded_separate(body, detach=False)()', 'threaded_separate(detach=False)(body)()', 'threaded_separate(False)(body)()',
    'run_in_new_thread(body, detach=False)', 'run_in_new_thread(body, detach=False, no_return=True)',
])
def test_what_is_not_detached_is_waited_for(start):
    assert run_program('''
        def body():
            threading.main_thread().join()
            print('body ends')

        async def main():
            %s

        asyncio.run(main())
        print('main ends')
    ''' % start) == 'main ends\nbody ends\n'


def test_what_is_detached_is_not_waited_for():
    assert run_program('''
        def body():
            threading.main_thread().join()
            threading.Event().wait()

        async def main():
            threaded_separate(body)()
            threaded(body)()
            run_in_new_thread(body, no_return=True)
            AioThreads.offload(body)

        asyncio.run(main())
        print('main ends')
    ''') == 'main ends\n'


def test_blocked_in_a_channel():
    assert run_program('''
        def send():
            while True:
                full.put(1)

        async def main():
            sender, receiver = threaded(send)(), threaded(empty.get_sync)()
            await full.get()

        full, empty = FromThreadChannel(maxsize=1), FromThreadChannel(maxsize=1)
        asyncio.run(main())
        print('main ends')
    ''') == 'main ends\n'


def test_callback_that_is_never_called():
    """The main loop of GLib has ended, and will never deliver it."""
    assert run_program('''
        def body():
            running.set()
            leave.wait()

        running, leave = threading.Event(), threading.Event()
        AioThreads.offload(body, on_done=print)
        AioThreads.offload(time.sleep, 3600, on_done=print)
        assert running.wait(60)
        leave.set()
        print('main ends')
    ''') == 'main ends\n'


@pytest.mark.parametrize('run', range(5))
def test_while_workers_take_the_gil(run):
    """They are stopped wherever they are: in Python, on the way into it, or in the library."""
    assert run_program('''
        def count():
            while True:
                sum(range(100))

        def call_back():
            for _ in range(10 ** 9):
                channel.put(object())

        def numbers():
            for number in range(10 ** 9):
                yield number

        async def quick():
            while True:
                await asyncio.gather(*[threaded(abs)(-1) for _ in range(20)])

        async def receive():
            async for _ in channel:
                pass

        async def read():
            async for _ in threaded_iterable(numbers)():
                pass

        async def main():
            for _ in range(3):
                threaded(count)()
                threaded(call_back)()
            tasks = [asyncio.create_task(each()) for each in (quick, receive, read)]
            for _ in range(20):
                await threaded(abs)(-1)

        channel = FromThreadChannel(maxsize=10)
        asyncio.run(main())
        print('main ends')
    ''') == 'main ends\n'


def test_calls_after_the_end():
    """Whoever asks when the program has ended is answered, or refused, but never waits for ever."""
    printed = run_program('''
        def ask():
            async def main():
                return await threaded(abs)(-42)

            try:
                print(asyncio.run(main()))
            except RuntimeError as error:
                print('refused')
            print(threaded(abs).sync_call(-42))

        atexit.register(ask)
        asyncio.run(asyncio.sleep(0))
    ''', before='import atexit; atexit.register(lambda: ask())')
    # What was made last runs first: once before and once after what the library has to do.
    assert printed in ('42\n42\n42\n42\n', '42\n42\nrefused\n42\n')


# --- Other processes --------------------------------------------------------

# Another thread may have had its allocator locked, and the child waits for ever.
forks = pytest.mark.skipif('libasan' in os.environ.get('LD_PRELOAD', ''), reason='AddressSanitizer does not survive a fork')


@forks
def test_fork_and_exec():
    """From any thread, while others work."""
    assert run_program('''
        def run():
            return subprocess.run([sys.executable, '-c', 'print(42)'], capture_output=True, text=True).stdout

        def fork():
            child = os.fork()
            if child == 0:
                os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(42)'])
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        def numbers():
            yield from range(10 ** 9)

        async def main():
            async with threaded_iterable(max_size=1)(numbers)() as iterator:
                await iterator.__anext__()
                print(await threaded(run)(), run(), await threaded(fork)(), fork(), await iterator.__anext__())

        import subprocess
        asyncio.run(main())
    ''').split() == ['42', '42', '42', '42', '1']


@forks
def test_forked_child_ends():
    """It has none of the threads, so it waits for none of them, and what it asks for is refused."""
    printed = run_program('''
        def numbers():
            try:
                yield from range(10 ** 9)
            finally:
                print('cleaned up', flush=True)

        def body():
            threading.main_thread().join()
            print('body ends')

        async def main():
            await iterator.__anext__()
            threaded_separate(body, detach=False)()

        iterator = threaded_iterable(max_size=1)(numbers)()
        AioThreads.run(main())
        child = os.fork()
        if child == 0:
            # Whoever ends the parent does not know of it.
            signal.alarm(60)
            try:
                asyncio.run(asyncio.wait_for(threaded(abs)(-42), 60))
            except RuntimeError:
                print('refused', flush=True)
            sys.exit(3)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    ''').splitlines()
    assert printed[:2] == ['refused', '3'] and sorted(printed[2:]) == ['body ends', 'cleaned up']
