# SPDX-License-Identifier: LGPL-2.1-or-later
"""Work without any loop of asyncio: its outcome arrives in a callback."""

import asyncio
import threading
import weakref

import pytest
from face_util import OwnContext
from gi.repository import AioThreads, Gio, GLib


@pytest.fixture
def offload(iterate_until):
    """Offloads, and gives what the callback got."""

    def offload_and_iterate(*arguments, **options):
        answers = []
        cancellable = AioThreads.offload(
            *arguments, on_done=lambda *answer: answers.append((*answer, threading.get_ident())), **options)
        assert isinstance(cancellable, Gio.Cancellable) and not answers
        iterate_until(lambda: answers)
        result, error, thread = answers.pop()
        assert not answers and thread == threading.get_ident()
        if error is not None:
            raise error
        return result

    return offload_and_iterate


@pytest.mark.parametrize('value', [None, False, 0, '', 2 ** 100, 'a\0b', ('tuple', None)], ids=repr)
def test_offload(offload, value):
    result = offload(lambda: value)
    assert result == value and type(result) is type(value)


def test_offload_takes_arguments(offload):
    assert offload(lambda *arguments, **named: (arguments, named), 1, 'two', three=3) == ((1, 'two'), {'three': 3})
    assert offload(threading.get_ident) != threading.get_ident()
    assert offload(threading.get_ident, executor=AioThreads.Executor.new_pool('one', 1)) != threading.get_ident()


@pytest.mark.parametrize('error', [ValueError('wrong'), KeyboardInterrupt(), SystemExit(3), StopIteration(),
                                   GLib.Error('wrong')], ids=repr)
def test_offload_fails(offload, error):
    """There is no future here that an error could not travel in: all of them are the same object."""
    def body():
        raise error

    with pytest.raises(type(error)) as caught:
        offload(body)
    assert caught.value is error
    assert any(frame.name == 'body' for frame in caught.traceback)


def test_offload_without_callback(iterate_until):
    ran = threading.Event()
    AioThreads.offload(ran.set)
    assert ran.wait(60)


def test_offload_is_cancelled(iterate_until):
    """What waits for its turn never runs. What runs sees it."""
    def work():
        running.set()
        leave.wait(60)
        seen.append(AioThreads.is_cancelled())
        left.set()

    one, running, leave, left = AioThreads.Executor.new_pool('one', 1), *[threading.Event() for _ in range(3)]
    seen, answers = [], []
    cancellables = [AioThreads.offload(function, on_done=lambda *answer: answers.append(answer), executor=one)
                    for function in (work, lambda: seen.append('never'))]
    assert running.wait(60)
    for cancellable in cancellables:
        cancellable.cancel()
    leave.set()
    assert left.wait(60)
    iterate_until(lambda: len(answers) == 2)
    assert seen == [True]
    assert all(result is None and isinstance(error, asyncio.CancelledError) for result, error in answers)


def test_offload_calls_back_in_its_own_main_context():
    answers = []
    with OwnContext() as context:
        AioThreads.offload(abs, -42, on_done=lambda *answer: answers.append(answer))
        while not answers:
            context.iteration(True)
    assert answers == [(42, None)]


def test_offload_releases(iterate_until, collect):
    class Thing:
        def __call__(self, *_):
            answers.append(True)
            return self

    answers, things = [], weakref.WeakSet()
    for _ in range(20):
        thing = Thing()
        things.add(thing)
        AioThreads.offload(thing, on_done=thing)
    del thing
    iterate_until(lambda: len(answers) == 40)
    collect(lambda: not things)
    assert not things
