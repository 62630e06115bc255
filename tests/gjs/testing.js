// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What all JavaScript tests share: tests that may be asynchronous, a main loop to wait on, and results in TAP.

import GLib from 'gi://GLib';
import System from 'system';

const tests = [];

export const test = (name, run) => tests.push([`/gjs/${name}`, run]);

export function assertEqual(actual, expected) {
    if (actual !== expected)
        throw new Error(`${actual} is not ${expected}`);
}

// Set by the watchdog of withWatchdog ().
let tooLate = false;

const mainContext = GLib.MainContext.default();

// Runs what the main loop has to do now, without waiting for more.
export function drain() {
    while (mainContext.iteration(false))
        ;
}

// Runs the main loop until something is true. The watchdog wakes it, should it never be.
export function iterateUntil(condition) {
    while (!condition()) {
        if (tooLate)
            throw new Error('nothing happened for a minute');
        mainContext.iteration(true);
    }
}

// Collects garbage until something is true; what the collector drops is freed by the main loop.
export async function collectUntil(condition) {
    for (let i = 0; i < 100 && !condition(); i++) {
        System.gc();
        // eslint-disable-next-line no-await-in-loop
        await new Promise(resolve => GLib.idle_add(GLib.PRIORITY_LOW, () => {
            resolve();
            return GLib.SOURCE_REMOVE;
        }));
    }
}

// What a function returns, or the error that it throws. An exception that leaves a callback would only be logged.
export function tryTo(func) {
    try {
        return func();
    } catch (error) {
        return error;
    }
}

export async function rejection(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error('there was no error');
}

// A test that hangs fails after a minute. What hangs outside of the main loop is up to the watchdog of the library.
function withWatchdog(run) {
    let id = 0;
    const watchdog = new Promise((resolve, reject) => {
        id = GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, 60, () => {
            tooLate = true;
            reject(new Error('nothing happened for a minute'));
            return GLib.SOURCE_REMOVE;
        });
    });

    tooLate = false;
    return Promise.race([run(), watchdog]).finally(() => tooLate || GLib.source_remove(id));
}

async function main() {
    let failed = 0;

    print(`1..${tests.length}`);
    for (const [index, [name, run]] of tests.entries()) {
        // GJS 1.74 loses callbacks that come while it collects garbage bit by bit, as it does when much has gathered.
        System.gc();
        try {
            // eslint-disable-next-line no-await-in-loop
            await withWatchdog(run);
            print(`ok ${index + 1} - ${name}`);
        } catch (error) {
            failed++;
            print(`not ok ${index + 1} - ${name}`);
            print(`# ${error.message}\n${error.stack ?? ''}`.trimEnd().replaceAll('\n', '\n# '));
        }
    }
    return failed;
}

// The last thing that a file does.
export function runTests() {
    const loop = new GLib.MainLoop(null, false);
    let status = 1;

    main().then(failed => {
        status = failed > 0 ? 1 : 0;
    }).catch(logError).finally(() => loop.quit());
    loop.run();
    System.exit(status);
}
