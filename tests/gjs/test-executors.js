// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Executors, limiters, progress, and what functions of a library ask of a main loop in JavaScript.

import AioThreads from 'gi://AioThreads?version=1';
import AiotTest from 'gi://AiotTest?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

import {assertEqual, collectUntil, drain, iterateUntil, rejection, runTests, test, tryTo} from './testing.js';

Gio._promisify(AioThreads.Threaded.prototype, 'call_async', 'call_finish');
Gio._promisify(AioThreads.Executor.prototype, 'shutdown_async', 'shutdown_finish');

const {WAIT, CANCEL} = AioThreads.Shutdown;
const NONE = AioThreads.TIMEOUT_NONE;

function assertError(error, domain, code) {
    if (!(error instanceof GLib.Error) || !error.matches(domain, code))
        throw new Error(`${error} is not what was expected`);
}

function on(executor, threaded) {
    threaded.executor = executor;
    return threaded;
}

// --- Kinds ------------------------------------------------------------------

test('executors/kinds', () => {
    const executors = [
        AioThreads.Executor.new_pool('pool', 3),
        AioThreads.Executor.new_serial('serial'),
        AioThreads.Executor.new_separate('separate', false),
    ];
    const {POOL, SERIAL, SEPARATE} = AioThreads.ExecutorKind;
    assertEqual(executors.map(executor => executor.kind).join(), [POOL, SERIAL, SEPARATE].join());
    assertEqual(executors.map(executor => executor.get_kind()).join(), [POOL, SERIAL, SEPARATE].join());
    assertEqual(executors.map(executor => executor.name).join(), 'pool,serial,separate');
    assertEqual(executors.map(executor => executor.detached).join(), 'true,true,false');
    assertEqual(executors.map(executor => executor.size).join(), `3,1,${AioThreads.get_thread_limit()}`);
    assertEqual(typeof AioThreads.Executor.new_serial(null).name, 'string');
    assertEqual(new AioThreads.Executor({kind: SERIAL, name: 'made'}).kind, SERIAL);
});

test('executors/size', () => {
    const pool = AioThreads.Executor.new_pool(null, 1);
    const sizes = [];
    pool.connect('notify::size', () => sizes.push(pool.size));
    pool.size = 2;
    pool.size = 2;
    pool.set_size(3);
    assertEqual(sizes.join(), '2,3');
});

test('executors/error-codes', () => {
    const {FAILED, EXHAUSTED, CLOSED, WOULD_DEADLOCK, CONTEXT_GONE, NO_ORIGIN, FORKED} = AioThreads.Error;
    assertEqual([FAILED, EXHAUSTED, CLOSED, WOULD_DEADLOCK, CONTEXT_GONE, NO_ORIGIN, FORKED].join(), '0,1,2,3,4,5,6');
});

test('executors/default', async () => {
    const pool = AioThreads.Executor.new_pool('mine', 1);
    AioThreads.set_default_executor(pool);
    assertEqual(AioThreads.Executor.dup_default(), pool);
    assertEqual(await AiotTest.new_add_one().call_async(1, null), 2);
    assertEqual(pool.n_threads, 1);
    AioThreads.set_default_executor(null);
    assertEqual(AioThreads.Executor.dup_default() === pool, false);
});

test('executors/serial-is-one-thread', async () => {
    const tell = on(AioThreads.Executor.new_serial(null), AiotTest.new_tell_thread());
    const threads = await Promise.all([...Array(20).keys()].map(() => tell.call_async(null, null)));
    assertEqual(new Set(threads).size, 1);
});

test('executors/separate-threads-each', async () => {
    const separate = AioThreads.Executor.new_separate(null, true);
    const gate = on(separate, AiotTest.new_wait_for_gate());
    AiotTest.close_gate();
    const promises = [1, 2, 3].map(() => gate.call_async(null, null));
    AiotTest.wait_until_gate_is_reached();
    assertEqual(`${separate.n_threads} threads, ${separate.n_queued} wait`, '3 threads, 0 wait');
    AiotTest.open_gate();
    await Promise.all(promises);
});

test('executors/list-running', async () => {
    const pool = AioThreads.Executor.new_pool(null, 1);
    assertEqual(pool.list_running().length, 0);
    AiotTest.close_gate();
    const promise = on(pool, AiotTest.new_wait_for_gate()).call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    const running = pool.list_running();
    assertEqual(running.length, 1);
    assertEqual(/^wait-for-gate \(\d+\.\d s\)$/.test(running[0]), true);
    AiotTest.open_gate();
    await promise;
});

test('executors/statistics', async () => {
    const serial = AioThreads.Executor.new_serial(null);
    await Promise.all([
        on(serial, AiotTest.new_nothing()).call_async(null, null),
        rejection(on(serial, AiotTest.new_fail()).call_async(null, null)),
    ]);
    // All has been counted when its thread has ended.
    assertEqual(await serial.shutdown_async(WAIT, NONE, null), true);
    assertEqual(`${serial.n_done} done, ${serial.n_failed} failed`, '2 done, 1 failed');
    assertEqual(`${serial.n_threads} threads, ${serial.n_running} run, ${serial.n_queued} wait`, '0 threads, 0 run, 0 wait');
    assertEqual(serial.total_time >= 0, true);
});

test('executors/thread-hook', async () => {
    const separate = AioThreads.Executor.new_separate(null, true);
    AiotTest.count_threads(separate);
    await Promise.all([1, 2, 3].map(() => on(separate, AiotTest.new_nothing()).call_async(null, null)));
    await separate.shutdown_async(WAIT, NONE, null);
    assertEqual(AiotTest.get_n_threads_started(), 3);
    assertEqual(AiotTest.get_n_threads_ended(), 3);
    separate.set_thread_hook(null);
});

test('executors/thread-limit', async () => {
    const limit = AioThreads.get_thread_limit();
    const separate = AioThreads.Executor.new_separate(null, true);
    AiotTest.close_gate();
    const first = on(separate, AiotTest.new_wait_for_gate()).call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    AioThreads.set_thread_limit(1);
    const error = await rejection(on(separate, AiotTest.new_nothing()).call_async(null, null));
    AioThreads.set_thread_limit(limit);
    assertError(error, AioThreads.Error, AioThreads.Error.EXHAUSTED);
    AiotTest.open_gate();
    await first;
});

// --- Shutdown ---------------------------------------------------------------

test('shutdown/waits-for-work', async () => {
    const pool = AioThreads.Executor.new_pool(null, 1);
    AiotTest.close_gate();
    const promises = [AiotTest.new_wait_for_gate(), AiotTest.new_nothing()].map(work => on(pool, work).call_async(null, null));
    AiotTest.wait_until_gate_is_reached();
    const ended = pool.shutdown_async(WAIT, NONE, null);
    AiotTest.open_gate();
    assertEqual(await ended, true);
    await Promise.all(promises);
    assertEqual(pool.n_done, 2);
});

test('shutdown/cancels-work', async () => {
    const pool = AioThreads.Executor.new_pool(null, 1);
    AiotTest.close_gate();
    const errors = [1, 2].map(() => rejection(on(pool, AiotTest.new_wait_for_gate()).call_async(null, null)));
    AiotTest.wait_until_gate_is_reached();
    assertEqual(await pool.shutdown_async(CANCEL, NONE, null), true);
    for (const error of await Promise.all(errors))
        assertError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
});

test('shutdown/takes-no-work', async () => {
    const pool = AioThreads.Executor.new_pool(null, 1);
    assertEqual(pool.shutdown_sync(WAIT, NONE, null), true);
    assertError(await rejection(on(pool, AiotTest.new_nothing()).call_async(null, null)),
        AioThreads.Error, AioThreads.Error.CLOSED);
});

test('shutdown/times-out-and-names-what-runs', async () => {
    const pool = AioThreads.Executor.new_pool('slow', 1);
    AiotTest.close_gate();
    const promise = on(pool, AiotTest.new_make_item_at_gate()).call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    for (const error of [
        await rejection(pool.shutdown_async(CANCEL, 1, null)),
        tryTo(() => pool.shutdown_sync(WAIT, 1, null)),
    ]) {
        assertError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        assertEqual(error.message.includes('slow') && error.message.includes('make-item-at-gate'), true);
    }
    const ended = pool.shutdown_async(WAIT, NONE, null);
    AiotTest.open_gate();
    assertEqual(await ended, true);
    await promise;
});

test('shutdown/is-cancelled', async () => {
    const pool = AioThreads.Executor.new_pool(null, 1);
    const cancellable = new Gio.Cancellable();
    AiotTest.close_gate();
    const promise = on(pool, AiotTest.new_wait_for_gate()).call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    const left = rejection(pool.shutdown_async(WAIT, NONE, cancellable));
    cancellable.cancel();
    assertError(await left, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    AiotTest.open_gate();
    await promise;
});

// --- Limiter, progress, posts, blocking -------------------------------------

test('limiter/lets-so-many-through', async () => {
    const limiter = AioThreads.Limiter.new(1);
    const [gate, nothing] = [AiotTest.new_wait_for_gate(), AiotTest.new_nothing()];
    gate.limiter = nothing.limiter = limiter;
    assertEqual(gate.limiter, limiter);
    AiotTest.close_gate();
    const promises = [gate.call_async(null, null)];
    AiotTest.wait_until_gate_is_reached();
    promises.push(...[1, 2].map(() => nothing.call_async(null, null)));
    assertEqual(`${limiter.capacity}, ${limiter.n_inside} inside, ${limiter.n_waiting} wait`, '1, 1 inside, 2 wait');
    AiotTest.open_gate();
    await Promise.all(promises);
    nothing.limiter = null;
    assertEqual(nothing.get_limiter(), null);
});

test('limiter/is-raised', async () => {
    const limiter = new AioThreads.Limiter({capacity: 1});
    const [gate, nothing] = [AiotTest.new_wait_for_gate(), AiotTest.new_nothing()];
    gate.limiter = nothing.limiter = limiter;
    AiotTest.close_gate();
    const first = gate.call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    const second = nothing.call_async(null, null);
    limiter.capacity = 2;
    await second;
    AiotTest.open_gate();
    await first;
});

test('limiter/cancelled-while-waiting', async () => {
    const limiter = AioThreads.Limiter.new(1);
    const cancellable = new Gio.Cancellable();
    const [gate, nothing] = [AiotTest.new_wait_for_gate(), AiotTest.new_nothing()];
    gate.limiter = nothing.limiter = limiter;
    AiotTest.close_gate();
    const first = gate.call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    const second = rejection(nothing.call_async(null, cancellable));
    cancellable.cancel();
    assertError(await second, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    assertEqual(limiter.n_waiting, 0);
    AiotTest.open_gate();
    await first;
});

test('progress/is-seen-at-home', async () => {
    const progress = new AioThreads.Progress();
    let nNotified = 0;
    assertEqual(progress.fraction, 0);
    assertEqual(progress.text, null);
    progress.connect('notify', () => nNotified++);
    await AiotTest.new_report(progress).call_async(null, null);
    iterateUntil(() => progress.fraction === 1);
    assertEqual(progress.text, 'done');
    // Once a frame, not once for each of a hundred.
    assertEqual(nNotified > 0 && nNotified < 100, true);
    progress.report(-1, null);
    iterateUntil(() => progress.fraction === 0);
    assertEqual(progress.get_text(), null);
});

test('post/comes-before-the-answer', async () => {
    const seen = [];
    const post = AiotTest.new_post(() => seen.push('posted'));
    await post.call_async(null, null).then(() => seen.push('answered'));
    assertEqual(seen.join(), 'posted,answered');
});

test('blocking/makes-room', async () => {
    const pool = AioThreads.Executor.new_pool(null, 1);
    AiotTest.close_gate();
    const first = on(pool, AiotTest.new_block_at_gate()).call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    assertEqual(await on(pool, AiotTest.new_add_one()).call_async(1, null), 2);
    AiotTest.open_gate();
    await first;
});

test('blocking/on-the-main-thread-does-nothing', () => {
    AioThreads.blocking_begin();
    AioThreads.blocking_end();
});

test('origin/is-the-main-context', async () => {
    assertEqual(await AiotTest.new_tell_origin().call_async(null, null), true);
    assertEqual(AioThreads.ref_origin_context(), null);
});

// --- Asking the main loop ---------------------------------------------------

// A start function: what Gio does asynchronously, whose result becomes that of the task.
function query(path) {
    return task => {
        Gio.File.new_for_path(path).query_info_async('standard::type', Gio.FileQueryInfoFlags.NONE,
            GLib.PRIORITY_DEFAULT, task.get_cancellable(), (file, result) => {
                try {
                    task.return_value(file.query_info_finish(result));
                } catch (error) {
                    task.return_error(error);
                }
            });
        return true;
    };
}

const ask = (start, timeout = NONE, cancellable = null) => AiotTest.new_ask(timeout, start).call_async(null, cancellable);

test('sync-await/gio', async () => {
    assertEqual((await ask(query('/'))).get_file_type(), Gio.FileType.DIRECTORY);
    assertError(await rejection(ask(query('/nowhere/at/all'))), Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND);
});

test('sync-await/values', async () => {
    for (const value of [0, 42, true, false, 0.5, '', 'text', new Gio.Cancellable()]) {
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await ask(task => {
            task.return_value(value);
            return true;
        }), value);
    }
    assertEqual(await ask(task => {
        task.return_value(null);
        return true;
    }), null);
});

test('sync-await/async-function', async () => {
    // A function that awaits answers later.
    assertEqual(await ask(task => {
        (async () => {
            task.return_value(await AiotTest.new_add_one().call_async(41, null));
        })().catch(logError);
        return true;
    }), 42);
});

test('sync-await/start-throws', async () => {
    const error = await rejection(ask(() => {
        throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'no such thing');
    }));
    assertError(error, Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND);
    assertEqual(error.message, 'no such thing');

    const kept = [];
    const unexpected = await rejection(ask(task => {
        kept.push(task);
        throw new TypeError('unexpected');
    }));
    // GJS carries it through the worker and back.
    assertEqual(`${unexpected.name}: ${unexpected.message}`, 'TypeError: unexpected');
    assertEqual(kept.pop().get_cancellable().is_cancelled(), true);
});

test('sync-await/start-returns-false', async () => {
    const kept = [];
    assertError(await rejection(ask(task => {
        kept.push(task);
        return false;
    })), AioThreads.Error, AioThreads.Error.FAILED);
});

test('sync-await/dropped', async () => {
    const promise = rejection(ask(() => true));
    let answer = null;
    promise.then(error => (answer = error));
    // The wrapper of the task lives until it is collected.
    await collectUntil(() => answer !== null);
    assertError(await promise, AioThreads.Error, AioThreads.Error.FAILED);
});

test('sync-await/times-out', async () => {
    const kept = [];
    assertError(await rejection(ask(task => {
        kept.push(task);
        return true;
    }, 1)), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
});

test('sync-await/is-cancelled', async () => {
    const kept = [];
    const cancellable = new Gio.Cancellable();
    const promise = rejection(ask(task => {
        kept.push(task);
        return true;
    }, NONE, cancellable));
    iterateUntil(() => kept.length > 0);
    cancellable.cancel();
    assertError(await promise, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    iterateUntil(() => kept[0].get_cancellable().is_cancelled());
});

test('sync-await/would-deadlock', () => {
    // The main loop runs already: it runs this.
    for (const mainContext of [null, GLib.MainContext.default()]) {
        const error = tryTo(() => AioThreads.sync_await_task_in(mainContext, () => true, NONE, null));
        assertError(error, AioThreads.Error, AioThreads.Error.WOULD_DEADLOCK);
    }
});

test('sync-await/functions-are-released', async () => {
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nFinalized = AiotTest.Item.get_n_finalized();
    for (let i = 0; i < 1000; i++) {
        const item = new AiotTest.Item();
        // Each item lives as long as its function, or what it gave.
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await ask(task => {
            task.return_value(item);
            return true;
        }), item);
        // eslint-disable-next-line no-await-in-loop
        await AiotTest.new_post(() => item).call_async(null, null);
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized(), nFinalized + 1000);
    drain();
});

runTests();
