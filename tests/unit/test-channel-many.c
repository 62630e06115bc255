/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

#include "aiot-clock-private.h"

/* Receiving several items at once, as a batch. */

#define ADD(path, capacity, func) g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), setup, func, teardown)

static void
setup (TestChannel   *self,
       gconstpointer  data)
{
  test_channel_setup (self, data);
  aiot_clock_stop ();
}

static void
teardown (TestChannel   *self,
          gconstpointer  data)
{
  aiot_clock_resume ();
  test_channel_teardown (self, data);
}

static void
receive_many (TestChannel  *self,
              guint         min,
              guint         max,
              int           timeout_ms,
              GCancellable *cancellable,
              TestAnswer   *answer)
{
  aiot_channel_receive_many_async (self->channel, min, max, timeout_ms, cancellable, test_answer_cb, answer);
  g_assert_cmpint (answer->n_called, ==, 0);
}

static gboolean
is_answered (TestChannel *self,
             TestAnswer  *answer)
{
  test_iterate_all (self->loop.main_context);
  return answer->n_called > 0;
}

/* Those from the number first on, and no others. */
static void
assert_batch (AiotBatch *batch,
              guint      first,
              guint      n)
{
  g_assert_nonnull (batch);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (test_item_number (aiot_batch_get_item (batch, i)), ==, first + i);
}

static AiotBatch *
wait_for_batch (TestChannel  *self,
                TestAnswer   *answer,
                GError      **error)
{
  AiotBatch *batch;

  test_answer_wait (answer, self->loop.main_context);
  batch = aiot_channel_receive_many_finish (self->channel, answer->result, error);
  test_answer_clear (answer);
  return batch;
}

static void
assert_answer_batch (TestAnswer  *answer,
                     TestChannel *self,
                     guint        first,
                     guint        n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotBatch) batch = wait_for_batch (self, answer, &error);

  g_assert_no_error (error);
  assert_batch (batch, first, n);
}

static void
assert_answer_no_batch (TestAnswer  *answer,
                        TestChannel *self,
                        GQuark       domain,
                        int          code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wait_for_batch (self, answer, &error));
  g_assert_error (error, domain, code);
}

/* --- how many ----------------------------------------------------------------------- */

static void
test_at_most (TestChannel   *self,
              gconstpointer  data)
{
  TestAnswer answer = { 0 };

  test_send_items (self, 0, 200);
  receive_many (self, 1, 70, AIOT_TIMEOUT_NONE, NULL, &answer);
  assert_answer_batch (&answer, self, 0, 70);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, 130);
  g_assert_cmpuint (aiot_channel_get_n_received (self->channel), ==, 70);

  answer = (TestAnswer) { 0 };
  receive_many (self, 1, G_MAXUINT, AIOT_TIMEOUT_NONE, NULL, &answer);
  assert_answer_batch (&answer, self, 70, 130);
}

static void
test_at_least (TestChannel   *self,
               gconstpointer  data)
{
  TestAnswer answer = { 0 };

  receive_many (self, 3, 5, AIOT_TIMEOUT_NONE, NULL, &answer);
  test_send_items (self, 0, 2);
  g_assert_false (is_answered (self, &answer));
  test_send_items (self, 2, 1);
  assert_answer_batch (&answer, self, 0, 3);
}

/* Until it is called back more may come, which it takes as well when nobody else waits. */
static void
test_grows (TestChannel   *self,
            gconstpointer  data)
{
  TestAnswer answer = { 0 };

  receive_many (self, 1, 5, AIOT_TIMEOUT_NONE, NULL, &answer);
  test_send_items (self, 0, 8);
  assert_answer_batch (&answer, self, 0, 5);
  test_assert_has_only (self, 5, 3);
}

/* More can never be there at once. */
static void
test_capacity (TestChannel   *self,
               gconstpointer  data)
{
  TestAnswer answer = { 0 };
  guint capacity = GPOINTER_TO_UINT (data);

  receive_many (self, capacity + 1, 100, AIOT_TIMEOUT_NONE, NULL, &answer);
  test_send_items (self, 0, capacity - 1);
  g_assert_false (is_answered (self, &answer));
  test_send_items (self, capacity - 1, 1);
  assert_answer_batch (&answer, self, 0, capacity);
}

/* Those who wait for room count as soon as somebody waits for them. */
static void
test_with_senders (TestChannel   *self,
                   gconstpointer  data)
{
  TestTransfer transfers[4];
  TestAnswer answer = { 0 };

  test_send_items (self, 0, 10);
  for (guint i = 0; i < 4; i++)
    test_start_sending (&transfers[i], self, 10 + i);
  for (guint i = 0; i < 4; i++)
    test_assert_receives (self, i);
  receive_many (self, 10, 10, AIOT_TIMEOUT_NONE, NULL, &answer);
  assert_answer_batch (&answer, self, 4, 10);
  for (guint i = 0; i < 4; i++)
    test_assert_sent (&transfers[i]);
}

/* --- not waiting, and sleeping -------------------------------------------------------- */

static void
test_try (TestChannel   *self,
          gconstpointer  data)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (aiot_channel_try_receive_many (self->channel, 5, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  test_send_items (self, 0, 8);
  batch = aiot_channel_try_receive_many (self->channel, 5, &error);
  assert_batch (batch, 0, 5);
  g_clear_pointer (&batch, aiot_batch_unref);
  aiot_channel_close (self->channel);
  batch = aiot_channel_try_receive_many (self->channel, 5, &error);
  assert_batch (batch, 5, 3);
  g_assert_null (aiot_channel_try_receive_many (self->channel, 5, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

typedef struct
{
  TestChannel *channel;
  TestGate running;
  int timeout_ms;
  AiotBatch *batch;
  GError *error;
} Sleeper;

static gboolean
receive_three (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  Sleeper *sleeper = user_data;

  test_gate_open (&sleeper->running);
  sleeper->batch = aiot_channel_receive_many_sync (sleeper->channel->channel, 3, 4, sleeper->timeout_ms, NULL,
                                                   &sleeper->error);
  return TRUE;
}

static void
test_sync (TestChannel   *self,
           gconstpointer  data)
{
  Sleeper sleeper = { .channel = self };
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, receive_three, &sleeper, NULL, NULL, test_answer_cb, &answer);
  test_gate_wait (&sleeper.running);
  test_send_items (self, 0, 3);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_no_error (sleeper.error);
  assert_batch (sleeper.batch, 0, 3);
  aiot_batch_unref (sleeper.batch);
  test_answer_clear (&answer);
  test_gate_clear (&sleeper.running);
}

static void
test_sync_at_home (TestChannel   *self,
                   gconstpointer  data)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;

  test_send_items (self, 0, 2);
  g_assert_null (aiot_channel_receive_many_sync (self->channel, 3, 4, AIOT_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  test_send_items (self, 2, 1);
  batch = aiot_channel_receive_many_sync (self->channel, 3, 4, AIOT_TIMEOUT_NONE, NULL, &error);
  g_assert_no_error (error);
  assert_batch (batch, 0, 3);
}

/* --- the longest wait ------------------------------------------------------------------ */

static void
test_longest_wait (TestChannel   *self,
                   gconstpointer  data)
{
  TestAnswer some = { 0 }, none = { 0 };

  receive_many (self, 5, 10, 50, NULL, &some);
  test_send_items (self, 0, 2);
  aiot_clock_advance (49 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (is_answered (self, &some));
  aiot_clock_advance (1 * G_TIME_SPAN_MILLISECOND);
  assert_answer_batch (&some, self, 0, 2);

  receive_many (self, 5, 10, 50, NULL, &none);
  aiot_clock_advance (50 * G_TIME_SPAN_MILLISECOND);
  assert_answer_no_batch (&none, self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_longest_wait_sync (TestChannel   *self,
                        gconstpointer  data)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one", 1);
  Sleeper sleeper = { .channel = self, .timeout_ms = 50 };
  TestAnswer answer = { 0 };
  TestTransfer behind;

  test_send_items (self, 0, 2);
  aiot_offload_async (executor, receive_three, &sleeper, NULL, NULL, test_answer_cb, &answer);
  test_gate_wait (&sleeper.running);
  test_wait_until_asleep (executor);
  test_start_receiving (&behind, self, AIOT_TIMEOUT_NONE);
  aiot_clock_advance (50 * G_TIME_SPAN_MILLISECOND);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_no_error (sleeper.error);
  assert_batch (sleeper.batch, 0, 2);
  test_send_items (self, 2, 1);
  test_assert_received (&behind, 2);
  aiot_batch_unref (sleeper.batch);
  test_answer_clear (&answer);
  test_gate_clear (&sleeper.running);
}

/* --- the end, and leaving ----------------------------------------------------------------- */

static void
test_closed (TestChannel   *self,
             gconstpointer  data)
{
  TestAnswer answers[3] = { { 0 } };

  for (guint i = 0; i < 3; i++)
    receive_many (self, 5, 10, AIOT_TIMEOUT_NONE, NULL, &answers[i]);
  test_send_items (self, 0, 2);
  aiot_channel_close (self->channel);
  assert_answer_batch (&answers[0], self, 0, 2);
  assert_answer_no_batch (&answers[1], self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  assert_answer_no_batch (&answers[2], self, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* The next in the row gets what was promised, and what is left of it stays in order. */
static void
test_promise (TestChannel   *self,
              gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer leaves = { 0 }, next = { 0 };

  receive_many (self, 2, 8, AIOT_TIMEOUT_NONE, cancellable, &leaves);
  receive_many (self, 2, 3, AIOT_TIMEOUT_NONE, NULL, &next);
  test_send_items (self, 0, 5);
  g_cancellable_cancel (cancellable);
  assert_answer_batch (&next, self, 0, 3);
  assert_answer_no_batch (&leaves, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_has_only (self, 3, 2);
}

/* Who waits for few is not served before who came earlier and waits for many. */
static void
test_order (TestChannel   *self,
            gconstpointer  data)
{
  TestAnswer many = { 0 }, one = { 0 };

  receive_many (self, 3, 3, AIOT_TIMEOUT_NONE, NULL, &many);
  test_receive_async (self, NULL, &one);
  test_send_items (self, 0, 2);
  g_assert_false (is_answered (self, &one));
  test_send_items (self, 2, 2);
  assert_answer_batch (&many, self, 0, 3);
  test_assert_answer_item (&one, self, 3);
}

/* When the first gives up waiting, what it waited for is there for the second. */
static void
test_order_cancelled (TestChannel   *self,
                      gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer many = { 0 }, one = { 0 };

  receive_many (self, 3, 3, AIOT_TIMEOUT_NONE, cancellable, &many);
  test_receive_async (self, NULL, &one);
  test_send_items (self, 0, 2);
  g_cancellable_cancel (cancellable);
  test_assert_answer_item (&one, self, 0);
  assert_answer_no_batch (&many, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_has_only (self, 1, 1);
}

/* --- what a batch is ------------------------------------------------------------------------ */

static gpointer
unref_in_thread (gpointer batch)
{
  aiot_batch_unref (batch);
  return NULL;
}

static void
test_lifetime (TestChannel   *self,
               gconstpointer  data)
{
  AiotBatch *batch, *other;
  TestAnswer answer = { 0 };
  g_auto (GValue) value = G_VALUE_INIT;

  test_send_items (self, 0, 6);
  receive_many (self, 3, 3, AIOT_TIMEOUT_NONE, NULL, &answer);
  test_answer_wait (&answer, self->loop.main_context);
  batch = aiot_channel_receive_many_finish (self->channel, answer.result, NULL);
  test_answer_clear (&answer);
  assert_batch (batch, 0, 3);
  aiot_batch_unref (aiot_batch_ref (batch));
  g_assert_cmpint (self->items.n_freed, ==, 0);
  aiot_batch_unref (batch);
  g_assert_cmpint (self->items.n_freed, ==, 3);

  /* In another thread: at home all the same. As a boxed value it is still the one batch. */
  answer = (TestAnswer) { 0 };
  receive_many (self, 3, 3, AIOT_TIMEOUT_NONE, NULL, &answer);
  test_answer_wait (&answer, self->loop.main_context);
  other = aiot_channel_receive_many_finish (self->channel, answer.result, NULL);
  test_answer_clear (&answer);
  g_value_init (&value, AIOT_TYPE_BATCH);
  g_value_set_boxed (&value, other);
  g_assert_true (g_value_get_boxed (&value) == other);
  g_value_unset (&value);
  g_thread_join (g_thread_new ("unref", unref_in_thread, other));
  g_assert_cmpint (self->items.n_freed, ==, 3);
  test_iterate_until (self->loop.main_context, &self->items.n_freed, 6);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/receive-many/at-most", AIOT_CAPACITY_DEFAULT, test_at_most);
  ADD ("/channel/receive-many/at-least", 10, test_at_least);
  ADD ("/channel/receive-many/takes-what-came-meanwhile", 10, test_grows);
  ADD ("/channel/receive-many/no-more-than-the-capacity/1", 1, test_capacity);
  ADD ("/channel/receive-many/no-more-than-the-capacity/4", 4, test_capacity);
  ADD ("/channel/receive-many/with-those-who-wait-for-room", 10, test_with_senders);
  ADD ("/channel/receive-many/try", 10, test_try);
  ADD ("/channel/receive-many/sync", 10, test_sync);
  ADD ("/channel/receive-many/sync-at-home-would-deadlock", 10, test_sync_at_home);
  ADD ("/channel/receive-many/longest-wait", 10, test_longest_wait);
  ADD ("/channel/receive-many/longest-wait-of-a-sleeping-thread", 10, test_longest_wait_sync);
  ADD ("/channel/receive-many/closed-with-fewer", 10, test_closed);
  ADD ("/channel/receive-many/promise-passes-on", 10, test_promise);
  ADD ("/channel/receive-many/order/behind-one-that-wants-more", 10, test_order);
  ADD ("/channel/receive-many/order/when-that-one-leaves", 10, test_order_cancelled);
  ADD ("/channel/receive-many/batch-is-freed-at-home", 10, test_lifetime);
  return g_test_run ();
}
