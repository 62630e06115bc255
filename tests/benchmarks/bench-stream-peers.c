/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-stream-peers.h"

#include "bench-processors.h"

/* An item is a number above 0, in a pointer. */
static void
check_item (gpointer item,
            guint    expected)
{
  if (GPOINTER_TO_UINT (item) != expected)
    g_error ("An item came out of its turn");
}

double
bench_queue_alone (gpointer data)
{
  const guint n_items = GPOINTER_TO_UINT (data);
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  gint64 start = g_get_monotonic_time ();

  for (guint i = 1; i <= n_items; i++)
    {
      g_async_queue_push (queue, GUINT_TO_POINTER (i));
      check_item (g_async_queue_pop (queue), i);
    }
  return (double) (g_get_monotonic_time () - start) / n_items;
}

typedef struct
{
  guint n_items;
  GAsyncQueue *queue;
  guint n_received;     /* by the main loop */
} Stream;

static gpointer
push_all (gpointer data)
{
  Stream *self = data;

  bench_processors_begin_producer ();
  for (guint i = 1; i <= self->n_items; i++)
    g_async_queue_push (self->queue, GUINT_TO_POINTER (i));
  return NULL;
}

double
bench_queue_threads (gpointer n_items)
{
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  Stream self = { GPOINTER_TO_UINT (n_items), queue, 0 };
  gint64 start = g_get_monotonic_time ();
  GThread *producer = g_thread_new ("producer", push_all, &self);

  for (guint i = 1; i <= self.n_items; i++)
    check_item (g_async_queue_pop (queue), i);
  g_thread_join (producer);
  return (double) (g_get_monotonic_time () - start) / self.n_items;
}

static gboolean
count_item (gpointer data)
{
  ((Stream *) data)->n_received++;
  return G_SOURCE_REMOVE;
}

static gpointer
invoke_for_all (gpointer data)
{
  Stream *self = data;

  bench_processors_begin_producer ();
  for (guint i = 0; i < self->n_items; i++)
    g_main_context_invoke (NULL, count_item, self);
  return NULL;
}

double
bench_invoke (gpointer n_items)
{
  Stream self = { GPOINTER_TO_UINT (n_items), NULL, 0 };
  gint64 start = g_get_monotonic_time ();
  GThread *producer;

  /* Else the first invocation of the thread, which finds a main context without an owner, runs there. */
  g_main_context_acquire (NULL);
  producer = g_thread_new ("producer", invoke_for_all, &self);
  while (self.n_received < self.n_items)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (producer);
  g_main_context_release (NULL);
  return (double) (g_get_monotonic_time () - start) / self.n_items;
}
