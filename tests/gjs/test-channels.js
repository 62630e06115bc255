// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels between functions of a library and a main loop in JavaScript, and between parts of the latter.

import AioThreads from 'gi://AioThreads?version=1';
import AiotTest from 'gi://AiotTest?version=1';
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';

import {assertEqual, collectUntil, drain, iterateUntil, rejection, runTests, test, tryTo} from './testing.js';

const receiveAsync = AioThreads.Channel.prototype.receive_async;
const sendAsync = AioThreads.Channel.prototype.send_async;

for (const name of ['send', 'receive', 'receive_many'])
    Gio._promisify(AioThreads.Channel.prototype, `${name}_async`, `${name}_finish`);
for (const name of ['next', 'next_many', 'foreach'])
    Gio._promisify(AioThreads.Iterator.prototype, `${name}_async`, `${name}_finish`);
Gio._promisify(AioThreads.Threaded.prototype, 'call_async', 'call_finish');

const {CLOSED, WOULD_DEADLOCK} = AioThreads.Error;
const {CANCELLED, TIMED_OUT, WOULD_BLOCK} = Gio.IOErrorEnum;
const {ITEM, AND_DROPPED, TO_BE_DROPPED} = AioThreads.Sent;
const {TIMEOUT_DEFAULT: DEFAULT, TIMEOUT_NONE: NONE, WhenFull} = AioThreads;

function assertError(error, domain, code) {
    if (!(error instanceof GLib.Error) || !error.matches(domain, code))
        throw new Error(`${error} is not what was expected`);
}

const itemsOf = batch => Array.from({length: batch.get_length()}, (_, i) => batch.get_item(i));

const newChannel = capacity => AioThreads.Channel.new(capacity);
const receive = (channel, timeout = DEFAULT) => channel.receive_async(timeout, null);

// --- Sending ----------------------------------------------------------------

test('channels/from-a-worker', async () => {
    const channel = newChannel(16);
    const sent = AiotTest.new_send_numbers(channel).call_async(1000, null);
    for (let i = 0; i < 1000; i++)
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await receive(channel), i);
    assertEqual(await sent, 1000);
    assertEqual(channel.peak_length <= 16, true);
    assertEqual(channel.n_accepted, channel.n_received + channel.n_dropped + channel.n_destroyed + channel.length);
});

test('channels/items', async () => {
    const channel = newChannel(1);
    for (const item of [null, 0, false, true, '', 'text', 0.5, 2 ** 31, new Gio.Cancellable()]) {
        assertEqual(channel.try_send(item), ITEM);
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await receive(channel), item);
    }
    const nullString = new GObject.Value();
    nullString.init(GObject.TYPE_STRING);
    assertEqual(channel.try_send(nullString), ITEM);
    assertEqual(await receive(channel), null);
});

test('channels/try-send-never-waits', () => {
    const channel = newChannel(2);
    assertEqual([1, 2].map(number => channel.try_send(number)).join(), [ITEM, ITEM].join());
    assertError(tryTo(() => channel.try_send(3)), Gio.IOErrorEnum, WOULD_BLOCK);
    channel.close();
    assertError(tryTo(() => channel.try_send(4)), AioThreads.Error, CLOSED);
    assertEqual(channel.length, 2);
});

test('channels/sending-at-home-would-deadlock', () => {
    const channel = newChannel(1);
    assertEqual(channel.send(1, null), ITEM);
    assertError(tryTo(() => channel.send(2, null)), AioThreads.Error, WOULD_DEADLOCK);
});

test('channels/send-async-waits-for-room', async () => {
    const channel = newChannel(1);
    const answers = [];
    let isAsking = true, nAtOnce = 0;
    for (let i = 0; i < 3; i++) {
        sendAsync.call(channel, i, null, (source, result) => {
            nAtOnce += isAsking;
            answers.push(source.send_finish(result));
        });
    }
    isAsking = false;
    iterateUntil(() => answers.length === 1);
    drain();
    assertEqual(answers.length, 1);
    const items = [await receive(channel), await receive(channel), await receive(channel)];
    assertEqual(items.join(), '0,1,2');
    iterateUntil(() => answers.length === 3);
    assertEqual(answers.join(), [ITEM, ITEM, ITEM].join());
    assertEqual(nAtOnce, 0);
});

test('channels/send-async-is-cancelled', async () => {
    const [channel, cancellable] = [newChannel(1), new Gio.Cancellable()];
    assertEqual(await channel.send_async('first', null), ITEM);
    const second = channel.send_async('second', cancellable);
    cancellable.cancel();
    assertError(await rejection(second), Gio.IOErrorEnum, CANCELLED);
    assertEqual(channel.length, 1);
});

test('channels/close-wakes-senders', async () => {
    const channel = newChannel(1);
    const inWorker = rejection(AiotTest.new_send_numbers(channel).call_async(10, null));
    assertEqual(await receive(channel), 0);
    const here = Promise.all([1, 2].map(number => channel.send_async(number, null).catch(error => error)));
    channel.close();
    assertError(await inWorker, AioThreads.Error, CLOSED);
    // One of them may have had its turn before.
    assertError((await here)[1], AioThreads.Error, CLOSED);
    assertError(await rejection(channel.send_async(3, null)), AioThreads.Error, CLOSED);
});

test('channels/when-full', async () => {
    for (const [whenFull, sent, left] of [
        [WhenFull.DROP_OLDEST, [ITEM, ITEM, AND_DROPPED, AND_DROPPED], '2,3'],
        [WhenFull.DROP_NEWEST, [ITEM, ITEM, TO_BE_DROPPED, TO_BE_DROPPED], '0,1'],
        [WhenFull.KEEP_LATEST, [ITEM, AND_DROPPED, AND_DROPPED, AND_DROPPED], '3'],
    ]) {
        const channel = AioThreads.Channel.new_full(2, whenFull, NONE, null);
        assertEqual([0, 1, 2, 3].map(number => channel.try_send(number)).join(), sent.join());
        // eslint-disable-next-line no-await-in-loop
        assertEqual(itemsOf(await channel.receive_many_async(1, 10, NONE, null)).join(), left);
        assertEqual(channel.n_dropped, 4 - left.split(',').length);
    }
});

// --- Receiving --------------------------------------------------------------

test('channels/what-is-there-is-received-after-the-end', async () => {
    const channel = newChannel(0);
    for (let i = 0; i < 3; i++)
        channel.try_send(i);
    channel.close();
    channel.close();
    assertEqual(channel.is_closed(), true);
    assertEqual([await receive(channel), await receive(channel), await receive(channel)].join(), '0,1,2');
    assertError(await rejection(receive(channel)), AioThreads.Error, CLOSED);
});

test('channels/who-waits-is-told-the-end', async () => {
    const channel = newChannel(1);
    const [first, second] = [receive(channel), rejection(receive(channel))];
    channel.try_send('item');
    channel.close();
    assertEqual(await first, 'item');
    assertError(await second, AioThreads.Error, CLOSED);
});

test('channels/first-come-first-served', () => {
    const channel = newChannel(4);
    const received = [];
    for (let i = 0; i < 4; i++) {
        receiveAsync.call(channel, NONE, null, (source, result) => {
            received.push(`${i}:${source.receive_finish(result)}`);
        });
    }
    for (const item of 'abcd')
        channel.try_send(item);
    iterateUntil(() => received.length === 4);
    assertEqual(received.join(), '0:a,1:b,2:c,3:d');
});

// The consumer waits before there is a producer.
test('channels/many-producers-and-consumers', async () => {
    const channel = newChannel(8);
    const received = [];
    const consumers = [1, 2, 3].map(() => channel.iterate().foreach_async(item => received.push(item) > 0, null));
    await Promise.all([1, 2, 3, 4].map(() => AiotTest.new_send_numbers(channel).call_async(250, null)));
    channel.close();
    assertEqual((await Promise.all(consumers)).join(), 'true,true,true');
    assertEqual(received.sort((a, b) => a - b).join(), Array.from({length: 1000}, (_, i) => Math.floor(i / 4)).join());
});

test('channels/timeout', async () => {
    for (const [timeoutOfChannel, timeout] of [[1, DEFAULT], [NONE, 1], [60000, 1]]) {
        const channel = new AioThreads.Channel({capacity: 1, timeout: timeoutOfChannel});
        // eslint-disable-next-line no-await-in-loop
        assertError(await rejection(receive(channel, timeout)), Gio.IOErrorEnum, TIMED_OUT);
        // eslint-disable-next-line no-await-in-loop
        assertError(await rejection(channel.receive_many_async(1, 1, timeout, null)), Gio.IOErrorEnum, TIMED_OUT);
        // Whoever gave up takes nothing.
        channel.try_send('item');
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await receive(channel), 'item');
    }
});

test('channels/no-timeout', async () => {
    const channel = new AioThreads.Channel({capacity: 1, timeout: 1});
    let isAnswered = false;
    const patient = receive(channel, NONE).finally(() => (isAnswered = true));
    assertError(await rejection(receive(channel)), Gio.IOErrorEnum, TIMED_OUT);
    assertEqual(isAnswered, false);
    channel.try_send('item');
    assertEqual(await patient, 'item');
});

test('channels/who-is-cancelled-takes-no-item', async () => {
    const [channel, cancellable] = [newChannel(1), new Gio.Cancellable()];
    const promise = channel.receive_async(NONE, cancellable);
    cancellable.cancel();
    assertError(await rejection(promise), Gio.IOErrorEnum, CANCELLED);
    channel.try_send('item');
    assertEqual(await receive(channel), 'item');
});

test('channels/several-at-once', async () => {
    const channel = newChannel(10);
    assertError(tryTo(() => channel.try_receive_many(3)), Gio.IOErrorEnum, WOULD_BLOCK);
    for (let i = 0; i < 7; i++)
        channel.try_send(i);
    assertEqual(itemsOf(await channel.receive_many_async(2, 3, NONE, null)).join(), '0,1,2');
    assertEqual(itemsOf(channel.try_receive_many(3)).join(), '3,4,5');
    assertEqual(itemsOf(await channel.receive_many_async(5, 10, 1, null)).join(), '6');
    const last = channel.receive_many_async(2, 10, NONE, null);
    channel.try_send('last');
    channel.close();
    assertEqual(itemsOf(await last).join(), 'last');
    assertError(tryTo(() => channel.try_receive_many(3)), AioThreads.Error, CLOSED);
});

test('channels/receiving-at-home-would-deadlock', () => {
    assertError(tryTo(() => newChannel(1).receive_many_sync(1, 1, NONE, null)), AioThreads.Error, WOULD_DEADLOCK);
});

// --- Iterating --------------------------------------------------------------

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

test('channels/for-await', async () => {
    const channel = newChannel(4);
    const sent = AiotTest.new_send_numbers(channel).call_async(100, null).finally(() => channel.close());
    const items = [];
    for await (const item of itemsFrom(channel.iterate()))
        items.push(item);
    assertEqual(items.join(), [...Array(100).keys()].join());
    assertEqual(await sent, 100);
});

test('channels/break-leaves-the-items', async () => {
    const channel = newChannel(10);
    for (let i = 0; i < 5; i++)
        channel.try_send(i);
    const iterator = channel.iterate();
    assertEqual(await iterator.next_async(null), 0);
    assertEqual(await iterator.foreach_async(item => item < 2, null), true);
    assertEqual(iterator.is_closed(), true);
    assertEqual(channel.is_closed(), false);
    assertError(await rejection(iterator.next_async(null)), AioThreads.Error, CLOSED);
    assertEqual([await receive(channel), await receive(channel)].join(), '3,4');
});

test('channels/properties', async () => {
    const {DROP_OLDEST, KEEP_LATEST} = WhenFull;
    const channel = new AioThreads.Channel({capacity: 3, when_full: DROP_OLDEST, timeout: 5});
    const seen = new Set();
    assertEqual([channel.capacity, channel.when_full, channel.timeout].join(), [3, DROP_OLDEST, 5].join());
    assertEqual(newChannel(AioThreads.CAPACITY_DEFAULT).capacity, AioThreads.get_default_capacity());
    assertEqual(AioThreads.Channel.new_full(9, KEEP_LATEST, NONE, null).capacity, 1);
    channel.connect('notify::length', () => seen.add('length'));
    channel.connect('notify::closed', () => seen.add('closed'));
    await AiotTest.new_send_numbers(channel).call_async(3, null);
    channel.close();
    iterateUntil(() => seen.size === 2);
    assertEqual(channel.closed, true);
});

// --- What is left over ------------------------------------------------------

test('channels/nothing-leaks', async () => {
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    const nElsewhere = AiotTest.Item.get_n_finalized_elsewhere();
    for (let i = 0; i < 300; i++) {
        const channel = newChannel(4);
        const sent = AiotTest.new_send_items(channel).call_async(10, null).catch(error => error);
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await receive(channel) instanceof AiotTest.Item, true);
        // eslint-disable-next-line no-await-in-loop
        const batch = await channel.receive_many_async(2, 2, NONE, null);
        assertEqual(itemsOf(batch).every(item => item instanceof AiotTest.Item), true);
        // The others are not received, or never sent.
        channel.close();
        // eslint-disable-next-line no-await-in-loop
        await sent;
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
    assertEqual(AiotTest.Item.get_n_finalized_elsewhere(), nElsewhere);
});

test('channels/items-sent-from-here-are-released', async () => {
    const channel = newChannel(2);
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    for (let i = 0; i < 1000; i++) {
        const item = new AiotTest.Item();
        channel.try_send(item);
        // eslint-disable-next-line no-await-in-loop
        await channel.send_async(item, null);
        // eslint-disable-next-line no-await-in-loop
        assertEqual(await receive(channel), item);
        assertEqual(channel.try_receive_many(1).get_item(0), item);
    }
    await collectUntil(() => AiotTest.Item.get_n_alive() === 0);
    assertEqual(AiotTest.Item.get_n_alive(), 0);
});

runTests();
