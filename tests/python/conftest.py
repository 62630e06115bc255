# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all Python tests share: the namespaces, a main loop to wait on, and results in TAP."""

import gc

import gi
import pytest

gi.require_version('AioThreads', '1')
gi.require_version('AiotTest', '1')

from gi.repository import GLib  # noqa: E402


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
