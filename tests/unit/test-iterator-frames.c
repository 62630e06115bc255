/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

#include "aiot-clock-private.h"

/*
 * Frames go on while a flood of items arrives, whichever way they are taken. The clock is stopped: each item costs half a millisecond,
 * and they are all there before the first is taken.
 */

#define MS G_TIME_SPAN_MILLISECOND

/* GDK_PRIORITY_REDRAW */
#define REDRAW (G_PRIORITY_HIGH_IDLE + 20)

/* A slice below redraw that has just begun, half a callback, and what came back of the budget meanwhile. */
#define MAX_LATENESS (6 * MS)

#define N_ITEMS 2000
#define MANY    8

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotIterator *iterator;
  int n_taken;
  gboolean is_done;
  gint64 frame_due;
  gint64 worst_lateness;
  int n_frames;
} Fixture;

typedef struct
{
  GSource source;
  Fixture *fixture;
} Frames;

static gboolean
frame_is_due (GSource *source,
              int     *timeout)
{
  if (timeout != NULL)
    *timeout = -1;
  return aiot_clock_now () >= ((Frames *) source)->fixture->frame_due;
}

static gboolean
frame_check (GSource *source)
{
  return frame_is_due (source, NULL);
}

/* A frame clock that wants to draw every 16 ms, for 2 ms. */
static gboolean
draw_frame (GSource     *source,
            GSourceFunc  callback,
            gpointer     user_data)
{
  Fixture *fixture = ((Frames *) source)->fixture;

  fixture->worst_lateness = MAX (fixture->worst_lateness, aiot_clock_now () - fixture->frame_due);
  fixture->frame_due += 16 * MS;
  fixture->n_frames++;
  aiot_clock_advance (2 * MS);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs frame_funcs = { .prepare = frame_is_due, .check = frame_check, .dispatch = draw_frame };

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, N_ITEMS + 1);
  fixture->iterator = test_body_iterate (&fixture->body, NULL, AIOT_CAPACITY_UNBOUNDED, NULL);
  test_assert_next (fixture->iterator, 0);
  test_gate_wait (&fixture->body.ended);
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
  aiot_clock_stop ();
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  aiot_clock_resume ();
  test_drop (&fixture->iterator);
  test_body_clear (&fixture->body);
  test_loop_close (&fixture->loop);
}

static void
take (Fixture      *fixture,
      const GValue *item)
{
  g_assert_cmpint (test_number (item), ==, 1 + fixture->n_taken);
  fixture->n_taken++;
  aiot_clock_advance (MS / 2);
}

static void
next_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Fixture *fixture = user_data;
  const GValue *item = aiot_iterator_next_finish (fixture->iterator, result, NULL);

  fixture->is_done = item == NULL;
  if (item == NULL)
    return;

  take (fixture, item);
  aiot_iterator_next_async (fixture->iterator, NULL, next_cb, fixture);
}

static void
start_next (Fixture *fixture)
{
  aiot_iterator_next_async (fixture->iterator, NULL, next_cb, fixture);
}

static void
next_many_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (AiotBatch) batch = aiot_iterator_next_many_finish (fixture->iterator, result, NULL);

  fixture->is_done = batch == NULL;
  if (batch == NULL)
    return;

  for (guint i = 0; i < aiot_batch_get_length (batch); i++)
    take (fixture, aiot_batch_get_item (batch, i));
  aiot_iterator_next_many_async (fixture->iterator, 1, MANY, NULL, next_many_cb, fixture);
}

static void
start_next_many (Fixture *fixture)
{
  aiot_iterator_next_many_async (fixture->iterator, 1, MANY, NULL, next_many_cb, fixture);
}

static gboolean
each_item (const GValue *item,
           gpointer      user_data)
{
  take (user_data, item);
  return TRUE;
}

static void
foreach_cb (GObject      *source_object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (aiot_iterator_foreach_finish (fixture->iterator, result, NULL));
  fixture->is_done = TRUE;
}

static void
start_foreach (Fixture *fixture)
{
  aiot_iterator_foreach_async (fixture->iterator, each_item, fixture, NULL, NULL, foreach_cb, fixture);
}

typedef struct
{
  const char *path;
  void (*start) (Fixture *fixture);
  int n_at_a_time;           /* items that a callback takes at once */
} Way;

static const Way ways[] = {
  { "/iterator/frames/next-async-chain", start_next, 1 },
  { "/iterator/frames/next-many-chain", start_next_many, MANY },
  { "/iterator/frames/foreach", start_foreach, 1 },
};

/* A second of work that is ready all the time. Frames hardly have to wait. */
static void
test_frames (Fixture       *fixture,
             gconstpointer  data)
{
  const Way *way = data;
  GSource *frames = g_source_new (&frame_funcs, sizeof (Frames));
  gint64 started = aiot_clock_now ();

  ((Frames *) frames)->fixture = fixture;
  fixture->frame_due = started;
  g_source_set_priority (frames, REDRAW);
  g_source_attach (frames, fixture->loop.main_context);
  way->start (fixture);
  while (!fixture->is_done)
    g_main_context_iteration (fixture->loop.main_context, TRUE);

  g_assert_cmpint (fixture->n_taken, ==, N_ITEMS);
  g_assert_cmpint (fixture->worst_lateness, <=, MAX_LATENESS + (way->n_at_a_time - 1) * MS / 2);
  g_assert_cmpint (fixture->n_frames, >=, (aiot_clock_now () - started) / (16 * MS) - 1);
  g_source_destroy (frames);
  g_source_unref (frames);
}

/* --- slices of foreach --- */

typedef struct _Slices Slices;

typedef struct
{
  Slices *slices;
  TestBody body;
  AiotIterator *iterator;
  int n_taken;
  int in_a_row;
  gboolean is_done;
} Half;

struct _Slices
{
  Half halves[2];
  Half *last;
  gint64 cost;
  int most_in_a_row;         /* while the other one had something too */
};

static gboolean
take_in_turn (const GValue *item,
              gpointer      user_data)
{
  Half *half = user_data;
  Slices *slices = half->slices;
  Half *other = half == &slices->halves[0] ? &slices->halves[1] : &slices->halves[0];

  half->in_a_row = slices->last == half ? half->in_a_row + 1 : 1;
  slices->last = half;
  half->n_taken++;
  if (other->n_taken < N_ITEMS)
    slices->most_in_a_row = MAX (slices->most_in_a_row, half->in_a_row);
  aiot_clock_advance (slices->cost);
  return TRUE;
}

static void
half_done_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Half *half = user_data;

  g_assert_true (aiot_iterator_foreach_finish (half->iterator, result, NULL));
  half->is_done = TRUE;
}

/* Two that have all their items take turns, after so many or so much time. */
static void
test_slices (gconstpointer cost)
{
  TestLoop loop;
  Slices slices = { .cost = GPOINTER_TO_INT (cost) };

  test_loop_open (&loop);
  for (int i = 0; i < 2; i++)
    {
      Half *half = &slices.halves[i];

      test_body_init (&half->body, N_ITEMS + 1);
      half->slices = &slices;
      half->iterator = test_body_iterate (&half->body, NULL, AIOT_CAPACITY_UNBOUNDED, NULL);
      test_assert_next (half->iterator, 0);
      test_gate_wait (&half->body.ended);
      test_iterate_until (loop.main_context, &half->body.n_freed, 1);
    }
  aiot_clock_stop ();
  for (int i = 0; i < 2; i++)
    aiot_iterator_foreach_async (slices.halves[i].iterator, take_in_turn, &slices.halves[i], NULL, NULL,
                                 half_done_cb, &slices.halves[i]);
  while (!slices.halves[0].is_done || !slices.halves[1].is_done)
    {
      g_main_context_iteration (loop.main_context, FALSE);
      /* Whatever was used up comes back. */
      aiot_clock_advance (MS);
    }
  aiot_clock_resume ();

  g_assert_cmpint (slices.most_in_a_row, >, 0);
  g_assert_cmpint (slices.most_in_a_row, <=, slices.cost == 0 ? 64 : MS / slices.cost);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (slices.halves[i].n_taken, ==, N_ITEMS);
      test_drop (&slices.halves[i].iterator);
      test_body_clear (&slices.halves[i].body);
    }
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    ADD (ways[i].path, &ways[i], test_frames);
  g_test_add_data_func ("/iterator/frames/foreach-in-slices-of-64", GINT_TO_POINTER (0), test_slices);
  g_test_add_data_func ("/iterator/frames/foreach-in-slices-of-1-ms", GINT_TO_POINTER (MS / 4), test_slices);
  return g_test_run ();
}
