/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* How a channel ends: closed, dropped, or with the main context that is its home. */

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)

/* --- closed ------------------------------------------------------------------------- */

static gpointer
close_in_thread (gpointer data)
{
  TestChannel *self = data;

  aiot_channel_close (self->channel);
  test_assert_refused (self, 1, AIOT_ERROR, AIOT_ERROR_CLOSED);
  return NULL;
}

static void
test_at_once (TestChannel   *self,
              gconstpointer  data)
{
  test_send_items (self, 0, 1);
  g_assert_false (aiot_channel_is_closed (self->channel));
  g_thread_join (g_thread_new ("closer", close_in_thread, self));
  g_assert_true (aiot_channel_is_closed (self->channel));
  for (int i = 0; i < 3; i++)
    {
      aiot_channel_close (self->channel);
      test_assert_refused (self, 1, AIOT_ERROR, AIOT_ERROR_CLOSED);
      g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, 1);
    }
  test_assert_has_only (self, 0, 1);
  g_assert_cmpuint (aiot_channel_get_n_accepted (self->channel), ==, 1);
}

/* What is there is received in every way; then there is nothing but the end. */
static void
test_drains (TestChannel   *self,
             gconstpointer  data)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;
  TestTransfer sleeps;
  TestAnswer answer = { 0 };

  test_send_items (self, 0, 5);
  aiot_channel_close (self->channel);
  test_assert_receives (self, 0);
  test_start_receiving (&sleeps, self, AIOT_TIMEOUT_NONE);
  test_assert_received (&sleeps, 1);
  test_receive_async (self, NULL, &answer);
  test_assert_answer_item (&answer, self, 2);
  batch = aiot_channel_try_receive_many (self->channel, 10, NULL);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, 2);

  test_assert_has_nothing (self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_start_receiving (&sleeps, self, AIOT_TIMEOUT_NONE);
  test_assert_failed (&sleeps, AIOT_ERROR, AIOT_ERROR_CLOSED);
  answer = (TestAnswer) { 0 };
  test_receive_async (self, NULL, &answer);
  test_assert_answer_error (&answer, self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_null (aiot_channel_try_receive_many (self->channel, 10, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* Each of those that wait hears of it, or gets one of the last items. */
static void
test_wakes_receivers (TestChannel   *self,
                      gconstpointer  data)
{
  TestTransfer sleeping[3];
  TestAnswer answers[3] = { { 0 } };

  for (guint i = 0; i < 3; i++)
    {
      test_start_receiving (&sleeping[i], self, AIOT_TIMEOUT_NONE);
      test_receive_async (self, NULL, &answers[i]);
    }
  test_send_items (self, 0, 1);
  test_assert_received (&sleeping[0], 0);
  test_send_items (self, 1, 1);
  aiot_channel_close (self->channel);
  for (guint i = 1; i < 3; i++)
    test_assert_failed (&sleeping[i], AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_answer_item (&answers[0], self, 1);
  for (guint i = 1; i < 3; i++)
    test_assert_answer_error (&answers[i], self, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* The consumer finds it empty, then the last item comes, then it is closed: the item is not lost between the two. */
static void
test_last_item (TestChannel   *self,
                gconstpointer  data)
{
  TestAnswer waits = { 0 }, late = { 0 };

  test_assert_has_nothing (self, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_receive_async (self, NULL, &waits);
  test_send_items (self, 0, 2);
  aiot_channel_close (self->channel);
  test_assert_answer_item (&waits, self, 0);
  test_assert_receives (self, 1);
  test_receive_async (self, NULL, &late);
  test_assert_answer_error (&late, self, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

static void
close_within (AiotChannel *channel,
              GParamSpec  *pspec,
              gpointer     n_notified)
{
  aiot_channel_close (channel);
  (*(int *) n_notified)++;
}

static void
test_in_notification (TestChannel   *self,
                      gconstpointer  data)
{
  int n_notified = 0;

  g_signal_connect (self->channel, "notify::closed", G_CALLBACK (close_within), &n_notified);
  g_signal_connect (self->channel, "notify::length", G_CALLBACK (close_within), &n_notified);
  test_send_items (self, 0, 1);
  test_iterate_until (self->loop.main_context, &n_notified, 2);
  test_assert_has_only (self, 0, 1);
  /* The change of the length is told a frame later. */
  test_iterate_until (self->loop.main_context, &n_notified, 3);
}

/* --- racing with those who send ------------------------------------------------------- */

#define N_SENDERS 3

typedef struct
{
  TestChannel *channel;
  TestGate *start;
  guint first;
  guint n_sent;
  gboolean was_closed;
} Racer;

static gpointer
send_until_closed (gpointer data)
{
  Racer *racer = data;

  test_gate_wait (racer->start);
  for (guint i = 0; i < TEST_N_ITEMS / N_SENDERS && !racer->was_closed; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_autoptr (GError) error = NULL;

      test_items_set_value (&racer->channel->items, racer->first + i, &value);
      if (aiot_channel_send (racer->channel->channel, &value, NULL, &error) != AIOT_SENT_NOTHING)
        {
          racer->n_sent++;
          continue;
        }
      g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
      racer->was_closed = TRUE;
    }
  return NULL;
}

/* What was said to be sent is there, in order, and nothing else. */
static void
race_once (TestChannel *self,
           guint        n_received_first)
{
  TestGate start = { 0 };
  Racer racers[N_SENDERS] = { 0 };
  GThread *threads[N_SENDERS];
  guint n_received[N_SENDERS] = { 0 };
  const guint n_each = TEST_N_ITEMS / N_SENDERS;

  self->channel = aiot_channel_new (4);
  for (guint i = 0; i < N_SENDERS; i++)
    {
      racers[i] = (Racer) { .channel = self, .start = &start, .first = i * n_each };
      threads[i] = g_thread_new ("sender", send_until_closed, &racers[i]);
    }
  test_gate_open (&start);
  for (guint n = 0; n < n_received_first || !aiot_channel_is_closed (self->channel) ||
                    aiot_channel_get_length (self->channel) > 0;)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if (n >= n_received_first)
        aiot_channel_close (self->channel);
      if (aiot_channel_try_receive (self->channel, &value, NULL))
        {
          guint number = test_item_number (&value);

          g_assert_cmpuint (number % n_each, ==, n_received[number / n_each]++);
          n++;
        }
      else
        {
          g_thread_yield ();
        }
    }
  for (guint i = 0; i < N_SENDERS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_true (racers[i].was_closed);
      g_assert_cmpuint (racers[i].n_sent, ==, n_received[i]);
    }
  test_assert_has_nothing (self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_channel_drop (self);
  test_gate_clear (&start);
}

static void
test_race (TestChannel   *self,
           gconstpointer  data)
{
  const guint n_rounds = test_scaled (300);

  test_channel_drop (self);
  for (guint i = 0; i < n_rounds; i++)
    race_once (self, i % 100);
}

/* --- dropped -------------------------------------------------------------------------- */

static void
test_dropped (TestChannel   *self,
              gconstpointer  data)
{
  test_send_items (self, 0, 100);
  test_assert_receives (self, 0);
  test_channel_drop (self);
  test_iterate_until (self->loop.main_context, &self->items.n_freed, 100);
}

static void
test_dropped_elsewhere (TestChannel   *self,
                        gconstpointer  data)
{
  test_send_items (self, 0, 100);
  test_unref_in_another_thread (g_steal_pointer (&self->channel));
  g_assert_cmpint (self->items.n_freed, ==, 0);
  test_iterate_until (self->loop.main_context, &self->items.n_freed, 100);
}

/* Whoever waits keeps it alive. */
static void
test_dropped_while_waited_for (TestChannel   *self,
                               gconstpointer  data)
{
  TestAnswer receives = { 0 }, sends = { 0 };
  AiotChannel *channel = self->channel;

  test_receive_async (self, NULL, &receives);
  test_send_async (self, 0, NULL, &sends);
  g_object_unref (channel);
  test_assert_answer_item (&receives, self, 0);
  test_assert_answer_sent (&sends, self, AIOT_SENT_ITEM);
  self->channel = NULL;
}

/* --- home gone ------------------------------------------------------------------------- */

#define WARNING "A main context went away before the work that it had asked for was done; *"

/* Who waits for room hears of it, and what is there is still received. Only what can't be freed at home any more is freed elsewhere. */
static void
test_home_gone (TestChannel   *self,
                gconstpointer  data)
{
  TestTransfer sends, receives;
  TestAnswer answer = { 0 };
  TestLoop other;

  test_loop_open (&other);
  test_channel_replace (self, aiot_channel_new (3));
  g_main_context_pop_thread_default (other.main_context);
  test_send_items (self, 0, 3);
  test_start_sending (&sends, self, 100);
  test_send_async (self, 101, NULL, &answer);
  self->items.home = NULL;
  g_main_context_push_thread_default (other.main_context);
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);

  g_assert_true (aiot_channel_is_closed (self->channel));
  test_assert_failed (&sends, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_test_assert_expected_messages ();
  test_assert_answer_not_sent (&answer, self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_start_receiving (&receives, self, AIOT_TIMEOUT_NONE);
  test_assert_received (&receives, 0);
  test_assert_has_only (self, 1, 2);
}

static gpointer
make_and_end (gpointer data)
{
  TestChannel *self = data;
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  g_main_context_push_thread_default (main_context);
  self->channel = aiot_channel_new (3);
  return NULL;
}

/* A thread makes it, and ends. */
static void
test_home_gone_with_thread (TestChannel   *self,
                            gconstpointer  data)
{
  test_channel_drop (self);
  g_thread_join (g_thread_new ("maker", make_and_end, self));
  g_assert_true (aiot_channel_is_closed (self->channel));
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  test_assert_refused (self, 0, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_test_assert_expected_messages ();
}

/* A main context that is given instead of the thread-default one is home all the same. */
static void
test_home_given (TestChannel   *self,
                 gconstpointer  data)
{
  TestLoop other;

  test_loop_open (&other);
  test_channel_replace (self, aiot_channel_new_full (100, AIOT_WHEN_FULL_WAIT, AIOT_TIMEOUT_NONE, self->loop.main_context));
  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);
  g_assert_false (aiot_channel_is_closed (self->channel));
  test_send_items (self, 0, 10);
  test_unref_in_another_thread (g_steal_pointer (&self->channel));
  test_iterate_until (self->loop.main_context, &self->items.n_freed, 10);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/close/in-effect-at-once-and-again", 10, test_at_once);
  ADD ("/channel/close/what-is-there-is-received", 10, test_drains);
  ADD ("/channel/close/wakes-receivers", 10, test_wakes_receivers);
  ADD ("/channel/close/loses-no-last-item", 10, test_last_item);
  ADD ("/channel/close/in-a-notification", 10, test_in_notification);
  ADD ("/channel/close/races-with-senders", 10, test_race);
  ADD ("/channel/dropped/unread-items-are-freed", AIOT_CAPACITY_DEFAULT, test_dropped);
  ADD ("/channel/dropped/elsewhere-and-freed-at-home", AIOT_CAPACITY_DEFAULT, test_dropped_elsewhere);
  ADD ("/channel/dropped/while-somebody-waits", 10, test_dropped_while_waited_for);
  ADD ("/channel/home-gone/closes", 10, test_home_gone);
  ADD ("/channel/home-gone/with-its-thread", 10, test_home_gone_with_thread);
  ADD ("/channel/home-gone/not-when-another-was-given", 10, test_home_given);
  return g_test_run ();
}
