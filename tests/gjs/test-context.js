// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Context variables: set in JavaScript, seen by functions of a library in their threads.

import AioThreads from 'gi://AioThreads?version=1';
import AiotTest from 'gi://AiotTest?version=1';
import Gio from 'gi://Gio';
import GObject from 'gi://GObject';

import {assertEqual, collectUntil, iterateUntil, runTests, test} from './testing.js';

// What a promise is made of: its callback is what sees the context of the caller.
const callAsync = AioThreads.Threaded.prototype.call_async;

Gio._promisify(AioThreads.Threaded.prototype, 'call_async', 'call_finish');

const newVar = (name, type, defaultValue = null) => AioThreads.ContextVar.new(name, type, defaultValue);

test('context/not-set-is-null', () => {
    for (const type of [String, Number, Boolean, GObject.TYPE_INT64, Gio.Cancellable]) {
        const variable = newVar('empty', type);
        assertEqual(variable.get(), null);
        assertEqual(variable.get_default_value(), null);
        assertEqual(AioThreads.Context.dup_current().get_value(variable), null);
    }
});

test('context/name-type-and-default', () => {
    const variable = newVar('name', String, 'default');
    assertEqual(variable.get_name(), 'name');
    assertEqual(variable.name, 'name');
    assertEqual(variable.get_value_type(), GObject.TYPE_STRING);
    assertEqual(variable.get_default_value(), 'default');
    assertEqual(variable.default_value, 'default');
    assertEqual(variable.get(), 'default');
    assertEqual(new AioThreads.ContextVar({name: 'made', value_type: GObject.TYPE_STRING}).get(), null);
});

test('context/set-get-reset', () => {
    for (const [type, first, second] of [
        [String, '', 'häßlich'],
        [GObject.TYPE_INT, 0, -7],
        [GObject.TYPE_INT64, 2 ** 40, 1],
        [Number, 0.5, -1.5],
        [Boolean, false, true],
        [Gio.Cancellable, new Gio.Cancellable(), new Gio.Cancellable()],
    ]) {
        const variable = newVar('value', type);
        const outer = variable.set(first);
        assertEqual(variable.get(), first);
        const inner = variable.set(second);
        assertEqual(variable.get(), second);
        variable.reset(inner);
        assertEqual(variable.get(), first);
        variable.reset(outer);
        assertEqual(variable.get(), null);
    }
});

test('context/null-hides-the-default', async () => {
    for (const [type, value] of [[String, 'default'], [Gio.Cancellable, new Gio.Cancellable()]]) {
        const variable = newVar('null', type, value);
        const token = variable.set(null);
        assertEqual(variable.get(), null);
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await AiotTest.new_read_var(variable).call_async(null, null), null);
        variable.reset(token);
        assertEqual(variable.get(), value);
    }
});

test('context/does-not-change', () => {
    const variable = newVar('text', String);
    const outer = variable.set('before');
    const context = AioThreads.Context.dup_current();
    const inner = variable.set('after');
    assertEqual(context.get_value(variable), 'before');
    assertEqual(variable.get(), 'after');
    variable.reset(inner);
    variable.reset(outer);
});

test('context/run', () => {
    const variable = newVar('text', String);
    const seen = [];
    const outer = variable.set('before');
    const context = AioThreads.Context.dup_current();
    const inner = variable.set('after');
    context.run(() => {
        seen.push(variable.get());
        // It ends with the function.
        variable.set('inside');
        seen.push(variable.get());
    });
    seen.push(variable.get());
    assertEqual(seen.join(), 'before,inside,after');
    variable.reset(inner);
    variable.reset(outer);
});

test('context/worker-sees-it', async () => {
    const variable = newVar('text', String);
    const read = AiotTest.new_read_var(variable);
    const token = variable.set('when asked');
    const promise = read.call_async(null, null);
    variable.reset(token);
    assertEqual(await promise, 'when asked');
    assertEqual(await read.call_async(null, null), null);
});

test('context/what-a-worker-sets-stays-there', async () => {
    const variable = newVar('text', String);
    const token = variable.set('home');
    const [read, set] = [AiotTest.new_read_var(variable), AiotTest.new_set_var(variable)];
    for (const executor of [AioThreads.Executor.new_pool(null, 1), AioThreads.Executor.new_serial(null)]) {
        read.executor = set.executor = executor;
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await set.call_async('worker', null), 'worker');
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await read.call_async(null, null), 'home');
    }
    assertEqual(variable.get(), 'home');
    variable.reset(token);
});

test('context/callback-sees-that-of-the-caller', () => {
    const variable = newVar('text', String);
    const seen = [];
    const outer = variable.set('asked');
    callAsync.call(AiotTest.new_read_var(variable), null, null, (source, result) => {
        seen.push(source.call_finish(result), variable.get());
        // It ends with the callback.
        variable.set('in the callback');
    });
    const inner = variable.set('after');
    iterateUntil(() => seen.length > 0);
    seen.push(variable.get());
    assertEqual(seen.join(), 'asked,asked,after');
    variable.reset(inner);
    variable.reset(outer);
});

test('context/promises-go-on-elsewhere', async () => {
    const variable = newVar('text', String);
    const token = variable.set('asked');
    const promise = AiotTest.new_nothing().call_async(null, null);
    variable.reset(token);
    await promise;
    // They do not go on in the callback, but after it.
    assertEqual(variable.get(), null);
});

test('context/start-functions-and-posts-see-that-of-the-worker', async () => {
    const variable = newVar('text', String);
    const posted = [];
    const ask = AiotTest.new_ask(AioThreads.TIMEOUT_NONE, task => {
        task.return_value(variable.get());
        return true;
    });
    const token = variable.set('asked');
    const promises = [
        ask.call_async(null, null),
        AiotTest.new_post(() => posted.push(variable.get())).call_async(null, null),
    ];
    variable.reset(token);
    assertEqual((await Promise.all(promises))[0], 'asked');
    assertEqual(posted.join(), 'asked');
});

test('context/values-are-released', async () => {
    const variable = newVar('item', AiotTest.Item);
    const read = AiotTest.new_read_var(variable);
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nFinalized = AiotTest.Item.get_n_finalized();
    for (let i = 0; i < 1000; i++) {
        const item = new AiotTest.Item();
        const tokens = [variable.set(item), variable.set(item)];
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await read.call_async(null, null), item);
        assertEqual(AioThreads.Context.dup_current().get_value(variable), item);
        tokens.reverse().forEach(token => variable.reset(token));
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized(), nFinalized + 1000);
});

runTests();
