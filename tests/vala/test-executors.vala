/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Executors, limiters, progress, asking the main loop, and context variables from Vala. */

/* A body that says that it runs, and goes on when it is let, or cancelled. */
class Body : Object {
    public Gate running = new Gate ();
    public Gate leave = new Gate ();

    public bool run (Aiot.Call call) throws GLib.Error {
        var cancellable = call.get_cancellable ();
        var id = cancellable.connect (() => leave.open ());
        running.open ();
        leave.wait ();
        cancellable.disconnect (id);
        return !call.set_error_if_cancelled ();
    }

    public async void offload (Aiot.Executor executor) throws GLib.Error {
        yield Aiot.offload_async (executor, (call) => run (call));
    }
}

void kinds () {
    var pool = new Aiot.Executor.pool ("pool", 3);
    var serial = new Aiot.Executor.serial (null);
    var separate = new Aiot.Executor.separate ("separate");
    assert (pool.kind == Aiot.ExecutorKind.POOL && pool.size == 3 && pool.name == "pool");
    assert (serial.kind == Aiot.ExecutorKind.SERIAL && serial.size == 1 && serial.name != "");
    assert (separate.kind == Aiot.ExecutorKind.SEPARATE && separate.detached);
    assert (separate.size == Aiot.get_thread_limit ());
    assert (!new Aiot.Executor.separate (null, false).detached);
    var made = (Aiot.Executor) Object.new (typeof (Aiot.Executor), "kind", Aiot.ExecutorKind.SERIAL, "name", "made");
    assert (made.get_kind () == Aiot.ExecutorKind.SERIAL && made.get_name () == "made");
    pool.size = 4;
    assert (pool.get_size () == 4);
}

async void serial_order () throws GLib.Error {
    var serial = new Aiot.Executor.serial ("serial");
    unowned Thread<void*> worker = null;
    var seen = "";
    var body = new Body ();
    var n_answered = 0;
    SourceFunc go_on = serial_order.callback;
    body.offload.begin (serial, (o, r) => n_answered++);
    for (var i = 0; i < 10; i++) {
        var number = i;
        Aiot.offload_async.begin (serial, (call) => {
            assert (worker == null || worker == Thread.self<void*> ());
            worker = Thread.self<void*> ();
            seen += number.to_string ();
            return true;
        }, null, (o, r) => {
            if (++n_answered == 11)
                go_on ();
        });
    }
    body.leave.open ();
    yield;
    assert (seen == "0123456789" && worker != Thread.self<void*> ());
}

void list_running () {
    var pool = new Aiot.Executor.pool (null, 1);
    var body = new Body ();
    var threaded = new Aiot.Threaded ((call) => body.run (call));
    var answered = false;
    assert (pool.list_running ().length == 0);
    threaded.name = "named";
    threaded.executor = pool;
    threaded.call_async.begin (null, null, (o, r) => answered = true);
    body.running.wait ();
    var running = pool.list_running ();
    assert (running.length == 1 && running[0].has_prefix ("named ("));
    assert (pool.n_running == 1 && pool.n_threads == 1 && pool.n_queued == 0);
    body.leave.open ();
    iterate_until (() => answered);
}

/* The limit of threads concerns the whole process. */
void thread_limit () {
    var limit = Aiot.get_thread_limit ();
    var separate = new Aiot.Executor.separate (null);
    var body = new Body ();
    var n_answered = 0;
    body.offload.begin (separate, (o, r) => n_answered++);
    body.running.wait ();
    Aiot.set_thread_limit (1);
    Aiot.offload_async.begin (separate, (call) => true, null, (o, r) => {
        try {
            Aiot.offload_async.end (r);
            assert_not_reached ();
        } catch (Aiot.Error.EXHAUSTED e) {
            n_answered++;
        } catch (GLib.Error e) {
            assert_not_reached ();
        }
    });
    iterate_until (() => n_answered == 1);
    Aiot.set_thread_limit (limit);
    body.leave.open ();
    iterate_until (() => n_answered == 2);
}

async void thread_hook () throws GLib.Error {
    var serial = new Aiot.Executor.serial (null);
    var seen = "";
    Item.watch ();
    var captured = new Item ();
    serial.set_thread_hook ((phase) => {
        assert (captured != null);
        seen += phase == Aiot.ThreadPhase.STARTS ? "starts " : "ends";
    });
    yield Aiot.offload_async (serial, (call) => {
        seen += "works ";
        return true;
    });
    yield serial.shutdown_async ();
    assert (seen == "starts works ends");
}

void thread_hook_is_released () {
    finish ((loop) => thread_hook.begin ((o, r) => end (loop, () => thread_hook.end (r))));
    iterate_until (() => AtomicInt.get (ref Item.n_alive) == 0);
    assert (AtomicInt.get (ref Item.n_finalized_elsewhere) == 0);
}

async void shutdown_waits () throws GLib.Error {
    var pool = new Aiot.Executor.pool (null, 1);
    var body = new Body ();
    var answered = false;
    body.offload.begin (pool, (o, r) => answered = true);
    body.running.wait ();
    body.leave.open ();
    assert (yield pool.shutdown_async ());
    assert (answered && pool.n_done == 1 && pool.n_threads == 0);
    try {
        yield Aiot.offload_async (pool, (call) => true);
        assert_not_reached ();
    } catch (Aiot.Error.CLOSED e) {
        assert (e.message != "");
    }
}

async void shutdown_cancels () throws GLib.Error {
    var pool = new Aiot.Executor.pool (null, 1);
    var body = new Body ();
    var n_cancelled = 0;
    SourceFunc go_on = shutdown_cancels.callback;
    for (var i = 0; i < 2; i++) {
        body.offload.begin (pool, (o, r) => {
            try {
                body.offload.end (r);
                assert_not_reached ();
            } catch (IOError.CANCELLED e) {
                if (++n_cancelled == 2)
                    go_on ();
            } catch (GLib.Error e) {
                assert_not_reached ();
            }
        });
    }
    body.running.wait ();
    pool.shutdown_async.begin (Aiot.Shutdown.CANCEL);
    yield;
    assert (pool.shutdown_sync ());
}

async void shutdown_times_out () throws GLib.Error {
    var pool = new Aiot.Executor.pool ("slow", 1);
    var body = new Body ();
    body.offload.begin (pool);
    body.running.wait ();
    try {
        yield pool.shutdown_async (Aiot.Shutdown.WAIT, 1);
        assert_not_reached ();
    } catch (IOError.TIMED_OUT e) {
        assert ("slow" in e.message);
    }
    try {
        pool.shutdown_sync (Aiot.Shutdown.WAIT, 1);
        assert_not_reached ();
    } catch (IOError.TIMED_OUT e) {
        assert ("slow" in e.message);
    }
    body.leave.open ();
    assert (yield pool.shutdown_async ());
}

async void limiter () throws GLib.Error {
    var limiter = new Aiot.Limiter (1);
    var body = new Body ();
    var first = new Aiot.Threaded ((call) => body.run (call));
    var second = new Aiot.Threaded ((call) => {
        assert (limiter.n_inside == 1);
        return true;
    });
    first.limiter = second.limiter = limiter;
    first.call_async.begin ();
    body.running.wait ();
    second.call_async.begin (null, null, (o, r) => limiter_answered = true);
    assert (limiter.n_inside == 1 && limiter.n_waiting == 1 && limiter.capacity == 1);
    body.leave.open ();
    yield second.call_async ();
    assert (limiter_answered);
    second.limiter = null;
    assert (second.limiter == null);
}

bool limiter_answered;

void progress () {
    var progress = new Aiot.Progress ();
    var bar = new Bar ();
    assert (progress.text == null && progress.fraction == 0);
    progress.bind_property ("fraction", bar, "fraction");
    progress.bind_property ("text", bar, "text");
    Aiot.offload_async.begin (null, (call) => {
        for (var i = 0; i <= 100; i++)
            progress.report (i / 100.0, i < 100 ? "working" : "done");
        return true;
    });
    iterate_until (() => bar.text == "done");
    assert (bar.fraction == 1);
    progress.report (0);
    iterate_until (() => progress.text == null);
}

class Bar : Object {
    public double fraction { get; set; }
    public string? text { get; set; }
}

async void post () throws GLib.Error {
    var home = Thread.self<void*> ();
    var seen = "";
    yield Aiot.offload_async (null, (call) => {
        for (var i = 0; i < 3; i++) {
            var number = i;
            call.post (() => {
                assert (Thread.self<void*> () == home);
                seen += number.to_string ();
            });
        }
        return true;
    });
    assert (seen == "012");
}

async void blocking () throws GLib.Error {
    var pool = new Aiot.Executor.pool (null, 1);
    var gate = new Gate ();
    Aiot.offload_async.begin (pool, (call) => {
        gate.open ();
        return true;
    });
    yield Aiot.offload_async (pool, (call) => {
        var other = new Gate ();
        Aiot.offload_async.begin (pool, (call) => {
            other.open ();
            return true;
        });
        Aiot.blocking_begin ();
        other.wait ();
        Aiot.blocking_end ();
        return true;
    });
    gate.wait ();
}

async void offload_sync () throws GLib.Error {
    var serial = new Aiot.Executor.serial (null);
    Value? result = yield Aiot.offload_async (null, (call) => {
        var inner = Aiot.offload_sync (serial, (call) => {
            call.set_result ("from the other");
            return true;
        });
        call.set_result (inner.get_result ());
        try {
            Aiot.offload_sync (serial, (call) => {
                throw new IOError.NOT_FOUND ("no such thing");
            });
            assert_not_reached ();
        } catch (IOError.NOT_FOUND e) {
            assert (e.message == "no such thing");
        }
        return true;
    });
    assert (result.get_string () == "from the other");
}

/* --- Asking the main loop --- */

/* Asynchronous methods of GIO one after another: what a worker can't call by itself. */
async int64 count_bytes (string path, Cancellable? cancellable) throws GLib.Error {
    var file = File.new_for_path (path);
    var info = yield file.query_info_async (FileAttribute.STANDARD_TYPE, FileQueryInfoFlags.NONE, Priority.DEFAULT, cancellable);
    assert (info.get_file_type () == FileType.REGULAR);
    var stream = yield file.read_async (Priority.DEFAULT, cancellable);
    int64 n_bytes = 0;
    while (true) {
        var bytes = yield stream.read_bytes_async (1000, Priority.DEFAULT, cancellable);
        if (bytes.length == 0)
            break;
        n_bytes += bytes.length;
    }
    yield stream.close_async (Priority.DEFAULT, cancellable);
    return n_bytes;
}

int64 count_bytes_from_worker (string path) throws GLib.Error {
    var home = MainContext.default ();
    var answer = Aiot.sync_await_task ((task) => {
        assert (home.is_owner ());
        count_bytes.begin (path, task.get_cancellable (), (o, r) => {
            try {
                task.return_value (count_bytes.end (r));
            } catch (GLib.Error e) {
                task.return_error (e.copy ());
            }
        });
        return true;
    });
    return answer.get_result ().get_int64 ();
}

async void sync_await () throws GLib.Error {
    string path;
    var fd = FileUtils.open_tmp ("aiot-XXXXXX", out path);
    FileUtils.close (fd);
    FileUtils.set_contents (path, string.nfill (2500, 'x'));
    Value? result = yield Aiot.offload_async (null, (call) => {
        call.set_result (count_bytes_from_worker (path));
        return true;
    });
    FileUtils.unlink (path);
    assert (result.get_int64 () == 2500);
    try {
        yield Aiot.offload_async (null, (call) => {
            count_bytes_from_worker (path);
            return true;
        });
        assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
        assert (e.message != "");
    }
}

/* A start function may fail by itself, be late, or never complete its task. */
async void sync_await_errors () throws GLib.Error {
    yield Aiot.offload_async (null, (call) => {
        try {
            Aiot.sync_await_task ((task) => {
                throw new IOError.NOT_FOUND ("no such thing");
            });
            assert_not_reached ();
        } catch (IOError.NOT_FOUND e) {
            assert (e.message == "no such thing");
        }
        try {
            Aiot.sync_await_task ((task) => true);
            assert_not_reached ();
        } catch (Aiot.Error.FAILED e) {
        }
        Task? kept = null;
        try {
            Aiot.sync_await_task ((task) => {
                kept = task;
                return true;
            }, 1);
            assert_not_reached ();
        } catch (IOError.TIMED_OUT e) {
        }
        /* The task holds its start function, which holds the variable. */
        kept = null;
        var cancelled = new Cancellable ();
        cancelled.cancel ();
        try {
            Aiot.sync_await_task ((task) => true, Aiot.TIMEOUT_NONE, cancelled);
            assert_not_reached ();
        } catch (IOError.CANCELLED e) {
        }
        return true;
    });
    try {
        Aiot.sync_await_task ((task) => true);
        assert_not_reached ();
    } catch (Aiot.Error.WOULD_DEADLOCK e) {
    }
}

/* A thread that is nobody's worker names the main context. */
void sync_await_in () {
    int answer = 0;
    var thread = new Thread<void*> ("asking", () => {
        assert (Aiot.ref_origin_context () == null);
        try {
            Aiot.sync_await_task ((task) => true);
            assert_not_reached ();
        } catch (Aiot.Error.NO_ORIGIN e) {
        } catch (GLib.Error e) {
            assert_not_reached ();
        }
        try {
            var call = Aiot.sync_await_task_in (MainContext.default (), (task) => {
                task.return_value (42);
                return true;
            });
            AtomicInt.set (ref answer, call.get_result ().get_int ());
        } catch (GLib.Error e) {
            assert_not_reached ();
        }
        MainContext.default ().wakeup ();
        return null;
    });
    iterate_until (() => AtomicInt.get (ref answer) == 42);
    thread.join ();
}

/* --- Context variables --- */

async void context_variables () throws GLib.Error {
    var request = new Aiot.ContextVar ("request", typeof (string));
    assert (request.get () == null && request.default_value == null && request.name == "request");
    assert (request.value_type == typeof (string));
    var token = request.set ("asked");
    var context = Aiot.Context.dup_current ();
    var seen = "";
    SourceFunc go_on = context_variables.callback;
    Aiot.offload_async.begin (null, (call) => {
        seen = request.get ().get_string ();
        request.set ("in the worker");
        call.post (() => seen += ", " + request.get ().get_string ());
        var answer = Aiot.sync_await_task ((task) => {
            task.return_value (request.get ());
            return true;
        });
        assert (answer.get_result ().get_string () == "in the worker");
        return true;
    }, null, (o, r) => {
        seen += ", " + request.get ().get_string ();
        go_on ();
    });
    request.reset (token);
    assert (request.get () == null);
    yield;
    assert (seen == "asked, in the worker, asked");
    assert (context.get_value (request).get_string () == "asked");
    context.run (() => {
        assert (request.get ().get_string () == "asked");
        request.set (null);
        assert (request.get ().get_string () == null);
    });
}

void context_default () {
    var number = new Aiot.ContextVar ("number", typeof (int), 7);
    assert (number.get ().get_int () == 7 && number.get_default_value ().get_int () == 7);
    assert (number.default_value.get_int () == 7);
    var token = number.set (8);
    assert (number.get ().get_int () == 8);
    number.reset (token);
    assert (number.get ().get_int () == 7);
}

async void nothing_leaks_calls () throws GLib.Error {
    var variable = new Aiot.ContextVar ("item", typeof (Item));
    var pool = new Aiot.Executor.pool (null, 1);
    for (var i = 0; i < 1000; i++) {
        var captured = new Item ();
        var answered = false;
        SourceFunc go_on = nothing_leaks_calls.callback;
        var token = variable.set (captured);
        Aiot.offload_async.begin (pool, (call) => {
            assert (variable.get ().get_object () == captured);
            call.post (() => assert (captured != null));
            var answer = Aiot.sync_await_task ((task) => {
                task.return_value (captured);
                return true;
            });
            assert (answer.get_result ().get_object () == captured);
            Aiot.offload_sync (pool, (call) => captured != null);
            return true;
        }, null, (o, r) => {
            try {
                Aiot.offload_async.end (r);
            } catch (GLib.Error e) {
                assert_not_reached ();
            }
            answered = true;
            go_on ();
        });
        /* Not after yield: what comes then is the callback, which has its own context. */
        variable.reset (token);
        yield;
        assert (answered);
    }
}

void nothing_leaks () {
    Item.watch ();
    finish ((loop) => nothing_leaks_calls.begin ((o, r) => end (loop, () => nothing_leaks_calls.end (r))));
    iterate_until (() => AtomicInt.get (ref Item.n_alive) == 0);
}

int main (string[] args) {
    Test.init (ref args);

    Test.add_func ("/vala/executors/kinds", kinds);
    Test.add_func ("/vala/executors/serial-order", () => {
        finish ((loop) => serial_order.begin ((o, r) => end (loop, () => serial_order.end (r))));
    });
    Test.add_func ("/vala/executors/list-running", list_running);
    Test.add_func ("/vala/executors/thread-limit", thread_limit);
    Test.add_func ("/vala/executors/thread-hook", thread_hook_is_released);
    Test.add_func ("/vala/shutdown/waits", () => {
        finish ((loop) => shutdown_waits.begin ((o, r) => end (loop, () => shutdown_waits.end (r))));
    });
    Test.add_func ("/vala/shutdown/cancels", () => {
        finish ((loop) => shutdown_cancels.begin ((o, r) => end (loop, () => shutdown_cancels.end (r))));
    });
    Test.add_func ("/vala/shutdown/times-out", () => {
        finish ((loop) => shutdown_times_out.begin ((o, r) => end (loop, () => shutdown_times_out.end (r))));
    });
    Test.add_func ("/vala/limiter", () => {
        finish ((loop) => limiter.begin ((o, r) => end (loop, () => limiter.end (r))));
    });
    Test.add_func ("/vala/progress", progress);
    Test.add_func ("/vala/post", () => {
        finish ((loop) => post.begin ((o, r) => end (loop, () => post.end (r))));
    });
    Test.add_func ("/vala/blocking", () => {
        finish ((loop) => blocking.begin ((o, r) => end (loop, () => blocking.end (r))));
    });
    Test.add_func ("/vala/offload-sync", () => {
        finish ((loop) => offload_sync.begin ((o, r) => end (loop, () => offload_sync.end (r))));
    });
    Test.add_func ("/vala/sync-await/gio", () => {
        finish ((loop) => sync_await.begin ((o, r) => end (loop, () => sync_await.end (r))));
    });
    Test.add_func ("/vala/sync-await/errors", () => {
        finish ((loop) => sync_await_errors.begin ((o, r) => end (loop, () => sync_await_errors.end (r))));
    });
    Test.add_func ("/vala/sync-await/in", sync_await_in);
    Test.add_func ("/vala/context/variables", () => {
        finish ((loop) => context_variables.begin ((o, r) => end (loop, () => context_variables.end (r))));
    });
    Test.add_func ("/vala/context/default", context_default);
    Test.add_func ("/vala/executors/nothing-leaks", nothing_leaks);
    return Test.run ();
}
