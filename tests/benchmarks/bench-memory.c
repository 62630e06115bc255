/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"
#include "bench-sleeper.h"

#include <aiothreads-glib/aiothreads-glib.h>

#include <malloc.h>
#include <string.h>

/* What waits for nothing but its turn should be small. What malloc () has given out is counted, with what it needs itself. */

#define N_OBJECTS 2000

static double
run_objects (gpointer data)
{
  gpointer (*make) (void) = data;
  gpointer *objects = g_new0 (gpointer, N_OBJECTS);
  struct mallinfo2 before, after;

  /* What is made with the first one only, is not counted. */
  g_object_unref (make ());
  before = mallinfo2 ();
  for (guint i = 0; i < N_OBJECTS; i++)
    objects[i] = make ();
  after = mallinfo2 ();

  for (guint i = 0; i < N_OBJECTS; i++)
    g_object_unref (objects[i]);
  g_free (objects);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return (double) (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / N_OBJECTS;
}

static gpointer
make_object (void)
{
  return g_object_new (G_TYPE_OBJECT, NULL);
}

static void
ignore_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
}

static gpointer
make_task (void)
{
  return g_task_new (NULL, NULL, ignore_cb, NULL);
}

static gpointer
make_channel (void)
{
  return aiot_channel_new (AIOT_CAPACITY_DEFAULT);
}

static gpointer
make_used_channel (void)
{
  AiotChannel *channel = make_channel ();
  g_auto (GValue) value = G_VALUE_INIT;

  aiot_channel_send_int64 (channel, 42, NULL, NULL);
  if (!aiot_channel_try_receive (channel, &value, NULL))
    g_error ("The item is not there");
  return channel;
}

/* It holds the channel. */
static gpointer
make_reader (void)
{
  g_autoptr (AiotChannel) channel = make_channel ();

  return aiot_channel_iterate (channel);
}

static gboolean
give_nothing (AiotGenerator  *generator,
              gpointer        user_data,
              GError        **error)
{
  return TRUE;
}

static gpointer
make_iterator (void)
{
  return aiot_threaded_iterator_new (give_nothing, NULL, NULL, NULL, AIOT_CAPACITY_DEFAULT, NULL);
}

static gpointer
make_iterable (void)
{
  return aiot_threaded_iterable_new (give_nothing, NULL, NULL);
}

/* --- calls that are queued --- */

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean is_open;
  guint n_done;
} Gate;

static gboolean
wait_for_gate (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  Gate *self = user_data;

  g_mutex_lock (&self->mutex);
  while (!self->is_open)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static gboolean
do_nothing (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

static void
count_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  ((Gate *) user_data)->n_done++;
}

/* Behind one that does not end. */
static double
run_calls (gpointer data)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("memory");
  Gate self = { .n_done = 0 };
  struct mallinfo2 before, after;

  aiot_offload_async (executor, wait_for_gate, &self, NULL, NULL, count_cb, &self);
  before = mallinfo2 ();
  for (guint i = 0; i < N_OBJECTS; i++)
    aiot_offload_async (executor, do_nothing, NULL, NULL, NULL, count_cb, &self);
  after = mallinfo2 ();

  g_mutex_lock (&self.mutex);
  self.is_open = TRUE;
  g_cond_signal (&self.cond);
  g_mutex_unlock (&self.mutex);
  while (self.n_done <= N_OBJECTS)
    g_main_context_iteration (NULL, TRUE);
  return (double) (after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / N_OBJECTS;
}

/* --- threads that wait --- */

#define N_THREADS 64

/* What this process has of its own in memory, in bytes. */
static double
read_resident (void)
{
  g_autofree char *status = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    g_error ("What this process takes could not be read");
  line = strstr (status, "\nRssAnon:");
  return line != NULL ? 1024 * g_ascii_strtod (strchr (line, ':') + 1, NULL) : 0;
}

typedef struct
{
  BenchSleeper sleeper;
  Gate *gate;
} Waiter;

static gpointer
wait_in_thread (gpointer data)
{
  Waiter *self = data;

  bench_sleeper_note (&self->sleeper);
  wait_for_gate (NULL, self->gate, NULL);
  return NULL;
}

static double
run_bare_threads (gpointer data)
{
  Gate self = { .n_done = 0 };
  Waiter waiters[N_THREADS];
  GThread *threads[N_THREADS];
  double before = read_resident (), taken;

  for (guint i = 0; i < N_THREADS; i++)
    {
      waiters[i] = (Waiter) { .gate = &self };
      threads[i] = g_thread_new ("waiter", wait_in_thread, &waiters[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    bench_sleeper_await (&waiters[i].sleeper);
  taken = read_resident () - before;

  g_mutex_lock (&self.mutex);
  self.is_open = TRUE;
  g_cond_broadcast (&self.cond);
  g_mutex_unlock (&self.mutex);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  return taken / N_THREADS;
}

/* Each has done a call, and waits for the next. */
static double
run_workers (gpointer data)
{
  AiotExecutor *executors[N_THREADS];
  double before = read_resident (), taken;

  for (guint i = 0; i < N_THREADS; i++)
    {
      g_autoptr (AiotCall) call = NULL;

      executors[i] = aiot_executor_new_serial ("memory");
      call = aiot_offload_sync (executors[i], do_nothing, NULL, NULL, NULL);
    }
  taken = read_resident () - before;
  for (guint i = 0; i < N_THREADS; i++)
    g_object_unref (executors[i]);
  return taken / N_THREADS;
}

static void
measure_threads (const BenchRun *run)
{
  const BenchWay ways[] = {
    { "GThread that waits", run_bare_threads, NULL },
    { "serial executor that has worked", run_workers, NULL },
  };
  const BenchGroup group = {
    "memory-thread", "Memory of one thread, that of its stack included", ways, G_N_ELEMENTS (ways), bench_n_rounds (run, 3),
    "bytes"
  };

  bench_run_group (run, &group);
}

void
bench_memory (const BenchRun *run)
{
  const BenchWay ways[] = {
    { "GObject", run_objects, make_object },
    { "GTask", run_objects, make_task },
    { "aiot_offload_async, queued", run_calls, NULL },
    { "AiotChannel, new", run_objects, make_channel },
    { "AiotChannel, empty again", run_objects, make_used_channel },
    { "AiotChannel and its reader", run_objects, make_reader },
    { "AiotThreadedIterator, not started", run_objects, make_iterator },
    { "AiotThreadedIterable", run_objects, make_iterable },
  };
  const BenchGroup group = {
    "memory", "Memory of one object that waits", ways, G_N_ELEMENTS (ways), bench_n_rounds (run, 5), "bytes"
  };

  bench_run_group (run, &group);
  measure_threads (run);
}
