/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-counter.h"

#include "test-body.h"

static GValue *
value_new (int number)
{
  GValue *value = g_new0 (GValue, 1);

  g_value_init (value, G_TYPE_INT);
  g_value_set_int (value, number);
  return value;
}

static void
value_free (gpointer value)
{
  g_value_unset (value);
  g_free (value);
}

static gboolean
give (gpointer user_data)
{
  GTask *task = user_data;
  TestCounter *self = g_task_get_source_object (task);

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;

  if (self->is_closed)
    {
      g_task_return_new_error (task, AIOT_ERROR, AIOT_ERROR_CLOSED, "The counter is closed");
    }
  else if (self->fails_at > 0 && self->n_given == self->fails_at)
    {
      self->is_closed = TRUE;
      g_task_return_new_error (task, G_FILE_ERROR, G_FILE_ERROR_IO, "broken");
    }
  else if (self->n_given == self->n_items)
    {
      self->is_closed = TRUE;
      g_task_return_pointer (task, NULL, NULL);
    }
  else
    {
      GValue *value = value_new (self->n_given++);

      g_task_set_task_data (task, value, value_free);
      g_task_return_pointer (task, value, NULL);
    }
  return G_SOURCE_REMOVE;
}

static void
test_counter_next_async (AiotIterator        *iterator,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             callback_data)
{
  g_autoptr (GTask) task = g_task_new (iterator, cancellable, callback, callback_data);
  g_autoptr (GSource) source = g_idle_source_new ();

  g_assert_true (g_thread_self () == TEST_COUNTER (iterator)->home);
  TEST_COUNTER (iterator)->n_asked++;
  g_task_attach_source (task, source, give);
}

static const GValue *
test_counter_next_finish (AiotIterator  *iterator,
                          GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_counter_close (AiotIterator *iterator)
{
  TestCounter *self = TEST_COUNTER (iterator);

  self->is_closed = TRUE;
  self->n_closed++;
}

static gboolean
test_counter_is_closed (AiotIterator *iterator)
{
  return TEST_COUNTER (iterator)->is_closed;
}

static void
test_counter_iterator_init (AiotIteratorInterface *iface)
{
  iface->next_async = test_counter_next_async;
  iface->next_finish = test_counter_next_finish;
  iface->close = test_counter_close;
  iface->is_closed = test_counter_is_closed;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestCounter, test_counter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AIOT_TYPE_ITERATOR, test_counter_iterator_init))

static void
test_counter_class_init (TestCounterClass *klass)
{
}

static void
test_counter_init (TestCounter *self)
{
  self->home = g_thread_self ();
}

/* --- For tests of one ---------------------------------------------------------- */

void
test_counting_setup (TestCounting  *fixture,
                     gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  fixture->counter = g_object_new (TEST_TYPE_COUNTER, NULL);
  fixture->counter->n_items = 7;
  fixture->iterator = AIOT_ITERATOR (fixture->counter);
}

void
test_counting_teardown (TestCounting  *fixture,
                        gconstpointer  data)
{
  test_answer_clear (&fixture->answer);
  /* A task that was completed may be in a source of this main context. */
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
  test_drop (&fixture->iterator);
  test_loop_close (&fixture->loop);
}

void
test_counting_wait (TestCounting *fixture)
{
  test_answer_wait (&fixture->answer, fixture->loop.main_context);
  g_assert_true (fixture->answer.thread == g_thread_self ());
  g_assert_true (fixture->answer.main_context == fixture->loop.main_context);
}

void
test_counting_assert_next (TestCounting *fixture,
                           int           number)
{
  TestAnswer answer;
  const GValue *value = test_next (fixture->iterator, &answer, NULL);

  g_assert_cmpint (g_value_get_int (value), ==, number);
  test_answer_clear (&answer);
}
