/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

#include <string.h>

/*
 * How far a generator may be ahead of its consumer. Its lead is what emit has taken, less what was handed to the consumer's own code,
 * which is never more than the capacity.
 */

typedef enum
{
  BY_NEXT,
  BY_NEXT_MANY,
  BY_FOREACH,
  N_CONSUMERS
} Consumer;

#define MANY 7

typedef struct
{
  int capacity;
  Consumer consumer;
  gboolean stops_and_goes;   /* the consumer looks when the body can't go on, at every item */
} Case;

typedef struct
{
  const Case *test;
  int capacity;              /* what it comes to */
  int n_items;
  AiotExecutor *executor;    /* a pool of one */
  AiotIterator *iterator;
  int n_emitted;             /* these two are read atomically */
  int n_asked;               /* what was handed over, and what the consumer now waits for */
  int n_handed;
  int worst_lead;            /* the body's, by what it sees */
  int n_freed;
  gboolean is_done;
} Race;

/* --- the body --- */

static gboolean
emit_and_look (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  Race *race = user_data;

  for (int i = 0; i < race->n_items; i++)
    {
      int n_emitted, n_asked;

      if (!aiot_generator_emit_int64 (generator, i, error))
        return FALSE;

      n_emitted = g_atomic_int_add (&race->n_emitted, 1) + 1;
      n_asked = g_atomic_int_get (&race->n_asked);
      race->worst_lead = MAX (race->worst_lead, n_emitted - n_asked);
    }
  return TRUE;
}

static void
race_freed (gpointer user_data)
{
  ((Race *) user_data)->n_freed++;
}

/* --- the consumer --- */

/* Between two items of capacity 1 there is exactly one. */
static void
wait_for_one_ahead (Race *race)
{
  int n_ahead = MIN (race->n_items, race->n_handed + 1);

  while (g_atomic_int_get (&race->n_emitted) < n_ahead)
    g_thread_yield ();
  test_wait_until_blocked (race->executor);
  g_assert_cmpint (g_atomic_int_get (&race->n_emitted), ==, n_ahead);
}

static void
race_handed (Race         *race,
             const GValue *item)
{
  g_assert_cmpint (g_value_get_int64 (item), ==, race->n_handed);
  race->n_handed++;
}

static void
race_look (Race *race,
           int   n_next)
{
  if (race->test->stops_and_goes)
    {
      test_wait_until_blocked (race->executor);
      if (race->capacity == 0)
        g_assert_cmpint (g_atomic_int_get (&race->n_emitted), ==, race->n_items);
      else
        g_assert_cmpint (g_atomic_int_get (&race->n_emitted), <=, race->n_handed + race->capacity);
      if (race->capacity == 1)
        wait_for_one_ahead (race);
    }
  g_atomic_int_set (&race->n_asked, race->n_handed + n_next);
}

static void race_next (Race *race);

static void
next_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Race *race = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *item = aiot_iterator_next_finish (race->iterator, result, &error);

  g_assert_no_error (error);
  race->is_done = item == NULL;
  if (item == NULL)
    return;

  race_handed (race, item);
  race_look (race, 1);
  race_next (race);
}

static void
next_many_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Race *race = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AiotBatch) batch = aiot_iterator_next_many_finish (race->iterator, result, &error);

  g_assert_no_error (error);
  race->is_done = batch == NULL;
  if (batch == NULL)
    return;

  g_assert_cmpuint (aiot_batch_get_length (batch), <=, MANY);
  for (guint i = 0; i < aiot_batch_get_length (batch); i++)
    race_handed (race, aiot_batch_get_item (batch, i));
  race_look (race, MANY);
  race_next (race);
}

static void
race_next (Race *race)
{
  if (race->test->consumer == BY_NEXT)
    aiot_iterator_next_async (race->iterator, NULL, next_cb, race);
  else
    aiot_iterator_next_many_async (race->iterator, 1, MANY, NULL, next_many_cb, race);
}

static gboolean
each_item (const GValue *item,
           gpointer      user_data)
{
  Race *race = user_data;

  race_handed (race, item);
  race_look (race, 1);
  return TRUE;
}

static void
foreach_cb (GObject      *source_object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Race *race = user_data;

  g_assert_true (aiot_iterator_foreach_finish (race->iterator, result, NULL));
  race->is_done = TRUE;
}

static void
test_lead (gconstpointer data)
{
  const Case *test = data;
  int capacity = test->capacity == AIOT_CAPACITY_DEFAULT ? (int) aiot_get_default_capacity () : test->capacity;
  Race race = { .test = test, .capacity = capacity, .n_items = 3 * MAX (capacity, 100) };
  AiotThreadedIterator *threaded;
  TestLoop loop;

  test_loop_open (&loop);
  race.executor = aiot_executor_new_pool ("capacity", 1);
  threaded = aiot_threaded_iterator_new (emit_and_look, &race, race_freed, race.executor, test->capacity, NULL);
  g_assert_cmpuint (aiot_threaded_iterator_get_capacity (threaded), ==, capacity);
  race.iterator = AIOT_ITERATOR (threaded);

  g_atomic_int_set (&race.n_asked, test->consumer == BY_NEXT_MANY ? MANY : 1);
  if (test->consumer == BY_FOREACH)
    aiot_iterator_foreach_async (race.iterator, each_item, &race, NULL, NULL, foreach_cb, &race);
  else
    race_next (&race);
  while (!race.is_done)
    g_main_context_iteration (loop.main_context, TRUE);
  test_iterate_until (loop.main_context, &race.n_freed, 1);

  g_assert_cmpint (race.n_handed, ==, race.n_items);
  if (capacity > 0)
    {
      g_assert_cmpint (race.worst_lead, <=, capacity);
      g_assert_cmpuint (aiot_threaded_iterator_get_peak_length (threaded), <=, capacity);
      if (test->stops_and_goes)
        g_assert_cmpuint (aiot_threaded_iterator_get_peak_length (threaded), ==, capacity);
    }
  g_assert_cmpuint (aiot_threaded_iterator_get_length (threaded), ==, 0);
  test_drop (&race.iterator);
  g_object_unref (race.executor);
  test_loop_close (&loop);
}

/* Whoever does not ask for more than the first item does not make the body do more than its capacity. */
static void
test_paused (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("paused", 1);
  TestBody body;
  AiotIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, TEST_FOR_EVER);
  iterator = test_body_iterate (&body, executor, 10, NULL);
  test_assert_next (iterator, 0);
  for (int i = 0; i < 3; i++)
    {
      test_wait_until_blocked (executor);
      g_assert_cmpint (g_atomic_int_get (&body.n_emitted), <=, 11);
      g_assert_cmpuint (aiot_threaded_iterator_get_length (AIOT_THREADED_ITERATOR (iterator)), <=, 10);
    }
  test_drop (&iterator);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* --- places in a pool --- */

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

/* Bodies that wait for their consumers give their places to others. */
static void
test_hundred_paused (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("hundred", 2);
  TestBody bodies[100];
  AiotIterator *iterators[100];
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  for (int i = 0; i < 100; i++)
    {
      test_body_init (&bodies[i], TEST_FOR_EVER);
      iterators[i] = test_body_iterate (&bodies[i], executor, 1, NULL);
      test_assert_next (iterators[i], 0);
    }
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, loop.main_context);
  g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
  test_answer_clear (&answer);

  /* Each of them goes on where it is asked to. */
  for (int i = 0; i < 100; i++)
    test_assert_next (iterators[i], 1);
  for (int i = 0; i < 100; i++)
    {
      test_drop (&iterators[i]);
      test_body_clear (&bodies[i]);
    }
  test_loop_close (&loop);
}

typedef struct
{
  TestGate warned;
  int n_warnings;
} Warned;

static void
note_warning (const char     *domain,
              GLogLevelFlags  level,
              const char     *message,
              gpointer        user_data)
{
  Warned *warned = user_data;

  g_assert_nonnull (strstr (message, "pages of a book"));
  g_atomic_int_inc (&warned->n_warnings);
  test_gate_open (&warned->warned);
}

/* The only thread of a serial executor waits with its generator, and so do others behind it: somebody should know. */
static void
test_serial_warns (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("serial");
  g_autoptr (AiotThreadedIterable) iterable = NULL;
  AiotIterator *iterator;
  TestAnswer queued = { 0 };
  TestHeld held;
  TestBody body;
  Warned warned = { 0 };
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
  guint handler = g_log_set_handler ("AioThreads", G_LOG_LEVEL_WARNING, note_warning, &warned);
  g_auto (GValue) value = G_VALUE_INIT;

  test_loop_open (&loop);
  test_body_init (&body, 10);
  iterable = aiot_threaded_iterable_new (test_body_func, &body, test_body_free);
  aiot_threaded_iterable_set_name (iterable, "pages of a book");
  aiot_threaded_iterable_set_executor (iterable, executor);
  aiot_threaded_iterable_set_capacity (iterable, 1);
  iterator = AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, NULL, NULL));

  test_held_start (&held, executor);
  g_assert_false (aiot_iterator_try_next (iterator, &value, NULL));
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &queued);
  test_held_let_go (&held);
  test_gate_wait (&warned.warned);
  g_assert_cmpint (queued.n_called, ==, 0);

  for (int i = 0; i < 10; i++)
    test_assert_next (iterator, i);
  test_assert_end (iterator);
  test_answer_wait (&queued, loop.main_context);
  g_assert_cmpint (warned.n_warnings, ==, 1);

  g_log_remove_handler ("AioThreads", handler);
  g_log_set_always_fatal (fatal);
  test_answer_clear (&queued);
  test_drop (&iterator);
  g_clear_object (&iterable);
  test_body_clear (&body);
  test_held_end (&held);
  test_gate_clear (&warned.warned);
  test_loop_close (&loop);
}

/* Alone, it may wait as long as it likes. */
static void
test_serial_alone (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("serial");
  TestBody body;
  AiotIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, 100);
  iterator = test_body_iterate (&body, executor, 1, NULL);
  for (int i = 0; i < 100; i++)
    test_assert_next (iterator, i);
  test_assert_end (iterator);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 1);
  test_drop (&iterator);
  test_body_clear (&body);
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *name;
    int capacity;
  } capacities[] = {
    { "1", 1 }, { "2", 2 }, { "10", 10 }, { "64", 64 }, { "65", 65 }, { "1024", 1024 },
    { "default", AIOT_CAPACITY_DEFAULT }, { "unbounded", AIOT_CAPACITY_UNBOUNDED },
  };
  static const char *const consumers[N_CONSUMERS] = { "next", "next-many", "foreach" };
  static Case cases[G_N_ELEMENTS (capacities) * N_CONSUMERS * 2];
  Case *next = cases;

  test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (capacities); i++)
    for (int consumer = 0; consumer < N_CONSUMERS; consumer++)
      {
        g_autofree char *lead = g_strdup_printf ("/generator/capacity/%s/%s", capacities[i].name, consumers[consumer]);
        g_autofree char *at_work = g_strconcat (lead, "-while-busy", NULL);

        *next = (Case) { capacities[i].capacity, consumer, TRUE };
        g_test_add_data_func (lead, next++, test_lead);
        *next = (Case) { capacities[i].capacity, consumer, FALSE };
        g_test_add_data_func (at_work, next++, test_lead);
      }
  g_test_add_func ("/generator/capacity/paused-consumer", test_paused);
  g_test_add_func ("/generator/pool/hundred-paused-do-not-stop-a-call", test_hundred_paused);
  g_test_add_func ("/generator/serial/warns-once-of-work-that-waits-behind", test_serial_warns);
  g_test_add_func ("/generator/serial/alone-says-nothing", test_serial_alone);
  return g_test_run ();
}
