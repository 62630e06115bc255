/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Channels from Vala, between workers and main contexts. */

/* Sends numbers from a worker, and closes the channel if it is told so. */
async void send_numbers (Aiot.Channel channel, int n, bool closes = false) throws GLib.Error {
    yield Aiot.offload_async (null, (call) => {
        for (var i = 0; i < n; i++)
            assert (channel.send (i) == Aiot.Sent.ITEM);
        if (closes)
            channel.close ();
        return true;
    });
}

string text_of (Aiot.Batch batch) {
    var text = "";
    foreach (unowned Value? item in batch)
        text += "%d ".printf (item.get_int ());
    return text;
}

/* --- Sending ---------------------------------------------------------------- */

async void from_worker () throws GLib.Error {
    var channel = new Aiot.Channel (16);
    send_numbers.begin (channel, 1000, true);
    for (var i = 0; i < 1000; i++) {
        Value? item = yield channel.receive_async ();
        assert (item.get_int () == i);
    }
    try {
        yield channel.receive_async ();
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (channel.closed && channel.peak_length <= 16);
    }
    assert (channel.n_accepted == 1000 && channel.n_received == 1000);
}

async void from_several_threads () throws GLib.Error {
    var channel = new Aiot.Channel (8);
    var n_ended = 0;
    var sum = 0;
    for (var i = 0; i < 4; i++) {
        send_numbers.begin (channel, 250, false, (o, r) => {
            if (++n_ended == 4)
                channel.close ();
        });
    }
    assert (yield channel.iterate ().foreach_async ((item) => {
        sum += item.get_int ();
        return true;
    }));
    assert (n_ended == 4 && sum == 4 * (249 * 250 / 2));
}

async void to_worker () throws GLib.Error {
    var channel = new Aiot.Channel (2);
    var total = 0;
    var ended = false;
    SourceFunc go_on = to_worker.callback;
    Aiot.offload_async.begin (null, (call) => {
        Value item;
        try {
            while (channel.receive_sync (out item))
                total += item.get_int ();
        } catch (Aiot.Error.CLOSED e) {
            call.set_result (total);
        }
        return true;
    }, null, (o, r) => {
        ended = true;
        go_on ();
    });
    for (var i = 0; i < 100; i++)
        assert ((yield channel.send_async (i)) == Aiot.Sent.ITEM);
    channel.close ();
    while (!ended)
        yield;
    assert (total == 99 * 100 / 2);
}

async void items_that_look_like_nothing () throws GLib.Error {
    var channel = new Aiot.Channel (1);
    foreach (var type in new Type[] { typeof (string), typeof (Object), typeof (Bytes) }) {
        assert (channel.try_send (Value (type)) == Aiot.Sent.ITEM);
        Value? item = yield channel.receive_async ();
        assert (item != null && item.type () == type && item.peek_pointer () == null);
    }
    channel.try_send ("");
    Value? item = yield channel.receive_async ();
    assert (item.get_string () == "");
}

void try_send () {
    var channel = new Aiot.Channel (2);
    try {
        assert (channel.try_send (1) == Aiot.Sent.ITEM);
        assert (channel.send (2) == Aiot.Sent.ITEM);
    } catch (GLib.Error e) {
        assert_not_reached ();
    }
    try {
        channel.try_send (3);
        assert_not_reached ();
    } catch (GLib.Error e) {
        assert (e is IOError.WOULD_BLOCK);
    }
    try {
        channel.send (3);
        assert_not_reached ();
    } catch (GLib.Error e) {
        assert (e is Aiot.Error.WOULD_DEADLOCK);
    }
    channel.close ();
    try {
        channel.try_send (3);
        assert_not_reached ();
    } catch (GLib.Error e) {
        assert (e is Aiot.Error.CLOSED);
    }
    assert (channel.length == 2);
}

void send_async () {
    var channel = new Aiot.Channel (1);
    var sent = "";
    for (var i = 0; i < 3; i++) {
        var number = i;
        channel.send_async.begin (number, null, (o, r) => {
            try {
                assert (channel.send_async.end (r) == Aiot.Sent.ITEM);
                sent += number.to_string ();
            } catch (Aiot.Error.CLOSED e) {
                sent += "x";
            } catch (GLib.Error e) {
                assert_not_reached ();
            }
        });
    }
    assert (sent == "");
    iterate_until (() => sent == "0");
    try {
        Value item;
        assert (channel.try_receive (out item) && item.get_int () == 0);
        iterate_until (() => sent == "01");
        channel.close ();
        iterate_until (() => sent == "01x");
        assert (channel.try_receive (out item) && item.get_int () == 1);
    } catch (GLib.Error e) {
        assert_not_reached ();
    }
}

async void send_is_cancelled () throws GLib.Error {
    var channel = new Aiot.Channel (1);
    var cancellable = new Cancellable ();
    yield channel.send_async (1);
    Idle.add (() => {
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield channel.send_async (2, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        assert (channel.length == 1);
    }
}

async void close_wakes_a_sender () throws GLib.Error {
    var channel = new Aiot.Channel (1);
    var filled = new Gate ();
    Idle.add (() => {
        filled.wait ();
        channel.close ();
        return Source.REMOVE;
    });
    try {
        yield Aiot.offload_async (null, (call) => {
            channel.send (1);
            filled.open ();
            channel.send (2);
            return true;
        });
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (channel.length == 1);
    }
}

async void when_full () throws GLib.Error {
    Aiot.WhenFull[] policies = { DROP_OLDEST, DROP_NEWEST, KEEP_LATEST };
    string[] left = { "2 3 ", "0 1 ", "3 " };
    for (var i = 0; i < policies.length; i++) {
        var channel = new Aiot.Channel.full (2, policies[i]);
        Aiot.Sent sent = NOTHING;
        for (var number = 0; number < 4; number++)
            sent = channel.try_send (number);
        assert (sent == (policies[i] == DROP_NEWEST ? Aiot.Sent.TO_BE_DROPPED : Aiot.Sent.AND_DROPPED));
        assert (text_of (yield channel.receive_many_async (1, 10)) == left[i]);
        assert (channel.n_dropped + channel.n_received == 4);
    }
}

/* --- Receiving -------------------------------------------------------------- */

async void after_the_end () throws GLib.Error {
    var channel = new Aiot.Channel (Aiot.CAPACITY_UNBOUNDED);
    for (var i = 0; i < 3; i++)
        channel.send (i);
    channel.close ();
    channel.close ();
    assert (channel.is_closed ());
    Value? item = yield channel.receive_async ();
    assert (item.get_int () == 0);
    assert (text_of (yield channel.receive_many_async (1, 10)) == "1 2 ");
    try {
        yield channel.receive_async ();
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (e.message != "");
    }
}

void first_come_first_served () {
    var channel = new Aiot.Channel ();
    var received = "";
    for (var i = 0; i < 4; i++) {
        var number = i;
        channel.receive_async.begin (Aiot.TIMEOUT_NONE, null, (o, r) => {
            try {
                Value? item = channel.receive_async.end (r);
                received += "%d:%s ".printf (number, item.get_string ());
            } catch (GLib.Error e) {
                received += "%d:- ".printf (number);
            }
        });
    }
    try {
        foreach (var item in new string[] { "a", "b", "c" })
            channel.try_send (item);
    } catch (GLib.Error e) {
        assert_not_reached ();
    }
    channel.close ();
    iterate_until (() => received.length == 16);
    assert (received == "0:a 1:b 2:c 3:- ");
}

async void timeout () throws GLib.Error {
    var impatient = new Aiot.Channel.full (1, Aiot.WhenFull.WAIT, 1);
    try {
        yield impatient.receive_async ();
        assert_not_reached ();
    } catch (IOError.TIMED_OUT e) {
        assert (impatient.timeout == 1);
    }
    var patient = new Aiot.Channel (1);
    try {
        yield patient.receive_many_async (1, 1, 1);
        assert_not_reached ();
    } catch (IOError.TIMED_OUT e) {
        patient.try_send (1);
    }
    assert (text_of (yield patient.receive_many_async (1, 1, 1)) == "1 ");
    yield Aiot.offload_async (null, (call) => {
        try {
            patient.receive_many_sync (1, 1, 1);
            assert_not_reached ();
        } catch (IOError.TIMED_OUT e) {
            return true;
        }
    });
    Idle.add (() => {
        try {
            impatient.try_send (2);
        } catch (GLib.Error e) {
            assert_not_reached ();
        }
        return Source.REMOVE;
    });
    Value? item = yield impatient.receive_async (Aiot.TIMEOUT_NONE);
    assert (item.get_int () == 2);
}

async void receive_is_cancelled () throws GLib.Error {
    var channel = new Aiot.Channel (1);
    var cancellable = new Cancellable ();
    Idle.add (() => {
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield channel.receive_async (Aiot.TIMEOUT_NONE, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        channel.try_send (1);
    }
    Value? item = yield channel.receive_async ();
    assert (item.get_int () == 1);
}

async void receive_many () throws GLib.Error {
    var channel = new Aiot.Channel (10);
    try {
        channel.try_receive_many (3);
        assert_not_reached ();
    } catch (IOError.WOULD_BLOCK e) {
        assert (channel.length == 0);
    }
    for (var i = 0; i < 7; i++)
        channel.try_send (i);
    assert (text_of (yield channel.receive_many_async (2, 3)) == "0 1 2 ");
    assert (text_of (channel.try_receive_many (3)) == "3 4 5 ");
    assert (text_of (yield channel.receive_many_async (5, 10, 1)) == "6 ");
    Value item;
    try {
        channel.try_receive (out item);
        assert_not_reached ();
    } catch (IOError.WOULD_BLOCK e) {
        assert (item.type () == Type.INVALID);
    }
}

void at_home_would_deadlock () {
    var channel = new Aiot.Channel (1);
    Value item;
    try {
        channel.receive_sync (out item);
        assert_not_reached ();
    } catch (GLib.Error e) {
        assert (e is Aiot.Error.WOULD_DEADLOCK);
    }
}

/* --- Iterating -------------------------------------------------------------- */

async void leaving_leaves_the_items () throws GLib.Error {
    var channel = new Aiot.Channel (10);
    var sum = 0;
    for (var i = 0; i < 5; i++)
        channel.try_send (i);
    var iterator = channel.iterate ();
    yield iterator.foreach_async ((item) => {
        sum += item.get_int ();
        return item.get_int () < 2;
    });
    assert (sum == 3 && iterator.is_closed () && !channel.closed && channel.length == 2);
    try {
        yield iterator.next_async ();
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (e.message != "");
    }
    Value? item = yield channel.iterate ().next_async ();
    assert (item.get_int () == 3);
}

/* --- Where it is at home ---------------------------------------------------- */

/* It may be made where no main loop runs, for one that does. */
void made_in_a_thread () {
    Aiot.Channel? channel = null;
    new Thread<bool> (null, () => {
        channel = new Aiot.Channel.full (1, Aiot.WhenFull.WAIT, Aiot.TIMEOUT_NONE, MainContext.default ());
        return true;
    }).join ();
    var received = 0;
    var n_notified = 0;
    channel.notify["closed"].connect (() => n_notified++);
    channel.receive_async.begin (Aiot.TIMEOUT_NONE, null, (o, r) => {
        try {
            Value? item = channel.receive_async.end (r);
            received = item.get_int ();
        } catch (GLib.Error e) {
            assert_not_reached ();
        }
    });
    new Thread<bool> (null, () => {
        try {
            channel.send (42);
        } catch (GLib.Error e) {
            assert_not_reached ();
        }
        channel.close ();
        return true;
    }).join ();
    assert (received == 0 && n_notified == 0);
    iterate_until (() => received == 42 && n_notified == 1);
}

void several_main_contexts () {
    var channel = new Aiot.Channel (4);
    var ready = new Gate ();
    var n_received = 0;
    var n_sent = 0;
    var threads = new Thread<bool>[] {};
    for (var i = 0; i < 3; i++) {
        threads += new Thread<bool> (null, () => {
            var context = new MainContext ();
            var ended = false;
            context.push_thread_default ();
            channel.iterate ().foreach_async.begin ((item) => {
                AtomicInt.inc (ref n_received);
                return true;
            }, null, (o, r) => ended = true);
            ready.open ();
            while (!ended)
                context.iteration (true);
            context.pop_thread_default ();
            return true;
        });
        ready.wait ();
    }
    for (var i = 0; i < 300; i++)
        channel.send_async.begin (i, null, (o, r) => n_sent++);
    iterate_until (() => n_sent == 300);
    channel.close ();
    foreach (var thread in threads)
        thread.join ();
    assert (AtomicInt.get (ref n_received) == 300);
}

/* --- What is left over ------------------------------------------------------ */

async void use_channels () throws GLib.Error {
    for (var i = 0; i < 300; i++) {
        var channel = new Aiot.Channel (4);
        var item = new Item ();
        for (var j = 0; j < 3; j++)
            channel.try_send (item);
        yield channel.send_async (new Item ());
        channel.send_async.begin (new Item ());
        Value? received = yield channel.receive_async ();
        assert (received.get_object () == item);
        var batch = channel.try_receive_many (1);
        assert (batch[0].get_object () == item);
        yield channel.iterate ().foreach_async ((value) => item == null);
    }
}

void nothing_leaks () {
    Item.watch ();
    finish ((loop) => use_channels.begin ((o, r) => end (loop, () => use_channels.end (r))));
    iterate_until (() => AtomicInt.get (ref Item.n_alive) == 0);
    assert (AtomicInt.get (ref Item.n_finalized_elsewhere) == 0);
}

int main (string[] args) {
    Test.init (ref args);

    Test.add_func ("/vala/channels/from-a-worker", () => {
        finish ((loop) => from_worker.begin ((o, r) => end (loop, () => from_worker.end (r))));
    });
    Test.add_func ("/vala/channels/from-several-threads", () => {
        finish ((loop) => from_several_threads.begin ((o, r) => end (loop, () => from_several_threads.end (r))));
    });
    Test.add_func ("/vala/channels/to-a-worker", () => {
        finish ((loop) => to_worker.begin ((o, r) => end (loop, () => to_worker.end (r))));
    });
    Test.add_func ("/vala/channels/items-that-look-like-nothing", () => {
        finish ((loop) => items_that_look_like_nothing.begin (
            (o, r) => end (loop, () => items_that_look_like_nothing.end (r))));
    });
    Test.add_func ("/vala/channels/try-send-never-waits", try_send);
    Test.add_func ("/vala/channels/send-async-waits-for-room", send_async);
    Test.add_func ("/vala/channels/send-async-is-cancelled", () => {
        finish ((loop) => send_is_cancelled.begin ((o, r) => end (loop, () => send_is_cancelled.end (r))));
    });
    Test.add_func ("/vala/channels/close-wakes-a-sender", () => {
        finish ((loop) => close_wakes_a_sender.begin ((o, r) => end (loop, () => close_wakes_a_sender.end (r))));
    });
    Test.add_func ("/vala/channels/when-full", () => {
        finish ((loop) => when_full.begin ((o, r) => end (loop, () => when_full.end (r))));
    });
    Test.add_func ("/vala/channels/what-is-there-is-received-after-the-end", () => {
        finish ((loop) => after_the_end.begin ((o, r) => end (loop, () => after_the_end.end (r))));
    });
    Test.add_func ("/vala/channels/first-come-first-served", first_come_first_served);
    Test.add_func ("/vala/channels/timeout", () => {
        finish ((loop) => timeout.begin ((o, r) => end (loop, () => timeout.end (r))));
    });
    Test.add_func ("/vala/channels/who-is-cancelled-takes-no-item", () => {
        finish ((loop) => receive_is_cancelled.begin ((o, r) => end (loop, () => receive_is_cancelled.end (r))));
    });
    Test.add_func ("/vala/channels/several-at-once", () => {
        finish ((loop) => receive_many.begin ((o, r) => end (loop, () => receive_many.end (r))));
    });
    Test.add_func ("/vala/channels/receiving-at-home-would-deadlock", at_home_would_deadlock);
    Test.add_func ("/vala/channels/leaving-leaves-the-items", () => {
        finish ((loop) => leaving_leaves_the_items.begin ((o, r) => end (loop, () => leaving_leaves_the_items.end (r))));
    });
    Test.add_func ("/vala/channels/made-in-a-thread", made_in_a_thread);
    Test.add_func ("/vala/channels/several-main-contexts", several_main_contexts);
    Test.add_func ("/vala/channels/nothing-leaks", nothing_leaks);
    return Test.run ();
}
