// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// JavaScript has no functions that could run in a thread; it calls those of a library.

import AioThreads from 'gi://AioThreads?version=1';
import AiotTest from 'gi://AiotTest?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

import {assertEqual, collectUntil, drain, iterateUntil, rejection, runTests, test, tryTo} from './testing.js';

// Promises hide when a callback is called and how often finish is asked: this is the function that they are made of.
const callAsync = AioThreads.Threaded.prototype.call_async;

Gio._promisify(AioThreads.Threaded.prototype, 'call_async', 'call_finish');

test('threaded/result', async () => {
    const addOne = AiotTest.new_add_one();
    assertEqual(await addOne.call_async(41, null), 42);
    assertEqual(await addOne.call_async(-1, null), 0);
});

test('threaded/again-and-again', async () => {
    const addOne = AiotTest.new_add_one();
    const results = await Promise.all([...Array(100).keys()].map(number => addOne.call_async(number, null)));
    assertEqual(results.join(), [...Array(100).keys()].map(number => number + 1).join());
});

test('threaded/values', async () => {
    const echo = AiotTest.new_echo();
    for (const value of [0, false, true, '', 'text', 0.5, 2 ** 31, -5])
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await echo.call_async(value, null), value);

    const object = new Gio.Cancellable();
    assertEqual(await echo.call_async(object, null), object);
});

test('threaded/runs-in-a-worker', async () => {
    const isHome = AiotTest.new_is_home();
    assertEqual(await isHome.call_async(null, null), false);
    assertEqual(isHome.call_sync(null, null).get_result(), true);
});

test('threaded/never-called-back-at-once', () => {
    const cancelled = new Gio.Cancellable();
    cancelled.cancel();
    const calls = [
        [AiotTest.new_add_one(), 1, null],
        [AiotTest.new_fail(), null, null],
        [AiotTest.new_add_one(), 1, cancelled],
    ];
    let isAsking = false;
    let nAnswered = 0, nAtOnce = 0;

    function ask(then) {
        isAsking = true;
        for (const [threaded, argument, cancellable] of calls) {
            callAsync.call(threaded, argument, cancellable, (source, result) => {
                nAtOnce += isAsking;
                tryTo(() => source.call_finish(result));
                nAnswered++;
                then();
            });
        }
        isAsking = false;
    }

    // Each of the three asks once more from its callback.
    ask(() => ask(() => {}));
    iterateUntil(() => nAnswered === 12);
    assertEqual(nAtOnce, 0);
});

test('threaded/result-asked-twice', () => {
    const answers = [];

    for (const threaded of [AiotTest.new_add_one(), AiotTest.new_fail()]) {
        callAsync.call(threaded, 1, null, (source, result) => {
            answers.push([1, 2].map(() => tryTo(() => source.call_finish(result))));
        });
        const n = answers.length;
        iterateUntil(() => answers.length > n);
    }
    const [results, errors] = answers;
    assertEqual(results.join(), '2,2');
    assertEqual(errors.map(error => error.message).join(), 'no such thing,no such thing');
});

test('threaded/no-value-is-null', async () => {
    assertEqual(await AiotTest.new_nothing().call_async(null, null), null);
    assertEqual(await AiotTest.new_null_string().call_async(null, null), null);
});

test('threaded/error', async () => {
    const error = await rejection(AiotTest.new_fail().call_async(null, null));
    assertEqual(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND), true);
    assertEqual(error.message, 'no such thing');

    const wrong = await rejection(AiotTest.new_add_one().call_async('text', null));
    assertEqual(wrong.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT), true);
});

test('threaded/error-not-set', async () => {
    const error = await rejection(AiotTest.new_fail_silently().call_async(null, null));
    assertEqual(error.matches(AioThreads.Error, AioThreads.Error.FAILED), true);
});

test('threaded/cancelled-before', async () => {
    const cancellable = new Gio.Cancellable();
    cancellable.cancel();
    AiotTest.close_gate();
    const error = await rejection(AiotTest.new_wait_for_gate().call_async(null, cancellable));
    assertEqual(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), true);
    assertEqual(AiotTest.get_gate_is_reached(), false);
});

test('threaded/cancelled-while-running', async () => {
    const waiter = AiotTest.new_wait_for_gate();
    for (const onCancel of [AioThreads.OnCancel.WAIT, AioThreads.OnCancel.ABANDON]) {
        const cancellable = new Gio.Cancellable();
        waiter.on_cancel = onCancel;
        AiotTest.close_gate();
        const promise = waiter.call_async(null, cancellable);
        AiotTest.wait_until_gate_is_reached();
        cancellable.cancel();
        // eslint-disable-next-line no-await-in-loop
        const error = await rejection(promise);
        assertEqual(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), true);
    }
});

test('threaded/cancelled-waits', async () => {
    const maker = AiotTest.new_make_item_at_gate();
    const cancellable = new Gio.Cancellable();
    let answered = false;
    AiotTest.close_gate();
    const promise = maker.call_async(null, cancellable).finally(() => (answered = true));
    AiotTest.wait_until_gate_is_reached();
    cancellable.cancel();
    drain();
    // Promises go on after the function that asks, and after what the main loop had to do.
    await null;
    drain();
    await null;
    assertEqual(answered, false);
    AiotTest.open_gate();
    // It succeeded in spite of the cancellation, and that is not lost.
    assertEqual((await promise).constructor, AiotTest.Item);
});

test('threaded/abandoned', async () => {
    const [maker, nothing] = [AiotTest.new_make_item_at_gate(), AiotTest.new_nothing()];
    const cancellable = new Gio.Cancellable();
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nFinalized = AiotTest.Item.get_n_finalized();
    maker.executor = nothing.executor = AioThreads.Executor.new_pool('one-thread', 1);
    maker.on_cancel = AioThreads.OnCancel.ABANDON;
    AiotTest.close_gate();
    const promise = maker.call_async(null, cancellable);
    AiotTest.wait_until_gate_is_reached();
    cancellable.cancel();
    const error = await rejection(promise);
    assertEqual(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), true);
    AiotTest.open_gate();
    // Its only thread takes the next call when it is done with the abandoned one.
    await nothing.call_async(null, null);
    await collectUntil(() => AiotTest.Item.get_n_finalized() > nFinalized);
    assertEqual(AiotTest.Item.get_n_finalized(), nFinalized + 1);
    assertEqual(AiotTest.Item.get_n_finalized_elsewhere(), 0);
});

test('threaded/main-loop-goes-on', async () => {
    const waiter = AiotTest.new_wait_for_gate();
    AiotTest.close_gate();
    const promise = waiter.call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    // The main loop is free: the gate is opened from there.
    GLib.idle_add(GLib.PRIORITY_LOW, () => {
        AiotTest.open_gate();
        return GLib.SOURCE_REMOVE;
    });
    assertEqual(await promise, null);
});

test('threaded/executor', async () => {
    const pool = AioThreads.Executor.new_pool('js-pool', 1);
    const addOne = AiotTest.new_add_one();
    addOne.executor = pool;
    assertEqual(pool.n_threads, 0);
    assertEqual(await addOne.call_async(1, null), 2);
    assertEqual(pool.n_threads, 1);
    assertEqual(pool.size, 1);
});

test('threaded/statistics', async () => {
    const pool = AioThreads.Executor.new_pool('js-pool', 1);
    const [waiter, fail] = [AiotTest.new_wait_for_gate(), AiotTest.new_fail()];
    waiter.executor = fail.executor = pool;
    AiotTest.close_gate();
    const first = waiter.call_async(null, null);
    AiotTest.wait_until_gate_is_reached();
    const others = [1, 2].map(() => rejection(fail.call_async(null, null)));
    assertEqual(`${pool.n_running} runs, ${pool.n_queued} wait`, '1 runs, 2 wait');
    AiotTest.open_gate();
    await first;
    await Promise.all(others);
    // The worker counts after it has answered, but before it takes the next.
    assertEqual(pool.n_queued, 0);
    assertEqual(pool.n_done >= 2, true);
    assertEqual(pool.n_failed >= 1, true);
    assertEqual(pool.total_time > 0, true);
});

test('threaded/sync', () => {
    const call = AiotTest.new_add_one().call_sync(1, null);
    assertEqual(call.get_result(), 2);
});

test('threaded/sync-error', () => {
    const cancelled = new Gio.Cancellable();
    cancelled.cancel();
    AiotTest.close_gate();
    for (const [threaded, cancellable, domain, code] of [
        [AiotTest.new_fail(), null, Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND],
        [AiotTest.new_fail_silently(), null, AioThreads.Error, AioThreads.Error.FAILED],
        [AiotTest.new_wait_for_gate(), cancelled, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED],
    ]) {
        const error = tryTo(() => threaded.call_sync(null, cancellable));
        assertEqual(error.matches(domain, code), true);
    }
    assertEqual(AiotTest.get_gate_is_reached(), false);
});

test('threaded/nothing-leaks', async () => {
    const makeItem = AiotTest.new_make_item();
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nFinalized = AiotTest.Item.get_n_finalized();
    for (let i = 0; i < 1000; i++)
        // eslint-disable-next-line no-await-in-loop
        assertEqual((await makeItem.call_async(null, null)).constructor, AiotTest.Item);

    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized(), nFinalized + 1000);
    assertEqual(AiotTest.Item.get_n_finalized_elsewhere(), 0);
});

test('threaded/arguments-are-released', async () => {
    const echo = AiotTest.new_echo();
    for (let i = 0; i < 1000; i++) {
        const item = new AiotTest.Item();
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await echo.call_async(item, null), item);
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized_elsewhere(), 0);
});

test('threaded/callbacks-are-released', async () => {
    const [addOne, fail] = [AiotTest.new_add_one(), AiotTest.new_fail()];
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nFinalized = AiotTest.Item.get_n_finalized();

    for (let i = 0; i < 1000; i++) {
        const item = new AiotTest.Item();
        let answeredBy = null;
        // Each item lives as long as its callback.
        callAsync.call(i % 2 ? fail : addOne, i, null, (source, result) => {
            answeredBy = item;
            tryTo(() => source.call_finish(result));
        });
        iterateUntil(() => answeredBy);
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized(), nFinalized + 1000);
});

runTests();
