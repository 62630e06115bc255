/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-pool-internal.h"

#include "aiot-clock-private.h"
#include "aiot-process-private.h"

/* What a thread of a pool does that has nothing to do: it dozes, parks, watches, and finds that it is needed, or leaves. */

/* Long enough that a moment's pause of the machine is not mistaken for blocking, short enough that nobody notices. */
#define WATCH_INTERVAL (2 * G_TIME_SPAN_MILLISECOND)

/* Starting a thread costs some 30 µs and a sleeping one 10 kB, so they may stay through the pauses of a user. */
#define IDLE_TIME (10 * G_TIME_SPAN_SECOND)

/* In microseconds; as long as a callback that waits for what it has just called may be held up. */
#define DOZE_TIME 200

/* How many of those that serve compute. Looks at all, so that the next look sees what happened since. */
static guint
count_busy_locked (AiotPool *self)
{
  guint n_busy = 0;

  for (GList *l = self->runner.workers.head; l != NULL; l = l->next)
    {
      AiotPoolWorker *worker = l->data;

      if (aiot_cpu_meter_is_busy (&worker->worker.meter) && worker->role == AIOT_POOL_SERVE)
        n_busy++;
    }
  return n_busy;
}

/* This thread has just joined those that serve: bring as many more as sleep, if there is work for them. */
static void
grow_locked (AiotPool *self,
             guint     n_busy)
{
  guint n_asleep = self->n_serving - 1 - MIN (n_busy, self->n_serving - 1);

  for (guint i = 1; i < MIN (n_asleep, aiot_work_queue_get_length (self->queue)); i++)
    if (!aiot_pool_call_one_locked (self))
      return;
}

/* Nobody serves what is queued: whoever did waits now, and may wait for that. */
static gboolean
is_queue_forsaken_locked (AiotPool *self)
{
  return self->n_serving + self->n_calls == 0 && aiot_work_queue_get_length (self->queue) > 0;
}

/* Whoever watched serves now, when no other thread had parked yet. */
static gboolean
needs_watcher_locked (AiotPool *self)
{
  return !self->watched && aiot_work_queue_get_length (self->queue) > 0 && aiot_pool_may_serve_more_locked (self);
}

/* Whether there may be something to do for a thread that waits. */
static gboolean
is_called_locked (AiotPool *self)
{
  return self->n_calls > 0 || self->watch_call || needs_watcher_locked (self) || is_queue_forsaken_locked (self) ||
         self->runner.let_go || self->runner.is_closed;
}

/* FALSE when the time has come. */
static gboolean
sleep_locked (AiotPool       *self,
              AiotPoolWorker *worker,
              gboolean        watching,
              gint64          until)
{
  gboolean in_time;

  worker->is_parked = !watching;
  if (watching)
    self->watcher = worker;
  else
    g_queue_push_head_link (&self->parked, &worker->link);

  in_time = aiot_runner_sleep_locked (&self->runner, &worker->worker, until);

  /* Nobody has called it, or another thread will find that it was called in vain. */
  if (worker->is_parked)
    g_queue_unlink (&self->parked, &worker->link);
  if (self->watcher == worker)
    self->watcher = NULL;
  return in_time;
}

/* Others may put off calling this thread meanwhile. */
static void
doze_locked (AiotPool       *self,
             AiotPoolWorker *worker,
             gint64          until)
{
  aiot_runner_begin_doze_locked (&self->runner);
  while (!is_called_locked (self) && sleep_locked (self, worker, FALSE, until))
    ;
  aiot_runner_end_doze_locked (&self->runner, is_called_locked (self));
}

/* Waits until there is something to do for this thread; a watcher may find that it is needed itself. */
AiotPoolRole
aiot_pool_park_locked (AiotPool       *self,
                       AiotPoolWorker *worker,
                       gboolean        has_worked)
{
  gboolean watching = FALSE, stuck = FALSE;
  gint64 now = aiot_clock_now ();
  gint64 leave_at = self->is_serial ? AIOT_RUNNER_NEVER : now + IDLE_TIME;
  guint64 n_taken_before = 0;
  guint n_busy = 0;
  AiotPoolRole role = AIOT_POOL_PARK;

  if (has_worked && aiot_runner_comes_in_lots_locked (&self->runner))
    doze_locked (self, worker, now + DOZE_TIME);
  while (role == AIOT_POOL_PARK)
    {
      gboolean timed_out;

      if (self->n_calls > 0)
        {
          self->n_calls--;
          role = AIOT_POOL_SERVE;
          break;
        }
      if (self->watch_call || needs_watcher_locked (self))
        {
          self->watch_call = FALSE;
          self->watched = watching = TRUE;
          n_taken_before = self->n_taken;
          count_busy_locked (self);
        }
      /* A thread that was started to watch is counted on; it may come late, when another has taken its call. */
      if (is_queue_forsaken_locked (self))
        {
          role = AIOT_POOL_SERVE;
          break;
        }
      if ((self->runner.let_go || self->runner.is_closed) && !(watching && aiot_work_queue_get_length (self->queue) > 0))
        {
          role = AIOT_POOL_LEAVE;
          break;
        }

      timed_out = !sleep_locked (self, worker, watching, watching ? aiot_clock_now () + WATCH_INTERVAL : leave_at);
      if (!timed_out || self->n_calls > 0 || self->watch_call || is_queue_forsaken_locked (self))
        continue;

      if (!watching)
        {
          role = AIOT_POOL_LEAVE;
        }
      else if (aiot_work_queue_get_length (self->queue) == 0 && self->n_taken != n_taken_before)
        {
          /* Whoever comes next would have to call it again. */
          n_taken_before = self->n_taken;
          count_busy_locked (self);
        }
      else if (aiot_work_queue_get_length (self->queue) == 0)
        {
          watching = self->watched = FALSE;
          leave_at = aiot_clock_now () + IDLE_TIME;
        }
      else
        {
          n_busy = count_busy_locked (self);
          stuck = self->n_taken == n_taken_before && n_busy < aiot_process_count_processors () && aiot_pool_may_serve_more_locked (self);
          n_taken_before = self->n_taken;
          if (stuck)
            role = AIOT_POOL_SERVE;
        }
    }
  if (watching)
    self->watched = FALSE;
  if (role == AIOT_POOL_SERVE)
    self->n_serving++;
  if (stuck)
    grow_locked (self, n_busy);
  return role;
}
