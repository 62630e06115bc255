# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where results arrive: the home of an event loop."""

import asyncio
import threading
import weakref

from gi.overrides import _gi_aiothreads as native
from gi.repository import GLib

_ATTRIBUTE = '_aiothreads_home'
_lock = threading.RLock()                # whoever has it may collect garbage, and close the loops among that
_others = weakref.WeakKeyDictionary()    # of loops that take no attributes
_detached_lock = threading.RLock()
_detached = None
_this_thread = threading.local()


def _main_context_of(loop):
    """The main context that drives a loop; None for a loop that is not driven by one."""
    main_context = getattr(loop, 'main_context', None) or getattr(loop, '_context', None)
    return main_context if isinstance(main_context, GLib.MainContext) else None


class _ThreadEnd:
    """Goes with a thread, and tells the homes of its loops."""

    def __init__(self):
        self.homes = weakref.WeakSet()

    def __del__(self):
        for home in list(self.homes):
            home.thread_has_ended()


class LoopHome:
    """The home of one event loop. Its native part has the main context."""

    def __init__(self, loop):
        main_context = _main_context_of(loop)
        self.is_own = main_context is None
        self.is_closed = False
        self.native = native.Home(main_context, loop)
        self.waiting = set()       # for something in the loop: threads
        self.cancellables = set()  # the same, where nobody abandons the main context, or its thread may end
        self.thread = None         # that ran the loop last
        self.is_alone = False      # because that has ended
        self._loop = weakref.ref(loop)
        self._timer = None

    @property
    def loop(self):
        return self._loop()

    # In the thread of the loop.
    def watch(self):
        self._note_thread()
        if self.is_own and not self.is_closed:
            self.loop.add_reader(self.native.fd, self.pump)
            self.pump()

    def _note_thread(self):
        self.thread = threading.get_ident()
        self.is_alone = False
        if self.thread != threading.main_thread().ident:
            if not hasattr(_this_thread, 'end'):
                _this_thread.end = _ThreadEnd()
            _this_thread.end.homes.add(self)

    @property
    def ends_with_program(self):
        """Whether its thread ends no earlier."""
        return self.thread == threading.main_thread().ident

    # In that thread. Another one may run the loop later, and calls come back to it then; but threads do not wait for that.
    def thread_has_ended(self):
        if self.thread == threading.get_ident():
            self.is_alone = True
            self.cancel_waiting()

    def cancel_waiting(self):
        for cancellable in list(self.cancellables):
            cancellable.cancel()

    def pump(self):
        """Does what has come for a main context that nobody else iterates."""
        if self.thread != threading.get_ident():
            self._note_thread()
        try:
            self.native.pump()
        finally:
            self.plan()

    def plan(self):
        """Sees to what comes at a certain time."""
        if not self.is_own or self.is_closed:
            return
        timeout = self.native.timeout
        if timeout < 0:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(timeout / 1000, self.pump)

    def close(self):
        """Ends what is in flight. Nobody who waits for the loop waits any longer."""
        with _lock:
            if self.is_closed:
                return
            self.is_closed = True
        loop = self.loop
        for operation in self.native.list_operations():
            operation.cancel()
        for iterator in native.list_iterators():
            if getattr(iterator, '_home', None) is self:
                iterator._close()
        for waiting in list(self.waiting):
            waiting.loop_was_closed()
        self.cancel_waiting()
        if self._timer is not None:
            self._timer.cancel()
        if self.is_own:
            if loop is not None and not loop.is_closed():
                loop.remove_reader(self.native.fd)
            self.native.abandon()


def loop_is_closed():
    return RuntimeError('the event loop is closed, so nobody does what this thread waits for')


def loop_is_alone():
    return RuntimeError('the thread that ran the event loop has ended, so nobody does what this thread waits for')


def _close_with(loop, home):
    close = loop.close

    def close_home_and_loop():
        if not loop.is_running():
            home.close()
        close()

    try:
        loop.close = close_home_and_loop
    except AttributeError:
        weakref.finalize(loop, home.close)


def _remember(loop, home):
    try:
        setattr(loop, _ATTRIBUTE, home)
    except AttributeError:
        _others[loop] = home


def _make_home(loop):
    with _lock:
        home = getattr(loop, _ATTRIBUTE, None) or _others.get(loop)
        if home is not None:
            return home
        home = LoopHome(loop)
        _remember(loop, home)
        _close_with(loop, home)
    if asyncio._get_running_loop() is loop:
        home.watch()
    else:
        loop.call_soon_threadsafe(home.watch)
    return home


def home_of(loop):
    """The home of an event loop, from any thread."""
    try:
        return loop._aiothreads_home
    except AttributeError:
        return _others.get(loop) or _make_home(loop)


def running_home():
    """The home of the running event loop; RuntimeError where there is none."""
    return home_of(asyncio.get_running_loop())


class DetachedHome:
    """The home of what belongs to no event loop: whoever uses it does what has come for it. A context manager."""

    def __init__(self):
        self.native = native.Home()

    def __enter__(self):
        _detached_lock.acquire()
        return self.native

    def __exit__(self, *error):
        self.native.pump()
        _detached_lock.release()


def detached_home():
    global _detached
    with _detached_lock:
        if _detached is None:
            _detached = DetachedHome()
        return _detached


class OperationFuture(asyncio.Future):
    """A future for something that C does. Cancelling it cancels that."""

    _operation = None

    def cancel(self, msg=None):
        operation = self._operation
        if not super().cancel(msg):
            return False
        if operation is not None:
            operation.cancel()
        return True


class Waiter(OperationFuture):
    """A future for something that a coroutine waits for at home."""

    is_abandoned = False

    def abandon(self):
        """The coroutine that waited has gone, maybe with its loop."""
        self.is_abandoned = True
        if self._operation is not None:
            self._operation.cancel()

    def is_wanted(self):
        return not (self.is_abandoned or self.done() or self.get_loop().is_closed())

    def on_done(self, result, error):
        self._operation = None
        if not self.is_wanted():
            return
        if error is None:
            self.set_result(result)
        else:
            self.set_exception(error)


class Receiver(Waiter):
    """Its result is what came and the error, because a future can't have every error as its exception."""

    give_back = None

    def on_done(self, result, error):
        self._operation = None
        if self.is_wanted():
            self.set_result((result, error))
        else:
            self._return(result, error)

    # That it was cancelled is no news.
    def _return(self, result, error):
        if not isinstance(error, asyncio.CancelledError):
            self.give_back(result, error)

    def ask_again(self):
        """Has its owner look again for what it waits for."""
        operation = self._operation
        self.set_result((ASK_AGAIN, None))
        if operation is not None:
            operation.cancel()

    async def receive(self):
        try:
            answer = await self
            # The loop holds this until its next turn, and must not hold the iterator that was asked.
            self.give_back = None
            return answer
        except BaseException:
            if not self.done():
                self.abandon()
            elif not self.cancelled():
                # It had come already, but nobody went on.
                self._return(*self.result())
            raise


ASK_AGAIN = object()


async def wait_at(home, start):
    """Waits for what start (on_done) starts."""
    waiter = Waiter(loop=asyncio.get_running_loop())
    waiter._operation = start(waiter.on_done)
    home.plan()
    try:
        return await waiter
    except BaseException:
        if not waiter.done():
            waiter.abandon()
        raise


async def receive_at(home, start, give_back, waiting):
    """Waits for what start (on_done) starts, and gives a pair: what came, and the error. What comes when nobody takes it is given back.

    Whoever waits stands in the list meanwhile, and may be told to ASK_AGAIN.
    """
    receiver = Receiver(loop=asyncio.get_running_loop())
    receiver.give_back = give_back
    receiver._operation = start(receiver.on_done)
    home.plan()
    waiting.append(receiver)
    try:
        return await receiver.receive()
    finally:
        waiting.remove(receiver)
