/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-stage.h"

/* Where a mapped iterator works, and who may use it from elsewhere: workers, other main contexts, and what goes away. */

#define N_ITEMS    20
#define N_PARALLEL 3

typedef struct
{
  TestLoop loop;
  TestBody body;             /* of the source */
  TestStage stage;
  AiotIterator *source;
  AiotIterator *iterator;
  int n_items;               /* that were received by others; atomic */
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, N_ITEMS);
  test_stage_init (&fixture->stage);
  fixture->source = test_body_iterate (&fixture->body, NULL, 4, NULL);
  fixture->iterator = test_stage_map (&fixture->stage, fixture->source, NULL, N_PARALLEL, AIOT_ORDER_GIVEN);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  test_drop (&fixture->iterator);
  test_stage_clear (&fixture->stage);
  test_drop (&fixture->source);
  test_body_clear (&fixture->body);
  test_loop_close (&fixture->loop);
}

/* --- a worker --- */

/* What a worker takes out it frees. */
static gboolean
count_all (AiotIterator  *iterator,
           int           *n_items,
           GError       **error)
{
  g_autoptr (GError) own_error = NULL;

  for (;;)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if (!aiot_iterator_next_sync (iterator, &value, NULL, &own_error))
        break;

      g_assert_cmpint (test_number (&value), ==, *n_items);
      g_atomic_int_inc (n_items);
    }
  if (own_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

static gboolean
count_in_worker (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  Fixture *fixture = user_data;

  return count_all (fixture->iterator, &fixture->n_items, error);
}

static void
test_worker (Fixture       *fixture,
             gconstpointer  data)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (NULL, count_in_worker, fixture, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  aiot_offload_finish (answer.result, &error);
  g_assert_no_error (error);
  test_answer_clear (&answer);
  g_assert_cmpint (fixture->n_items, ==, N_ITEMS);
  /* Only what was not handed out has a home. */
  g_assert_cmpint (fixture->stage.results.n_freed_elsewhere, ==, N_ITEMS);
  fixture->stage.results.n_freed_elsewhere = 0;
}

typedef struct
{
  AiotIterator *source;
  TestStage stage;
} Outer;

static gboolean
make_in_worker (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  Outer *outer = user_data;
  g_autoptr (AiotIterator) iterator = test_stage_map (&outer->stage, outer->source, NULL, 2, AIOT_ORDER_GIVEN);

  for (int i = 0; i < 5; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_assert_true (aiot_iterator_next_sync (iterator, &value, NULL, error));
      g_assert_cmpint (test_number (&value), ==, i);
    }
  return TRUE;
}

/* One that a worker makes works where its caller is. */
static void
test_made_in_worker (Fixture       *fixture,
                     gconstpointer  data)
{
  Outer outer = { .source = fixture->iterator };
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  test_stage_init (&outer.stage);
  aiot_offload_async (NULL, make_in_worker, &outer, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  aiot_offload_finish (answer.result, &error);
  g_assert_no_error (error);
  test_answer_clear (&answer);
  test_assert_closed (fixture->iterator);

  test_iterate_until (fixture->loop.main_context, &outer.stage.n_freed, 1);
  g_assert_cmpint (outer.stage.results.n_freed_elsewhere, ==, 5);
  outer.stage.results.n_freed_elsewhere = 0;
  test_stage_clear (&outer.stage);
}

static void
test_would_deadlock (Fixture       *fixture,
                     gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  fixture->stage.n_held = 1;
  g_assert_false (aiot_iterator_next_sync (fixture->iterator, &value, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  test_stage_wait_held (&fixture->stage);
  test_stage_let_go (&fixture->stage, 0);
  test_assert_next (fixture->iterator, 0);
}

/* --- another main context --- */

static gpointer
count_elsewhere (gpointer user_data)
{
  Fixture *fixture = user_data;
  TestLoop loop;
  TestAnswer answer;
  const GValue *value;

  test_loop_open (&loop);
  while ((value = test_next (fixture->iterator, &answer, NULL)) != NULL)
    {
      g_assert_cmpint (test_number (value), ==, fixture->n_items);
      test_answer_clear (&answer);
      g_atomic_int_inc (&fixture->n_items);
    }
  test_answer_clear (&answer);
  test_loop_close (&loop);
  g_atomic_int_inc (&fixture->n_items);
  g_main_context_wakeup (fixture->loop.main_context);
  return NULL;
}

/* It is started from there, and works at home all the same. */
static void
test_other_main_context (Fixture       *fixture,
                         gconstpointer  data)
{
  GThread *thread = g_thread_new ("other", count_elsewhere, fixture);

  test_iterate_until (fixture->loop.main_context, &fixture->n_items, N_ITEMS + 1);
  g_thread_join (thread);
  test_iterate_until (fixture->loop.main_context, &fixture->stage.n_freed, 1);
  g_assert_cmpint (fixture->stage.results.n_freed_elsewhere, ==, N_ITEMS);
  fixture->stage.results.n_freed_elsewhere = 0;
}

/* --- context variables --- */

static gboolean
tell_variable (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  const GValue *value = aiot_context_var_get (user_data);

  aiot_call_set_result_int64 (call, value != NULL ? g_value_get_int64 (value) : -1);
  return TRUE;
}

/* Those of the moment when it was made, not of that when it was started, nor of that when it goes on. */
static void
test_context (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("number", G_TYPE_INT64, NULL);
  g_autoptr (AiotContextToken) first = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotIterator) iterator = aiot_iterator_map (fixture->iterator, NULL, 2, AIOT_ORDER_GIVEN, tell_variable, var, NULL);
  g_autoptr (AiotContextToken) second = aiot_context_var_set_int64 (var, 2);

  for (int i = 0; i < N_ITEMS; i++)
    {
      TestAnswer answer;

      g_assert_cmpint (g_value_get_int64 (test_next (iterator, &answer, NULL)), ==, 1);
      g_assert_cmpint (g_value_get_int64 (aiot_context_var_get (var)), ==, 2);
      test_answer_clear (&answer);
    }
  test_assert_end (iterator);
  aiot_context_var_reset (var, second);
  aiot_context_var_reset (var, first);
  test_end_and_drop (&iterator);
}

/* --- home goes --- */

typedef struct
{
  TestStage stage;
  AiotExecutor *executor;    /* has just a thread for each call */
  AiotChannel *channel;      /* with items for all calls that are held */
  AiotIterator *source;
  AiotIterator *iterator;
  TestGate freed;
  GError *error;             /* of who waits in a worker */
} Gone;

static void
free_anywhere (gpointer user_data)
{
  Gone *gone = user_data;

  g_assert_cmpint (g_atomic_int_get (&gone->stage.n_running), ==, 0);
  test_gate_open (&gone->freed);
}

static gboolean
run_stage (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  return test_stage_func (call, &((Gone *) user_data)->stage, error);
}

static void
gone_open (Gone *gone,
           int   n_held)
{
  *gone = (Gone) { .executor = aiot_executor_new_pool ("stage", 2), .channel = aiot_channel_new (8) };
  test_stage_init (&gone->stage);
  gone->stage.n_held = n_held;
  gone->stage.is_stubborn = TRUE;
  for (int i = 0; i < n_held; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_value_init (&value, G_TYPE_INT);
      g_value_set_int (&value, i);
      g_assert_cmpint (aiot_channel_try_send (gone->channel, &value, NULL), ==, AIOT_SENT_ITEM);
    }
  gone->source = aiot_channel_iterate (gone->channel);
  gone->iterator = aiot_iterator_map (gone->source, gone->executor, 2, AIOT_ORDER_GIVEN, run_stage, gone, free_anywhere);
}

static void
gone_close (Gone *gone)
{
  test_drop (&gone->iterator);
  test_drop (&gone->source);
  g_assert_finalize_object (g_steal_pointer (&gone->channel));
  g_object_unref (gone->executor);
  test_gate_clear (&gone->freed);
  g_clear_error (&gone->error);
}

static gpointer
wait_in_thread (gpointer user_data)
{
  Gone *gone = user_data;
  g_auto (GValue) value = G_VALUE_INIT;

  g_assert_false (aiot_iterator_next_sync (gone->iterator, &value, NULL, &gone->error));
  return NULL;
}

static void
closed_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_assert_true (aiot_iterator_close_finish (AIOT_ITERATOR (source_object), result, NULL));
  g_atomic_int_inc ((int *) user_data);
}

/* Its main context is given up while functions run: they are told, whoever waits elsewhere is too, and may hear of the end. */
static void
test_gone_while_running (void)
{
  TestLoop loop, other;
  Gone gone;
  GThread *thread;
  int n_closed = 0;

  test_loop_open (&other);
  test_loop_open (&loop);
  gone_open (&gone, 2);
  thread = g_thread_new ("waits", wait_in_thread, &gone);
  test_stage_wait_held (&gone.stage);

  aiot_main_context_abandon (loop.main_context);
  g_thread_join (thread);
  g_assert_error (gone.error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_true (aiot_iterator_is_closed (gone.iterator));
  g_assert_true (aiot_iterator_is_closed (gone.source));
  test_gate_wait (&gone.stage.told[0]);
  test_gate_wait (&gone.stage.told[1]);
  test_loop_close (&loop);

  aiot_iterator_close_async (gone.iterator, NULL, closed_cb, &n_closed);
  g_main_context_iteration (other.main_context, FALSE);
  g_assert_cmpint (n_closed, ==, 0);
  g_assert_false (test_gate_is_open (&gone.freed));
  test_stage_let_go (&gone.stage, 0);
  test_stage_let_go (&gone.stage, 1);
  test_iterate_until (other.main_context, &n_closed, 1);
  g_assert_true (test_gate_is_open (&gone.freed));
  gone_close (&gone);
  test_loop_close (&other);
}

/* Nothing runs but the question for an item, which keeps the main context, and is forgotten with it. */
static void
test_gone_while_asking (void)
{
  TestLoop loop;
  Gone gone;

  test_loop_open (&loop);
  gone_open (&gone, 0);
  g_assert_null (aiot_iterator_try_next_many (gone.iterator, 1, NULL));
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  g_assert_false (test_gate_is_open (&gone.freed));
  aiot_main_context_abandon (loop.main_context);
  g_assert_true (test_gate_is_open (&gone.freed));
  g_assert_true (aiot_iterator_is_closed (gone.iterator));
  gone_close (&gone);
  test_loop_close (&loop);
}

/* The results wait for a consumer, and keep nothing: here the main context is finalized. */
static void
test_gone_while_idle (void)
{
  TestLoop loop;
  Gone gone;
  TestHeld others[2];

  test_loop_open (&loop);
  gone_open (&gone, 2);
  test_stage_let_go (&gone.stage, 0);
  test_stage_let_go (&gone.stage, 1);
  g_assert_null (aiot_iterator_try_next_many (gone.iterator, 1, NULL));
  test_stage_wait_held (&gone.stage);
  /* When their threads do something else, they are done. */
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    test_held_start (&others[i], gone.executor);
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    test_held_end (&others[i]);
  g_assert_false (test_gate_is_open (&gone.freed));
  test_loop_close (&loop);
  g_assert_true (test_gate_is_open (&gone.freed));
  g_assert_cmpint (gone.stage.results.n_freed, ==, 2);
  g_assert_cmpint (gone.stage.results.n_freed_elsewhere, ==, 0);
  gone_close (&gone);
}

#define add(path, test) g_test_add (path, Fixture, NULL, setup, test, teardown)

int
main (int    argc,
      char **argv)
{
  static int n_warnings;

  test_init (&argc, &argv);
  test_count_gone_warnings (&n_warnings);

  add ("/map/home/worker-takes-items", test_worker);
  add ("/map/home/made-in-a-worker", test_made_in_worker);
  add ("/map/home/would-deadlock", test_would_deadlock);
  add ("/map/home/other-main-context-takes-items", test_other_main_context);
  add ("/map/context/of-the-moment-when-it-was-made", test_context);
  g_test_add_func ("/map/home/gone-while-functions-run", test_gone_while_running);
  g_test_add_func ("/map/home/gone-while-asking", test_gone_while_asking);
  g_test_add_func ("/map/home/gone-while-idle", test_gone_while_idle);

  return g_test_run ();
}
