// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// JavaScript has no functions that could run in a thread; it calls those of a library.

import AioThreads from 'gi://AioThreads?version=1';
import AiotTest from 'gi://AiotTest?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';

Gio._promisify(AioThreads.Threaded.prototype, 'call_async', 'call_finish');

const tests = [];
const test = (name, run) => tests.push([`/gjs/${name}`, run]);

function assertEqual(actual, expected) {
    if (actual !== expected)
        throw new Error(`${actual} is not ${expected}`);
}

async function rejection(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error('there was no error');
}

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

test('threaded/sync', () => {
    const call = AiotTest.new_add_one().call_sync(1, null);
    assertEqual(call.get_result(), 2);
});

test('threaded/nothing-leaks', async () => {
    const makeItem = AiotTest.new_make_item();
    for (let i = 0; i < 1000; i++)
        // eslint-disable-next-line no-await-in-loop
        assertEqual((await makeItem.call_async(null, null)).constructor, AiotTest.Item);

    // Garbage is collected, and what the collector drops is freed by the main loop.
    const mainContext = GLib.MainContext.default();
    for (let i = 0; i < 100 && AiotTest.Item.get_n_alive() > 0; i++) {
        System.gc();
        while (mainContext.iteration(false))
            ;
        // eslint-disable-next-line no-await-in-loop
        await null;
    }
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized_elsewhere(), 0);
});

async function main() {
    let failed = 0;

    print(`1..${tests.length}`);
    for (const [index, [name, run]] of tests.entries()) {
        try {
            // eslint-disable-next-line no-await-in-loop
            await run();
            print(`ok ${index + 1} - ${name}`);
        } catch (error) {
            failed++;
            print(`not ok ${index + 1} - ${name}`);
            print(`# ${error.message}\n${error.stack ?? ''}`.trimEnd().replaceAll('\n', '\n# '));
        }
    }
    return failed;
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

main().then(failed => {
    status = failed > 0 ? 1 : 0;
}).catch(logError).finally(() => loop.quit());
loop.run();
System.exit(status);
