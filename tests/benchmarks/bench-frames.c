/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"
#include "bench-screen.h"

#include <aiothreads-glib/aiothreads-glib.h>

/*
 * How many frames a main loop draws while a worker has more and more items for it. The worker sends as fast as it can; each
 * item costs 20 µs on the main loop, so that they and the redraws need four fifths of the time together.
 */

#define ITEM_COST  20
#define CAPACITY   1024
#define N_WARM_UP  30

/* No item may be lost, however long it takes; only a program that hangs takes this much longer. */
#define PATIENCE (20 * G_TIME_SPAN_SECOND)

typedef struct _Scene Scene;

struct _Scene
{
  guint n_items;
  gint64 duration;
  void (*start) (Scene *self);      /* NULL: nothing but frames */

  guint n_received;
  AiotIterator *iterator;
  GThread *thread;

  /* in milliseconds, one for each run */
  GArray *gaps;
  guint n_gaps_read;
};

static void
receive_item (Scene *self)
{
  bench_work (ITEM_COST);
  self->n_received++;
}

/* --- GLib's own way --- */

static gboolean
invoked (gpointer data)
{
  receive_item (data);
  return G_SOURCE_REMOVE;
}

static gpointer
invoke_for_all (gpointer data)
{
  Scene *self = data;

  for (guint i = 0; i < self->n_items; i++)
    g_main_context_invoke (NULL, invoked, self);
  return NULL;
}

static void
start_invocations (Scene *self)
{
  self->thread = g_thread_new ("producer", invoke_for_all, self);
}

/* --- a generator --- */

static gboolean
emit_all (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  Scene *self = user_data;

  for (gint64 i = 0; i < self->n_items; i++)
    if (!aiot_generator_emit_int64 (generator, i, error))
      return FALSE;
  return TRUE;
}

static void
make_iterator (Scene *self)
{
  self->iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_all, self, NULL, NULL, CAPACITY, NULL));
}

static gboolean
receive_func (const GValue *item,
              gpointer      user_data)
{
  receive_item (user_data);
  return TRUE;
}

static void
foreach_done_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  if (!aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error))
    g_error ("%s", error->message);
}

static void
start_foreach (Scene *self)
{
  make_iterator (self);
  aiot_iterator_foreach_async (self->iterator, receive_func, self, NULL, NULL, foreach_done_cb, NULL);
}

static void
item_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Scene *self = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *item = aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, &error);

  if (error != NULL)
    g_error ("%s", error->message);
  if (item == NULL)
    return;
  receive_item (self);
  aiot_iterator_next_async (AIOT_ITERATOR (source_object), NULL, item_cb, self);
}

static void
start_nexts (Scene *self)
{
  make_iterator (self);
  aiot_iterator_next_async (self->iterator, NULL, item_cb, self);
}

/* --- the frames of a run --- */

static void
draw_for (gint64 duration)
{
  gint64 end = g_get_monotonic_time () + duration;

  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
}

static void
draw_until_all_came (Scene *self)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;

  while (self->n_received < self->n_items && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  if (self->n_received < self->n_items)
    g_error ("Only %u of %u items came", self->n_received, self->n_items);
}

static void
clear_producer (Scene *self)
{
  g_clear_object (&self->iterator);
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
}

/* Gaps count until the last item has come, frames as long as said. */
static double
run_scene (gpointer data)
{
  Scene *self = data;
  BenchScreen screen;
  guint n_drawn;
  double gap;

  bench_screen_start (&screen);
  while (screen.n_drawn < N_WARM_UP)
    g_main_context_iteration (NULL, TRUE);
  bench_screen_count_anew (&screen);

  self->n_received = 0;
  if (self->start != NULL)
    self->start (self);
  draw_for (self->duration);
  n_drawn = screen.n_drawn;
  if (self->start != NULL)
    draw_until_all_came (self);
  bench_screen_stop (&screen);
  clear_producer (self);

  gap = (double) screen.worst_gap / G_TIME_SPAN_MILLISECOND;
  g_array_append_val (self->gaps, gap);
  return n_drawn;
}

static double
read_gap (gpointer data)
{
  Scene *self = data;

  return g_array_index (self->gaps, double, self->n_gaps_read++);
}

/* --- the part of the program --- */

/* Alone it is what the promise says: 3 s, 100 000 items. Among the others it is shorter. */
void
bench_frames (const BenchRun *run)
{
  const guint milliseconds = run->chosen ? 3000 : 1000;
  const guint n_items = bench_scaled (run, run->chosen ? 100000 : 33333);
  const gint64 duration = bench_scaled (run, milliseconds) * G_TIME_SPAN_MILLISECOND;
  const guint n_frames = duration / BENCH_FRAME;
  /* 185 of 187, and as many of fewer */
  const BenchGoal all_frames = { .at_least = n_frames - (n_frames > 100 ? 2 : 1) };
  const BenchGoal no_gap = { .at_most = 25 };
  g_autofree char *title = g_strdup_printf ("Frames drawn of %u, while a worker sends %u items that cost %d µs each",
                                            n_frames, n_items, ITEM_COST);
  Scene scenes[] = {
    { n_items, duration, NULL },
    { n_items, duration, start_invocations },
    { n_items, duration, start_foreach },
    { n_items, duration, start_nexts },
  };
  const BenchWay ways[] = {
    { "nothing else", run_scene, &scenes[0] },
    { "g_main_context_invoke", run_scene, &scenes[1] },
    { "generator, foreach_async", run_scene, &scenes[2], all_frames },
    { "generator, next_async", run_scene, &scenes[3], all_frames },
  };
  const BenchWay gap_ways[] = {
    { "nothing else", read_gap, &scenes[0] },
    { "g_main_context_invoke", read_gap, &scenes[1] },
    { "generator, foreach_async", read_gap, &scenes[2], no_gap },
    { "generator, next_async", read_gap, &scenes[3], no_gap },
  };
  const guint n_rounds = bench_n_rounds (run, 5);
  const BenchGroup group = { "frames", title, ways, G_N_ELEMENTS (ways), n_rounds, "frames" };
  const BenchGroup gaps = {
    "frame-gap", "The worst gap between two frames meanwhile", gap_ways, G_N_ELEMENTS (gap_ways), n_rounds, "ms"
  };

  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    scenes[i].gaps = g_array_new (FALSE, FALSE, sizeof (double));
  bench_run_group (run, &group);
  bench_run_group (run, &gaps);
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    g_array_unref (scenes[i].gaps);
}
