/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"
#include "bench-sleeper.h"

#include <aiothreads-glib/aiothreads-glib.h>

/* How long a producer that sleeps in a full queue takes to learn that nobody wants its items any more. */

#define CAPACITY 4

typedef struct
{
  BenchSleeper sleeper;
  AiotChannel *channel;
  gint64 woken_at;
} Producer;

/* --- the floor: a thread that waits for a condition --- */

typedef struct
{
  BenchSleeper sleeper;
  GMutex mutex;
  GCond cond;
  gboolean is_woken;
  gint64 woken_at;
} Waiter;

static gpointer
wait_for_condition (gpointer data)
{
  Waiter *self = data;

  g_mutex_lock (&self->mutex);
  bench_sleeper_note (&self->sleeper);
  while (!self->is_woken)
    g_cond_wait (&self->cond, &self->mutex);
  self->woken_at = g_get_monotonic_time ();
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static double
run_condition (gpointer data)
{
  Waiter self = { 0 };
  GThread *thread = g_thread_new ("waiter", wait_for_condition, &self);
  gint64 start;

  bench_sleeper_await (&self.sleeper);
  start = g_get_monotonic_time ();
  g_mutex_lock (&self.mutex);
  self.is_woken = TRUE;
  g_cond_signal (&self.cond);
  g_mutex_unlock (&self.mutex);
  g_thread_join (thread);
  g_mutex_clear (&self.mutex);
  g_cond_clear (&self.cond);
  return self.woken_at - start;
}

/* --- a generator --- */

static gboolean
emit_until_closed (AiotGenerator  *generator,
                   gpointer        user_data,
                   GError        **error)
{
  Producer *self = user_data;

  for (gint64 i = 0; aiot_generator_emit_int64 (generator, i, error); i++)
    if (i == CAPACITY - 1)
      bench_sleeper_note (&self->sleeper);
  self->woken_at = g_get_monotonic_time ();
  return FALSE;
}

static void
closed_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      is_over)
{
  aiot_iterator_close_finish (AIOT_ITERATOR (source_object), result, NULL);
  *(gboolean *) is_over = TRUE;
}

/* Asking for an item starts the body. Should it get one that early, there is one item more until the queue is full. */
static void
start_body (AiotIterator *iterator)
{
  g_auto (GValue) value = G_VALUE_INIT;

  aiot_iterator_try_next (iterator, &value, NULL);
}

static double
run_generator_close (gpointer data)
{
  Producer self = { 0 };
  g_autoptr (AiotIterator) iterator = AIOT_ITERATOR (
    aiot_threaded_iterator_new (emit_until_closed, &self, NULL, NULL, CAPACITY, NULL));
  gboolean is_over = FALSE;
  gint64 start;

  start_body (iterator);
  bench_sleeper_await (&self.sleeper);
  start = g_get_monotonic_time ();
  aiot_iterator_close (iterator);
  aiot_iterator_close_async (iterator, NULL, closed_cb, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
  return self.woken_at - start;
}

/* --- a thread that sends to a channel --- */

static gpointer
send_until_closed (gpointer data)
{
  Producer *self = data;

  for (gint64 i = 0; aiot_channel_send_int64 (self->channel, i, NULL, NULL); i++)
    if (i == CAPACITY - 1)
      bench_sleeper_note (&self->sleeper);
  self->woken_at = g_get_monotonic_time ();
  return NULL;
}

static double
run_channel_close (gpointer data)
{
  g_autoptr (AiotChannel) channel = aiot_channel_new (CAPACITY);
  Producer self = { .channel = channel };
  GThread *thread = g_thread_new ("sender", send_until_closed, &self);
  gint64 start;

  bench_sleeper_await (&self.sleeper);
  start = g_get_monotonic_time ();
  aiot_channel_close (channel);
  g_thread_join (thread);
  return self.woken_at - start;
}

void
bench_close (const BenchRun *run)
{
  const BenchGoal goal = { .worst_at_most = 2 * G_TIME_SPAN_MILLISECOND };
  const BenchWay ways[] = {
    { "GCond, to wake a thread", run_condition, NULL },
    { "aiot_iterator_close", run_generator_close, NULL, goal },
    { "aiot_channel_close", run_channel_close, NULL, goal },
  };
  const BenchGroup group = {
    "close", "From close until a producer that sleeps in a full queue has come back", ways, G_N_ELEMENTS (ways),
    run->quick ? 10 : 200
  };

  bench_run_group (run, &group);
}
