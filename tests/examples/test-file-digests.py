#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses the window of aiot-file-digests in this process, on a screen that nobody sees, and looks what it shows."""

import contextlib
import hashlib
import importlib.util
import itertools
import os
import pathlib
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from testing import PROGRAM, TIMEOUT, main, test

import gi

gi.require_version('GdkPixbuf', '2.0')

from gi.repository import GdkPixbuf, GLib

SCREENSHOT = pathlib.Path(os.environ['G_TEST_BUILDDIR']) / 'file-digests.png'
ENDLESS = 'endless'


def load_program():
    spec = importlib.util.spec_from_file_location('aiot_file_digests', PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


program = load_program()


def iterate_until(condition):
    """Runs the main loop. The time is for the day when the test fails."""
    too_late = []
    watchdog = GLib.timeout_add_seconds(TIMEOUT, lambda: too_late.append(True) or GLib.SOURCE_REMOVE)
    while not condition() and not too_late:
        GLib.MainContext.default().iteration(True)
    assert not too_late, 'nothing happened'
    GLib.source_remove(watchdog)


class Blocks:
    """In the place of reading a file whose name is ENDLESS: blocks without end, from a gate on. Others are read."""

    def __init__(self):
        self.gate = threading.Event()
        self.left = threading.Event()
        self.thread = None

    def __call__(self, path):
        return self.blocks() if os.path.basename(path) == ENDLESS else read_blocks(path)

    def blocks(self):
        self.thread = threading.get_ident()
        try:
            assert self.gate.wait(TIMEOUT)
            while True:
                yield b'block'
        finally:
            self.left.set()


read_blocks = program.read_blocks


@contextlib.contextmanager
def opened(folder):
    """A window that shows a folder. What it reads can be endless. It does not outlive its test."""
    program.read_blocks = blocks = Blocks()
    application = program.Program()
    application.register()
    window = program.Window(application)
    window.present()
    window.show_folder(folder)
    try:
        yield window, blocks
    finally:
        blocks.gate.set()
        window.close()
        iterate_until(window.task.done)
        window.destroy()


def show_name(name):
    return os.path.split(name.replace('\udcff', '\ufffd').replace('\n', '↵'))


def make_files(folder):
    """The digests that are expected, by name and folder."""
    contents = {f'{group}/{number:03}.txt': b'%d\n' % number * number
                for group in ('a', 'a/b', 'c') for number in range(100)}
    contents |= {'large': b'large' * 1_000_000, 'empty': b'', 'new\nline': b'x', 'no-utf-8-\udcff': b'y'}
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / 'link').symlink_to('large')
    os.mkfifo(folder / 'fifo')
    return {show_name(name): (len(content), hashlib.sha256(content).hexdigest()) for name, content in contents.items()}


def add_endless_file(folder):
    """It comes after the others."""
    (folder / 'z').mkdir()
    (folder / 'z' / ENDLESS).write_bytes(b'size' * 1_000_000)


def shown(window):
    return {(row.folder, row.name): (row.size, row.digest) for row in window.rows}


def iterate_frames(window, n_frames):
    """Until so many have been drawn. The seconds between two of them at most."""
    drawn = []
    clock = window.get_frame_clock()
    handler = clock.connect('after-paint', lambda _: drawn.append(time.monotonic()))

    def is_drawn():
        window.queue_draw()
        return len(drawn) >= n_frames

    iterate_until(is_drawn)
    clock.disconnect(handler)
    return max(after - before for before, after in itertools.pairwise(drawn))


@test('shows-what-sha256-finds')
def test_digests(folder):
    expected = make_files(folder)
    with opened(folder) as (window, _):
        iterate_until(window.task.done)
        assert shown(window) == expected
        assert not any(row.failed for row in window.rows)
        assert window.status.get_label() == '304 of 304 files, 5.0\u00a0MB', window.status.get_label()
        assert not window.stop_button.get_visible() and not window.bar.get_visible()


@test('rows-come-while-a-file-is-read')
def test_streams(folder):
    expected = make_files(folder)
    add_endless_file(folder)
    with opened(folder) as (window, blocks):
        iterate_until(lambda: len(window.rows) == len(expected))
        assert shown(window) == expected
        assert not window.task.done() and blocks.thread != threading.get_ident()
        assert window.stop_button.get_visible() and 0.5 < window.bar.get_fraction() < 0.6


@test('goes-on-drawing-in-a-flood')
def test_draws(folder):
    (folder / ENDLESS).write_bytes(b'x')
    with opened(folder) as (window, blocks):
        blocks.gate.set()
        # Frames come every 17 ms, on a machine that has nothing else to do.
        assert iterate_frames(window, 60) < 1
        assert not window.task.done()


@test('the-button-stops-the-worker')
def test_stop(folder):
    (folder / ENDLESS).write_bytes(b'x')
    with opened(folder) as (window, blocks):
        blocks.gate.set()
        iterate_until(lambda: window.bar.get_fraction() == 1)
        window.stop_button.emit('clicked')
        iterate_until(window.task.done)
        assert window.task.cancelled() and blocks.left.is_set()
        assert window.status.get_label().startswith('Stopped: 0 of 1 files, '), window.status.get_label()
        assert not window.stop_button.get_visible()


@test('another-folder-takes-the-place-of-one-that-is-read')
def test_again(folder):
    for name in ('first', 'second'):
        (folder / name).mkdir()
    (folder / 'first' / ENDLESS).write_bytes(b'x')
    expected = make_files(folder / 'second')
    with opened(folder / 'first') as (window, blocks):
        blocks.gate.set()
        iterate_until(lambda: window.bar.get_fraction() == 1)
        window.show_folder(folder / 'first')
        window.show_folder(folder / 'second')
        iterate_until(window.task.done)
        assert blocks.left.is_set() and shown(window) == expected


@test('what-can-not-be-read-says-why')
def test_errors(folder):
    (folder / 'file').write_bytes(b'x')
    with opened(folder / 'missing') as (window, _):
        iterate_until(window.task.done)
        rows = [(row.digest, row.failed) for row in window.rows]
        assert rows == [('No such file or directory', True)], rows
        assert window.status.get_label().endswith(', 1 could not be read'), window.status.get_label()

        program.read_blocks = lambda path: read_blocks(path + '-that-vanished')
        window.show_folder(folder)
        iterate_until(window.task.done)
        rows = [(row.name, row.size, row.digest, row.failed) for row in window.rows]
        assert rows == [('file', 1, 'No such file or directory', True)], rows


@test('an-empty-folder-is-done-at-once')
def test_empty(folder):
    with opened(folder) as (window, _):
        iterate_until(window.task.done)
        assert window.status.get_label() == '0 of 0 files, 0 bytes', window.status.get_label()


@test('columns-sort')
def test_sort(folder):
    make_files(folder)
    with opened(folder) as (window, _):
        iterate_until(window.task.done)
        view = window.stack.get_child_by_name('rows').get_child()
        view.sort_by_column(view.get_columns()[2], program.Gtk.SortType.DESCENDING)
        first = view.get_model().get_model()
        iterate_until(lambda: first.get_pending() == 0)
        sizes = [row.size for row in first]
        assert sizes == sorted(sizes, reverse=True) and sizes[0] == 5_000_000, sizes


@test('closing-the-window-ends-the-program-when-the-worker-has-left')
def test_close(folder):
    (folder / ENDLESS).write_bytes(b'x')
    program.read_blocks = blocks = Blocks()
    blocks.gate.set()
    closed = []

    class ClosedWhenItReads(program.Window):
        def show_progress(self, progress):
            super().show_progress(progress)
            if progress.all_found and not closed:
                closed.append(True)
                self.close()

    usual, program.Window = program.Window, ClosedWhenItReads
    try:
        assert program.Program().run([PROGRAM, str(folder)]) == 0
    finally:
        program.Window = usual
    assert closed and blocks.left.is_set()


def take_screenshot(window, path):
    """Of what the X server has, which is behind what GTK has drawn."""
    iterate_frames(window, 3)
    window.get_display().sync()
    subprocess.run(['import', '-window', 'root', path], check=True, timeout=TIMEOUT)


def colours_of(picture, left, top, width, height):
    """How often each colour is in a part."""
    part = picture.new_subpixbuf(left, top, width, height)
    pixels, stride, size = part.get_pixels(), part.get_rowstride(), part.get_n_channels()
    counts = {}
    for y in range(height):
        for x in range(width):
            colour = pixels[y * stride + x * size:][:3]
            counts[colour] = counts.get(colour, 0) + 1
    return counts


@test('a-screenshot-has-the-rows')
def test_screenshot(folder):
    expected = make_files(folder)
    add_endless_file(folder)
    with opened(folder) as (window, _):
        iterate_until(lambda: len(window.rows) == len(expected))
        take_screenshot(window, SCREENSHOT)
        picture = GdkPixbuf.Pixbuf.new_from_file(str(SCREENSHOT))
        # The first dozen rows, where text is on a light ground.
        counts = colours_of(picture, 20, 100, 900, 240)
        dark = sum(count for colour, count in counts.items() if max(colour) < 100)
        light = sum(count for colour, count in counts.items() if min(colour) > 220)
        assert len(counts) > 20 and 0.02 < dark / (900 * 240) < 0.3 and light / (900 * 240) > 0.5, (len(counts), dark, light)


if __name__ == '__main__':
    sys.exit(main())
