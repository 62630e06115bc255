/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-blocking.h"

#include "aiot-runner-private.h"

/**
 * aiot_blocking_begin:
 *
 * Says that the calling thread is about to wait for something that needs no processor.
 *
 * Until [func@blocking_end] is called, a worker that said so does not count against the size of its executor: another
 * thread may work in its place. All functions of this library that block do this by themselves. It is for other code that
 * waits long, above all for something that other work on the same executor has to do first:
 *
 * ```c
 * aiot_blocking_begin ();
 * wait_for_printer ();
 * aiot_blocking_end ();
 * ```
 *
 * A pool that is just busy finds out by itself that its threads sleep, within milliseconds, and starts more of them up to
 * its size. This goes further: it is no matter of time, and may go beyond the size, up to the limit of threads of the
 * process, [func@get_thread_limit].
 *
 * Calls may be nested. On a thread that does not belong to a pool it does nothing; a serial executor never puts another
 * thread in place of its own. It does not block.
 *
 * Since: 1.0
 */
void
aiot_blocking_begin (void)
{
  AiotWorker *worker = aiot_worker_get_current ();

  aiot_turn_settle ();
  if (worker != NULL && worker->n_blocking++ == 0)
    aiot_runner_begin_blocking (worker->runner);
}

/**
 * aiot_blocking_end:
 *
 * Says that the wait is over that [func@blocking_begin] told of.
 *
 * The calling thread goes on at once; should there be more workers than the size of the pool now, one of them stops when it
 * has done what it does.
 *
 * Since: 1.0
 */
void
aiot_blocking_end (void)
{
  AiotWorker *worker = aiot_worker_get_current ();

  if (worker == NULL)
    return;

  g_return_if_fail (worker->n_blocking > 0);

  if (--worker->n_blocking == 0)
    aiot_runner_end_blocking (worker->runner);
}
