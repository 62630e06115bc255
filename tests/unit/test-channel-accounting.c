/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/*
 * What becomes of each item when all kinds of senders and receivers work at once, and the receivers leave before the end. The items
 * themselves are counted, one by one; what the channel says of them is compared with that afterwards.
 */

#define N_SENDERS   3
#define N_RECEIVERS 5

typedef struct _World World;

typedef struct
{
  World *world;
  guint number;
  gboolean is_over;
  int n_answered;          /* async only */
} Party;

struct _World
{
  TestLoop loop;           /* home of the channel */
  TestChannel channel;
  guint capacity;
  guint n_each;
  guint n_wanted;          /* that receivers take all together before they leave */
  int n_received;          /* atomic, like all below */
  int n_sent;
  int n_dropped;
  int *n_sent_of;          /* by number */
  int *n_received_of;
};

/* --- what happens to an item ---------------------------------------------------------- */

static void
check_length (World *world)
{
  if (world->capacity != AIOT_CAPACITY_UNBOUNDED)
    g_assert_cmpuint (aiot_channel_get_length (world->channel.channel), <=, world->capacity);
}

/* FALSE when the channel is closed. */
static gboolean
note_sent (World        *world,
           guint         number,
           AiotSent      sent,
           const GError *error)
{
  check_length (world);
  if (sent == AIOT_SENT_NOTHING)
    {
      g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
      return FALSE;
    }

  g_assert_no_error (error);
  if (sent != AIOT_SENT_ITEM)
    g_atomic_int_inc (&world->n_dropped);
  g_atomic_int_inc (&world->n_sent_of[number]);
  g_atomic_int_inc (&world->n_sent);
  return TRUE;
}

/* FALSE when there were enough of them, or the channel is closed. */
static gboolean
note_received (World        *world,
               const GValue *value,
               const GError *error)
{
  check_length (world);
  if (value == NULL)
    {
      g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
      return FALSE;
    }

  g_assert_no_error (error);
  g_atomic_int_inc (&world->n_received_of[test_item_number (value)]);
  return (guint) g_atomic_int_add (&world->n_received, 1) + 1 < world->n_wanted;
}

static gboolean
note_received_batch (World        *world,
                     AiotBatch    *batch,
                     const GError *error)
{
  gboolean goes_on = TRUE;

  if (batch == NULL)
    return note_received (world, NULL, error);

  for (guint i = 0; i < aiot_batch_get_length (batch); i++)
    goes_on &= note_received (world, aiot_batch_get_item (batch, i), error);
  return goes_on;
}

/* --- senders ---------------------------------------------------------------------------- */

static gpointer
send_all (gpointer data)
{
  Party *party = data;
  World *world = party->world;
  gboolean goes_on = TRUE;

  for (guint i = 0; i < world->n_each && goes_on; i++)
    {
      guint number = party->number * world->n_each + i;
      g_auto (GValue) value = G_VALUE_INIT;
      g_autoptr (GError) error = NULL;
      AiotSent sent;

      test_items_set_value (&world->channel.items, number, &value);
      sent = aiot_channel_send (world->channel.channel, &value, NULL, &error);
      goes_on = note_sent (world, number, sent, error);
    }
  return NULL;
}

static gpointer
try_to_send_all (gpointer data)
{
  Party *party = data;
  World *world = party->world;
  gboolean goes_on = TRUE;

  for (guint i = 0; i < world->n_each && goes_on;)
    {
      guint number = party->number * world->n_each + i;
      g_autoptr (GError) error = NULL;
      AiotSent sent = test_try_send (&world->channel, number, &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_thread_yield ();
          continue;
        }
      goes_on = note_sent (world, number, sent, error);
      i++;
    }
  return NULL;
}

static void
sent_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Party *party = user_data;
  g_autoptr (GError) error = NULL;
  AiotSent sent = aiot_channel_send_finish (AIOT_CHANNEL (source_object), result, &error);

  /* Those of one sender are answered in the order in which they were sent. */
  note_sent (party->world, party->number * party->world->n_each + party->n_answered++, sent, error);
}

/* Several are under way at a time. */
static gpointer
send_all_async (gpointer data)
{
  Party *party = data;
  World *world = party->world;
  TestLoop loop;

  test_loop_open (&loop);
  for (guint i = 0; i < world->n_each; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      test_items_set_value (&world->channel.items, party->number * world->n_each + i, &value);
      aiot_channel_send_async (world->channel.channel, &value, NULL, sent_cb, party);
      test_iterate_until (loop.main_context, &party->n_answered, MAX ((int) i - 10, 0));
    }
  test_iterate_until (loop.main_context, &party->n_answered, world->n_each);
  test_loop_close (&loop);
  return NULL;
}

/* --- receivers ------------------------------------------------------------------------- */

static gpointer
receive_all (gpointer data)
{
  World *world = ((Party *) data)->world;
  gboolean goes_on = TRUE;

  while (goes_on)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_autoptr (GError) error = NULL;
      gboolean received = aiot_channel_receive_sync (world->channel.channel, &value, AIOT_TIMEOUT_NONE, NULL, &error);

      goes_on = note_received (world, received ? &value : NULL, error);
    }
  return NULL;
}

static gpointer
receive_all_in_batches (gpointer data)
{
  World *world = ((Party *) data)->world;
  gboolean goes_on = TRUE;

  while (goes_on)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AiotBatch) batch = NULL;

      batch = aiot_channel_receive_many_sync (world->channel.channel, 2, 7, AIOT_TIMEOUT_NONE, NULL, &error);
      goes_on = note_received_batch (world, batch, error);
    }
  return NULL;
}

static void
received_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Party *party = user_data;
  AiotChannel *channel = AIOT_CHANNEL (source_object);
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_channel_receive_finish (channel, result, &error);

  if (note_received (party->world, value, error))
    aiot_channel_receive_async (channel, AIOT_TIMEOUT_NONE, NULL, received_cb, party);
  else
    party->is_over = TRUE;
}

static void
received_batch_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Party *party = user_data;
  AiotChannel *channel = AIOT_CHANNEL (source_object);
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotBatch) batch = aiot_channel_receive_many_finish (channel, result, &error);

  if (note_received_batch (party->world, batch, error))
    aiot_channel_receive_many_async (channel, 3, 100, AIOT_TIMEOUT_NONE, NULL, received_batch_cb, party);
  else
    party->is_over = TRUE;
}

static gpointer
receive_all_async (gpointer data)
{
  Party *party = data;
  TestLoop loop;

  test_loop_open (&loop);
  if (party->number == 0)
    aiot_channel_receive_async (party->world->channel.channel, AIOT_TIMEOUT_NONE, NULL, received_cb, party);
  else
    aiot_channel_receive_many_async (party->world->channel.channel, 1, 3, AIOT_TIMEOUT_NONE, NULL, received_batch_cb, party);
  test_iterate_until (loop.main_context, &party->is_over, TRUE);
  test_loop_close (&loop);
  return NULL;
}

static gboolean
loop_func (const GValue *item,
           gpointer      user_data)
{
  return note_received (user_data, item, NULL);
}

static gpointer
receive_all_in_a_loop (gpointer data)
{
  Party *party = data;
  AiotIterator *reader = aiot_channel_iterate (party->world->channel.channel);
  TestAnswer answer = { 0 };
  TestLoop loop;

  test_loop_open (&loop);
  aiot_iterator_foreach_async (reader, loop_func, party->world, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, loop.main_context);
  g_assert_true (aiot_iterator_foreach_finish (reader, answer.result, NULL));
  test_answer_clear (&answer);
  g_assert_finalize_object (reader);
  test_loop_close (&loop);
  return NULL;
}

/* --- all of them at once ------------------------------------------------------------------ */

static void
join_all (GThread **threads,
          guint     n)
{
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
}

/* Each item that was sent was received once, or was dropped, or is still there. */
static void
check_account (World *world)
{
  AiotChannel *channel = world->channel.channel;
  guint n_left = aiot_channel_get_length (channel);

  for (guint i = 0; i < N_SENDERS * world->n_each; i++)
    {
      g_assert_cmpint (world->n_sent_of[i], <=, 1);
      g_assert_cmpint (world->n_received_of[i], <=, world->n_sent_of[i]);
    }
  g_assert_cmpint (world->n_sent, ==, world->n_received + world->n_dropped + n_left);
  g_assert_cmpuint (aiot_channel_get_n_accepted (channel), ==, world->n_sent);
  g_assert_cmpuint (aiot_channel_get_n_received (channel), ==, world->n_received);
  g_assert_cmpuint (aiot_channel_get_n_dropped (channel), ==, world->n_dropped);
  g_assert_cmpuint (aiot_channel_get_n_destroyed (channel), ==, 0);
  check_length (world);
}

static void
run_world (guint        capacity,
           AiotWhenFull when_full)
{
  static const GThreadFunc senders[N_SENDERS] = { send_all, try_to_send_all, send_all_async };
  static const GThreadFunc receivers[N_RECEIVERS] = {
    receive_all_async, receive_all_async, receive_all, receive_all_in_batches, receive_all_in_a_loop,
  };
  World world = { .n_each = MAX (test_scaled (3000), 300) };
  guint n_items = N_SENDERS * world.n_each;
  Party parties[N_SENDERS + N_RECEIVERS];
  GThread *sending[N_SENDERS], *receiving[N_RECEIVERS];

  test_loop_open (&world.channel.loop);
  test_items_init (&world.channel.items, n_items);
  world.channel.items.home = NULL;
  world.channel.channel = aiot_channel_new_full (capacity, when_full, AIOT_TIMEOUT_NONE, NULL);
  world.capacity = aiot_channel_get_capacity (world.channel.channel);
  /* So many are left that all who wait then are served, and leave. */
  world.n_wanted = when_full == AIOT_WHEN_FULL_WAIT ? n_items * 9 / 10 : G_MAXUINT;
  world.n_sent_of = g_new0 (int, n_items);
  world.n_received_of = g_new0 (int, n_items);

  for (guint i = 0; i < N_RECEIVERS; i++)
    {
      parties[i] = (Party) { .world = &world, .number = i };
      receiving[i] = g_thread_new ("receiver", receivers[i], &parties[i]);
    }
  for (guint i = 0; i < N_SENDERS; i++)
    {
      parties[N_RECEIVERS + i] = (Party) { .world = &world, .number = i };
      sending[i] = g_thread_new ("sender", senders[i], &parties[N_RECEIVERS + i]);
    }
  /* Where senders wait, they are told by closing that nobody receives any more; where not, it is the other way round. */
  if (when_full == AIOT_WHEN_FULL_WAIT)
    join_all (receiving, N_RECEIVERS);
  else
    join_all (sending, N_SENDERS);
  aiot_channel_close (world.channel.channel);
  if (when_full == AIOT_WHEN_FULL_WAIT)
    join_all (sending, N_SENDERS);
  else
    join_all (receiving, N_RECEIVERS);

  check_account (&world);
  test_channel_teardown (&world.channel, NULL);
  g_free (world.n_sent_of);
  g_free (world.n_received_of);
}

static void
test_waiting (gconstpointer capacity)
{
  run_world (GPOINTER_TO_UINT (capacity), AIOT_WHEN_FULL_WAIT);
}

static void
test_dropping (gconstpointer when_full)
{
  run_world (10, GPOINTER_TO_UINT (when_full));
}

int
main (int    argc,
      char **argv)
{
  static const guint capacities[] = { 1, 2, 10, 64, 65, 1024, AIOT_CAPACITY_UNBOUNDED };

  test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      g_autofree char *path = g_strdup_printf ("/channel/accounting/capacity-%u", capacities[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (capacities[i]), test_waiting);
    }
  g_test_add_data_func ("/channel/accounting/drop-oldest", GUINT_TO_POINTER (AIOT_WHEN_FULL_DROP_OLDEST), test_dropping);
  g_test_add_data_func ("/channel/accounting/drop-newest", GUINT_TO_POINTER (AIOT_WHEN_FULL_DROP_NEWEST), test_dropping);
  g_test_add_data_func ("/channel/accounting/keep-latest", GUINT_TO_POINTER (AIOT_WHEN_FULL_KEEP_LATEST), test_dropping);
  return g_test_run ();
}
