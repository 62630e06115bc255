/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"

#include <math.h>

/* Progress: what is told from anywhere, and when it is seen. The clock is stopped, and moved by hand. */

#define MS G_TIME_SPAN_MILLISECOND
#define FRAME (16 * MS)

typedef struct
{
  TestLoop loop;
  AiotProgress *progress;
  GThread *home;
  int n_seen;              /* notifications of the fraction */
  int n_texts;             /* and of the text */
  gint64 seen_at;
  gint64 shortest;         /* time between two of the fraction */
} Fixture;

static void
fraction_cb (AiotProgress *progress,
             GParamSpec   *pspec,
             Fixture      *fixture)
{
  gint64 now = aiot_clock_now ();

  g_assert_true (g_thread_self () == fixture->home);
  g_assert_true (g_main_context_is_owner (fixture->loop.main_context));
  if (fixture->n_seen > 0)
    fixture->shortest = MIN (fixture->shortest, now - fixture->seen_at);
  fixture->seen_at = now;
  fixture->n_seen++;
}

static void
text_cb (AiotProgress *progress,
         GParamSpec   *pspec,
         Fixture      *fixture)
{
  g_assert_true (g_thread_self () == fixture->home);
  fixture->n_texts++;
}

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  aiot_clock_stop ();
  fixture->home = g_thread_self ();
  fixture->shortest = G_MAXINT64;
  fixture->progress = aiot_progress_new ();
  g_signal_connect (fixture->progress, "notify::fraction", G_CALLBACK (fraction_cb), fixture);
  g_signal_connect (fixture->progress, "notify::text", G_CALLBACK (text_cb), fixture);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->progress != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->progress));
  aiot_clock_resume ();
  test_loop_close (&fixture->loop);
}

static void
iterate_now (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    ;
}

static void
assert_seen (Fixture    *fixture,
             double      fraction,
             const char *text)
{
  g_autofree char *property_text = NULL;
  double property_fraction;

  g_object_get (fixture->progress, "fraction", &property_fraction, "text", &property_text, NULL);
  g_assert_cmpfloat (property_fraction, ==, fraction);
  g_assert_cmpstr (property_text, ==, text);
  g_assert_cmpfloat (aiot_progress_get_fraction (fixture->progress), ==, fraction);
  g_assert_cmpstr (aiot_progress_get_text (fixture->progress), ==, text);
}

/* --- values --- */

/* Never before the reporter goes on, not even at home; and each property only when it changes. */
static void
test_values (Fixture       *fixture,
             gconstpointer  data)
{
  assert_seen (fixture, 0, NULL);
  aiot_progress_report (fixture->progress, 0.5, "half");
  assert_seen (fixture, 0, NULL);
  iterate_now (fixture);
  assert_seen (fixture, 0.5, "half");
  g_assert_cmpint (fixture->n_seen, ==, 1);
  g_assert_cmpint (fixture->n_texts, ==, 1);

  aiot_clock_advance (FRAME);
  aiot_progress_report (fixture->progress, 0.75, "half");
  iterate_now (fixture);
  assert_seen (fixture, 0.75, "half");
  g_assert_cmpint (fixture->n_seen, ==, 2);
  g_assert_cmpint (fixture->n_texts, ==, 1);

  aiot_clock_advance (FRAME);
  aiot_progress_report (fixture->progress, 0.75, NULL);
  iterate_now (fixture);
  assert_seen (fixture, 0.75, NULL);
  g_assert_cmpint (fixture->n_seen, ==, 2);
  g_assert_cmpint (fixture->n_texts, ==, 2);

  aiot_clock_advance (FRAME);
  aiot_progress_report (fixture->progress, 0.75, NULL);
  iterate_now (fixture);
  g_assert_cmpint (fixture->n_seen, ==, 2);
  g_assert_cmpint (fixture->n_texts, ==, 2);

  /* Back again, and nothing is not the same as no text. */
  aiot_clock_advance (FRAME);
  aiot_progress_report (fixture->progress, 0.25, "");
  iterate_now (fixture);
  assert_seen (fixture, 0.25, "");
  g_assert_cmpint (fixture->n_seen, ==, 3);
  g_assert_cmpint (fixture->n_texts, ==, 3);
}

static void
test_out_of_range (Fixture       *fixture,
                   gconstpointer  data)
{
  static const struct
  {
    double told;
    double seen;
  } cases[] = {
    { 0.5, 0.5 }, { -0.1, 0 }, { 1.5, 1 }, { -INFINITY, 0 }, { INFINITY, 1 }, { NAN, 0 }, { 1, 1 }, { NAN, 0 }, { 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      aiot_progress_report (fixture->progress, cases[i].told, NULL);
      iterate_now (fixture);
      assert_seen (fixture, cases[i].seen, NULL);
      aiot_clock_advance (FRAME);
    }

  /* Told again, it is not seen again. */
  fixture->n_seen = 0;
  aiot_progress_report (fixture->progress, NAN, NULL);
  iterate_now (fixture);
  g_assert_cmpint (fixture->n_seen, ==, 0);
}

/* --- frames --- */

/* However often it is told, one notification for each 16 ms, and not one less at the end. */
static void
test_once_a_frame (Fixture       *fixture,
                   gconstpointer  data)
{
  const int n_reports = 1000;

  for (int i = 1; i <= n_reports; i++)
    {
      aiot_progress_report (fixture->progress, i / (double) n_reports, NULL);
      iterate_now (fixture);
      aiot_clock_advance (MS);
    }
  g_assert_cmpint (fixture->n_seen, ==, 1 + (n_reports - 1) / 16);
  g_assert_cmpint (fixture->shortest, ==, FRAME);

  aiot_clock_advance (FRAME);
  iterate_now (fixture);
  assert_seen (fixture, 1, NULL);
  g_assert_cmpint (fixture->n_seen, ==, 2 + (n_reports - 1) / 16);
  aiot_clock_advance (G_TIME_SPAN_HOUR);
  iterate_now (fixture);
  g_assert_cmpint (fixture->n_seen, ==, 2 + (n_reports - 1) / 16);
}

/* The first is seen at once; those of the rest of its frame at the end of it, and only the latest. */
static void
test_latest (Fixture       *fixture,
             gconstpointer  data)
{
  aiot_progress_report (fixture->progress, 0.1, "a");
  iterate_now (fixture);
  assert_seen (fixture, 0.1, "a");
  aiot_progress_report (fixture->progress, 0.2, "b");
  aiot_progress_report (fixture->progress, 0.3, "c");
  aiot_clock_advance (FRAME - 1);
  iterate_now (fixture);
  assert_seen (fixture, 0.1, "a");
  aiot_progress_report (fixture->progress, 0.4, "d");
  aiot_clock_advance (1);
  iterate_now (fixture);
  assert_seen (fixture, 0.4, "d");
  g_assert_cmpint (fixture->n_seen, ==, 2);
  g_assert_cmpint (fixture->n_texts, ==, 2);

  /* Home that looks late sees the latest too. */
  aiot_progress_report (fixture->progress, 0.5, "e");
  aiot_clock_advance (G_TIME_SPAN_HOUR);
  aiot_progress_report (fixture->progress, 0.6, "f");
  iterate_now (fixture);
  assert_seen (fixture, 0.6, "f");
  g_assert_cmpint (fixture->n_seen, ==, 3);
}

static void
report_next_cb (AiotProgress *progress,
                GParamSpec   *pspec,
                gpointer      user_data)
{
  double fraction = aiot_progress_get_fraction (progress);

  if (fraction < 1)
    aiot_progress_report (progress, fraction + 0.25, NULL);
}

/* A handler that reports does not do so for ever within a frame. */
static void
test_from_handler (Fixture       *fixture,
                   gconstpointer  data)
{
  g_signal_connect (fixture->progress, "notify::fraction", G_CALLBACK (report_next_cb), NULL);
  aiot_progress_report (fixture->progress, 0.25, NULL);
  for (int i = 1; i <= 4; i++)
    {
      iterate_now (fixture);
      assert_seen (fixture, i * 0.25, NULL);
      aiot_clock_advance (FRAME);
    }
  g_assert_cmpint (fixture->shortest, ==, FRAME);
}

/* --- threads --- */

#define N_THREADS 4

typedef struct
{
  AiotProgress *progress;
  int n_reports;
  int number;
  int *n_ended;
} Reporter;

static gpointer
report_in_thread (gpointer data)
{
  Reporter *reporter = data;

  for (int i = 1; i <= reporter->n_reports; i++)
    {
      g_autofree char *text = g_strdup_printf ("%d: %d", reporter->number, i);

      aiot_progress_report (reporter->progress, i / (double) reporter->n_reports, text);
    }
  g_atomic_int_inc (reporter->n_ended);
  g_object_unref (reporter->progress);
  return NULL;
}

/* Whoever is the last, what it told at the end is seen. Time goes on as fast as home looks. */
static void
test_threads (Fixture       *fixture,
              gconstpointer  data)
{
  Reporter reporters[N_THREADS];
  GThread *threads[N_THREADS];
  int n_ended = 0, n_frames = 0;
  g_autofree char *ending = NULL;

  for (int i = 0; i < N_THREADS; i++)
    {
      reporters[i] = (Reporter) { g_object_ref (fixture->progress), test_scaled (20000), i, &n_ended };
      threads[i] = g_thread_new ("reporter", report_in_thread, &reporters[i]);
    }
  while (g_atomic_int_get (&n_ended) < N_THREADS)
    {
      iterate_now (fixture);
      aiot_clock_advance (FRAME / 4);
      n_frames++;
    }
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  aiot_clock_advance (FRAME);
  iterate_now (fixture);

  ending = g_strdup_printf (": %d", reporters[0].n_reports);
  g_assert_true (g_str_has_suffix (aiot_progress_get_text (fixture->progress), ending));
  g_assert_cmpfloat (aiot_progress_get_fraction (fixture->progress), ==, 1);
  g_assert_cmpint (fixture->shortest, >=, FRAME);
  g_assert_cmpint (fixture->n_texts, <=, n_frames / 4 + 2);
}

static gpointer
report_one (gpointer data)
{
  aiot_progress_report (data, 1, "done");
  return NULL;
}

/* A main context that sleeps wakes for what is told at once, and sleeps no longer than to the end of the frame. */
static void
test_wakes (Fixture       *fixture,
            gconstpointer  data)
{
  GThread *thread;

  aiot_clock_resume ();
  aiot_progress_report (fixture->progress, 0.5, NULL);
  while (fixture->n_seen < 1)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
  thread = g_thread_new ("reporter", report_one, fixture->progress);
  while (fixture->n_seen < 2)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
  g_thread_join (thread);
  assert_seen (fixture, 1, "done");
  g_assert_cmpint (fixture->shortest, >=, FRAME);
}

static gpointer
make_elsewhere (gpointer data)
{
  Fixture *fixture = data;

  /* It has no main context of its own: the global default one is meant. */
  fixture->progress = aiot_progress_new ();
  aiot_progress_report (fixture->progress, 0.5, NULL);
  return NULL;
}

/* It notifies on the main context of who made it, whoever reports and whoever else iterates. */
static void
test_home_of_maker (Fixture       *fixture,
                    gconstpointer  data)
{
  g_assert_finalize_object (g_steal_pointer (&fixture->progress));
  g_thread_join (g_thread_new ("maker", make_elsewhere, fixture));
  iterate_now (fixture);
  g_assert_cmpfloat (aiot_progress_get_fraction (fixture->progress), ==, 0);
  while (aiot_progress_get_fraction (fixture->progress) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpfloat (aiot_progress_get_fraction (fixture->progress), ==, 0.5);
}

/* --- ends --- */

static void
note_gone (gpointer  data,
           GObject  *where_the_object_was)
{
  *(GThread **) data = g_thread_self ();
}

/* Dropped while a report is under way, at once or at the end of the frame: it is still seen, and is the last one to hold it. */
static void
test_dropped (Fixture       *fixture,
              gconstpointer  in_frame)
{
  GThread *gone_in = NULL;

  if (GPOINTER_TO_INT (in_frame))
    {
      aiot_progress_report (fixture->progress, 0.5, NULL);
      iterate_now (fixture);
    }
  fixture->n_seen = 0;
  aiot_progress_report (fixture->progress, 1, NULL);
  g_object_weak_ref (G_OBJECT (fixture->progress), note_gone, &gone_in);
  test_unref_in_another_thread (g_steal_pointer (&fixture->progress));
  g_assert_null (gone_in);
  aiot_clock_advance (FRAME);
  iterate_now (fixture);
  g_assert_cmpint (fixture->n_seen, ==, 1);
  g_assert_true (gone_in == fixture->home);
}

/* Where nothing is under way, whoever drops it last frees it, and it is nothing but memory. */
static void
test_dropped_elsewhere (Fixture       *fixture,
                        gconstpointer  data)
{
  GThread *gone_in = NULL;

  aiot_progress_report (fixture->progress, 1, "done");
  iterate_now (fixture);
  g_object_weak_ref (G_OBJECT (fixture->progress), note_gone, &gone_in);
  test_unref_in_another_thread (g_steal_pointer (&fixture->progress));
  g_assert_true (gone_in != NULL && gone_in != fixture->home);
}

/* The main context goes with a report under way: nobody is notified, and the object is not kept. */
static void
test_gone (Fixture       *fixture,
           gconstpointer  in_frame)
{
  if (GPOINTER_TO_INT (in_frame))
    {
      aiot_progress_report (fixture->progress, 0.5, NULL);
      iterate_now (fixture);
    }
  fixture->n_seen = 0;
  aiot_progress_report (fixture->progress, 1, "done");
  aiot_main_context_abandon (fixture->loop.main_context);
  aiot_clock_advance (FRAME);
  iterate_now (fixture);
  g_assert_cmpint (fixture->n_seen, ==, 0);
  g_assert_cmpint (G_OBJECT (fixture->progress)->ref_count, ==, 1);
}

static gpointer
report_many (gpointer data)
{
  for (int i = 1; i <= 10; i++)
    aiot_progress_report (data, i / 10.0, "late");
  return NULL;
}

/* What is told later is told to nobody, with one warning. */
static void
test_gone_before (Fixture       *fixture,
                  gconstpointer  data)
{
  aiot_main_context_abandon (fixture->loop.main_context);
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "A main context went away*");
  g_thread_join (g_thread_new ("reporter", report_many, fixture->progress));
  g_test_assert_expected_messages ();
  aiot_clock_advance (FRAME);
  aiot_progress_report (fixture->progress, 0.5, NULL);
  iterate_now (fixture);
  g_assert_cmpint (fixture->n_seen, ==, 0);
  assert_seen (fixture, 0, NULL);
  g_assert_cmpint (G_OBJECT (fixture->progress)->ref_count, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/progress/values", NULL, test_values);
  ADD ("/progress/out-of-range", NULL, test_out_of_range);
  ADD ("/progress/frames/once-in-16-ms", NULL, test_once_a_frame);
  ADD ("/progress/frames/the-latest", NULL, test_latest);
  ADD ("/progress/frames/from-a-handler", NULL, test_from_handler);
  ADD ("/progress/threads/the-last-is-seen", NULL, test_threads);
  ADD ("/progress/threads/wakes", NULL, test_wakes);
  ADD ("/progress/home/of-its-maker", NULL, test_home_of_maker);
  ADD ("/progress/dropped/before-it-is-seen", GINT_TO_POINTER (FALSE), test_dropped);
  ADD ("/progress/dropped/before-the-end-of-the-frame", GINT_TO_POINTER (TRUE), test_dropped);
  ADD ("/progress/dropped/on-another-thread", NULL, test_dropped_elsewhere);
  ADD ("/progress/gone/before-it-is-seen", GINT_TO_POINTER (FALSE), test_gone);
  ADD ("/progress/gone/before-the-end-of-the-frame", GINT_TO_POINTER (TRUE), test_gone);
  ADD ("/progress/gone/before-it-is-told", NULL, test_gone_before);
  return g_test_run ();
}
