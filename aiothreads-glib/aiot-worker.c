/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-worker-private.h"

#include "aiot-blocking.h"

static GPrivate current_worker;

AiotWorker *
aiot_worker_get_current (void)
{
  return g_private_get (&current_worker);
}

void
aiot_worker_set_current (AiotWorker *worker)
{
  g_private_set (&current_worker, worker);
}

/* What this thread works on; NULL where it is not one of an executor. */
AiotWork *
aiot_worker_get_work (void)
{
  AiotWorker *self = g_private_get (&current_worker);

  return self != NULL ? self->work : NULL;
}

/*
 * The work that stands for this thread where it makes something that lasts: its own caller is who that is for. NULL where it has a
 * main context of its own.
 */
AiotWork *
aiot_worker_get_origin (void)
{
  AiotWork *work = aiot_worker_get_work ();

  return work != NULL && work->home != NULL && g_main_context_get_thread_default () == NULL ? work : NULL;
}

/* Whether what this thread works on should stop. */
gboolean
aiot_worker_is_cancelled (void)
{
  for (AiotWork *work = aiot_worker_get_work (); work != NULL; work = work->outer)
    if (aiot_work_is_cancelled (work))
      return TRUE;
  return FALSE;
}

/* Runs a piece of work in the context that it comes from. It may do so within another one. */
AiotWorkOutcome
aiot_worker_run (AiotWorker *self,
                 AiotWork   *work)
{
  AiotWork *outer = self->work;
  AiotContext *previous = aiot_context_enter (work->context);
  AiotWorkOutcome outcome;

  work->outer = outer;
  self->work = work;
  outcome = work->funcs->run (work);
  self->work = outer;
  aiot_context_leave (previous);
  return outcome;
}

/* Runs it as part of what the calling thread does, whether that is one of an executor or not. */
AiotWorkOutcome
aiot_worker_run_inline (AiotWork *work)
{
  AiotWorker *self = aiot_worker_get_current ();
  AiotContext *previous;
  AiotWorkOutcome outcome;

  aiot_work_come_from_work (work, aiot_worker_get_work ());
  if (self != NULL)
    return aiot_worker_run (self, work);

  previous = aiot_context_enter (work->context);
  outcome = work->funcs->run (work);
  aiot_context_leave (previous);
  return outcome;
}

/* Before the calling thread sleeps on @waiter: cancelling its work will end that. */
void
aiot_worker_begin_wait (AiotWaiter *waiter)
{
  for (AiotWork *work = aiot_worker_get_work (); work != NULL; work = work->outer)
    {
      g_atomic_pointer_set (&work->waiter, waiter);
      if (aiot_work_is_cancelled (work))
        aiot_waiter_interrupt (waiter, AIOT_INTERRUPTION_CANCELLED);
    }
  aiot_blocking_begin ();
}

void
aiot_worker_end_wait (AiotWaiter *waiter)
{
  guint n_tellers = 0;

  aiot_blocking_end ();
  for (AiotWork *work = aiot_worker_get_work (); work != NULL; work = work->outer)
    if (!g_atomic_pointer_compare_and_exchange (&work->waiter, waiter, NULL))
      n_tellers++;

  /* Whoever took it out is about to use it. */
  if (n_tellers > 0)
    aiot_waiter_be_told (waiter, n_tellers);
}
