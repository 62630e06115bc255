# SPDX-License-Identifier: LGPL-2.1-or-later
"""Iterators over what functions in Python make of the items of others."""

import threading

import pytest
from gi.repository import AioThreads, AiotTest, GLib

GIVEN, READY = AioThreads.Order.GIVEN, AioThreads.Order.READY


@pytest.fixture
def take_all(iterate_until):
    """Gives all that an iterator has, or raises what it ends with."""

    def take_all_of(iterator):
        items = []
        while True:
            answers = []
            iterator.next_many_async(1, 64, None, lambda iterator, result: answers.append(result))
            iterate_until(lambda: answers)
            batch = iterator.next_many_finish(answers[0])
            if batch is None:
                return items
            items += [batch.get_item(i) for i in range(batch.get_length())]

    return take_all_of


def count(n):
    return AiotTest.new_count().iterate(n, None)


def double(call):
    call.set_result(2 * call.get_argument())
    return True


def is_even(call):
    call.set_result(call.get_argument() % 2 == 0)
    return True


@pytest.mark.parametrize('order', [GIVEN, READY])
def test_map(take_all, order):
    items = take_all(count(100).map(None, 4, order, double))
    assert (items if order == GIVEN else sorted(items)) == list(range(0, 200, 2))


def test_map_runs_in_threads_at_the_same_time(take_all):
    barrier, threads = threading.Barrier(3, timeout=60), set()

    def meet(call):
        barrier.wait()
        threads.add(threading.get_ident())
        return True

    # What gives no result gives no value, which is None here.
    assert take_all(count(3).map(None, 3, GIVEN, meet)) == [None] * 3
    assert threading.get_ident() not in threads


def test_filter(take_all):
    assert take_all(count(10).filter(None, 0, GIVEN, is_even)) == [0, 2, 4, 6, 8]


def test_filter_without_a_verdict(take_all):
    with pytest.raises(GLib.Error, match='with a boolean') as caught:
        take_all(count(10).filter(None, 1, GIVEN, lambda call: True))
    assert caught.value.matches(AioThreads.error_quark(), AioThreads.Error.FAILED)


def test_merge(take_all):
    assert sorted(take_all(AioThreads.Iterator.merge([count(10), count(20), count(0)]))) == sorted([*range(10), *range(20)])
    assert take_all(AioThreads.Iterator.merge([])) == []


def test_several_stages(take_all):
    merged = AioThreads.Iterator.merge([count(10), count(10)])
    assert sorted(take_all(merged.filter(None, 3, READY, is_even).map(None, 3, READY, double))) == [
        number for number in range(0, 20, 4) for _ in range(2)]


def test_dropped_closes_the_sources(iterate_until, take_all):
    source = AiotTest.new_count_for_ever().iterate(None, None)
    n_cleaned_up = AiotTest.get_n_bodies_cleaned_up()
    mapped, answers = source.map(None, 2, GIVEN, double), []
    mapped.next_async(None, lambda iterator, result: answers.append(iterator.next_finish(result)))
    iterate_until(lambda: answers)
    assert answers == [0]
    del mapped
    assert source.is_closed()
    iterate_until(lambda: AiotTest.get_n_bodies_cleaned_up() == n_cleaned_up + 1)
