# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of iterators and channels share: bodies, items, gates, and programs of their own."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading

from gi.repository import Gio, GLib

LOOPS = {
    'asyncio': '''
        def run(main):
            return asyncio.run(main())
    ''',
    'gbulb': '''
        import gbulb

        def run(main):
            with asyncio.Runner(loop_factory=gbulb.GLibEventLoop) as runner:
                return runner.run(main())
    ''',
}

HEAD = '''
import asyncio, sys, threading
import gi
gi.require_version('AioThreads', '1')
from gi.repository import AioThreads
'''


def wait(event):
    """Waits for another thread. A minute is for the day when it hangs."""
    assert event.wait(60), 'nothing happened for a minute'


async def steps(number):
    """Lets the loop go round so many times."""
    for _ in range(number):
        await asyncio.sleep(0)


def in_thread(function, *arguments):
    """Runs a function in a thread of no library, to its end."""
    errors = []

    def run():
        try:
            function(*arguments)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), 'it has not ended for a minute'
    if errors:
        raise errors[0]


def run_program(loop_kind, source, **environment):
    """Runs a program that has run (main) for a loop of this kind, with all that Python can complain of turned on."""
    program = HEAD + textwrap.dedent(LOOPS[loop_kind]) + textwrap.dedent(source)
    # PyGObject's own importer is of an old kind, of which Python warns.
    arguments = ['-X', 'dev', '-W', 'error', '-W', 'ignore::ImportWarning']
    return subprocess.run([sys.executable, *arguments, '-c', program], env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=60)


def assert_quiet(result, printed):
    assert (result.returncode, result.stdout.split(), result.stderr) == (0, printed.split(), '')


class Thing:
    """What weak references can point to, and pickle can't carry."""

    def __reduce__(self):
        raise TypeError('not to be pickled')


def hard_items():
    """What looks like nothing, what doesn't fit into C, and what could be taken for a failure or for the end."""
    return [None, '', False, 0, 0.0, b'', (), [], {}, (None,), ((None,),), Ellipsis, NotImplemented,
            2 ** 31, 2 ** 63, -2 ** 64, 2 ** 200, 'a\0b', '\0', '\udc80', float('nan'),
            ValueError('an item'), ValueError, KeyboardInterrupt(), StopIteration(1), StopAsyncIteration(), GeneratorExit(),
            asyncio.CancelledError(), GLib.Error('an item'), Gio.Cancellable(), GLib.Variant('s', 'an item'),
            Thing(), Thing, threading.Lock(), lambda: None, (number for number in ()), object()]


def assert_same(got, wanted):
    """The very objects, not equal ones."""
    assert [id(item) for item in got] == [id(item) for item in wanted], (got, wanted)


class Body:
    """A generator that counts for ever, and remembers how and where it ended."""

    def __init__(self):
        self.started, self.ended = threading.Event(), threading.Event()
        self.n_made = 0
        self.seen = self.thread = self.cleaned_up_in = None

    def __call__(self):
        self.thread = threading.get_ident()
        self.started.set()
        try:
            while True:
                self.n_made += 1
                yield self.n_made - 1
        except BaseException as error:
            self.seen = type(error)
            raise
        finally:
            self.cleaned_up_in = threading.get_ident()
            self.ended.set()

    def assert_stopped(self):
        wait(self.ended)
        assert self.seen is GeneratorExit
        assert self.cleaned_up_in == self.thread != threading.get_ident()
