/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

#include <stdlib.h>

/*
 * Channels of any kind, with senders and receivers that do anything at random: they wait in all ways, cancel themselves and each other,
 * time out, break out of loops, leave main contexts behind, and close the channel. Of each item it is known in the end what became of it.
 */

#define MAX_PARTIES     4       /* of each side */
#define MAX_ITEMS       3000    /* of one sender in one round */
#define MAX_UNDER_WAY   6

typedef struct
{
  AiotChannel *channel;
  GMainContext *home;
  AiotWhenFull when_full;
  guint capacity;
  TestItems items;
  guint n_items;
  guint n_wanted;          /* with so many the receivers leave */
  gboolean may_close;      /* anybody */
  GPtrArray *cancellables; /* of all, which anybody cancels now and then */
  int n_over[2];           /* receivers, senders; atomic, like all below */
  int n_sent;
  int n_dropped;
  int n_received;
  int *n_sent_of;          /* by number */
  int *n_received_of;
} World;

typedef struct
{
  World *world;
  gboolean is_sender;
  GRand *random;
  guint first;             /* sender: what it sends */
  guint end;
  GCancellable *cancellable;
  TestLoop loop;
  GHashTable *under_way;   /* operations */
  gboolean is_over;
} Party;

/* One asynchronous function. */
typedef struct
{
  Party *party;
  GCancellable *cancellable;
  guint number;
  int timeout_ms;
} Operation;

static int n_warnings;

static gboolean
one_in (Party *party,
        int    n)
{
  return g_rand_int_range (party->random, 0, n) == 0;
}

static void
operation_free (gpointer data)
{
  Operation *self = data;

  g_object_unref (self->cancellable);
  g_free (self);
}

static Operation *
operation_begin (Party *party)
{
  Operation *self = g_new0 (Operation, 1);

  self->party = party;
  self->cancellable = g_cancellable_new ();
  g_hash_table_add (party->under_way, self);
  return self;
}

static void
operation_end (Operation *self)
{
  g_hash_table_remove (self->party->under_way, self);
}

/* Now, or as soon as it gets so far. */
static void
operation_disturb (Operation *self)
{
  if (one_in (self->party, 8))
    g_cancellable_cancel (self->cancellable);
}

static void
cancel_all_under_way (Party *party)
{
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer operation;

  g_hash_table_iter_init (&iter, party->under_way);
  while (g_hash_table_iter_next (&iter, &operation, NULL))
    g_ptr_array_add (cancellables, g_object_ref (((Operation *) operation)->cancellable));
  for (guint i = 0; i < cancellables->len; i++)
    g_cancellable_cancel (cancellables->pdata[i]);
}

static void
iterate_until_under_way (Party *party,
                         guint  n)
{
  while (g_hash_table_size (party->under_way) > n)
    g_main_context_iteration (party->loop.main_context, TRUE);
}

/* --- what became of it -------------------------------------------------------------------- */

static void
check_length (World *world)
{
  if (world->capacity != AIOT_CAPACITY_UNBOUNDED)
    g_assert_cmpuint (aiot_channel_get_length (world->channel), <=, world->capacity);
}

static void
check_error (Party        *party,
             const GError *error,
             gboolean      may_block,
             gboolean      is_cancelled,
             int           timeout_ms)
{
  g_assert_nonnull (error);
  if (g_error_matches (error, AIOT_ERROR, AIOT_ERROR_CLOSED))
    party->is_over = TRUE;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_assert_cmpint (timeout_ms, >, 0);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_assert_false (may_block);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_assert_true (is_cancelled);
  else
    g_assert_no_error (error);
}

static void
note_sent (Party    *party,
           guint     number,
           AiotSent  sent)
{
  World *world = party->world;

  check_length (world);
  g_assert_true (sent == AIOT_SENT_ITEM || world->when_full != AIOT_WHEN_FULL_WAIT);
  g_atomic_int_inc (&world->n_sent);
  g_atomic_int_inc (&world->n_sent_of[number]);
  if (sent != AIOT_SENT_ITEM)
    g_atomic_int_inc (&world->n_dropped);
}

static void
note_received (Party        *party,
               const GValue *value)
{
  World *world = party->world;

  check_length (world);
  g_atomic_int_inc (&world->n_received_of[test_item_number (value)]);
  if ((guint) g_atomic_int_add (&world->n_received, 1) + 1 >= world->n_wanted)
    party->is_over = TRUE;
}

static void
note_received_batch (Party     *party,
                     AiotBatch *batch)
{
  for (guint i = 0; i < aiot_batch_get_length (batch); i++)
    note_received (party, aiot_batch_get_item (batch, i));
}

/* --- sending -------------------------------------------------------------------------------- */

static void
sent_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Operation *operation = user_data;
  g_autoptr (GError) error = NULL;
  AiotSent sent = aiot_channel_send_finish (AIOT_CHANNEL (source_object), result, &error);

  if (sent != AIOT_SENT_NOTHING)
    note_sent (operation->party, operation->number, sent);
  else
    check_error (operation->party, error, TRUE, g_cancellable_is_cancelled (operation->cancellable), 0);
  operation_end (operation);
}

static void
send_async (Party        *party,
            const GValue *value,
            guint         number)
{
  Operation *operation = operation_begin (party);

  operation->number = number;
  aiot_channel_send_async (party->world->channel, value, operation->cancellable, sent_cb, operation);
  operation_disturb (operation);
  iterate_until_under_way (party, MAX_UNDER_WAY);
}

static void
send_one (Party *party,
          guint  number)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;
  gboolean tries = one_in (party, 3);
  AiotSent sent;

  test_items_set_value (&party->world->items, number, &value);
  if (one_in (party, 3))
    {
      send_async (party, &value, number);
      return;
    }

  sent = tries ? aiot_channel_try_send (party->world->channel, &value, &error)
               : aiot_channel_send (party->world->channel, &value, party->cancellable, &error);
  if (sent != AIOT_SENT_NOTHING)
    note_sent (party, number, sent);
  else
    check_error (party, error, !tries, !tries, 0);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void
received_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Operation *operation = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_channel_receive_finish (AIOT_CHANNEL (source_object), result, &error);

  if (value != NULL)
    note_received (operation->party, value);
  else
    check_error (operation->party, error, TRUE, g_cancellable_is_cancelled (operation->cancellable), operation->timeout_ms);
  operation_end (operation);
}

static void
received_batch_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Operation *operation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotBatch) batch = aiot_channel_receive_many_finish (AIOT_CHANNEL (source_object), result, &error);

  if (batch != NULL)
    note_received_batch (operation->party, batch);
  else
    check_error (operation->party, error, TRUE, g_cancellable_is_cancelled (operation->cancellable), operation->timeout_ms);
  operation_end (operation);
}

static void
receive_async (Party *party,
               guint  min,
               guint  max,
               int    timeout_ms)
{
  AiotChannel *channel = party->world->channel;
  Operation *operation = operation_begin (party);

  operation->timeout_ms = timeout_ms;
  if (max == 1)
    aiot_channel_receive_async (channel, timeout_ms, operation->cancellable, received_cb, operation);
  else
    aiot_channel_receive_many_async (channel, min, max, timeout_ms, operation->cancellable, received_batch_cb, operation);
  operation_disturb (operation);
  iterate_until_under_way (party, MAX_UNDER_WAY);
}

static void
receive_waiting (Party    *party,
                 guint     min,
                 guint     max,
                 int       timeout_ms,
                 gboolean  may_block)
{
  AiotChannel *channel = party->world->channel;
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;
  gboolean received = FALSE;

  /* Items that are promised to this thread on its main context stay there while it sleeps, and others may wait for the room. */
  if (may_block && g_hash_table_size (party->under_way) > 0)
    timeout_ms = 1;

  if (max > 1)
    batch = may_block ? aiot_channel_receive_many_sync (channel, min, max, timeout_ms, party->cancellable, &error)
                      : aiot_channel_try_receive_many (channel, max, &error);
  else
    received = may_block ? aiot_channel_receive_sync (channel, &value, timeout_ms, party->cancellable, &error)
                         : aiot_channel_try_receive (channel, &value, &error);

  if (batch != NULL)
    note_received_batch (party, batch);
  else if (received)
    note_received (party, &value);
  else
    check_error (party, error, may_block, may_block, timeout_ms);
}

static gboolean
loop_func (const GValue *item,
           gpointer      user_data)
{
  Party *party = user_data;

  note_received (party, item);
  return !party->is_over && !one_in (party, 100);
}

static void
receive_in_a_loop (Party *party)
{
  AiotIterator *reader = aiot_channel_iterate (party->world->channel);
  g_autoptr (GError) error = NULL;
  TestAnswer answer = { 0 };

  aiot_iterator_foreach_async (reader, loop_func, party, NULL, party->cancellable, test_answer_cb, &answer);
  test_answer_wait (&answer, party->loop.main_context);
  if (!aiot_iterator_foreach_finish (reader, answer.result, &error))
    check_error (party, error, TRUE, TRUE, 0);
  test_answer_clear (&answer);
  g_object_unref (reader);
}

static void
receive_some (Party *party)
{
  guint max = one_in (party, 2) ? 1 : g_rand_int_range (party->random, 2, 200);
  guint min = g_rand_int_range (party->random, 1, MIN (max, 5) + 1);
  int timeout_ms = one_in (party, 4) ? g_rand_int_range (party->random, 1, 3) : AIOT_TIMEOUT_NONE;

  switch (g_rand_int_range (party->random, 0, 7))
    {
    case 0:
    case 1:
      receive_waiting (party, min, max, timeout_ms, FALSE);
      break;
    case 2:
    case 3:
      receive_waiting (party, min, max, timeout_ms, TRUE);
      break;
    case 4:
    case 5:
      receive_async (party, min, max, timeout_ms);
      break;
    default:
      receive_in_a_loop (party);
    }
}

/* --- parties ----------------------------------------------------------------------------------- */

/* What it waits for on that main context is given up. */
static void
change_main_context (Party *party)
{
  aiot_main_context_abandon (party->loop.main_context);
  test_loop_close (&party->loop);
  g_hash_table_remove_all (party->under_way);
  test_loop_open (&party->loop);
}

static void
disturb_others (Party *party)
{
  World *world = party->world;

  if (g_cancellable_is_cancelled (party->cancellable))
    g_cancellable_reset (party->cancellable);
  if (one_in (party, 50))
    g_cancellable_cancel (world->cancellables->pdata[g_rand_int_range (party->random, 0, world->cancellables->len)]);
  if (!party->is_sender && one_in (party, 200))
    change_main_context (party);
  if (world->may_close && one_in (party, MAX_ITEMS))
    aiot_channel_close (world->channel);
}

static gpointer
run_party (gpointer data)
{
  Party *party = data;
  World *world = party->world;

  party->under_way = g_hash_table_new_full (NULL, NULL, operation_free, NULL);
  test_loop_open (&party->loop);
  for (guint number = party->first; !party->is_over && (!party->is_sender || number < party->end); number++)
    {
      disturb_others (party);
      if (party->is_sender)
        send_one (party, number);
      else
        receive_some (party);
    }
  if (!party->is_sender)
    cancel_all_under_way (party);
  iterate_until_under_way (party, 0);
  test_loop_close (&party->loop);
  g_hash_table_unref (party->under_way);
  g_rand_free (party->random);

  g_atomic_int_inc (&world->n_over[party->is_sender]);
  g_main_context_wakeup (world->home);
  return NULL;
}

static void
check_account (World *world)
{
  guint n_left = aiot_channel_get_length (world->channel);

  for (guint i = 0; i < world->n_items; i++)
    {
      g_assert_cmpint (world->n_sent_of[i], <=, 1);
      g_assert_cmpint (world->n_received_of[i], <=, world->n_sent_of[i]);
    }
  g_assert_cmpint (world->n_sent, ==, world->n_received + world->n_dropped + n_left);
  g_assert_cmpuint (aiot_channel_get_n_accepted (world->channel), ==, world->n_sent);
  g_assert_cmpuint (aiot_channel_get_n_received (world->channel), ==, world->n_received);
  g_assert_cmpuint (aiot_channel_get_n_dropped (world->channel), ==, world->n_dropped);
  if (world->capacity != AIOT_CAPACITY_UNBOUNDED)
    g_assert_cmpuint (aiot_channel_get_peak_length (world->channel), <=, world->capacity);
}

/* Until those on one side have left; then the others are told. */
static void
run_parties (World *world,
             Party *parties,
             guint  n_receivers,
             guint  n_senders)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();

  for (guint i = 0; i < n_receivers + n_senders; i++)
    g_ptr_array_add (threads, g_thread_new (parties[i].is_sender ? "sender" : "receiver", run_party, &parties[i]));
  while ((guint) g_atomic_int_get (&world->n_over[FALSE]) < n_receivers &&
         (guint) g_atomic_int_get (&world->n_over[TRUE]) < n_senders)
    g_main_context_iteration (world->home, TRUE);
  aiot_channel_close (world->channel);
  test_iterate_until (world->home, &world->n_over[FALSE], n_receivers);
  test_iterate_until (world->home, &world->n_over[TRUE], n_senders);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
}

static guint
run_round (GRand *random)
{
  static const guint capacities[] = { 1, 2, 3, 10, 64, 65, 1024, AIOT_CAPACITY_UNBOUNDED };
  World world = { 0 };
  Party parties[2 * MAX_PARTIES];
  guint n_receivers = g_rand_int_range (random, 1, MAX_PARTIES + 1);
  guint n_senders = g_rand_int_range (random, 1, MAX_PARTIES + 1);
  TestLoop loop;

  test_loop_open (&loop);
  world.home = loop.main_context;
  world.when_full = g_rand_int_range (random, 0, 4) > 0 ? AIOT_WHEN_FULL_WAIT : g_rand_int_range (random, 1, 4);
  world.channel = aiot_channel_new_full (capacities[g_rand_int_range (random, 0, G_N_ELEMENTS (capacities))],
                                         world.when_full, AIOT_TIMEOUT_NONE, NULL);
  world.capacity = aiot_channel_get_capacity (world.channel);
  world.may_close = g_rand_int_range (random, 0, 4) == 0;
  world.cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < n_receivers + n_senders; i++)
    {
      parties[i] = (Party) { .world = &world, .is_sender = i >= n_receivers, .first = world.n_items };
      parties[i].random = g_rand_new_with_seed (g_rand_int (random));
      parties[i].cancellable = g_cancellable_new ();
      g_ptr_array_add (world.cancellables, parties[i].cancellable);
      if (parties[i].is_sender)
        world.n_items += g_rand_int_range (random, 1, MAX_ITEMS);
      parties[i].end = world.n_items;
    }
  world.n_wanted = g_rand_int_range (random, 0, 8) == 0 ? world.n_items / 2 + 1 : G_MAXUINT;
  test_items_init (&world.items, world.n_items);
  world.items.home = NULL;
  world.n_sent_of = g_new0 (int, world.n_items);
  world.n_received_of = g_new0 (int, world.n_items);

  run_parties (&world, parties, n_receivers, n_senders);
  check_account (&world);
  test_iterate_all (loop.main_context);
  g_assert_finalize_object (world.channel);
  test_iterate_until (loop.main_context, &world.items.n_freed, world.items.n_made);
  test_items_clear (&world.items);
  g_ptr_array_unref (world.cancellables);
  g_free (world.n_sent_of);
  g_free (world.n_received_of);
  test_loop_close (&loop);
  return world.n_items;
}

static void
test_anything (void)
{
  const guint n_items = test_scaled (1000000);
  const char *given = g_getenv ("AIOT_TEST_SEED");
  guint32 seed = given != NULL ? (guint32) strtoul (given, NULL, 10) : (guint32) g_test_rand_int ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  g_test_message ("AIOT_TEST_SEED=%u", seed);
  for (guint n = 0; n < n_items;)
    n += run_round (random);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_count_gone_warnings (&n_warnings);
  g_test_add_func ("/stress/channel/anything", test_anything);
  return g_test_run ();
}
