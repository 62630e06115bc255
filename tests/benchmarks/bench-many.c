/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"

#include <aiothreads-glib/aiothreads-glib.h>

/*
 * Whether an item costs more where there are many channels: each has a reader that waits at home, and one thread sends to each
 * in turn.
 */

/* As many items for one channel before the next one has its turn. */
#define N_AT_ONCE 64

typedef struct
{
  guint n_channels;
  guint n_items;        /* all together */

  AiotChannel **channels;
  AiotIterator **readers;
  guint n_received;
  guint n_ended;
} Channels;

static gboolean
receive_func (const GValue *item,
              gpointer      user_data)
{
  ((Channels *) user_data)->n_received++;
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
  ((Channels *) user_data)->n_ended++;
}

static gpointer
send_to_each_in_turn (gpointer data)
{
  Channels *self = data;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < self->n_items; i++)
    if (!aiot_channel_send_int64 (self->channels[i / N_AT_ONCE % self->n_channels], i, NULL, &error))
      g_error ("%s", error->message);
  return NULL;
}

static void
do_what_is_left (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
open_channels (Channels *self)
{
  self->channels = g_new (AiotChannel *, self->n_channels);
  self->readers = g_new (AiotIterator *, self->n_channels);
  for (guint i = 0; i < self->n_channels; i++)
    {
      self->channels[i] = aiot_channel_new (1024);
      self->readers[i] = aiot_channel_iterate (self->channels[i]);
      aiot_iterator_foreach_async (self->readers[i], receive_func, self, NULL, NULL, foreach_done_cb, self);
    }
  do_what_is_left ();
}

static void
close_channels (Channels *self)
{
  for (guint i = 0; i < self->n_channels; i++)
    aiot_channel_close (self->channels[i]);
  while (self->n_ended < self->n_channels)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < self->n_channels; i++)
    {
      g_object_unref (self->readers[i]);
      g_object_unref (self->channels[i]);
    }
  g_clear_pointer (&self->readers, g_free);
  g_clear_pointer (&self->channels, g_free);
  do_what_is_left ();
}

/* Opening and closing them is not counted. */
static double
run_channels (gpointer data)
{
  Channels *self = data;
  GThread *sender;
  gint64 start;
  double took;

  self->n_received = 0;
  self->n_ended = 0;
  open_channels (self);
  start = g_get_monotonic_time ();
  sender = g_thread_new ("sender", send_to_each_in_turn, self);
  while (self->n_received < self->n_items)
    g_main_context_iteration (NULL, TRUE);
  took = (double) (g_get_monotonic_time () - start) / self->n_items;
  g_thread_join (sender);
  close_channels (self);
  return took;
}

/* Opened, one item, closed and freed. */
static double
run_lives (gpointer data)
{
  Channels self = *(Channels *) data;
  gint64 start = g_get_monotonic_time ();

  open_channels (&self);
  for (guint i = 0; i < self.n_channels; i++)
    aiot_channel_send_int64 (self.channels[i], i, NULL, NULL);
  while (self.n_received < self.n_channels)
    g_main_context_iteration (NULL, TRUE);
  close_channels (&self);
  return (double) (g_get_monotonic_time () - start) / self.n_channels;
}

void
bench_many_channels (const BenchRun *run)
{
  const guint n = bench_scaled (run, 640000);
  Channels one = { 1, n }, ten = { 10, n }, hundred = { 100, n }, thousand = { 1000, n }, most = { 10000, n };
  const BenchWay ways[] = {
    { "1 channel", run_channels, &one },
    { "10 channels", run_channels, &ten },
    { "100 channels", run_channels, &hundred },
    { "1000 channels", run_channels, &thousand },
    { "10000 channels", run_channels, &most },
  };
  const BenchGroup group = {
    "many-channels", "An item, by foreach_async, 64 to each of so many channels in turn", ways, G_N_ELEMENTS (ways),
    bench_n_rounds (run, 5)
  };
  const BenchWay lives[] = {
    { "100 channels", run_lives, &hundred },
    { "1000 channels", run_lives, &thousand },
    { "10000 channels", run_lives, &most },
  };
  const BenchGroup group_lives = {
    "channel-lives", "The life of a channel with a reader and one item, many of them together", lives,
    G_N_ELEMENTS (lives), bench_n_rounds (run, 5)
  };

  bench_run_group (run, &group);
  bench_run_group (run, &group_lives);
}
