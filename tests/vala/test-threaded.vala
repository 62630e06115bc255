/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Calls from Vala, with yield and catch. */

async void offload_result () throws GLib.Error {
    Value? result = yield Aiot.offload_async (null, (call) => {
        call.set_result ("from a worker");
        return true;
    }, null);
    assert (result.get_string () == "from a worker");
}

async void offload_worker () throws GLib.Error {
    unowned Thread<void*> worker = null;
    yield Aiot.offload_async (null, (call) => {
        worker = Thread.self<void*> ();
        return true;
    }, null);
    assert (worker != null && worker != Thread.self<void*> ());
}

/* Vala makes a call of two functions; asked apart, they show when the callback comes. */
void offload_callback () {
    var n_called = 0;
    var loop = new MainLoop ();
    var home = Thread.self<void*> ();
    var cancelled = new Cancellable ();
    cancelled.cancel ();
    Cancellable?[] cancellables = { null, cancelled };
    foreach (var cancellable in cancellables) {
        Aiot.offload_async.begin (null, (call) => true, cancellable, (o, r) => {
            assert (Thread.self<void*> () == home);
            try {
                Aiot.offload_async.end (r);
                assert (cancellable == null);
            } catch (IOError.CANCELLED e) {
                assert (cancellable != null);
            } catch (GLib.Error e) {
                assert_not_reached ();
            }
            if (++n_called == 2)
                loop.quit ();
        });
        assert (n_called == 0);
    }
    run (loop);
}

async void offload_no_value () throws GLib.Error {
    Value? result = yield Aiot.offload_async (null, (call) => true, null);
    assert (result != null);
    assert (Aiot.value_is_no_value (result));
}

async void offload_error () throws GLib.Error {
    try {
        yield Aiot.offload_async (null, (call) => {
            throw new IOError.NOT_FOUND ("no such thing");
        }, null);
        assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
        assert (e.message == "no such thing");
    }
}

async void offload_error_not_set () throws GLib.Error {
    try {
        yield Aiot.offload_async (null, (call) => false, null);
        assert_not_reached ();
    } catch (Aiot.Error.FAILED e) {
        assert (e.message != "");
    }
}

async void offload_cancelled () throws GLib.Error {
    var cancellable = new Cancellable ();
    var ran = false;
    cancellable.cancel ();
    try {
        yield Aiot.offload_async (null, (call) => {
            ran = true;
            return true;
        }, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        assert (!ran);
    }
}

/* The function may succeed in spite of the cancellation, and nothing is lost. */
async void offload_cancelled_while_running () throws GLib.Error {
    var running = new Gate ();
    var leave = new Gate ();
    var cancellable = new Cancellable ();
    var answered = false;
    Idle.add (() => {
        running.wait ();
        cancellable.cancel ();
        Idle.add (() => {
            assert (!answered);
            leave.open ();
            return Source.REMOVE;
        }, Priority.LOW);
        return Source.REMOVE;
    });
    Value? result = yield Aiot.offload_async (null, (call) => {
        running.open ();
        leave.wait ();
        call.set_result (call.is_cancelled () ? "cancelled" : "not cancelled");
        return true;
    }, cancellable);
    answered = true;
    assert (result.get_string () == "cancelled");
}

/* The cancellable of the call reaches what blocks in the function. */
async void offload_cancelled_function_stops () throws GLib.Error {
    var running = new Gate ();
    var cancellable = new Cancellable ();
    Idle.add (() => {
        running.wait ();
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield Aiot.offload_async (null, (call) => {
            var told = new Gate ();
            call.get_cancellable ().connect (() => told.open ());
            running.open ();
            told.wait ();
            return !call.set_error_if_cancelled ();
        }, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        assert (e.message != "");
    }
}

async void threaded_error () throws GLib.Error {
    var threaded = new Aiot.Threaded ((call) => {
        if (call.get_argument () == null)
            return false;
        throw new IOError.NOT_FOUND (call.get_argument ().get_string ());
    });
    try {
        yield threaded.call_async ("no such thing", null);
        assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
        assert (e.message == "no such thing");
    }
    try {
        yield threaded.call_async (null, null);
        assert_not_reached ();
    } catch (Aiot.Error.FAILED e) {
        assert (e.message != "");
    }
}

async void threaded_result () throws GLib.Error {
    var threaded = new Aiot.Threaded ((call) => {
        call.set_result (call.get_argument ().get_int64 () * 2);
        return true;
    });
    threaded.name = "double";
    int64 sum = 0;
    for (int64 i = 1; i <= 100; i++) {
        Value? result = yield threaded.call_async (i, null);
        sum += result.get_int64 ();
    }
    assert (sum == 10100);
}

async void threaded_executor () throws GLib.Error {
    var pool = new Aiot.Executor.pool ("vala", 1);
    var threaded = new Aiot.Threaded ((call) => true);
    threaded.executor = pool;
    assert (pool.n_threads == 0);
    for (var i = 0; i < 3; i++)
        yield threaded.call_async (null, null);
    assert (pool.n_threads == 1);
    /* The worker counts after it has answered, but before it takes the next. */
    assert (pool.n_done >= 2 && pool.n_failed == 0);
}

async void threaded_abandon () throws GLib.Error {
    var leave = new Gate ();
    var running = new Gate ();
    var left = new Gate ();
    var cancellable = new Cancellable ();
    Item.watch ();
    var threaded = new Aiot.Threaded ((call) => {
        running.open ();
        leave.wait ();
        call.set_result (new Item ());
        left.open ();
        return true;
    });
    threaded.on_cancel = Aiot.OnCancel.ABANDON;
    Idle.add (() => {
        running.wait ();
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield threaded.call_async (null, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        leave.open ();
    }
    left.wait ();
}

/* What arrived late is dropped on this thread. */
void abandoned_result () {
    finish ((loop) => threaded_abandon.begin ((o, r) => end (loop, () => threaded_abandon.end (r))));
    iterate_until (() => AtomicInt.get (ref Item.n_alive) == 0);
    assert (AtomicInt.get (ref Item.n_finalized_elsewhere) == 0);
}

async void nothing_leaks_calls () throws GLib.Error {
    for (var i = 0; i < 1000; i++) {
        var captured = new Item ();
        var argument = new Item ();
        var threaded = new Aiot.Threaded ((call) => {
            assert (captured != null);
            call.set_result (call.get_argument ());
            return true;
        });
        Value? echoed = yield threaded.call_async (argument, null);
        assert (echoed.get_object () == argument);
        Value? made = yield Aiot.offload_async (null, (call) => {
            assert (captured != null);
            call.set_result (new Item ());
            return true;
        }, null);
        assert (made.get_object () is Item);
    }
}

void nothing_leaks () {
    Item.watch ();
    finish ((loop) => nothing_leaks_calls.begin ((o, r) => end (loop, () => nothing_leaks_calls.end (r))));
    iterate_until (() => AtomicInt.get (ref Item.n_alive) == 0);
    assert (AtomicInt.get (ref Item.n_finalized_elsewhere) == 0);
}

void threaded_sync () {
    var threaded = new Aiot.Threaded ((call) => {
        call.set_result (call.get_argument ());
        return true;
    });
    try {
        var call = threaded.call_sync ("here", null);
        assert (call.get_result ().get_string () == "here");
    } catch (GLib.Error e) {
        assert_not_reached ();
    }
}

void threaded_sync_thread () {
    var home = Thread.self<void*> ();
    var n_run = 0;
    var threaded = new Aiot.Threaded ((call) => {
        assert (Thread.self<void*> () == home);
        n_run++;
        throw new IOError.NOT_FOUND ("no such thing");
    });
    var cancelled = new Cancellable ();
    cancelled.cancel ();
    Cancellable?[] cancellables = { null, cancelled };
    foreach (var cancellable in cancellables) {
        try {
            threaded.call_sync (null, cancellable);
            assert_not_reached ();
        } catch (IOError.NOT_FOUND e) {
            assert (cancellable == null);
        } catch (IOError.CANCELLED e) {
            assert (cancellable != null);
        } catch (GLib.Error e) {
            assert_not_reached ();
        }
    }
    assert (n_run == 1);
}

int main (string[] args) {
    Test.init (ref args);

    Test.add_func ("/vala/offload/result", () => {
        finish ((loop) => offload_result.begin ((o, r) => end (loop, () => offload_result.end (r))));
    });
    Test.add_func ("/vala/offload/runs-in-a-worker", () => {
        finish ((loop) => offload_worker.begin ((o, r) => end (loop, () => offload_worker.end (r))));
    });
    Test.add_func ("/vala/offload/calls-back-on-the-main-thread-and-never-at-once", offload_callback);
    Test.add_func ("/vala/offload/no-value", () => {
        finish ((loop) => offload_no_value.begin ((o, r) => end (loop, () => offload_no_value.end (r))));
    });
    Test.add_func ("/vala/offload/error", () => {
        finish ((loop) => offload_error.begin ((o, r) => end (loop, () => offload_error.end (r))));
    });
    Test.add_func ("/vala/offload/error-not-set", () => {
        finish ((loop) => offload_error_not_set.begin ((o, r) => end (loop, () => offload_error_not_set.end (r))));
    });
    Test.add_func ("/vala/offload/cancelled-before-start", () => {
        finish ((loop) => offload_cancelled.begin ((o, r) => end (loop, () => offload_cancelled.end (r))));
    });
    Test.add_func ("/vala/offload/cancelled-while-running-waits", () => {
        finish ((loop) => offload_cancelled_while_running.begin (
            (o, r) => end (loop, () => offload_cancelled_while_running.end (r))));
    });
    Test.add_func ("/vala/offload/cancelled-function-stops", () => {
        finish ((loop) => offload_cancelled_function_stops.begin (
            (o, r) => end (loop, () => offload_cancelled_function_stops.end (r))));
    });
    Test.add_func ("/vala/threaded/error", () => {
        finish ((loop) => threaded_error.begin ((o, r) => end (loop, () => threaded_error.end (r))));
    });
    Test.add_func ("/vala/threaded/result", () => {
        finish ((loop) => threaded_result.begin ((o, r) => end (loop, () => threaded_result.end (r))));
    });
    Test.add_func ("/vala/threaded/executor", () => {
        finish ((loop) => threaded_executor.begin ((o, r) => end (loop, () => threaded_executor.end (r))));
    });
    Test.add_func ("/vala/threaded/abandon", abandoned_result);
    Test.add_func ("/vala/threaded/nothing-leaks", nothing_leaks);
    Test.add_func ("/vala/threaded/sync", threaded_sync);
    Test.add_func ("/vala/threaded/sync-errors-on-this-thread", threaded_sync_thread);
    return Test.run ();
}
