#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses aiot-sqlite-summary, and compares what it says with what SQLite itself finds."""

import json
import signal
import sqlite3
import sys

sys.dont_write_bytecode = True
from testing import TIMEOUT, Opened, main, run, started, test

N_ROWS = 20_000
KINDS = {'integer': 'number', 'real': 'number', 'text': 'text', 'blob': 'blob', 'null': 'null'}


def make_database(path):
    database = sqlite3.connect(path)
    database.execute('CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, weight REAL, data BLOB, "any ""thing""")')
    odd = [None, 3, -2.5, 'text', 'é', b'\x00\xff', '', b'']
    database.executemany('INSERT INTO things VALUES (?, ?, ?, ?, ?)', (
        (i, f'name {i}', None if i % 5 == 0 else i / 2, bytes([i % 256, 0]), odd[i % len(odd)]) for i in range(N_ROWS)))
    database.execute('CREATE TABLE "odd ""name" (a, b)')
    database.execute('INSERT INTO "odd ""name" VALUES (9e999, -9e999)')
    database.execute('CREATE TABLE empty (a)')
    # Whoever reads it is never done.
    database.execute('CREATE VIEW endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n')
    database.commit()
    return database


def show(value):
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return str(value) if value in (float('inf'), float('-inf')) else value


def expected_column(database, table, column):
    summary = {}
    for kind, count in database.execute(f'SELECT typeof ({column}), count (*) FROM {table} GROUP BY 1'):
        summary[KINDS[kind]] = summary.get(KINDS[kind], 0) + count
    least, greatest = database.execute(f'SELECT min ({column}), max ({column}) FROM {table}').fetchone()
    return summary | ({} if least is None else {'least': show(least), 'greatest': show(greatest)})


def expected(database, table):
    def quote(name):
        return '"' + name.replace('"', '""') + '"'

    names = [name for _, name, *_ in database.execute(f'PRAGMA table_info ({quote(table)})')]
    (n_rows,), = database.execute(f'SELECT count (*) FROM {quote(table)}')
    return {'rows': n_rows, 'columns': {name: expected_column(database, quote(table), quote(name)) for name in names}}


def succeeds(*arguments):
    """What it writes to standard output."""
    done = run(*map(str, arguments))
    assert (done.returncode, done.stderr) == (0, b''), done
    return done.stdout.decode()


@test('sums-are-those-of-sqlite')
def test_sums(folder):
    database = make_database(folder / 'database')
    tables = ['empty', 'odd "name', 'things']
    wanted = {table: expected(database, table) for table in tables}
    assert json.loads(succeeds(folder / 'database')) == wanted
    for size in (1, 7, 100_000):
        assert json.loads(succeeds('--queue', size, folder / 'database', 'things')) == {'things': wanted['things']}


@test('text-that-is-no-utf-8-is-summed-up')
def test_not_utf8(folder):
    database = make_database(folder / 'database')
    database.execute("INSERT INTO empty VALUES (CAST(x'61ff62' AS TEXT))")
    database.commit()
    column = json.loads(succeeds(folder / 'database', 'empty'))['empty']['columns']['a']
    assert column == {'text': 1, 'least': 'a\ufffdb', 'greatest': 'a\ufffdb'}, column


@test('many-tables-at-the-same-time')
def test_many(folder):
    with sqlite3.connect(folder / 'database') as database:
        for number in range(100):
            database.execute(f'CREATE TABLE t{number:02} (n)')
            database.executemany(f'INSERT INTO t{number:02} VALUES (?)', ((i,) for i in range(number)))
    database.close()
    summary = json.loads(succeeds('--queue', 1, folder / 'database'))
    assert {table: found['rows'] for table, found in summary.items()} == {f't{number:02}': number for number in range(100)}


@test('the-summary-can-be-written-to-a-file')
def test_output(folder):
    make_database(folder / 'database')
    assert succeeds('--output', folder / 'summary', folder / 'database', 'things') == ''
    assert (folder / 'summary').read_text(encoding='utf-8') == succeeds(folder / 'database', 'things')
    done = run('--output', str(folder / 'missing' / 'summary'), str(folder / 'database'), 'things')
    assert (done.returncode, done.stderr.decode()) == (1, f'{folder}/missing/summary: No such file or directory\n'), done


@test('output-that-can-not-be-written-is-said')
def test_full(folder):
    make_database(folder / 'database')
    with open('/dev/full', 'wb') as full:
        done = run(str(folder / 'database'), 'empty', stdout=full)
    assert (done.returncode, done.stderr) == (1, b'standard output: No space left on device\n'), done


@test('errors-are-said')
def test_errors(folder):
    make_database(folder / 'database')
    (folder / 'text').write_text('This is no database. ' * 100)
    for path, arguments, why in (
            ('missing', [], 'No such file or directory'),
            ('text', [], 'file is not a database'),
            ('database', ['thing'], 'no such table: thing'),
            # The others are left in the middle.
            ('database', ['endless', 'things', 'thing'], 'no such table: thing')):
        done = run(str(folder / path), *arguments)
        assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b'', f'{folder}/{path}: {why}\n'), done


@test('ctrl-c-leaves-in-the-middle')
def test_ctrl_c(folder):
    make_database(folder / 'database')
    opened = Opened(folder / 'database')
    with started(folder / 'database', 'endless', 'endless') as process:
        opened.wait()
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, said, errors) == (130, b'', b'Interrupted\n'), (process.returncode, said, errors)


@test('wrong-arguments')
def test_arguments(folder):
    for arguments in ([], ['--queue', '0', 'x'], ['--queue', 'x', 'x'], ['--no-such-option', 'x']):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, b'') and b'usage: ' in done.stderr, done


if __name__ == '__main__':
    sys.exit(main())
