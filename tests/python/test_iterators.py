# SPDX-License-Identifier: LGPL-2.1-or-later
"""Iterators over what functions in C and in Python give."""

import gc
import threading
import weakref

import pytest
from gi.repository import AioThreads, AiotTest, Gio, GLib

DEFAULT = AioThreads.CAPACITY_DEFAULT
UNBOUNDED = AioThreads.CAPACITY_UNBOUNDED


class Answer:
    """What a callback got. Batches are read at once, as a program would."""

    def __init__(self, finish):
        self.n_called = 0
        self.value = self.error = None
        self.finish = finish

    def __call__(self, source, result, *data):
        self.n_called += 1
        try:
            self.value = self.finish(result)
        except GLib.Error as error:
            self.error = error


def items_of(batch):
    return batch and [batch.get_item(i) for i in range(batch.get_length())]


def ask(start, finish, *arguments):
    answer = Answer(finish)
    start(*arguments, answer)
    assert answer.n_called == 0
    return answer


def ask_next(iterator, cancellable=None):
    return ask(iterator.next_async, iterator.next_finish, cancellable)


def ask_many(iterator, least, most, cancellable=None):
    return ask(iterator.next_many_async, lambda result: items_of(iterator.next_many_finish(result)), least, most, cancellable)


def close(iterator, cancellable=None):
    return ask(iterator.close_async, iterator.close_finish, cancellable)


def foreach(iterator, function, *data, cancellable=None):
    return ask(iterator.foreach_async, iterator.foreach_finish, function, data, cancellable)


def is_closed_error(error):
    return error.matches(AioThreads.error_quark(), AioThreads.Error.CLOSED)


@pytest.fixture
def wait(iterate_until):
    """Gives what was asked for when it has come."""

    def wait_for(answer):
        iterate_until(lambda: answer.n_called)
        assert answer.n_called == 1
        if answer.error:
            raise answer.error
        return answer.value

    return wait_for


@pytest.fixture
def take_all(wait):
    """Gives all that an iterator has, as it should be taken from Python."""

    def take_all_of(iterator):
        items = []
        while (batch := wait(ask_many(iterator, 1, 64))) is not None:
            assert batch
            items += batch
        return items

    return take_all_of


class Body:
    """A generator that counts for ever, and remembers how that ended."""

    def __init__(self):
        self.n_given = 0
        self.errors = []
        self.ended = threading.Event()
        self.thread = None

    def __call__(self, generator, *data):
        self.thread = threading.get_ident()
        try:
            while True:
                generator.emit(self.n_given)
                self.n_given += 1
        except BaseException as error:
            # The error itself would hold the frame, and the frame the generator.
            self.errors.append((is_closed_error(error), generator.is_closed()))
            raise
        finally:
            self.ended.set()


# --- Items ------------------------------------------------------------------

def test_items_in_order(wait):
    iterator = AiotTest.new_count().iterate(100, None)
    assert [wait(ask_next(iterator)) for _ in range(100)] == list(range(100))
    assert not iterator.is_closed()
    assert wait(ask_next(iterator)) is None
    assert iterator.is_closed()


def test_several_are_asked_for_at_once(wait, iterate_until):
    iterator = AiotTest.new_count().iterate(3, None)
    order, answers = [], []
    for number in range(5):
        iterator.next_async(None, lambda iterator, result, number: (order.append(number), answers.append(
            iterator.next_finish(result))), number)
    iterate_until(lambda: len(answers) == 5)
    assert order == list(range(5))
    assert answers == [0, 1, 2, None, None]


def test_items_that_look_like_nothing(take_all):
    items = take_all(AiotTest.new_look_like_nothing().iterate(None, None))
    assert [repr(item) for item in items] == ['False', '0', '0.0', "''", 'None', 'None', 'None', 'None']


def test_none_is_an_item_as_long_as_the_iterator_is_open(wait):
    """Alone, the answer of next_finish () tells no item that is None from the end."""
    iterator, seen = AiotTest.new_look_like_nothing().iterate(None, None), []
    while True:
        item = wait(ask_next(iterator))
        if item is None and iterator.is_closed():
            break
        seen.append(item)
    assert seen == [False, 0, 0.0, '', None, None, None, None]


def test_foreach_is_given_none(wait):
    seen = []
    assert wait(foreach(AiotTest.new_look_like_nothing().iterate(None, None), lambda item: seen.append(item) or True))
    assert seen[4:] == [None] * 4 and len(seen) == 8


@pytest.mark.parametrize('argument', [0, False, '', 'text', [], {}, (None,), (2 ** 64,), ('a\0b',)])
def test_argument(take_all, argument):
    items = take_all(AiotTest.new_give_argument().iterate(argument, None))
    assert items == [argument] and type(items[0]) is type(argument)


def test_no_argument(take_all):
    assert take_all(AiotTest.new_give_argument().iterate(None, None)) == []


# --- The end ----------------------------------------------------------------

def test_a_second_time_is_an_error(wait, take_all):
    iterator = AiotTest.new_count().iterate(3, None)
    assert take_all(iterator) == [0, 1, 2]
    for again in (lambda: wait(ask_next(iterator)), lambda: take_all(iterator), lambda: iterator.try_next_many(1),
                  lambda: wait(foreach(iterator, lambda item: True))):
        with pytest.raises(GLib.Error) as caught:
            again()
        assert is_closed_error(caught.value)


def test_an_iterable_is_iterated_again_and_again(take_all):
    count = AiotTest.new_count()
    iterators = [count.iterate(number, None) for number in range(10)]
    assert [take_all(iterator) for iterator in iterators] == [list(range(number)) for number in range(10)]


def test_error_comes_once_after_the_items(wait):
    iterator = AiotTest.new_count_and_fail().iterate(2, None)
    assert [wait(ask_next(iterator)) for _ in range(2)] == [0, 1]
    with pytest.raises(GLib.Error) as caught:
        wait(ask_next(iterator))
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)
    assert caught.value.message == 'no such thing'
    assert iterator.is_closed()
    with pytest.raises(GLib.Error) as caught:
        wait(ask_next(iterator))
    assert is_closed_error(caught.value)


def test_error_comes_after_a_batch(wait):
    iterator = AiotTest.new_count_and_fail().iterate(3, None)
    assert wait(ask_many(iterator, 10, 10)) == [0, 1, 2]
    with pytest.raises(GLib.Error, match='no such thing'):
        wait(ask_many(iterator, 1, 1))


def test_error_not_set(take_all):
    with pytest.raises(GLib.Error) as caught:
        take_all(AiotTest.new_count_and_fail_silently().iterate(2, None))
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)


# --- Batches ----------------------------------------------------------------

def test_batches(wait):
    iterator = AiotTest.new_count().iterate(25, None)
    assert [wait(ask_many(iterator, 10, 10)) for _ in range(3)] == [list(range(10)), list(range(10, 20)), list(range(20, 25))]
    assert wait(ask_many(iterator, 1, 10)) is None


def test_batch_waits_for_no_more_than_the_capacity(wait):
    count = AiotTest.new_count_for_ever()
    count.props.capacity = 4
    iterator = count.iterate(None, None)
    assert len(wait(ask_many(iterator, 1000, 1000))) >= 4


def test_batch_outlives_its_iterator(wait, collect):
    iterator, batches = AiotTest.new_make_items().iterate(3, None), []
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    iterator.next_many_async(3, 3, None, lambda iterator, result: batches.append(iterator.next_many_finish(result)))
    wait(ask_next(iterator))
    del iterator
    items = items_of(batches[0])
    assert AiotTest.Item.get_n_alive() == 3
    assert all(isinstance(item, AiotTest.Item) for item in items) and batches[0].get_item(0) is items[0]
    batches.clear()
    assert AiotTest.Item.get_n_alive() == 3
    items.clear()
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    assert AiotTest.Item.get_n_alive() == 0


def test_batch_dropped_in_a_thread_is_freed_at_home(wait, collect):
    iterator, batches = AiotTest.new_make_items().iterate(3, None), []
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    n_elsewhere = AiotTest.Item.get_n_finalized_elsewhere()
    iterator.next_many_async(3, 3, None, lambda iterator, result: batches.append(iterator.next_many_finish(result)))
    wait(ask_next(iterator))
    thread = threading.Thread(target=batches.clear)
    thread.start()
    thread.join()
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    assert AiotTest.Item.get_n_alive() == 0
    assert AiotTest.Item.get_n_finalized_elsewhere() == n_elsewhere


def test_try_next_many(wait):
    gates = [threading.Event() for _ in range(2)]
    given = threading.Event()

    def body(generator):
        assert gates[0].wait(60)
        for number in range(3):
            generator.emit(number)
        given.set()
        return gates[1].wait(60)

    iterator = AioThreads.ThreadedIterable.new(body).iterate(None, None)
    with pytest.raises(GLib.Error) as caught:
        iterator.try_next_many(10)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK)
    # It has started all the same.
    gates[0].set()
    assert given.wait(60)
    assert iterator.get_length() == 3
    assert items_of(iterator.try_next_many(2)) == [0, 1]
    assert items_of(iterator.try_next_many(2)) == [2]
    gates[1].set()
    assert wait(ask_next(iterator)) is None


# --- A function for each ----------------------------------------------------

def test_foreach(wait):
    seen, home = [], threading.get_ident()
    iterator = AiotTest.new_count().iterate(1000, None)
    assert wait(foreach(iterator, lambda item: seen.append((item, threading.get_ident())) or True)) is True
    assert seen == [(number, home) for number in range(1000)]
    assert iterator.is_closed()


def test_foreach_data(wait):
    seen = []
    assert wait(foreach(AiotTest.new_count().iterate(2, None), lambda *arguments: seen.append(arguments) or True, 'more', 7))
    assert seen == [(0, 'more', 7), (1, 'more', 7)]


def test_foreach_stops_as_break_does(wait):
    seen, n_cleaned_up = [], AiotTest.get_n_bodies_cleaned_up()
    iterator = AiotTest.new_count_for_ever().iterate(None, None)
    assert wait(foreach(iterator, lambda item: seen.append(item) or item < 2)) is True
    assert seen == [0, 1, 2] and iterator.is_closed()
    assert wait(close(iterator))
    assert AiotTest.get_n_bodies_cleaned_up() == n_cleaned_up + 1


def test_foreach_fails_after_the_items(wait):
    seen = []
    with pytest.raises(GLib.Error, match='no such thing'):
        wait(foreach(AiotTest.new_count_and_fail().iterate(3, None), lambda item: seen.append(item) or True))
    assert seen == [0, 1, 2]


def test_foreach_is_cancelled(wait):
    cancellable = Gio.Cancellable()
    iterator = AiotTest.new_count_for_ever().iterate(None, None)
    with pytest.raises(GLib.Error) as caught:
        wait(foreach(iterator, lambda item: cancellable.cancel() or True, cancellable=cancellable))
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert iterator.is_closed() and wait(close(iterator))


def test_foreach_that_raises_stops(wait, capfd):
    """The raw form can't do better: GLib has no error in such a function."""
    def fail(item):
        raise ValueError('unexpected')

    iterator = AiotTest.new_count().iterate(3, None)
    assert wait(foreach(iterator, fail)) is True
    assert 'ValueError: unexpected' in capfd.readouterr().err
    assert iterator.is_closed()


def test_sync_runs_in_the_calling_thread():
    seen = []

    def body(generator):
        for number in range(3):
            seen.append((threading.get_ident(), number))
            generator.emit(number)
        return True

    def take(item, data):
        seen.append((data, item))
        return item < 1

    assert AioThreads.ThreadedIterable.new(body).iterate_sync(None, take, 'taken', None) is True
    here = threading.get_ident()
    assert seen == [(here, 0), ('taken', 0), (here, 1), ('taken', 1)]


def test_sync_error():
    seen = []
    with pytest.raises(GLib.Error, match='no such thing'):
        AiotTest.new_count_and_fail().iterate_sync(2, lambda item, data: seen.append(item) or True, None, None)
    assert seen == [0, 1]


# --- In a worker ------------------------------------------------------------

def test_in_a_worker(wait):
    def body(call):
        items, iterator = [], AiotTest.new_count().iterate(100, None)
        while (batch := iterator.next_many_sync(1, 7, None)) is not None:
            items += items_of(batch)
        call.set_result((items, iterator.is_closed()))
        return True

    answer = ask(AioThreads.offload_async, AioThreads.offload_finish, None, body, (), None)
    assert wait(answer) == (list(range(100)), True)


def test_in_a_worker_error(wait):
    def body(call):
        AiotTest.new_count_and_fail().iterate(0, None).next_many_sync(1, 1, None)
        return True

    with pytest.raises(GLib.Error, match='no such thing'):
        wait(ask(AioThreads.offload_async, AioThreads.offload_finish, None, body, (), None))


def test_waiting_at_home_would_deadlock(wait):
    gate = threading.Event()
    iterator = AioThreads.ThreadedIterable.new(lambda generator: gate.wait(60)).iterate(None, None)
    with pytest.raises(GLib.Error) as caught:
        iterator.next_many_sync(1, 1, None)
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.WOULD_DEADLOCK)
    gate.set()
    assert wait(close(iterator))


# --- Bodies in Python -------------------------------------------------------

def test_body(take_all):
    class Thing:
        pass

    def body(generator, *data):
        for item in (generator.get_argument(), data, thing, None, threading.get_ident() != home):
            generator.emit((item,))
        return True

    thing, argument, home = Thing(), object(), threading.get_ident()
    items = take_all(AioThreads.ThreadedIterable.new(body, 'data', 7).iterate(argument, None))
    assert [item for (item,) in items] == [argument, ('data', 7), thing, None, True]
    assert items[0][0] is argument and items[2][0] is thing


def test_body_can_only_give_none_in_a_tuple(take_all):
    def body(generator):
        with pytest.raises(TypeError):
            generator.emit(None)
        generator.emit((None,))
        return True

    assert take_all(AioThreads.ThreadedIterable.new(body).iterate(None, None)) == [(None,)]


def test_body_of_an_iterator(take_all):
    """The data is not the last argument there, so it comes as it is given."""
    iterator = AioThreads.ThreadedIterator.new(lambda generator, data: generator.emit(data), ('data', 7), None, DEFAULT, None)
    assert take_all(iterator) == [('data', 7)]
    iterator = AioThreads.ThreadedIterator.new(lambda generator, data: generator.emit((data,)), None, None, DEFAULT, None)
    assert take_all(iterator) == [(None,)]


def test_body_raises_an_error(wait):
    def body(generator):
        generator.emit(1)
        raise GLib.Error.new_literal(Gio.io_error_quark(), 'gone', Gio.IOErrorEnum.NOT_FOUND)

    iterator = AioThreads.ThreadedIterable.new(body).iterate(None, None)
    assert wait(ask_next(iterator)) == 1
    with pytest.raises(GLib.Error) as caught:
        wait(ask_next(iterator))
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND) and caught.value.message == 'gone'


def test_body_raises_something_else(wait, capfd):
    def body(generator):
        generator.emit(1)
        raise ValueError('unexpected')

    iterator = AioThreads.ThreadedIterable.new(body).iterate(None, None)
    assert wait(ask_next(iterator)) == 1
    with pytest.raises(GLib.Error) as caught:
        wait(ask_next(iterator))
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)
    assert 'ValueError: unexpected' in capfd.readouterr().err


def test_generator_that_was_kept_is_closed(wait):
    kept = []
    iterator = AioThreads.ThreadedIterable.new(lambda generator: kept.append(generator) or True).iterate(None, None)
    assert wait(ask_next(iterator)) is None
    assert kept[0].is_closed()
    with pytest.raises(GLib.Error) as caught:
        kept[0].emit(1)
    assert is_closed_error(caught.value)


def test_progress(wait, iterate_until):
    def body(generator):
        generator.report_progress(0.5, 'halfway')
        return True

    iterator = AioThreads.ThreadedIterable.new(body).iterate(None, None)
    progress = iterator.props.progress
    assert progress is iterator.get_progress() and progress.get_fraction() == 0
    assert wait(ask_next(iterator)) is None
    iterate_until(lambda: (progress.props.fraction, progress.props.text) == (0.5, 'halfway'))


def test_items_keep_their_order_and_identity(take_all):
    class Thing:
        pass

    things = [Thing() for _ in range(1000)]

    def body(generator):
        for thing in things:
            generator.emit(thing)
        return True

    items = take_all(AioThreads.ThreadedIterable.new(body).iterate(None, None))
    assert all(item is thing for item, thing in zip(items, things)) and len(items) == 1000


# --- When it starts ---------------------------------------------------------

def test_nothing_starts_before_it_is_asked_for(wait):
    n_started, n_cleaned_up = AiotTest.get_n_bodies_started(), AiotTest.get_n_bodies_cleaned_up()
    pool = AioThreads.Executor.new_pool(None, 1)
    count = AiotTest.new_count_for_ever()
    count.props.executor = pool
    iterator = count.iterate(None, None)
    assert pool.props.n_threads == 0
    assert wait(ask_next(iterator)) == 0
    assert pool.props.n_threads == 1 and AiotTest.get_n_bodies_started() == n_started + 1
    assert wait(close(iterator))
    assert AiotTest.get_n_bodies_cleaned_up() == n_cleaned_up + 1


def test_closed_before_it_started_runs_nothing(wait):
    n_started, pool = AiotTest.get_n_bodies_started(), AioThreads.Executor.new_pool(None, 1)
    count = AiotTest.new_count_for_ever()
    count.props.executor = pool
    iterator = count.iterate(None, None)
    iterator.close()
    assert wait(close(iterator))
    with pytest.raises(GLib.Error) as caught:
        wait(ask_next(iterator))
    assert is_closed_error(caught.value)
    assert pool.props.n_threads == 0 and AiotTest.get_n_bodies_started() == n_started


def test_closed_while_queued_runs_nothing(wait):
    pool, body = AioThreads.Executor.new_pool(None, 1), Body()
    gate = AiotTest.new_wait_for_gate()
    gate.props.executor = pool
    AiotTest.close_gate()
    blocker = ask(gate.call_async, gate.call_finish, None, None)
    AiotTest.wait_until_gate_is_reached()
    iterator = AioThreads.ThreadedIterator.new(body, None, pool, DEFAULT, None)
    answer = ask_next(iterator)
    assert pool.props.n_queued == 1
    iterator.close()
    assert pool.props.n_queued == 0
    with pytest.raises(GLib.Error) as caught:
        wait(answer)
    assert is_closed_error(caught.value)
    AiotTest.open_gate()
    wait(blocker)
    assert body.n_given == 0 and not body.ended.is_set()


# --- Backpressure -----------------------------------------------------------

@pytest.mark.parametrize('capacity', [1, 2, 16])
def test_capacity(wait, capacity):
    count = AiotTest.new_count()
    count.props.capacity = capacity
    iterator = count.iterate(1000, None)
    assert iterator.get_capacity() == iterator.props.capacity == capacity
    assert [wait(ask_next(iterator)) for _ in range(1000)] == list(range(1000))
    assert 1 <= iterator.get_peak_length() <= capacity


def test_default_capacity():
    iterable = AiotTest.new_count()
    assert iterable.props.capacity == DEFAULT
    assert iterable.iterate(None, None).get_capacity() == AioThreads.get_default_capacity()
    iterable.props.capacity = UNBOUNDED
    assert iterable.iterate(None, None).get_capacity() == 0


def test_unbounded_body_waits_for_nobody(wait):
    ended = threading.Event()

    def body(generator, data):
        for number in range(5000):
            generator.emit(number)
        ended.set()
        return True

    iterator = AioThreads.ThreadedIterator.new(body, None, None, UNBOUNDED, None)
    assert wait(ask_next(iterator)) == 0
    assert ended.wait(60)
    assert iterator.get_length() == 4999
    assert wait(ask_many(iterator, 4999, 4999)) == list(range(1, 5000))


# --- Leaving early ----------------------------------------------------------

def leave_by_close(holder):
    holder[0].close()
    assert holder[0].is_closed()


def leave_by_del(holder):
    del holder[0]


def leave_by_garbage(holder):
    cycle = [holder.pop()]
    cycle.append(cycle)
    del cycle
    gc.collect()


def leave_in_a_thread(holder):
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join()


@pytest.mark.parametrize('leave', [leave_by_close, leave_by_del, leave_by_garbage, leave_in_a_thread])
@pytest.mark.parametrize('capacity', [1, 64])
def test_leaving_stops_the_body(wait, leave, capacity):
    body = Body()
    holder = [AioThreads.ThreadedIterator.new(body, None, None, capacity, None)]
    assert wait(ask_next(holder[0])) == 0
    leave(holder)
    assert body.ended.wait(60)
    assert body.errors == [(True, True)]
    assert body.thread != threading.get_ident()


def test_closing_cancels_what_blocks_in_the_body(wait):
    def body(generator):
        cancelled = threading.Event()
        generator.get_cancellable().connect(lambda *_: cancelled.set())
        generator.emit('item')
        return cancelled.wait(60)

    iterator = AioThreads.ThreadedIterable.new(body).iterate(None, None)
    assert wait(ask_next(iterator)) == 'item'
    assert wait(close(iterator))


def test_close_is_waited_for(wait):
    n_cleaned_up = AiotTest.get_n_bodies_cleaned_up()
    iterator = AiotTest.new_count_for_ever().iterate(None, None)
    assert wait(ask_next(iterator)) == 0
    answers = [close(iterator), close(iterator)]
    assert iterator.is_closed()
    assert [wait(answer) for answer in answers] == [True, True]
    assert AiotTest.get_n_bodies_cleaned_up() == n_cleaned_up + 1
    iterator.close()
    assert wait(close(iterator))


def test_waiting_for_the_end_is_cancelled(wait):
    gate, cancellable = threading.Event(), Gio.Cancellable()
    iterator = AioThreads.ThreadedIterable.new(
        lambda generator: generator.emit(1) and gate.wait(60)).iterate(None, None)
    assert wait(ask_next(iterator)) == 1
    answer = close(iterator, cancellable)
    cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        wait(answer)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    gate.set()
    assert wait(close(iterator))


def test_who_waits_is_told_that_it_was_closed(wait):
    gate = threading.Event()
    iterator = AioThreads.ThreadedIterable.new(lambda generator: gate.wait(60)).iterate(None, None)
    answers = [ask_next(iterator), ask_many(iterator, 1, 2)]
    iterator.close()
    for answer in answers:
        with pytest.raises(GLib.Error) as caught:
            wait(answer)
        assert is_closed_error(caught.value)
    gate.set()
    assert wait(close(iterator))


def test_who_is_cancelled_takes_no_item(wait):
    gate, cancellable = threading.Event(), Gio.Cancellable()

    def body(generator):
        assert gate.wait(60)
        return generator.emit('item')

    iterator = AioThreads.ThreadedIterable.new(body).iterate(None, None)
    answer = ask_next(iterator, cancellable)
    cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        wait(answer)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    gate.set()
    assert wait(ask_next(iterator)) == 'item'
    assert wait(ask_next(iterator)) is None


def test_body_is_cancelled(wait):
    cancellable, told = Gio.Cancellable(), []

    def body(generator):
        generator.emit('item')
        given.set()
        stopped = threading.Event()
        generator.get_cancellable().connect(lambda *_: stopped.set())
        assert stopped.wait(60)
        try:
            return generator.emit('never')
        except GLib.Error as error:
            told.append(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
            raise

    given = threading.Event()
    iterator = AioThreads.ThreadedIterable.new(body).iterate(None, cancellable)
    answer = ask_next(iterator)
    assert given.wait(60)
    cancellable.cancel()
    assert wait(answer) == 'item'
    with pytest.raises(GLib.Error) as caught:
        wait(ask_next(iterator))
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert told == [True]


# --- What is left over ------------------------------------------------------

def test_items_are_freed_at_home(wait, collect):
    make_items = AiotTest.new_make_items()
    make_items.props.capacity = 4
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    n_elsewhere = AiotTest.Item.get_n_finalized_elsewhere()
    for _ in range(100):
        iterator = make_items.iterate(1000, None)
        assert isinstance(wait(ask_next(iterator)), AiotTest.Item)
        assert wait(close(iterator))
    del iterator
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    assert AiotTest.Item.get_n_alive() == 0
    assert AiotTest.Item.get_n_finalized_elsewhere() == n_elsewhere


def test_nothing_leaks(wait, take_all, collect):
    class Thing:
        def __call__(self, generator, *data):
            for _ in range(3):
                thing = Thing()
                things.add(thing)
                generator.emit(thing)
            return True

    things, iterators = weakref.WeakSet(), weakref.WeakSet()
    for _ in range(1000):
        body = Thing()
        things.add(body)
        iterator = AioThreads.ThreadedIterable.new(body, Thing()).iterate(Thing(), None)
        iterators.add(iterator)
        assert len(take_all(iterator)) == 3
        del body, iterator
    collect(lambda: not things and not iterators)
    assert (len(things), len(iterators)) == (0, 0)


def test_nothing_leaks_when_left_early(wait, collect, iterate_until):
    class Thing:
        def __call__(self, generator, *data):
            try:
                while True:
                    thing = Thing()
                    things.add(thing)
                    generator.emit(thing)
            except GLib.Error:
                return False

    things, iterators = weakref.WeakSet(), weakref.WeakSet()
    for number in range(1000):
        body = Thing()
        things.add(body)
        iterator = AioThreads.ThreadedIterator.new(body, body, None, 4, None)
        iterators.add(iterator)
        assert isinstance(wait(ask_next(iterator)), Thing)
        if number % 2:
            assert wait(close(iterator))
        del body, iterator
    collect(lambda: not things and not iterators)
    assert not iterators
    # What is still there belongs to bodies that end, each in its time.
    iterate_until(lambda: not things)


def test_memory_is_steady(steady):
    count = AiotTest.new_count()

    def all_one_by_one():
        iterator, items = count.iterate(1, None), []

        def take(iterator, result):
            items.append(iterator.next_finish(result))
            if items[-1] is not None:
                iterator.next_async(None, take)

        iterator.next_async(None, take)
        return lambda: len(items) == 2

    def all_at_once():
        iterator = count.iterate(3, None)
        answer = ask_many(iterator, 3, 3)
        return lambda: answer.n_called

    def each():
        iterator = count.iterate(1, None)
        answer = foreach(iterator, lambda item: True)
        return lambda: answer.n_called

    def never_started():
        count.iterate('text', None)

    def closed():
        iterator = count.iterate(1, None)
        answer = close(iterator)
        return lambda: answer.n_called

    def here():
        count.iterate_sync(2, lambda item, data: True, None, None)

    steady(never_started)
    steady(all_one_by_one, 2)
    steady(all_at_once, 1)
    steady(each, 2)
    steady(closed, 1)
    steady(here, 1)
