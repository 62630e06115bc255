/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-floors.h"
#include "bench-libdex.h"
#include "bench-parts.h"
#include "bench-processors.h"
#include "bench-rust.h"
#include "bench-stream-peers.h"

#include <aiothreads-glib/aiothreads-glib.h>

/* What an item costs from where it is made, in another thread, to a callback on the main loop. */

#define CAPACITY   1024
#define BATCH_SIZE 256

/* --- items made, in a generator or by a thread of the program --- */

typedef struct
{
  guint n_items;
  guint capacity;
  void (*consume) (AiotIterator *iterator,
                   gpointer      consumption);
} Pattern;

typedef struct
{
  GMainLoop *loop;
  gint64 next;          /* the item that has to come now */
} Consumption;

static gboolean
emit_numbers (AiotGenerator  *generator,
              gpointer        user_data,
              GError        **error)
{
  const Pattern *pattern = user_data;

  bench_processors_begin_producer ();
  for (gint64 i = 0; i < pattern->n_items; i++)
    if (!aiot_generator_emit_int64 (generator, i, error))
      return FALSE;
  return TRUE;
}

typedef struct
{
  AiotChannel *channel;
  guint n_items;
} Sender;

static gpointer
send_numbers (gpointer data)
{
  Sender *self = data;
  g_autoptr (GError) error = NULL;

  bench_processors_begin_producer ();
  for (gint64 i = 0; i < self->n_items; i++)
    if (!aiot_channel_send_int64 (self->channel, i, NULL, &error))
      g_error ("%s", error->message);
  aiot_channel_close (self->channel);
  return NULL;
}

/* --- items consumed, in three ways --- */

static void
consume_item (Consumption  *self,
              const GValue *item)
{
  if (g_value_get_int64 (item) != self->next)
    g_error ("An item came out of its turn");
  self->next++;
}

static gboolean
consume_item_func (const GValue *item,
                   gpointer      user_data)
{
  consume_item (user_data, item);
  return TRUE;
}

static void
foreach_done_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Consumption *self = user_data;
  g_autoptr (GError) error = NULL;

  aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error);
  bench_stop_on_error (error);
  g_main_loop_quit (self->loop);
}

static void
consume_by_foreach (AiotIterator *iterator,
                    gpointer      consumption)
{
  aiot_iterator_foreach_async (iterator, consume_item_func, consumption, NULL, NULL, foreach_done_cb, consumption);
}

static void
batch_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Consumption *self = user_data;
  AiotIterator *iterator = AIOT_ITERATOR (source_object);
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotBatch) batch = aiot_iterator_next_many_finish (iterator, result, &error);
  guint length = batch != NULL ? aiot_batch_get_length (batch) : 0;

  bench_stop_on_error (error);
  for (guint i = 0; i < length; i++)
    consume_item (self, aiot_batch_get_item (batch, i));
  if (batch != NULL)
    aiot_iterator_next_many_async (iterator, 1, BATCH_SIZE, NULL, batch_cb, self);
  else
    g_main_loop_quit (self->loop);
}

static void
consume_by_batch (AiotIterator *iterator,
                  gpointer      consumption)
{
  aiot_iterator_next_many_async (iterator, 1, BATCH_SIZE, NULL, batch_cb, consumption);
}

static void
item_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Consumption *self = user_data;
  AiotIterator *iterator = AIOT_ITERATOR (source_object);
  g_autoptr (GError) error = NULL;
  const GValue *item = aiot_iterator_next_finish (iterator, result, &error);

  bench_stop_on_error (error);
  if (item == NULL)
    {
      g_main_loop_quit (self->loop);
      return;
    }
  consume_item (self, item);
  aiot_iterator_next_async (iterator, NULL, item_cb, self);
}

static void
consume_by_item (AiotIterator *iterator,
                 gpointer      consumption)
{
  aiot_iterator_next_async (iterator, NULL, item_cb, consumption);
}

/* --- both together --- */

static void
consume (const Pattern *pattern,
         AiotIterator  *iterator)
{
  Consumption consumption = { .loop = g_main_loop_new (NULL, FALSE) };

  pattern->consume (iterator, &consumption);
  g_main_loop_run (consumption.loop);
  g_main_loop_unref (consumption.loop);
  if (consumption.next != pattern->n_items)
    g_error ("Not all items came");
}

static double
run_generator (gpointer data)
{
  Pattern *pattern = data;
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (emit_numbers, pattern, NULL);
  g_autoptr (AiotThreadedIterator) iterator = NULL;
  gint64 start = g_get_monotonic_time ();

  aiot_threaded_iterable_set_capacity (iterable, pattern->capacity);
  iterator = aiot_threaded_iterable_iterate (iterable, NULL, NULL);
  consume (pattern, AIOT_ITERATOR (iterator));
  return (double) (g_get_monotonic_time () - start) / pattern->n_items;
}

static double
run_channel (gpointer data)
{
  const Pattern *pattern = data;
  g_autoptr (AiotChannel) channel = aiot_channel_new (pattern->capacity);
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (channel);
  Sender sender = { channel, pattern->n_items };
  gint64 start = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("sender", send_numbers, &sender);

  consume (pattern, reader);
  g_thread_join (thread);
  return (double) (g_get_monotonic_time () - start) / pattern->n_items;
}

/* --- the parts of the program --- */

#define TOKIO  "tokio mpsc, to a task"
#define INVOKE "g_main_context_invoke"

/* @slower: the way that every one of ours outdoes; NULL: none */
static void
run_streams (const BenchRun *run,
             const char     *slower,
             const char     *key,
             const char     *title)
{
  const guint n = bench_scaled (run, 400000);
  const gpointer some = GUINT_TO_POINTER (n / 4);
  BenchTasks bare = { n / 4, 64 };
  Pattern by_foreach = { n, CAPACITY, consume_by_foreach };
  Pattern by_batch = { n, CAPACITY, consume_by_batch };
  Pattern by_item = { n / 4, CAPACITY, consume_by_item };
  BenchRust tokio = { NULL, { CAPACITY, n, bench_processors_get_producer () } }, crossbeam = tokio, std = tokio;
  const BenchWay ways[] = {
    { "GAsyncQueue, push and pop in one thread", bench_queue_alone, GUINT_TO_POINTER (n) },
    { "GAsyncQueue, from thread to thread", bench_queue_threads, GUINT_TO_POINTER (n) },
    { INVOKE, bench_invoke, some },
    { BENCH_BARE_TASK, bench_bare_tasks, &bare },
    bench_rust_way (&tokio, run, "tokio", TOKIO),
    bench_rust_way (&crossbeam, run, "crossbeam", "crossbeam-channel, to a thread"),
    { "libdex, to a fiber on the main loop", bench_libdex_stream, some, .missing = bench_libdex_get_missing () },
    bench_rust_way (&std, run, "std", "Rust's std::sync_channel, to a thread"),
    { "generator, foreach_async", run_generator, &by_foreach, { TOKIO, 0.45, .outdoes = { slower } } },
    { "generator, next_many_async", run_generator, &by_batch, { TOKIO, 0.7, .outdoes = { slower } } },
    { "generator, next_async", run_generator, &by_item, { BENCH_BARE_TASK, 1.3, .outdoes = { slower } } },
    { "channel, foreach_async", run_channel, &by_foreach, { TOKIO, 0.45, .outdoes = { slower } } },
  };
  const BenchGroup group = { key, title, ways, G_N_ELEMENTS (ways), 7 };

  bench_run_group (run, &group);
  bench_rust_clear (&tokio);
  bench_rust_clear (&crossbeam);
  bench_rust_clear (&std);
}

void
bench_stream (const BenchRun *run)
{
  run_streams (run, NULL, "stream",
               bench_processors_use_two () ? "An item through a queue of 1024 to a callback on the main loop, on two processors"
                                           : "An item through a queue of 1024 to a callback on the main loop; there is one "
                                             "processor only");
}

void
bench_stream_one_processor (const BenchRun *run)
{
  run_streams (run, INVOKE, "stream-one-processor", "The same, on one processor");
}

/* One thing alone, for who counts what it does. */
void
bench_only_invocations (const BenchRun *run)
{
  bench_invoke (GUINT_TO_POINTER (bench_scaled (run, BENCH_N_ALONE)));
}

void
bench_only_stream (const BenchRun *run)
{
  Pattern by_foreach = { bench_scaled (run, BENCH_N_ALONE), CAPACITY, consume_by_foreach };

  run_generator (&by_foreach);
}

void
bench_only_channel (const BenchRun *run)
{
  Pattern by_foreach = { bench_scaled (run, BENCH_N_ALONE), CAPACITY, consume_by_foreach };

  run_channel (&by_foreach);
}

void
bench_capacity_one (const BenchRun *run)
{
  const guint n = bench_scaled (run, 20000);
  const char *floor = BENCH_PING_PONG;
  Pattern by_item = { n, 1, consume_by_item }, by_foreach = { n, 1, consume_by_foreach };
  BenchRust tokio = { NULL, { 1, n, bench_processors_get_producer () } };
  const BenchWay ways[] = {
    { floor, bench_ping_pong, GUINT_TO_POINTER (n) },
    bench_rust_way (&tokio, run, "tokio", TOKIO),
    { "generator, next_async", run_generator, &by_item, { .against = floor, .at_most = 1.2 } },
    { "generator, foreach_async", run_generator, &by_foreach },
    { "channel, next_async", run_channel, &by_item },
  };
  const BenchGroup group = {
    "capacity-one", "An item through a queue of 1, on one processor", ways, G_N_ELEMENTS (ways), 9
  };

  bench_run_group (run, &group);
  bench_rust_clear (&tokio);
}
