/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"

#include <aiothreads-glib/aiothreads-glib.h>

#include <malloc.h>

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

void
bench_memory (const BenchRun *run)
{
  const BenchWay ways[] = {
    { "GObject", run_objects, make_object },
    { "GTask", run_objects, make_task },
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
}
