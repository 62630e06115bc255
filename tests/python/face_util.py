# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of the Python face share: flags that threads set, and programs that run by themselves."""

import asyncio
import subprocess
import sys
import textwrap
import threading

from gi.repository import GLib

# PyGObject itself imports its modules in a way that Python warns of.
INTERPRETER = [sys.executable, '-X', 'dev', '-W', 'error', '-W', 'ignore:DynamicImporter:ImportWarning']

PREAMBLE = '''
import asyncio, contextvars, functools, gc, logging, os, signal, sys, threading, time, weakref
import gi
gi.require_version('AioThreads', '1')
from gi.repository import AioThreads, Gio, GLib
from gi.repository.AioThreads import *

# Two threads that print at the same time must not share a line.
def print(*words, flush=False):
    sys.stdout.write(' '.join(map(str, words)) + '\\n')
    if flush:
        sys.stdout.flush()

# With -X dev asyncio tells of all that takes 100 ms, as anything can on a busy machine.
logging.getLogger('asyncio').addFilter(lambda record: not record.getMessage().startswith('Executing '))
'''


class Flag:
    """An asyncio.Event that any thread sets. It belongs to the loop that runs when it is made."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.event = asyncio.Event()

    def set(self):
        self.loop.call_soon_threadsafe(self.event.set)

    async def wait(self):
        await asyncio.wait_for(self.event.wait(), 60)


class OwnContext:
    """A main context that is the default one of the thread meanwhile."""

    def __enter__(self):
        self.context = GLib.MainContext()
        self.context.push_thread_default()
        return self.context

    def __exit__(self, *_):
        self.context.pop_thread_default()
        self.context = None


def run_in_thread(function):
    """Runs a function in a thread that this library knows nothing of, and gives what it returns or raises."""
    outcome = []

    def body():
        try:
            outcome.append((function(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=body)
    thread.start()
    return thread, outcome


def run_program(source, status=0, seconds=60, stderr='', before='', arguments=()):
    """Runs Python source by itself, with every warning an error, and gives what it printed.

    It must end in time, with this status, and print this to stderr: nothing, if nothing is said, and
    anything that the caller wants to look at, if it is None. What comes before is run before the library is imported.
    """
    program = subprocess.run([*INTERPRETER, '-c', before + PREAMBLE + textwrap.dedent(source), *arguments],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    assert stderr is None or program.stderr == stderr, f'exited with {program.returncode} and wrote:\n{program.stderr}'
    assert program.returncode == status, f'exited with {program.returncode}, not {status}, and wrote:\n{program.stderr}'
    return program.stdout if stderr is not None else (program.stdout, program.stderr)
