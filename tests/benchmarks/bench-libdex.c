/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-libdex.h"

#ifdef HAVE_LIBDEX

#include "bench-floors.h"
#include "bench-processors.h"

#include <libdex.h>

#define CAPACITY 1024

/* Of the thread with the main loop. */
static void
begin (void)
{
  static gboolean has_begun = FALSE;

  if (!has_begun)
    dex_init ();
  has_begun = TRUE;
}

static DexScheduler *
get_pool (void)
{
  return dex_thread_pool_scheduler_get_default ();
}

/* --- calls --- */

typedef struct
{
  guint n_operations;
  guint n_started;
  guint n_done;
} Calls;

static void start_call (Calls *self);

static DexFuture *
answer_fiber (gpointer user_data)
{
  return dex_future_new_for_int (42);
}

static DexFuture *
call_done_cb (DexFuture *future,
              gpointer   user_data)
{
  Calls *self = user_data;
  const GValue *value = dex_future_get_value (future, NULL);

  if (value == NULL || g_value_get_int (value) != 42)
    g_error ("A fiber gave the wrong result");
  self->n_done++;
  if (self->n_started < self->n_operations)
    start_call (self);
  return NULL;
}

static void
start_call (Calls *self)
{
  DexFuture *future = dex_scheduler_spawn (get_pool (), 0, answer_fiber, NULL, NULL);

  self->n_started++;
  dex_future_disown (dex_future_finally (future, call_done_cb, self, NULL));
}

double
bench_libdex_calls (gpointer tasks)
{
  const BenchTasks *load = tasks;
  Calls self = { .n_operations = load->n_operations };
  gint64 start;

  begin ();
  start = g_get_monotonic_time ();
  for (guint i = 0; i < MIN (load->n_in_flight, load->n_operations); i++)
    start_call (&self);
  while (self.n_done < self.n_operations)
    g_main_context_iteration (NULL, TRUE);
  return (double) (g_get_monotonic_time () - start) / self.n_operations;
}

/* --- items --- */

typedef struct
{
  DexChannel *channel;
  guint n_items;
  guint n_received;     /* by the main loop */
} Stream;

static DexFuture *
send_fiber (gpointer user_data)
{
  Stream *self = user_data;

  bench_processors_begin_producer ();
  for (guint i = 0; i < self->n_items; i++)
    if (!dex_await (dex_channel_send (self->channel, dex_future_new_for_int (i)), NULL))
      g_error ("An item could not be sent");
  return dex_future_new_true ();
}

static DexFuture *
receive_fiber (gpointer user_data)
{
  Stream *self = user_data;

  for (; self->n_received < self->n_items; self->n_received++)
    if (dex_await_int (dex_channel_receive (self->channel), NULL) != (int) self->n_received)
      g_error ("An item came out of its turn");
  return dex_future_new_true ();
}

double
bench_libdex_stream (gpointer n_items)
{
  Stream self = { .n_items = GPOINTER_TO_UINT (n_items) };
  g_autoptr (DexFuture) sent = NULL;
  g_autoptr (DexFuture) received = NULL;
  gint64 start;
  double took;

  begin ();
  self.channel = dex_channel_new (CAPACITY);
  start = g_get_monotonic_time ();
  received = dex_scheduler_spawn (NULL, 0, receive_fiber, &self, NULL);
  sent = dex_scheduler_spawn (get_pool (), 0, send_fiber, &self, NULL);
  while (dex_future_is_pending (received) || dex_future_is_pending (sent))
    g_main_context_iteration (NULL, TRUE);
  took = (double) (g_get_monotonic_time () - start) / self.n_items;
  dex_unref (self.channel);
  return took;
}

const char *
bench_libdex_get_missing (void)
{
  return NULL;
}

#else

double
bench_libdex_calls (gpointer tasks)
{
  g_assert_not_reached ();
}

double
bench_libdex_stream (gpointer n_items)
{
  g_assert_not_reached ();
}

const char *
bench_libdex_get_missing (void)
{
  return "not installed";
}

#endif
