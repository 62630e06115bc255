/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-floors.h"
#include "bench-parts.h"
#include "bench-rust.h"

#include <aiothreads-glib/aiothreads-glib.h>

/* What an item of many costs, where threads call a function that adds 1 with each of them, and one thread gets all results. */

/* Of items that were 0 and up */
static void
check_results (const gint64 *results,
               guint         n_items)
{
  gint64 sum = 0;

  for (guint i = 0; i < n_items; i++)
    sum += results[i];
  if (sum != (gint64) n_items * (n_items + 1) / 2)
    g_error ("The results are wrong");
}

/* --- ours --- */

typedef struct _Mapping Mapping;

struct _Mapping
{
  guint n_items;
  void (*begin) (Mapping *self);
  guint n_parallel;
  void (*collect) (AiotIterator *results,
                   gpointer      mapping);

  GMainLoop *loop;
  gint64 *results;
  guint n_results;
};

static gboolean
add_one (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  aiot_call_set_result_int64 (call, g_value_get_int64 (aiot_call_get_argument (call)) + 1);
  return TRUE;
}

static void
mapping_take_result (Mapping      *self,
                     const GValue *result)
{
  self->results[self->n_results++] = g_value_get_int64 (result);
}

static void
mapping_end (Mapping *self)
{
  if (self->n_results != self->n_items)
    g_error ("Not all results came");
  g_main_loop_quit (self->loop);
}

static gboolean
take_result_func (const GValue *item,
                  gpointer      user_data)
{
  mapping_take_result (user_data, item);
  return TRUE;
}

static void
foreach_done_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error);
  bench_stop_on_error (error);
  mapping_end (user_data);
}

static void
collect_by_foreach (AiotIterator *results,
                    gpointer      mapping)
{
  aiot_iterator_foreach_async (results, take_result_func, mapping, NULL, NULL, foreach_done_cb, mapping);
}

static void
item_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Mapping *self = user_data;
  AiotIterator *results = AIOT_ITERATOR (source_object);
  g_autoptr (GError) error = NULL;
  const GValue *item = aiot_iterator_next_finish (results, result, &error);

  bench_stop_on_error (error);
  if (item == NULL)
    {
      mapping_end (self);
      return;
    }
  mapping_take_result (self, item);
  aiot_iterator_next_async (results, NULL, item_cb, self);
}

static void
collect_by_item (AiotIterator *results,
                 gpointer      mapping)
{
  aiot_iterator_next_async (results, NULL, item_cb, mapping);
}

static gboolean
emit_items (AiotGenerator  *generator,
            gpointer        user_data,
            GError        **error)
{
  const Mapping *self = user_data;

  for (gint64 i = 0; i < self->n_items; i++)
    if (!aiot_generator_emit_int64 (generator, i, error))
      return FALSE;
  return TRUE;
}

static void
begin_map (Mapping *self)
{
  g_autoptr (AiotThreadedIterator) items = aiot_threaded_iterator_new (emit_items, self, NULL, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  g_autoptr (AiotIterator) results = aiot_iterator_map (AIOT_ITERATOR (items), NULL, self->n_parallel, AIOT_ORDER_GIVEN,
                                                        add_one, NULL, NULL);

  self->collect (results, self);
}

static void
call_done_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Mapping *self = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_threaded_call_finish (AIOT_THREADED (source_object), result, &error);

  bench_stop_on_error (error);
  mapping_take_result (self, value);
  if (self->n_results == self->n_items)
    mapping_end (self);
}

static void
begin_calls (Mapping *self)
{
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (add_one, NULL, NULL);
  g_auto (GValue) item = G_VALUE_INIT;

  g_value_init (&item, G_TYPE_INT64);
  for (gint64 i = 0; i < self->n_items; i++)
    {
      g_value_set_int64 (&item, i);
      aiot_threaded_call_async (threaded, &item, NULL, call_done_cb, self);
    }
}

static double
run_mapping (gpointer data)
{
  const Mapping *pattern = data;
  Mapping self = *pattern;
  g_autofree gint64 *results = g_new (gint64, self.n_items);
  gint64 start = g_get_monotonic_time ();
  double took;

  self.results = results;
  self.loop = g_main_loop_new (NULL, FALSE);
  self.begin (&self);
  g_main_loop_run (self.loop);
  took = (double) (g_get_monotonic_time () - start) / self.n_items;

  g_main_loop_unref (self.loop);
  check_results (results, self.n_items);
  return took;
}

/* --- a pool of GLib, for which the main loop waits --- */

static void
add_one_in_pool (gpointer item,
                 gpointer user_data)
{
  *(gint64 *) item += 1;
}

static double
run_pool (gpointer data)
{
  const guint n_items = GPOINTER_TO_UINT (data);
  g_autofree gint64 *items = g_new (gint64, n_items);
  gint64 start = g_get_monotonic_time ();
  GThreadPool *pool = g_thread_pool_new (add_one_in_pool, NULL, g_get_num_processors (), FALSE, NULL);
  double took;

  for (guint i = 0; i < n_items; i++)
    {
      items[i] = i;
      g_thread_pool_push (pool, &items[i], NULL);
    }
  g_thread_pool_free (pool, FALSE, TRUE);
  took = (double) (g_get_monotonic_time () - start) / n_items;

  check_results (items, n_items);
  return took;
}

/* --- the part of the program --- */

#define GOAL        { BENCH_TOKIO_SMALL, 1 }

/* What takes longer gets less to do: a map that has a call for each processor only, and tokio with all the threads it likes. */
void
bench_map (const BenchRun *run)
{
  const guint n = bench_scaled (run, 100000);
  BenchTasks bare = { n, n };
  BenchRust tokio = { NULL, { n / 10 } }, tokio_small = { NULL, { n, g_get_num_processors () } };
  Mapping few = { n / 20, begin_map, 0, collect_by_foreach };
  Mapping by_foreach = { n, begin_map, 1000, collect_by_foreach }, by_item = { n, begin_map, 1000, collect_by_item };
  Mapping calls = { n, begin_calls };
  const BenchWay ways[] = {
    { BENCH_BARE_TASK, bench_bare_tasks, &bare },
    { "map, 1000 at a time, foreach_async", run_mapping, &by_foreach, GOAL },
    { "map, 1000 at a time, next_async", run_mapping, &by_item, GOAL },
    { "map, one for each processor", run_mapping, &few, GOAL },
    { "aiot_threaded_call_async for each", run_mapping, &calls, GOAL },
    { "GThreadPool, the main loop waits", run_pool, GUINT_TO_POINTER (n) },
    bench_rust_way (&tokio, run, "tokio-map", BENCH_TOKIO),
    bench_rust_way (&tokio_small, run, "tokio-map", BENCH_TOKIO_SMALL),
  };
  const BenchGroup group = { "map", "An item of many that are mapped", ways, G_N_ELEMENTS (ways), 5 };

  bench_run_group (run, &group);
  bench_rust_clear (&tokio);
  bench_rust_clear (&tokio_small);
}
