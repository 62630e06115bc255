# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all Python tests share: the namespaces, a main loop to wait on, and results in TAP."""

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

    def pytest_runtest_logreport(self, report):
        if report.skipped:
            self.line('ok', report, f' # SKIP {report.longrepr[2]}')
        elif report.failed:
            self.line('not ok', report)
            for text in str(report.longrepr).splitlines():
                print('#', text)
        elif report.when == 'call':
            self.line('ok', report)

    def pytest_sessionfinish(self):
        print(f'1..{self.count}', flush=True)


def pytest_configure(config):
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
        while not condition():
            context.iteration(True)
            assert not too_late, 'nothing happened for a minute'
        GLib.source_remove(watchdog)

    return iterate
