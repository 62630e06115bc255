#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses aiot-frames, on a screen that nobody sees, and looks what it shows."""

import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from testing import TIMEOUT, main, run, started, test

BALL = bytes((102, 204, 255))
SMALL_FLOOD = ('--items', '5000')


def figures_of(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done
    return dict(line.split('=') for line in done.stdout.decode().split())


def take_picture():
    """Rows of bytes, three for each pixel."""
    data = subprocess.run(['import', '-window', 'root', '-depth', '8', 'ppm:-'], stdout=subprocess.PIPE, check=True).stdout
    kind, width, height, depth = data[:100].split()[:4]
    assert (kind, depth) == (b'P6', b'255'), data[:20]
    # The pixels end the data; the first of them can look like a space.
    size = 3 * int(width) * int(height)
    pixels = data[-size:]
    return [pixels[start:start + 3 * int(width)] for start in range(0, size, 3 * int(width))]


def find_ball(picture):
    """Its left side; None: there is no ball."""
    places = [row.find(3 * BALL) for row in picture]
    return min((place for place in places if place >= 0), default=None)


def see_ball(*other_than):
    """Looks until there is one at another place, and gives up late."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        place = find_ball(take_picture())
        if place is not None and place not in other_than:
            return place
    raise AssertionError('there is no ball, or it stands still')


@test('all-items-come-in-order-whichever-way')
def test_ways(_):
    for way in ('generator', 'channel', 'invoke', 'idle', 'alone'):
        figures = figures_of('--way', way, *SMALL_FLOOD, '--measure', '0.2')
        assert (figures['received'], figures['in_order']) == ('5000', '1'), (way, figures)
        assert float(figures['worst_gap_ms']) > 0 and int(figures['most_items']) > 0, (way, figures)


@test('frames-alone-are-counted-too')
def test_nothing(_):
    figures = figures_of('--measure', '0.5')
    assert int(figures['frames']) > 0 and figures['received'] == figures['most_items'] == '0', figures


@test('the-ball-moves')
def test_ball(_):
    """In a flood that goes on until the window is closed."""
    with started('--way', 'generator', '--items', str(2**31 - 1)) as process:
        first = see_ball()
        second = see_ball(first)
        see_ball(first, second)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == -signal.SIGTERM
        assert process.stderr.read() == b''


@test('there-may-be-no-display')
def test_no_display(_):
    environment = {name: value for name, value in os.environ.items() if name not in ('DISPLAY', 'WAYLAND_DISPLAY')}
    done = run(env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (1, b'', b'There is no display\n'), done


@test('wrong-arguments')
def test_arguments(_):
    for arguments in (['--way', 'none-such'], ['--items', '0'], ['--cost', '-1'], ['--measure', '-1'], ['--no-such-option']):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, b'') and done.stderr, done


if __name__ == '__main__':
    sys.exit(main())
