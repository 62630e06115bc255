/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-stage.h"

/* Iterators over what a function gives for each item of another one: order, parallel work, backpressure, and errors. */

#define N_PARALLEL 3

typedef struct
{
  TestLoop loop;
  TestBody body;             /* of the source */
  TestStage stage;
  AiotExecutor *executor;    /* has just a thread for each call */
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
  fixture->executor = aiot_executor_new_pool ("stage", N_PARALLEL);
  fixture->source = test_body_iterate (&fixture->body, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  fixture->iterator = test_stage_map (&fixture->stage, fixture->source, fixture->executor, N_PARALLEL, GPOINTER_TO_INT (data));
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_stage_clear (&fixture->stage);
  if (fixture->source != NULL)
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

static void
hold (Fixture *fixture,
      int      n_held)
{
  fixture->stage.n_held = n_held;
}

static void
let_all_go (Fixture *fixture)
{
  for (int i = 0; i < fixture->stage.n_held; i++)
    test_stage_let_go (&fixture->stage, i);
}

static void
assert_rest (Fixture *fixture,
             int      first)
{
  for (int i = first; i < fixture->body.n_items; i++)
    test_assert_next (fixture->iterator, i);
  test_assert_end (fixture->iterator);
  test_assert_closed (fixture->iterator);
}

/* --- order --- */

static void
test_all (Fixture       *fixture,
          gconstpointer  data)
{
  assert_rest (fixture, 0);
  g_assert_cmpint (fixture->stage.n_started, ==, 20);
  g_assert_cmpint (fixture->stage.peak_running, <=, N_PARALLEL);
  g_assert_cmpint (fixture->body.n_emitted, ==, 20);
}

/* Whichever is done first. */
static void
test_as_given (Fixture       *fixture,
               gconstpointer  data)
{
  TestAnswer answer = { 0 };
  TestHeld others[2];

  hold (fixture, 3);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_stage_wait_held (&fixture->stage);
  test_stage_let_go (&fixture->stage, 2);
  test_stage_let_go (&fixture->stage, 1);
  /* When their threads do something else, they are done. */
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    test_held_start (&others[i], fixture->executor);
  iterate_now (fixture);
  g_assert_cmpint (answer.n_called, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    test_held_end (&others[i]);

  test_stage_let_go (&fixture->stage, 0);
  test_assert_answer_number (&answer, fixture->iterator, 0);
  assert_rest (fixture, 1);
}

static void
test_as_ready (Fixture       *fixture,
               gconstpointer  data)
{
  TestAnswer answer = { 0 };
  gboolean seen[20] = { FALSE };

  hold (fixture, 3);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_stage_wait_held (&fixture->stage);
  test_stage_let_go (&fixture->stage, 2);
  test_assert_answer_number (&answer, fixture->iterator, 2);

  /* The others hold up nobody. */
  for (int i = 3; i < 12; i++)
    test_assert_next (fixture->iterator, i);
  test_stage_let_go (&fixture->stage, 1);
  test_stage_let_go (&fixture->stage, 0);
  for (guint i = 0; i < 20 - 10; i++)
    {
      const GValue *value = test_next (fixture->iterator, &answer, NULL);
      gint64 number = test_number (value);

      g_assert_false (seen[number]);
      seen[number] = TRUE;
      test_answer_clear (&answer);
    }
  test_assert_end (fixture->iterator);
}

/* --- parallel --- */

/* As many as were asked for run at the same time, and no more. */
static void
test_parallel (Fixture       *fixture,
               gconstpointer  data)
{
  TestAnswer answer = { 0 };

  hold (fixture, N_PARALLEL);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_stage_wait_held (&fixture->stage);
  iterate_now (fixture);
  g_assert_cmpint (fixture->stage.n_started, ==, N_PARALLEL);

  let_all_go (fixture);
  test_assert_answer_number (&answer, fixture->iterator, 0);
  assert_rest (fixture, 1);
  g_assert_cmpint (fixture->stage.peak_running, ==, N_PARALLEL);
}

static void
test_processors (void)
{
  guint n_processors = g_get_num_processors ();
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("wide", n_processors + 4);
  g_autoptr (AiotIterator) source = NULL;
  g_autoptr (AiotIterator) iterator = NULL;
  TestLoop loop;
  TestBody body;
  TestStage stage;

  test_loop_open (&loop);
  test_body_init (&body, TEST_FOR_EVER);
  test_stage_init (&stage);
  stage.n_held = MIN (n_processors, TEST_N_HELD);
  stage.is_stubborn = TRUE;
  source = test_body_iterate (&body, NULL, 1, NULL);
  iterator = test_stage_map (&stage, source, executor, 0, AIOT_ORDER_GIVEN);
  aiot_iterator_next_async (iterator, NULL, NULL, NULL);
  test_stage_wait_held (&stage);
  for (guint i = 0; i < MIN (n_processors, TEST_N_HELD); i++)
    test_stage_let_go (&stage, i);
  aiot_iterator_close (iterator);
  test_stage_clear (&stage);
  g_assert_cmpint (stage.peak_running, <=, n_processors);
  test_drop (&iterator);
  test_drop (&source);
  test_body_clear (&body);
  test_loop_close (&loop);
}

static void
test_serial (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("one");
  AiotIterator *source, *iterator;
  TestLoop loop;
  TestBody body;
  TestStage stage;

  test_loop_open (&loop);
  test_body_init (&body, 10);
  test_stage_init (&stage);
  source = test_body_iterate (&body, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  iterator = test_stage_map (&stage, source, executor, 4, AIOT_ORDER_READY);
  for (int i = 0; i < 10; i++)
    test_assert_next (iterator, i);
  test_assert_end (iterator);
  g_assert_cmpint (stage.peak_running, ==, 1);
  test_drop (&iterator);
  test_stage_clear (&stage);
  test_drop (&source);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* --- backpressure --- */

typedef struct
{
  TestLoop loop;
  TestStage stage;
  TestCounter *counter;
  AiotIterator *iterator;
  int n_handed_out;
} Counted;

static void
counted_setup (Counted       *counted,
               gconstpointer  data)
{
  test_loop_open (&counted->loop);
  test_stage_init (&counted->stage);
  counted->counter = g_object_new (TEST_TYPE_COUNTER, NULL);
  counted->counter->n_items = 50;
  counted->iterator = test_stage_map (&counted->stage, AIOT_ITERATOR (counted->counter), NULL, N_PARALLEL,
                                      GPOINTER_TO_INT (data));
}

static void
counted_teardown (Counted       *counted,
                  gconstpointer  data)
{
  test_drop (&counted->iterator);
  test_stage_clear (&counted->stage);
  while (g_main_context_iteration (counted->loop.main_context, FALSE))
    continue;
  g_assert_finalize_object (counted->counter);
  test_loop_close (&counted->loop);
}

static void
assert_few_taken (Counted *counted)
{
  g_assert_cmpint (counted->counter->n_given - counted->n_handed_out, <=, N_PARALLEL);
}

/* What nobody takes is not asked for. */
static void
test_backpressure_unread (Counted       *counted,
                          gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (AiotBatch) batch = NULL;
  TestAnswer answer = { 0 };

  g_assert_false (aiot_iterator_try_next (counted->iterator, &value, NULL));
  aiot_iterator_next_many_async (counted->iterator, 100, 100, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, counted->loop.main_context);
  batch = aiot_iterator_next_many_finish (counted->iterator, answer.result, NULL);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, N_PARALLEL);
  test_answer_clear (&answer);
  counted->n_handed_out += N_PARALLEL;

  /* The next ones wait, and nothing more happens. */
  test_iterate_until (counted->loop.main_context, &counted->counter->n_given, 2 * N_PARALLEL);
  while (g_main_context_iteration (counted->loop.main_context, FALSE))
    assert_few_taken (counted);
  g_assert_cmpint (counted->counter->n_given, ==, 2 * N_PARALLEL);
}

static void
test_backpressure_next (Counted       *counted,
                        gconstpointer  data)
{
  for (int i = 0; i < 50; i++)
    {
      TestAnswer answer = { 0 };

      aiot_iterator_next_async (counted->iterator, NULL, test_answer_cb, &answer);
      while (answer.n_called == 0)
        {
          g_main_context_iteration (counted->loop.main_context, TRUE);
          counted->n_handed_out += answer.n_called;
          assert_few_taken (counted);
        }
      test_answer_clear (&answer);
    }
  test_assert_end (counted->iterator);
}

static gboolean
count_item (const GValue *item,
            gpointer      user_data)
{
  Counted *counted = user_data;

  counted->n_handed_out++;
  assert_few_taken (counted);
  return TRUE;
}

static void
test_backpressure_foreach (Counted       *counted,
                           gconstpointer  data)
{
  TestAnswer answer = { 0 };

  aiot_iterator_foreach_async (counted->iterator, count_item, counted, NULL, NULL, test_answer_cb, &answer);
  while (answer.n_called == 0)
    {
      g_main_context_iteration (counted->loop.main_context, TRUE);
      assert_few_taken (counted);
    }
  g_assert_true (aiot_iterator_foreach_finish (counted->iterator, answer.result, NULL));
  g_assert_cmpint (counted->n_handed_out, ==, 50);
  test_answer_clear (&answer);
}

/* --- laziness --- */

static void
test_lazy (Fixture       *fixture,
           gconstpointer  data)
{
  iterate_now (fixture);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
  g_assert_cmpint (fixture->stage.n_started, ==, 0);
  test_drop (&fixture->iterator);
  g_assert_true (aiot_iterator_is_closed (fixture->source));
  g_assert_cmpint (fixture->stage.n_freed, ==, 1);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
}

/* Closing one that never started has nothing to wait for. */
static void
test_lazy_close_async (Fixture       *fixture,
                       gconstpointer  data)
{
  TestAnswer answer = { 0 };

  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_true (aiot_iterator_close_finish (fixture->iterator, answer.result, NULL));
  test_answer_clear (&answer);
  test_assert_closed (fixture->iterator);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
}

static void
test_try_starts (Fixture       *fixture,
                 gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_iterator_try_next (fixture->iterator, &value, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  hold (fixture, 1);
  test_stage_wait_held (&fixture->stage);
  let_all_go (fixture);
  assert_rest (fixture, 0);
}

/* --- errors --- */

/* It is home that tells. */
static void
iterate_until_told (Fixture *fixture,
                    int      number)
{
  while (!test_gate_is_open (&fixture->stage.told[number]))
    g_main_context_iteration (fixture->loop.main_context, TRUE);
}

/* The results before it come, what is after it is told to stop, and the source is closed. */
static void
test_error_as_given (Fixture       *fixture,
                     gconstpointer  data)
{
  TestAnswer answers[4] = { { 0 } };

  hold (fixture, 3);
  fixture->body.n_items = TEST_FOR_EVER;
  fixture->stage.failing = 1 << 1;
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answers[i]);
  test_stage_wait_held (&fixture->stage);
  test_stage_let_go (&fixture->stage, 1);
  /* Those after it hear of it while the one before it still runs. */
  iterate_until_told (fixture, 2);
  test_gate_wait (&fixture->body.ended);
  g_assert_cmpint (answers[0].n_called, ==, 0);
  g_assert_false (test_gate_is_open (&fixture->stage.told[0]));

  test_stage_let_go (&fixture->stage, 0);
  test_assert_answer_number (&answers[0], fixture->iterator, 0);
  test_assert_answer_fails (&answers[1], fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_assert_answer_end (&answers[2], fixture->iterator);
  test_assert_answer_end (&answers[3], fixture->iterator);
  test_assert_closed (fixture->iterator);
  g_assert_cmpint (fixture->stage.n_started, ==, 3);
}

/* Whichever is first in the order of the items is the one that is told. */
static void
test_errors_as_given (Fixture       *fixture,
                      gconstpointer  data)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  hold (fixture, 3);
  fixture->stage.failing = 1 << 1 | 1 << 0;
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_stage_wait_held (&fixture->stage);
  test_stage_let_go (&fixture->stage, 1);
  iterate_until_told (fixture, 2);
  test_stage_let_go (&fixture->stage, 0);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_null (aiot_iterator_next_finish (fixture->iterator, answer.result, &error));
  g_assert_cmpstr (error->message, ==, "0 is broken");
  test_answer_clear (&answer);
  test_assert_closed (fixture->iterator);
}

static void
test_error_as_ready (Fixture       *fixture,
                     gconstpointer  data)
{
  TestAnswer answer = { 0 };

  hold (fixture, 3);
  fixture->body.n_items = TEST_FOR_EVER;
  fixture->stage.failing = 1 << 1;
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_stage_wait_held (&fixture->stage);
  test_stage_let_go (&fixture->stage, 1);
  test_assert_answer_fails (&answer, fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_gate_wait (&fixture->stage.told[0]);
  test_gate_wait (&fixture->stage.told[2]);
  test_gate_wait (&fixture->body.ended);
  test_assert_closed (fixture->iterator);
  g_assert_cmpint (fixture->stage.n_started, ==, 3);
}

/* What the source gave before it failed is not lost, in any order. */
static void
test_error_of_source (Fixture       *fixture,
                      gconstpointer  data)
{
  fixture->body.failure = "broken";
  for (int i = 0; i < 20; i++)
    {
      TestAnswer answer;

      g_assert_nonnull (test_next (fixture->iterator, &answer, NULL));
      test_answer_clear (&answer);
    }
  test_assert_next_fails (fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_assert_closed (fixture->iterator);
}

/* Functions that don't listen do not keep the error back, but the end. */
static void
test_error_waits_for_nobody (Fixture       *fixture,
                             gconstpointer  data)
{
  TestAnswer answer = { 0 }, closed = { 0 };

  hold (fixture, 2);
  fixture->stage.is_stubborn = TRUE;
  fixture->stage.failing = 1 << 2;
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_assert_answer_fails (&answer, fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &closed);
  test_gate_wait (&fixture->stage.told[0]);
  test_gate_wait (&fixture->stage.told[1]);
  iterate_now (fixture);
  g_assert_cmpint (closed.n_called, ==, 0);
  g_assert_cmpint (fixture->stage.n_freed, ==, 0);

  let_all_go (fixture);
  test_answer_wait (&closed, fixture->loop.main_context);
  g_assert_cmpint (fixture->stage.n_freed, ==, 1);
  test_answer_clear (&closed);
}

static gboolean
fail_silently (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  return FALSE;
}

static void
test_error_unnamed (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr (AiotIterator) failing = aiot_iterator_map (fixture->iterator, NULL, 1, AIOT_ORDER_GIVEN, fail_silently, NULL, NULL);
  g_autoptr (GError) error = NULL;
  TestAnswer answer;

  g_assert_null (test_next (failing, &answer, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "The function of a map failed without saying why");
  test_answer_clear (&answer);
  test_end_and_drop (&failing);
}

static void
test_executor_closed (Fixture       *fixture,
                      gconstpointer  data)
{
  aiot_executor_shutdown_async (fixture->executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL, NULL);
  test_assert_next_fails (fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_cmpint (fixture->stage.n_started, ==, 0);
  test_gate_wait (&fixture->body.ended);
}

/* An iterator that is past its end is a source that fails. */
static void
test_source_used_up (Fixture       *fixture,
                     gconstpointer  data)
{
  aiot_iterator_close (fixture->source);
  test_assert_next_fails (fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_closed (fixture->iterator);
}

/* --- results --- */

static gboolean
do_nothing (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

static void
test_no_value (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (AiotIterator) iterator = aiot_iterator_map (fixture->iterator, NULL, 4, AIOT_ORDER_GIVEN, do_nothing, NULL, NULL);
  TestAnswer answer;

  for (int i = 0; i < 20; i++)
    {
      g_assert_true (aiot_value_is_no_value (test_next (iterator, &answer, NULL)));
      test_answer_clear (&answer);
    }
  test_assert_end (iterator);
  test_end_and_drop (&iterator);
}

#define add(path, order, test) g_test_add (path, Fixture, GINT_TO_POINTER (order), setup, test, teardown)
#define add_counted(path, order, test) g_test_add (path, Counted, GINT_TO_POINTER (order), counted_setup, test, counted_teardown)

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  add ("/map/order/as-given-all-come", AIOT_ORDER_GIVEN, test_all);
  add ("/map/order/as-given-whichever-is-ready-first", AIOT_ORDER_GIVEN, test_as_given);
  add ("/map/order/as-ready", AIOT_ORDER_READY, test_as_ready);

  add ("/map/parallel/as-many-as-asked-for-as-given", AIOT_ORDER_GIVEN, test_parallel);
  g_test_add_func ("/map/parallel/as-many-as-processors", test_processors);
  g_test_add_func ("/map/parallel/serial-executor", test_serial);

  add_counted ("/map/backpressure/what-nobody-reads-as-given", AIOT_ORDER_GIVEN, test_backpressure_unread);
  add_counted ("/map/backpressure/what-nobody-reads-as-ready", AIOT_ORDER_READY, test_backpressure_unread);
  add_counted ("/map/backpressure/one-by-one", AIOT_ORDER_GIVEN, test_backpressure_next);
  add_counted ("/map/backpressure/foreach-as-given", AIOT_ORDER_GIVEN, test_backpressure_foreach);
  add_counted ("/map/backpressure/foreach-as-ready", AIOT_ORDER_READY, test_backpressure_foreach);

  add ("/map/lazy/drop-runs-nothing", AIOT_ORDER_GIVEN, test_lazy);
  add ("/map/lazy/close-async-has-nothing-to-wait-for", AIOT_ORDER_GIVEN, test_lazy_close_async);
  add ("/map/lazy/try-next-starts", AIOT_ORDER_GIVEN, test_try_starts);

  add ("/map/error/of-function-as-given", AIOT_ORDER_GIVEN, test_error_as_given);
  add ("/map/error/the-first-in-order-is-told", AIOT_ORDER_GIVEN, test_errors_as_given);
  add ("/map/error/of-function-as-ready", AIOT_ORDER_READY, test_error_as_ready);
  add ("/map/error/of-source-as-given", AIOT_ORDER_GIVEN, test_error_of_source);
  add ("/map/error/of-source-as-ready", AIOT_ORDER_READY, test_error_of_source);
  add ("/map/error/waits-for-no-function", AIOT_ORDER_READY, test_error_waits_for_nobody);
  add ("/map/error/unnamed", AIOT_ORDER_GIVEN, test_error_unnamed);
  add ("/map/error/executor-closed", AIOT_ORDER_GIVEN, test_executor_closed);
  add ("/map/error/source-used-up", AIOT_ORDER_GIVEN, test_source_used_up);

  add ("/map/result/none-is-an-item", AIOT_ORDER_GIVEN, test_no_value);

  return g_test_run ();
}
