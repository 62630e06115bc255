/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"

#include <stdlib.h>

/* Who goes when others wait: what it was promised, or had taken already, is theirs. */

#define MS G_TIME_SPAN_MILLISECOND

typedef struct
{
  AiotChannel *channel;
  AiotIterator *reader;
  GMainContext *main_context;
  gint64 last;              /* the function has had enough of it */
  int n_items;
  TestAnswer foreach;
  TestAnswer receive;
  TestAnswer send;
  gboolean waits_inside;    /* the function, until the receiver is called back */
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  capacity)
{
  fixture->channel = aiot_channel_new (GPOINTER_TO_INT (capacity));
  fixture->reader = aiot_channel_iterate (fixture->channel);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  capacity)
{
  test_answer_clear (&fixture->foreach);
  test_answer_clear (&fixture->receive);
  test_answer_clear (&fixture->send);
  g_assert_finalize_object (fixture->reader);
  g_assert_finalize_object (fixture->channel);
}

static void
send_numbers (Fixture *fixture,
              gint64   from,
              gint64   to)
{
  for (gint64 i = from; i <= to; i++)
    g_assert_cmpint (aiot_channel_send_int64 (fixture->channel, i, NULL, NULL), ==, AIOT_SENT_ITEM);
}

static void
receive_number (Fixture *fixture,
                gint64   number)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_assert_true (aiot_channel_try_receive (fixture->channel, &value, NULL));
  g_assert_cmpint (g_value_get_int64 (&value), ==, number);
}

static gboolean
take_item (const GValue *item,
           gpointer      user_data)
{
  Fixture *fixture = user_data;

  fixture->n_items++;
  if (fixture->waits_inside)
    test_iterate_until (NULL, &fixture->receive.n_called, 1);
  fixture->waits_inside = FALSE;
  return g_value_get_int64 (item) != fixture->last;
}

static void
start_both (Fixture *fixture)
{
  aiot_iterator_foreach_async (fixture->reader, take_item, fixture, NULL, NULL, test_answer_cb, &fixture->foreach);
  aiot_channel_receive_async (fixture->channel, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &fixture->receive);
}

static void
assert_received (Fixture *fixture,
                 gint64   number)
{
  g_autoptr (GError) error = NULL;
  const GValue *item;

  /* Nothing else is on its way. */
  while (fixture->receive.n_called == 0)
    g_assert_true (g_main_context_iteration (NULL, FALSE));
  item = aiot_channel_receive_finish (fixture->channel, fixture->receive.result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int64 (item), ==, number);
}

static void
assert_enough (Fixture *fixture)
{
  test_iterate_until (NULL, &fixture->foreach.n_called, 1);
  g_assert_true (aiot_iterator_foreach_finish (fixture->reader, fixture->foreach.result, NULL));
}

/* It was promised ten items, in two blocks, and takes the four of the first one. */
static void
test_promise_beyond_block (Fixture       *fixture,
                           gconstpointer  capacity)
{
  send_numbers (fixture, 1, 70);
  for (gint64 i = 1; i <= 60; i++)
    receive_number (fixture, i);

  fixture->last = 64;
  fixture->waits_inside = TRUE;
  start_both (fixture);
  assert_received (fixture, 65);
  assert_enough (fixture);
  g_assert_cmpint (fixture->n_items, ==, 4);
}

/* There is room, though not yet enough to wake a sender for nothing. */
static void
test_lets_sender_in (Fixture       *fixture,
                     gconstpointer  capacity)
{
  g_auto (GValue) value = G_VALUE_INIT;

  send_numbers (fixture, 1, 4);
  g_value_init (&value, G_TYPE_INT64);
  g_value_set_int64 (&value, 5);
  fixture->last = 4;
  fixture->waits_inside = TRUE;
  start_both (fixture);
  aiot_channel_send_async (fixture->channel, &value, NULL, test_answer_cb, &fixture->send);
  assert_received (fixture, 5);
  assert_enough (fixture);
  test_iterate_until (NULL, &fixture->send.n_called, 1);
}

static void
count (GObject    *object,
       GParamSpec *pspec,
       gpointer    n)
{
  g_atomic_int_inc ((int *) n);
}

/* A handler that is connected after the last item was sent hears that the channel is empty. */
static void
test_tells_empty (Fixture       *fixture,
                  gconstpointer  capacity)
{
  int n_notified = 0;

  send_numbers (fixture, 1, 10);
  g_signal_connect (fixture->channel, "notify::length", G_CALLBACK (count), &n_notified);
  fixture->last = 10;
  aiot_iterator_foreach_async (fixture->reader, take_item, fixture, NULL, NULL, test_answer_cb, &fixture->foreach);
  assert_enough (fixture);
  test_iterate_until (NULL, &n_notified, 1);
}

/* --- Readers ----------------------------------------------------------------- */

static gpointer
close_iterator (gpointer iterator)
{
  aiot_iterator_close (iterator);
  return NULL;
}

/* A reference is taken by whoever has just begun to ask. */
static void
close_when_asked (gpointer  data,
                  GObject  *object,
                  gboolean  is_last_ref)
{
  if (!is_last_ref)
    g_thread_join (g_thread_new (NULL, close_iterator, object));
}

static void
test_close_meets_next (Fixture       *fixture,
                       gconstpointer  capacity)
{
  AiotIterator *toggled = aiot_channel_iterate (fixture->channel);
  g_autoptr (GError) error = NULL;

  g_object_add_toggle_ref (G_OBJECT (toggled), close_when_asked, NULL);
  g_object_unref (toggled);
  aiot_iterator_next_async (toggled, NULL, test_answer_cb, &fixture->receive);
  while (fixture->receive.n_called == 0)
    g_assert_true (g_main_context_iteration (NULL, FALSE));
  g_assert_null (aiot_iterator_next_finish (toggled, fixture->receive.result, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);

  test_answer_clear (&fixture->receive);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_object_remove_toggle_ref (G_OBJECT (toggled), close_when_asked, NULL);
}

/* --- Several ----------------------------------------------------------------- */

/* The time is over when the items are there, but the main context was busy. */
static void
test_late_but_served (Fixture       *fixture,
                      gconstpointer  capacity)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;

  aiot_clock_stop ();
  aiot_channel_receive_many_async (fixture->channel, 2, 10, 5, NULL, test_answer_cb, &fixture->receive);
  send_numbers (fixture, 1, 2);
  aiot_clock_advance (10 * MS);
  test_iterate_until (NULL, &fixture->receive.n_called, 1);
  aiot_clock_resume ();

  batch = aiot_channel_receive_many_finish (fixture->channel, fixture->receive.result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, 2);
}

static void
test_more_than_fits (Fixture       *fixture,
                     gconstpointer  capacity)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;

  send_numbers (fixture, 1, 4);
  batch = aiot_channel_receive_many_sync (fixture->channel, 10, 10, AIOT_TIMEOUT_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, 4);
}

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

/* Its owner drops it, and tells nobody. */
static void
test_drops_main_context (Fixture       *fixture,
                         gconstpointer  capacity)
{
  TestLoop other;

  test_loop_open (&other);
  aiot_channel_receive_async (fixture->channel, AIOT_TIMEOUT_NONE, NULL, never_called_cb, NULL);
  test_loop_close (&other);
  send_numbers (fixture, 1, 1);
  receive_number (fixture, 1);
}

/* --- The end of the process --------------------------------------------------- */

static TestGate never;
static TestGate got_one;

static gboolean
give_one (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  if (!aiot_generator_emit_int64 (generator, 1, error))
    return FALSE;

  test_gate_wait (&never);
  return TRUE;
}

/* In a thread that the process waits for. */
static gboolean
save_all (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterator_new (give_one, NULL, NULL, NULL, 1, NULL);
  g_autoptr (GError) next_error = NULL;
  g_auto (GValue) one = G_VALUE_INIT;
  g_auto (GValue) other = G_VALUE_INIT;

  g_assert_true (aiot_iterator_next_sync (AIOT_ITERATOR (iterator), &one, NULL, NULL));
  test_gate_open (&got_one);
  g_assert_false (aiot_iterator_next_sync (AIOT_ITERATOR (iterator), &other, NULL, &next_error));
  g_assert_error (next_error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  return TRUE;
}

static void
test_exit_cuts_off (void)
{
  if (g_test_subprocess ())
    {
      AiotExecutor *executor = aiot_executor_new_separate ("saver", FALSE);

      aiot_offload_async (executor, save_all, NULL, NULL, NULL, NULL, NULL);
      g_object_unref (executor);
      test_gate_wait (&got_one);
      exit (0);
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);

#define ADD(path, capacity, func) g_test_add (path, Fixture, GINT_TO_POINTER (capacity), setup, func, teardown)

  ADD ("/queue/leaving/promise-beyond-a-block-goes-to-the-next", 128, test_promise_beyond_block);
  ADD ("/queue/waiting/item-handed-out-lets-a-sender-in", 4, test_lets_sender_in);
  ADD ("/queue/length/foreach-tells-of-emptiness", 128, test_tells_empty);
  ADD ("/queue/readers/close-meets-next", 4, test_close_meets_next);
  ADD ("/queue/gone/who-waits-does-not-keep-its-main-context", 4, test_drops_main_context);
  ADD ("/queue/many/late-but-served", 128, test_late_but_served);
  ADD ("/queue/many/more-than-fits-at-home", 4, test_more_than_fits);
  g_test_add_func ("/queue/exit/cut-off-is-not-the-end", test_exit_cuts_off);

  return g_test_run ();
}
