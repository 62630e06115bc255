/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* Main loops that send, and are called back when there was room. */

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)

static void
fill (TestChannel *self)
{
  test_send_items (self, 0, aiot_channel_get_capacity (self->channel));
}

static gboolean
is_answered (TestChannel *self,
             TestAnswer  *answer)
{
  test_iterate_all (self->loop.main_context);
  return answer->n_called > 0;
}

/* --- room -------------------------------------------------------------------------- */

/* The item is there at once; whoever sent it hears of it after the function has returned. */
static void
test_room (TestChannel   *self,
           gconstpointer  data)
{
  TestAnswer answer = { 0 };

  test_send_async (self, 0, NULL, &answer);
  test_assert_receives (self, 0);
  g_assert_cmpint (answer.n_called, ==, 0);
  test_assert_answer_sent (&answer, self, AIOT_SENT_ITEM);
}

static void
test_waits (TestChannel   *self,
            gconstpointer  data)
{
  TestAnswer answers[6] = { { 0 } };

  fill (self);
  for (guint i = 0; i < 6; i++)
    test_send_async (self, 10 + i, NULL, &answers[i]);
  g_assert_false (is_answered (self, &answers[0]));
  for (guint i = 0; i < 4; i++)
    test_assert_receives (self, i);
  g_assert_false (is_answered (self, &answers[0]));
  test_assert_receives (self, 4);
  /* That is half of them: five come in, and one stays outside. */
  g_assert_cmpint (answers[0].n_called, ==, 0);
  for (guint i = 0; i < 5; i++)
    test_assert_answer_sent (&answers[i], self, AIOT_SENT_ITEM);
  g_assert_false (is_answered (self, &answers[5]));

  for (guint i = 5; i < 10; i++)
    test_assert_receives (self, i);
  test_assert_answer_sent (&answers[5], self, AIOT_SENT_ITEM);
  test_assert_has_only (self, 10, 6);
}

/* Threads that sleep, and main loops that do not, wait in one row. */
static void
test_order (TestChannel   *self,
            gconstpointer  data)
{
  TestTransfer sleeping[3];
  TestAnswer answers[3] = { { 0 } };

  fill (self);
  for (guint i = 0; i < 3; i++)
    {
      test_start_sending (&sleeping[i], self, 1 + 2 * i);
      test_send_async (self, 2 + 2 * i, NULL, &answers[i]);
    }
  test_assert_receives (self, 0);
  for (guint i = 0; i < 3; i++)
    {
      test_assert_receives (self, 1 + 2 * i);
      test_assert_receives (self, 2 + 2 * i);
      test_assert_sent (&sleeping[i]);
      test_assert_answer_sent (&answers[i], self, AIOT_SENT_ITEM);
    }
}

static void
test_no_callback (TestChannel   *self,
                  gconstpointer  data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      test_items_set_value (&self->items, i, &value);
      aiot_channel_send_async (self->channel, &value, NULL, NULL, NULL);
    }
  test_assert_receives (self, 0);
  test_assert_receives (self, 1);
}

/* --- leaving ----------------------------------------------------------------------- */

static void
test_cancelled (TestChannel   *self,
                gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answers[3] = { { 0 } };

  fill (self);
  for (guint i = 0; i < 3; i++)
    test_send_async (self, 10 + i, i == 1 ? cancellable : NULL, &answers[i]);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (answers[1].n_called, ==, 0);
  test_assert_answer_not_sent (&answers[1], self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (self->items.items[11].n_freed, ==, 1);
  g_assert_cmpint (answers[0].n_called + answers[2].n_called, ==, 0);

  for (guint i = 0; i < 10; i++)
    test_assert_receives (self, i);
  test_assert_answer_sent (&answers[0], self, AIOT_SENT_ITEM);
  test_assert_answer_sent (&answers[2], self, AIOT_SENT_ITEM);
  test_assert_receives (self, 10);
  test_assert_receives (self, 12);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* Also where there is room. */
static void
test_cancelled_before (TestChannel   *self,
                       gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answer = { 0 };

  g_cancellable_cancel (cancellable);
  test_send_async (self, 0, cancellable, &answer);
  test_assert_answer_not_sent (&answer, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, 0);
}

/* When the item is in the channel it stays there, and its sender hears that. */
static void
test_cancelled_too_late (TestChannel   *self,
                         gconstpointer  waits)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answers[2] = { { 0 } };

  test_send_async (self, 0, cancellable, &answers[0]);
  test_send_async (self, 1, cancellable, &answers[1]);
  test_assert_receives (self, 0);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, 1);
  g_cancellable_cancel (cancellable);
  test_assert_answer_sent (&answers[0], self, AIOT_SENT_ITEM);
  test_assert_answer_sent (&answers[1], self, AIOT_SENT_ITEM);
  test_assert_receives (self, 1);
}

static void
test_closed (TestChannel   *self,
             gconstpointer  data)
{
  TestAnswer waits[2] = { { 0 } }, late = { 0 };

  fill (self);
  test_send_async (self, 10, NULL, &waits[0]);
  test_send_async (self, 11, NULL, &waits[1]);
  aiot_channel_close (self->channel);
  test_send_async (self, 12, NULL, &late);
  g_assert_cmpint (waits[0].n_called + waits[1].n_called, ==, 0);
  test_assert_answer_not_sent (&waits[0], self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_answer_not_sent (&waits[1], self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_answer_not_sent (&late, self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  for (guint i = 10; i < 13; i++)
    g_assert_cmpint (self->items.items[i].n_freed, ==, 1);
  test_assert_has_only (self, 0, 10);
}

/* An item that was let in before the channel was closed is in it. */
static void
test_closed_too_late (TestChannel   *self,
                      gconstpointer  data)
{
  TestAnswer answer = { 0 };

  fill (self);
  test_send_async (self, 1, NULL, &answer);
  test_assert_receives (self, 0);
  aiot_channel_close (self->channel);
  test_assert_answer_sent (&answer, self, AIOT_SENT_ITEM);
  test_assert_has_only (self, 1, 1);
}

/* --- main contexts ------------------------------------------------------------------- */

/* It is called back where it asked, while its items belong to the home of the channel. */
static void
test_other_main_context (TestChannel   *self,
                         gconstpointer  data)
{
  TestLoop other;
  TestAnswer answers[2] = { { 0 } };

  fill (self);
  test_loop_open (&other);
  test_send_async (self, 1, NULL, &answers[0]);
  test_send_async (self, 2, NULL, &answers[1]);
  test_assert_receives (self, 0);
  g_assert_false (is_answered (self, &answers[0]));
  test_assert_answer_sent (&answers[0], self, AIOT_SENT_ITEM);
  aiot_channel_close (self->channel);
  test_assert_answer_not_sent (&answers[1], self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_loop_close (&other);
}

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

/* Nobody would hear of it any more: it is not sent, and its place goes to the next. */
static void
test_gone (TestChannel   *self,
           gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  TestTransfer transfer;
  TestLoop other;

  fill (self);
  test_items_set_value (&self->items, 100, &value);
  test_loop_open (&other);
  aiot_channel_send_async (self->channel, &value, NULL, never_called_cb, NULL);
  test_start_sending (&transfer, self, 1);
  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);

  test_assert_receives (self, 0);
  test_assert_sent (&transfer);
  test_assert_receives (self, 1);
}

/* Its item is in the channel, and stays there although nobody hears of it. */
static void
test_gone_too_late (TestChannel   *self,
                    gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  TestLoop other;

  test_items_set_value (&self->items, 0, &value);
  test_loop_open (&other);
  aiot_channel_send_async (self->channel, &value, NULL, never_called_cb, NULL);
  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);
  test_assert_receives (self, 0);
}

/* --- in a callback ------------------------------------------------------------------- */

typedef struct
{
  TestChannel *channel;
  guint n_started;
  int n_sent;
} Chain;

#define N_LINKS 100

static void
send_next_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Chain *chain = user_data;
  g_auto (GValue) value = G_VALUE_INIT;
  int n_sent = chain->n_sent;

  g_assert_cmpint (aiot_channel_send_finish (AIOT_CHANNEL (source_object), result, NULL), ==, AIOT_SENT_ITEM);
  chain->n_sent++;
  if (chain->n_started == N_LINKS)
    return;

  test_items_set_value (&chain->channel->items, chain->n_started++, &value);
  aiot_channel_send_async (chain->channel->channel, &value, NULL, send_next_cb, chain);
  g_assert_cmpint (chain->n_sent, ==, n_sent + 1);
}

/* Each is sent when the one before it is said to be, and calls back after that. */
static void
test_chain (TestChannel   *self,
            gconstpointer  data)
{
  Chain chain = { .channel = self, .n_started = 1 };
  g_auto (GValue) value = G_VALUE_INIT;

  test_items_set_value (&self->items, 0, &value);
  aiot_channel_send_async (self->channel, &value, NULL, send_next_cb, &chain);
  test_iterate_until (self->loop.main_context, &chain.n_sent, N_LINKS);
  test_assert_has_only (self, 0, N_LINKS);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/send-async/room/is-there-at-once", 1, test_room);
  ADD ("/channel/send-async/room/is-waited-for", 10, test_waits);
  ADD ("/channel/send-async/room/given-in-order", 1, test_order);
  ADD ("/channel/send-async/no-callback", 1, test_no_callback);
  ADD ("/channel/send-async/cancelled/while-it-waits", 10, test_cancelled);
  ADD ("/channel/send-async/cancelled/before", 10, test_cancelled_before);
  ADD ("/channel/send-async/cancelled/too-late", 1, test_cancelled_too_late);
  ADD ("/channel/send-async/closed/while-it-waits", 10, test_closed);
  ADD ("/channel/send-async/closed/too-late", 1, test_closed_too_late);
  ADD ("/channel/send-async/main-context/of-the-caller", 1, test_other_main_context);
  ADD ("/channel/send-async/main-context/gone", 1, test_gone);
  ADD ("/channel/send-async/main-context/gone-too-late", 1, test_gone_too_late);
  ADD ("/channel/send-async/chain", AIOT_CAPACITY_DEFAULT, test_chain);
  return g_test_run ();
}
