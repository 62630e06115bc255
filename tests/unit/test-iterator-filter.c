/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-stage.h"

/* Iterators over those items of another one that a function chooses. All else is as with mapped ones. */

#define N_PARALLEL 3

typedef struct
{
  TestLoop loop;
  TestBody body;             /* of the source */
  TestStage stage;
  AiotIterator *source;
  AiotIterator *iterator;
} Fixture;

/* @data is the order. */
static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, 20);
  test_stage_init (&fixture->stage);
  fixture->source = test_body_iterate (&fixture->body, NULL, 4, NULL);
  fixture->iterator = test_stage_filter (&fixture->stage, fixture->source, NULL, N_PARALLEL, GPOINTER_TO_INT (data));
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_stage_clear (&fixture->stage);
  test_drop (&fixture->source);
  test_body_clear (&fixture->body);
  test_loop_close (&fixture->loop);
}

/* The others are freed; the body counts them. */
static void
test_as_given (Fixture       *fixture,
               gconstpointer  data)
{
  for (int i = 0; i < 20; i += 2)
    test_assert_next (fixture->iterator, i);
  test_assert_end (fixture->iterator);
  test_assert_closed (fixture->iterator);
  g_assert_cmpint (fixture->stage.n_started, ==, 20);
  g_assert_cmpint (fixture->stage.peak_running, <=, N_PARALLEL);
}

static void
test_as_ready (Fixture       *fixture,
               gconstpointer  data)
{
  TestAnswer answer = { 0 };

  fixture->stage.n_held = 1;
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_stage_wait_held (&fixture->stage);
  test_assert_answer_number (&answer, fixture->iterator, 2);
  for (int i = 4; i < 20; i += 2)
    test_assert_next (fixture->iterator, i);
  test_stage_let_go (&fixture->stage, 0);
  test_assert_next (fixture->iterator, 0);
  test_assert_end (fixture->iterator);
}

/* What is not kept makes room. */
static gboolean
keep_none (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  aiot_call_set_result_boolean (call, FALSE);
  return TRUE;
}

static void
test_none (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (AiotIterator) none = aiot_iterator_filter (fixture->iterator, NULL, 2, GPOINTER_TO_INT (data), keep_none, NULL, NULL);

  test_assert_end (none);
  test_assert_closed (none);
  test_end_and_drop (&none);
}

static gboolean
give_nothing (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  return TRUE;
}

static gboolean
give_number (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  aiot_call_set_result_int64 (call, 1);
  return TRUE;
}

static void
assert_fails (Fixture        *fixture,
              AiotThreadFunc  func,
              const char     *message)
{
  g_autoptr (AiotIterator) failing = aiot_iterator_filter (fixture->iterator, NULL, 2, AIOT_ORDER_GIVEN, func, NULL, NULL);
  TestAnswer answer;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_next (failing, &answer, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, message));
  test_answer_clear (&answer);
  test_assert_closed (failing);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  test_end_and_drop (&failing);
}

static void
test_no_verdict (Fixture       *fixture,
                 gconstpointer  data)
{
  assert_fails (fixture, give_nothing, "gave nothing");
}

static void
test_wrong_verdict (Fixture       *fixture,
                    gconstpointer  data)
{
  assert_fails (fixture, give_number, "gave gint64");
}

/* Those before the error come, those that would not be kept too late to matter. */
static void
test_error (Fixture       *fixture,
            gconstpointer  data)
{
  fixture->stage.failing = 1 << 3;
  test_assert_next (fixture->iterator, 0);
  test_assert_next (fixture->iterator, 2);
  test_assert_next_fails (fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_assert_closed (fixture->iterator);
  test_gate_wait (&fixture->body.ended);
}

static void
test_error_of_source (Fixture       *fixture,
                      gconstpointer  data)
{
  fixture->body.failure = "broken";
  for (int i = 0; i < 20; i += 2)
    test_assert_next (fixture->iterator, i);
  test_assert_next_fails (fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
}

static void
test_drop_while_running (Fixture       *fixture,
                         gconstpointer  data)
{
  fixture->stage.n_held = N_PARALLEL;
  g_assert_null (aiot_iterator_try_next_many (fixture->iterator, 1, NULL));
  test_stage_wait_held (&fixture->stage);
  test_drop (&fixture->iterator);
  for (int i = 0; i < N_PARALLEL; i++)
    test_gate_wait (&fixture->stage.told[i]);
  test_gate_wait (&fixture->body.ended);
}

static void
test_lazy (Fixture       *fixture,
           gconstpointer  data)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
  test_drop (&fixture->iterator);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
  g_assert_cmpint (fixture->stage.n_started, ==, 0);
  g_assert_cmpint (fixture->stage.n_freed, ==, 1);
}

#define add(path, order, test) g_test_add (path, Fixture, GINT_TO_POINTER (order), setup, test, teardown)

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  add ("/filter/order/as-given", AIOT_ORDER_GIVEN, test_as_given);
  add ("/filter/order/as-ready", AIOT_ORDER_READY, test_as_ready);
  add ("/filter/keeps-none-as-given", AIOT_ORDER_GIVEN, test_none);
  add ("/filter/keeps-none-as-ready", AIOT_ORDER_READY, test_none);
  add ("/filter/error/no-verdict", AIOT_ORDER_GIVEN, test_no_verdict);
  add ("/filter/error/wrong-verdict", AIOT_ORDER_GIVEN, test_wrong_verdict);
  add ("/filter/error/of-function", AIOT_ORDER_GIVEN, test_error);
  add ("/filter/error/of-source", AIOT_ORDER_GIVEN, test_error_of_source);
  add ("/filter/close/drop-while-functions-run", AIOT_ORDER_GIVEN, test_drop_while_running);
  add ("/filter/lazy/drop-runs-nothing", AIOT_ORDER_GIVEN, test_lazy);

  return g_test_run ();
}
