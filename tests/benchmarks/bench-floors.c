/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-floors.h"

#include <gio/gio.h>

/* --- two threads and a condition --- */

typedef struct
{
  GMutex mutex;
  GCond cond;
  guint turn;
  guint n_turns;
} PingPong;

static void
ping_pong_play (PingPong *self,
                guint     me)
{
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->n_turns; i++)
    {
      while (self->turn != me)
        g_cond_wait (&self->cond, &self->mutex);
      self->turn = !me;
      /* Whoever is woken while this is locked would sleep again at once, which takes twice as long for both. */
      g_mutex_unlock (&self->mutex);
      g_cond_signal (&self->cond);
      g_mutex_lock (&self->mutex);
    }
  g_mutex_unlock (&self->mutex);
}

static gpointer
ping_pong_other (gpointer data)
{
  ping_pong_play (data, 1);
  return NULL;
}

double
bench_ping_pong (gpointer n_operations)
{
  PingPong self = { .n_turns = GPOINTER_TO_UINT (n_operations) };
  GThread *other = g_thread_new ("pong", ping_pong_other, &self);
  gint64 start = g_get_monotonic_time ();

  ping_pong_play (&self, 0);
  g_thread_join (other);
  return (double) (g_get_monotonic_time () - start) / self.n_turns;
}

/* --- tasks without threads --- */

typedef struct
{
  guint n_operations;
  guint n_started;
  guint n_done;
  GQueue ready;
} Tasks;

static void tasks_start (Tasks *self);

static void
task_done_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Tasks *self = user_data;

  if (g_task_propagate_int (G_TASK (result), NULL) != 42)
    g_error ("A task gave the wrong result");
  self->n_done++;
  if (self->n_started < self->n_operations)
    tasks_start (self);
}

static void
tasks_start (Tasks *self)
{
  g_queue_push_tail (&self->ready, g_task_new (NULL, NULL, task_done_cb, self));
  self->n_started++;
}

static gboolean
return_ready_tasks (gpointer user_data)
{
  Tasks *self = user_data;
  GQueue ready = self->ready;
  GTask *task;

  g_queue_init (&self->ready);
  while ((task = g_queue_pop_head (&ready)) != NULL)
    {
      g_task_return_int (task, 42);
      g_object_unref (task);
    }
  return G_SOURCE_CONTINUE;
}

double
bench_bare_tasks (gpointer data)
{
  const BenchTasks *tasks = data;
  Tasks self = { .n_operations = tasks->n_operations };
  guint idle_id = g_idle_add_full (G_PRIORITY_DEFAULT, return_ready_tasks, &self, NULL);
  gint64 start = g_get_monotonic_time ();
  double took;

  for (guint i = 0; i < MIN (tasks->n_in_flight, tasks->n_operations); i++)
    tasks_start (&self);
  while (self.n_done < self.n_operations)
    g_main_context_iteration (NULL, TRUE);
  took = (double) (g_get_monotonic_time () - start) / self.n_operations;
  g_source_remove (idle_id);
  return took;
}
