/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"
#include "test-counter.h"

/* An iterator that has no more than it must: what it leaves out is made of the rest. */

static void
test_one_by_one (TestCounting  *fixture,
                 gconstpointer  data)
{
  for (int i = 0; i < 7; i++)
    test_counting_assert_next (fixture, i);
  test_assert_end (fixture->iterator);
  test_assert_next_fails (fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* --- many --- */

static AiotBatch *
next_many (TestCounting  *fixture,
           guint     min,
           guint     max,
           GError  **error)
{
  AiotBatch *batch;

  fixture->answer = (TestAnswer) { 0 };
  aiot_iterator_next_many_async (fixture->iterator, min, max, NULL, test_answer_cb, &fixture->answer);
  g_assert_cmpint (fixture->answer.n_called, ==, 0);
  test_counting_wait (fixture);
  batch = aiot_iterator_next_many_finish (fixture->iterator, fixture->answer.result, error);
  test_answer_clear (&fixture->answer);
  return batch;
}

static void
assert_numbers (AiotBatch *batch,
                int        first)
{
  for (guint i = 0; i < aiot_batch_get_length (batch); i++)
    g_assert_cmpint (g_value_get_int (aiot_batch_get_item (batch, i)), ==, first + (int) i);
}

static void
test_many (TestCounting  *fixture,
           gconstpointer  data)
{
  int n = 0;

  while (n < 6)
    {
      g_autoptr (AiotBatch) batch = next_many (fixture, 2, 3, NULL);

      g_assert_nonnull (batch);
      g_assert_cmpuint (aiot_batch_get_length (batch), >=, MIN (2, 7 - n));
      g_assert_cmpuint (aiot_batch_get_length (batch), <=, 3);
      assert_numbers (batch, n);
      n += aiot_batch_get_length (batch);
    }
  if (n < 7)
    test_counting_assert_next (fixture, 6);
}

static void
test_many_end (TestCounting  *fixture,
               gconstpointer  data)
{
  g_autoptr (AiotBatch) batch = next_many (fixture, 10, 20, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (aiot_batch_get_length (batch), ==, 7);
  assert_numbers (batch, 0);
  g_assert_null (next_many (fixture, 10, 20, &error));
  g_assert_no_error (error);
  g_assert_null (next_many (fixture, 10, 20, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* The items before an error are not lost, nor is the error. */
static void
test_many_error (TestCounting  *fixture,
                 gconstpointer  data)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;

  fixture->counter->fails_at = 4;
  batch = next_many (fixture, 10, 20, NULL);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, 4);
  assert_numbers (batch, 0);
  g_assert_null (next_many (fixture, 10, 20, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
}

/* --- at once --- */

/* It can only be asked in a way that waits. */
static void
test_try_next (TestCounting  *fixture,
               gconstpointer  data)
{
  GValue value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_iterator_try_next (fixture->iterator, &value, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_null (aiot_iterator_try_next_many (fixture->iterator, 3, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  test_counting_assert_next (fixture, 0);

  aiot_iterator_close (fixture->iterator);
  g_assert_false (aiot_iterator_try_next (fixture->iterator, &value, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (aiot_iterator_try_next_many (fixture->iterator, 3, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* --- foreach --- */

typedef struct
{
  TestCounting *fixture;
  GCancellable *cancellable;
  int n_items;
  int stop_at;
  int cancel_at;
  int n_freed;
  int n_called_when_freed;
} Each;

static gboolean
each_item (const GValue *item,
           gpointer      user_data)
{
  Each *each = user_data;

  g_assert_cmpint (g_value_get_int (item), ==, each->n_items);
  each->n_items++;
  if (each->n_items == each->cancel_at)
    g_cancellable_cancel (each->cancellable);
  return each->n_items != each->stop_at;
}

static void
each_freed (gpointer user_data)
{
  Each *each = user_data;

  each->n_called_when_freed = each->fixture->answer.n_called;
  each->n_freed++;
}

static gboolean
go_through (TestCounting  *fixture,
            Each     *each,
            GError  **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  each->fixture = fixture;
  each->cancellable = cancellable;
  aiot_iterator_foreach_async (fixture->iterator, each_item, each, each_freed, cancellable, test_answer_cb, &fixture->answer);
  g_assert_cmpint (each->n_items, ==, 0);
  test_counting_wait (fixture);
  g_assert_cmpint (each->n_freed, ==, 1);
  g_assert_cmpint (each->n_called_when_freed, ==, 0);
  return aiot_iterator_foreach_finish (fixture->iterator, fixture->answer.result, error);
}

static void
test_foreach (TestCounting  *fixture,
              gconstpointer  data)
{
  Each each = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (go_through (fixture, &each, &error));
  g_assert_no_error (error);
  g_assert_cmpint (each.n_items, ==, 7);
}

static void
test_foreach_stop (TestCounting  *fixture,
                   gconstpointer  data)
{
  Each each = { .stop_at = 3 };
  g_autoptr (GError) error = NULL;

  g_assert_true (go_through (fixture, &each, &error));
  g_assert_no_error (error);
  g_assert_cmpint (each.n_items, ==, 3);
  g_assert_cmpint (fixture->counter->n_closed, ==, 1);
}

static void
test_foreach_error (TestCounting  *fixture,
                    gconstpointer  data)
{
  Each each = { 0 };
  g_autoptr (GError) error = NULL;

  fixture->counter->fails_at = 4;
  g_assert_false (go_through (fixture, &each, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpint (each.n_items, ==, 4);
}

static void
test_foreach_cancel (TestCounting  *fixture,
                     gconstpointer  data)
{
  Each each = { .cancel_at = 3 };
  g_autoptr (GError) error = NULL;

  g_assert_false (go_through (fixture, &each, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (each.n_items, ==, 3);
  g_assert_cmpint (fixture->counter->n_closed, ==, 1);
}

/* --- closing --- */

static void
test_close_async (TestCounting  *fixture,
                  gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  test_counting_assert_next (fixture, 0);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &fixture->answer);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  g_assert_cmpint (fixture->counter->n_closed, ==, 1);
  g_assert_cmpint (fixture->answer.n_called, ==, 0);
  test_counting_wait (fixture);
  g_assert_true (aiot_iterator_close_finish (fixture->iterator, fixture->answer.result, &error));
  g_assert_no_error (error);
  test_assert_next_fails (fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, TestCounting, data, test_counting_setup, func, test_counting_teardown)
  ADD ("/iterator/custom/next", NULL, test_one_by_one);
  ADD ("/iterator/custom/next-many/in-order", NULL, test_many);
  ADD ("/iterator/custom/next-many/fewer-at-the-end", NULL, test_many_end);
  ADD ("/iterator/custom/next-many/fewer-before-an-error", NULL, test_many_error);
  ADD ("/iterator/custom/try-next", NULL, test_try_next);
  ADD ("/iterator/custom/foreach/all", NULL, test_foreach);
  ADD ("/iterator/custom/foreach/stop-closes", NULL, test_foreach_stop);
  ADD ("/iterator/custom/foreach/error", NULL, test_foreach_error);
  ADD ("/iterator/custom/foreach/cancel-closes", NULL, test_foreach_cancel);
  ADD ("/iterator/custom/close-async", NULL, test_close_async);
  return g_test_run ();
}
