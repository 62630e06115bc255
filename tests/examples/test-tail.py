#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses aiot-tail, and does to the file what programs and log rotation do to it."""

import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
from testing import PROGRAM, TIMEOUT, Output, Terminal, main, run, test


class Tail(Output):
    """The program, and what it says."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        super().__init__(self.process.stdout.fileno())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def says(self, text):
        """It says just that next."""
        expected, self.text = text, self.text
        while len(self.text) < len(expected):
            before = len(self.text)
            self.read_until(f'(?s:.{{{before + 1}}})')
        said, self.text = self.text[:len(expected)], self.text[len(expected):]
        assert said == expected, (said, expected)

    def end(self):
        """Its exit status after Ctrl-C, having said nothing more."""
        self.process.send_signal(signal.SIGINT)
        said, errors = self.process.communicate(timeout=TIMEOUT)
        assert (self.text, said, errors) == ('', b'', b'')
        return self.process.returncode


def append(path, text):
    with open(path, 'a', encoding='utf-8') as file:
        file.write(text)


@test('begins-as-tail-does')
def test_last_lines(folder):
    """Through the blocks in which it looks for them."""
    contents = ['', 'one\n', '\n\n', ''.join(f'{i}\n' for i in range(30)), 'x' * 65535 + '\n' + 'y' * 65536 + '\nz\n',
                ''.join('x' * (i % 200) + '\n' for i in range(5000))]
    for content in contents:
        (folder / 'file').write_text(content)
        for count in ('1', '2', '10', '3000'):
            expected = subprocess.run(['tail', '-n', count, folder / 'file'], capture_output=True, check=True).stdout.decode()
            with Tail('-n', count, folder / 'file') as tail:
                tail.says(expected)
                append(folder / 'file', 'last\n')
                tail.says('last\n')
                assert tail.end() == 130
            (folder / 'file').write_text(content)


@test('may-begin-with-nothing')
def test_no_lines(folder):
    (folder / 'file').write_text('old\n')
    with Tail('-n', 0, folder / 'file') as tail:
        # It does not say when it has begun, so the same is written until it is seen.
        while not tail.text:
            append(folder / 'file', 'new\n')
            tail.read_more(0.01)
        assert 'old' not in tail.text
        append(folder / 'file', 'end\n')
        tail.read_until('(new\n)+end\n')


@test('lines-come-when-they-are-written')
def test_follow(folder):
    (folder / 'file').write_text('old\n')
    with Tail(folder / 'file') as tail:
        tail.says('old\n')
        for number in range(1000):
            append(folder / 'file', f'{number}\n')
            if number % 100 == 0:
                tail.says(''.join(f'{i}\n' for i in range(max(number - 99, 0), number + 1)))
        tail.says(''.join(f'{i}\n' for i in range(901, 1000)))
        assert tail.end() == 130


@test('a-line-comes-when-it-is-complete')
def test_partial(folder):
    (folder / 'file').write_text('be')
    with Tail(folder / 'file') as tail:
        append(folder / 'file', 'gin')
        append(folder / 'file', '\nend')
        tail.says('begin\n')
        append(folder / 'file', '\n')
        tail.says('end\n')
        assert tail.end() == 130


@test('a-flood-loses-nothing')
def test_flood(folder):
    """Many more lines than may wait, while nobody reads them."""
    lines = ''.join(f'{i:06}\n' for i in range(200_000))
    (folder / 'file').write_text('old\n')
    with Tail(folder / 'file') as tail:
        tail.says('old\n')
        append(folder / 'file', lines)
        tail.says(lines)
        assert tail.end() == 130


@test('a-truncated-file-begins-anew')
def test_truncated(folder):
    (folder / 'file').write_text('first\nsecond\nincom')
    with Tail(folder / 'file') as tail:
        tail.says('first\nsecond\n')
        os.truncate(folder / 'file', 0)
        tail.says('incom')
        append(folder / 'file', 'anew\n')
        tail.says('anew\n')
        (folder / 'file').write_text('x\n')
        tail.says('x\n')
        assert tail.end() == 130


@test('a-rotated-file-is-read-to-its-end')
def test_rotated(folder):
    (folder / 'file').write_text('one\n')
    with Tail(folder / 'file') as tail:
        tail.says('one\n')
        for number in range(50):
            (folder / 'file').rename(folder / 'file.1')
            append(folder / 'file.1', f'late {number}\n')
            (folder / 'file').write_text(f'new {number}\n')
            tail.says(f'late {number}\nnew {number}\n')
        assert tail.end() == 130


@test('a-file-may-be-away-for-a-while')
def test_removed(folder):
    (folder / 'file').write_text('one\n')
    with Tail(folder / 'file') as tail:
        tail.says('one\n')
        (folder / 'file').unlink()
        (folder / 'other').write_text('not this\n')
        (folder / 'unfinished').write_text('two\n')
        (folder / 'unfinished').rename(folder / 'file')
        tail.says('two\n')
        assert tail.end() == 130


@test('another-file-in-its-place-is-no-part-of-it')
def test_replaced(folder):
    """By one rename, which leaves no moment without a file; the old one ends without a newline."""
    (folder / 'file').write_text('old\nincomplete')
    (folder / 'new').write_text('new\n')
    with Tail(folder / 'file') as tail:
        tail.says('old\n')
        (folder / 'new').rename(folder / 'file')
        tail.says('incompletenew\n')
        assert tail.end() == 130


@test('a-link-is-followed')
def test_link(folder):
    for name in ('a', 'b'):
        (folder / name).write_text(f'{name}\n')
    (folder / 'link').symlink_to('a')
    with Tail(folder / 'link') as tail:
        tail.says('a\n')
        append(folder / 'a', 'more\n')
        tail.says('more\n')
        (folder / 'new').symlink_to('b')
        (folder / 'new').rename(folder / 'link')
        tail.says('b\n')
        assert tail.end() == 130


@test('ctrl-c-wakes-it-at-once')
def test_ctrl_c(folder):
    """It waits for a change that never comes."""
    (folder / 'file').write_text('old\n')
    terminal = Terminal(folder / 'file')
    terminal.read_until('old\r\n')
    terminal.type(b'\x03')
    assert terminal.wait() == 130, terminal.text


@test('being-terminated-wakes-it')
def test_terminated(folder):
    (folder / 'file').write_text('old\n')
    with Tail(folder / 'file') as tail:
        tail.says('old\n')
        tail.process.send_signal(signal.SIGTERM)
        assert tail.process.wait(TIMEOUT) == 143


@test('what-can-not-be-followed-is-said')
def test_errors(folder):
    os.mkfifo(folder / 'fifo')
    for path, why in ((folder / 'not-there', 'No such file or directory'), (folder, 'Only a regular file can be followed'),
                      (folder / 'no' / 'folder', 'No such file or directory'),
                      (folder / 'fifo', 'Only a regular file can be followed')):
        done = run(str(path))
        assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b'', f'{path}: {why}\n'), done


@test('wrong-arguments')
def test_arguments(folder):
    for arguments in ([], ['-n', '-1', 'x'], ['-n', 'x', 'x'], ['x', 'y'], ['--no-such-option', 'x']):
        done = run(*arguments)
        assert done.returncode == 2
        assert 'Try “' in done.stderr.decode(), done.stderr


if __name__ == '__main__':
    sys.exit(main())
