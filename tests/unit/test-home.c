/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"
#include "aiot-home-private.h"

#include <unistd.h>

/*
 * Home itself: what it runs in which order, when it wakes its main context, and what it leaves to others. Entries are pushed
 * by hand, and the clock is stopped where time matters, so each test has one possible course.
 */

#define MS G_TIME_SPAN_MILLISECOND

/* GDK_PRIORITY_REDRAW */
#define REDRAW (G_PRIORITY_HIGH_IDLE + 20)

typedef struct
{
  TestLoop loop;
  AiotHome *home;
  GString *log;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  fixture->home = aiot_home_dup_thread_default ();
  fixture->log = g_string_new (NULL);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  g_clear_pointer (&fixture->home, aiot_home_unref);
  test_loop_close (&fixture->loop);
  g_string_free (fixture->log, TRUE);
}

typedef struct
{
  AiotHomeEntry entry;
  char name;
  GString *log;
  gint64 cost;             /* by the stopped clock */
  void (*also) (gpointer);
  gpointer data;
} Note;

static void
note_run (AiotHomeEntry *entry)
{
  Note *note = (Note *) entry;

  g_string_append_c (note->log, note->name);
  if (note->cost > 0)
    aiot_clock_advance (note->cost);
  if (note->also != NULL)
    note->also (note->data);
  g_free (note);
}

static void
note_release (AiotHomeEntry *entry)
{
  g_free (entry);
}

static const AiotHomeEntryFuncs completion_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = note_run,
  .release = note_release,
};

static const AiotHomeEntryFuncs background_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = note_run,
  .release = note_release,
};

static void
push (Fixture                  *fixture,
      const AiotHomeEntryFuncs *funcs,
      char                      name,
      gint64                    cost,
      void                    (*also) (gpointer),
      gpointer                  data)
{
  Note *note = g_new (Note, 1);

  *note = (Note) { { NULL, funcs }, name, fixture->log, cost, also, data };
  aiot_home_push (fixture->home, &note->entry);
}

static void
push_letters (Fixture                  *fixture,
              const AiotHomeEntryFuncs *funcs,
              const char               *letters,
              gint64                    cost)
{
  for (; *letters != '\0'; letters++)
    push (fixture, funcs, *letters, cost, NULL, NULL);
}

static void
iterate_until_logged (Fixture *fixture,
                      gsize    length)
{
  while (fixture->log->len < length)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
}

/* --- order --- */

static gpointer
push_from_thread (gpointer data)
{
  push_letters (data, &completion_funcs, "fghij", 0);
  return NULL;
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  push_letters (fixture, &completion_funcs, "abcde", 0);
  g_thread_join (g_thread_new ("pusher", push_from_thread, fixture));
  push_letters (fixture, &completion_funcs, "klm", 0);
  iterate_until_logged (fixture, 13);
  g_assert_cmpstr (fixture->log->str, ==, "abcdefghijklm");
}

static void
test_completions_first (Fixture       *fixture,
                        gconstpointer  data)
{
  push_letters (fixture, &background_funcs, "xyz", 0);
  push_letters (fixture, &completion_funcs, "abc", 0);
  iterate_until_logged (fixture, 6);
  g_assert_cmpstr (fixture->log->str, ==, "abcxyz");
}

/* --- nested loops --- */

static void
iterate_once (gpointer data)
{
  Fixture *fixture = data;

  g_string_append_c (fixture->log, '(');
  g_main_context_iteration (fixture->loop.main_context, TRUE);
  g_string_append_c (fixture->log, ')');
}

/* A callback that runs a main loop: what is queued behind it arrives in there, in order. */
static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  push (fixture, &completion_funcs, 'a', 0, iterate_once, fixture);
  push_letters (fixture, &completion_funcs, "bc", 0);
  iterate_until_logged (fixture, 5);
  g_assert_cmpstr (fixture->log->str, ==, "a(bc)");
}

static void
wait_for_worker (gpointer data)
{
  Fixture *fixture = data;
  GThread *thread = g_thread_new ("pusher", push_from_thread, fixture);

  /* The nested loop sleeps: the outer dispatch has not told the worker that anybody sleeps. */
  g_string_append_c (fixture->log, '(');
  iterate_until_logged (fixture, 7);
  g_string_append_c (fixture->log, ')');
  g_thread_join (thread);
}

static void
test_nested_sleeps (Fixture       *fixture,
                    gconstpointer  data)
{
  push (fixture, &completion_funcs, 'a', 0, wait_for_worker, fixture);
  iterate_until_logged (fixture, 8);
  g_assert_cmpstr (fixture->log->str, ==, "a(fghij)");
}

/* --- waking --- */

/* How often the main context was woken since last asked; its descriptor is an eventfd, which counts. */
static guint64
read_n_wakeups (int fd)
{
  GPollFD poll_fd = { fd, G_IO_IN, 0 };
  guint64 count = 0;

  if (g_poll (&poll_fd, 1, 0) == 1)
    g_assert_cmpint (read (fd, &count, sizeof count), ==, sizeof count);
  return count;
}

static void
test_wakes_once (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  int fd = aiot_main_context_get_fd (fixture->loop.main_context, &error);

  g_assert_no_error (error);
  read_n_wakeups (fd);

  for (int round = 0; round < 3; round++)
    {
      g_assert_cmpuint (read_n_wakeups (fd), ==, 0);
      for (int i = 0; i < 1000; i++)
        push_letters (fixture, i % 2 == 0 ? &completion_funcs : &background_funcs, "a", 0);
      g_assert_cmpuint (read_n_wakeups (fd), ==, 1);

      while (g_main_context_iteration (fixture->loop.main_context, FALSE))
        ;
      g_assert_cmpuint (fixture->log->len, ==, 1000 * (round + 1));
      read_n_wakeups (fd);
    }
}

typedef struct
{
  Fixture *fixture;
  int fd;
} Waking;

static void
push_while_awake (gpointer data)
{
  Waking *waking = data;

  read_n_wakeups (waking->fd);
  push_letters (waking->fixture, &completion_funcs, "bcd", 0);
  g_assert_cmpuint (read_n_wakeups (waking->fd), ==, 0);
}

/* Home that works looks again by itself before it sleeps. */
static void
test_no_wakeup_while_awake (Fixture       *fixture,
                            gconstpointer  data)
{
  Waking waking = { fixture, aiot_main_context_get_fd (fixture->loop.main_context, NULL) };

  push (fixture, &completion_funcs, 'a', 0, push_while_awake, &waking);
  iterate_until_logged (fixture, 4);
  g_assert_cmpstr (fixture->log->str, ==, "abcd");
}

/* --- frames --- */

static gint64 now_ready_from;
static int n_frames;
static gint64 worst_lateness;

static gboolean
frame_is_due (GSource *source,
              int     *timeout)
{
  if (timeout != NULL)
    *timeout = -1;
  return aiot_clock_now () >= now_ready_from;
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
  worst_lateness = MAX (worst_lateness, aiot_clock_now () - now_ready_from);
  now_ready_from += 16 * MS;
  n_frames++;
  aiot_clock_advance (2 * MS);
  return G_SOURCE_CONTINUE;
}

/* A slice below redraw that has just begun, half a callback, and what came back of the budget meanwhile. */
#define MAX_LATENESS (6 * MS)

static GSourceFuncs frame_funcs = { .prepare = frame_is_due, .check = frame_check, .dispatch = draw_frame };

static GSource *
start_frames (Fixture *fixture)
{
  GSource *frames = g_source_new (&frame_funcs, sizeof (GSource));

  g_source_set_priority (frames, REDRAW);
  g_source_attach (frames, fixture->loop.main_context);
  now_ready_from = aiot_clock_now ();
  n_frames = 0;
  worst_lateness = 0;
  return frames;
}

static void
stop_frames (GSource *frames)
{
  g_source_destroy (frames);
  g_source_unref (frames);
  aiot_clock_resume ();
}

/* A second of work that comes all at once, in pieces of half a millisecond. Frames hardly have to wait. */
static void
test_frames_flood (Fixture       *fixture,
                   gconstpointer  funcs)
{
  gint64 started;
  GSource *frames;

  aiot_clock_stop ();
  started = aiot_clock_now ();
  frames = start_frames (fixture);
  for (int i = 0; i < 2000; i++)
    push (fixture, funcs, 'a', MS / 2, NULL, NULL);
  iterate_until_logged (fixture, 2000);

  g_assert_cmpint (worst_lateness, <=, MAX_LATENESS);
  g_assert_cmpint (n_frames, >=, (aiot_clock_now () - started) / (16 * MS) - 1);
  stop_frames (frames);
}

static void push_next (gpointer data);

typedef struct
{
  Fixture *fixture;
  int n_left;
} Chain;

static void
push_next (gpointer data)
{
  Chain *chain = data;

  if (--chain->n_left > 0)
    push (chain->fixture, &completion_funcs, 'a', MS / 2, push_next, chain);
}

/* Each callback causes the next completion: there is always exactly one, so neither a count nor an empty list helps. */
static void
test_frames_chain (Fixture       *fixture,
                   gconstpointer  data)
{
  Chain chain = { fixture, 2000 };
  GSource *frames;

  aiot_clock_stop ();
  frames = start_frames (fixture);
  push (fixture, &completion_funcs, 'a', MS / 2, push_next, &chain);
  iterate_until_logged (fixture, 2000);

  g_assert_cmpint (worst_lateness, <=, MAX_LATENESS);
  stop_frames (frames);
}

static gboolean
draw_always (GSource     *source,
             GSourceFunc  callback,
             gpointer     user_data)
{
  Fixture *fixture = user_data;

  g_string_append_c (fixture->log, '.');
  aiot_clock_advance (10 * MS);
  return G_SOURCE_CONTINUE;
}

/* A program that redraws all the time, 10 ms each: what waits below redraw still gets one budget after each 100 ms. */
static void
test_frames_all_the_time (Fixture       *fixture,
                          gconstpointer  data)
{
  GSourceFuncs always = { .dispatch = draw_always };
  GSource *redraw = g_source_new (&always, sizeof (GSource));

  aiot_clock_stop ();
  g_source_set_priority (redraw, REDRAW);
  g_source_set_ready_time (redraw, 0);
  g_source_set_callback (redraw, NULL, fixture, NULL);
  g_source_attach (redraw, fixture->loop.main_context);
  push_letters (fixture, &background_funcs, "abcdefgh", MS);
  while (strchr (fixture->log->str, 'h') == NULL)
    g_main_context_iteration (fixture->loop.main_context, TRUE);

  g_assert_cmpstr (fixture->log->str, ==, "..........abcd..........efgh");
  g_source_destroy (redraw);
  g_source_unref (redraw);
  aiot_clock_resume ();
}

/* The default of 4 ms, and another one. */
static void
test_frames_budget (Fixture       *fixture,
                    gconstpointer  data)
{
  gint64 budget_us = GPOINTER_TO_INT (data);

  if (budget_us != 4000)
    aiot_main_context_set_budget (fixture->loop.main_context, budget_us);
  g_assert_cmpint (aiot_main_context_get_budget (fixture->loop.main_context), ==, budget_us);

  aiot_clock_stop ();
  for (int i = 0; i < 100; i++)
    push (fixture, &completion_funcs, 'a', MS, NULL, NULL);
  g_main_context_iteration (fixture->loop.main_context, TRUE);
  g_assert_cmpuint (fixture->log->len, ==, budget_us / MS);
  iterate_until_logged (fixture, 100);
  aiot_clock_resume ();
}

/* The budget is used up, and both lanes are full. One has its turn for 100 µs, or 64 entries, before the other has. */
static void
test_lanes_take_turns (Fixture       *fixture,
                       gconstpointer  data)
{
  const gint64 cost = GPOINTER_TO_INT (data);
  const guint n_in_turn = cost == 0 ? 64 : 100 / cost;
  g_autoptr (GString) expected = g_string_new ("X");

  aiot_clock_stop ();
  push (fixture, &completion_funcs, 'X', 4 * MS, NULL, NULL);
  for (guint i = 0; i < 150; i++)
    {
      push (fixture, &completion_funcs, 'a', cost, NULL, NULL);
      push (fixture, &background_funcs, 'b', cost, NULL, NULL);
    }
  iterate_until_logged (fixture, 301);

  for (guint i = 0; i < 4 * n_in_turn; i++)
    g_string_append_c (expected, i / n_in_turn % 2 == 0 ? 'b' : 'a');
  g_assert_true (g_str_has_prefix (fixture->log->str, expected->str));
  aiot_clock_resume ();
}

/* --- foreign loops --- */

static void
test_foreign_poll (Fixture       *fixture,
                   gconstpointer  data)
{
  GPollFD fd = { aiot_main_context_get_fd (fixture->loop.main_context, NULL), G_IO_IN, 0 };
  GThread *thread;
  gsize n_polls = 0;

  aiot_clock_stop ();
  push_letters (fixture, &completion_funcs, "abcdefghij", MS);
  push_letters (fixture, &background_funcs, "klmnopqrst", MS);
  thread = g_thread_new ("pusher", push_from_thread, fixture);

  /* One iteration for each time that it is readable, although a budget is used up many times. */
  while (fixture->log->len < 25)
    {
      g_assert_cmpint (g_poll (&fd, 1, -1), ==, 1);
      g_main_context_iteration (fixture->loop.main_context, FALSE);
      n_polls++;
    }
  g_thread_join (thread);
  g_assert_cmpuint (n_polls, >, 4);

  /* With nothing left the descriptor is quiet. */
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    ;
  g_assert_cmpint (g_poll (&fd, 1, 0), ==, 0);
  aiot_clock_resume ();
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/home/order/first-finished-first-called", NULL, test_order);
  ADD ("/home/order/completions-before-background", NULL, test_completions_first);
  ADD ("/home/nested/rest-of-the-list-arrives-inside", NULL, test_nested);
  ADD ("/home/nested/wakes-from-sleep", NULL, test_nested_sleeps);
  ADD ("/home/wake/once-for-many", NULL, test_wakes_once);
  ADD ("/home/wake/not-while-awake", NULL, test_no_wakeup_while_awake);
  ADD ("/home/lanes/a-turn-of-64-entries", GINT_TO_POINTER (0), test_lanes_take_turns);
  ADD ("/home/lanes/a-turn-of-100-us", GINT_TO_POINTER (20), test_lanes_take_turns);
  ADD ("/home/lanes/each-long-entry-is-a-turn", GINT_TO_POINTER (100), test_lanes_take_turns);
  ADD ("/home/frames/flood-of-completions", &completion_funcs, test_frames_flood);
  ADD ("/home/frames/flood-of-background-work", &background_funcs, test_frames_flood);
  ADD ("/home/frames/chain-of-completions", NULL, test_frames_chain);
  ADD ("/home/frames/redraws-all-the-time", NULL, test_frames_all_the_time);
  ADD ("/home/frames/budget-of-4-ms", GINT_TO_POINTER (4000), test_frames_budget);
  ADD ("/home/frames/budget-is-settable", GINT_TO_POINTER (9000), test_frames_budget);
  ADD ("/home/foreign/poll-loop", NULL, test_foreign_poll);
  return g_test_run ();
}
