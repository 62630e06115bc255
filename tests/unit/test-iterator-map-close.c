/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-stage.h"

/* What ends a mapped iterator before its end, and what is left then: nothing. */

#define N_PARALLEL 3

typedef struct
{
  TestLoop loop;
  TestBody body;             /* of the source, which never ends by itself */
  TestStage stage;
  AiotExecutor *executor;    /* has just a thread for each call */
  AiotIterator *source;
  AiotIterator *iterator;
  gboolean closes_async;     /* then it is answered before the end of the test */
  TestAnswer closed;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, TEST_FOR_EVER);
  test_stage_init (&fixture->stage);
  fixture->executor = aiot_executor_new_pool ("stage", N_PARALLEL);
  fixture->source = test_body_iterate (&fixture->body, NULL, 4, NULL);
  fixture->iterator = test_stage_map (&fixture->stage, fixture->source, fixture->executor, N_PARALLEL, AIOT_ORDER_GIVEN);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->closes_async)
    test_answer_wait (&fixture->closed, fixture->loop.main_context);
  test_answer_clear (&fixture->closed);
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_stage_clear (&fixture->stage);
  test_drop (&fixture->source);
  test_body_clear (&fixture->body);
  g_object_unref (fixture->executor);
  test_loop_close (&fixture->loop);
}

static void
iterate_now (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
}

/* --- every way --- */

static void
close_here (Fixture *fixture)
{
  aiot_iterator_close (fixture->iterator);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
}

static gpointer
close_in_thread (gpointer iterator)
{
  aiot_iterator_close (iterator);
  g_assert_true (aiot_iterator_is_closed (iterator));
  return NULL;
}

static void
close_elsewhere (Fixture *fixture)
{
  g_thread_join (g_thread_new ("closer", close_in_thread, fixture->iterator));
}

static void
close_async (Fixture *fixture)
{
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &fixture->closed);
  fixture->closes_async = TRUE;
}

static void
drop_here (Fixture *fixture)
{
  test_drop (&fixture->iterator);
}

static void
drop_elsewhere (Fixture *fixture)
{
  test_unref_in_another_thread (g_steal_pointer (&fixture->iterator));
}

typedef struct
{
  const char *name;
  void (*close) (Fixture *fixture);
} Way;

static const Way ways[] = {
  { "by-the-consumer", close_here },
  { "by-another-thread", close_elsewhere },
  { "by-close-async", close_async },
  { "by-the-last-unref", drop_here },
  { "by-the-last-unref-on-another-thread", drop_elsewhere },
};

/* The functions and the source are told before home does anything. */
static void
test_while_running (Fixture       *fixture,
                    gconstpointer  data)
{
  const Way *way = data;
  g_auto (GValue) value = G_VALUE_INIT;

  fixture->stage.n_held = N_PARALLEL;
  g_assert_false (aiot_iterator_try_next (fixture->iterator, &value, NULL));
  test_stage_wait_held (&fixture->stage);
  way->close (fixture);
  for (int i = 0; i < N_PARALLEL; i++)
    test_gate_wait (&fixture->stage.told[i]);
  test_gate_wait (&fixture->body.ended);
  g_assert_error (fixture->body.stopped_by, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_iterate_until (fixture->loop.main_context, &fixture->stage.n_freed, 1);
  g_assert_cmpint (fixture->stage.n_started, ==, N_PARALLEL);
  g_assert_cmpint (fixture->stage.n_cancelled, ==, N_PARALLEL);
}

/* Results wait for that of an item before them. */
static void
test_while_some_wait (Fixture       *fixture,
                      gconstpointer  data)
{
  const Way *way = data;
  g_auto (GValue) value = G_VALUE_INIT;
  TestHeld others[N_PARALLEL - 1];

  fixture->stage.n_held = N_PARALLEL;
  g_assert_false (aiot_iterator_try_next (fixture->iterator, &value, NULL));
  test_stage_wait_held (&fixture->stage);
  for (int i = 1; i < N_PARALLEL; i++)
    test_stage_let_go (&fixture->stage, i);
  /* When their threads do something else, they are done. */
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    test_held_start (&others[i], fixture->executor);
  iterate_now (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    test_held_end (&others[i]);

  way->close (fixture);
  test_iterate_until (fixture->loop.main_context, &fixture->stage.n_freed, 1);
  g_assert_cmpint (fixture->stage.results.n_made, ==, N_PARALLEL - 1);
}

/* Nobody has taken the results. */
static void
test_unread (Fixture       *fixture,
             gconstpointer  data)
{
  const Way *way = data;

  test_assert_next (fixture->iterator, 0);
  iterate_now (fixture);
  way->close (fixture);
  test_gate_wait (&fixture->body.ended);
}

/* In the middle of whatever it does. */
static void
test_while_busy (Fixture       *fixture,
                 gconstpointer  data)
{
  const Way *way = data;

  for (int i = 0; i < 10; i++)
    test_assert_next (fixture->iterator, i);
  way->close (fixture);
  test_gate_wait (&fixture->body.ended);
}

static void
test_never_started (Fixture       *fixture,
                    gconstpointer  data)
{
  const Way *way = data;

  way->close (fixture);
  iterate_now (fixture);
  g_assert_true (aiot_iterator_is_closed (fixture->source));
  g_assert_cmpint (fixture->stage.n_freed, ==, 1);
  g_assert_cmpint (fixture->stage.n_started, ==, 0);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
}

/* --- what close does --- */

static void
test_in_effect (Fixture       *fixture,
                gconstpointer  data)
{
  TestAnswer answers[2] = { { 0 } };

  fixture->stage.n_held = 1;
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answers[i]);
  test_stage_wait_held (&fixture->stage);
  for (int i = 0; i < 3; i++)
    {
      aiot_iterator_close (fixture->iterator);
      test_assert_closed (fixture->iterator);
    }
  g_assert_true (aiot_iterator_is_closed (fixture->source));
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    test_assert_answer_fails (&answers[i], fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* The answer comes after the last function has returned, and the source has cleaned up. */
static void
test_close_async (Fixture       *fixture,
                  gconstpointer  data)
{
  TestAnswer next = { 0 }, closed = { 0 };

  fixture->stage.n_held = 2;
  fixture->stage.is_stubborn = TRUE;
  fixture->body.cleans_up_slowly = TRUE;
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &next);
  test_stage_wait_held (&fixture->stage);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &closed);
  test_assert_answer_fails (&next, fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);

  test_stage_let_go (&fixture->stage, 0);
  iterate_now (fixture);
  g_assert_cmpint (closed.n_called, ==, 0);
  if (GPOINTER_TO_INT (data))
    {
      test_stage_let_go (&fixture->stage, 1);
      test_gate_wait (&fixture->body.cleaning_up);
      iterate_now (fixture);
      g_assert_cmpint (closed.n_called, ==, 0);
      g_assert_cmpint (fixture->stage.n_freed, ==, 0);
      test_gate_open (&fixture->body.may_clean_up);
    }
  else
    {
      test_gate_open (&fixture->body.may_clean_up);
      test_gate_wait (&fixture->body.ended);
      test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
      iterate_now (fixture);
      g_assert_cmpint (closed.n_called, ==, 0);
      g_assert_cmpint (fixture->stage.n_freed, ==, 0);
      test_stage_let_go (&fixture->stage, 1);
    }
  test_answer_wait (&closed, fixture->loop.main_context);
  g_assert_true (aiot_iterator_close_finish (fixture->iterator, closed.result, NULL));
  g_assert_cmpint (fixture->stage.n_freed, ==, 1);
  g_assert_true (test_gate_is_open (&fixture->body.ended));
  test_answer_clear (&closed);
}

/* It still can be asked for when all has ended, by itself or because of an error. */
static void
test_close_async_later (Fixture       *fixture,
                        gconstpointer  data)
{
  TestAnswer closed = { 0 };

  fixture->stage.failing = 1;
  test_assert_next_fails (fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_iterate_until (fixture->loop.main_context, &fixture->stage.n_freed, 1);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &closed);
  test_answer_wait (&closed, fixture->loop.main_context);
  g_assert_true (aiot_iterator_close_finish (fixture->iterator, closed.result, NULL));
  test_answer_clear (&closed);
}

/* --- break --- */

typedef struct
{
  int n_items;
  int last;
} Loop;

static gboolean
break_at_last (const GValue *item,
               gpointer      user_data)
{
  Loop *loop = user_data;

  g_assert_cmpint (test_number (item), ==, loop->n_items);
  return ++loop->n_items <= loop->last;
}

static void
test_break (Fixture       *fixture,
            gconstpointer  data)
{
  TestAnswer answer = { 0 };
  Loop loop = { .last = 10 };

  aiot_iterator_foreach_async (fixture->iterator, break_at_last, &loop, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_true (aiot_iterator_foreach_finish (fixture->iterator, answer.result, NULL));
  test_answer_clear (&answer);
  g_assert_cmpint (loop.n_items, ==, 11);
  test_gate_wait (&fixture->body.ended);
  test_assert_closed (fixture->iterator);
}

/* --- from inside --- */

static void
drop_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_nonnull (aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, NULL));
  g_clear_object (&fixture->iterator);
}

static void
test_drop_in_callback (Fixture       *fixture,
                       gconstpointer  data)
{
  aiot_iterator_next_async (fixture->iterator, NULL, drop_cb, fixture);
  test_iterate_until (fixture->loop.main_context, &fixture->stage.n_freed, 1);
  test_gate_wait (&fixture->body.ended);
}

static gboolean
close_from_function (AiotCall  *call,
                     gpointer   user_data,
                     GError   **error)
{
  Fixture *fixture = user_data;

  aiot_iterator_close (fixture->iterator);
  return TRUE;
}

/* A function may close what it works for. */
static void
test_close_in_function (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr (AiotIterator) outer = aiot_iterator_map (fixture->iterator, NULL, 2, AIOT_ORDER_READY,
                                                      close_from_function, fixture, NULL);
  TestAnswer answer;
  int n = 0;
  g_autoptr (GError) error = NULL;

  while (test_next (outer, &answer, &error) != NULL)
    {
      n++;
      test_answer_clear (&answer);
    }
  test_answer_clear (&answer);
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_cmpint (n, <=, 2 * N_PARALLEL);
  test_end_and_drop (&outer);
}

static void
add_ways (const char *path,
          void      (*test) (Fixture       *fixture,
                             gconstpointer  data))
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *full_path = g_strdup_printf ("%s/%s", path, ways[i].name);

      g_test_add (full_path, Fixture, &ways[i], setup, test, teardown);
    }
}

#define add(path, data, test) g_test_add (path, Fixture, GINT_TO_POINTER (data), setup, test, teardown)

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  add_ways ("/map/close/while-functions-run", test_while_running);
  add_ways ("/map/close/while-results-wait", test_while_some_wait);
  add_ways ("/map/close/unread-results", test_unread);
  add_ways ("/map/close/while-busy", test_while_busy);
  add_ways ("/map/close/never-started", test_never_started);

  add ("/map/close/in-effect-before-it-returns", 0, test_in_effect);
  add ("/map/close/async-waits-for-functions", FALSE, test_close_async);
  add ("/map/close/async-waits-for-the-source", TRUE, test_close_async);
  add ("/map/close/async-after-an-error", 0, test_close_async_later);
  add ("/map/close/break", 0, test_break);
  add ("/map/close/drop-in-callback", 0, test_drop_in_callback);
  add ("/map/close/in-a-function", 0, test_close_in_function);

  return g_test_run ();
}
