/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* Iterators over a channel. They come and go, and the channel loses nothing by it. */

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)

static void
assert_try_next (AiotIterator *reader,
                 guint         number)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (aiot_iterator_try_next (reader, &value, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (test_item_number (&value), ==, number);
}

static void
assert_try_next_fails (AiotIterator *reader,
                       GQuark        domain,
                       int           code)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_iterator_try_next (reader, &value, &error));
  g_assert_error (error, domain, code);
}

static const GValue *
wait_for_next (AiotIterator  *reader,
               TestAnswer    *answer,
               GError       **error)
{
  test_answer_wait (answer, g_main_context_get_thread_default ());
  g_assert_cmpint (answer->n_called, ==, 1);
  return aiot_iterator_next_finish (reader, answer->result, error);
}

static void
assert_next (TestAnswer   *answer,
             AiotIterator *reader,
             guint         number)
{
  g_autoptr (GError) error = NULL;
  const GValue *value = wait_for_next (reader, answer, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (test_item_number (value), ==, number);
  test_answer_clear (answer);
}

static void
assert_end (TestAnswer   *answer,
            AiotIterator *reader)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wait_for_next (reader, answer, &error));
  g_assert_no_error (error);
  test_answer_clear (answer);
}

static void
assert_next_fails (TestAnswer   *answer,
                   AiotIterator *reader,
                   GQuark        domain,
                   int           code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wait_for_next (reader, answer, &error));
  g_assert_error (error, domain, code);
  test_answer_clear (answer);
}

/* --- to the end --------------------------------------------------------------------- */

static void
test_end (TestChannel   *self,
          gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  TestAnswer first = { 0 }, waits = { 0 }, last[2] = { { 0 } };

  assert_try_next_fails (reader, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_send_items (self, 0, 2);
  aiot_iterator_next_async (reader, NULL, test_answer_cb, &first);
  assert_next (&first, reader, 0);
  assert_try_next (reader, 1);
  aiot_iterator_next_async (reader, NULL, test_answer_cb, &waits);
  test_send_items (self, 2, 1);
  g_assert_cmpint (waits.n_called, ==, 0);
  assert_next (&waits, reader, 2);

  for (guint i = 0; i < 2; i++)
    aiot_iterator_next_async (reader, NULL, test_answer_cb, &last[i]);
  test_send_items (self, 3, 1);
  aiot_channel_close (self->channel);
  g_assert_false (aiot_iterator_is_closed (reader));
  assert_next (&last[0], reader, 3);
  assert_end (&last[1], reader);
  g_assert_true (aiot_iterator_is_closed (reader));
  assert_try_next_fails (reader, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_finalize_object (g_steal_pointer (&reader));
}

/* Nothing was ever sent. */
static void
test_end_at_once (TestChannel   *self,
                  gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  aiot_channel_close (self->channel);
  g_assert_false (aiot_iterator_try_next (reader, &value, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&reader));
}

static void
test_sync_at_home (TestChannel   *self,
                   gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_iterator_next_sync (reader, &value, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  test_send_items (self, 0, 1);
  g_assert_true (aiot_iterator_next_sync (reader, &value, NULL, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&reader));
}

/* --- leaving ------------------------------------------------------------------------- */

/* Its next is promised an item; closing passes that on, and the channel goes on. */
static void
test_closed_with_promise (TestChannel   *self,
                          gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  TestAnswer nexts[2] = { { 0 } }, waits = { 0 };

  for (guint i = 0; i < 2; i++)
    aiot_iterator_next_async (reader, NULL, test_answer_cb, &nexts[i]);
  test_receive_async (self, NULL, &waits);
  test_send_items (self, 0, 1);
  aiot_iterator_close (reader);
  aiot_iterator_close (reader);
  g_assert_true (aiot_iterator_is_closed (reader));
  g_assert_cmpint (nexts[0].n_called + nexts[1].n_called, ==, 0);
  for (guint i = 0; i < 2; i++)
    assert_next_fails (&nexts[i], reader, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_answer_item (&waits, self, 0);
  assert_try_next_fails (reader, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_false (aiot_channel_is_closed (self->channel));
  g_assert_finalize_object (g_steal_pointer (&reader));
}

typedef struct
{
  AiotIterator *reader;
  TestGate running;
  GError *error;
} Sleeper;

static gboolean
sleep_for_next (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  Sleeper *sleeper = user_data;
  g_auto (GValue) value = G_VALUE_INIT;

  test_gate_open (&sleeper->running);
  g_assert_false (aiot_iterator_next_sync (sleeper->reader, &value, NULL, &sleeper->error));
  return TRUE;
}

static void
test_closed_while_asleep (TestChannel   *self,
                          gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("sleeper", 1);
  Sleeper sleeper = { .reader = reader };
  TestAnswer answer = { 0 };

  aiot_offload_async (executor, sleep_for_next, &sleeper, NULL, NULL, test_answer_cb, &answer);
  test_gate_wait (&sleeper.running);
  test_wait_until_asleep (executor);
  aiot_iterator_close (reader);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_error (sleeper.error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_clear_error (&sleeper.error);
  test_answer_clear (&answer);
  test_gate_clear (&sleeper.running);
  test_send_items (self, 0, 1);
  test_assert_has_only (self, 0, 1);
  g_assert_finalize_object (g_steal_pointer (&reader));
}

static void
test_close_async (TestChannel   *self,
                  gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  g_autoptr (GError) error = NULL;
  TestAnswer answer = { 0 };

  test_send_items (self, 0, 1);
  aiot_iterator_close_async (reader, NULL, test_answer_cb, &answer);
  g_assert_true (aiot_iterator_is_closed (reader));
  g_assert_cmpint (answer.n_called, ==, 0);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_true (aiot_iterator_close_finish (reader, answer.result, &error));
  g_assert_no_error (error);
  test_answer_clear (&answer);
  g_assert_finalize_object (g_steal_pointer (&reader));
  test_assert_has_only (self, 0, 1);
}

/* --- several ---------------------------------------------------------------------------- */

/* They share the items, in the order in which they ask. */
static void
test_several (TestChannel   *self,
              gconstpointer  data)
{
  AiotIterator *readers[3];
  TestAnswer answers[9] = { { 0 } };

  for (guint i = 0; i < 3; i++)
    readers[i] = aiot_channel_iterate (self->channel);
  for (guint i = 0; i < 9; i++)
    aiot_iterator_next_async (readers[(i * 2) % 3], NULL, test_answer_cb, &answers[i]);
  test_send_items (self, 0, 6);
  aiot_channel_close (self->channel);
  for (guint i = 0; i < 6; i++)
    assert_next (&answers[i], readers[(i * 2) % 3], i);
  for (guint i = 6; i < 9; i++)
    assert_end (&answers[i], readers[(i * 2) % 3]);
  for (guint i = 0; i < 3; i++)
    g_assert_finalize_object (readers[i]);
}

/* One is dropped after the other, here and elsewhere, and the next goes on where they were. */
static void
test_one_after_another (TestChannel   *self,
                        gconstpointer  data)
{
  test_send_items (self, 0, 100);
  for (guint i = 0; i < 100; i++)
    {
      AiotIterator *reader = aiot_channel_iterate (self->channel);

      assert_try_next (reader, i);
      if (i % 2 == 0)
        test_unref_in_another_thread (reader);
      else
        g_assert_finalize_object (reader);
    }
  g_assert_false (aiot_channel_is_closed (self->channel));
}

/* --- the channel is dropped first --------------------------------------------------------- */

static void
test_outlives (TestChannel   *self,
               gconstpointer  data)
{
  AiotIterator *reader = aiot_channel_iterate (self->channel);

  test_send_items (self, 0, 10);
  g_clear_object (&self->channel);
  assert_try_next (reader, 0);
  g_assert_finalize_object (reader);
  test_iterate_until (self->loop.main_context, &self->items.n_freed, 10);
}

/* --- several items ------------------------------------------------------------------------- */

static void
test_next_many (TestChannel   *self,
                gconstpointer  data)
{
  static const guint lengths[] = { 3, 3, 3, 1 };
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  TestAnswer answers[G_N_ELEMENTS (lengths)] = { { 0 } }, late = { 0 };
  g_autoptr (GError) error = NULL;
  guint number = 0;

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    aiot_iterator_next_many_async (reader, 3, 4, NULL, test_answer_cb, &answers[i]);
  aiot_iterator_next_many_async (reader, 3, 4, NULL, test_answer_cb, &late);
  test_send_items (self, 0, 10);
  aiot_channel_close (self->channel);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (AiotBatch) batch = NULL;

      test_answer_wait (&answers[i], self->loop.main_context);
      batch = aiot_iterator_next_many_finish (reader, answers[i].result, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (aiot_batch_get_length (batch), ==, lengths[i]);
      for (guint j = 0; j < lengths[i]; j++)
        g_assert_cmpuint (test_item_number (aiot_batch_get_item (batch, j)), ==, number++);
      test_answer_clear (&answers[i]);
    }
  test_answer_wait (&late, self->loop.main_context);
  g_assert_null (aiot_iterator_next_many_finish (reader, late.result, &error));
  g_assert_no_error (error);
  test_answer_clear (&late);
  g_assert_finalize_object (g_steal_pointer (&reader));
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/reader/end/after-all-items", 10, test_end);
  ADD ("/channel/reader/end/at-once", 10, test_end_at_once);
  ADD ("/channel/reader/next-many", 10, test_next_many);
  ADD ("/channel/reader/sync-at-home-would-deadlock", 10, test_sync_at_home);
  ADD ("/channel/reader/leaving/promise-passes-on", 10, test_closed_with_promise);
  ADD ("/channel/reader/leaving/closed-while-a-thread-sleeps", 10, test_closed_while_asleep);
  ADD ("/channel/reader/leaving/close-async", 10, test_close_async);
  ADD ("/channel/reader/several/share-the-items", 10, test_several);
  ADD ("/channel/reader/several/one-after-another", AIOT_CAPACITY_DEFAULT, test_one_after_another);
  ADD ("/channel/reader/outlives-the-channel", AIOT_CAPACITY_DEFAULT, test_outlives);
  return g_test_run ();
}
