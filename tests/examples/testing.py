# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the example programs share: they are used as a person would, also on a terminal.

No test waits for a time. Where a program has to be in the middle of something, it waits for what only the test can do, and
says itself how far it is. The timeouts are there for the day when a test fails.
"""

import contextlib
import ctypes
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
COMMAND = [sys.executable, PROGRAM] if PROGRAM.endswith('.py') else [PROGRAM]
TIMEOUT = 60
HUGE = 1 << 40

TESTS = []


def test(name):
    """Adds a test, which gets an empty folder."""
    program = pathlib.Path(PROGRAM).stem.removeprefix('aiot-')

    def add(function):
        TESTS.append((f'/examples/{program}/{name}', function))
        return function
    return add


def run(*arguments, **more):
    return subprocess.run([*COMMAND, *arguments], check=False, timeout=TIMEOUT,
                          **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **more})


@contextlib.contextmanager
def started(*arguments, **more):
    """The program in the background; it does not outlive its test."""
    options = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **more}
    with subprocess.Popen([*COMMAND, *map(str, arguments)], **options) as process:
        try:
            yield process
        finally:
            process.kill()


class Opened:
    """Waits until a file is opened, by inotify."""

    def __init__(self, path):
        libc = ctypes.CDLL(None)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        assert libc.inotify_add_watch(self.fd, os.fsencode(path), 0x20) >= 0   # IN_OPEN

    def wait(self):
        assert select.select([self.fd], [], [], TIMEOUT)[0], 'nobody opened it'
        os.close(self.fd)


def end_of(text):
    """Of what a program said over and over."""
    return text[-2000:]


class Output:
    """What a program says, read from one end."""

    def __init__(self, fd):
        self.fd = fd
        self.text = ''

    def read_until(self, pattern):
        end = time.monotonic() + TIMEOUT
        while not re.search(pattern, self.text):
            more = self.read_more(max(end - time.monotonic(), 0))
            if not re.search(pattern, self.text) and (not more or time.monotonic() >= end):
                raise AssertionError(f'no {pattern!r} in {end_of(self.text)!r}')

    def read_more(self, timeout):
        """False when there is nothing more to come."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return True
        try:
            more = os.read(self.fd, 65536).decode(errors='replace')
        except OSError:   # the other end of a terminal is closed
            return False
        self.text += more
        return more != ''

    def read_all(self):
        """False when the time is over."""
        end = time.monotonic() + TIMEOUT
        while self.read_more(max(end - time.monotonic(), 0)):
            if time.monotonic() >= end:
                return False
        return True


class Terminal(Output):
    """The program on a pseudo-terminal."""

    def __init__(self, *arguments):
        self.pid, fd = pty.fork()
        if self.pid == 0:
            os.execv(COMMAND[0], [*COMMAND, *map(str, arguments)])
        super().__init__(fd)

    def type(self, keys):
        os.write(self.fd, keys)

    def wait(self):
        """The exit status of a process that has ended by itself, with all its threads. Reads all that it says."""
        if not self.read_all():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError(f'still running after: {end_of(self.text)!r}')
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def main():
    print(f'1..{len(TESTS)}')
    failed = 0
    for number, (name, function) in enumerate(TESTS, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(pathlib.Path(folder).resolve())
                print(f'ok {number} - {name}', flush=True)
            except Exception as error:
                failed += 1
                print(f'not ok {number} - {name}')
                print(*(f'# {line}' for line in f'{type(error).__name__}: {error}'.splitlines()), sep='\n', flush=True)
    return 1 if failed else 0
