# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels between threads and main contexts."""

import threading
import weakref

import pytest
from gi.repository import AioThreads, AiotTest, Gio, GLib, GObject

DEFAULT = AioThreads.TIMEOUT_DEFAULT
NONE = AioThreads.TIMEOUT_NONE
Sent = AioThreads.Sent
WhenFull = AioThreads.WhenFull


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


def send(channel, item, cancellable=None):
    return ask(channel.send_async, channel.send_finish, item, cancellable)


def receive(channel, timeout_ms=DEFAULT, cancellable=None):
    return ask(channel.receive_async, channel.receive_finish, timeout_ms, cancellable)


def receive_many(channel, least, most, timeout_ms=DEFAULT):
    return ask(channel.receive_many_async, lambda result: items_of(channel.receive_many_finish(result)),
               least, most, timeout_ms, None)


def ask_next(iterator):
    return ask(iterator.next_async, iterator.next_finish, None)


def offload(body):
    return ask(AioThreads.offload_async, AioThreads.offload_finish, None, body, (), None)


def assert_error(caught, quark, code):
    assert caught.value.matches(quark, code), caught.value


def assert_closed(caught):
    assert_error(caught, AioThreads.error_quark(), AioThreads.Error.CLOSED)


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


def sums_up(channel):
    return channel.props.n_accepted == (channel.props.n_received + channel.props.n_dropped + channel.props.n_destroyed
                                        + channel.props.length)


# --- From a worker to the main loop -----------------------------------------

def test_from_a_native_worker(wait):
    channel = AioThreads.Channel.new(16)
    sender = AiotTest.new_send_numbers(channel)
    sent = ask(sender.call_async, sender.call_finish, 1000, None)
    assert [wait(receive(channel)) for _ in range(1000)] == list(range(1000))
    assert wait(sent) == 1000
    assert channel.get_peak_length() <= 16
    assert sums_up(channel) and channel.props.n_received == 1000


def test_from_a_worker_in_python(wait):
    class Thing:
        pass

    def body(call):
        for thing in things:
            assert channel.send(thing, None) == Sent.ITEM
        channel.close()
        return True

    channel, things = AioThreads.Channel.new(4), [Thing() for _ in range(100)]
    sent = offload(body)
    assert [wait(receive(channel)) for _ in range(100)] == things
    with pytest.raises(GLib.Error) as caught:
        wait(receive(channel))
    assert_closed(caught)
    wait(sent)


def test_from_any_thread(wait):
    def produce(number):
        for i in range(250):
            channel.send((number, i), None)

    channel = AioThreads.Channel.new(8)
    threads = [threading.Thread(target=produce, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    items = [wait(receive(channel)) for _ in range(1000)]
    for thread in threads:
        thread.join()
    for number in range(4):
        assert [i for sender, i in items if sender == number] == list(range(250))


def test_to_a_worker(wait):
    def body(call):
        items = []
        try:
            while True:
                items += items_of(channel.receive_many_sync(1, 3, DEFAULT, None))
        except GLib.Error as error:
            assert error.matches(AioThreads.error_quark(), AioThreads.Error.CLOSED)
        call.set_result((items,))
        return True

    channel = AioThreads.Channel.new(2)
    received = offload(body)
    for number in range(20):
        assert wait(send(channel, number)) == Sent.ITEM
    channel.close()
    assert wait(received) == (list(range(20)),)


def test_items(wait):
    channel, cancellable = AioThreads.Channel.new(1), Gio.Cancellable()
    for item in (0, False, True, '', 'häßlich', 0.5, b'', (), [], {}, (None,), (2 ** 64,), ('a\0b',), cancellable):
        assert channel.try_send(item) == Sent.ITEM
        received = wait(receive(channel))
        assert received == item and type(received) is type(item)


def test_none_is_an_item(wait):
    """There is no other: that nothing comes any more is an error."""
    channel = AioThreads.Channel.new(1)
    for value in (None, GObject.Value(str, None), GObject.Value(GObject.TYPE_OBJECT, None)):
        assert channel.try_send(value) == Sent.ITEM
        assert wait(receive(channel)) is None


# --- Sending ----------------------------------------------------------------

def test_try_send_never_waits():
    channel = AioThreads.Channel.new(2)
    assert [channel.try_send(number) for number in range(2)] == [Sent.ITEM] * 2
    with pytest.raises(GLib.Error) as caught:
        channel.try_send(2)
    assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK)
    channel.close()
    with pytest.raises(GLib.Error) as caught:
        channel.try_send(3)
    assert_closed(caught)
    assert channel.props.length == channel.props.n_accepted == 2


def test_sending_at_home_would_deadlock():
    channel = AioThreads.Channel.new(1)
    assert channel.send('item', None) == Sent.ITEM
    with pytest.raises(GLib.Error) as caught:
        channel.send('item', None)
    assert_error(caught, AioThreads.error_quark(), AioThreads.Error.WOULD_DEADLOCK)


def test_send_async_waits_for_room(wait, drain):
    channel = AioThreads.Channel.new(1)
    answers = [send(channel, number) for number in range(3)]
    assert wait(answers[0]) == Sent.ITEM
    drain()
    assert [answer.n_called for answer in answers] == [1, 0, 0]
    assert [wait(receive(channel)) for _ in range(3)] == [0, 1, 2]
    assert [wait(answer) for answer in answers] == [Sent.ITEM] * 3


def test_send_async_is_cancelled(wait):
    channel, cancellable = AioThreads.Channel.new(1), Gio.Cancellable()
    first, second = send(channel, 'first'), send(channel, 'second', cancellable)
    assert wait(first) == Sent.ITEM
    cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        wait(second)
    assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert wait(receive(channel)) == 'first'
    assert channel.props.length == 0 and channel.props.n_accepted == 1


def test_send_async_ends_with_the_channel(wait):
    channel = AioThreads.Channel.new(1)
    first, second = send(channel, 'first'), send(channel, 'second')
    assert wait(first) == Sent.ITEM
    channel.close()
    with pytest.raises(GLib.Error) as caught:
        wait(second)
    assert_closed(caught)


@pytest.mark.parametrize('how', ['close', 'cancel'])
def test_blocked_sender_wakes(wait, how):
    def body(call):
        channel.send('first', None)
        filled.set()
        channel.send('second', cancellable)
        return True

    channel, cancellable, filled = AioThreads.Channel.new(1), Gio.Cancellable(), threading.Event()
    sent = offload(body)
    assert filled.wait(60)
    if how == 'close':
        channel.close()
    else:
        cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        wait(sent)
    if how == 'close':
        assert_closed(caught)
    else:
        assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    assert wait(receive(channel)) == 'first'


@pytest.mark.parametrize('when_full, sent, left', [
    (WhenFull.DROP_OLDEST, [Sent.ITEM, Sent.ITEM, Sent.AND_DROPPED, Sent.AND_DROPPED], [2, 3]),
    (WhenFull.DROP_NEWEST, [Sent.ITEM, Sent.ITEM, Sent.TO_BE_DROPPED, Sent.TO_BE_DROPPED], [0, 1]),
    (WhenFull.KEEP_LATEST, [Sent.ITEM, Sent.AND_DROPPED, Sent.AND_DROPPED, Sent.AND_DROPPED], [3]),
])
def test_when_full(wait, when_full, sent, left):
    channel = AioThreads.Channel.new_full(2, when_full, NONE, None)
    assert [channel.try_send(number) for number in range(4)] == sent
    assert wait(receive_many(channel, 1, 10)) == left
    assert channel.props.n_dropped == 4 - len(left) and sums_up(channel)


# --- Receiving --------------------------------------------------------------

def test_what_is_there_is_received_after_the_end(wait):
    channel = AioThreads.Channel.new(0)
    for number in range(3):
        channel.try_send(number)
    channel.close()
    channel.close()
    assert channel.is_closed()
    assert [wait(receive(channel)) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(GLib.Error) as caught:
        wait(receive(channel))
    assert_closed(caught)


def test_who_waits_is_told_the_end(wait):
    channel = AioThreads.Channel.new(1)
    answers = [receive(channel) for _ in range(3)]
    channel.try_send('item')
    channel.close()
    assert wait(answers[0]) == 'item'
    for answer in answers[1:]:
        with pytest.raises(GLib.Error) as caught:
            wait(answer)
        assert_closed(caught)


def test_first_come_first_served(wait):
    channel, order = AioThreads.Channel.new(4), []
    for number in range(4):
        channel.receive_async(NONE, None, lambda channel, result, number: order.append(
            (number, channel.receive_finish(result))), number)
    for number in range(4):
        channel.try_send(number * 10)
    wait(send(channel, 'last'))
    assert wait(receive(channel)) == 'last'
    assert order == [(0, 0), (1, 10), (2, 20), (3, 30)]


@pytest.mark.parametrize('timeout_of_channel, timeout', [(1, DEFAULT), (NONE, 1), (60000, 1)])
def test_timeout(wait, timeout_of_channel, timeout):
    channel = AioThreads.Channel.new_full(1, WhenFull.WAIT, timeout_of_channel, None)
    for answer in (receive(channel, timeout), receive_many(channel, 1, 1, timeout)):
        with pytest.raises(GLib.Error) as caught:
            wait(answer)
        assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
    # Whoever gave up takes nothing.
    channel.try_send('item')
    assert wait(receive(channel)) == 'item'


def test_no_timeout(wait, drain):
    channel = AioThreads.Channel.new_full(1, WhenFull.WAIT, 1, None)
    patient, impatient = receive(channel, NONE), receive(channel)
    with pytest.raises(GLib.Error) as caught:
        wait(impatient)
    assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
    assert not patient.n_called
    channel.try_send('item')
    assert wait(patient) == 'item'


def test_who_is_cancelled_takes_no_item(wait):
    channel, cancellable = AioThreads.Channel.new(1), Gio.Cancellable()
    answer = receive(channel, NONE, cancellable)
    cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        wait(answer)
    assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
    channel.try_send('item')
    assert wait(receive(channel)) == 'item'


def test_receive_many(wait):
    channel = AioThreads.Channel.new(10)
    answer = receive_many(channel, 3, 5)
    for number in range(7):
        channel.try_send(number)
    first = wait(answer)
    assert first == list(range(len(first))) and 3 <= len(first) <= 5
    assert wait(receive_many(channel, 1, 10)) == list(range(len(first), 7))


def test_receive_many_gives_what_is_there_in_the_end(wait):
    channel = AioThreads.Channel.new(10)
    channel.try_send('first')
    assert wait(receive_many(channel, 2, 10, 1)) == ['first']
    answer = receive_many(channel, 2, 10)
    channel.try_send('second')
    channel.close()
    assert wait(answer) == ['second']


def test_try_receive_many():
    channel = AioThreads.Channel.new(10)
    with pytest.raises(GLib.Error) as caught:
        channel.try_receive_many(3)
    assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK)
    for number in range(4):
        channel.try_send(number)
    channel.close()
    assert [items_of(channel.try_receive_many(3)) for _ in range(2)] == [[0, 1, 2], [3]]
    with pytest.raises(GLib.Error) as caught:
        channel.try_receive_many(3)
    assert_closed(caught)


def test_receiving_at_home_would_deadlock():
    channel = AioThreads.Channel.new(1)
    with pytest.raises(GLib.Error) as caught:
        channel.receive_many_sync(1, 1, NONE, None)
    assert_error(caught, AioThreads.error_quark(), AioThreads.Error.WOULD_DEADLOCK)


def test_timeout_in_a_worker(wait):
    def body(call):
        channel.receive_many_sync(1, 1, 1, None)
        return True

    channel = AioThreads.Channel.new(1)
    with pytest.raises(GLib.Error) as caught:
        wait(offload(body))
    assert_error(caught, Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)


# --- Iterating --------------------------------------------------------------

def test_iterate(wait):
    channel, seen = AioThreads.Channel.new(4), []
    sender, iterator = AiotTest.new_send_numbers(channel), channel.iterate()
    sent = ask(sender.call_async, sender.call_finish, 100, None)
    ended = ask(iterator.foreach_async, iterator.foreach_finish, lambda item: seen.append(item) or True, (), None)
    assert wait(sent) == 100
    channel.close()
    assert wait(ended) is True
    assert seen == list(range(100)) and iterator.is_closed()


def test_leaving_an_iterator_leaves_the_items(wait):
    channel = AioThreads.Channel.new(10)
    for number in range(5):
        channel.try_send(number)
    iterator = channel.iterate()
    assert wait(ask_next(iterator)) == 0
    iterator.close()
    assert not channel.is_closed() and channel.props.length == 4
    with pytest.raises(GLib.Error) as caught:
        wait(ask_next(iterator))
    assert_closed(caught)
    other = channel.iterate()
    assert [wait(ask_next(other)) for _ in range(4)] == [1, 2, 3, 4]


def test_readers_share_the_items(wait):
    channel = AioThreads.Channel.new(10)
    readers = [channel.iterate() for _ in range(3)]
    answers = [ask_next(reader) for reader in readers]
    for number in range(3):
        channel.try_send(number)
    assert [wait(answer) for answer in answers] == [0, 1, 2]


# --- Where it is at home ----------------------------------------------------

def test_may_be_made_before_there_is_a_main_loop(wait):
    made = []
    thread = threading.Thread(target=lambda: made.append(AioThreads.Channel.new_full(
        1, WhenFull.WAIT, NONE, GLib.MainContext.default())))
    thread.start()
    thread.join()
    channel = made.pop()
    answer = receive(channel)
    offload(lambda call: channel.send('item', None) == Sent.ITEM)
    assert wait(answer) == 'item'


def test_items_are_received_on_several_main_contexts(wait):
    def consume():
        context = GLib.MainContext()
        context.push_thread_default()
        try:
            iterator, answers = channel.iterate(), []
            iterator.foreach_async(lambda item: received.append(item) or True, (), None,
                                   lambda iterator, result: answers.append(iterator.foreach_finish(result)))
            ready.release()
            while not answers:
                context.iteration(True)
        finally:
            context.pop_thread_default()

    channel, received, ready = AioThreads.Channel.new(4), [], threading.Semaphore(0)
    threads = [threading.Thread(target=consume) for _ in range(3)]
    for thread in threads:
        thread.start()
        ready.acquire()
    for number in range(300):
        wait(send(channel, number))
    channel.close()
    for thread in threads:
        thread.join()
    assert sorted(received) == list(range(300))


def test_properties():
    channel = AioThreads.Channel(capacity=3, when_full=WhenFull.DROP_OLDEST, timeout=5)
    assert (channel.props.capacity, channel.props.when_full, channel.props.timeout) == (3, WhenFull.DROP_OLDEST, 5)
    channel.props.timeout = 7
    assert channel.get_timeout() == 7
    assert AioThreads.Channel.new(AioThreads.CAPACITY_DEFAULT).get_capacity() == AioThreads.get_default_capacity()
    assert AioThreads.Channel.new(AioThreads.CAPACITY_UNBOUNDED).get_capacity() == 0
    assert AioThreads.Channel.new_full(9, WhenFull.KEEP_LATEST, NONE, None).get_capacity() == 1


def test_properties_notify_at_home(wait, iterate_until):
    def body(call):
        channel.send('item', None)
        channel.close()
        return True

    seen, home = [], threading.get_ident()
    channel = AioThreads.Channel.new(4)
    for name in ('length', 'closed'):
        channel.connect(f'notify::{name}', lambda channel, pspec: seen.append((pspec.name, threading.get_ident())))
    wait(offload(body))
    iterate_until(lambda: {('length', home), ('closed', home)} <= set(seen))
    assert {thread for _, thread in seen} == {home}


# --- What is left over ------------------------------------------------------

def test_items_are_freed_at_home(wait, collect):
    n_elsewhere = AiotTest.Item.get_n_finalized_elsewhere()
    for _ in range(100):
        channel = AioThreads.Channel.new(8)
        sender = AiotTest.new_send_items(channel)
        sent = ask(sender.call_async, sender.call_finish, 20, None)
        assert all(isinstance(item, AiotTest.Item) for item in wait(receive_many(channel, 5, 5)))
        channel.close()
        try:
            wait(sent)
        except GLib.Error as error:
            assert error.matches(AioThreads.error_quark(), AioThreads.Error.CLOSED)
        del sender, sent, channel
    collect(lambda: AiotTest.Item.get_n_alive() == 0)
    assert AiotTest.Item.get_n_alive() == 0
    assert AiotTest.Item.get_n_finalized_elsewhere() == n_elsewhere


def test_nothing_leaks(wait, collect):
    class Thing:
        pass

    def new_thing():
        thing = Thing()
        things.add(thing)
        return thing

    things, channels = weakref.WeakSet(), weakref.WeakSet()
    for _ in range(1000):
        channel = AioThreads.Channel.new(3)
        channels.add(channel)
        for _ in range(3):
            channel.try_send(new_thing())
        with pytest.raises(GLib.Error):
            channel.try_send(new_thing())
        waiting = send(channel, new_thing())
        assert isinstance(wait(receive(channel)), Thing)
        assert isinstance(items_of(channel.try_receive_many(1))[0], Thing)
        wait(waiting)
        del channel, waiting
    collect(lambda: not things and not channels)
    assert (len(things), len(channels)) == (0, 0)


def test_memory_is_steady(steady):
    channel = AioThreads.Channel.new(4)

    def at_once():
        channel.try_send('text')
        channel.try_receive_many(1).get_item(0)

    def later():
        send(channel, 'text')
        answer = receive(channel)
        return lambda: answer.n_called

    def many():
        channel.try_send('text')
        channel.try_send(0.5)
        answer = receive_many(channel, 2, 2)
        return lambda: answer.n_called

    def readers():
        channel.try_send('text')
        answer = ask_next(channel.iterate())
        return lambda: answer.n_called

    def unread():
        AioThreads.Channel.new(2).try_send('text')

    steady(at_once)
    steady(unread)
    steady(later, 2)
    steady(many, 1)
    steady(readers, 1)
