# SPDX-License-Identifier: LGPL-2.1-or-later
"""The least that is a loop of asyncio."""

import asyncio
import collections
import heapq
import os
import select
import time


class SmallLoop(asyncio.AbstractEventLoop):
    """A loop that has callbacks, timers and descriptors to read from, and nothing else that one could rely on."""

    def __init__(self):
        self.ready, self.timers, self.readers = collections.deque(), [], {}
        self.poll, self.stopping, self.closed, self.running, self.n_timers = select.poll(), False, False, False, 0
        self.wake_fd, self.waker = os.pipe()
        self.errors = []
        self.add_reader(self.wake_fd, lambda: os.read(self.wake_fd, 1000))

    def time(self):
        return time.monotonic()

    def call_soon(self, callback, *arguments, context=None):
        if self.closed:
            raise RuntimeError('Event loop is closed')
        handle = asyncio.Handle(callback, arguments, self, context)
        self.ready.append(handle)
        return handle

    def call_soon_threadsafe(self, callback, *arguments, context=None):
        handle = self.call_soon(callback, *arguments, context=context)
        os.write(self.waker, b'.')
        return handle

    def call_at(self, when, callback, *arguments, context=None):
        handle = asyncio.TimerHandle(when, callback, arguments, self, context)
        self.n_timers += 1
        heapq.heappush(self.timers, (when, self.n_timers, handle))
        return handle

    def call_later(self, delay, callback, *arguments, context=None):
        return self.call_at(self.time() + delay, callback, *arguments, context=context)

    def add_reader(self, fd, callback, *arguments):
        self.readers[fd] = asyncio.Handle(callback, arguments, self)
        self.poll.register(fd, select.POLLIN)

    def remove_reader(self, fd):
        if known := self.readers.pop(fd, None):
            known.cancel()
            self.poll.unregister(fd)
        return bool(known)

    def run_once(self):
        timeout = 0 if self.ready else max(0, self.timers[0][0] - self.time()) * 1000 + 1 if self.timers else None
        for fd, _ in self.poll.poll(timeout):
            self.ready.append(self.readers[fd])
        while self.timers and self.timers[0][0] <= self.time():
            self.ready.append(heapq.heappop(self.timers)[2])
        for _ in range(len(self.ready)):
            handle = self.ready.popleft()
            if not handle.cancelled():
                handle._run()

    def run_forever(self):
        self.stopping, self.running = False, True
        asyncio._set_running_loop(self)
        try:
            while not self.stopping:
                self.run_once()
        finally:
            self.running = False
            asyncio._set_running_loop(None)

    def run_until_complete(self, awaitable):
        future = asyncio.ensure_future(awaitable, loop=self)
        future.add_done_callback(lambda _: self.stop())
        self.run_forever()
        return future.result()

    def stop(self):
        self.stopping = True

    def close(self):
        if not self.closed:
            self.closed = True
            self.remove_reader(self.wake_fd)
            os.close(self.wake_fd)
            os.close(self.waker)

    def is_running(self):
        return self.running

    def is_closed(self):
        return self.closed

    def get_debug(self):
        return False

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coroutine, name=None, context=None):
        return asyncio.Task(coroutine, loop=self, name=name, context=context)

    def call_exception_handler(self, context):
        self.errors.append(context)

    def _timer_handle_cancelled(self, handle):
        """Timers call this when they are cancelled."""
