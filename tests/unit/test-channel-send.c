/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* Threads that send, and sleep while the channel is full. Whether one was let in is seen in the length: its item counts at once. */

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)

static void
assert_length (TestChannel *self,
               guint        length)
{
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, length);
}

static void
fill (TestChannel *self)
{
  test_send_items (self, 0, aiot_channel_get_capacity (self->channel));
}

/* --- being let in ---------------------------------------------------------------- */

/* Not for each item that leaves, but when half of them are gone; all at once then. */
static void
test_half_drained (TestChannel   *self,
                   gconstpointer  data)
{
  TestTransfer transfers[3];
  guint capacity = GPOINTER_TO_UINT (data), n_received = 0;

  fill (self);
  for (guint i = 0; i < 3; i++)
    test_start_sending (&transfers[i], self, capacity + i);
  assert_length (self, capacity);

  while (capacity - n_received > capacity / 2 + 1)
    {
      test_assert_receives (self, n_received++);
      assert_length (self, capacity - n_received);
      g_assert_false (test_transfer_is_over (&transfers[0]));
    }
  test_assert_receives (self, n_received++);
  assert_length (self, capacity - n_received + 3);
  for (guint i = 0; i < 3; i++)
    test_assert_sent (&transfers[i]);
  test_assert_has_only (self, n_received, capacity - n_received + 3);
}

/* Before half is gone, when somebody has to wait for an item. */
static void
test_receiver_waits (TestChannel   *self,
                     gconstpointer  data)
{
  TestTransfer transfer;
  TestAnswer answer = { 0 };
  g_autoptr (AiotBatch) batch = NULL;

  fill (self);
  test_start_sending (&transfer, self, 10);
  test_assert_receives (self, 0);
  test_assert_receives (self, 1);
  assert_length (self, 8);
  /* Nine are not there without the one that waits outside. */
  aiot_channel_receive_many_async (self->channel, 9, 9, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &answer);
  assert_length (self, 9);
  test_assert_sent (&transfer);

  test_answer_wait (&answer, self->loop.main_context);
  batch = aiot_channel_receive_many_finish (self->channel, answer.result, NULL);
  for (guint i = 0; i < 9; i++)
    g_assert_cmpuint (test_item_number (aiot_batch_get_item (batch, i)), ==, i + 2);
  test_answer_clear (&answer);
}

/* --- order ------------------------------------------------------------------------ */

static void
test_order (TestChannel   *self,
            gconstpointer  data)
{
  TestTransfer transfers[10];

  fill (self);
  for (guint i = 0; i < 10; i++)
    test_start_sending (&transfers[i], self, i + 1);
  for (guint i = 0; i < 10; i++)
    {
      test_assert_receives (self, i);
      test_assert_sent (&transfers[i]);
    }
  test_assert_receives (self, 10);
}

/* There is room for it, but others came first. */
static void
test_nobody_overtakes (TestChannel   *self,
                       gconstpointer  data)
{
  TestTransfer first, second;
  TestAnswer third = { 0 };

  fill (self);
  test_start_sending (&first, self, 10);
  test_assert_receives (self, 0);
  test_assert_refused (self, 100, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_start_sending (&second, self, 11);
  test_send_async (self, 12, NULL, &third);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (third.n_called, ==, 0);
  assert_length (self, 9);

  for (guint i = 1; i < 5; i++)
    test_assert_receives (self, i);
  test_assert_answer_sent (&third, self, AIOT_SENT_ITEM);
  test_assert_sent (&first);
  test_assert_sent (&second);
  test_assert_has_only (self, 5, 8);
}

/* --- leaving ----------------------------------------------------------------------- */

static void
test_closed_before (TestChannel   *self,
                    gconstpointer  data)
{
  TestTransfer transfer;

  test_send_items (self, 0, 1);
  aiot_channel_close (self->channel);
  test_start_sending (&transfer, self, 1);
  test_assert_failed (&transfer, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_has_only (self, 0, 1);
}

static void
test_closed (TestChannel   *self,
             gconstpointer  data)
{
  TestTransfer transfers[3];

  fill (self);
  for (guint i = 0; i < 3; i++)
    test_start_sending (&transfers[i], self, i + 10);
  aiot_channel_close (self->channel);
  for (guint i = 0; i < 3; i++)
    test_assert_failed (&transfers[i], AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_has_only (self, 0, 10);
}

static void
test_cancelled_before (TestChannel   *self,
                       gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_cmpint (aiot_channel_send_int64 (self->channel, 1, cancellable, &error), ==, AIOT_SENT_NOTHING);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_length (self, 0);
}

/* The second of three leaves; the others keep their order. */
static void
cancel_second_of_three (TestChannel *self,
                        gboolean     with_work)
{
  TestTransfer first, second, third;

  fill (self);
  test_start_sending (&first, self, 1);
  test_start_sending (&second, self, 100);
  test_start_sending (&third, self, 2);
  g_cancellable_cancel (with_work ? second.work_cancellable : second.cancellable);
  test_assert_failed (&second, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  test_assert_receives (self, 0);
  test_assert_receives (self, 1);
  test_assert_receives (self, 2);
  test_assert_sent (&first);
  test_assert_sent (&third);
}

static void
test_cancelled (TestChannel   *self,
                gconstpointer  data)
{
  cancel_second_of_three (self, FALSE);
}

static void
test_cancelled_work (TestChannel   *self,
                     gconstpointer  data)
{
  cancel_second_of_three (self, TRUE);
}

/* Cancelled when its item is in the channel already. */
static void
test_cancelled_too_late (TestChannel   *self,
                         gconstpointer  data)
{
  TestTransfer transfer;

  fill (self);
  test_start_sending (&transfer, self, 1);
  test_assert_receives (self, 0);
  assert_length (self, 1);
  g_cancellable_cancel (transfer.cancellable);
  g_cancellable_cancel (transfer.work_cancellable);
  test_assert_sent (&transfer);
  test_assert_receives (self, 1);
}

/* Who leaves makes way for those that may not overtake. */
static void
test_cancelled_makes_way (TestChannel   *self,
                          gconstpointer  data)
{
  TestTransfer transfer;

  fill (self);
  test_start_sending (&transfer, self, 100);
  test_assert_receives (self, 0);
  test_assert_refused (self, 100, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_cancellable_cancel (transfer.cancellable);
  test_assert_failed (&transfer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_send_items (self, 10, 1);
  test_assert_has_only (self, 1, 10);
}

/* --- whose thread may sleep --------------------------------------------------------- */

static void
test_would_deadlock (TestChannel   *self,
                     gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  test_items_set_value (&self->items, 1, &value);
  fill (self);
  g_assert_cmpint (aiot_channel_send (self->channel, &value, NULL, &error), ==, AIOT_SENT_NOTHING);
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_cmpint (self->items.items[1].n_freed, ==, 1);

  /* Where it need not wait, home may send like anybody else. */
  test_assert_receives (self, 0);
  g_assert_cmpint (aiot_channel_send (self->channel, &value, NULL, &error), ==, AIOT_SENT_ITEM);
  g_assert_no_error (error);
  test_assert_has_only (self, 1, 1);
}

static gpointer
iterate_other_home (gpointer data)
{
  TestTransfer *transfer = data;
  g_autoptr (GMainContext) main_context = g_main_context_new ();
  g_auto (GValue) value = G_VALUE_INIT;

  g_main_context_push_thread_default (main_context);
  test_items_set_value (&transfer->channel->items, transfer->number, &value);
  test_gate_open (&transfer->running);
  transfer->sent = aiot_channel_send (transfer->channel->channel, &value, NULL, &transfer->error);
  g_main_context_pop_thread_default (main_context);
  return NULL;
}

/* A thread that is home to others, but not to this channel, may sleep; so may one that is nobody's. */
static void
test_other_home (TestChannel   *self,
                 gconstpointer  data)
{
  TestTransfer transfer = { .channel = self, .number = 1 };
  GThread *thread;

  fill (self);
  thread = g_thread_new ("other", iterate_other_home, &transfer);
  test_gate_wait (&transfer.running);
  test_assert_receives (self, 0);
  g_thread_join (thread);
  g_assert_no_error (transfer.error);
  g_assert_cmpint (transfer.sent, ==, AIOT_SENT_ITEM);
  test_assert_has_only (self, 1, 1);
  test_gate_clear (&transfer.running);
}

typedef struct
{
  TestChannel *channel;
  int n_sent;              /* atomic */
} Producer;

static gboolean
send_one (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  Producer *producer = user_data;
  AiotSent sent = aiot_channel_send_boolean (producer->channel->channel, TRUE, NULL, error);

  g_atomic_int_inc (&producer->n_sent);
  return sent != AIOT_SENT_NOTHING;
}

static gboolean
do_nothing (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

/* Many sleep in a pool of one, and it still works for others. */
static void
test_gives_place_back (TestChannel   *self,
                       gconstpointer  data)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one", 1);
  Producer producer = { .channel = self };
  TestAnswer answers[8] = { { 0 } }, other = { 0 };

  for (guint i = 0; i < 8; i++)
    aiot_offload_async (executor, send_one, &producer, NULL, NULL, test_answer_cb, &answers[i]);
  aiot_offload_async (executor, do_nothing, NULL, NULL, NULL, test_answer_cb, &other);
  test_answer_wait (&other, self->loop.main_context);
  test_answer_clear (&other);
  g_assert_cmpint (g_atomic_int_get (&producer.n_sent), <=, 1);
  assert_length (self, 1);

  for (guint i = 0; i < 8; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_assert_true (aiot_channel_try_receive (self->channel, &value, NULL));
    }
  for (guint i = 0; i < 8; i++)
    {
      test_answer_wait (&answers[i], self->loop.main_context);
      g_assert_nonnull (aiot_offload_finish (answers[i].result, NULL));
      test_answer_clear (&answers[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/send/let-in/when-half-drained/10", 10, test_half_drained);
  ADD ("/channel/send/let-in/when-half-drained/65", 65, test_half_drained);
  ADD ("/channel/send/let-in/when-a-receiver-waits", 10, test_receiver_waits);
  ADD ("/channel/send/order/first-come-first-let-in", 1, test_order);
  ADD ("/channel/send/order/nobody-overtakes", 10, test_nobody_overtakes);
  ADD ("/channel/send/closed/before", 10, test_closed_before);
  ADD ("/channel/send/closed/wakes-all-that-wait", 10, test_closed);
  ADD ("/channel/send/cancelled/before", 10, test_cancelled_before);
  ADD ("/channel/send/cancelled/while-it-waits", 1, test_cancelled);
  ADD ("/channel/send/cancelled/with-the-work-of-its-thread", 1, test_cancelled_work);
  ADD ("/channel/send/cancelled/too-late", 1, test_cancelled_too_late);
  ADD ("/channel/send/cancelled/makes-way", 10, test_cancelled_makes_way);
  ADD ("/channel/send/would-deadlock/at-home", 1, test_would_deadlock);
  ADD ("/channel/send/would-deadlock/not-at-another-home", 1, test_other_home);
  ADD ("/channel/send/gives-its-place-in-a-pool-back", 1, test_gives_place_back);
  return g_test_run ();
}
