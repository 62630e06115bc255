# SPDX-License-Identifier: LGPL-2.1-or-later
"""Threaded objects, with bodies in Python and in C."""

import sys
import threading
import weakref

import pytest
from gi.repository import AioThreads, AiotTest, Gio, GLib


class Answer:
    def __init__(self):
        self.n_called = 0
        self.value = self.error = None

    def __call__(self, threaded, result, *data):
        self.n_called += 1
        try:
            self.value = threaded.call_finish(result)
        except GLib.Error as error:
            self.error = error


def call(threaded, argument=None, cancellable=None):
    answer = Answer()
    threaded.call_async(argument, cancellable, answer)
    assert answer.n_called == 0
    return answer


def square(call):
    call.set_result(call.get_argument() ** 2)
    return True


def test_again_and_again(iterate_until):
    threaded = AioThreads.Threaded.new(square)
    answers = [call(threaded, number) for number in range(100)]
    iterate_until(lambda: all(answer.n_called for answer in answers))
    assert [answer.value for answer in answers] == [number ** 2 for number in range(100)]


def test_calls_end_independently(iterate_until):
    gates = [threading.Event() for _ in range(3)]

    def body(call):
        return gates[call.get_argument()].wait(60)

    threaded = AioThreads.Threaded.new(body)
    # All of them run at the same time, whatever the size of the default pool is.
    threaded.props.executor = AioThreads.Executor.new_pool('three', 3)
    answers = [call(threaded, number) for number in range(3)]
    for number in (2, 0, 1):
        gates[number].set()
        iterate_until(lambda n=number: answers[n].n_called)
        assert [bool(answer.n_called) for answer in answers] == [gate.is_set() for gate in gates]


def test_argument_is_the_same_object(iterate_until):
    class Thing:
        pass

    threaded = AioThreads.Threaded.new(lambda call: call.set_result(call.get_argument()) or True)
    for thing in (Thing(), [], {}, Gio.Cancellable()):
        answer = call(threaded, thing)
        iterate_until(lambda a=answer: a.n_called)
        assert answer.value is thing


def test_sync_runs_in_the_calling_thread():
    pool = AioThreads.Executor.new_pool('unused', 1)
    seen = []

    def body(call):
        seen.append(threading.get_ident())
        call.set_result('done')
        return True

    threaded = AioThreads.Threaded.new(body)
    threaded.props.executor = pool
    assert threaded.call_sync(None, None).get_result() == 'done'
    assert seen == [threading.get_ident()]
    assert pool.props.n_threads == 0


def test_sync_error():
    with pytest.raises(GLib.Error) as caught:
        AiotTest.new_fail().call_sync(None, None)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)


def test_sync_is_cancelled_before_it_runs():
    ran, cancellable = [], Gio.Cancellable()
    threaded = AioThreads.Threaded.new(lambda call: ran.append(1) or True)
    cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        threaded.call_sync(None, cancellable)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert not ran


def test_native_functions_run_in_a_worker(iterate_until):
    is_home = AiotTest.new_is_home()
    answer = call(is_home)
    iterate_until(lambda: answer.n_called)
    assert answer.value is False
    assert is_home.call_sync(None, None).get_result() is True


@pytest.mark.parametrize('value', [None, 0, 42, False, True, 0.5, '', 'text', 'häßlich'])
def test_native_values(iterate_until, value):
    answer = call(AiotTest.new_echo(), value)
    iterate_until(lambda: answer.n_called)
    assert answer.value == value and type(answer.value) is type(value)


def test_native_nothing_and_null_are_none(iterate_until):
    answers = [call(AiotTest.new_nothing()), call(AiotTest.new_null_string())]
    iterate_until(lambda: all(answer.n_called for answer in answers))
    assert [(answer.value, answer.error) for answer in answers] == [(None, None)] * 2


def test_runs_on_the_given_executor(iterate_until):
    pool = AioThreads.Executor.new_pool('given', 1)
    threaded = AioThreads.Threaded.new(square)
    threaded.props.executor = pool
    answers = [call(threaded, number) for number in range(10)]
    iterate_until(lambda: all(answer.n_called for answer in answers))
    # The worker counts after it has answered, but before it takes the next.
    assert pool.props.n_threads == 1 and pool.props.n_done >= 9


def test_options():
    threaded = AioThreads.Threaded.new(square)
    pool = AioThreads.Executor.new_pool(None, 1)
    threaded.props.name = 'square'
    threaded.props.executor = pool
    threaded.props.priority = GLib.PRIORITY_LOW
    threaded.props.on_cancel = AioThreads.OnCancel.ABANDON
    assert threaded.get_name() == 'square'
    assert threaded.get_executor() is pool
    assert threaded.get_priority() == GLib.PRIORITY_LOW
    assert threaded.get_on_cancel() == AioThreads.OnCancel.ABANDON


@pytest.mark.parametrize('on_cancel', [AioThreads.OnCancel.WAIT, AioThreads.OnCancel.ABANDON])
def test_native_function_is_cancelled(iterate_until, on_cancel):
    threaded = AiotTest.new_wait_for_gate()
    threaded.props.on_cancel = on_cancel
    cancellable = Gio.Cancellable()
    AiotTest.close_gate()
    answer = call(threaded, None, cancellable)
    AiotTest.wait_until_gate_is_reached()
    cancellable.cancel()
    iterate_until(lambda: answer.n_called)
    assert answer.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def test_wait_keeps_what_the_function_returned(iterate_until, drain):
    threaded, cancellable = AiotTest.new_make_item_at_gate(), Gio.Cancellable()
    AiotTest.close_gate()
    answer = call(threaded, None, cancellable)
    AiotTest.wait_until_gate_is_reached()
    cancellable.cancel()
    drain()
    assert answer.n_called == 0
    AiotTest.open_gate()
    iterate_until(lambda: answer.n_called)
    assert answer.error is None and isinstance(answer.value, AiotTest.Item)


def test_abandoned_result_is_dropped_at_home(iterate_until):
    threaded, cancellable = AiotTest.new_make_item_at_gate(), Gio.Cancellable()
    threaded.props.on_cancel = AioThreads.OnCancel.ABANDON
    n_finalized = AiotTest.Item.get_n_finalized()
    AiotTest.close_gate()
    answer = call(threaded, None, cancellable)
    AiotTest.wait_until_gate_is_reached()
    cancellable.cancel()
    iterate_until(lambda: answer.n_called)
    assert answer.error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    # The traceback of the error holds the task, and the task what arrives late.
    answer.error = None
    AiotTest.open_gate()
    iterate_until(lambda: AiotTest.Item.get_n_finalized() == n_finalized + 1)
    assert AiotTest.Item.get_n_finalized_elsewhere() == 0


def test_abandon_leaves_at_once(iterate_until):
    running, leave, left = threading.Event(), threading.Event(), threading.Event()

    def body(call):
        running.set()
        leave.wait(60)
        left.set()
        return True

    threaded = AioThreads.Threaded.new(body)
    threaded.props.on_cancel = AioThreads.OnCancel.ABANDON
    cancellable = Gio.Cancellable()
    answer = call(threaded, None, cancellable)
    assert running.wait(60)
    cancellable.cancel()
    iterate_until(lambda: answer.n_called)
    assert not left.is_set()
    leave.set()
    assert left.wait(60)


def test_native_errors(iterate_until):
    answers = [call(AiotTest.new_fail()), call(AiotTest.new_fail_silently())]
    iterate_until(lambda: all(answer.n_called for answer in answers))
    assert answers[0].error.message == 'no such thing'
    assert answers[1].error.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)


def test_native_objects_are_finalized_at_home(iterate_until, collect):
    threaded = AiotTest.new_make_item()
    n_finalized = AiotTest.Item.get_n_finalized()
    for _ in range(1000):
        answer = call(threaded)
        iterate_until(lambda a=answer: a.n_called)
        assert isinstance(answer.value, AiotTest.Item)
        del answer
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    assert AiotTest.Item.get_n_alive() == 0
    assert AiotTest.Item.get_n_finalized() == n_finalized + 1000
    assert AiotTest.Item.get_n_finalized_elsewhere() == 0


def test_nothing_leaks(iterate_until, collect):
    class Body:
        def __call__(self, call):
            return square(call)

    body = Body()
    gone = weakref.ref(body)
    threaded = AioThreads.Threaded.new(body)
    del body
    answer = call(threaded, 3)
    iterate_until(lambda: answer.n_called)
    assert answer.value == 9
    del threaded, answer
    collect(lambda: gone() is None)
    assert gone() is None


def test_a_thousand_calls_leak_nothing(iterate_until, collect):
    class Thing:
        pass

    def count():
        return [sys.getrefcount(body), threaded.__grefcount__]

    def body(call):
        call.set_result(call.get_argument())
        return True

    threaded = AioThreads.Threaded.new(body)
    before = count()
    things, answers = weakref.WeakSet(), weakref.WeakSet()
    for _ in range(1000):
        thing = Thing()
        answer = call(threaded, thing)
        things.add(thing)
        answers.add(answer)
        iterate_until(lambda answer=answer: answer.n_called)
        assert answer.value is thing
        del thing, answer

    collect(lambda: not things and not answers and count() == before)
    assert (len(things), len(answers)) == (0, 0)
    assert count() == before
