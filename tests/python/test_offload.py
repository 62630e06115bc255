# SPDX-License-Identifier: LGPL-2.1-or-later
"""offload_async () with bodies written in Python."""

import select
import sys
import threading
import time
import weakref

import pytest
from gi.repository import AioThreads, Gio, GLib, GObject


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


class ThingObject(GObject.Object):
    """A GObject whose class is Python's."""


class Gate:
    """A body that says that it runs, and goes on when it is let."""

    def __init__(self):
        self.running, self.leave = threading.Event(), threading.Event()

    def __call__(self, call):
        self.running.set()
        assert self.leave.wait(60)
        call.set_result('left')
        return True


def set_result(call, value):
    call.set_result(value)
    return True


@pytest.mark.parametrize('value', [0, 42, -7, True, False, 0.5, '', 'text', 'häßlich'])
def test_result(run, value):
    result = run(set_result, value)
    assert result == value and type(result) is type(value)


def test_result_is_the_same_object(run):
    for value in (Thing(), ['list'], {'a': 'dictionary'}, ('tuple', None), Gio.Cancellable(), ThingObject()):
        assert run(set_result, value) is value


@pytest.mark.parametrize('value', [None, 2 ** 31, -2 ** 100, 'nul \0 inside', GLib.Error('wrong')], ids=repr)
def test_anything_arrives_whole_in_a_tuple(run, value):
    assert run(set_result, (value,))[0] is value


def test_no_value_is_none(run):
    assert run(lambda call: True) is None


def test_runs_in_a_worker(iterate_until):
    seen = []
    answer = offload(lambda call: seen.append(threading.get_ident()) or True)
    iterate_until(lambda: answer.n_called)
    assert seen and seen[0] != threading.get_ident()
    assert answer.thread is threading.main_thread()


def test_calls_back_on_the_main_thread_and_never_at_once(iterate_until):
    cancelled = Gio.Cancellable()
    cancelled.cancel()
    answers = []

    def ask():
        # offload () itself looks that nobody was called back yet.
        answers.append(offload(lambda call: True))
        answers.append(offload(lambda call: False))
        answers.append(offload(lambda call: True, cancellable=cancelled))

    def ask_again(source, result):
        AioThreads.offload_finish(result)
        ask()

    ask()
    AioThreads.offload_async(None, lambda call: True, (), None, ask_again)
    iterate_until(lambda: len(answers) == 6 and all(answer.n_called for answer in answers))
    assert {answer.thread for answer in answers} == {threading.main_thread()}
    assert {answer.n_called for answer in answers} == {1}


def test_arguments_are_a_tuple(run):
    assert run(lambda call, a, b: set_result(call, (a, b)), 1, 'two') == (1, 'two')


def test_callback_data_are_arguments(iterate_until):
    got = []
    AioThreads.offload_async(None, lambda call: True, (), None, lambda *arguments: got.append(arguments), 'one', 2)
    iterate_until(lambda: got)
    source, result, *data = got[0]
    assert source is None and AioThreads.offload_finish(result) is None and data == ['one', 2]


def test_finish_can_be_asked_twice(iterate_until):
    def ask_twice(result):
        answers = []
        for _ in range(2):
            try:
                answers.append(AioThreads.offload_finish(result))
            except GLib.Error as error:
                answers.append(error.message)
        return answers

    answers = [Answer(ask_twice), Answer(ask_twice)]
    AioThreads.offload_async(None, set_result, ('result',), None, answers[0])
    AioThreads.offload_async(None, lambda call: False, (), None, answers[1])
    iterate_until(lambda: all(answer.n_called for answer in answers))
    assert answers[0].value == ['result', 'result']
    assert len(answers[1].value) == 2 and len(set(answers[1].value)) == 1 and answers[1].value[0]


def test_call_may_be_kept(run):
    kept = []
    assert run(lambda call, text: kept.append(call) or set_result(call, text), 'result') == 'result'
    assert kept[0].get_argument() is None
    assert not kept[0].is_cancelled()


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


def test_other_exception_is_printed_and_fails(run, capfd):
    def body(call):
        raise ValueError('unexpected')

    with pytest.raises(GLib.Error) as caught:
        run(body)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)
    assert 'ValueError: unexpected' in capfd.readouterr().err


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


def test_cancelled_while_running_waits_for_the_body(iterate_until, drain):
    body, cancellable = Gate(), Gio.Cancellable()
    answer = offload(body, cancellable=cancellable)
    assert body.running.wait(60)
    cancellable.cancel()
    drain()
    assert answer.n_called == 0
    body.leave.set()
    iterate_until(lambda: answer.n_called)
    # It succeeded in spite of the cancellation, and that is not lost.
    assert (answer.error, answer.value) == (None, 'left')


def test_executor_and_statistics(run):
    pool = AioThreads.Executor.new_pool('statistics', 2)
    assert (pool.props.name, pool.props.size, pool.props.n_threads) == ('statistics', 2, 0)
    for number in range(10):
        assert run(set_result, number, executor=pool) == number
    with pytest.raises(GLib.Error):
        run(lambda call: False, executor=pool)
    # The last answer may come before its worker has counted it.
    deadline = time.monotonic() + 60
    while pool.get_n_done() < 11:
        assert time.monotonic() < deadline
    assert (pool.props.n_done, pool.props.n_failed) == (11, 1)


def test_statistics_tell_what_runs_and_what_waits(iterate_until):
    pool, body = AioThreads.Executor.new_pool('one', 1), Gate()
    answers = [offload(body, executor=pool)]
    assert body.running.wait(60)
    answers += [offload(lambda call: True, executor=pool) for _ in range(2)]
    assert (pool.props.n_threads, pool.props.n_running, pool.props.n_queued) == (1, 1, 2)
    body.leave.set()
    iterate_until(lambda: all(answer.n_called for answer in answers))
    # The first two were counted before the third could start.
    assert pool.props.n_queued == 0 and pool.props.n_done >= 2 and pool.props.total_time > 0


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


def test_nothing_leaks(run, collect):
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

    collect(lambda: not bodies and not things)
    assert (len(bodies), len(things)) == (0, 0)


def test_no_reference_is_left(iterate_until, collect):
    def count():
        return [sys.getrefcount(kept) for kept in (body, thing, arguments, answer)] + [cancellable.__grefcount__]

    def body(call, argument):
        return set_result(call, argument)

    thing, answer, cancellable = Thing(), Answer(), Gio.Cancellable()
    arguments = (thing,)
    before = count()
    for number in range(1000):
        AioThreads.offload_async(None, body, arguments, cancellable, answer, thing)
        iterate_until(lambda: answer.n_called > number)
    assert answer.value is thing and answer.data == (thing,)
    answer.value = answer.data = None
    collect(lambda: count() == before)
    assert count() == before


def test_calls_that_fail_leak_nothing(iterate_until, collect):
    class Failure:
        def __call__(self, call):
            raise GLib.Error.new_literal(Gio.io_error_quark(), 'wrong', Gio.IOErrorEnum.FAILED)

    cancelled = Gio.Cancellable()
    cancelled.cancel()
    bodies, answers = weakref.WeakSet(), weakref.WeakSet()
    for cancellable in [None, cancelled] * 500:
        body = Failure()
        answer = offload(body, cancellable=cancellable)
        bodies.add(body)
        answers.add(answer)
        iterate_until(lambda answer=answer: answer.n_called)
        assert answer.error
        del body, answer

    collect(lambda: not bodies and not answers)
    assert (len(bodies), len(answers)) == (0, 0)


def test_everything_is_released_on_the_main_thread(iterate_until, collect):
    threads = []

    class Watched:
        def __del__(self):
            threads.append(threading.current_thread())

    class Body(Watched):
        def __call__(self, call, argument):
            return set_result(call, Watched())

    for _ in range(100):
        answer = Answer()
        # Nothing here holds what it is given.
        AioThreads.offload_async(None, Body(), (Watched(),), None, answer)
        iterate_until(lambda answer=answer: answer.n_called)
        assert isinstance(answer.value, Watched)
        del answer
    collect(lambda: len(threads) == 300)
    assert len(threads) == 300 and set(threads) == {threading.main_thread()}
