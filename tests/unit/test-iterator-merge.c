/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-stage.h"

/* One iterator made of several; and pipelines of several stages. */

#define N_SOURCES 3
#define AHEAD     16       /* of each source, at most */

typedef struct
{
  TestLoop loop;
  TestBody bodies[N_SOURCES];
  AiotIterator *sources[N_SOURCES];
  AiotIterator *iterator;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      test_body_init (&fixture->bodies[i], 200);
      fixture->sources[i] = test_body_iterate (&fixture->bodies[i], NULL, 4, NULL);
    }
  fixture->iterator = aiot_iterator_merge (fixture->sources, N_SOURCES);
}

/* What was left may keep its sources until it hears at home that they have ended. */
static void
wait_until_let_go (Fixture      *fixture,
                   AiotIterator *source)
{
  while (g_atomic_int_get ((int *) &G_OBJECT (source)->ref_count) > 1)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->iterator != NULL)
    test_end_and_drop (&fixture->iterator);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      wait_until_let_go (fixture, fixture->sources[i]);
      test_body_clear (&fixture->bodies[i]);
      test_drop (&fixture->sources[i]);
    }
  test_loop_close (&fixture->loop);
}

static void
iterate_now (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
}

static guint
get_source (Fixture      *fixture,
            const GValue *item)
{
  TestNumber *number = aiot_value_get_pointer (item);

  for (guint i = 0; i < N_SOURCES; i++)
    if (number->ledger == &fixture->bodies[i].items)
      return i;
  g_assert_not_reached ();
}

/* Counts an item, and checks the order of those of its source. */
static guint
note_item (Fixture      *fixture,
           const GValue *item,
           int           n_items[N_SOURCES])
{
  guint source = get_source (fixture, item);

  g_assert_cmpint (test_number (item), ==, n_items[source]);
  n_items[source]++;
  return source;
}

static guint
take (Fixture *fixture,
      int      n_items[N_SOURCES])
{
  TestAnswer answer;
  g_autoptr (GError) error = NULL;
  const GValue *item = test_next (fixture->iterator, &answer, &error);
  guint source;

  g_assert_no_error (error);
  source = note_item (fixture, item, n_items);
  test_answer_clear (&answer);
  return source;
}

/* --- all --- */

static void
test_all (Fixture       *fixture,
          gconstpointer  data)
{
  int n_items[N_SOURCES] = { 0 };

  for (int i = 0; i < N_SOURCES * 200; i++)
    take (fixture, n_items);
  test_assert_end (fixture->iterator);
  test_assert_closed (fixture->iterator);
  for (guint i = 0; i < N_SOURCES; i++)
    g_assert_cmpint (n_items[i], ==, 200);
}

typedef struct
{
  Fixture *fixture;
  int n_items[N_SOURCES];
} Loop;

static gboolean
note_each (const GValue *item,
           gpointer      user_data)
{
  Loop *loop = user_data;

  note_item (loop->fixture, item, loop->n_items);
  return TRUE;
}

static void
test_foreach (Fixture       *fixture,
              gconstpointer  data)
{
  Loop loop = { .fixture = fixture };
  TestAnswer answer = { 0 };

  aiot_iterator_foreach_async (fixture->iterator, note_each, &loop, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_true (aiot_iterator_foreach_finish (fixture->iterator, answer.result, NULL));
  test_answer_clear (&answer);
  for (guint i = 0; i < N_SOURCES; i++)
    g_assert_cmpint (loop.n_items[i], ==, 200);
}

static void
test_none (void)
{
  TestLoop loop;
  AiotIterator *iterator;

  test_loop_open (&loop);
  iterator = aiot_iterator_merge (NULL, 0);
  test_assert_end (iterator);
  test_assert_closed (iterator);
  test_drop (&iterator);
  test_loop_close (&loop);
}

/* As many as the queue has room for can be waited for, whoever gives them. */
static void
test_many (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (AiotBatch) batch = NULL;
  TestAnswer answer = { 0 };
  int n_items[N_SOURCES] = { 0 };
  guint n = 0;

  for (guint i = 1; i < N_SOURCES; i++)
    {
      fixture->bodies[i].cleans_up_slowly = TRUE;
      fixture->bodies[i].n_items = 0;
    }
  while (n < 100)
    {
      answer = (TestAnswer) { 0 };
      aiot_iterator_next_many_async (fixture->iterator, 50, 50, NULL, test_answer_cb, &answer);
      test_answer_wait (&answer, fixture->loop.main_context);
      g_clear_pointer (&batch, aiot_batch_unref);
      batch = aiot_iterator_next_many_finish (fixture->iterator, answer.result, NULL);
      g_assert_cmpuint (aiot_batch_get_length (batch), >, 1);
      for (guint i = 0; i < aiot_batch_get_length (batch); i++)
        g_assert_cmpuint (note_item (fixture, aiot_batch_get_item (batch, i), n_items), ==, 0);
      n += aiot_batch_get_length (batch);
      test_answer_clear (&answer);
    }
  for (guint i = 1; i < N_SOURCES; i++)
    test_gate_open (&fixture->bodies[i].may_clean_up);
}

/* --- fairness --- */

/* A source that always has items lets others have their turn; one that has none holds up nobody. */
static void
test_fair (Fixture       *fixture,
           gconstpointer  data)
{
  int n_items[N_SOURCES] = { 0 };

  fixture->bodies[0].n_items = TEST_FOR_EVER;
  fixture->bodies[1].n_items = 3;
  fixture->bodies[2].cleans_up_slowly = TRUE;
  fixture->bodies[2].n_items = 0;
  while (n_items[1] < 3 || n_items[0] < 500)
    take (fixture, n_items);
  test_gate_open (&fixture->bodies[2].may_clean_up);
}

/* Where all have items, none gets ahead of the others by more than what is taken ahead of it. */
static void
test_even (void)
{
  TestLoop loop;
  TestCounter *counters[N_SOURCES];
  AiotIterator *iterator;

  test_loop_open (&loop);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      counters[i] = g_object_new (TEST_TYPE_COUNTER, NULL);
      counters[i]->n_items = G_MAXINT;
    }
  iterator = aiot_iterator_merge ((AiotIterator **) counters, N_SOURCES);
  for (int n = 0; n < 300; n++)
    {
      TestAnswer answer;

      g_assert_nonnull (test_next (iterator, &answer, NULL));
      test_answer_clear (&answer);
      for (guint i = 0; i < N_SOURCES; i++)
        g_assert_cmpint (ABS (counters[i]->n_given - n / N_SOURCES), <=, AHEAD);
    }
  test_drop (&iterator);
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  for (guint i = 0; i < N_SOURCES; i++)
    g_assert_finalize_object (counters[i]);
  test_loop_close (&loop);
}

/* --- backpressure --- */

/* Of what nobody takes little is asked for: here the bodies are also ahead by their capacity, and by one that waits. */
static void
test_backpressure (Fixture       *fixture,
                   gconstpointer  data)
{
  int n_items[N_SOURCES] = { 0 };

  for (guint i = 0; i < N_SOURCES; i++)
    fixture->bodies[i].n_items = TEST_FOR_EVER;
  for (int n = 0; n < 100; n++)
    {
      take (fixture, n_items);
      for (guint i = 0; i < N_SOURCES; i++)
        g_assert_cmpint (g_atomic_int_get (&fixture->bodies[i].n_emitted) - n_items[i], <=, AHEAD + 4 + 1);
    }
}

static void
test_lazy (Fixture       *fixture,
           gconstpointer  data)
{
  iterate_now (fixture);
  test_drop (&fixture->iterator);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      g_assert_true (aiot_iterator_is_closed (fixture->sources[i]));
      g_assert_cmpint (fixture->bodies[i].n_run, ==, 0);
    }
}

/* --- errors --- */

/* What came before it is not lost, and the others are closed. */
static void
test_error (Fixture       *fixture,
            gconstpointer  data)
{
  int n_items[N_SOURCES] = { 0 };
  g_autoptr (GError) error = NULL;
  TestAnswer answer;
  const GValue *item;

  fixture->bodies[0].failure = "broken";
  fixture->bodies[1].n_items = fixture->bodies[2].n_items = TEST_FOR_EVER;
  while ((item = test_next (fixture->iterator, &answer, &error)) != NULL)
    {
      note_item (fixture, item, n_items);
      test_answer_clear (&answer);
    }
  test_answer_clear (&answer);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpint (n_items[0], ==, 200);
  test_assert_closed (fixture->iterator);
  g_assert_true (aiot_iterator_is_closed (fixture->sources[1]));
  g_assert_true (aiot_iterator_is_closed (fixture->sources[2]));
}

/* Several that have failed are one error. */
static void
test_errors (void)
{
  TestLoop loop;
  TestBody bodies[N_SOURCES];
  AiotExecutor *executors[N_SOURCES];
  AiotIterator *sources[N_SOURCES];
  AiotIterator *iterator;
  TestAnswer answers[3] = { { 0 } };

  test_loop_open (&loop);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      test_body_init (&bodies[i], 0);
      bodies[i].failure = "broken";
      bodies[i].cleans_up_slowly = TRUE;
      executors[i] = aiot_executor_new_pool ("one", 1);
      sources[i] = test_body_iterate (&bodies[i], executors[i], 4, NULL);
    }
  iterator = aiot_iterator_merge (sources, N_SOURCES);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    aiot_iterator_next_async (iterator, NULL, test_answer_cb, &answers[i]);
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  for (guint i = 0; i < N_SOURCES; i++)
    test_gate_open (&bodies[i].may_clean_up);
  for (guint i = 0; i < N_SOURCES; i++)
    test_wait_until_blocked (executors[i]);

  test_assert_answer_fails (&answers[0], iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_assert_answer_end (&answers[1], iterator);
  test_assert_answer_end (&answers[2], iterator);
  test_end_and_drop (&iterator);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      test_drop (&sources[i]);
      test_body_clear (&bodies[i]);
      g_object_unref (executors[i]);
    }
  test_loop_close (&loop);
}

/* --- leaving --- */

static void
test_drop_early (Fixture       *fixture,
                 gconstpointer  data)
{
  int n_items[N_SOURCES] = { 0 };

  for (guint i = 0; i < N_SOURCES; i++)
    fixture->bodies[i].n_items = TEST_FOR_EVER;
  for (int n = 0; n < 50; n++)
    take (fixture, n_items);
  if (GPOINTER_TO_INT (data))
    test_unref_in_another_thread (g_steal_pointer (&fixture->iterator));
  else
    test_drop (&fixture->iterator);
  for (guint i = 0; i < N_SOURCES; i++)
    g_assert_true (aiot_iterator_is_closed (fixture->sources[i]));
  /* When the bodies have ended, all else has too. */
  for (guint i = 0; i < N_SOURCES; i++)
    test_iterate_until (fixture->loop.main_context, &fixture->bodies[i].n_freed, 1);
}

/* It waits for the last source. */
static void
test_close_async (Fixture       *fixture,
                  gconstpointer  data)
{
  int n_items[N_SOURCES] = { 0 };
  TestAnswer closed = { 0 };

  for (guint i = 0; i < N_SOURCES; i++)
    fixture->bodies[i].cleans_up_slowly = TRUE;
  while (n_items[0] == 0 || n_items[1] == 0 || n_items[2] == 0)
    take (fixture, n_items);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &closed);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      test_gate_wait (&fixture->bodies[i].cleaning_up);
      iterate_now (fixture);
      g_assert_cmpint (closed.n_called, ==, 0);
      test_gate_open (&fixture->bodies[i].may_clean_up);
      test_gate_wait (&fixture->bodies[i].ended);
    }
  test_answer_wait (&closed, fixture->loop.main_context);
  g_assert_true (aiot_iterator_close_finish (fixture->iterator, closed.result, NULL));
  test_answer_clear (&closed);
}

/* --- several stages --- */

typedef struct
{
  TestLoop loop;
  TestBody bodies[N_SOURCES];
  TestStage choice;
  TestStage stage;
  AiotIterator *iterator;
} Pipeline;

static void
pipeline_setup (Pipeline      *pipeline,
                gconstpointer  data)
{
  AiotIterator *sources[N_SOURCES];
  g_autoptr (AiotIterator) merged = NULL;
  g_autoptr (AiotIterator) chosen = NULL;

  test_loop_open (&pipeline->loop);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      test_body_init (&pipeline->bodies[i], 100);
      sources[i] = test_body_iterate (&pipeline->bodies[i], NULL, 4, NULL);
    }
  merged = aiot_iterator_merge (sources, N_SOURCES);
  for (guint i = 0; i < N_SOURCES; i++)
    g_object_unref (sources[i]);
  test_stage_init (&pipeline->choice);
  test_stage_init (&pipeline->stage);
  chosen = test_stage_filter (&pipeline->choice, merged, NULL, 4, AIOT_ORDER_GIVEN);
  pipeline->iterator = test_stage_map (&pipeline->stage, chosen, NULL, 4, AIOT_ORDER_GIVEN);
}

static void
pipeline_teardown (Pipeline      *pipeline,
                   gconstpointer  data)
{
  if (pipeline->iterator != NULL)
    test_drop (&pipeline->iterator);
  test_stage_clear (&pipeline->stage);
  test_stage_clear (&pipeline->choice);
  for (guint i = 0; i < N_SOURCES; i++)
    test_body_clear (&pipeline->bodies[i]);
  test_loop_close (&pipeline->loop);
}

static void
test_pipeline_all (Pipeline      *pipeline,
                   gconstpointer  data)
{
  int n_items[100] = { 0 };
  TestAnswer answer;

  for (int n = 0; n < N_SOURCES * 50; n++)
    {
      n_items[test_number (test_next (pipeline->iterator, &answer, NULL))]++;
      test_answer_clear (&answer);
    }
  test_assert_end (pipeline->iterator);
  for (int i = 0; i < 100; i++)
    g_assert_cmpint (n_items[i], ==, i % 2 == 0 ? N_SOURCES : 0);
}

/* The last one is dropped, and all of them with it. */
static void
test_pipeline_drop (Pipeline      *pipeline,
                    gconstpointer  data)
{
  TestAnswer answer;

  for (guint i = 0; i < N_SOURCES; i++)
    pipeline->bodies[i].n_items = TEST_FOR_EVER;
  for (int n = 0; n < 20; n++)
    {
      g_assert_nonnull (test_next (pipeline->iterator, &answer, NULL));
      test_answer_clear (&answer);
    }
  if (GPOINTER_TO_INT (data))
    test_unref_in_another_thread (g_steal_pointer (&pipeline->iterator));
  else
    test_drop (&pipeline->iterator);
}

/* It waits for all of them. */
static void
test_pipeline_close_async (Pipeline      *pipeline,
                           gconstpointer  data)
{
  TestAnswer answer, closed = { 0 };

  for (guint i = 0; i < N_SOURCES; i++)
    pipeline->bodies[i].n_items = TEST_FOR_EVER;
  g_assert_nonnull (test_next (pipeline->iterator, &answer, NULL));
  test_answer_clear (&answer);
  aiot_iterator_close_async (pipeline->iterator, NULL, test_answer_cb, &closed);
  test_answer_wait (&closed, pipeline->loop.main_context);
  test_answer_clear (&closed);
  g_assert_cmpint (pipeline->stage.n_freed, ==, 1);
  g_assert_cmpint (pipeline->choice.n_freed, ==, 1);
  for (guint i = 0; i < N_SOURCES; i++)
    g_assert_true (pipeline->bodies[i].n_run == 0 || test_gate_is_open (&pipeline->bodies[i].ended));
}

static void
test_pipeline_error (Pipeline      *pipeline,
                     gconstpointer  data)
{
  TestAnswer answer;
  g_autoptr (GError) error = NULL;

  pipeline->bodies[1].failure = "broken";
  pipeline->bodies[0].n_items = pipeline->bodies[2].n_items = TEST_FOR_EVER;
  while (test_next (pipeline->iterator, &answer, &error) != NULL)
    test_answer_clear (&answer);
  test_answer_clear (&answer);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
}

#define add(path, data, test) g_test_add (path, Fixture, GINT_TO_POINTER (data), setup, test, teardown)
#define add_pipeline(path, data, test) \
  g_test_add (path, Pipeline, GINT_TO_POINTER (data), pipeline_setup, test, pipeline_teardown)

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  add ("/merge/all/one-by-one", 0, test_all);
  add ("/merge/all/foreach", 0, test_foreach);
  add ("/merge/all/many-of-one", 0, test_many);
  g_test_add_func ("/merge/all/of-none", test_none);

  add ("/merge/fair/none-is-starved", 0, test_fair);
  g_test_add_func ("/merge/fair/all-advance", test_even);

  add ("/merge/backpressure/few-are-taken-ahead", 0, test_backpressure);
  add ("/merge/lazy/drop-runs-nothing", 0, test_lazy);

  add ("/merge/error/after-the-items-before-it", 0, test_error);
  g_test_add_func ("/merge/error/once", test_errors);

  add ("/merge/close/drop", FALSE, test_drop_early);
  add ("/merge/close/drop-on-another-thread", TRUE, test_drop_early);
  add ("/merge/close/async-waits-for-all", 0, test_close_async);

  add_pipeline ("/pipeline/all-come", 0, test_pipeline_all);
  add_pipeline ("/pipeline/drop", FALSE, test_pipeline_drop);
  add_pipeline ("/pipeline/drop-on-another-thread", TRUE, test_pipeline_drop);
  add_pipeline ("/pipeline/close-async-waits-for-all", 0, test_pipeline_close_async);
  add_pipeline ("/pipeline/error-goes-through", 0, test_pipeline_error);

  return g_test_run ();
}
