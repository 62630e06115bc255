/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What all Vala tests share: counted objects, gates, and a main loop to wait on. */

/* An object that is counted. */
class Item : Object {
    public static int n_alive;
    public static int n_finalized_elsewhere;
    static unowned Thread<void*> home;

    public static void watch () {
        home = Thread.self<void*> ();
        n_alive = n_finalized_elsewhere = 0;
    }

    construct {
        AtomicInt.inc (ref n_alive);
    }

    ~Item () {
        if (Thread.self<void*> () != home)
            AtomicInt.inc (ref n_finalized_elsewhere);
        AtomicInt.add (ref n_alive, -1);
    }
}

/* A place to wait until somebody comes by. A minute is for the day when nobody will. */
class Gate : Object {
    AsyncQueue<string> queue = new AsyncQueue<string> ();

    public void open () {
        queue.push ("open");
    }

    public void wait () {
        if (queue.timeout_pop (60 * TimeSpan.SECOND) == null)
            error ("nobody opened the gate for a minute");
    }
}

/* Runs an async test to its end on a main loop. */
delegate void Begin (MainLoop loop);
delegate void End () throws GLib.Error;

void finish (Begin begin) {
    var loop = new MainLoop ();
    begin (loop);
    run (loop);
}

uint add_watchdog () {
    return Timeout.add_seconds (60, () => {
        error ("nothing happened for a minute");
    });
}

void run (MainLoop loop) {
    var watchdog = add_watchdog ();
    loop.run ();
    Source.remove (watchdog);
}

delegate bool Condition ();

void iterate_until (Condition condition) {
    var watchdog = add_watchdog ();
    while (!condition ())
        MainContext.default ().iteration (true);
    Source.remove (watchdog);
}

void end (MainLoop loop, End func) {
    try {
        func ();
    } catch (GLib.Error e) {
        error ("%s", e.message);
    }
    loop.quit ();
}
