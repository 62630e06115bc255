/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* Main loops that call a function with each item of a channel. What a loop was about to hand out when it is left goes back, in order. */

#define ADD(path, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (AIOT_CAPACITY_DEFAULT), test_channel_setup, func, test_channel_teardown)

typedef struct
{
  TestChannel *channel;
  AiotIterator *reader;
  guint break_at;
  gboolean closes;         /* the reader, in place of FALSE */
  guint n;
  int n_freed;
} Loop;

static gboolean
note_item (const GValue *item,
           gpointer      user_data)
{
  Loop *loop = user_data;

  g_assert_cmpuint (test_item_number (item), ==, loop->n);
  if (loop->n++ != loop->break_at)
    return TRUE;

  if (loop->closes)
    aiot_iterator_close (loop->reader);
  return loop->closes;
}

static void
loop_free (gpointer user_data)
{
  ((Loop *) user_data)->n_freed++;
}

static gboolean
finish_loop (Loop        *loop,
             TestAnswer  *answer,
             GError     **error)
{
  gboolean succeeded;

  test_answer_wait (answer, g_main_context_get_thread_default ());
  g_assert_cmpint (loop->n_freed, ==, 1);
  succeeded = aiot_iterator_foreach_finish (loop->reader, answer->result, error);
  test_answer_clear (answer);
  return succeeded;
}

static void
start_loop (Loop         *loop,
            GCancellable *cancellable,
            TestAnswer   *answer)
{
  loop->reader = aiot_channel_iterate (loop->channel->channel);
  aiot_iterator_foreach_async (loop->reader, note_item, loop, loop_free, cancellable, test_answer_cb, answer);
}

static void
test_foreach (TestChannel   *self,
              gconstpointer  data)
{
  Loop loop = { .channel = self, .break_at = G_MAXUINT };
  TestAnswer answer = { 0 };

  start_loop (&loop, NULL, &answer);
  for (guint i = 0; i < 4; i++)
    {
      test_send_items (self, 100 * i, 100);
      test_iterate_all (self->loop.main_context);
      g_assert_cmpuint (loop.n, ==, 100 * (i + 1));
    }
  aiot_channel_close (self->channel);
  g_assert_true (finish_loop (&loop, &answer, NULL));
  g_assert_finalize_object (loop.reader);
}

/* What it was about to hand out goes back to the head of the channel. */
static void
leave_loop (TestChannel *self,
            gboolean     closes)
{
  Loop loop = { .channel = self, .break_at = 9, .closes = closes };
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  test_send_items (self, 0, 200);
  start_loop (&loop, NULL, &answer);
  g_assert_true (finish_loop (&loop, &answer, &error) == !closes);
  if (closes)
    g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_cmpuint (loop.n, ==, 10);
  g_assert_true (aiot_iterator_is_closed (loop.reader));
  g_assert_finalize_object (loop.reader);
  g_assert_cmpuint (aiot_channel_get_n_received (self->channel), ==, 10);
  g_assert_false (aiot_channel_is_closed (self->channel));
  test_send_items (self, 200, 1);
  test_assert_has_only (self, 10, 191);
}

static void
test_break (TestChannel   *self,
            gconstpointer  data)
{
  leave_loop (self, FALSE);
}

static void
test_close_in_loop (TestChannel   *self,
                    gconstpointer  data)
{
  leave_loop (self, TRUE);
}

static gboolean
cancel_at_ten (const GValue *item,
               gpointer      cancellable)
{
  if (test_item_number (item) == 10)
    g_cancellable_cancel (cancellable);
  return TRUE;
}

static void
test_cancel_loop (TestChannel   *self,
                  gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  g_autoptr (GError) error = NULL;
  TestAnswer answer = { 0 };

  test_send_items (self, 0, 100);
  aiot_iterator_foreach_async (reader, cancel_at_ten, cancellable, NULL, cancellable, test_answer_cb, &answer);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_false (aiot_iterator_foreach_finish (reader, answer.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_answer_clear (&answer);
  g_assert_true (aiot_iterator_is_closed (reader));
  g_assert_finalize_object (g_steal_pointer (&reader));
  test_assert_has_only (self, 11, 89);
}

/* Some wait for what it puts back: here, and on a thread that sleeps. */
static void
test_break_with_waiters (TestChannel   *self,
                         gconstpointer  data)
{
  Loop loop = { .channel = self, .break_at = 0 }, again = { .channel = self, .n = 3, .break_at = 3 };
  TestAnswer looping = { 0 }, waiting[2] = { { 0 } };
  TestTransfer sleeps;

  test_send_items (self, 0, 3);
  start_loop (&loop, NULL, &looping);
  test_receive_async (self, NULL, &waiting[0]);
  test_receive_async (self, NULL, &waiting[1]);
  g_assert_true (finish_loop (&loop, &looping, NULL));
  g_assert_finalize_object (loop.reader);
  test_assert_answer_item (&waiting[0], self, 1);
  test_assert_answer_item (&waiting[1], self, 2);

  looping = (TestAnswer) { 0 };
  test_send_items (self, 3, 3);
  start_loop (&again, NULL, &looping);
  test_start_receiving (&sleeps, self, AIOT_TIMEOUT_NONE);
  g_assert_true (finish_loop (&again, &looping, NULL));
  g_assert_finalize_object (again.reader);
  test_assert_received (&sleeps, 4);
  test_assert_has_only (self, 5, 1);
}

/* The main context that loops goes away. */
static void
test_gone (TestChannel   *self,
           gconstpointer  data)
{
  Loop loop = { .channel = self, .break_at = G_MAXUINT };
  TestAnswer answer = { 0 };
  TestLoop other;

  test_send_items (self, 0, 3);
  test_loop_open (&other);
  start_loop (&loop, NULL, &answer);
  test_iterate_all (other.main_context);
  g_assert_cmpuint (loop.n, ==, 3);
  test_send_items (self, 3, 2);
  aiot_main_context_abandon (other.main_context);
  test_loop_close (&other);
  g_assert_cmpint (answer.n_called, ==, 0);
  g_assert_cmpint (loop.n_freed, ==, 1);
  g_assert_finalize_object (loop.reader);
  test_assert_has_only (self, 3, 2);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/loop/to-the-end", test_foreach);
  ADD ("/channel/loop/break-loses-no-item", test_break);
  ADD ("/channel/loop/closing-the-reader-loses-no-item", test_close_in_loop);
  ADD ("/channel/loop/cancelling-loses-no-item", test_cancel_loop);
  ADD ("/channel/loop/what-is-put-back-goes-to-who-waits", test_break_with_waiters);
  ADD ("/channel/loop/main-context-gone-loses-no-item", test_gone);
  return g_test_run ();
}
