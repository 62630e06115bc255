/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <stdlib.h>

/*
 * Generators on executors of every kind, whose consumers on several main contexts go through them in every way, and leave them in every
 * way at any item. Then the books must balance, by what this program counted itself:
 *
 * - each item was freed exactly once: by who took it, or at home;
 * - items were seen in order, each once, and a consumer that was told of the end had seen all;
 * - each body that began has ended, and its data was freed once, and at home;
 * - no thread is left.
 *
 * AIOT_TEST_SEED in the environment repeats a run as far as threads allow.
 */

#define N_CLIENTS   4
#define N_RUNS      40
#define N_AT_ONCE   6
#define MOST_ITEMS  300

typedef enum
{
  POOL_OF_TWO,
  POOL_OF_EIGHT,
  DEFAULT,
  DETACHED,
  JOINED,
  N_SHARED,
  SERIAL = N_SHARED,       /* one for each, because it would warn of those that wait behind */
  N_EXECUTORS
} Which;

typedef enum
{
  NEXT,
  SEVERAL_NEXTS,
  NEXT_MANY,
  FOREACH,
  SYNC,                    /* in a thread of its own */
  N_CONSUMERS
} Consumer;

typedef enum
{
  TO_THE_END,
  CLOSE,
  CLOSE_ASYNC,
  DROP,
  DROP_ELSEWHERE,
  CANCEL,
  BREAK,
  N_ENDS
} End;

typedef struct
{
  AiotExecutor *executors[N_SHARED];
} World;

typedef struct _Client Client;
typedef struct _Run Run;

typedef struct
{
  Run *run;
  int number;
  GThread *freed_in;
  int n_freed;
  gboolean was_seen;
} Item;

struct _Run
{
  Client *client;
  GRand *random;
  AiotIterator *iterator;    /* NULL when it was dropped */
  GCancellable *cancellable;
  Consumer consumer;
  End end;
  int end_at;                /* before it asks for this one; 0: before it asks for anything */
  int n_items;
  gboolean fails;
  Item items[MOST_ITEMS];

  int n_began;               /* the body's */
  int n_ended;
  int n_emitted;
  int n_data_freed;
  int n_items_freed;         /* atomic */

  int n_seen;                /* the consumer's */
  int n_in_flight;           /* atomic */
  gboolean has_left;
  gboolean was_told;         /* of the end, or why there is no more */
  GThread *thread;
};

struct _Client
{
  World *world;
  GRand *random;
  TestLoop loop;
  GThread *thread;
  gboolean leaves;           /* its main context goes with work in flight */
  Run *runs[N_RUNS];
  int n_started;
};

/* --- The body --- */

static void
item_free (gpointer data)
{
  Item *item = data;

  item->freed_in = g_thread_self ();
  g_atomic_int_inc (&item->n_freed);
  g_atomic_int_inc (&item->run->n_items_freed);
}

static gboolean
emit_all (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  Run *run = user_data;
  gboolean succeeded = TRUE;

  g_atomic_int_inc (&run->n_began);
  while (run->n_emitted < run->n_items && succeeded)
    {
      Item *item = &run->items[run->n_emitted];

      *item = (Item) { .run = run, .number = run->n_emitted };
      run->n_emitted++;
      succeeded = aiot_generator_emit_pointer (generator, item, item_free, error);
    }
  if (succeeded && run->fails)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "on purpose");
  g_atomic_int_inc (&run->n_ended);
  return succeeded && !run->fails;
}

static void
data_freed (gpointer user_data)
{
  Run *run = user_data;

  if (!run->client->leaves)
    g_assert_true (g_thread_self () == run->client->thread);
  g_assert_cmpint (g_atomic_int_get (&run->n_began), ==, g_atomic_int_get (&run->n_ended));
  g_atomic_int_inc (&run->n_data_freed);
}

/* --- Leaving --- */

static void
closed_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (aiot_iterator_close_finish (AIOT_ITERATOR (source_object), result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_atomic_int_get (&run->n_began), ==, g_atomic_int_get (&run->n_ended));
  g_atomic_int_add (&run->n_in_flight, -1);
}

/* On the thread of the consumer. */
static void
run_leave (Run *run)
{
  run->has_left = TRUE;
  switch (run->end)
    {
    case CLOSE_ASYNC:
      /* The answer comes on the main context of who asks. */
      if (run->consumer == SYNC)
        {
          aiot_iterator_close (run->iterator);
          break;
        }
      g_atomic_int_inc (&run->n_in_flight);
      aiot_iterator_close_async (run->iterator, NULL, closed_cb, run);
      break;
    case DROP:
      g_clear_object (&run->iterator);
      break;
    case DROP_ELSEWHERE:
      test_unref_in_another_thread (g_steal_pointer (&run->iterator));
      break;
    case CANCEL:
      g_cancellable_cancel (run->cancellable);
      break;
    case CLOSE:
    case BREAK:
    case TO_THE_END:
    case N_ENDS:
    default:
      aiot_iterator_close (run->iterator);
      break;
    }
}

/* Whether the consumer asks for more. */
static gboolean
run_goes_on (Run *run)
{
  if (!run->has_left && run->end != TO_THE_END && run->n_seen >= run->end_at)
    run_leave (run);
  return !run->was_told && (!run->has_left || run->end == CANCEL);
}

/* --- The consumer --- */

static void
run_see (Run          *run,
         const GValue *value)
{
  Item *item = aiot_value_get_pointer (value);

  g_assert_true (item->run == run);
  g_assert_cmpint (item->number, ==, run->n_seen);
  g_assert_cmpint (g_atomic_int_get (&item->n_freed), ==, 0);
  g_assert_false (item->was_seen);
  item->was_seen = TRUE;
  run->n_seen++;
}

/* There was no item. Several nexts in flight may each be told. */
static void
run_told (Run          *run,
          const GError *error)
{
  if (!run->was_told && !run->has_left)
    {
      g_assert_cmpint (run->n_seen, ==, run->n_items);
      if (run->fails)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      else
        g_assert_no_error (error);
    }
  else if (!run->was_told && run->end == CANCEL)
    {
      if (error == NULL)
        g_assert_cmpint (run->n_seen, ==, run->n_items);
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  else if (!run->was_told && error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    {
      g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
    }
  run->was_told = TRUE;
}

static void run_ask (Run *run);

static void
next_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, &error);

  g_assert_true (g_thread_self () == run->client->thread);
  g_atomic_int_add (&run->n_in_flight, -1);
  if (value != NULL)
    run_see (run, value);
  else
    run_told (run, error);
  run_ask (run);
}

static void
next_many_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotBatch) batch = NULL;

  batch = aiot_iterator_next_many_finish (AIOT_ITERATOR (source_object), result, &error);
  g_assert_true (g_thread_self () == run->client->thread);
  g_atomic_int_add (&run->n_in_flight, -1);
  for (guint i = 0; batch != NULL && i < aiot_batch_get_length (batch); i++)
    run_see (run, aiot_batch_get_item (batch, i));
  if (batch == NULL)
    run_told (run, error);
  run_ask (run);
}

static gboolean
each_item (const GValue *item,
           gpointer      user_data)
{
  Run *run = user_data;

  g_assert_true (g_thread_self () == run->client->thread);
  run_see (run, item);
  if (run->end == BREAK && run->n_seen >= run->end_at)
    {
      run->has_left = TRUE;
      return FALSE;
    }
  /* Who goes through it keeps it: dropping has no effect before the end. */
  run_goes_on (run);
  return TRUE;
}

static void
foreach_cb (GObject      *source_object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  gboolean succeeded = aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error);

  g_atomic_int_add (&run->n_in_flight, -1);
  g_assert_true (succeeded == (error == NULL));
  if (run->end == BREAK && run->has_left)
    g_assert_no_error (error);
  if (run->end == DROP || run->end == DROP_ELSEWHERE)
    g_assert_cmpint (run->n_seen, ==, run->n_items);
  run_told (run, error);
}

static void
run_ask (Run *run)
{
  int n_wanted = run->consumer == SEVERAL_NEXTS ? 3 : 1;

  while (run_goes_on (run) && g_atomic_int_get (&run->n_in_flight) < n_wanted)
    {
      g_atomic_int_inc (&run->n_in_flight);
      if (run->consumer == NEXT_MANY)
        {
          guint min = g_rand_int_range (run->random, 1, 20);

          aiot_iterator_next_many_async (run->iterator, min, min + g_rand_int_range (run->random, 0, 80), NULL,
                                         next_many_cb, run);
        }
      else
        {
          aiot_iterator_next_async (run->iterator, NULL, next_cb, run);
        }
    }
}

static gpointer
take_in_thread (gpointer data)
{
  Run *run = data;
  GMainContext *main_context = run->client->loop.main_context;

  while (run_goes_on (run))
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_autoptr (GError) error = NULL;

      if (aiot_iterator_next_sync (run->iterator, &value, NULL, &error))
        run_see (run, &value);
      else if (run->client->leaves && error != NULL)
        run->was_told = TRUE;
      else
        run_told (run, error);
    }
  g_atomic_int_add (&run->n_in_flight, -1);
  if (!run->client->leaves)
    g_main_context_wakeup (main_context);
  return NULL;
}

static void
run_start (Run *run)
{
  switch (run->consumer)
    {
    case FOREACH:
      if (!run_goes_on (run))
        break;
      g_atomic_int_inc (&run->n_in_flight);
      aiot_iterator_foreach_async (run->iterator, each_item, run, NULL, NULL, foreach_cb, run);
      break;
    case SYNC:
      g_atomic_int_inc (&run->n_in_flight);
      run->thread = g_thread_new ("consumer", take_in_thread, run);
      break;
    case NEXT:
    case SEVERAL_NEXTS:
    case NEXT_MANY:
    case N_CONSUMERS:
    default:
      run_ask (run);
      break;
    }
}

static AiotExecutor *
dup_executor (World *world,
              Which  which)
{
  if (which == SERIAL)
    return aiot_executor_new_serial ("serial");
  return which == DEFAULT ? NULL : g_object_ref (world->executors[which]);
}

static Run *
run_new (Client *client)
{
  static const int capacities[] = { 1, 1, 2, 10, 64, 65, 200, AIOT_CAPACITY_UNBOUNDED, AIOT_CAPACITY_DEFAULT };
  GRand *random = client->random;
  Run *run = g_new0 (Run, 1);
  g_autoptr (AiotExecutor) executor = dup_executor (client->world, g_rand_int_range (random, 0, N_EXECUTORS));

  run->client = client;
  run->random = g_rand_new_with_seed (g_rand_int (random));
  run->cancellable = g_cancellable_new ();
  run->consumer = g_rand_int_range (random, 0, N_CONSUMERS);
  run->end = g_rand_int_range (random, 0, N_ENDS);
  run->n_items = g_rand_boolean (random) ? MOST_ITEMS : g_rand_int_range (random, 0, MOST_ITEMS);
  run->end_at = g_rand_int_range (random, 0, 1 + run->n_items * 5 / 4);
  run->fails = g_rand_int_range (random, 0, 4) == 0;
  run->iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_all, run, data_freed, executor,
                                                             capacities[g_rand_int_range (random, 0, G_N_ELEMENTS (capacities))],
                                                             run->cancellable));
  return run;
}

/* Drops what the consumer has not. */
static void
run_end (Run *run)
{
  if (run->thread != NULL)
    g_thread_join (g_steal_pointer (&run->thread));
  g_clear_object (&run->iterator);
}

static gboolean
run_is_over (Run *run)
{
  if (g_atomic_int_get (&run->n_in_flight) > 0)
    return FALSE;

  run_end (run);
  return g_atomic_int_get (&run->n_data_freed) > 0 && g_atomic_int_get (&run->n_items_freed) == run->n_emitted;
}

static void
run_check (Run *run)
{
  g_assert_cmpint (run->n_data_freed, ==, 1);
  g_assert_cmpint (run->n_began, <=, 1);
  g_assert_cmpint (run->n_ended, ==, run->n_began);
  g_assert_cmpint (run->n_items_freed, ==, run->n_emitted);
  for (int i = 0; i < run->n_emitted; i++)
    {
      Item *item = &run->items[i];

      g_assert_cmpint (item->n_freed, ==, 1);
      g_assert_true (item->was_seen == (i < run->n_seen));
      if (!run->client->leaves && (!item->was_seen || run->consumer != SYNC))
        g_assert_true (item->freed_in == run->client->thread);
    }
}

static void
run_free (Run *run)
{
  run_check (run);
  g_object_unref (run->cancellable);
  g_rand_free (run->random);
  g_free (run);
}

/* --- Who asks --- */

static gboolean
client_is_over (Client *client,
                int     n_at_most)
{
  int n_left = 0;

  for (int i = 0; i < client->n_started; i++)
    n_left += !run_is_over (client->runs[i]);
  return n_left <= n_at_most;
}

static gpointer
run_client (gpointer data)
{
  Client *client = data;
  GMainContext *main_context = g_main_context_new ();
  int leave_at = client->leaves ? g_rand_int_range (client->random, 1, N_RUNS) : -1;

  client->thread = g_thread_self ();
  test_loop_watch (&client->loop, main_context);
  g_main_context_push_thread_default (main_context);
  while (client->n_started < N_RUNS && client->n_started != leave_at)
    {
      Run *run = run_new (client);

      client->runs[client->n_started++] = run;
      run_start (run);
      while (!client_is_over (client, N_AT_ONCE - 1))
        g_main_context_iteration (main_context, TRUE);
    }
  if (client->leaves)
    aiot_main_context_abandon (main_context);
  while (!client->leaves && !client_is_over (client, 0))
    g_main_context_iteration (main_context, TRUE);

  for (int i = 0; i < client->n_started; i++)
    run_end (client->runs[i]);
  g_main_context_unref (main_context);
  /* The end of the thread pops it, and ends this home. */
  return NULL;
}

static void
client_check (Client *client)
{
  for (int i = 0; i < client->n_started; i++)
    {
      Run *run = client->runs[i];

      /* Where home is gone, a worker frees the last of it. */
      while (g_atomic_int_get (&run->n_data_freed) == 0 || g_atomic_int_get (&run->n_items_freed) < run->n_emitted)
        g_thread_yield ();
      run_free (run);
    }
  while (g_atomic_int_get (&client->loop.n_finalized) == 0)
    g_thread_yield ();
  g_rand_free (client->random);
}

static void
world_open (World *world)
{
  *world = (World) {
    .executors = {
      [POOL_OF_TWO] = aiot_executor_new_pool ("two", 2),
      [POOL_OF_EIGHT] = aiot_executor_new_pool ("eight", 8),
      [DEFAULT] = aiot_executor_new_pool ("default", 3),
      [DETACHED] = aiot_executor_new_separate ("apart", TRUE),
      [JOINED] = aiot_executor_new_separate ("joined", FALSE),
    },
  };
  aiot_set_default_executor (world->executors[DEFAULT]);
}

static void
world_close (World *world)
{
  aiot_set_default_executor (NULL);
  for (int i = 0; i < N_SHARED; i++)
    {
      g_assert_true (aiot_executor_shutdown_sync (world->executors[i], AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
      g_assert_cmpuint (aiot_executor_get_n_threads (world->executors[i]), ==, 0);
      g_object_unref (world->executors[i]);
    }
}

static void
run_round (GRand *random)
{
  World world;
  Client *clients = g_new0 (Client, N_CLIENTS);
  GThread *threads[N_CLIENTS];
  guint n_threads = test_count_threads ();

  world_open (&world);
  for (int i = 0; i < N_CLIENTS; i++)
    {
      clients[i] = (Client) { .world = &world, .random = g_rand_new_with_seed (g_rand_int (random)) };
      clients[i].leaves = g_rand_int_range (random, 0, 4) == 0;
      threads[i] = g_thread_new ("client", run_client, &clients[i]);
    }
  for (int i = 0; i < N_CLIENTS; i++)
    g_thread_join (threads[i]);
  for (int i = 0; i < N_CLIENTS; i++)
    client_check (&clients[i]);
  world_close (&world);
  g_free (clients);
  /* The last thing that a thread does is not seen in here. */
  while (test_count_threads () > n_threads)
    g_thread_yield ();
}

static gpointer
do_nothing (gpointer data)
{
  return NULL;
}

static guint32 seed;

static void
test_any_end (void)
{
  const guint n_rounds = test_scaled (100);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  /* A sanitizer starts a thread of its own with the first one. */
  g_thread_join (g_thread_new ("first", do_nothing, NULL));

  for (guint i = 0; i < n_rounds; i++)
    run_round (random);
}

/* Both are what happens here all the time: a home that goes, and an error that comes when nobody asks any more. */
static GLogWriterOutput
expect_warnings (GLogLevelFlags   level,
                 const GLogField *fields,
                 gsize            n_fields,
                 gpointer         user_data)
{
  for (gsize i = 0; level <= G_LOG_LEVEL_WARNING && i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") &&
        !g_str_has_prefix (fields[i].value, "A main context went away") &&
        !g_str_has_suffix (fields[i].value, "failed after its iteration was closed: on purpose"))
      {
        g_printerr ("%s\n", (const char *) fields[i].value);
        abort ();
      }
  return G_LOG_WRITER_HANDLED;
}

int
main (int    argc,
      char **argv)
{
  const char *given = g_getenv ("AIOT_TEST_SEED");

  test_init (&argc, &argv);
  seed = given != NULL ? (guint32) strtoul (given, NULL, 10) : g_random_int ();
  g_print ("# AIOT_TEST_SEED=%u\n", seed);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (expect_warnings, NULL, NULL);
  g_test_add_func ("/stress/generators/left-in-any-way-at-any-item", test_any_end);
  return g_test_run ();
}
