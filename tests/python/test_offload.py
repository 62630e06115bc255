# SPDX-License-Identifier: LGPL-2.1-or-later
"""offload_async () with bodies written in Python."""

import gc
import select
import threading
import weakref

import pytest
from gi.repository import AioThreads, Gio, GLib


class Answer:
    """What a callback got. The result is taken in the callback, as a program would."""

    def __init__(self, finish=AioThreads.offload_finish):
        self.n_called = 0
        self.value = self.error = self.thread = None
        self.finish = finish

    def __call__(self, source, result, *data):
        self.n_called += 1
        self.thread = threading.current_thread()
        self.data = data
        try:
            self.value = self.finish(result)
        except GLib.Error as error:
            self.error = error


def offload(body, arguments=(), executor=None, cancellable=None):
    answer = Answer()
    AioThreads.offload_async(executor, body, arguments, cancellable, answer)
    assert answer.n_called == 0
    return answer


@pytest.fixture
def run(iterate_until):
    def run_to_the_end(body, *arguments, **options):
        answer = offload(body, arguments, **options)
        iterate_until(lambda: answer.n_called)
        assert answer.n_called == 1
        if answer.error:
            raise answer.error
        return answer.value

    return run_to_the_end


class Thing:
    """Any Python object."""


def set_result(call, value):
    call.set_result(value)
    return True


@pytest.mark.parametrize('value', [0, 42, -7, True, False, 0.5, '', 'text', 'häßlich'])
def test_result(run, value):
    result = run(set_result, value)
    assert result == value and type(result) is type(value)


def test_result_is_the_same_object(run):
    for value in (Thing(), ['list'], {'a': 'dictionary'}, ('tuple', None), Gio.Cancellable()):
        assert run(set_result, value) is value


def test_no_value_is_none(run):
    assert run(lambda call: True) is None


def test_runs_in_a_worker(iterate_until):
    seen = []
    answer = offload(lambda call: seen.append(threading.get_ident()) or True)
    iterate_until(lambda: answer.n_called)
    assert seen and seen[0] != threading.get_ident()
    assert answer.thread is threading.main_thread()


def test_arguments_are_a_tuple(run):
    assert run(lambda call, a, b: set_result(call, (a, b)), 1, 'two') == (1, 'two')


def test_error(run):
    def body(call):
        raise GLib.Error.new_literal(Gio.io_error_quark(), 'no such thing', Gio.IOErrorEnum.NOT_FOUND)

    with pytest.raises(GLib.Error) as caught:
        run(body)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)
    assert caught.value.message == 'no such thing'


def test_false_without_error(run):
    with pytest.raises(GLib.Error) as caught:
        run(lambda call: False)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)


def test_a_hundred_errors(iterate_until):
    def body(call, number):
        raise GLib.Error.new_literal(Gio.io_error_quark(), str(number), Gio.IOErrorEnum.FAILED)

    answers = [offload(body, (number,)) for number in range(100)]
    iterate_until(lambda: all(answer.n_called for answer in answers))
    assert [answer.error.message for answer in answers] == [str(number) for number in range(100)]


def test_cancelled_before_start_never_runs(iterate_until):
    ran = []
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    answer = offload(lambda call: ran.append(1) or True, cancellable=cancellable)
    iterate_until(lambda: answer.n_called)
    assert answer.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert not ran


def test_cancelled_while_queued_never_runs(iterate_until):
    pool = AioThreads.Executor.new_pool('one', 1)
    running, leave, ran = threading.Event(), threading.Event(), []
    first = offload(lambda call: running.set() or leave.wait(60), executor=pool)
    assert running.wait(60)
    cancellable = Gio.Cancellable()
    second = offload(lambda call: ran.append(1) or True, executor=pool, cancellable=cancellable)
    cancellable.cancel()
    iterate_until(lambda: second.n_called)
    assert second.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    leave.set()
    iterate_until(lambda: first.n_called)
    assert not ran


def test_cancelled_while_running(iterate_until):
    running = threading.Event()

    def body(call):
        own = call.get_cancellable()
        readable = own.get_fd()
        running.set()
        assert select.select([readable], [], [], 60)[0] and call.is_cancelled()
        own.release_fd()
        call.set_error_if_cancelled()   # raises

    cancellable = Gio.Cancellable()
    answer = offload(body, cancellable=cancellable)
    assert running.wait(60)
    cancellable.cancel()
    iterate_until(lambda: answer.n_called)
    assert answer.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_executor_and_statistics(run, iterate_until):
    pool = AioThreads.Executor.new_pool('statistics', 2)
    assert (pool.props.name, pool.props.size, pool.props.n_threads) == ('statistics', 2, 0)
    for number in range(10):
        assert run(set_result, number, executor=pool) == number
    with pytest.raises(GLib.Error):
        run(lambda call: False, executor=pool)
    # The last answer may come before its worker has counted it.
    while pool.get_n_done() < 11:
        pass
    assert (pool.props.n_done, pool.props.n_failed) == (11, 1)


def test_default_executor_can_be_replaced(run):
    pool = AioThreads.Executor.new_pool('mine', 1)
    AioThreads.set_default_executor(pool)
    try:
        assert AioThreads.Executor.dup_default() is pool
        assert run(set_result, 1) == 1
        assert pool.props.n_threads == 1
    finally:
        AioThreads.set_default_executor(None)
    assert AioThreads.Executor.dup_default() is not pool


def test_nothing_leaks(run):
    class Body:
        def __call__(self, call, argument):
            return set_result(call, argument)

    bodies, things = weakref.WeakSet(), weakref.WeakSet()
    for _ in range(1000):
        body, thing = Body(), Thing()
        bodies.add(body)
        things.add(thing)
        assert run(body, thing) is thing
        del body, thing

    context = GLib.MainContext.default()
    for _ in range(100):
        gc.collect()
        while context.iteration(False):
            pass
        if not bodies and not things:
            break
    assert (len(bodies), len(things)) == (0, 0)
