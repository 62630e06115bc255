// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Iterators over what functions of a library give, with promises and for await.

import AioThreads from 'gi://AioThreads?version=1';
import AiotTest from 'gi://AiotTest?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

import {assertEqual, collectUntil, iterateUntil, rejection, runTests, test, tryTo} from './testing.js';

// Promises hide when a callback is called: this is the function that they are made of.
const nextAsync = AioThreads.Iterator.prototype.next_async;

// Those of the interface serve all iterators; those of a class would not serve the readers of a channel.
for (const name of ['next', 'next_many', 'foreach', 'close'])
    Gio._promisify(AioThreads.Iterator.prototype, `${name}_async`, `${name}_finish`);
Gio._promisify(AioThreads.Threaded.prototype, 'call_async', 'call_finish');

const {CLOSED, FAILED, WOULD_DEADLOCK} = AioThreads.Error;
const {CANCELLED, NOT_FOUND, WOULD_BLOCK} = Gio.IOErrorEnum;

function assertError(error, domain, code) {
    if (!(error instanceof GLib.Error) || !error.matches(domain, code))
        throw new Error(`${error} is not what was expected`);
}

const itemsOf = batch => Array.from({length: batch.get_length()}, (_, i) => batch.get_item(i));

// What a program would write.
async function *itemsFrom(iterator) {
    try {
        let batch;
        // eslint-disable-next-line no-await-in-loop
        while ((batch = await iterator.next_many_async(1, 256, null)) !== null)
            yield* itemsOf(batch);
    } finally {
        iterator.close();
    }
}

async function takeAll(iterator) {
    const items = [];
    for await (const item of itemsFrom(iterator))
        items.push(item);
    return items;
}

// --- Items ------------------------------------------------------------------

test('iterators/items-in-order', async () => {
    const iterator = AiotTest.new_count().iterate(100, null);
    for (let i = 0; i < 100; i++)
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await iterator.next_async(null), i);
    assertEqual(iterator.is_closed(), false);
    assertEqual(await iterator.next_async(null), null);
    assertEqual(iterator.is_closed(), true);
});

test('iterators/several-at-once', async () => {
    const iterator = AiotTest.new_count().iterate(3, null);
    const items = await Promise.all([...Array(5).keys()].map(() => iterator.next_async(null)));
    assertEqual(JSON.stringify(items), '[0,1,2,null,null]');
});

test('iterators/never-called-back-at-once', () => {
    const iterator = AiotTest.new_count().iterate(1, null);
    let nAnswered = 0, isAsking = true, nAtOnce = 0;
    for (let i = 0; i < 3; i++) {
        nextAsync.call(iterator, null, (source, result) => {
            nAtOnce += isAsking;
            tryTo(() => source.next_finish(result));
            nAnswered++;
        });
    }
    isAsking = false;
    iterateUntil(() => nAnswered === 3);
    assertEqual(nAtOnce, 0);
});

test('iterators/items-that-look-like-nothing', async () => {
    const items = await takeAll(AiotTest.new_look_like_nothing().iterate(null, null));
    assertEqual(JSON.stringify(items), '[false,0,0,"",null,null,null,null]');
});

// Alone, what next_async () gives tells no item that is null from the end.
test('iterators/null-is-an-item-as-long-as-the-iterator-is-open', async () => {
    const iterator = AiotTest.new_look_like_nothing().iterate(null, null);
    const items = [];
    for (;;) {
        // eslint-disable-next-line no-await-in-loop
        const item = await iterator.next_async(null);
        if (item === null && iterator.is_closed())
            break;
        items.push(item);
    }
    assertEqual(JSON.stringify(items), '[false,0,0,"",null,null,null,null]');
});

test('iterators/argument', async () => {
    const giveArgument = AiotTest.new_give_argument();
    for (const argument of [0, false, '', 'text', 0.5, 2 ** 31, new Gio.Cancellable()]) {
        // eslint-disable-next-line no-await-in-loop
        const items = await takeAll(giveArgument.iterate(argument, null));
        assertEqual(items.length, 1);
        assertEqual(items[0], argument);
    }
});

// --- The end ----------------------------------------------------------------

test('iterators/a-second-time-is-an-error', async () => {
    const iterator = AiotTest.new_count().iterate(3, null);
    assertEqual((await takeAll(iterator)).join(), '0,1,2');
    assertError(await rejection(iterator.next_async(null)), AioThreads.Error, CLOSED);
    assertError(await rejection(takeAll(iterator)), AioThreads.Error, CLOSED);
    assertError(tryTo(() => iterator.try_next_many(1)), AioThreads.Error, CLOSED);
});

test('iterators/an-iterable-again-and-again', async () => {
    const count = AiotTest.new_count();
    const all = await Promise.all([3, 1, 0, 2].map(number => takeAll(count.iterate(number, null))));
    assertEqual(JSON.stringify(all), '[[0,1,2],[0],[],[0,1]]');
});

test('iterators/error-once-after-the-items', async () => {
    const iterator = AiotTest.new_count_and_fail().iterate(2, null);
    assertEqual(await iterator.next_async(null), 0);
    assertEqual(await iterator.next_async(null), 1);
    const error = await rejection(iterator.next_async(null));
    assertError(error, Gio.IOErrorEnum, NOT_FOUND);
    assertEqual(error.message, 'no such thing');
    assertEqual(iterator.is_closed(), true);
    assertError(await rejection(iterator.next_async(null)), AioThreads.Error, CLOSED);
});

test('iterators/error-in-for-await', async () => {
    const items = [];
    const error = await rejection((async () => {
        for await (const item of itemsFrom(AiotTest.new_count_and_fail().iterate(3, null)))
            items.push(item);
    })());
    assertError(error, Gio.IOErrorEnum, NOT_FOUND);
    assertEqual(items.join(), '0,1,2');
});

test('iterators/error-not-set', async () => {
    const error = await rejection(takeAll(AiotTest.new_count_and_fail_silently().iterate(1, null)));
    assertError(error, AioThreads.Error, FAILED);
});

test('iterators/cancelled', async () => {
    const cancellable = new Gio.Cancellable();
    const iterator = AiotTest.new_count_for_ever().iterate(null, cancellable);
    assertEqual(await iterator.next_async(null), 0);
    cancellable.cancel();
    // What it has given until then comes first.
    assertError(await rejection(takeAll(iterator)), Gio.IOErrorEnum, CANCELLED);
});

test('iterators/who-is-cancelled-takes-no-item', async () => {
    const cancellable = new Gio.Cancellable();
    const iterator = new AioThreads.Channel({capacity: 1}).iterate();
    const promise = iterator.next_async(cancellable);
    cancellable.cancel();
    assertError(await rejection(promise), Gio.IOErrorEnum, CANCELLED);
    assertEqual(iterator.is_closed(), false);
});

// --- Batches ----------------------------------------------------------------

test('iterators/batches', async () => {
    const iterator = AiotTest.new_count().iterate(25, null);
    for (const [first, length] of [[0, 10], [10, 10], [20, 5]]) {
        // eslint-disable-next-line no-await-in-loop
        const items = itemsOf(await iterator.next_many_async(10, 10, null));
        assertEqual(items.join(), Array.from({length}, (_, i) => first + i).join());
    }
    assertEqual(await iterator.next_many_async(1, 10, null), null);
});

test('iterators/what-is-there', async () => {
    const iterator = AiotTest.new_count().iterate(3, null);
    assertEqual(await iterator.next_async(null), 0);
    assertEqual(itemsOf(await iterator.next_many_async(2, 2, null)).join(), '1,2');
    const channel = new AioThreads.Channel({capacity: 4});
    const reader = channel.iterate();
    assertError(tryTo(() => reader.try_next_many(3)), Gio.IOErrorEnum, WOULD_BLOCK);
    channel.try_send('a');
    channel.try_send('b');
    channel.close();
    assertEqual(itemsOf(reader.try_next_many(3)).join(), 'a,b');
    assertEqual(reader.try_next_many(3), null);
});

test('iterators/waiting-at-home-would-deadlock', () => {
    const iterator = new AioThreads.Channel({capacity: 1}).iterate();
    assertError(tryTo(() => iterator.next_many_sync(1, 1, null)), AioThreads.Error, WOULD_DEADLOCK);
});

// --- A function for each ----------------------------------------------------

test('iterators/foreach', async () => {
    const items = [];
    const iterator = AiotTest.new_count().iterate(1000, null);
    assertEqual(await iterator.foreach_async(item => items.push(item) > 0, null), true);
    assertEqual(items.join(), [...Array(1000).keys()].join());
});

test('iterators/foreach-null', async () => {
    const items = [];
    await AiotTest.new_look_like_nothing().iterate(null, null).foreach_async(item => items.push(item) > 0, null);
    assertEqual(JSON.stringify(items), '[false,0,0,"",null,null,null,null]');
});

test('iterators/foreach-stops-as-break-does', async () => {
    const nCleanedUp = AiotTest.get_n_bodies_cleaned_up();
    const iterator = AiotTest.new_count_for_ever().iterate(null, null);
    let last = -1;
    assertEqual(await iterator.foreach_async(item => (last = item) < 2, null), true);
    assertEqual(last, 2);
    assertEqual(iterator.is_closed(), true);
    await iterator.close_async(null);
    assertEqual(AiotTest.get_n_bodies_cleaned_up(), nCleanedUp + 1);
});

test('iterators/foreach-fails', async () => {
    const items = [];
    const promise = AiotTest.new_count_and_fail().iterate(2, null).foreach_async(item => items.push(item) > 0, null);
    assertError(await rejection(promise), Gio.IOErrorEnum, NOT_FOUND);
    assertEqual(items.join(), '0,1');
});

test('iterators/foreach-here', () => {
    const items = [];
    assertEqual(AiotTest.new_count().iterate_sync(5, item => items.push(item) < 3, null), true);
    assertEqual(items.join(), '0,1,2');
    const error = tryTo(() => AiotTest.new_count_and_fail().iterate_sync(5, () => true, null));
    assertError(error, Gio.IOErrorEnum, NOT_FOUND);
});

// --- Starting, and how far ahead --------------------------------------------

test('iterators/nothing-starts-before-it-is-asked-for', async () => {
    const [nStarted, nCleanedUp] = [AiotTest.get_n_bodies_started(), AiotTest.get_n_bodies_cleaned_up()];
    const count = AiotTest.new_count_for_ever();
    count.executor = AioThreads.Executor.new_pool(null, 1);
    const iterator = count.iterate(null, null);
    assertEqual(count.executor.n_threads, 0);
    assertEqual(await iterator.next_async(null), 0);
    assertEqual(AiotTest.get_n_bodies_started(), nStarted + 1);
    assertEqual(await iterator.close_async(null), true);
    assertEqual(AiotTest.get_n_bodies_cleaned_up(), nCleanedUp + 1);
});

test('iterators/closed-before-it-started-runs-nothing', async () => {
    const nStarted = AiotTest.get_n_bodies_started();
    const count = AiotTest.new_count_for_ever();
    count.executor = AioThreads.Executor.new_pool(null, 1);
    const iterator = count.iterate(null, null);
    // A generator that is left before its first item does not run at all, so its finally does not either.
    await itemsFrom(iterator).return();
    assertEqual(iterator.is_closed(), false);
    assertEqual(await iterator.close_async(null), true);
    assertError(await rejection(iterator.next_async(null)), AioThreads.Error, CLOSED);
    assertEqual(AiotTest.get_n_bodies_started(), nStarted);
    assertEqual(count.executor.n_threads, 0);
});

test('iterators/capacity', async () => {
    for (const capacity of [1, 2, 16]) {
        const count = AiotTest.new_count();
        count.capacity = capacity;
        const iterator = count.iterate(300, null);
        assertEqual(iterator.capacity, capacity);
        for (let i = 0; i < 300; i++)
            // eslint-disable-next-line no-await-in-loop
            assertEqual(await iterator.next_async(null), i);
        assertEqual(iterator.get_peak_length() >= 1 && iterator.get_peak_length() <= capacity, true);
    }
    assertEqual(AiotTest.new_count().iterate(null, null).capacity, AioThreads.get_default_capacity());
    const unbounded = AiotTest.new_count();
    unbounded.capacity = AioThreads.CAPACITY_UNBOUNDED;
    assertEqual(unbounded.iterate(null, null).capacity, 0);
});

test('iterators/progress', async () => {
    const iterator = AiotTest.new_count().iterate(3, null);
    assertEqual(iterator.progress.fraction, 0);
    await takeAll(iterator);
    iterateUntil(() => iterator.progress.fraction === 1 && iterator.progress.text === 'counted');
});

// --- Leaving early ----------------------------------------------------------

test('iterators/break-closes', async () => {
    const nCleanedUp = AiotTest.get_n_bodies_cleaned_up();
    const count = AiotTest.new_count_for_ever();
    for (const capacity of [1, 64]) {
        count.capacity = capacity;
        const iterator = count.iterate(null, null);
        // eslint-disable-next-line no-await-in-loop
        for await (const item of itemsFrom(iterator)) {
            if (item === 3)
                break;
        }
        assertEqual(iterator.is_closed(), true);
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await iterator.close_async(null), true);
    }
    assertEqual(AiotTest.get_n_bodies_cleaned_up(), nCleanedUp + 2);
});

test('iterators/return-and-throw-close', async () => {
    const iterators = [1, 2].map(() => AiotTest.new_count_for_ever().iterate(null, null));
    const generators = iterators.map(iterator => itemsFrom(iterator));
    assertEqual((await Promise.all(generators.map(generator => generator.next()))).map(({value}) => value).join(), '0,0');
    await generators[0].return();
    await rejection(generators[1].throw(new Error('out of it')));
    assertEqual(iterators.map(iterator => iterator.is_closed()).join(), 'true,true');
    assertEqual((await Promise.all(iterators.map(iterator => iterator.close_async(null)))).join(), 'true,true');
});

test('iterators/merged', async () => {
    const sources = [3, 0, 2].map(number => AiotTest.new_count().iterate(number, null));
    const items = await takeAll(AioThreads.Iterator.merge(sources));
    assertEqual(items.sort().join(), '0,0,1,1,2');
    assertEqual(sources.map(source => source.is_closed()).join(), 'true,true,true');
});

test('iterators/close-again', async () => {
    const iterator = AiotTest.new_count_for_ever().iterate(null, null);
    assertEqual(await iterator.next_async(null), 0);
    iterator.close();
    iterator.close();
    assertEqual(iterator.is_closed(), true);
    assertEqual((await Promise.all([1, 2].map(() => iterator.close_async(null)))).join(), 'true,true');
    assertError(await rejection(iterator.next_async(null)), AioThreads.Error, CLOSED);
});

test('iterators/who-waits-is-told-that-it-was-closed', async () => {
    const iterator = new AioThreads.Channel({capacity: 1}).iterate();
    const errors = [rejection(iterator.next_async(null)), rejection(iterator.next_many_async(1, 2, null))];
    iterator.close();
    for (const error of await Promise.all(errors))
        assertError(error, AioThreads.Error, CLOSED);
});

test('iterators/garbage-closes', async () => {
    const nCleanedUp = AiotTest.get_n_bodies_cleaned_up();
    const isCleanedUp = () => AiotTest.get_n_bodies_cleaned_up() === nCleanedUp + 10;
    const count = AiotTest.new_count_for_ever();
    await (async () => {
        for (let i = 0; i < 10; i++)
            // eslint-disable-next-line no-await-in-loop
            assertEqual(await count.iterate(null, null).next_async(null), 0);
    })();
    await collectUntil(isCleanedUp);
    // The collector has dropped them; what is left takes a worker as long as it takes.
    iterateUntil(isCleanedUp);
});

// --- What is left over ------------------------------------------------------

test('iterators/nothing-leaks', async () => {
    const makeItems = AiotTest.new_make_items();
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nFinalized = AiotTest.Item.get_n_finalized();
    const nElsewhere = AiotTest.Item.get_n_finalized_elsewhere();
    for (let i = 0; i < 1000; i++) {
        let n = 0;
        // eslint-disable-next-line no-await-in-loop
        for await (const item of itemsFrom(makeItems.iterate(3, null)))
            n += item instanceof AiotTest.Item;
        assertEqual(n, 3);
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized(), nFinalized + 3000);
    assertEqual(AiotTest.Item.get_n_finalized_elsewhere(), nElsewhere);
});

test('iterators/nothing-leaks-one-by-one', async () => {
    const iterator = AiotTest.new_make_items().iterate(1000, null);
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    for (let i = 0; i < 1000; i++)
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await iterator.next_async(null) instanceof AiotTest.Item, true);
    assertEqual(await iterator.next_async(null), null);
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
});

test('iterators/nothing-leaks-when-left-early', async () => {
    const makeItems = AiotTest.new_make_items();
    makeItems.capacity = 8;
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nElsewhere = AiotTest.Item.get_n_finalized_elsewhere();
    for (let i = 0; i < 300; i++) {
        const iterator = makeItems.iterate(1000, null);
        // eslint-disable-next-line no-await-in-loop, no-unused-vars
        for await (const item of itemsFrom(iterator))
            break;
        // eslint-disable-next-line no-await-in-loop
        await iterator.close_async(null);
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized_elsewhere(), nElsewhere);
});

test('iterators/functions-are-released', async () => {
    const count = AiotTest.new_count();
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    for (let i = 0; i < 300; i++) {
        const item = new AiotTest.Item();
        // eslint-disable-next-line no-await-in-loop
        await count.iterate(1, null).foreach_async(() => item !== null, null);
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
});

runTests();
