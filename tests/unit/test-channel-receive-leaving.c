/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

#include "aiot-clock-private.h"

/* Those who leave before they have an item: timed out, cancelled, or gone with their main context. None takes an item along. */

#define MS G_TIME_SPAN_MILLISECOND

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

/* Time passes, and all that is due is done. */
static void
pass (TestChannel *self,
      int          ms)
{
  aiot_clock_advance (ms * MS);
  test_iterate_all (self->loop.main_context);
}

static void
receive_for (TestChannel *self,
             int          timeout_ms,
             TestAnswer  *answer)
{
  aiot_channel_receive_async (self->channel, timeout_ms, NULL, test_answer_cb, answer);
  g_assert_cmpint (answer->n_called, ==, 0);
}

/* --- time-outs ------------------------------------------------------------------------ */

static void
test_timeout (TestChannel   *self,
              gconstpointer  data)
{
  TestAnswer answer = { 0 };

  receive_for (self, 50, &answer);
  pass (self, 49);
  g_assert_cmpint (answer.n_called, ==, 0);
  pass (self, 1);
  test_assert_answer_error (&answer, self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_send_items (self, 0, 1);
  test_assert_has_only (self, 0, 1);
}

static void
test_timeout_in_time (TestChannel   *self,
                      gconstpointer  data)
{
  TestAnswer answer = { 0 };

  receive_for (self, 50, &answer);
  pass (self, 49);
  test_send_items (self, 0, 1);
  test_assert_answer_item (&answer, self, 0);
  /* Nothing is left that would come due. */
  answer = (TestAnswer) { 0 };
  pass (self, 1000);
  g_assert_cmpint (answer.n_called, ==, 0);
}

/* That of the channel counts where none is given, as it was when the receiver began to wait. */
static void
test_timeout_default (TestChannel   *self,
                      gconstpointer  data)
{
  TestAnswer usual = { 0 }, none = { 0 }, own = { 0 }, changed = { 0 };

  test_channel_replace (self, aiot_channel_new_full (10, AIOT_WHEN_FULL_WAIT, 30, NULL));
  receive_for (self, AIOT_TIMEOUT_NONE, &none);
  receive_for (self, AIOT_TIMEOUT_DEFAULT, &usual);
  receive_for (self, 20, &own);
  aiot_channel_set_timeout (self->channel, 40);
  receive_for (self, AIOT_TIMEOUT_DEFAULT, &changed);

  pass (self, 20);
  test_assert_answer_error (&own, self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  pass (self, 9);
  g_assert_cmpint (usual.n_called, ==, 0);
  pass (self, 1);
  test_assert_answer_error (&usual, self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  pass (self, 9);
  g_assert_cmpint (changed.n_called, ==, 0);
  pass (self, 1);
  test_assert_answer_error (&changed, self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  pass (self, 24 * 60 * 60 * 1000);
  g_assert_cmpint (none.n_called, ==, 0);
  test_send_items (self, 0, 1);
  test_assert_answer_item (&none, self, 0);
}

static void
test_timeout_sync (TestChannel   *self,
                   gconstpointer  data)
{
  TestTransfer given, usual, none;

  aiot_channel_set_timeout (self->channel, 40);
  test_start_receiving (&given, self, 30);
  test_start_receiving (&usual, self, AIOT_TIMEOUT_DEFAULT);
  test_start_receiving (&none, self, AIOT_TIMEOUT_NONE);
  aiot_clock_advance (29 * MS);
  g_assert_false (test_transfer_is_over (&given));
  aiot_clock_advance (1 * MS);
  test_assert_failed (&given, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_false (test_transfer_is_over (&usual));
  aiot_clock_advance (10 * MS);
  test_assert_failed (&usual, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  aiot_clock_advance (G_TIME_SPAN_DAY);
  g_assert_false (test_transfer_is_over (&none));
  test_send_items (self, 0, 1);
  test_assert_received (&none, 0);
}

/* --- cancelling ------------------------------------------------------------------------ */

static void
test_cancelled (TestChannel   *self,
                gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answers[3] = { { 0 } };

  for (guint i = 0; i < 3; i++)
    test_receive_async (self, i == 1 ? cancellable : NULL, &answers[i]);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (answers[1].n_called, ==, 0);
  test_assert_answer_error (&answers[1], self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_send_items (self, 0, 2);
  test_assert_answer_item (&answers[0], self, 0);
  test_assert_answer_item (&answers[2], self, 1);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static void
test_cancelled_before (TestChannel   *self,
                       gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;
  TestAnswer answer = { 0 };

  g_cancellable_cancel (cancellable);
  test_send_items (self, 0, 1);
  test_receive_async (self, cancellable, &answer);
  test_assert_answer_error (&answer, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (aiot_channel_receive_sync (self->channel, &value, AIOT_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_has_only (self, 0, 1);
}

static void
test_cancelled_sync (TestChannel   *self,
                     gconstpointer  data)
{
  TestTransfer transfers[3];

  for (guint i = 0; i < 3; i++)
    test_start_receiving (&transfers[i], self, AIOT_TIMEOUT_NONE);
  g_cancellable_cancel (transfers[0].cancellable);
  test_assert_failed (&transfers[0], G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_cancellable_cancel (transfers[1].work_cancellable);
  test_assert_failed (&transfers[1], G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_send_items (self, 0, 1);
  test_assert_received (&transfers[2], 0);
}

/* --- leaving with a promise ---------------------------------------------------------------- */

/* Its item is there, and its callback on the way, when it is cancelled. The next in the row gets the item. */
static void
test_promise_cancelled (TestChannel   *self,
                        gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer leaves = { 0 }, next = { 0 };
  TestTransfer sleeps;

  test_receive_async (self, cancellable, &leaves);
  test_receive_async (self, NULL, &next);
  test_send_items (self, 0, 1);
  g_cancellable_cancel (cancellable);
  test_assert_answer_item (&next, self, 0);
  test_assert_answer_error (&leaves, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* The same for one whose thread sleeps, which is woken although home does nothing. */
  g_cancellable_reset (cancellable);
  leaves = (TestAnswer) { 0 };
  test_receive_async (self, cancellable, &leaves);
  test_start_receiving (&sleeps, self, AIOT_TIMEOUT_NONE);
  test_send_items (self, 1, 1);
  g_assert_false (test_transfer_is_over (&sleeps));
  g_cancellable_cancel (cancellable);
  test_assert_received (&sleeps, 1);
  test_assert_answer_error (&leaves, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* With nobody in the row, it stays where it was: before all others. */
static void
test_promise_stays (TestChannel   *self,
                    gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer leaves = { 0 };

  test_receive_async (self, cancellable, &leaves);
  test_send_items (self, 0, 3);
  g_cancellable_cancel (cancellable);
  test_assert_has_only (self, 0, 3);
  test_assert_answer_error (&leaves, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* The item came in time; that home hears of it late makes no difference. */
static void
test_promise_and_timeout (TestChannel   *self,
                          gconstpointer  data)
{
  TestAnswer first = { 0 }, second = { 0 };

  receive_for (self, 50, &first);
  receive_for (self, 50, &second);
  test_send_items (self, 0, 1);
  pass (self, 50);
  test_assert_answer_item (&first, self, 0);
  test_assert_answer_error (&second, self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

typedef struct
{
  TestAnswer answer;
  GCancellable *cancellable;
} Late;

static void
cancel_too_late_cb (GObject      *source_object,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Late *late = user_data;

  g_cancellable_cancel (late->cancellable);
  test_answer_cb (source_object, result, &late->answer);
}

/* Once it is called back the item is its own, cancelled or not. */
static void
test_cancelled_too_late (TestChannel   *self,
                         gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Late late = { .cancellable = cancellable };

  aiot_channel_receive_async (self->channel, AIOT_TIMEOUT_NONE, cancellable, cancel_too_late_cb, &late);
  test_send_items (self, 0, 1);
  test_assert_answer_item (&late.answer, self, 0);
}

/* The callback of one cancels the other, which was promised an item as well. */
static void
test_cancelled_by_another (TestChannel   *self,
                           gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Late first = { .cancellable = cancellable };
  TestAnswer second = { 0 };

  aiot_channel_receive_async (self->channel, AIOT_TIMEOUT_NONE, NULL, cancel_too_late_cb, &first);
  test_receive_async (self, cancellable, &second);
  test_send_items (self, 0, 2);
  test_assert_answer_item (&first.answer, self, 0);
  test_assert_answer_error (&second, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_has_only (self, 1, 1);
}

/* --- gone with its main context ---------------------------------------------------------------- */

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

static void
receive_in (TestChannel  *self,
            GMainContext *main_context)
{
  g_main_context_push_thread_default (main_context);
  aiot_channel_receive_async (self->channel, AIOT_TIMEOUT_NONE, NULL, never_called_cb, NULL);
  g_main_context_pop_thread_default (main_context);
}

static void
test_gone (TestChannel   *self,
           gconstpointer  data)
{
  TestAnswer answer = { 0 };
  TestLoop other;

  test_loop_open (&other);
  receive_in (self, other.main_context);
  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);
  test_send_items (self, 0, 1);
  test_receive_async (self, NULL, &answer);
  test_assert_answer_item (&answer, self, 0);
}

/* One main context is promised items, and has called nobody back when it goes. */
static void
test_gone_with_promise (TestChannel   *self,
                        gconstpointer  data)
{
  TestAnswer answers[2] = { { 0 } };
  TestLoop other;

  test_loop_open (&other);
  for (guint i = 0; i < 2; i++)
    receive_in (self, other.main_context);
  g_main_context_push_thread_default (self->loop.main_context);
  for (guint i = 0; i < 2; i++)
    test_receive_async (self, NULL, &answers[i]);
  g_main_context_pop_thread_default (self->loop.main_context);
  test_send_items (self, 0, 2);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (answers[0].n_called, ==, 0);

  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);
  for (guint i = 0; i < 2; i++)
    test_assert_answer_item (&answers[i], self, i);
}

static void
test_gone_with_promise_for_sleeper (TestChannel   *self,
                                    gconstpointer  data)
{
  TestTransfer sleeps;
  TestLoop other;

  test_loop_open (&other);
  receive_in (self, other.main_context);
  test_start_receiving (&sleeps, self, AIOT_TIMEOUT_NONE);
  test_send_items (self, 0, 1);
  g_assert_false (test_transfer_is_over (&sleeps));
  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);
  test_assert_received (&sleeps, 0);
}

static gpointer
wait_and_end (gpointer data)
{
  TestChannel *self = data;
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  g_main_context_push_thread_default (main_context);
  aiot_channel_receive_async (self->channel, AIOT_TIMEOUT_NONE, NULL, never_called_cb, NULL);
  test_send_items (self, 0, 1);
  return NULL;
}

/* A thread ends while it waits. */
static void
test_gone_with_thread (TestChannel   *self,
                       gconstpointer  data)
{
  g_thread_join (g_thread_new ("waiter", wait_and_end, self));
  test_assert_has_only (self, 0, 1);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, TestChannel, GINT_TO_POINTER (10), setup, func, teardown)
  ADD ("/channel/receive/timeout/given", test_timeout);
  ADD ("/channel/receive/timeout/item-in-time", test_timeout_in_time);
  ADD ("/channel/receive/timeout/of-the-channel", test_timeout_default);
  ADD ("/channel/receive/timeout/of-a-sleeping-thread", test_timeout_sync);
  ADD ("/channel/receive/cancelled/while-it-waits", test_cancelled);
  ADD ("/channel/receive/cancelled/before", test_cancelled_before);
  ADD ("/channel/receive/cancelled/sleeping-thread", test_cancelled_sync);
  ADD ("/channel/receive/cancelled/too-late", test_cancelled_too_late);
  ADD ("/channel/receive/cancelled/by-another", test_cancelled_by_another);
  ADD ("/channel/receive/promise/passes-on-when-cancelled", test_promise_cancelled);
  ADD ("/channel/receive/promise/stays-when-nobody-waits", test_promise_stays);
  ADD ("/channel/receive/promise/time-out-comes-too-late", test_promise_and_timeout);
  ADD ("/channel/receive/gone/while-it-waits", test_gone);
  ADD ("/channel/receive/gone/promise-passes-on", test_gone_with_promise);
  ADD ("/channel/receive/gone/promise-passes-on-to-a-sleeping-thread", test_gone_with_promise_for_sleeper);
  ADD ("/channel/receive/gone/with-its-thread", test_gone_with_thread);
  return g_test_run ();
}
