/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* A caller's mistake is a critical warning, after which nothing has happened. */

typedef struct
{
  const char *path;
  void (*make_mistake) (TestChannel *self);
  const char *warning;
} Mistake;

/* --- making one --------------------------------------------------------------------- */

static void
new_with_capacity (TestChannel *self)
{
  g_assert_null (aiot_channel_new (-2));
}

static void
new_with_policy (TestChannel *self)
{
  g_assert_null (aiot_channel_new_full (1, AIOT_WHEN_FULL_KEEP_LATEST + 1, AIOT_TIMEOUT_NONE, NULL));
}

static void
new_with_timeout (TestChannel *self)
{
  g_assert_null (aiot_channel_new_full (1, AIOT_WHEN_FULL_WAIT, AIOT_TIMEOUT_DEFAULT, NULL));
}

static void
set_timeout (TestChannel *self)
{
  aiot_channel_set_timeout (self->channel, AIOT_TIMEOUT_DEFAULT);
  g_assert_cmpint (aiot_channel_get_timeout (self->channel), ==, AIOT_TIMEOUT_NONE);
}

static void
close_nothing (TestChannel *self)
{
  aiot_channel_close (NULL);
}

static void
iterate_nothing (TestChannel *self)
{
  g_assert_null (aiot_channel_iterate (NULL));
}

/* --- sending ------------------------------------------------------------------------ */

static void
send_nothing (TestChannel *self)
{
  GValue value = G_VALUE_INIT;

  g_assert_cmpint (aiot_channel_send (self->channel, &value, NULL, NULL), ==, AIOT_SENT_NOTHING);
}

static void
try_send_nothing (TestChannel *self)
{
  g_assert_cmpint (aiot_channel_try_send (self->channel, NULL, NULL), ==, AIOT_SENT_NOTHING);
}

static void
send_nothing_async (TestChannel *self)
{
  GValue value = G_VALUE_INIT;
  TestAnswer answer = { 0 };

  aiot_channel_send_async (self->channel, &value, NULL, test_answer_cb, &answer);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (answer.n_called, ==, 0);
}

static void
send_with_error_set (TestChannel *self)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "an old one");

  g_assert_cmpint (test_try_send (self, 0, &error), ==, AIOT_SENT_NOTHING);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
}

/* --- receiving ---------------------------------------------------------------------- */

static void
receive_into_used_value (TestChannel *self)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, 7);
  g_assert_false (aiot_channel_receive_sync (self->channel, &value, AIOT_TIMEOUT_NONE, NULL, NULL));
  g_assert_cmpint (g_value_get_int (&value), ==, 7);
}

static void
try_receive_into_nothing (TestChannel *self)
{
  g_assert_false (aiot_channel_try_receive (self->channel, NULL, NULL));
}

static void
receive_with_timeout (TestChannel *self)
{
  TestAnswer answer = { 0 };

  aiot_channel_receive_async (self->channel, -2, NULL, test_answer_cb, &answer);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (answer.n_called, ==, 0);
}

static void
receive_none (TestChannel *self)
{
  g_assert_null (aiot_channel_receive_many_sync (self->channel, 0, 1, AIOT_TIMEOUT_NONE, NULL, NULL));
}

static void
receive_fewer_than_min (TestChannel *self)
{
  aiot_channel_receive_many_async (self->channel, 3, 2, AIOT_TIMEOUT_NONE, NULL, NULL, NULL);
}

static void
try_receive_none (TestChannel *self)
{
  g_assert_null (aiot_channel_try_receive_many (self->channel, 0, NULL));
}

static void
get_item_behind_the_last (TestChannel *self)
{
  g_autoptr (AiotBatch) batch = NULL;

  test_send_items (self, 10, 1);
  batch = aiot_channel_try_receive_many (self->channel, 1, NULL);
  g_assert_null (aiot_batch_get_item (batch, 1));
}

/* --- finishing ---------------------------------------------------------------------- */

static void
finish_another_function (TestChannel *self)
{
  TestAnswer answer = { 0 };

  test_send_async (self, 10, NULL, &answer);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_null (aiot_channel_receive_finish (self->channel, answer.result, NULL));
  test_answer_clear (&answer);
  test_assert_receives (self, 10);
}

static void
finish_another_channel (TestChannel *self)
{
  g_autoptr (AiotChannel) other = aiot_channel_new (1);
  TestAnswer answer = { 0 };

  test_send_async (self, 10, NULL, &answer);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_cmpint (aiot_channel_send_finish (other, answer.result, NULL), ==, AIOT_SENT_NOTHING);
  test_answer_clear (&answer);
  test_assert_receives (self, 10);
}

static void
finish_one_of_many (TestChannel *self)
{
  TestAnswer answer = { 0 };

  test_receive_async (self, NULL, &answer);
  test_send_items (self, 10, 1);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_null (aiot_channel_receive_many_finish (self->channel, answer.result, NULL));
  test_answer_clear (&answer);
}

/* The channel goes on as if it had not happened. */
static void
test_mistake (gconstpointer data)
{
  const Mistake *mistake = data;

  if (g_test_subprocess ())
    {
      TestChannel self = { 0 };

      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      test_channel_setup (&self, GINT_TO_POINTER (10));
      mistake->make_mistake (&self);
      test_send_items (&self, 0, 3);
      test_assert_has_only (&self, 0, 3);
      test_channel_teardown (&self, NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr (mistake->warning);
}

int
main (int    argc,
      char **argv)
{
  static const Mistake mistakes[] = {
    { "new/capacity", new_with_capacity, "*CRITICAL*aiot_channel_new_full: assertion 'capacity >= *" },
    { "new/when-full", new_with_policy, "*CRITICAL*aiot_channel_new_full: assertion 'when_full <= *" },
    { "new/timeout", new_with_timeout, "*CRITICAL*aiot_channel_new_full: assertion 'timeout_ms >= *" },
    { "set-timeout", set_timeout, "*CRITICAL*aiot_channel_set_timeout: assertion 'timeout_ms >= *" },
    { "close/nothing", close_nothing, "*CRITICAL*aiot_channel_close: assertion 'AIOT_IS_CHANNEL *" },
    { "iterate/nothing", iterate_nothing, "*CRITICAL*aiot_channel_iterate: assertion 'AIOT_IS_CHANNEL *" },
    { "send/empty-value", send_nothing, "*CRITICAL*aiot_channel_send: assertion 'G_IS_VALUE (value)*" },
    { "try-send/no-value", try_send_nothing, "*CRITICAL*aiot_channel_try_send: assertion 'G_IS_VALUE (value)*" },
    { "send-async/empty-value", send_nothing_async, "*CRITICAL*aiot_channel_send_async: assertion 'G_IS_VALUE (value)*" },
    { "try-send/error-is-set", send_with_error_set, "*CRITICAL*aiot_channel_try_send: assertion 'error == NULL*" },
    { "receive-sync/used-value", receive_into_used_value, "*CRITICAL*aiot_channel_receive_sync: assertion 'value != NULL*" },
    { "try-receive/no-value", try_receive_into_nothing, "*CRITICAL*aiot_channel_try_receive: assertion 'value != NULL*" },
    { "receive-async/timeout", receive_with_timeout, "*CRITICAL*aiot_channel_receive_async: assertion 'timeout_ms >= *" },
    { "receive-many-sync/min", receive_none, "*CRITICAL*aiot_channel_receive_many_sync: assertion 'min >= 1*" },
    { "receive-many-async/max", receive_fewer_than_min, "*CRITICAL*aiot_channel_receive_many_async: assertion 'max >= min*" },
    { "try-receive-many/max", try_receive_none, "*CRITICAL*aiot_channel_try_receive_many: assertion 'max >= 1*" },
    { "batch/index", get_item_behind_the_last, "*CRITICAL*aiot_batch_get_item: assertion 'index < *" },
    { "finish/of-another-function", finish_another_function, "*CRITICAL*aiot_channel_receive_finish: assertion 'aiot_result_is_valid*" },
    { "finish/of-another-channel", finish_another_channel, "*CRITICAL*aiot_channel_send_finish: assertion 'aiot_result_is_valid*" },
    { "finish/one-as-many", finish_one_of_many, "*CRITICAL*aiot_channel_receive_many_finish: assertion 'aiot_result_is_valid*" },
  };

  test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/channel/misuse/%s", mistakes[i].path);

      g_test_add_data_func (path, &mistakes[i], test_mistake);
    }
  return g_test_run ();
}
