/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* Items that were received for somebody who can't use them any more, and come back. */

static void
receive (TestChannel *self,
         GValue      *value)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (aiot_channel_try_receive (self->channel, value, &error));
  g_assert_no_error (error);
}

/* Takes what is in @value. */
static void
put_back (TestChannel *self,
          GValue      *value)
{
  aiot_channel_put_back (self->channel, value);
  g_value_unset (value);
}

static void
receive_and_put_back (TestChannel *self)
{
  GValue value = G_VALUE_INIT;

  receive (self, &value);
  put_back (self, &value);
}

static void
test_first (TestChannel   *self,
            gconstpointer  data)
{
  test_send_items (self, 0, 3);
  receive_and_put_back (self);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, 3);
  g_assert_cmpuint (aiot_channel_get_n_received (self->channel), ==, 0);
  test_assert_has_only (self, 0, 3);
}

/* Two of them, in the order in which whoever had them wants them. Many more than a block has come after them. */
static void
test_several (TestChannel   *self,
              gconstpointer  data)
{
  GValue first = G_VALUE_INIT, second = G_VALUE_INIT;

  test_send_items (self, 0, 2);
  receive (self, &first);
  receive (self, &second);
  put_back (self, &second);
  put_back (self, &first);
  test_send_items (self, 2, 200);
  test_assert_has_only (self, 0, 202);
}

/* Its room is taken already: nobody who sends fails because of it. */
static void
test_full (TestChannel   *self,
           gconstpointer  data)
{
  guint capacity = aiot_channel_get_capacity (self->channel);
  GValue value = G_VALUE_INIT;

  test_send_items (self, 0, capacity);
  receive (self, &value);
  test_send_items (self, capacity, 1);
  put_back (self, &value);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, capacity + 1);
  test_assert_refused (self, capacity + 1, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_assert_has_only (self, 0, capacity + 1);
}

static void
test_closed (TestChannel   *self,
             gconstpointer  data)
{
  GValue value = G_VALUE_INIT;

  test_send_items (self, 0, 1);
  receive (self, &value);
  aiot_channel_close (self->channel);
  test_assert_has_nothing (self, AIOT_ERROR, AIOT_ERROR_CLOSED);
  put_back (self, &value);
  test_assert_receives (self, 0);
  test_assert_has_nothing (self, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* It wakes whoever waits. */
static void
test_wakes_main_loop (TestChannel   *self,
                      gconstpointer  data)
{
  GValue value = G_VALUE_INIT;
  TestAnswer answer = { 0 };

  test_send_items (self, 0, 1);
  receive (self, &value);
  test_receive_async (self, NULL, &answer);
  put_back (self, &value);
  test_assert_answer_item (&answer, self, 0);
}

static void
test_wakes_thread (TestChannel   *self,
                   gconstpointer  data)
{
  GValue value = G_VALUE_INIT;
  TestTransfer sleeps;

  test_send_items (self, 0, 1);
  receive (self, &value);
  test_start_receiving (&sleeps, self, AIOT_TIMEOUT_NONE);
  g_assert_false (test_transfer_is_over (&sleeps));
  put_back (self, &value);
  test_assert_received (&sleeps, 0);
}

/* What nobody takes in the end is freed with the channel, once; the fixture looks at that. */
static void
test_dropped (TestChannel   *self,
              gconstpointer  data)
{
  test_send_items (self, 0, 1);
  receive_and_put_back (self);
  test_channel_drop (self);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)
  ADD ("/channel/put-back/comes-first", 10, test_first);
  ADD ("/channel/put-back/several", 0, test_several);
  ADD ("/channel/put-back/full", 4, test_full);
  ADD ("/channel/put-back/closed", 10, test_closed);
  ADD ("/channel/put-back/wakes-main-loop", 10, test_wakes_main_loop);
  ADD ("/channel/put-back/wakes-thread", 10, test_wakes_thread);
  ADD ("/channel/put-back/dropped", 10, test_dropped);
  return g_test_run ();
}
