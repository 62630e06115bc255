/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* Channels that drop items when they are full. All is sent on the home thread, where waiting would be refused. */

static void
setup (TestChannel   *self,
       gconstpointer  data)
{
  test_channel_setup (self, GINT_TO_POINTER (1));
  test_channel_replace (self, aiot_channel_new_full (3, GPOINTER_TO_INT (data), AIOT_TIMEOUT_NONE, NULL));
}

static AiotSent
send_blocking (TestChannel *self,
               guint        number)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;
  AiotSent sent;

  test_items_set_value (&self->items, number, &value);
  sent = aiot_channel_send (self->channel, &value, NULL, &error);
  g_assert_no_error (error);
  return sent;
}

static void
assert_counts (TestChannel *self,
               guint        n_accepted,
               guint        n_dropped)
{
  guint length = aiot_channel_get_length (self->channel);

  g_assert_cmpuint (aiot_channel_get_n_accepted (self->channel), ==, n_accepted);
  g_assert_cmpuint (aiot_channel_get_n_dropped (self->channel), ==, n_dropped);
  g_assert_cmpuint (aiot_channel_get_n_received (self->channel), ==, n_accepted - n_dropped - length);
  g_assert_cmpuint (aiot_channel_get_n_destroyed (self->channel), ==, 0);
}

/* Those from first on were freed, each once, and no others. */
static void
assert_freed (TestChannel *self,
              guint        first,
              guint        n)
{
  test_iterate_until (self->loop.main_context, &self->items.n_freed, n);
  g_assert_cmpint (self->items.n_freed, ==, n);
  for (guint i = first; i < first + n; i++)
    g_assert_cmpint (self->items.items[i].n_freed, ==, 1);
}

/* --- what is dropped ---------------------------------------------------------------- */

static void
test_drop_oldest (TestChannel   *self,
                  gconstpointer  data)
{
  test_send_items (self, 0, 3);
  for (guint i = 3; i < 100; i++)
    g_assert_cmpint (i % 2 == 0 ? test_try_send (self, i, NULL) : send_blocking (self, i), ==, AIOT_SENT_AND_DROPPED);
  assert_counts (self, 100, 97);
  assert_freed (self, 0, 97);
  test_assert_has_only (self, 97, 3);
  assert_counts (self, 100, 97);
}

static void
test_drop_newest (TestChannel   *self,
                  gconstpointer  data)
{
  test_send_items (self, 0, 3);
  for (guint i = 3; i < 100; i++)
    g_assert_cmpint (i % 2 == 0 ? test_try_send (self, i, NULL) : send_blocking (self, i), ==, AIOT_SENT_TO_BE_DROPPED);
  assert_counts (self, 100, 97);
  assert_freed (self, 3, 97);
  test_assert_has_only (self, 0, 3);
  assert_counts (self, 100, 97);
}

/* Whatever the capacity was said to be. */
static void
test_keep_latest (TestChannel   *self,
                  gconstpointer  data)
{
  g_assert_cmpuint (aiot_channel_get_capacity (self->channel), ==, 1);
  test_send_items (self, 0, 1);
  for (guint i = 1; i < 100; i++)
    g_assert_cmpint (i % 2 == 0 ? test_try_send (self, i, NULL) : send_blocking (self, i), ==, AIOT_SENT_AND_DROPPED);
  assert_counts (self, 100, 99);
  assert_freed (self, 0, 99);
  test_assert_has_only (self, 99, 1);
  assert_counts (self, 100, 99);
}

static void
test_keep_latest_unbounded (TestChannel   *self,
                            gconstpointer  data)
{
  test_channel_replace (self, aiot_channel_new_full (AIOT_CAPACITY_UNBOUNDED, AIOT_WHEN_FULL_KEEP_LATEST, 0, NULL));
  test_keep_latest (self, data);
}

static void
test_sent_async (TestChannel   *self,
                 gconstpointer  data)
{
  AiotWhenFull when_full = GPOINTER_TO_INT (data);
  guint capacity = aiot_channel_get_capacity (self->channel);
  TestAnswer answer = { 0 };

  test_send_items (self, 0, capacity);
  test_send_async (self, capacity, NULL, &answer);
  /* It is done already. */
  assert_counts (self, capacity + 1, 1);
  test_assert_answer_sent (&answer, self,
                           when_full == AIOT_WHEN_FULL_DROP_NEWEST ? AIOT_SENT_TO_BE_DROPPED : AIOT_SENT_AND_DROPPED);
  test_assert_has_only (self, when_full == AIOT_WHEN_FULL_DROP_NEWEST ? 0 : 1, capacity);
}

/* --- where it is freed --------------------------------------------------------------- */

typedef struct
{
  TestChannel *channel;
  guint n;
} Producer;

static gpointer
produce (gpointer data)
{
  Producer *producer = data;

  for (guint i = 0; i < producer->n; i++)
    g_assert_cmpint (test_try_send (producer->channel, i, NULL), !=, AIOT_SENT_NOTHING);
  return NULL;
}

/* Sent by a thread that has no home: dropped items wait for that of the channel. */
static void
test_other_thread (TestChannel   *self,
                   gconstpointer  data)
{
  Producer producer = { self, TEST_N_ITEMS };
  guint capacity = aiot_channel_get_capacity (self->channel);

  g_thread_join (g_thread_new ("producer", produce, &producer));
  assert_counts (self, TEST_N_ITEMS, TEST_N_ITEMS - capacity);
  g_assert_cmpint (self->items.n_freed, ==, 0);
  assert_freed (self, GPOINTER_TO_INT (data) == AIOT_WHEN_FULL_DROP_NEWEST ? capacity : 0, TEST_N_ITEMS - capacity);
}

/* A closed one drops nothing more, and takes nothing more. */
static void
test_closed (TestChannel   *self,
             gconstpointer  data)
{
  guint capacity = aiot_channel_get_capacity (self->channel);

  test_send_items (self, 0, capacity);
  aiot_channel_close (self->channel);
  test_assert_refused (self, capacity, AIOT_ERROR, AIOT_ERROR_CLOSED);
  assert_counts (self, capacity, 0);
  test_assert_has_only (self, 0, capacity);
}

/* --- with receivers that wait ----------------------------------------------------------- */

/* Whoever sleeps takes its item at once, so nothing needs to be dropped. */
static void
test_receiver_sleeps (TestChannel   *self,
                      gconstpointer  data)
{
  for (guint i = 0; i < 10; i++)
    {
      TestTransfer transfer;

      test_start_receiving (&transfer, self, AIOT_TIMEOUT_NONE);
      test_send_items (self, i, 1);
      test_assert_received (&transfer, i);
    }
  assert_counts (self, 10, 0);
}

/*
 * Two are promised an item each and have not been called back when more items come than there is room for. Each still gets one, but what
 * they get is what is there by then.
 */
static void
test_reserved (TestChannel   *self,
               gconstpointer  data)
{
  static const guint first_left[] = { 0, 7, 0, 9 };   /* by AiotWhenFull */
  TestAnswer answers[2] = { { 0 } };
  guint first = first_left[GPOINTER_TO_INT (data)];
  guint capacity = aiot_channel_get_capacity (self->channel);

  for (guint i = 0; i < MIN (capacity, 2); i++)
    test_receive_async (self, NULL, &answers[i]);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpint (test_try_send (self, i, NULL), !=, AIOT_SENT_NOTHING);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, capacity);
  assert_counts (self, 10, 10 - capacity);
  for (guint i = 0; i < MIN (capacity, 2); i++)
    test_assert_answer_item (&answers[i], self, first + i);
  if (capacity > 2)
    test_assert_has_only (self, first + 2, capacity - 2);
  assert_counts (self, 10, 10 - capacity);
}

/* The second waits for the item that is not there yet when the first is promised what is dropped afterwards. */
static void
test_reserved_cancelled (TestChannel   *self,
                         gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer leaves = { 0 }, next = { 0 };

  test_receive_async (self, cancellable, &leaves);
  test_receive_async (self, NULL, &next);
  g_assert_cmpint (test_try_send (self, 0, NULL), ==, AIOT_SENT_ITEM);
  g_assert_cmpint (test_try_send (self, 1, NULL), ==, AIOT_SENT_AND_DROPPED);
  g_cancellable_cancel (cancellable);
  test_assert_answer_item (&next, self, 1);
  test_assert_answer_error (&leaves, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_counts (self, 2, 1);
}

/* All that a main loop iterates over is handed out before more of it could be dropped. */
static gboolean
send_more (const GValue *item,
           gpointer      user_data)
{
  Producer *producer = user_data;
  guint number = test_item_number (item);

  g_assert_cmpuint (aiot_channel_get_length (producer->channel->channel), <=, 3);
  if (number + 4 < producer->n)
    for (guint i = number + 1; i < number + 4; i++)
      g_assert_cmpint (test_try_send (producer->channel, i, NULL), !=, AIOT_SENT_NOTHING);
  return TRUE;
}

static void
test_iterated (TestChannel   *self,
               gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (self->channel);
  Producer producer = { self, 20 };
  TestAnswer answer = { 0 };

  aiot_iterator_foreach_async (reader, send_more, &producer, NULL, NULL, test_answer_cb, &answer);
  test_send_items (self, 0, 1);
  test_iterate_all (self->loop.main_context);
  aiot_channel_close (self->channel);
  test_answer_wait (&answer, self->loop.main_context);
  g_assert_true (aiot_iterator_foreach_finish (reader, answer.result, NULL));
  test_answer_clear (&answer);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, 0);
  g_assert_cmpint (self->items.n_freed, ==, self->items.n_made);
  g_assert_cmpuint (aiot_channel_get_n_received (self->channel) + aiot_channel_get_n_dropped (self->channel), ==,
                    self->items.n_made);
  g_assert_finalize_object (g_steal_pointer (&reader));
}

int
main (int    argc,
      char **argv)
{
  static const struct { const char *name; AiotWhenFull when_full; } policies[] = {
    { "drop-oldest", AIOT_WHEN_FULL_DROP_OLDEST },
    { "drop-newest", AIOT_WHEN_FULL_DROP_NEWEST },
    { "keep-latest", AIOT_WHEN_FULL_KEEP_LATEST },
  };
  static const struct { const char *claim; void (*func) (TestChannel *, gconstpointer); } claims[] = {
    { "sent-async", test_sent_async },
    { "dropped-elsewhere-and-freed-at-home", test_other_thread },
    { "closed-drops-nothing", test_closed },
    { "receiver-that-sleeps-gets-each", test_receiver_sleeps },
    { "promised-items", test_reserved },
    { "iterated", test_iterated },
  };

  test_init (&argc, &argv);

#define ADD(path, when_full, func) g_test_add (path, TestChannel, GINT_TO_POINTER (when_full), setup, func, test_channel_teardown)
  ADD ("/channel/drop-oldest/drops-those-that-waited-longest", AIOT_WHEN_FULL_DROP_OLDEST, test_drop_oldest);
  ADD ("/channel/drop-newest/drops-what-is-sent", AIOT_WHEN_FULL_DROP_NEWEST, test_drop_newest);
  ADD ("/channel/keep-latest/keeps-one", AIOT_WHEN_FULL_KEEP_LATEST, test_keep_latest);
  ADD ("/channel/keep-latest/keeps-one-without-limit", AIOT_WHEN_FULL_KEEP_LATEST, test_keep_latest_unbounded);
  ADD ("/channel/keep-latest/promise-passes-on", AIOT_WHEN_FULL_KEEP_LATEST, test_reserved_cancelled);
  for (guint i = 0; i < G_N_ELEMENTS (policies); i++)
    for (guint j = 0; j < G_N_ELEMENTS (claims); j++)
      {
        g_autofree char *path = g_strdup_printf ("/channel/%s/%s", policies[i].name, claims[j].claim);

        ADD (path, policies[i].when_full, claims[j].func);
      }
  return g_test_run ();
}
