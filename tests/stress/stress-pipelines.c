/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <stdlib.h>

/*
 * Pipelines of all shapes: one to four generators, merged where there are several, and one to three stages that map or filter, on
 * executors of every kind, on several main contexts, left in every way at any item; some functions fail, some main contexts go. Then
 * the books must balance, by what this program counted itself:
 *
 * - each item, of the sources and of every stage, was freed exactly once;
 * - a consumer that was told of the end had seen all that it should, and those of each source in their order where that was asked for;
 * - the data of each source and of each stage was freed once, at home, and when no function ran any more;
 * - never more functions ran at the same time than were asked for;
 * - no thread is left.
 *
 * AIOT_TEST_SEED in the environment repeats a run as far as threads allow.
 */

#define N_CLIENTS    4
#define N_RUNS       30
#define N_AT_ONCE    4
#define MOST_SOURCES 4
#define MOST_STAGES  3
#define MOST_ITEMS   100

typedef enum
{
  POOL_OF_TWO,
  POOL_OF_EIGHT,
  DEFAULT,
  APART,
  SERIAL,                  /* not for sources, which would hold it up */
  N_EXECUTORS
} Which;

typedef enum
{
  NEXT,
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
  BREAK,
  N_ENDS
} End;

typedef struct
{
  AiotExecutor *executors[N_EXECUTORS];
} World;

typedef struct _Client Client;
typedef struct _Run Run;

typedef struct
{
  Run *run;
  int n_items;
  int number;              /* of the source */
  int n_began;
  int n_ended;
} Source;

typedef struct
{
  Run *run;
  gboolean filters;
  int drops;               /* a filter drops each number that this divides */
  int fails_at;            /* with an item of this number; -1: never */
  guint n_parallel;
  int n_running;
} Stage;

typedef struct
{
  Run *run;
  int source;
  int number;
} Item;

struct _Run
{
  Client *client;
  GRand *random;
  AiotIterator *iterator;    /* NULL when it was dropped */
  Consumer consumer;
  End end;
  int end_at;                /* before it asks for this one; 0: before it asks for anything */
  gboolean keeps_order;
  Source sources[MOST_SOURCES];
  int n_sources;
  Stage stages[MOST_STAGES];
  int n_stages;

  int n_made;                /* items; these are atomic */
  int n_freed;
  int n_data_freed;
  int n_in_flight;

  int n_seen;                /* the consumer's */
  int last[MOST_SOURCES];
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

/* --- Functions --- */

static void
item_free (gpointer data)
{
  Item *item = data;
  Run *run = item->run;

  g_free (item);
  g_atomic_int_inc (&run->n_freed);
}

static Item *
item_new (Run *run,
          int  source,
          int  number)
{
  Item *item = g_new (Item, 1);

  *item = (Item) { run, source, number };
  g_atomic_int_inc (&run->n_made);
  return item;
}

static gboolean
emit_all (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  Source *source = user_data;
  gboolean succeeded = TRUE;

  g_atomic_int_inc (&source->n_began);
  for (int i = 0; i < source->n_items && succeeded; i++)
    succeeded = aiot_generator_emit_pointer (generator, item_new (source->run, source->number, i), item_free, error);
  g_atomic_int_inc (&source->n_ended);
  return succeeded;
}

static gboolean
stage_work (Stage       *stage,
            AiotCall    *call,
            const Item  *item,
            GError     **error)
{
  if (item->number == stage->fails_at)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "on purpose");
      return FALSE;
    }
  if (item->number % 7 == 0)
    g_thread_yield ();
  if (item->number % 5 == 0 && aiot_call_set_error_if_cancelled (call, error))
    return FALSE;

  if (stage->filters)
    aiot_call_set_result_boolean (call, item->number % stage->drops != 0);
  else
    aiot_call_set_result_pointer (call, item_new (stage->run, item->source, item->number), item_free);
  return TRUE;
}

static gboolean
stage_func (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  Stage *stage = user_data;
  int n_running = g_atomic_int_add (&stage->n_running, 1) + 1;
  gboolean succeeded = stage_work (stage, call, aiot_value_get_pointer (aiot_call_get_argument (call)), error);

  g_assert_cmpint (n_running, <=, (int) stage->n_parallel);
  g_atomic_int_add (&stage->n_running, -1);
  return succeeded;
}

static void
check_home (Run *run)
{
  if (!run->client->leaves)
    g_assert_true (g_thread_self () == run->client->thread);
  g_atomic_int_inc (&run->n_data_freed);
}

static void
source_freed (gpointer user_data)
{
  Source *source = user_data;

  g_assert_cmpint (g_atomic_int_get (&source->n_began), ==, g_atomic_int_get (&source->n_ended));
  check_home (source->run);
}

static void
stage_freed (gpointer user_data)
{
  Stage *stage = user_data;

  g_assert_cmpint (g_atomic_int_get (&stage->n_running), ==, 0);
  check_home (stage->run);
}

/* --- What comes out --- */

static gboolean
is_dropped (Run *run,
            int  number)
{
  for (int i = 0; i < run->n_stages; i++)
    if (run->stages[i].filters && number % run->stages[i].drops == 0)
      return TRUE;
  return FALSE;
}

/* The first stage that an item fails in may never see it, because an earlier one drops it. */
static gboolean
is_fatal (Run *run,
          int  number)
{
  for (int i = 0; i < run->n_stages; i++)
    {
      if (run->stages[i].fails_at == number)
        return TRUE;
      if (run->stages[i].filters && number % run->stages[i].drops == 0)
        return FALSE;
    }
  return FALSE;
}

static gboolean
must_fail (Run *run)
{
  for (int i = 0; i < run->n_sources; i++)
    for (int number = 0; number < run->sources[i].n_items; number++)
      if (is_fatal (run, number))
        return TRUE;
  return FALSE;
}

static int
count_expected (Run *run)
{
  int n = 0;

  for (int i = 0; i < run->n_sources; i++)
    for (int number = 0; number < run->sources[i].n_items; number++)
      n += !is_dropped (run, number);
  return n;
}

static void
run_see (Run          *run,
         const GValue *value)
{
  const Item *item = aiot_value_get_pointer (value);

  g_assert_true (item->run == run);
  g_assert_false (is_dropped (run, item->number));
  if (run->keeps_order)
    g_assert_cmpint (item->number, >, run->last[item->source]);
  run->last[item->source] = item->number;
  run->n_seen++;
}

static void
run_told (Run          *run,
          const GError *error)
{
  run->was_told = TRUE;
  if (run->has_left)
    return;

  if (must_fail (run))
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpint (run->n_seen, ==, count_expected (run));
}

/* --- Leaving --- */

static void
closed_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Run *run = user_data;

  g_assert_true (aiot_iterator_close_finish (AIOT_ITERATOR (source_object), result, NULL));
  g_assert_cmpint (g_atomic_int_get (&run->n_data_freed), ==, run->n_sources + run->n_stages);
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
  if (!run->has_left && !run->was_told && run->end != TO_THE_END && run->n_seen >= run->end_at)
    run_leave (run);
  return !run->was_told && !run->has_left;
}

/* --- The consumer --- */

static void run_ask (Run *run);

static void
next_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Run *run = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, &error);

  g_atomic_int_add (&run->n_in_flight, -1);
  if (value != NULL)
    run_see (run, value);
  else
    run_told (run, error);
  run_ask (run);
}

static void
run_ask (Run *run)
{
  if (!run_goes_on (run))
    return;

  g_atomic_int_inc (&run->n_in_flight);
  aiot_iterator_next_async (run->iterator, NULL, next_cb, run);
}

static gboolean
each_item (const GValue *item,
           gpointer      user_data)
{
  Run *run = user_data;

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
  run_told (run, error);
}

static gpointer
take_in_thread (gpointer data)
{
  Run *run = data;

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
    g_main_context_wakeup (run->client->loop.main_context);
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
    case N_CONSUMERS:
    default:
      run_ask (run);
      break;
    }
}

/* --- Shapes --- */

static AiotExecutor *
pick_executor (Run   *run,
               Which  n)
{
  Which which = g_rand_int_range (run->random, 0, n);

  return which == DEFAULT ? NULL : run->client->world->executors[which];
}

static AiotIterator *
make_source (Run *run)
{
  Source *source = &run->sources[run->n_sources];

  *source = (Source) { .run = run, .number = run->n_sources, .n_items = g_rand_int_range (run->random, 0, MOST_ITEMS + 1) };
  run->last[run->n_sources++] = -1;
  return AIOT_ITERATOR (aiot_threaded_iterator_new (emit_all, source, source_freed, pick_executor (run, SERIAL),
                                                    g_rand_int_range (run->random, 1, 20), NULL));
}

static AiotIterator *
make_sources (Run *run)
{
  AiotIterator *sources[MOST_SOURCES], *merged;
  int n = g_rand_int_range (run->random, 1, MOST_SOURCES + 1);

  for (int i = 0; i < n; i++)
    sources[i] = make_source (run);
  if (n == 1)
    return sources[0];

  merged = aiot_iterator_merge (sources, n);
  for (int i = 0; i < n; i++)
    g_object_unref (sources[i]);
  return merged;
}

static AiotIterator *
add_stage (Run          *run,
           AiotIterator *iterator)
{
  g_autoptr (AiotIterator) source = iterator;
  Stage *stage = &run->stages[run->n_stages++];
  AiotOrder order = g_rand_boolean (run->random) ? AIOT_ORDER_GIVEN : AIOT_ORDER_READY;
  AiotExecutor *executor = pick_executor (run, N_EXECUTORS);

  *stage = (Stage) {
    .run = run,
    .filters = g_rand_boolean (run->random),
    .drops = g_rand_int_range (run->random, 2, 5),
    .fails_at = g_rand_int_range (run->random, 0, 6) == 0 ? g_rand_int_range (run->random, 0, MOST_ITEMS) : -1,
    .n_parallel = g_rand_int_range (run->random, 1, 10),
  };
  run->keeps_order &= order == AIOT_ORDER_GIVEN;
  if (stage->filters)
    return aiot_iterator_filter (source, executor, stage->n_parallel, order, stage_func, stage, stage_freed);
  return aiot_iterator_map (source, executor, stage->n_parallel, order, stage_func, stage, stage_freed);
}

static Run *
run_new (Client *client)
{
  Run *run = g_new0 (Run, 1);
  int n_stages;

  run->client = client;
  run->random = g_rand_new_with_seed (g_rand_int (client->random));
  run->consumer = g_rand_int_range (run->random, 0, N_CONSUMERS);
  run->end = g_rand_int_range (run->random, 0, N_ENDS);
  run->end_at = g_rand_int_range (run->random, 0, 2 * MOST_ITEMS);
  run->keeps_order = TRUE;
  run->iterator = make_sources (run);
  n_stages = g_rand_int_range (run->random, run->n_sources == 1, MOST_STAGES + 1);
  for (int i = 0; i < n_stages; i++)
    run->iterator = add_stage (run, run->iterator);
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
has_freed_all (Run *run)
{
  return g_atomic_int_get (&run->n_data_freed) == run->n_sources + run->n_stages &&
         g_atomic_int_get (&run->n_freed) == g_atomic_int_get (&run->n_made);
}

static gboolean
run_is_over (Run *run)
{
  if (g_atomic_int_get (&run->n_in_flight) > 0)
    return FALSE;

  run_end (run);
  return has_freed_all (run);
}

static void
run_free (Run *run)
{
  g_assert_cmpint (run->n_data_freed, ==, run->n_sources + run->n_stages);
  g_assert_cmpint (run->n_freed, ==, run->n_made);
  for (int i = 0; i < run->n_sources; i++)
    {
      g_assert_cmpint (run->sources[i].n_began, <=, 1);
      g_assert_cmpint (run->sources[i].n_ended, ==, run->sources[i].n_began);
    }
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
      /* Where home is gone, a worker frees the last of it. */
      while (!has_freed_all (client->runs[i]))
        g_thread_yield ();
      run_free (client->runs[i]);
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
      [APART] = aiot_executor_new_separate ("apart", TRUE),
      [SERIAL] = aiot_executor_new_serial ("serial"),
    },
  };
  aiot_set_default_executor (world->executors[DEFAULT]);
}

static void
world_close (World *world)
{
  aiot_set_default_executor (NULL);
  for (int i = 0; i < N_EXECUTORS; i++)
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
test_any_shape (void)
{
  const guint n_rounds = test_scaled (60);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  /* A sanitizer starts a thread of its own with the first one. */
  g_thread_join (g_thread_new ("first", do_nothing, NULL));

  for (guint i = 0; i < n_rounds; i++)
    run_round (random);
}

int
main (int    argc,
      char **argv)
{
  const char *given = g_getenv ("AIOT_TEST_SEED");
  static int n_warnings;

  test_init (&argc, &argv);
  seed = given != NULL ? (guint32) strtoul (given, NULL, 10) : g_random_int ();
  g_print ("# AIOT_TEST_SEED=%u\n", seed);
  test_count_gone_warnings (&n_warnings);
  g_test_add_func ("/stress/pipelines/of-any-shape-left-in-any-way", test_any_shape);
  return g_test_run ();
}
