#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums up the tables of an SQLite database: what each column holds, from the smallest value to the largest.

All tables are read at the same time. Each has a worker with a connection of its own, which lives and dies there, and a
queue that holds so many rows at most: a worker that is faster than the loop waits.

    aiot-sqlite-summary.py [--output FILE] [--queue ROWS] DATABASE [TABLE ...]
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import sqlite3
import sys
import urllib.parse
from collections import Counter

import gi

gi.require_version('AioThreads', '1')

from gi.repository import AioThreads  # noqa: E402


# --- In workers -------------------------------------------------------------

def connect(path):
    """SQLite allows a connection in one thread only: that which opens it."""
    os.stat(path)   # says more than SQLite does
    uri = 'file:' + urllib.parse.quote(os.fsencode(path)) + '?mode=ro'
    return contextlib.closing(sqlite3.connect(uri, uri=True))


@AioThreads.threaded
def find_tables(path):
    with connect(path) as database:
        return [name for name, in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")]


def read_rows(path, table):
    """The names of the columns, then the rows."""
    quoted = table.replace('"', '""')
    with connect(path) as database:
        database.text_factory = lambda text: text.decode(errors='replace')
        cursor = database.execute(f'SELECT * FROM "{quoted}"')
        yield tuple(name for name, *_ in cursor.description)
        yield from cursor


@AioThreads.threaded
def write_file(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


# --- In the loop ------------------------------------------------------------

# As SQLite sorts them
KINDS = {int: (0, 'number'), float: (0, 'number'), str: (1, 'text'), bytes: (2, 'blob')}


class Column:
    def __init__(self):
        self.counts = Counter()
        self.least = self.greatest = None

    def add(self, value):
        if value is None:
            self.counts['null'] += 1
            return
        rank, kind = KINDS[type(value)]
        self.counts[kind] += 1
        key = (rank, value)
        if self.least is None or key < self.least:
            self.least = key
        if self.greatest is None or key > self.greatest:
            self.greatest = key

    def sum_up(self):
        summary = dict(sorted(self.counts.items()))
        if self.least is not None:
            summary |= {'least': show(self.least), 'greatest': show(self.greatest)}
        return summary


def show(key):
    """JSON has neither bytes nor infinity."""
    _, value = key
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return str(value) if value in (math.inf, -math.inf) else value


async def sum_up_table(path, table, queue):
    # A block that is left by an error or by Ctrl-C closes the iterator: its worker closes the connection, and is waited for.
    async with AioThreads.IteratorWrapper(lambda: read_rows(path, table), max_size=queue) as rows:
        columns = [(name, Column()) for name in await anext(rows)]
        n_rows = 0
        async for row in rows:
            n_rows += 1
            for (_, column), value in zip(columns, row):
                column.add(value)
    return {'rows': n_rows, 'columns': {name: column.sum_up() for name, column in columns}}


async def sum_up_all(options):
    tables = options.tables or await find_tables(options.database)
    try:
        # Whatever goes wrong, it waits until all tables have been left.
        async with asyncio.TaskGroup() as group:
            tasks = {table: group.create_task(sum_up_table(options.database, table, options.queue)) for table in tables}
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None

    summaries = {table: task.result() for table, task in tasks.items()}
    text = json.dumps(summaries, indent=2, ensure_ascii=False) + '\n'
    if options.output is None:
        sys.stdout.write(text)
    else:
        await write_file(options.output, text)


def at_least_one(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def parse_arguments():
    parser = argparse.ArgumentParser(description='Sums up the tables of an SQLite database.')
    parser.add_argument('--output', metavar='FILE', help='write the summary to a file, not to standard output')
    parser.add_argument('--queue', metavar='ROWS', type=at_least_one, default=256,
                        help='how many rows a worker may be ahead (default: 256)')
    parser.add_argument('database', metavar='DATABASE')
    parser.add_argument('tables', metavar='TABLE', nargs='*', help='all, if none is given')
    return parser.parse_args()


def main():
    options = parse_arguments()
    try:
        asyncio.run(sum_up_all(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        print('Interrupted', file=sys.stderr)
        return 130
    except sqlite3.Error as error:
        print(f'{options.database}: {error}', file=sys.stderr)
        return 1
    except OSError as error:
        print(f'{error.filename or "standard output"}: {error.strerror}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
