#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses aiot-tree-hash, and compares what it says with sha256sum.

Where the program has to be in the middle of something, it is given a sparse file that takes hours to read.
"""

import contextlib
import ctypes
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
from testing import HUGE, PROGRAM, TIMEOUT, Terminal, main, run, test

CAPACITY = 256

# One may have been taken when it was full. There is no more room before half of them are.
FULL = f'({CAPACITY - 1}|{CAPACITY})'


def make_tree(root):
    """Files of all sorts; returns nothing, find and sha256sum know what is there."""
    (root / 'empty').touch()
    (root / 'small').write_text('small\n')
    (root / 'large').write_bytes(os.urandom(5_000_001))
    deep = root.joinpath(*['nested'] * 20)
    deep.mkdir(parents=True)
    (deep / 'deep').write_text('deep\n')
    for number in range(300):
        (root / 'nested' / f'many-{number}').write_text(f'{number}\n' * number)
    (root / 'new\nline').write_text('a name with a new line\n')
    (root / 'back\\slash').write_text('a name with a backslash\n')
    with open(os.fsencode(root) + b'/latin-\xe9', 'w') as file:
        file.write('a name in Latin 1\n')
    os.mkfifo(root / 'fifo')
    (root / 'link').symlink_to('small')
    (root / 'dangling').symlink_to('nowhere')
    (root / 'loop').symlink_to('loop')
    (root / 'nested' / 'up').symlink_to('..')


def lose_capabilities():
    """Root reads any file. Without two capabilities it can read what its permissions say."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):   # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)   # PR_CAPBSET_DROP


def have_few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))


def complaints(done):
    """What it said besides how far it was, which it does where the machine is slow."""
    return re.sub(rb'(?m)^[0-9]+ files, .* waiting\n', b'', done.stderr)


def read_summary(path):
    return dict(line.split('=', 1) for line in pathlib.Path(path).read_text().splitlines())


def sha256sum(root):
    found = subprocess.run(['find', root, '-type', 'f', '-print0'], capture_output=True, check=True).stdout
    return subprocess.run(['xargs', '-0', 'sha256sum', '--'], input=found, capture_output=True, check=True).stdout


def digest_of_all(lines):
    digests = sorted(line.lstrip(b'\\')[:64] for line in lines.splitlines())
    text = b''.join(digest + b'\n' for digest in digests)
    return subprocess.run(['sha256sum'], input=text, capture_output=True, check=True).stdout[:64].decode()


@test('digests-are-those-of-sha256sum')
def test_digests(folder):
    tree = folder / 'tree'
    tree.mkdir()
    make_tree(tree)
    done = run('--list', str(folder / 'list'), '--summary', str(folder / 'summary'), str(tree))
    assert done.returncode == 0, done.stderr
    expected = sha256sum(tree)
    assert sorted((folder / 'list').read_bytes().splitlines()) == sorted(expected.splitlines())
    summary = read_summary(folder / 'summary')
    assert int(summary['files']) == len(expected.splitlines())
    assert summary['digest'] == digest_of_all(expected)
    assert summary['digest'] in done.stdout.decode()


@test('blocking-finds-the-same')
def test_blocking(folder):
    tree = folder / 'tree'
    tree.mkdir()
    make_tree(tree)
    results = {}
    for way in ([], ['--blocking'], ['--in-flight', '1']):
        done = run(*way, '--list', str(folder / 'list'), '--summary', str(folder / 'summary'), str(tree))
        assert done.returncode == 0, done.stderr
        summary = read_summary(folder / 'summary')
        results[str(way)] = (summary['files'], summary['digest'], summary['unreadable'], summary['skipped'],
                             (folder / 'list').read_bytes())
        assert (summary['mode'] == 'blocking') == (way == ['--blocking'])
    assert len(set(results.values())) == 1, results


@test('odd-things-are-reported')
def test_odd(folder):
    tree = folder / 'tree'
    tree.mkdir()
    make_tree(tree)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fsencode(tree / 'socket'))
    done = run('--summary', str(folder / 'summary'), str(tree))
    said = done.stderr.decode()
    assert done.returncode == 0
    assert f'{tree}/fifo: fifo, skipped\n' in said
    assert f'{tree}/socket: socket, skipped\n' in said
    assert f'{tree}/loop: loop of symbolic links, skipped\n' in said
    assert f'{tree}/latin-\ufffd: the name is not UTF-8\n' in said
    assert 'dangling' not in said
    # fifo, socket, loop, dangling, link, and up
    assert read_summary(folder / 'summary')['skipped'] == '6'


@test('unreadable-files-are-reported')
def test_unreadable(folder):
    tree = folder / 'tree'
    (tree / 'closed').mkdir(parents=True)
    (tree / 'closed' / 'inside').write_text('x')
    (tree / 'secret').write_text('x')
    (tree / 'open').write_text('x')
    (tree / 'secret').chmod(0)
    (tree / 'closed').chmod(0)
    try:
        done = run('--summary', str(folder / 'summary'), str(tree), preexec_fn=lose_capabilities)
    finally:
        (tree / 'closed').chmod(0o700)
    said = done.stderr.decode()
    assert done.returncode == 0
    assert f'{tree}/secret: Permission denied\n' in said
    assert f'{tree}/closed: Permission denied\n' in said
    summary = read_summary(folder / 'summary')
    assert (summary['files'], summary['unreadable']) == ('1', '2')


@test('vanished-files-are-reported')
def test_vanished(folder):
    tree = folder / 'tree'
    tree.mkdir()
    with open(tree / 'a-huge', 'wb') as huge:
        huge.truncate(HUGE)
        (tree / 'b-vanishing').write_text('x')
        terminal = Terminal('--in-flight', 1, '--summary', folder / 'summary', tree)
        # The huge file is being read, and the other one is known and waits.
        terminal.read_until('0 files, .* 1 in flight, 1 waiting')
        (tree / 'b-vanishing').unlink()
        huge.truncate(0)
    assert terminal.wait() == 0, terminal.text
    assert 'b-vanishing: No such file or directory' in terminal.text
    summary = read_summary(folder / 'summary')
    assert (summary['files'], summary['unreadable']) == ('1', '1')


@contextlib.contextmanager
def in_the_middle(folder, huge, waiting):
    """While this lasts, the program reads one huge file, and what it found after that one waits."""
    with open(huge, 'wb') as file:
        file.truncate(HUGE)
        program = Terminal('--in-flight', 1, '--summary', folder / 'summary', '--list', folder / 'list',
                           folder / 'tree')
        try:
            program.read_until(f'0 files, .* 1 in flight, {waiting} waiting')
            yield program
        finally:
            file.truncate(0)
            status = program.wait()
    assert status == 0, program.text
    program.said = program.text.replace('\r\n', '\n')
    program.listed = (folder / 'list').read_text()
    summary = read_summary(folder / 'summary')
    program.counts = [int(summary[key]) for key in ('files', 'unreadable', 'skipped')]


def copy_with_other_content(path, other):
    shutil.copytree(path, other)
    for file in other.rglob('file'):
        file.write_text('not ours')


def put_link_in_place_of(path, target):
    path.rename(target.with_name('moved'))
    path.symlink_to(target)


@test('a-link-in-the-place-of-a-directory-is-not-followed')
def test_directory_swapped(folder):
    directory = folder / 'tree' / 'directory'
    directory.mkdir(parents=True)
    (directory / 'file').write_text('ours')
    copy_with_other_content(directory, folder / 'other')
    for number in range(300):   # so many that no directory is listed meanwhile
        (folder / 'tree' / f'x-{number}').write_text('x')
    with in_the_middle(folder, folder / 'tree' / 'a-huge', FULL) as program:
        put_link_in_place_of(directory, folder / 'other')
    assert f'{directory}: Not a directory\n' in program.said
    assert program.counts == [301, 1, 0]


@test('a-file-is-opened-in-the-directory-that-had-it')
def test_parent_swapped(folder):
    directory = folder / 'tree' / 'directory'
    directory.mkdir(parents=True)
    (directory / 'file').write_text('ours')
    copy_with_other_content(directory, folder / 'other')
    expected = sha256sum(directory / 'file').decode()
    with in_the_middle(folder, directory / 'a-huge', 1) as program:
        put_link_in_place_of(directory, folder / 'other')
    assert expected in program.listed, program.listed
    assert program.counts == [2, 0, 0]


@test('a-file-may-have-become-anything')
def test_file_swapped(folder):
    tree = folder / 'tree'
    tree.mkdir()
    (folder / 'file').write_text('not ours')
    for name in ('directory', 'fifo', 'link'):
        (tree / name).write_text('ours')
    with in_the_middle(folder, tree / 'a-huge', 3) as program:
        for name in ('directory', 'fifo', 'link'):
            (tree / name).unlink()
        (tree / 'directory').mkdir()
        os.mkfifo(tree / 'fifo')
        (tree / 'link').symlink_to(folder / 'file')
    assert f'{tree}/directory: directory, skipped\n' in program.said
    assert f'{tree}/fifo: fifo, skipped\n' in program.said
    assert program.counts == [1, 0, 3]


def make_deep_tree(root, depth):
    """Returns its directories."""
    paths = [root.joinpath(*['d'] * level) for level in range(depth)]
    for path in paths:
        path.mkdir()
    return paths


@test('deep-and-wide-trees-need-few-descriptors')
def test_few_descriptors(folder):
    paths = make_deep_tree(folder / 'tree', 700)
    for number in range(700):
        paths.append(folder / 'tree' / f'{number}')
        paths[-1].mkdir()
    for number, path in enumerate(paths):
        (path / 'file').write_text(f'{number}')
    expected = sha256sum(folder / 'tree')
    for way in ([], ['--blocking'], ['--in-flight', '1']):
        done = run(*way, '--list', str(folder / 'list'), str(folder / 'tree'), preexec_fn=have_few_descriptors)
        assert (done.returncode, complaints(done)) == (0, b''), (way, done.stderr)
        assert sorted((folder / 'list').read_bytes().splitlines()) == sorted(expected.splitlines()), way


@test('a-link-on-the-way-to-a-deep-file-is-not-followed')
def test_deep_swapped(folder):
    """So deep that the directories on the way are not open any more."""
    paths = make_deep_tree(folder / 'tree', 500)
    (paths[-1] / 'file').write_text('ours')
    copy_with_other_content(paths[450], folder / 'other')
    with in_the_middle(folder, paths[-1] / 'a-huge', 1) as program:
        put_link_in_place_of(paths[450], folder / 'other')
    assert f'{paths[-1]}/file: Not a directory\n' in program.said, program.said
    assert program.counts == [1, 1, 0]


def count_open(pid, path):
    """How many descriptors a process has of a file."""
    return sum(os.readlink(link) == str(path) for link in pathlib.Path(f'/proc/{pid}/fd').iterdir())


@test('a-huge-directory-is-listed-in-batches')
def test_batches(folder):
    tree = folder / 'tree'
    (tree / 'directory').mkdir(parents=True)
    for number in range(2500):
        (tree / f'{number}').write_text(f'{number}')
    expected = sha256sum(tree)
    for way in ([], ['--blocking'], ['--in-flight', '1']):
        done = run(*way, '--list', str(folder / 'list'), str(tree))
        assert (done.returncode, complaints(done)) == (0, b''), (way, done.stderr)
        assert sorted((folder / 'list').read_bytes().splitlines()) == sorted(expected.splitlines()), way

    for path in tree.glob('*[0-9]'):
        os.truncate(path, HUGE)
    for n_removed, n_open in ((0, 2), (2000, 1)):
        for number in range(n_removed):
            (tree / f'{number}').unlink()
        terminal = Terminal('--in-flight', 1, tree)
        # One file of the first batch is being read, others wait, and so does the walk.
        terminal.read_until(f'0 files, .* 1 in flight, {FULL} waiting')
        # A directory stays open for its entries, and a second time while there is more of it to be read.
        assert count_open(terminal.pid, tree) == n_open, (n_removed, n_open)
        terminal.type(b'\x03')
        assert terminal.wait() == 130, terminal.text


@test('one-thread-is-enough')
def test_one_thread(folder):
    """Whoever waits for the others gives it to them."""
    tree = folder / 'tree'
    tree.mkdir()
    make_tree(tree)
    done = run('--in-flight', '4', '--list', str(folder / 'list'), str(tree), env={**os.environ, 'AIOTHREADS_POOL_SIZE': '1'})
    assert done.returncode == 0, done.stderr
    assert sorted((folder / 'list').read_bytes().splitlines()) == sorted(sha256sum(tree).splitlines())


@test('the-queue-never-grows-beyond-its-capacity')
def test_peak(folder):
    tree = folder / 'tree'
    tree.mkdir()
    for number in range(3000):
        (tree / f'{number}').write_text(f'{number}')
    for way in ([], ['--in-flight', '1'], ['--in-flight', '200']):
        done = run(*way, '--summary', str(folder / 'summary'), str(tree))
        summary = read_summary(folder / 'summary')
        assert int(summary['queue_capacity']) == CAPACITY
        assert 1 <= int(summary['peak_queue_length']) <= CAPACITY, summary
        assert f"peak queue length: {summary['peak_queue_length']} of {CAPACITY}\n" in done.stdout.decode(), done.stdout

    run('--blocking', '--summary', str(folder / 'summary'), str(tree))
    assert not [key for key in read_summary(folder / 'summary') if 'queue' in key]

    # It does get full: nobody takes more than one.
    for path in tree.iterdir():
        os.truncate(path, HUGE)
    terminal = Terminal('--in-flight', 1, tree)
    terminal.read_until(f'0 files, .* 1 in flight, {FULL} waiting')
    terminal.type(b'\x03')
    assert terminal.wait() == 130, terminal.text
    assert f'peak queue length: {CAPACITY} of {CAPACITY}\r\n' in terminal.text, terminal.text
    assert max(map(int, re.findall('([0-9]+) waiting', terminal.text))) <= CAPACITY


@test('paths-begin-as-they-were-given')
def test_paths(folder):
    (folder / 'tree' / 'directory').mkdir(parents=True)
    (folder / 'tree' / 'directory' / 'file').write_text('x')
    os.mkfifo(folder / 'tree' / 'fifo')
    (folder / 'link').symlink_to('tree')
    for given, prefix in (('tree', 'tree'), ('./link', './link'), ('link/', 'link'), ('.', './tree'), ('..', '../tree'),
                          ('tree/../link', 'tree/../link'), (str(folder / 'link'), str(folder / 'link'))):
        cwd = folder / 'tree' if given == '..' else folder
        (folder / 'output').mkdir()
        done = run('--list', str(folder / 'output' / 'list'), given, cwd=cwd)
        listed = (folder / 'output' / 'list').read_text()
        assert re.search(f'  {re.escape(prefix)}/directory/file$', listed, re.MULTILINE), (given, listed)
        assert f'{prefix}/fifo: fifo, skipped\n' in done.stderr.decode(), (given, done.stderr)
        shutil.rmtree(folder / 'output')
    run('--list', str(folder / 'list'), 'link/directory/file', cwd=folder)
    assert (folder / 'list').read_text().endswith('  link/directory/file\n')


@test('nothing-to-read')
def test_nothing(folder):
    done = run('--summary', str(folder / 'summary'), str(folder / 'not-there'))
    assert done.returncode == 0
    assert 'not-there: No such file or directory' in done.stderr.decode()
    summary = read_summary(folder / 'summary')
    assert (summary['files'], summary['unreadable']) == ('0', '1')
    assert summary['digest'] == digest_of_all(b'')


@test('a-link-on-the-command-line-is-followed')
def test_link_argument(folder):
    (folder / 'tree').mkdir()
    (folder / 'tree' / 'file').write_text('x')
    (folder / 'link').symlink_to('tree')
    (folder / 'link-to-file').symlink_to('tree/file')
    for link in ('link', 'link-to-file'):
        run('--summary', str(folder / 'summary'), str(folder / link))
        assert read_summary(folder / 'summary')['files'] == '1'


@test('regular-files-are-replaced-whole')
def test_replaced(folder):
    """Also where links lead to them. Whoever has the old one open keeps it."""
    (folder / 'file').write_text('x')
    (folder / 'target').write_text('old')
    (folder / 'link').symlink_to('target')
    (folder / 'link-to-link').symlink_to('link')
    (folder / 'dangling').symlink_to('made')
    for name, target in (('target', 'target'), ('link-to-link', 'target'), ('dangling', 'made'), ('new', 'new')):
        with open(folder / 'target', encoding='utf-8') as old:
            before = old.read()
            done = run('--list', str(folder / name), str(folder / 'file'))
            assert done.returncode == 0, done.stderr
            assert (folder / target).read_bytes() == sha256sum(folder / 'file'), name
            old.seek(0)
            assert old.read() == before
        assert (folder / 'link').is_symlink() and (folder / 'link-to-link').is_symlink(), name
        assert (folder / 'dangling').is_symlink() and not (folder / target).is_symlink(), name
    assert sorted(path.name for path in folder.iterdir()) == [
        'dangling', 'file', 'link', 'link-to-link', 'made', 'new', 'target']


@test('other-files-are-written-to')
def test_written_to(folder):
    """A fifo, a link to it, and a device. A program that tries to replace this device can do no harm."""
    (folder / 'file').write_text('x')
    os.mkfifo(folder / 'fifo')
    (folder / 'link').symlink_to('fifo')
    for option, name in (('--list', 'fifo'), ('--summary', 'fifo'), ('--list', 'link')):
        fifo = os.open(folder / 'fifo', os.O_RDONLY | os.O_NONBLOCK)
        try:
            done = run(option, str(folder / name), str(folder / 'file'))
            said = os.read(fifo, 4096)
        finally:
            os.close(fifo)
        assert done.returncode == 0, done.stderr
        assert said == sha256sum(folder / 'file') if option == '--list' else b'files=1\n' in said, said
        assert (folder / 'fifo').is_fifo() and (folder / 'link').is_symlink()

    ours, device = pty.openpty()
    try:
        done = run('--list', os.ttyname(device), str(folder / 'file'))
        assert done.returncode == 0, done.stderr
        assert select.select([ours], [], [], 0)[0]
        assert os.read(ours, 4096).replace(b'\r\n', b'\n') == sha256sum(folder / 'file')
    finally:
        os.close(ours)
        os.close(device)


@test('what-can-not-be-written-is-said')
def test_not_written(folder):
    (folder / 'file').write_text('x')
    for option in ('--list', '--summary'):
        for path, why in ((folder, 'Is a directory'), (folder / 'no' / 'folder', 'No such file or directory')):
            done = run(option, str(path), str(folder / 'file'))
            assert done.returncode == 1
            assert str(path) in done.stderr.decode() and why in done.stderr.decode(), done.stderr


@test('wrong-arguments')
def test_arguments(folder):
    for arguments in ([], ['--no-such-option', str(folder)], ['--in-flight', '0', str(folder)]):
        done = run(*arguments)
        assert done.returncode == 2
        assert 'Try “' in done.stderr.decode()


@test('ctrl-c')
def test_ctrl_c(folder):
    """One file is done, one is in the middle, and others may be waiting."""
    (folder / 'small').write_text('small\n')
    with open(folder / 'huge', 'wb') as huge:
        huge.truncate(HUGE)
    for way in ([], ['--in-flight', 2]):
        terminal = Terminal(*way, folder)
        terminal.read_until('1 files, .* 1 in flight, 0 waiting')
        terminal.type(b'\x03')
        assert terminal.wait() == 130, terminal.text
        assert 'Interrupted. Until then:' in terminal.text
        assert re.search(r'files: 1\r\n', terminal.text)
        assert 'Operation was cancelled' not in terminal.text


@test('terminal-has-one-line')
def test_terminal_line(folder):
    with open(folder / 'huge', 'wb') as huge:
        huge.truncate(HUGE)
    terminal = Terminal(folder)
    terminal.read_until('in flight(?s:.*)in flight')
    terminal.type(b'\x03')
    terminal.wait()
    progress = terminal.text[:terminal.text.index('Interrupted')]
    assert '\n' not in progress.replace('^C', '') and '\r\x1b[K' in progress, progress


@test('plain-lines-elsewhere')
def test_plain_lines(folder):
    with open(folder / 'huge', 'wb') as huge:
        huge.truncate(HUGE)
    with subprocess.Popen([PROGRAM, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        line = process.stderr.readline().decode()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=TIMEOUT)
    assert re.fullmatch(r'0 files, 0\.0 MB, 0\.0 MB/s, 1 in flight, 0 waiting\n', line), line
    assert process.returncode == 143
    assert said.decode().startswith('Interrupted.')


if __name__ == '__main__':
    sys.exit(main())
