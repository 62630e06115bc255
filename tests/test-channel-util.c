/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

void
test_channel_setup (TestChannel   *self,
                    gconstpointer  data)
{
  test_loop_open (&self->loop);
  test_items_init (&self->items, TEST_N_ITEMS);
  self->channel = aiot_channel_new (GPOINTER_TO_INT (data));
}

void
test_channel_teardown (TestChannel   *self,
                       gconstpointer  data)
{
  if (self->channel != NULL)
    test_channel_drop (self);
  test_iterate_until (self->loop.main_context, &self->items.n_freed, self->items.n_made);
  test_items_clear (&self->items);
  test_loop_close (&self->loop);
}

void
test_channel_replace (TestChannel *self,
                      AiotChannel *channel)
{
  test_channel_drop (self);
  self->channel = channel;
}

void
test_channel_drop (TestChannel *self)
{
  guint capacity = aiot_channel_get_capacity (self->channel);

  test_iterate_all (self->loop.main_context);
  if (capacity != AIOT_CAPACITY_UNBOUNDED)
    g_assert_cmpuint (aiot_channel_get_peak_length (self->channel), <=, capacity);
  g_assert_finalize_object (g_steal_pointer (&self->channel));
}

void
test_iterate_all (GMainContext *main_context)
{
  while (g_main_context_iteration (main_context, FALSE))
    continue;
}

/* --- on the calling thread, without waiting ---------------------------------- */

AiotSent
test_try_send (TestChannel  *self,
               guint         number,
               GError      **error)
{
  g_auto (GValue) value = G_VALUE_INIT;

  test_items_set_value (&self->items, number, &value);
  return aiot_channel_try_send (self->channel, &value, error);
}

void
test_send_items (TestChannel *self,
                 guint        first,
                 guint        n)
{
  for (guint i = first; i < first + n; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (test_try_send (self, i, &error), ==, AIOT_SENT_ITEM);
      g_assert_no_error (error);
    }
}

void
test_assert_refused (TestChannel *self,
                     guint        number,
                     GQuark       domain,
                     int          code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (test_try_send (self, number, &error), ==, AIOT_SENT_NOTHING);
  g_assert_error (error, domain, code);
}

void
test_assert_receives (TestChannel *self,
                      guint        number)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (aiot_channel_try_receive (self->channel, &value, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (test_item_number (&value), ==, number);
}

void
test_assert_has_only (TestChannel *self,
                      guint        first,
                      guint        n)
{
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, n);
  for (guint i = first; i < first + n; i++)
    test_assert_receives (self, i);
  if (aiot_channel_is_closed (self->channel))
    test_assert_has_nothing (self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  else
    test_assert_has_nothing (self, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

void
test_assert_has_nothing (TestChannel *self,
                         GQuark       domain,
                         int          code)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_channel_try_receive (self->channel, &value, &error));
  g_assert_error (error, domain, code);
  g_assert_false (G_IS_VALUE (&value));
}

/* --- answers ----------------------------------------------------------------- */

void
test_send_async (TestChannel  *self,
                 guint         number,
                 GCancellable *cancellable,
                 TestAnswer   *answer)
{
  g_auto (GValue) value = G_VALUE_INIT;

  test_items_set_value (&self->items, number, &value);
  aiot_channel_send_async (self->channel, &value, cancellable, test_answer_cb, answer);
  g_assert_cmpint (answer->n_called, ==, 0);
}

void
test_receive_async (TestChannel  *self,
                    GCancellable *cancellable,
                    TestAnswer   *answer)
{
  aiot_channel_receive_async (self->channel, AIOT_TIMEOUT_DEFAULT, cancellable, test_answer_cb, answer);
  g_assert_cmpint (answer->n_called, ==, 0);
}

/* Each is called once, on the main context of the caller. */
static void
wait_for_answer (TestAnswer *answer)
{
  GMainContext *main_context = g_main_context_get_thread_default ();

  test_answer_wait (answer, main_context);
  g_assert_cmpint (answer->n_called, ==, 1);
  g_assert_true (answer->thread == g_thread_self ());
  g_assert_true (answer->main_context == main_context);
}

void
test_assert_answer_sent (TestAnswer  *answer,
                         TestChannel *self,
                         AiotSent     sent)
{
  g_autoptr (GError) error = NULL;

  wait_for_answer (answer);
  g_assert_cmpint (aiot_channel_send_finish (self->channel, answer->result, &error), ==, sent);
  g_assert_no_error (error);
  test_answer_clear (answer);
}

void
test_assert_answer_not_sent (TestAnswer  *answer,
                             TestChannel *self,
                             GQuark       domain,
                             int          code)
{
  g_autoptr (GError) error = NULL;

  wait_for_answer (answer);
  g_assert_cmpint (aiot_channel_send_finish (self->channel, answer->result, &error), ==, AIOT_SENT_NOTHING);
  g_assert_error (error, domain, code);
  test_answer_clear (answer);
}

void
test_assert_answer_item (TestAnswer  *answer,
                         TestChannel *self,
                         guint        number)
{
  g_autoptr (GError) error = NULL;
  const GValue *value;

  wait_for_answer (answer);
  value = aiot_channel_receive_finish (self->channel, answer->result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (value);
  g_assert_cmpuint (test_item_number (value), ==, number);
  test_answer_clear (answer);
}

void
test_assert_answer_error (TestAnswer  *answer,
                          TestChannel *self,
                          GQuark       domain,
                          int          code)
{
  g_autoptr (GError) error = NULL;

  wait_for_answer (answer);
  g_assert_null (aiot_channel_receive_finish (self->channel, answer->result, &error));
  g_assert_error (error, domain, code);
  test_answer_clear (answer);
}

/* --- on a thread of its own -------------------------------------------------- */

static gboolean
send_item (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  TestTransfer *transfer = user_data;
  g_auto (GValue) value = G_VALUE_INIT;

  test_gate_open (&transfer->running);
  test_items_set_value (&transfer->channel->items, transfer->number, &value);
  transfer->sent = aiot_channel_send (transfer->channel->channel, &value, transfer->cancellable, &transfer->error);
  g_atomic_int_set (&transfer->is_over, TRUE);
  return TRUE;
}

static gboolean
receive_item (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  TestTransfer *transfer = user_data;

  test_gate_open (&transfer->running);
  transfer->was_received = aiot_channel_receive_sync (transfer->channel->channel, &transfer->value, transfer->timeout_ms,
                                                      transfer->cancellable, &transfer->error);
  g_atomic_int_set (&transfer->is_over, TRUE);
  return TRUE;
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
run_on (AiotExecutor   *executor,
        AiotThreadFunc  func,
        gpointer        user_data,
        GCancellable   *cancellable)
{
  AiotCall *call = aiot_offload_sync (executor, func, user_data, cancellable, NULL);

  g_clear_pointer (&call, aiot_call_unref);
}

/* A worker that sleeps in this library gives its place back, so this runs when it does so, or is done. */
void
test_wait_until_asleep (AiotExecutor *pool_of_one)
{
  run_on (pool_of_one, succeed, NULL, NULL);
}

static gpointer
run_transfer (gpointer data)
{
  TestTransfer *transfer = data;

  run_on (transfer->executor, transfer->func, transfer, transfer->work_cancellable);
  return NULL;
}

static void
start_transfer (TestTransfer   *transfer,
                TestChannel    *self,
                AiotThreadFunc  func)
{
  transfer->channel = self;
  transfer->func = func;
  transfer->cancellable = g_cancellable_new ();
  transfer->work_cancellable = g_cancellable_new ();
  transfer->executor = aiot_executor_new_pool ("transfer", 1);
  transfer->thread = g_thread_new ("transfer", run_transfer, transfer);
  test_gate_wait (&transfer->running);
  test_wait_until_asleep (transfer->executor);
}

void
test_start_sending (TestTransfer *transfer,
                    TestChannel  *self,
                    guint         number)
{
  *transfer = (TestTransfer) { .number = number };
  start_transfer (transfer, self, send_item);
}

void
test_start_receiving (TestTransfer *transfer,
                      TestChannel  *self,
                      int           timeout_ms)
{
  *transfer = (TestTransfer) { .timeout_ms = timeout_ms };
  start_transfer (transfer, self, receive_item);
}

gboolean
test_transfer_is_over (TestTransfer *transfer)
{
  return g_atomic_int_get (&transfer->is_over);
}

static void
join_transfer (TestTransfer *transfer)
{
  g_thread_join (transfer->thread);
  g_assert_true (test_transfer_is_over (transfer));
}

/* What it received is freed by the calling thread. */
static void
clear_transfer (TestTransfer *transfer)
{
  if (G_IS_VALUE (&transfer->value))
    g_value_unset (&transfer->value);
  g_clear_error (&transfer->error);
  g_assert_finalize_object (g_steal_pointer (&transfer->cancellable));
  g_object_unref (transfer->work_cancellable);
  g_object_unref (transfer->executor);
  test_gate_clear (&transfer->running);
}

void
test_assert_sent (TestTransfer *transfer)
{
  join_transfer (transfer);
  g_assert_no_error (transfer->error);
  g_assert_cmpint (transfer->sent, ==, AIOT_SENT_ITEM);
  clear_transfer (transfer);
}

void
test_assert_received (TestTransfer *transfer,
                      guint         number)
{
  join_transfer (transfer);
  g_assert_no_error (transfer->error);
  g_assert_true (transfer->was_received);
  g_assert_cmpuint (test_item_number (&transfer->value), ==, number);
  clear_transfer (transfer);
}

void
test_assert_failed (TestTransfer *transfer,
                    GQuark        domain,
                    int           code)
{
  join_transfer (transfer);
  g_assert_error (transfer->error, domain, code);
  g_assert_cmpint (transfer->sent, ==, AIOT_SENT_NOTHING);
  g_assert_false (transfer->was_received);
  g_assert_false (G_IS_VALUE (&transfer->value));
  clear_transfer (transfer);
}
