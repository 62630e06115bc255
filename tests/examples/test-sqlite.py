#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses aiot-sqlite, and compares what it shows with what Python's sqlite3 reads."""

import os
import random
import re
import sqlite3
import sys

sys.dont_write_bytecode = True
from testing import TIMEOUT, Terminal, main, run, started, test

N_ROWS = 20_000


def make_database(path, n_rows=N_ROWS):
    """Row ids with gaps, the smallest and the largest one, and values of all kinds."""
    chance = random.Random(1)
    database = sqlite3.connect(path)
    database.execute('CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, weight REAL, data BLOB)')
    ids = [-2**63, -5, *sorted(chance.sample(range(10 * n_rows), n_rows - 3)), 2**63 - 1]
    odd = ['', 'tab\there', 'new\nline', 'return\rhere', 'back\\slash', '\\N', 'é', "it's", None]
    database.executemany('INSERT INTO things VALUES (?, ?, ?, ?)', (
        (number, odd[i % len(odd)] if i % 3 == 0 else f'name {i}', None if i % 5 == 0 else i / 2, bytes([i % 256, 0]))
        for i, number in enumerate(ids)))
    database.execute('CREATE TABLE "odd ""name" (a, rowid2)')
    database.execute('INSERT INTO "odd ""name" VALUES (1, 2)')
    database.execute('CREATE TABLE bare (a)')
    database.execute('CREATE TABLE pairs (a PRIMARY KEY, b) WITHOUT ROWID')
    database.execute('CREATE VIEW names AS SELECT name FROM things')
    database.commit()
    return database


def show(value):
    if value is None:
        return '\\N'
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    text = str(value)
    for character, shown in (('\\', '\\\\'), ('\t', '\\t'), ('\n', '\\n'), ('\r', '\\r')):
        text = text.replace(character, shown)
    return text


def expected(database, table):
    rows = database.execute(f'SELECT * FROM {table} ORDER BY rowid')
    return ''.join('\t'.join(map(show, row)) + '\n' for row in rows).encode()


@test('rows-are-those-of-sqlite')
def test_rows(folder):
    database = make_database(folder / 'database')
    wanted = expected(database, 'things')
    for page_size, n_pages in ((500, 40), (300, 67), (19_999, 2), (20_000, 1), (30_000, 1)):
        done = run('--page-size', str(page_size), str(folder / 'database'), 'things')
        assert (done.returncode, done.stdout) == (0, wanted), page_size
        assert done.stderr.decode() == f'{N_ROWS} rows in {n_pages} pages\n'
    done = run(str(folder / 'database'), 'things')
    assert (done.returncode, done.stdout) == (0, wanted)


@test('any-table-has-pages')
def test_tables(folder):
    database = make_database(folder / 'database')
    for table, quoted in (('odd "name', '"odd ""name"'), ('bare', 'bare'), ('THINGS', 'things'),
                          ('sqlite_master', 'sqlite_master')):
        done = run('--page-size', '1', str(folder / 'database'), table)
        assert (done.returncode, done.stdout) == (0, expected(database, quoted)), (table, done.stderr)


@test('text-that-is-no-utf-8-is-shown')
def test_not_utf8(folder):
    database = make_database(folder / 'database')
    database.execute("INSERT INTO bare VALUES (CAST(x'61ff62' AS TEXT))")
    database.commit()
    done = run(str(folder / 'database'), 'bare')
    assert (done.returncode, done.stdout.decode()) == (0, 'a\ufffdb\n')


@test('errors-say-what-to-do')
def test_errors(folder):
    database = make_database(folder / 'database')
    database.close()
    sqlite3.connect(folder / 'empty').execute('CREATE TABLE t (a)').connection.execute('DROP TABLE t').connection.close()
    (folder / 'text').write_text('This is no database. ' * 100)
    (folder / 'secret').mkdir()
    for path, table, why in (
            ('not-there', 'things', 'No such file or directory'),
            ('secret', 'things', 'Is a directory'),
            ('text', 'things', 'This is no SQLite database, or it is encrypted'),
            ('database', 'thing', 'There is no table “thing”, but: bare, names, odd "name, pairs, things'),
            ('empty', 'things', 'There is no table “things”, nor any other'),
            ('database', 'names', '“names” has no row ids, because it is a view or made WITHOUT ROWID, '
                                  "and can't be read page by page"),
            ('database', 'pairs', '“pairs” has no row ids, because it is a view or made WITHOUT ROWID, '
                                  "and can't be read page by page")):
        done = run(str(folder / path), table)
        assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b'', f'{folder}/{path}: {why}\n'), done


@test('a-damaged-database-gives-what-comes-before')
def test_damaged(folder):
    database = make_database(folder / 'database')
    wanted = expected(database, 'things')
    database.close()
    size = (folder / 'database').stat().st_size
    with open(folder / 'database', 'r+b') as file:
        file.seek(size // 2)
        file.write(b'\xff' * (size // 4))
    done = run('--page-size', '100', str(folder / 'database'), 'things')
    assert done.returncode == 1
    assert done.stderr.decode() == (f'{folder}/database: The database is damaged; '
                                    '“.recover” in sqlite3 may save what is left\n')
    assert done.stdout and wanted.startswith(done.stdout)


@test('a-locked-database-is-said')
def test_locked(folder):
    database = make_database(folder / 'database')
    database.execute('BEGIN EXCLUSIVE')
    done = run(str(folder / 'database'), 'things')
    database.execute('ROLLBACK')
    assert done.returncode == 1
    assert done.stderr.decode() == (f'{folder}/database: Another program is changing the database; '
                                    'try again when it is done\n')


@test('others-may-write-between-two-pages')
def test_nothing_is_locked(folder):
    """A page is more than a pipe holds: while nobody reads on, the program writes the first one, and holds no lock."""
    database = sqlite3.connect(folder / 'database')
    database.execute('CREATE TABLE long (text)')
    database.executemany('INSERT INTO long VALUES (?)', ((f'{i}' * 2000,) for i in range(2000)))
    database.commit()
    with started(folder / 'database', 'long') as process:
        begin = os.read(process.stdout.fileno(), 1)
        database.execute('BEGIN EXCLUSIVE')
        database.execute('DELETE FROM long WHERE rowid > 1000')
        database.execute('COMMIT')
        rest, errors = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, errors) == (0, b'1000 rows in 2 pages\n'), errors
    assert begin + rest == expected(database, 'long')


@test('ctrl-c-leaves-in-the-middle')
def test_ctrl_c(folder):
    make_database(folder / 'database')
    terminal = Terminal('--page-size', 10, folder / 'database', 'things')
    terminal.read_until('name')
    terminal.type(b'\x03')
    assert terminal.wait() == 130, terminal.text[-200:]
    found = re.search('Interrupted after ([0-9]+) rows in ([0-9]+) pages\r\n$', terminal.text)
    assert found and int(found[1]) == 10 * int(found[2]) < N_ROWS, terminal.text[-200:]


@test('output-that-can-not-be-written-is-said')
def test_full(folder):
    make_database(folder / 'database')
    with open('/dev/full', 'wb') as full:
        done = run(str(folder / 'database'), 'things', stdout=full)
    assert (done.returncode, done.stderr) == (1, b'Standard output: No space left on device\n'), done


@test('wrong-arguments')
def test_arguments(folder):
    for arguments in ([], ['x'], ['x', 'y', 'z'], ['--page-size', '0', 'x', 'y'], ['--no-such-option', 'x', 'y']):
        done = run(*arguments)
        assert done.returncode == 2
        assert 'Try “' in done.stderr.decode(), done.stderr


if __name__ == '__main__':
    sys.exit(main())
