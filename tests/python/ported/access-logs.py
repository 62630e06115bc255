# SPDX-License-Identifier: LGPL-2.1-or-later
"""Digest the access logs of a small web farm into SQLite.

The blocking work (files, pipes, the database) is done in threads; the event
loop only orchestrates it.
"""

import asyncio
import contextvars
import hashlib
import os
import random
import sqlite3
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from gi.repository.AioThreads import (
    ChannelClosed,
    ChannelTimeout,
    FromThreadChannel,
    IteratorWrapper,
    sync_await,
    sync_wait_coroutine,
    threaded,
    threaded_iterable,
    threaded_iterable_separate,
    threaded_separate,
    wait_coroutine,
)

COUNTRIES = {"10.0.0.1": "FR", "10.0.0.2": "JP", "10.9.9.9": "??"}
LOGS, LINES, BATCH, QUEUE = 4, 300, 64, 8

# The log being ingested by the current task.
source = contextvars.ContextVar("source", default="-")


class BadLine(ValueError):
    """A log line that makes no sense."""


class Hit(NamedTuple):
    host: str
    status: int
    size: int

    @classmethod
    def parse(cls, line):
        try:
            host, status, size = line.split()
            return cls(host, int(status), int(size))
        except ValueError as error:
            raise BadLine(f"{source.get()}: {line.strip()!r}") from error


def make_hits(seed, count=LINES):
    """Invent some traffic, with one server error, a tenth of the way in."""
    rng = random.Random(seed)
    hits = [
        Hit(rng.choice([*COUNTRIES]), rng.choice((200, 200, 404)), rng.randrange(5000))
        for _ in range(count)
    ]
    hits[count // 10] = hits[count // 10]._replace(status=500)
    return hits


@threaded
def write(path, hits, mode="w"):
    with path.open(mode) as file:
        file.writelines(f"{hit.host} {hit.status} {hit.size}\n" for hit in hits)


class Log:
    """A log file, read lazily by a thread."""

    def __init__(self, path):
        self.path = path
        self.produced = 0
        self.closed = False

    @threaded_iterable(max_size=QUEUE)
    def hits(self):
        try:
            with self.path.open() as file:
                for line in file:
                    hit = Hit.parse(line)
                    self.produced += 1
                    yield hit
        finally:
            self.closed = True

    @threaded
    @staticmethod
    def checksum(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()


class Store:
    """The database; every operation has its own connection, in its own thread."""

    def __init__(self, path):
        self.path = path
        self.threads = set()

    def connect(self):
        self.threads.add(threading.get_ident())
        return closing(sqlite3.connect(self.path, timeout=30))

    @threaded
    @classmethod
    def create(cls, path):
        store = cls(path)
        with store.connect() as db:
            db.execute("CREATE TABLE hit (source, host, status, size)")
        return store

    @threaded
    def insert(self, hits):
        with self.connect() as db, db:
            rows = [(source.get(), *hit) for hit in hits]
            return db.executemany("INSERT INTO hit VALUES (?, ?, ?, ?)", rows).rowcount

    @threaded  # a generator function: the same as @threaded_iterable
    def query(self, sql):
        with self.connect() as db:
            yield from db.execute(sql)


class Registry:
    """Tells where hosts live, but only speaks asyncio."""

    async def country(self, host):
        await asyncio.sleep(0.001)
        if COUNTRIES[host] == "??":
            raise LookupError(host)
        return COUNTRIES[host]

    async def countries(self, hosts):
        answers = await asyncio.gather(*map(self.country, hosts), return_exceptions=True)
        return {h: a if isinstance(a, str) else "??" for h, a in zip(hosts, answers)}

    @threaded
    def locate(self, hosts):
        """Ask from a thread: everything at once, then again one by one."""
        result = wait_coroutine(self.countries(hosts))
        for host, country in result.items():
            try:
                assert sync_await(self.country, host) == country
            except LookupError as error:
                assert country == "??" and error.args == (host,)
        return result


@threaded_separate
def send(fd, hits):
    with open(fd, "w") as pipe:
        for hit in hits:
            print(*hit, file=pipe)


@threaded_iterable_separate(max_size=QUEUE)
def receive(fd):
    with open(fd) as pipe:
        yield from map(Hit.parse, pipe)


@threaded_separate
def follow(path, channel, stop):
    """Report the lines of a growing log until told that it will grow no more."""
    with channel, path.open() as file:
        while True:
            complete = stop.is_set()  # to be known before looking for the last lines
            if line := file.readline():
                channel.put(Hit.parse(line))
            elif complete:
                break
            else:
                stop.wait(0.005)


async def collect(stream):
    return [item async for item in stream]


async def ingest(store, log):
    """Store a whole log, batch by batch."""
    source.set(log.path.name)
    total, batch = 0, []
    async with log.hits() as hits:
        async for hit in hits:
            batch.append(hit)
            if len(batch) == BATCH:
                total += await store.insert(batch)
                batch = []
    return total + await store.insert(batch)


async def find_error(log):
    """Look for the first server error, slowly, and read no further."""
    count = 0
    async with log.hits() as hits:
        async for hit in hits:
            count += 1
            await asyncio.sleep(0.002)  # far slower than the thread could be
            assert log.produced <= count + QUEUE + 2, "no backpressure"
            if hit.status == 500:
                break
    assert log.closed, "the generator was not cleaned up"
    assert log.produced <= count + QUEUE + 2, "the generator went on"
    return count, hit


async def watch(path, updates):
    """Follow a live log, which gets one of the updates whenever it falls silent."""
    channel, stop = FromThreadChannel(maxsize=QUEUE, timeout=0.05), threading.Event()

    async def consume():
        seen = [await channel.get(timeout=10)]  # the thread may take its time to start
        pending = iter(updates)
        while True:
            try:
                seen.append(await channel.get())
            except ChannelTimeout:
                if update := next(pending, None):
                    await write(path, update, mode="a")
                else:
                    stop.set()
            except ChannelClosed:
                return seen

    _, seen = await asyncio.gather(follow(path, channel, stop), consume())
    return seen


async def process(folder):
    # Write the logs, all at once; the last one will be damaged.
    traffic = {f"www{n}.log": make_hits(seed=n) for n in range(LOGS)}
    every_hit = sum(traffic.values(), [])
    await asyncio.gather(*(write(folder / name, hits) for name, hits in traffic.items()))
    (folder / "zzz.log").write_text("10.0.0.1 200 42\nSegmentation fault\n")
    async with IteratorWrapper(partial(folder.glob, "*.log"), max_size=2) as paths:
        logs = [Log(path) for path in sorted(await collect(paths))]
    assert [log.path.name for log in logs] == [*traffic, "zzz.log"]

    # Ingest them concurrently: the damaged one must not harm the others.
    store = await Store.create(folder / "hits.db")
    *counts, failure = await asyncio.gather(
        *(ingest(store, log) for log in logs), return_exceptions=True
    )
    assert counts == [LINES] * LOGS, counts
    assert isinstance(failure, BadLine), repr(failure)
    assert str(failure) == "zzz.log: 'Segmentation fault'"
    assert all(log.closed for log in logs)
    assert source.get() == "-" and threading.get_ident() not in store.threads

    # What was stored is what was written, whichever way one looks at it.
    rows = await collect(store.query("SELECT source, count(*) FROM hit GROUP BY 1 ORDER BY 1"))
    assert rows == [(name, LINES) for name in traffic]
    by_status = dict(store.query.sync_call("SELECT status, count(*) FROM hit GROUP BY 1"))
    assert by_status == Counter(hit.status for hit in every_hit)
    path = logs[0].path
    sums = await asyncio.gather(Log.checksum(path), logs[0].checksum.async_call(path))
    assert sums == [Log.checksum.sync_call(path)] * 2
    try:
        await Store(folder / "empty.db").insert(every_hit)
    except sqlite3.OperationalError as error:
        assert "no such table" in str(error)
    else:
        raise AssertionError("inserted into a table that does not exist")

    # Let threads question an asynchronous service.
    registry, hosts = Registry(), list(COUNTRIES)
    countries = await registry.locate(hosts)
    loop = asyncio.get_running_loop()
    by_hand = await asyncio.to_thread(sync_wait_coroutine, loop, registry.countries, hosts)
    assert countries == by_hand == COUNTRIES

    # Stop early, go through a pipe, follow a log which is being written.
    position, error = await find_error(Log(path))
    assert position == LINES // 10 + 1 and error == traffic[path.name][position - 1]
    read_fd, write_fd = os.pipe()
    _, received = await asyncio.gather(send(write_fd, every_hit), collect(receive(read_fd)))
    assert received == every_hit
    first, *updates = (make_hits(seed, count=12) for seed in range(3))
    await write(folder / "live", first)
    seen = await watch(folder / "live", updates)
    assert seen == sum(updates, first)

    print(f"{sum(counts)} hits from {len(counts)} logs; refused {failure}")
    print("by status:", ", ".join(f"{status} x{n}" for status, n in sorted(by_status.items())))
    async for host, n, size in store.query("SELECT host, count(*), sum(size) FROM hit GROUP BY 1"):
        print(f"  {host} ({countries[host]}): {n} hits, {size / 1024:.1f} KiB")
    print(f"first error of {path.name}: line {position}, for {error.host}")
    print(f"{len(received)} hits through a pipe, {len(seen)} seen live")


async def main():
    # Each log being ingested holds one worker for its iterator and needs another to insert.
    executor = ThreadPoolExecutor(max_workers=2 * (LOGS + 1))
    asyncio.get_running_loop().set_default_executor(executor)
    with tempfile.TemporaryDirectory() as folder:
        await process(Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
