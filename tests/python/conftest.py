# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all Python tests share: the namespaces, a main loop to wait on, and results in TAP."""

import asyncio
import ctypes
import gc
import os
import sys

# Memory that GLib's slices hold looks used for ever. GLib reads this when it is loaded.
os.environ['G_SLICE'] = 'always-malloc'

import gi
import pytest

gi.require_version('AioThreads', '1')
gi.require_version('AiotTest', '1')

from gi.repository import Gio, GLib  # noqa: E402

N_STEADY = 10000


class TapReporter:
    """Prints one TAP line for each test."""

    def __init__(self):
        self.count = 0

    def line(self, verdict, report, suffix=''):
        self.count += 1
        name = report.nodeid.rsplit('/', 1)[-1]
        print(f'{verdict} {self.count} - {name}{suffix}', flush=True)

    def failure(self, report):
        self.line('not ok', report)
        for text in str(report.longrepr).splitlines():
            print('#', text, flush=True)

    def skip(self, report):
        # An expected failure has no such triple: its reason stands beside it.
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, 'wasxfail', '')
        self.line('ok', report, f' # SKIP {reason.removeprefix("Skipped: ")}')

    def pytest_runtest_logreport(self, report):
        if report.skipped:
            self.skip(report)
        elif report.failed:
            self.failure(report)
        elif report.when == 'call':
            self.line('ok', report)

    # A file that can't be read has no tests that could say so.
    def pytest_collectreport(self, report):
        if report.failed:
            self.failure(report)

    def pytest_sessionfinish(self):
        print(f'1..{self.count}', flush=True)


def pytest_configure(config):
    # It is the terminal plugin's, which is off, but the words of a failed assertion can't be found without it.
    if not hasattr(config.option, 'verbose'):
        config.option.verbose = 0
    if config.getoption('--tap'):
        config.pluginmanager.register(TapReporter())


def pytest_addoption(parser):
    parser.addoption('--tap', action='store_true', help='print the results as TAP')


@pytest.fixture
def iterate_until():
    """Runs the main loop until something is true. A minute is for the day when it never will be."""

    def iterate(condition):
        context = GLib.MainContext.default()
        too_late = []
        watchdog = GLib.timeout_add_seconds(60, lambda: too_late.append(True) or GLib.SOURCE_REMOVE)
        try:
            while not condition():
                context.iteration(True)
                assert not too_late, 'nothing happened for a minute'
        finally:
            if not too_late:
                GLib.source_remove(watchdog)

    return iterate


@pytest.fixture
def drain():
    """Runs what the main loop has to do now, without waiting for more."""

    def drain_default_context():
        while GLib.MainContext.default().iteration(False):
            pass

    return drain_default_context


@pytest.fixture
def collect(drain):
    """Collects garbage until something is true. What has no owner any more is gone long before the hundredth time."""

    def collect_until(condition):
        for _ in range(100):
            gc.collect()
            drain()
            if condition():
                break

    return collect_until


class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        'arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks', 'fordblks', 'keepcost')]


def memory_in_use():
    """Bytes that C has, and blocks that Python has. None for bytes where the C library does not tell."""
    mallinfo2 = getattr(ctypes.CDLL(None), 'mallinfo2', None)
    if mallinfo2 is None:
        return None, sys.getallocatedblocks()
    mallinfo2.restype = Mallinfo
    return mallinfo2().uordblks, sys.getallocatedblocks()


@pytest.fixture
def steady(drain):
    """Calls something ten thousand times, and looks that it keeps nothing. What is kept once only does not count.

    It may return a condition, until which the main loop is run.
    """

    # A watchdog for each call would be measured as well. Who hangs is ended by that of meson.
    def iterate_until(condition):
        while not condition():
            GLib.MainContext.default().iteration(True)

    def measure(function, times):
        for _ in range(times):
            answer = function()
            if callable(answer):
                iterate_until(answer)
        drain()
        gc.collect()
        drain()
        return memory_in_use()

    def kept_by(function):
        measure(function, N_STEADY // 10)
        before = measure(function, 1)
        after = measure(function, N_STEADY)
        return [(new - old) / N_STEADY if old is not None else 0 for old, new in zip(before, after)]

    def call_back():
        Gio.Task.new(None, None, lambda source, result: None).return_boolean(True)
        drain()

    def check(function, n_callbacks=0):
        kept_bytes, kept_blocks = kept_by(function)
        # PyGObject 3.42 frees functions that C calls, but 48 bytes of what it made for each it does not.
        of_bindings = n_callbacks * max(0, kept_by(call_back)[0]) if n_callbacks else 0
        # The least that can leak is a block of 16 bytes with its head.
        assert kept_bytes - of_bindings < 8, f'{kept_bytes} bytes a call are kept, {of_bindings} of them by PyGObject'
        assert kept_blocks < 0.5, f'{kept_blocks} blocks a call are kept'

    return check


# --- Event loops -----------------------------------------------------------------


def new_gbulb_loop():
    gbulb = pytest.importorskip('gbulb')
    # One that shares no main context with others, as the loop of a program would.
    return gbulb.GLibEventLoop(context=GLib.MainContext.new())


NEW_LOOP = {'asyncio': asyncio.new_event_loop, 'gbulb': new_gbulb_loop}


@pytest.fixture(params=list(NEW_LOOP))
def loop_kind(request):
    """Each kind of loop that programs run."""
    return request.param


@pytest.fixture
def run_async(loop_kind):
    """Runs a coroutine function in a new loop of each kind, for a minute at most, and looks that nothing is left behind."""

    def run(function):
        complaints = []
        loop = NEW_LOOP[loop_kind]()
        # A busy machine is slow, and that is nothing to tell of.
        loop.slow_callback_duration = 60
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        try:
            result = loop.run_until_complete(asyncio.wait_for(function(), 60))
            gc.collect()
            left = asyncio.all_tasks(loop)
            assert not left, f'still running: {left}'
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
        assert not complaints, complaints
        return result

    return run
