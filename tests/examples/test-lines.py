#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses aiot-lines, and compares what it counts with wc and grep."""

import os
import random
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from testing import HUGE, TIMEOUT, Terminal, main, run, started, test

LINE = re.compile('([0-9]+) lines, ([0-9]+) bytes, longest ([0-9]+): (.*)')


def counts(said):
    """Lines, bytes and the longest line, by name."""
    return {found[4]: tuple(int(found[i]) for i in (1, 2, 3)) for found in LINE.finditer(said)}


def expected(path):
    """What others count. The last line counts, with a newline or without."""
    def ask(*command):
        return int(subprocess.run([*command, path], capture_output=True, check=False).stdout.split()[0])

    longest = max(map(len, path.read_bytes().split(b'\n')))
    return ask('grep', '-a', '-c', ''), ask('wc', '-c'), longest


@test('counts-are-those-of-wc-and-grep')
def test_counts(folder):
    chance = random.Random(1)
    contents = {
        'empty': b'',
        'newline': b'\n',
        'no-newline-at-the-end': b'one\ntwo',
        'no-newline-at-all': b'one',
        'blank-lines': b'\n\n\na\n\n',
        'bytes': bytes(range(256)) * 100,
        'crlf': b'one\r\ntwo\r\n',
        'blocks': b'x' * 65535 + b'\n' + b'y' * 65536 + b'\n' + b'z' * 65537,
        'longer-than-a-piece': b'x' * 3_000_000 + b'\n' + b'y' * 1048576 + b'\n' + b'z' * 1048577,
        'many': b''.join(b'x' * chance.randrange(100) + b'\n' for _ in range(200_000)),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    done = run(*(str(folder / name) for name in contents))
    assert (done.returncode, done.stderr) == (0, b''), done
    found = counts(done.stdout.decode())
    total = found.pop('total')
    assert found == {str(folder / name): expected(folder / name) for name in contents}
    assert total == (*(sum(column) for column in list(zip(*found.values()))[:2]), 3_000_000)


@test('pipes-have-lines-too')
def test_pipe(folder):
    """The program waits for more as long as there may be any."""
    with started('/dev/stdin', stdin=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdin.write(b'line\n' * 10_000)
            process.stdin.flush()
        said, _ = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, said) == (0, b'30000 lines, 150000 bytes, longest 4: /dev/stdin\n')


@test('unreadable-files-are-reported-and-the-others-counted')
def test_unreadable(folder):
    (folder / 'file').write_text('x\n')
    done = run(str(folder / 'not-there'), str(folder), str(folder / 'file'))
    assert done.returncode == 1
    assert done.stderr.decode() == f'{folder}/not-there: No such file or directory\n{folder}: Is a directory\n'
    assert done.stdout.decode() == f'1 lines, 2 bytes, longest 1: {folder}/file\n'


@test('names-can-not-confuse-the-terminal')
def test_names(folder):
    done = run(os.fsencode(folder) + b'/\x1b[2J\xe9')
    assert done.stderr.decode() == f'{folder}/\\x1b[2J\ufffd: No such file or directory\n'


@test('progress-is-shown-on-a-terminal')
def test_progress(folder):
    with open(folder / 'huge', 'wb') as huge:
        huge.write(b'one\ntwo\n')
        huge.truncate(HUGE)
        terminal = Terminal(folder / 'huge')
        terminal.read_until(f'{folder}/huge: [0-9]+ %, [0-9.]+.[kMG]B, 2 lines')
        huge.truncate(8)
    assert terminal.wait() == 0, terminal.text
    progress, last = terminal.text[:-2].rsplit('\r\x1b[K', 1)
    assert '\n' not in progress and '\r\x1b[K' in progress
    assert re.fullmatch(f'[23] lines, [0-9]+ bytes, longest [0-9]+: {folder}/huge', last), last


@test('progress-is-shown-nowhere-else')
def test_no_progress(folder):
    (folder / 'file').write_bytes(b'line\n' * 1_000_000)
    done = run(str(folder / 'file'))
    assert (done.returncode, done.stderr) == (0, b'')


@test('ctrl-c-leaves-while-it-reads')
def test_ctrl_c(folder):
    with open(folder / 'huge', 'wb') as huge:
        huge.write(b'one\ntwo\n')
        huge.truncate(HUGE)
    terminal = Terminal(folder / 'huge', folder / 'huge')
    terminal.read_until(' 2 lines')
    terminal.type(b'\x03')
    assert terminal.wait() == 130, terminal.text
    assert terminal.text.endswith(f'Interrupted after 2 lines of {folder}/huge\r\n'), terminal.text[-200:]


@test('ctrl-c-leaves-while-it-waits')
def test_ctrl_c_waits(folder):
    """The terminal is what it reads, and nobody types."""
    terminal = Terminal('/dev/stdin')
    terminal.type(b'one\n')
    terminal.read_until('/dev/stdin: 4 bytes, ')
    terminal.type(b'two\n')
    terminal.read_until('/dev/stdin: 8 bytes, ')
    terminal.type(b'\x03')
    assert terminal.wait() == 130, terminal.text
    # What it has read may not have been counted yet.
    assert re.search('Interrupted after [0-2] lines of /dev/stdin\r\n', terminal.text), terminal.text


@test('wrong-arguments')
def test_arguments(folder):
    done = run()
    assert done.returncode == 2
    assert done.stderr.decode().startswith('Usage: '), done.stderr


if __name__ == '__main__':
    sys.exit(main())
