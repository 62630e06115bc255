/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Iterators from Vala: over bodies that are lambdas, and those that are written in Vala. */

/* A body that counts for ever, and remembers how that ended. */
class Counter : Object {
    public Gate started = new Gate ();
    public Gate ended = new Gate ();
    public int n_given;
    public bool was_closed;

    public bool run (Aiot.Generator generator) throws GLib.Error {
        started.open ();
        try {
            while (generator.emit (n_given))
                n_given++;
        } catch (Aiot.Error.CLOSED e) {
            was_closed = generator.is_closed ();
            throw e;
        } finally {
            ended.open ();
        }
        return true;
    }

    public Aiot.ThreadedIterator iterate (int capacity = Aiot.CAPACITY_DEFAULT) {
        return new Aiot.ThreadedIterator ((generator) => run (generator), null, capacity);
    }
}

Aiot.ThreadedIterable count_to (int end) {
    return new Aiot.ThreadedIterable ((generator) => {
        for (var i = 0; i < end; i++)
            generator.emit (i);
        return true;
    });
}

async string take_all (Aiot.Iterator iterator) throws GLib.Error {
    var items = "";
    Value? item;
    while ((item = yield iterator.next_async ()) != null)
        items += "%d ".printf (item.get_int ());
    return items;
}

/* --- Items ------------------------------------------------------------------ */

async void items_in_order () throws GLib.Error {
    var iterator = count_to (100).iterate ();
    for (var i = 0; i < 100; i++) {
        Value? item = yield iterator.next_async ();
        assert (item.get_int () == i);
    }
    assert (!iterator.is_closed ());
    assert ((yield iterator.next_async ()) == null);
    assert (iterator.is_closed ());
}

void several_at_once () {
    var iterator = count_to (3).iterate ();
    var answers = "";
    var home = Thread.self<void*> ();
    for (var i = 0; i < 5; i++) {
        iterator.next_async.begin (null, (o, r) => {
            assert (Thread.self<void*> () == home);
            try {
                Value? item = iterator.next_async.end (r);
                answers += item != null ? item.get_int ().to_string () : "-";
            } catch (GLib.Error e) {
                assert_not_reached ();
            }
        });
        assert (answers == "");
    }
    iterate_until (() => answers.length == 5);
    assert (answers == "012--");
}

/* An item that is null comes as a value that holds null; only the end is null itself. */
async void items_that_look_like_nothing () throws GLib.Error {
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        generator.emit (false);
        generator.emit (0);
        generator.emit ("");
        generator.emit (Value (typeof (string)));
        generator.emit (Value (typeof (Object)));
        generator.emit (Value (typeof (Bytes)));
        return true;
    });
    Value? item = yield iterator.next_async ();
    assert (!item.get_boolean ());
    item = yield iterator.next_async ();
    assert (item.get_int () == 0);
    item = yield iterator.next_async ();
    assert (item.get_string () == "");
    item = yield iterator.next_async ();
    assert (item != null && item.get_string () == null);
    item = yield iterator.next_async ();
    assert (item != null && item.get_object () == null);
    item = yield iterator.next_async ();
    assert (item != null && item.get_boxed () == null);
    assert ((yield iterator.next_async ()) == null);
}

async void argument () throws GLib.Error {
    var iterable = new Aiot.ThreadedIterable ((generator) => {
        if (generator.get_argument () != null)
            generator.emit (generator.get_argument ());
        return true;
    });
    Value? item = yield iterable.iterate ("text").next_async ();
    assert (item.get_string () == "text");
    assert ((yield iterable.iterate ().next_async ()) == null);
}

async void runs_in_a_worker () throws GLib.Error {
    unowned Thread<void*> worker = null;
    var iterable = new Aiot.ThreadedIterable ((generator) => {
        worker = Thread.self<void*> ();
        return true;
    });
    var pool = new Aiot.Executor.pool (null, 1);
    iterable.executor = pool;
    iterable.name = "named";
    assert ((yield iterable.iterate ().next_async ()) == null);
    assert (worker != null && worker != Thread.self<void*> ());
    assert (pool.n_threads == 1 && iterable.name == "named");
}

/* --- The end ---------------------------------------------------------------- */

async void second_time () throws GLib.Error {
    var iterable = count_to (3);
    var iterator = iterable.iterate ();
    assert ((yield take_all (iterator)) == "0 1 2 ");
    try {
        yield iterator.next_async ();
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (e.message != "");
    }
    assert ((yield take_all (iterable.iterate ())) == "0 1 2 ");
}

async void error_after_items () throws GLib.Error {
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        generator.emit (1);
        throw new IOError.NOT_FOUND ("no such thing");
    });
    Value? item = yield iterator.next_async ();
    assert (item.get_int () == 1);
    try {
        yield iterator.next_async ();
        assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
        assert (e.message == "no such thing");
    }
    try {
        yield iterator.next_async ();
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (iterator.is_closed ());
    }
}

async void error_not_set () throws GLib.Error {
    try {
        yield new Aiot.ThreadedIterator ((generator) => false).next_async ();
        assert_not_reached ();
    } catch (Aiot.Error.FAILED e) {
        assert (e.message != "");
    }
}

async void cancelled () throws GLib.Error {
    var cancellable = new Cancellable ();
    var given = new Gate ();
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        var told = new Gate ();
        generator.emit ("item");
        given.open ();
        generator.get_cancellable ().connect (() => told.open ());
        told.wait ();
        return generator.emit ("never");
    }, null, Aiot.CAPACITY_DEFAULT, cancellable);
    Idle.add (() => {
        given.wait ();
        cancellable.cancel ();
        return Source.REMOVE;
    });
    Value? item = yield iterator.next_async ();
    assert (item.get_string () == "item");
    try {
        yield iterator.next_async ();
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        assert (iterator.is_closed ());
    }
}

async void waiting_is_cancelled () throws GLib.Error {
    var cancellable = new Cancellable ();
    var gate = new Gate ();
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        gate.wait ();
        return generator.emit ("item");
    });
    Idle.add (() => {
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield iterator.next_async (cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        gate.open ();
    }
    Value? item = yield iterator.next_async ();
    assert (item.get_string () == "item");
}

/* --- Several ---------------------------------------------------------------- */

async void batches () throws GLib.Error {
    var iterator = count_to (25).iterate ();
    var lengths = "";
    var expected = 0;
    Aiot.Batch? batch;
    while ((batch = yield iterator.next_many_async (10, 10)) != null) {
        lengths += "%u ".printf (batch.size);
        assert (batch.get_length () == batch.size && batch[0].get_int () == expected);
        foreach (unowned Value? item in batch)
            assert (item.get_int () == expected++);
    }
    assert (lengths == "10 10 5 ");
}

async void what_is_there () throws GLib.Error {
    var gates = new Gate[] { new Gate (), new Gate () };
    var given = new Gate ();
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        gates[0].wait ();
        for (var i = 0; i < 3; i++)
            generator.emit (i);
        given.open ();
        gates[1].wait ();
        return true;
    });
    Value item;
    try {
        iterator.try_next (out item);
        assert_not_reached ();
    } catch (IOError.WOULD_BLOCK e) {
        gates[0].open ();
    }
    given.wait ();
    assert (iterator.get_length () == 3);
    assert (iterator.try_next (out item) && item.get_int () == 0);
    var batch = iterator.try_next_many (10);
    assert (batch.size == 2 && batch[0].get_int () == 1 && batch[1].get_int () == 2);
    gates[1].open ();
    assert ((yield iterator.next_async ()) == null);
}

/* --- A function for each ---------------------------------------------------- */

async void foreach_items () throws GLib.Error {
    var sum = 0;
    var iterator = count_to (1000).iterate ();
    var home = Thread.self<void*> ();
    assert (yield iterator.foreach_async ((item) => {
        assert (Thread.self<void*> () == home);
        sum += item.get_int ();
        return true;
    }));
    assert (sum == 999 * 1000 / 2 && iterator.is_closed ());
}

async void foreach_stops () throws GLib.Error {
    var counter = new Counter ();
    var iterator = counter.iterate ();
    var last = -1;
    assert (yield iterator.foreach_async ((item) => {
        last = item.get_int ();
        return last < 2;
    }));
    assert (last == 2 && iterator.is_closed ());
    assert (yield iterator.close_async ());
    assert (counter.was_closed);
}

async void foreach_fails () throws GLib.Error {
    var n = 0;
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        generator.emit (1);
        throw new IOError.NOT_FOUND ("no such thing");
    });
    try {
        yield iterator.foreach_async ((item) => {
            n++;
            return true;
        });
        assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
        assert (n == 1);
    }
}

async void foreach_cancelled () throws GLib.Error {
    var cancellable = new Cancellable ();
    var iterator = new Counter ().iterate ();
    try {
        yield iterator.foreach_async ((item) => {
            cancellable.cancel ();
            return true;
        }, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        assert (yield iterator.close_async ());
    }
}

void here () {
    var seen = "";
    var home = Thread.self<void*> ();
    var iterable = new Aiot.ThreadedIterable ((generator) => {
        assert (Thread.self<void*> () == home);
        while (true)
            generator.emit (generator.get_argument ());
    });
    try {
        assert (iterable.iterate_sync ("item", (item) => {
            seen += item.get_string () + " ";
            return seen.length < 15;
        }));
    } catch (GLib.Error e) {
        assert_not_reached ();
    }
    assert (seen == "item item item ");
    try {
        new Aiot.ThreadedIterable ((generator) => {
            throw new IOError.NOT_FOUND ("no such thing");
        }).iterate_sync (null, (item) => true);
        assert_not_reached ();
    } catch (GLib.Error e) {
        assert (e is IOError.NOT_FOUND);
    }
}

/* --- In a worker ------------------------------------------------------------ */

async void in_a_worker () throws GLib.Error {
    Value? sum = yield Aiot.offload_async (null, (call) => {
        var iterator = count_to (100).iterate ();
        var total = 0;
        Value item;
        while (iterator.next_sync (out item)) {
            total += item.get_int ();
            if (total == 45)
                break;
        }
        Aiot.Batch? batch;
        while ((batch = iterator.next_many_sync (1, 7)) != null)
            foreach (unowned Value? number in batch)
                total += number.get_int ();
        call.set_result (total);
        return true;
    });
    assert (sum.get_int () == 99 * 100 / 2);
}

async void at_home_would_deadlock () throws GLib.Error {
    var gate = new Gate ();
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        gate.wait ();
        return true;
    });
    try {
        Value item;
        iterator.next_sync (out item);
        assert_not_reached ();
    } catch (Aiot.Error.WOULD_DEADLOCK e) {
        gate.open ();
    }
    assert (yield iterator.close_async ());
}

/* --- When it starts, and how far ahead it runs ------------------------------ */

async void lazy () throws GLib.Error {
    var counter = new Counter ();
    var pool = new Aiot.Executor.pool (null, 1);
    var iterator = new Aiot.ThreadedIterator ((generator) => counter.run (generator), pool);
    assert (pool.n_threads == 0);
    Value? item = yield iterator.next_async ();
    assert (item.get_int () == 0 && pool.n_threads == 1);
    assert (yield iterator.close_async ());
    assert (counter.was_closed);
}

async void closed_before_start () throws GLib.Error {
    var counter = new Counter ();
    var iterator = counter.iterate ();
    iterator.close ();
    assert (yield iterator.close_async ());
    try {
        yield iterator.next_async ();
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (counter.n_given == 0 && !counter.was_closed);
    }
}

async void closed_while_queued () throws GLib.Error {
    var pool = new Aiot.Executor.pool (null, 1);
    var running = new Gate ();
    var leave = new Gate ();
    var n_run = 0;
    var answered = false;
    Aiot.offload_async.begin (pool, (call) => {
        running.open ();
        leave.wait ();
        return true;
    }, null, (o, r) => answered = true);
    running.wait ();
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        n_run++;
        return true;
    }, pool);
    var refused = false;
    iterator.next_async.begin (null, (o, r) => {
        try {
            iterator.next_async.end (r);
        } catch (GLib.Error e) {
            refused = e is Aiot.Error.CLOSED;
        }
    });
    assert (pool.n_queued == 1);
    iterator.close ();
    assert (pool.n_queued == 0);
    iterate_until (() => refused);
    leave.open ();
    iterate_until (() => answered);
    assert (n_run == 0);
}

async void capacity () throws GLib.Error {
    foreach (var capacity in new int[] { 1, 2, 16 }) {
        var iterable = count_to (300);
        iterable.capacity = capacity;
        var iterator = iterable.iterate ();
        assert (iterator.capacity == capacity);
        for (var i = 0; i < 300; i++)
            yield iterator.next_async ();
        assert (iterator.get_peak_length () >= 1 && iterator.get_peak_length () <= capacity);
    }
    assert (count_to (0).capacity == Aiot.CAPACITY_DEFAULT);
    assert (count_to (0).iterate ().capacity == Aiot.get_default_capacity ());
    assert (new Counter ().iterate (Aiot.CAPACITY_UNBOUNDED).capacity == 0);
}

void progress () {
    var iterator = new Aiot.ThreadedIterator ((generator) => {
        generator.report_progress (0.5);
        generator.report_progress (1, "done");
        return true;
    });
    Aiot.Progress progress = iterator.progress;
    assert (progress.fraction == 0);
    iterator.next_async.begin ();
    iterate_until (() => progress.fraction == 1 && progress.text == "done");
}

/* --- Leaving early ---------------------------------------------------------- */

async void close_wakes_the_body () throws GLib.Error {
    foreach (var capacity in new int[] { 1, 64 }) {
        var counter = new Counter ();
        var iterator = counter.iterate (capacity);
        yield iterator.next_async ();
        iterator.close ();
        iterator.close ();
        assert (iterator.is_closed ());
        assert (yield iterator.close_async ());
        assert (counter.was_closed);
    }
}

/* What follows a yield is a callback, whose result holds the iterator as well. */
async void dropping_closes () throws GLib.Error {
    var counter = new Counter ();
    var iterator = counter.iterate ();
    yield iterator.next_async ();
    iterator = null;
    Idle.add (dropping_closes.callback);
    yield;
    counter.ended.wait ();
    assert (counter.was_closed);
}

async void dropping_in_a_thread_closes () throws GLib.Error {
    var counter = new Counter ();
    var iterator = counter.iterate ();
    yield iterator.next_async ();
    yield Aiot.offload_async (null, (call) => {
        iterator = null;
        return true;
    });
    counter.ended.wait ();
    assert (counter.was_closed);
}

/* --- Iterators in Vala ------------------------------------------------------ */

/* What a program would write: nothing but what can't be made of the rest. */
class Numbers : Object, Aiot.Iterator {
    public int end = 3;
    public bool fails;
    int number;
    bool closed;
    Value? current;

    public async unowned Value? next_async (Cancellable? cancellable) throws GLib.Error {
        if (closed)
            throw new Aiot.Error.CLOSED ("It is closed");
        Idle.add (next_async.callback);
        yield;
        if (cancellable != null)
            cancellable.set_error_if_cancelled ();
        if (number < end) {
            /* It must outlive the callback that gets it. */
            current = number++;
            return current;
        }
        closed = true;
        if (fails)
            throw new IOError.NOT_FOUND ("no such thing");
        return null;
    }

    public void close () {
        closed = true;
    }

    public bool is_closed () {
        return closed;
    }
}

async void own_next () throws GLib.Error {
    Aiot.Iterator numbers = new Numbers ();
    assert ((yield take_all (numbers)) == "0 1 2 ");
    assert (numbers.is_closed ());
    try {
        yield numbers.next_async ();
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (e.message != "");
    }
}

async void own_defaults () throws GLib.Error {
    Aiot.Iterator numbers = new Numbers ();
    var seen = "";
    assert (yield numbers.foreach_async ((item) => {
        seen += item.get_int ().to_string ();
        return true;
    }));
    assert (seen == "012" && numbers.is_closed ());

    numbers = new Numbers ();
    var batch = yield numbers.next_many_async (2, 10);
    assert (batch.size == 2 && batch[0].get_int () == 0 && batch[1].get_int () == 1);
    batch = yield numbers.next_many_async (2, 10);
    assert (batch.size == 1 && batch[0].get_int () == 2);
    assert (yield numbers.close_async ());

    Value item;
    try {
        new Numbers ().try_next (out item);
        assert_not_reached ();
    } catch (IOError.WOULD_BLOCK e) {
        assert (item.type () == Type.INVALID);
    }
}

async void own_error () throws GLib.Error {
    var numbers = new Numbers ();
    var n = 0;
    numbers.fails = true;
    try {
        yield numbers.foreach_async ((item) => {
            n++;
            return true;
        });
        assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
        assert (n == 3 && numbers.is_closed ());
    }
}

/* It is asked on the main context that the work comes from. */
async void own_in_a_worker () throws GLib.Error {
    var numbers = new Numbers ();
    Value? sum = yield Aiot.offload_async (null, (call) => {
        var total = 0;
        Value item;
        while (numbers.next_sync (out item))
            total += item.get_int ();
        call.set_result (total);
        return true;
    });
    assert (sum.get_int () == 3);
}

/* --- What is left over ------------------------------------------------------ */

/* Vala makes a value of what is given, and drops that in the worker: a new object may be freed there, what is held is not. */
async void leave_items () throws GLib.Error {
    for (var i = 0; i < 300; i++) {
        var captured = new Item ();
        var iterable = new Aiot.ThreadedIterable ((generator) => {
            while (true) {
                generator.emit (captured);
                generator.emit (generator.get_argument ());
            }
        });
        iterable.capacity = 4;
        var iterator = iterable.iterate (new Item ());
        Value? item = yield iterator.next_async ();
        assert (item.get_object () is Item);
        var batch = yield iterator.next_many_async (2, 4);
        assert (batch[0].get_object () is Item);
        if (i % 2 == 0)
            yield iterator.close_async ();
    }
}

async void take_items () throws GLib.Error {
    for (var i = 0; i < 300; i++) {
        var captured = new Item ();
        var numbers = new Numbers ();
        var iterator = new Aiot.ThreadedIterator ((generator) => {
            for (var j = 0; j < 3; j++)
                generator.emit (captured);
            return true;
        });
        var seen = 0;
        yield iterator.foreach_async ((item) => {
            seen++;
            return captured != null;
        });
        yield numbers.foreach_async ((item) => captured != null);
        assert (seen == 3);
    }
}

void nothing_leaks () {
    Item.watch ();
    finish ((loop) => leave_items.begin ((o, r) => end (loop, () => leave_items.end (r))));
    iterate_until (() => AtomicInt.get (ref Item.n_alive) == 0);
    finish ((loop) => take_items.begin ((o, r) => end (loop, () => take_items.end (r))));
    iterate_until (() => AtomicInt.get (ref Item.n_alive) == 0);
    assert (AtomicInt.get (ref Item.n_finalized_elsewhere) == 0);
}

/* --- Of other iterators ------------------------------------------------------ */

async void mapped () throws GLib.Error {
    var factor = 3;
    var tripled = count_to (5).iterate ().map (null, 2, Aiot.Order.GIVEN, (call) => {
        call.set_result (factor * call.get_argument ().get_int ());
        return true;
    });
    assert ((yield take_all (tripled)) == "0 3 6 9 12 ");
}

async void filtered () throws GLib.Error {
    var odd = count_to (8).iterate ().filter (null, 0, Aiot.Order.GIVEN, (call) => {
        call.set_result (call.get_argument ().get_int () % 2 == 1);
        return true;
    });
    assert ((yield take_all (odd)) == "1 3 5 7 ");
}

async void merged_items () throws GLib.Error {
    var n = 0;
    var merged = Aiot.Iterator.merge ({ count_to (5).iterate (), count_to (0).iterate (), count_to (6).iterate () });
    while ((yield merged.next_async ()) != null)
        n++;
    assert (n == 11);
}

async void map_fails () throws GLib.Error {
    var failing = count_to (5).iterate ().map (null, 1, Aiot.Order.GIVEN, (call) => {
        if (call.get_argument ().get_int () == 2)
            throw new IOError.NOT_FOUND ("no such thing");
        call.set_result (call.get_argument ());
        return true;
    });
    assert ((yield failing.next_async ()).get_int () == 0);
    assert ((yield failing.next_async ()).get_int () == 1);
    try {
        yield failing.next_async ();
        assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
        assert (e.message == "no such thing");
    }
    assert (failing.is_closed ());
}

int main (string[] args) {
    Test.init (ref args);

    Test.add_func ("/vala/iterators/items-in-order", () => {
        finish ((loop) => items_in_order.begin ((o, r) => end (loop, () => items_in_order.end (r))));
    });
    Test.add_func ("/vala/iterators/several-at-once", several_at_once);
    Test.add_func ("/vala/iterators/items-that-look-like-nothing", () => {
        finish ((loop) => items_that_look_like_nothing.begin (
            (o, r) => end (loop, () => items_that_look_like_nothing.end (r))));
    });
    Test.add_func ("/vala/iterators/argument", () => {
        finish ((loop) => argument.begin ((o, r) => end (loop, () => argument.end (r))));
    });
    Test.add_func ("/vala/iterators/runs-in-a-worker", () => {
        finish ((loop) => runs_in_a_worker.begin ((o, r) => end (loop, () => runs_in_a_worker.end (r))));
    });
    Test.add_func ("/vala/iterators/a-second-time-is-an-error", () => {
        finish ((loop) => second_time.begin ((o, r) => end (loop, () => second_time.end (r))));
    });
    Test.add_func ("/vala/iterators/error-once-after-the-items", () => {
        finish ((loop) => error_after_items.begin ((o, r) => end (loop, () => error_after_items.end (r))));
    });
    Test.add_func ("/vala/iterators/error-not-set", () => {
        finish ((loop) => error_not_set.begin ((o, r) => end (loop, () => error_not_set.end (r))));
    });
    Test.add_func ("/vala/iterators/cancelled", () => {
        finish ((loop) => cancelled.begin ((o, r) => end (loop, () => cancelled.end (r))));
    });
    Test.add_func ("/vala/iterators/who-is-cancelled-takes-no-item", () => {
        finish ((loop) => waiting_is_cancelled.begin ((o, r) => end (loop, () => waiting_is_cancelled.end (r))));
    });
    Test.add_func ("/vala/iterators/batches", () => {
        finish ((loop) => batches.begin ((o, r) => end (loop, () => batches.end (r))));
    });
    Test.add_func ("/vala/iterators/what-is-there", () => {
        finish ((loop) => what_is_there.begin ((o, r) => end (loop, () => what_is_there.end (r))));
    });
    Test.add_func ("/vala/iterators/foreach", () => {
        finish ((loop) => foreach_items.begin ((o, r) => end (loop, () => foreach_items.end (r))));
    });
    Test.add_func ("/vala/iterators/foreach-stops-as-break-does", () => {
        finish ((loop) => foreach_stops.begin ((o, r) => end (loop, () => foreach_stops.end (r))));
    });
    Test.add_func ("/vala/iterators/foreach-fails", () => {
        finish ((loop) => foreach_fails.begin ((o, r) => end (loop, () => foreach_fails.end (r))));
    });
    Test.add_func ("/vala/iterators/foreach-is-cancelled", () => {
        finish ((loop) => foreach_cancelled.begin ((o, r) => end (loop, () => foreach_cancelled.end (r))));
    });
    Test.add_func ("/vala/iterators/foreach-here", here);
    Test.add_func ("/vala/iterators/in-a-worker", () => {
        finish ((loop) => in_a_worker.begin ((o, r) => end (loop, () => in_a_worker.end (r))));
    });
    Test.add_func ("/vala/iterators/waiting-at-home-would-deadlock", () => {
        finish ((loop) => at_home_would_deadlock.begin ((o, r) => end (loop, () => at_home_would_deadlock.end (r))));
    });
    Test.add_func ("/vala/iterators/nothing-starts-before-it-is-asked-for", () => {
        finish ((loop) => lazy.begin ((o, r) => end (loop, () => lazy.end (r))));
    });
    Test.add_func ("/vala/iterators/closed-before-it-started-runs-nothing", () => {
        finish ((loop) => closed_before_start.begin ((o, r) => end (loop, () => closed_before_start.end (r))));
    });
    Test.add_func ("/vala/iterators/closed-while-queued-runs-nothing", () => {
        finish ((loop) => closed_while_queued.begin ((o, r) => end (loop, () => closed_while_queued.end (r))));
    });
    Test.add_func ("/vala/iterators/capacity", () => {
        finish ((loop) => capacity.begin ((o, r) => end (loop, () => capacity.end (r))));
    });
    Test.add_func ("/vala/iterators/progress", progress);
    Test.add_func ("/vala/iterators/close-wakes-the-body", () => {
        finish ((loop) => close_wakes_the_body.begin ((o, r) => end (loop, () => close_wakes_the_body.end (r))));
    });
    Test.add_func ("/vala/iterators/dropping-closes", () => {
        finish ((loop) => dropping_closes.begin ((o, r) => end (loop, () => dropping_closes.end (r))));
    });
    Test.add_func ("/vala/iterators/dropping-in-a-thread-closes", () => {
        finish ((loop) => dropping_in_a_thread_closes.begin (
            (o, r) => end (loop, () => dropping_in_a_thread_closes.end (r))));
    });
    Test.add_func ("/vala/iterators/own", () => {
        finish ((loop) => own_next.begin ((o, r) => end (loop, () => own_next.end (r))));
    });
    Test.add_func ("/vala/iterators/own-with-defaults", () => {
        finish ((loop) => own_defaults.begin ((o, r) => end (loop, () => own_defaults.end (r))));
    });
    Test.add_func ("/vala/iterators/own-error", () => {
        finish ((loop) => own_error.begin ((o, r) => end (loop, () => own_error.end (r))));
    });
    Test.add_func ("/vala/iterators/own-in-a-worker", () => {
        finish ((loop) => own_in_a_worker.begin ((o, r) => end (loop, () => own_in_a_worker.end (r))));
    });
    Test.add_func ("/vala/iterators/mapped", () => {
        finish ((loop) => mapped.begin ((o, r) => end (loop, () => mapped.end (r))));
    });
    Test.add_func ("/vala/iterators/filtered", () => {
        finish ((loop) => filtered.begin ((o, r) => end (loop, () => filtered.end (r))));
    });
    Test.add_func ("/vala/iterators/merged", () => {
        finish ((loop) => merged_items.begin ((o, r) => end (loop, () => merged_items.end (r))));
    });
    Test.add_func ("/vala/iterators/map-fails", () => {
        finish ((loop) => map_fails.begin ((o, r) => end (loop, () => map_fails.end (r))));
    });
    Test.add_func ("/vala/iterators/nothing-leaks", nothing_leaks);
    return Test.run ();
}
