/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-floors.h"
#include "bench-libdex.h"
#include "bench-parts.h"
#include "bench-rust.h"

#include <aiothreads-glib/aiothreads-glib.h>

/* What a call costs, beside what it cannot be cheaper than and beside GLib's own way. */

/* --- calls: so many in flight, until so many are done --- */

typedef struct _Load Load;

struct _Load
{
  guint n_in_flight;
  guint n_operations;
  void (*start) (Load *self);

  GMainLoop *loop;
  guint n_started;
  guint n_done;
};

static void
load_one_done (Load *self)
{
  self->n_done++;
  if (self->n_done == self->n_operations)
    {
      g_main_loop_quit (self->loop);
    }
  else if (self->n_started < self->n_operations)
    {
      self->n_started++;
      self->start (self);
    }
}

static gboolean
set_answer (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  aiot_call_set_result_int64 (call, 42);
  return TRUE;
}

static void
offload_done_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  if (g_value_get_int64 (aiot_offload_finish (result, NULL)) != 42)
    g_error ("A call gave the wrong result");
  load_one_done (user_data);
}

static void
start_offload (Load *self)
{
  aiot_offload_async (NULL, set_answer, NULL, NULL, NULL, offload_done_cb, self);
}

static void
task_done_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  if (g_task_propagate_int (G_TASK (result), NULL) != 42)
    g_error ("A task gave the wrong result");
  load_one_done (user_data);
}

static void
return_answer (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  g_task_return_int (task, 42);
}

static void
start_task_in_thread (Load *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, task_done_cb, self);

  g_task_run_in_thread (task, return_answer);
}

static void
start_run_task (Load *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, task_done_cb, self);

  aiot_executor_run_task (NULL, task, return_answer);
}

/* What programs have that want a pool of their own. */
static void
return_answer_in_pool (gpointer task,
                       gpointer user_data)
{
  g_task_return_int (task, 42);
  g_object_unref (task);
}

static void
start_in_pool (Load *self)
{
  static GThreadPool *pool = NULL;

  if (pool == NULL)
    pool = g_thread_pool_new (return_answer_in_pool, NULL, g_get_num_processors (), FALSE, NULL);
  g_thread_pool_push (pool, g_task_new (NULL, NULL, task_done_cb, self), NULL);
}

static double
run_load (gpointer data)
{
  const Load *pattern = data;
  Load self = *pattern;
  gint64 start;
  double took;

  self.loop = g_main_loop_new (NULL, FALSE);

  start = g_get_monotonic_time ();
  for (; self.n_started < MIN (self.n_in_flight, self.n_operations); self.n_started++)
    self.start (&self);
  g_main_loop_run (self.loop);
  took = (double) (g_get_monotonic_time () - start) / self.n_operations;

  g_main_loop_unref (self.loop);
  return took;
}

/* --- a burst: how long a job waits behind thirty that sleep --- */

#define N_SLEEPERS 30

typedef struct
{
  gint64 sleep;         /* microseconds */
  gboolean by_task;

  gint64 asked;
  gint64 started;
  guint n_done;
} Burst;

static void
burst_count_cb (GObject      *source_object,
                GAsyncResult *result,
                gpointer      user_data)
{
  ((Burst *) user_data)->n_done++;
}

static gboolean
sleep_func (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  g_usleep (((Burst *) user_data)->sleep);
  return TRUE;
}

static gboolean
note_start_func (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  ((Burst *) user_data)->started = g_get_monotonic_time ();
  return TRUE;
}

static void
sleep_in_task (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  g_usleep (((Burst *) task_data)->sleep);
  g_task_return_boolean (task, TRUE);
}

static void
note_start_in_task (GTask        *task,
                    gpointer      source_object,
                    gpointer      task_data,
                    GCancellable *cancellable)
{
  ((Burst *) task_data)->started = g_get_monotonic_time ();
  g_task_return_boolean (task, TRUE);
}

static void
burst_start_task (Burst           *self,
                  GTaskThreadFunc  func)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, burst_count_cb, self);

  g_task_set_task_data (task, self, NULL);
  g_task_run_in_thread (task, func);
}

static double
run_burst (gpointer data)
{
  Burst self = *(Burst *) data;

  for (guint i = 0; i < N_SLEEPERS; i++)
    if (self.by_task)
      burst_start_task (&self, sleep_in_task);
    else
      aiot_offload_async (NULL, sleep_func, &self, NULL, NULL, burst_count_cb, &self);

  self.asked = g_get_monotonic_time ();
  if (self.by_task)
    burst_start_task (&self, note_start_in_task);
  else
    aiot_offload_async (NULL, note_start_func, &self, NULL, NULL, burst_count_cb, &self);

  while (self.n_done <= N_SLEEPERS)
    g_main_context_iteration (NULL, TRUE);
  return self.started - self.asked;
}

/* --- from a worker into the main loop and back --- */

typedef struct
{
  guint n_operations;
  GTask *result;            /* whatever an operation gives; it is not looked at */
  GMainLoop *loop;

  /* GLib's own way */
  GMutex mutex;
  GCond cond;
  gboolean is_done;
} RoundTrips;

static void
start_nothing (GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             callback_data,
               gpointer             user_data)
{
  callback (NULL, G_ASYNC_RESULT (((RoundTrips *) user_data)->result), callback_data);
}

static gboolean
finish_nothing (GObject       *source_object,
                GAsyncResult  *result,
                gpointer       user_data,
                GValue        *value,
                GError       **error)
{
  g_value_init (value, G_TYPE_INT);
  g_value_set_int (value, 42);
  return TRUE;
}

static gboolean
await_often (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  RoundTrips *self = user_data;

  for (guint i = 0; i < self->n_operations; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if (!aiot_sync_await (start_nothing, finish_nothing, self, NULL, AIOT_TIMEOUT_NONE, NULL, &value, error))
        return FALSE;
      if (g_value_get_int (&value) != 42)
        g_error ("An operation gave the wrong result");
    }
  return TRUE;
}

static gboolean
invoked (gpointer user_data)
{
  RoundTrips *self = user_data;

  g_mutex_lock (&self->mutex);
  self->is_done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  return G_SOURCE_REMOVE;
}

static gboolean
invoke_often (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  RoundTrips *self = user_data;

  for (guint i = 0; i < self->n_operations; i++)
    {
      self->is_done = FALSE;
      g_main_context_invoke (NULL, invoked, self);
      g_mutex_lock (&self->mutex);
      while (!self->is_done)
        g_cond_wait (&self->cond, &self->mutex);
      g_mutex_unlock (&self->mutex);
    }
  return TRUE;
}

static void
round_trips_done_cb (GObject      *source_object,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  if (aiot_offload_finish (result, &error) == NULL)
    g_error ("%s", error->message);
  g_main_loop_quit (((RoundTrips *) user_data)->loop);
}

static double
run_round_trips (gpointer       n_operations,
                 AiotThreadFunc func)
{
  RoundTrips self = { .n_operations = GPOINTER_TO_UINT (n_operations) };
  gint64 start = g_get_monotonic_time ();

  /* Else the first invocation, which may find a main context without an owner, runs in the worker. */
  g_main_context_acquire (NULL);
  self.result = g_task_new (NULL, NULL, NULL, NULL);
  self.loop = g_main_loop_new (NULL, FALSE);
  aiot_offload_async (NULL, func, &self, NULL, NULL, round_trips_done_cb, &self);
  g_main_loop_run (self.loop);
  g_main_loop_unref (self.loop);
  g_main_context_release (NULL);
  g_task_return_boolean (self.result, TRUE);
  g_object_unref (self.result);
  return (double) (g_get_monotonic_time () - start) / self.n_operations;
}

static double
run_sync_awaits (gpointer n_operations)
{
  return run_round_trips (n_operations, await_often);
}

static double
run_invocations (gpointer n_operations)
{
  return run_round_trips (n_operations, invoke_often);
}

/* --- the parts of the program --- */

#define TASK_THREAD "g_task_run_in_thread"
#define POOL        "GThreadPool and g_task_return"
#define INVOKE      "g_main_context_invoke"
#define LIBDEX      "libdex, a fiber in its pool"

void
bench_one_at_a_time (const BenchRun *run)
{
  const guint n = bench_scaled (run, 40000);
  Load offload = { 1, n, start_offload, 0 }, task = { 1, n / 4, start_task_in_thread, 0 };
  BenchTasks fibers = { n / 4, 1 };
  BenchRust tokio = { NULL, { 1, n / 4 } }, tokio_small = { NULL, { 1, n / 4, g_get_num_processors () } };
  const BenchWay ways[] = {
    { BENCH_PING_PONG, bench_ping_pong, GUINT_TO_POINTER (n) },
    { "aiot_offload_async", run_load, &offload, { BENCH_PING_PONG, 1, .outdoes = { TASK_THREAD } },
      .second_goal = { BENCH_TOKIO_SMALL, 1 } },
    { TASK_THREAD, run_load, &task },
    { LIBDEX, bench_libdex_calls, &fibers, .missing = bench_libdex_get_missing () },
    bench_rust_way (&tokio, run, "tokio-calls", BENCH_TOKIO),
    bench_rust_way (&tokio_small, run, "tokio-calls", BENCH_TOKIO_SMALL),
  };
  const BenchGroup group = { "one-at-a-time", "One call at a time, on one processor", ways, G_N_ELEMENTS (ways), 9 };

  bench_run_group (run, &group);
  bench_rust_clear (&tokio);
  bench_rust_clear (&tokio_small);
}

void
bench_sync_await (const BenchRun *run)
{
  const guint n = bench_scaled (run, 40000);
  const BenchWay ways[] = {
    { BENCH_PING_PONG, bench_ping_pong, GUINT_TO_POINTER (n) },
    { "aiot_sync_await", run_sync_awaits, GUINT_TO_POINTER (n), { BENCH_PING_PONG, 1.1, .outdoes = { INVOKE } } },
    { INVOKE, run_invocations, GUINT_TO_POINTER (n) },
  };
  const BenchGroup group = {
    "sync-await", "From a worker into the main loop and back, on one processor", ways, G_N_ELEMENTS (ways), 9
  };

  bench_run_group (run, &group);
}

/* @judges: whether GLib's own ways must not be faster; that of running a GTask as it is, is g_task_run_in_thread (). */
static void
run_in_flight (const BenchRun *run,
               guint           n_in_flight,
               gboolean        judges,
               const char     *key,
               const char     *title)
{
  const guint n = bench_scaled (run, 100000);
  BenchTasks bare = { n, n_in_flight }, fibers = { n / 4, n_in_flight };
  Load offload = { n_in_flight, n, start_offload, 0 };
  Load run_task = { n_in_flight, n / 4, start_run_task, 0 }, task = { n_in_flight, n / 4, start_task_in_thread, 0 };
  Load pool = { n_in_flight, n / 4, start_in_pool, 0 };
  BenchRust tokio = { NULL, { n_in_flight, n / 10 } };
  BenchRust tokio_small = { NULL, { n_in_flight, n, g_get_num_processors () } };
  const BenchWay ways[] = {
    { BENCH_BARE_TASK, bench_bare_tasks, &bare },
    { "aiot_offload_async", run_load, &offload, { BENCH_BARE_TASK, 1.3, .outdoes = { judges ? TASK_THREAD : NULL, POOL } } },
    { "aiot_executor_run_task", run_load, &run_task, { .outdoes = { judges ? TASK_THREAD : NULL } } },
    { TASK_THREAD, run_load, &task },
    { POOL, run_load, &pool },
    { LIBDEX, bench_libdex_calls, &fibers, .missing = bench_libdex_get_missing () },
    bench_rust_way (&tokio, run, "tokio-calls", BENCH_TOKIO),
    bench_rust_way (&tokio_small, run, "tokio-calls", BENCH_TOKIO_SMALL),
  };
  const BenchGroup group = { key, title, ways, G_N_ELEMENTS (ways), 5 };

  bench_run_group (run, &group);
  bench_rust_clear (&tokio);
  bench_rust_clear (&tokio_small);
}

void
bench_in_flight (const BenchRun *run)
{
  run_in_flight (run, 64, FALSE, "in-flight-64", "64 calls in flight");
  run_in_flight (run, 1000, FALSE, "in-flight-1000", "1000 calls in flight");
}

void
bench_in_flight_one_processor (const BenchRun *run)
{
  run_in_flight (run, 64, TRUE, "in-flight-64-one-processor", "64 calls in flight, on one processor");
  run_in_flight (run, 1000, TRUE, "in-flight-1000-one-processor", "1000 calls in flight, on one processor");
}

/* --- whether a call costs more where many are queued --- */

#define MANY(n) { n, bench_scaled (run, MAX (n, 50000)), start_offload, 0 }

void
bench_many_calls (const BenchRun *run)
{
  Load ten = MANY (10), hundred = MANY (100), thousand = MANY (1000), more = MANY (10000), many = MANY (100000);
  Load most = { bench_scaled (run, 1000000), bench_scaled (run, 1000000), start_offload, 0 };
  BenchTasks tasks = { most.n_operations, most.n_in_flight };
  const BenchWay ways[] = {
    { "10 calls", run_load, &ten },
    { "100 calls", run_load, &hundred },
    { "1000 calls", run_load, &thousand },
    { "10000 calls", run_load, &more },
    { "100000 calls", run_load, &many },
    { "1000000 calls", run_load, &most },
    { "1000000 bare GTasks, no thread", bench_bare_tasks, &tasks },
  };
  const BenchGroup group = {
    "many-calls", "A call among so many that are queued, on one processor", ways, G_N_ELEMENTS (ways), bench_n_rounds (run, 3)
  };

  bench_run_group (run, &group);
}

/* --- one thing alone, for who counts what it does --- */

void
bench_only_calls (const BenchRun *run)
{
  Load load = { 64, bench_scaled (run, BENCH_N_ALONE), start_offload, 0 };

  run_load (&load);
}

void
bench_only_tasks (const BenchRun *run)
{
  Load load = { 64, bench_scaled (run, BENCH_N_ALONE), start_task_in_thread, 0 };

  run_load (&load);
}

void
bench_burst (const BenchRun *run)
{
  const guint milliseconds = run->quick ? 50 : 500;
  g_autofree char *title = g_strdup_printf ("Until a job starts behind %d that sleep for %u ms", N_SLEEPERS, milliseconds);
  Burst task = { .sleep = milliseconds * G_TIME_SPAN_MILLISECOND, .by_task = TRUE }, offload = { .sleep = task.sleep };
  const BenchWay ways[] = {
    { TASK_THREAD, run_burst, &task },
    { "aiot_offload_async", run_burst, &offload },
  };
  const BenchGroup group = {
    "burst", title, ways, G_N_ELEMENTS (ways),
    bench_n_rounds (run, 5)
  };

  bench_run_group (run, &group);
}
