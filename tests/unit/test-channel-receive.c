/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* Those who receive one item: without waiting, on a thread that sleeps, and called back; and who gets what. */

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)

/* --- without waiting ------------------------------------------------------------- */

static void
test_try (TestChannel   *self,
          gconstpointer  data)
{
  test_assert_has_nothing (self, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_send_items (self, 0, 2);
  test_assert_receives (self, 0);
  aiot_channel_close (self->channel);
  test_assert_receives (self, 1);
  test_assert_has_nothing (self, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* So many items as others wait for are theirs, although they are still there. */
static void
test_try_overtakes_nobody (TestChannel   *self,
                           gconstpointer  data)
{
  TestAnswer answer = { 0 };

  test_receive_async (self, NULL, &answer);
  test_send_items (self, 0, 1);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, 1);
  test_assert_has_nothing (self, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_send_items (self, 1, 1);
  /* Items leave in the order in which they came, whoever takes them. */
  test_assert_receives (self, 0);
  test_assert_has_nothing (self, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_assert_answer_item (&answer, self, 1);
}

/* --- on a thread that sleeps ------------------------------------------------------ */

static void
test_sync (TestChannel   *self,
           gconstpointer  data)
{
  TestTransfer waits, finds;

  test_start_receiving (&waits, self, AIOT_TIMEOUT_NONE);
  g_assert_false (test_transfer_is_over (&waits));
  test_send_items (self, 0, 2);
  test_assert_received (&waits, 0);
  test_start_receiving (&finds, self, AIOT_TIMEOUT_NONE);
  test_assert_received (&finds, 1);
}

/* At home it gets what is there, or hears that nothing comes; it does not wait. */
static void
test_sync_at_home (TestChannel   *self,
                   gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_channel_receive_sync (self->channel, &value, AIOT_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);

  test_send_items (self, 0, 1);
  g_assert_true (aiot_channel_receive_sync (self->channel, &value, AIOT_TIMEOUT_NONE, NULL, &error));
  g_assert_no_error (error);
  g_value_unset (&value);

  aiot_channel_close (self->channel);
  g_assert_false (aiot_channel_receive_sync (self->channel, &value, AIOT_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* --- called back -------------------------------------------------------------------- */

static void
test_async (TestChannel   *self,
            gconstpointer  data)
{
  TestAnswer finds = { 0 }, waits = { 0 };

  test_send_items (self, 0, 1);
  test_receive_async (self, NULL, &finds);
  test_assert_answer_item (&finds, self, 0);

  test_receive_async (self, NULL, &waits);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (waits.n_called, ==, 0);
  test_send_items (self, 1, 1);
  g_assert_cmpint (waits.n_called, ==, 0);
  test_assert_answer_item (&waits, self, 1);
}

/* The item lives as long as the result. */
static void
test_async_lifetime (TestChannel   *self,
                     gconstpointer  data)
{
  TestAnswer answer = { 0 };
  const GValue *value;

  test_send_items (self, 0, 1);
  test_receive_async (self, NULL, &answer);
  test_answer_wait (&answer, self->loop.main_context);
  value = aiot_channel_receive_finish (self->channel, answer.result, NULL);
  g_assert_true (value == aiot_channel_receive_finish (self->channel, answer.result, NULL));
  aiot_channel_close (self->channel);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpuint (test_item_number (value), ==, 0);
  g_assert_cmpint (self->items.n_freed, ==, 0);
  test_answer_clear (&answer);
  g_assert_cmpint (self->items.n_freed, ==, 1);
}

/* Dropped by a thread that knows nothing of homes, the item is freed where it was received. */
static void
test_async_dropped (TestChannel   *self,
                    gconstpointer  data)
{
  TestAnswer answer = { 0 };

  test_send_items (self, 0, 1);
  test_receive_async (self, NULL, &answer);
  test_answer_wait (&answer, self->loop.main_context);
  test_unref_in_another_thread (g_steal_pointer (&answer.result));
  g_assert_cmpint (self->items.n_freed, ==, 0);
  test_iterate_until (self->loop.main_context, &self->items.n_freed, 1);
}

typedef struct
{
  TestChannel *channel;
  TestAnswer outer;
  TestAnswer inner;
} Nested;

static void
receive_within_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Nested *nested = user_data;

  test_answer_cb (source_object, result, &nested->outer);
  test_receive_async (nested->channel, NULL, &nested->inner);
  test_assert_answer_item (&nested->inner, nested->channel, 1);
}

/* A callback runs a main loop until another item has come. */
static void
test_nested (TestChannel   *self,
             gconstpointer  data)
{
  Nested nested = { .channel = self };
  TestAnswer behind = { 0 };

  aiot_channel_receive_async (self->channel, AIOT_TIMEOUT_NONE, NULL, receive_within_cb, &nested);
  test_send_items (self, 0, 3);
  test_assert_answer_item (&nested.outer, self, 0);
  test_receive_async (self, NULL, &behind);
  test_assert_answer_item (&behind, self, 2);
}

/* --- who gets what ------------------------------------------------------------------ */

static void
receive_in (TestChannel  *self,
            GMainContext *main_context,
            TestAnswer   *answer)
{
  g_main_context_push_thread_default (main_context);
  test_receive_async (self, NULL, answer);
  g_main_context_pop_thread_default (main_context);
}

static guint
get_number (TestChannel *self,
            TestAnswer  *answer)
{
  guint number;

  g_assert_cmpint (answer->n_called, ==, 1);
  number = test_item_number (aiot_channel_receive_finish (self->channel, answer->result, NULL));
  test_answer_clear (answer);
  return number;
}

/*
 * Those who wait on one main context and on another, and a thread that sleeps: the first come are served, whichever main context is
 * iterated first. What they get is in the order in which they are called back.
 */
static void
test_order (TestChannel   *self,
            gconstpointer  data)
{
  TestTransfer third;
  TestAnswer first = { 0 }, second = { 0 }, fourth = { 0 }, fifth = { 0 };
  TestLoop other;

  test_loop_open (&other);
  receive_in (self, self->loop.main_context, &first);
  receive_in (self, other.main_context, &second);
  test_start_receiving (&third, self, AIOT_TIMEOUT_NONE);
  receive_in (self, other.main_context, &fourth);
  receive_in (self, self->loop.main_context, &fifth);

  test_send_items (self, 0, 2);
  test_iterate_all (other.main_context);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpuint (get_number (self, &second), ==, 0);
  g_assert_cmpuint (get_number (self, &first), ==, 1);
  g_assert_false (test_transfer_is_over (&third));

  test_send_items (self, 2, 1);
  test_assert_received (&third, 2);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (fifth.n_called, ==, 0);
  test_send_items (self, 3, 1);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (fifth.n_called, ==, 0);
  test_iterate_all (other.main_context);
  g_assert_cmpuint (get_number (self, &fourth), ==, 3);
  test_loop_close (&other);

  test_send_items (self, 4, 1);
  test_assert_answer_item (&fifth, self, 4);
}

static void
test_order_in_one_main_context (TestChannel   *self,
                                gconstpointer  data)
{
  TestAnswer answers[10] = { { 0 } };

  for (guint i = 0; i < 10; i++)
    test_receive_async (self, NULL, &answers[i]);
  test_send_items (self, 0, 10);
  test_iterate_all (self->loop.main_context);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (get_number (self, &answers[i]), ==, i);
}

/* They wait before anybody could send anything, on a channel whose maker has no main loop and is gone. */
static gpointer
make_channel (gpointer data)
{
  return aiot_channel_new (1);
}

static void
test_no_loop (TestChannel   *self,
              gconstpointer  data)
{
  TestTransfer receiving[2], sending;

  test_channel_replace (self, g_thread_join (g_thread_new ("maker", make_channel, NULL)));
  test_start_receiving (&receiving[0], self, AIOT_TIMEOUT_NONE);
  test_start_receiving (&receiving[1], self, AIOT_TIMEOUT_NONE);
  for (guint i = 0; i < 2; i++)
    {
      test_start_sending (&sending, self, i);
      test_assert_sent (&sending);
      test_assert_received (&receiving[i], i);
    }
}

/* --- several main contexts at once --------------------------------------------------- */

#define N_CONSUMERS 4

typedef struct
{
  TestChannel *channel;
  TestGate ready;
  int *n_received_of;      /* by number, of all; atomic */
  int n_received;
  guint last_number;
  int is_over;
} Consumer;

static void receive_next (Consumer *consumer);

static void
received_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Consumer *consumer = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_channel_receive_finish (AIOT_CHANNEL (source_object), result, &error);
  guint number;

  if (value == NULL)
    {
      g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
      consumer->is_over = TRUE;
      return;
    }

  /* What each gets is in the order in which it was sent. */
  number = test_item_number (value);
  if (consumer->n_received++ > 0)
    g_assert_cmpuint (number, >, consumer->last_number);
  consumer->last_number = number;
  g_atomic_int_inc (&consumer->n_received_of[number]);
  receive_next (consumer);
}

static void
receive_next (Consumer *consumer)
{
  aiot_channel_receive_async (consumer->channel->channel, AIOT_TIMEOUT_NONE, NULL, received_cb, consumer);
}

static gpointer
run_consumer (gpointer data)
{
  Consumer *consumer = data;
  TestLoop loop;

  test_loop_open (&loop);
  receive_next (consumer);
  test_gate_open (&consumer->ready);
  test_iterate_until (loop.main_context, &consumer->is_over, TRUE);
  test_loop_close (&loop);
  return NULL;
}

static void
test_several_main_contexts (TestChannel   *self,
                            gconstpointer  data)
{
  Consumer consumers[N_CONSUMERS] = { 0 };
  GThread *threads[N_CONSUMERS];
  int n_received_of[TEST_N_ITEMS] = { 0 };
  TestAnswer answer = { 0 };

  self->items.home = NULL;
  for (guint i = 0; i < N_CONSUMERS; i++)
    {
      consumers[i].channel = self;
      consumers[i].n_received_of = n_received_of;
      threads[i] = g_thread_new ("consumer", run_consumer, &consumers[i]);
      test_gate_wait (&consumers[i].ready);
    }
  for (guint i = 0; i < TEST_N_ITEMS; i++)
    {
      test_send_async (self, i, NULL, &answer);
      test_assert_answer_sent (&answer, self, AIOT_SENT_ITEM);
      answer.n_called = 0;
    }
  aiot_channel_close (self->channel);

  for (guint i = 0; i < N_CONSUMERS; i++)
    {
      g_thread_join (threads[i]);
      /* They all waited when the first items came. */
      g_assert_cmpint (consumers[i].n_received, >, 0);
      test_gate_clear (&consumers[i].ready);
    }
  for (guint i = 0; i < TEST_N_ITEMS; i++)
    g_assert_cmpint (n_received_of[i], ==, 1);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/receive/try", 10, test_try);
  ADD ("/channel/receive/try-overtakes-nobody", 10, test_try_overtakes_nobody);
  ADD ("/channel/receive/sync", 10, test_sync);
  ADD ("/channel/receive/sync-at-home-would-deadlock", 10, test_sync_at_home);
  ADD ("/channel/receive/async", 10, test_async);
  ADD ("/channel/receive/async-item-lives-as-long-as-the-result", 10, test_async_lifetime);
  ADD ("/channel/receive/async-result-dropped-elsewhere", 10, test_async_dropped);
  ADD ("/channel/receive/nested-main-loop", 10, test_nested);
  ADD ("/channel/receive/order/first-come-first-served", 10, test_order);
  ADD ("/channel/receive/order/in-one-main-context", 10, test_order_in_one_main_context);
  ADD ("/channel/receive/consumer-before-producer-without-loop", 1, test_no_loop);
  ADD ("/channel/receive/several-main-contexts", 3, test_several_main_contexts);
  return g_test_run ();
}
