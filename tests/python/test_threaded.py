# SPDX-License-Identifier: LGPL-2.1-or-later
"""Threaded objects, with bodies in Python and in C."""

import gc
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


def test_native_objects_are_finalized_at_home(iterate_until):
    threaded = AiotTest.new_make_item()
    for _ in range(1000):
        answer = call(threaded)
        iterate_until(lambda a=answer: a.n_called)
        assert isinstance(answer.value, AiotTest.Item)
        del answer
    gc.collect()
    iterate_until(lambda: AiotTest.Item.get_n_alive() == 0 or not GLib.MainContext.default().pending())
    assert AiotTest.Item.get_n_alive() == 0
    assert AiotTest.Item.get_n_finalized_elsewhere() == 0


def test_nothing_leaks(iterate_until):
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
    context = GLib.MainContext.default()
    for _ in range(100):
        gc.collect()
        while context.iteration(False):
            pass
        if gone() is None:
            break
    assert gone() is None
