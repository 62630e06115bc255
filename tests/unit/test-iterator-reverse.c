/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"
#include "test-counter.h"

/* The reverse direction: items come from the main loop, and workers wait for them. */

static void
assert_numbers (AiotBatch *batch,
                int        first)
{
  for (guint i = 0; i < aiot_batch_get_length (batch); i++)
    g_assert_cmpint (g_value_get_int (aiot_batch_get_item (batch, i)), ==, first + (int) i);
}

typedef struct
{
  AiotIterator *iterator;
  gboolean by_many;
  int n_items;
  gboolean has_ended;
} Worker;

static gboolean
take_one (Worker  *worker,
          GError **error)
{
  g_auto (GValue) value = G_VALUE_INIT;

  if (!aiot_iterator_next_sync (worker->iterator, &value, NULL, error))
    return FALSE;

  g_assert_cmpint (g_value_get_int (&value), ==, worker->n_items);
  worker->n_items++;
  return TRUE;
}

static gboolean
take_many (Worker  *worker,
           GError **error)
{
  g_autoptr (AiotBatch) batch = aiot_iterator_next_many_sync (worker->iterator, 2, 3, NULL, error);

  if (batch == NULL)
    return FALSE;

  assert_numbers (batch, worker->n_items);
  worker->n_items += aiot_batch_get_length (batch);
  return TRUE;
}

static gboolean
go_through_in_worker (AiotCall  *call,
                      gpointer   user_data,
                      GError   **error)
{
  Worker *worker = user_data;

  while (worker->by_many ? take_many (worker, error) : take_one (worker, error))
    continue;
  worker->has_ended = *error == NULL;
  return worker->has_ended;
}

static void
test_in_worker (TestCounting  *fixture,
                gconstpointer  by_many)
{
  Worker worker = { .iterator = fixture->iterator, .by_many = GPOINTER_TO_INT (by_many) };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (NULL, go_through_in_worker, &worker, NULL, NULL, test_answer_cb, &fixture->answer);
  test_counting_wait (fixture);
  g_assert_nonnull (aiot_offload_finish (fixture->answer.result, &error));
  g_assert_no_error (error);
  g_assert_true (worker.has_ended);
  g_assert_cmpint (worker.n_items, ==, 7);
}

static void
test_error_in_worker (TestCounting  *fixture,
                      gconstpointer  by_many)
{
  Worker worker = { .iterator = fixture->iterator, .by_many = GPOINTER_TO_INT (by_many) };
  g_autoptr (GError) error = NULL;

  fixture->counter->fails_at = 5;
  aiot_offload_async (NULL, go_through_in_worker, &worker, NULL, NULL, test_answer_cb, &fixture->answer);
  test_counting_wait (fixture);
  g_assert_null (aiot_offload_finish (fixture->answer.result, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpint (worker.n_items, ==, 5);
}

/* A generator may go through it, too, and give on what it gets. */
static gboolean
emit_doubles (AiotGenerator  *generator,
              gpointer        user_data,
              GError        **error)
{
  while (TRUE)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if (!aiot_iterator_next_sync (user_data, &value, aiot_generator_get_cancellable (generator), error))
        return *error == NULL;
      if (!aiot_generator_emit_int64 (generator, 2 * g_value_get_int (&value), error))
        return FALSE;
    }
}

static void
test_in_generator (TestCounting  *fixture,
                   gconstpointer  data)
{
  AiotIterator *doubles;

  doubles = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_doubles, g_object_ref (fixture->iterator), g_object_unref,
                                                       NULL, 2, NULL));
  for (int i = 0; i < 7; i++)
    {
      TestAnswer answer;

      g_assert_cmpint (g_value_get_int64 (test_next (doubles, &answer, NULL)), ==, 2 * i);
      test_answer_clear (&answer);
    }
  test_assert_end (doubles);
  test_drop (&doubles);
  while (G_OBJECT (fixture->iterator)->ref_count > 1)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
}

static void
test_at_home (TestCounting  *fixture,
              gconstpointer  data)
{
  GValue value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_iterator_next_sync (fixture->iterator, &value, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_null (aiot_iterator_next_many_sync (fixture->iterator, 1, 2, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  test_counting_assert_next (fixture, 0);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, TestCounting, data, test_counting_setup, func, test_counting_teardown)
  ADD ("/iterator/reverse/next-sync", GINT_TO_POINTER (FALSE), test_in_worker);
  ADD ("/iterator/reverse/next-many-sync", GINT_TO_POINTER (TRUE), test_in_worker);
  ADD ("/iterator/reverse/error", GINT_TO_POINTER (FALSE), test_error_in_worker);
  ADD ("/iterator/reverse/error-of-many", GINT_TO_POINTER (TRUE), test_error_in_worker);
  ADD ("/iterator/reverse/in-a-generator", NULL, test_in_generator);
  ADD ("/iterator/reverse/would-deadlock-at-home", NULL, test_at_home);
  return g_test_run ();
}
