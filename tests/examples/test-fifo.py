#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses aiot-fifo, with all that writers may do."""

import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
from testing import TIMEOUT, Opened, Terminal, main, run, started, test


def end(process):
    """What it said, and its exit status."""
    said, errors = process.communicate(timeout=TIMEOUT)
    assert errors == b'', errors
    return said, process.returncode


@test('waits-for-a-writer-and-ends-with-the-last-one')
def test_writers(folder):
    os.mkfifo(folder / 'fifo')
    with started(folder / 'fifo') as process:
        # To open it waits for a reader.
        with open(folder / 'fifo', 'wb', buffering=0) as first:
            first.write(b'one\nt')
            with open(folder / 'fifo', 'wb', buffering=0) as second:
                first.write(b'wo\n')
                first.close()
                second.write(b'three\nand an end')
        assert end(process) == (b'one\ntwo\nthree\nand an end', 0)


@test('what-is-written-before-it-reads-is-not-lost')
def test_writer_first(folder):
    os.mkfifo(folder / 'fifo')
    keeps = os.open(folder / 'fifo', os.O_RDWR)
    os.write(keeps, b'early\n')
    with started(folder / 'fifo') as process:
        assert process.stdout.readline() == b'early\n'
        os.close(keeps)
        assert end(process) == (b'', 0)


@test('a-writer-that-says-nothing-is-one')
def test_silent_writer(folder):
    os.mkfifo(folder / 'fifo')
    with started(folder / 'fifo') as process:
        os.close(os.open(folder / 'fifo', os.O_WRONLY))
        assert end(process) == (b'', 0)


@test('a-flood-loses-nothing')
def test_flood(folder):
    os.mkfifo(folder / 'fifo')
    with started(folder / 'fifo') as process:
        # It writes when there is room: this is more than may wait.
        subprocess.run(['sh', '-c', 'seq 300000 >"$1" &', 'sh', folder / 'fifo'], check=True)
        lines = subprocess.run(['seq', '300000'], capture_output=True, check=True).stdout
        assert end(process) == (lines, 0)


@test('again-starts-over-and-loses-nothing')
def test_again(folder):
    """Many writers, each of which may come when the one before is just leaving."""
    os.mkfifo(folder / 'fifo')
    with started('--again', folder / 'fifo') as process:
        for number in range(300):
            with open(folder / 'fifo', 'w', encoding='utf-8') as writer:
                writer.write(f'{number}\n')
        for number in range(300):
            assert process.stdout.readline() == b'%d\n' % number
        # It waits for the next one.
        process.send_signal(signal.SIGINT)
        assert end(process) == (b'', 130)


@test('ctrl-c-leaves-where-no-writer-comes')
def test_ctrl_c(folder):
    os.mkfifo(folder / 'fifo')
    for options in ([], ['--again']):
        opened = Opened(folder / 'fifo')
        terminal = Terminal(*options, folder / 'fifo')
        opened.wait()
        terminal.type(b'\x03')
        assert terminal.wait() == 130, terminal.text


@test('ctrl-c-leaves-while-a-writer-says-nothing')
def test_ctrl_c_silent(folder):
    os.mkfifo(folder / 'fifo')
    terminal = Terminal(folder / 'fifo')
    with open(folder / 'fifo', 'wb', buffering=0) as writer:
        writer.write(b'one\n')
        terminal.read_until('one\r\n')
        terminal.type(b'\x03')
        assert terminal.wait() == 130, terminal.text


@test('what-is-no-fifo-is-said')
def test_errors(folder):
    (folder / 'file').write_text('x')
    for path, why in ((folder / 'not-there', 'There is no such fifo; mkfifo makes one'),
                      (folder / 'file', 'This is no fifo; mkfifo makes one'), (folder, 'This is no fifo; mkfifo makes one')):
        for options in ([], ['--again']):
            done = run(*options, str(path))
            assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b'', f'{path}: {why}\n'), done


@test('output-that-can-not-be-written-is-said')
def test_full(folder):
    os.mkfifo(folder / 'fifo')
    with open('/dev/full', 'wb') as full, started(folder / 'fifo', stdout=full) as process:
        with open(folder / 'fifo', 'wb', buffering=0) as writer:
            writer.write(b'one\n')
            assert process.communicate(timeout=TIMEOUT)[1] == b"The lines can't be written: No space left on device\n"
        assert process.returncode == 1


@test('wrong-arguments')
def test_arguments(folder):
    for arguments in ([], ['x', 'y'], ['--no-such-option', 'x']):
        done = run(*arguments)
        assert done.returncode == 2
        assert 'Try “' in done.stderr.decode(), done.stderr


if __name__ == '__main__':
    sys.exit(main())
