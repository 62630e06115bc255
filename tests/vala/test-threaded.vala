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
    var pool = new Aiot.Executor.pool ("vala", 2);
    var threaded = new Aiot.Threaded ((call) => true);
    threaded.executor = pool;
    assert (pool.n_threads == 0);
    yield threaded.call_async (null, null);
    assert (pool.n_threads == 1);
}

async void threaded_abandon () throws GLib.Error {
    var gate = new AsyncQueue<string> ();
    var running = new AsyncQueue<string> ();
    var cancellable = new Cancellable ();
    var threaded = new Aiot.Threaded ((call) => {
        running.push ("running");
        gate.pop ();
        return true;
    });
    threaded.on_cancel = Aiot.OnCancel.ABANDON;
    Idle.add (() => {
        running.pop ();
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield threaded.call_async (null, cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED e) {
        gate.push ("leave");
    }
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

/* Runs an async test to its end on a main loop. */
delegate void Begin (MainLoop loop);
delegate void End () throws GLib.Error;

void finish (Begin begin) {
    var loop = new MainLoop ();
    begin (loop);
    loop.run ();
}

void end (MainLoop loop, End func) {
    try {
        func ();
    } catch (GLib.Error e) {
        error ("%s", e.message);
    }
    loop.quit ();
}

int main (string[] args) {
    Test.init (ref args);

    Test.add_func ("/vala/offload/result", () => {
        finish ((loop) => offload_result.begin ((o, r) => end (loop, () => offload_result.end (r))));
    });
    Test.add_func ("/vala/offload/runs-in-a-worker", () => {
        finish ((loop) => offload_worker.begin ((o, r) => end (loop, () => offload_worker.end (r))));
    });
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
    Test.add_func ("/vala/threaded/result", () => {
        finish ((loop) => threaded_result.begin ((o, r) => end (loop, () => threaded_result.end (r))));
    });
    Test.add_func ("/vala/threaded/executor", () => {
        finish ((loop) => threaded_executor.begin ((o, r) => end (loop, () => threaded_executor.end (r))));
    });
    Test.add_func ("/vala/threaded/abandon", () => {
        finish ((loop) => threaded_abandon.begin ((o, r) => end (loop, () => threaded_abandon.end (r))));
    });
    Test.add_func ("/vala/threaded/sync", threaded_sync);
    return Test.run ();
}
