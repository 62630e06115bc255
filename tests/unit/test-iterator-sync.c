/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/* Threads that wait for items. The body goes on when the test says so. */

#define N_FIRST 2
#define N_ALL   5

typedef struct
{
  TestLoop loop;
  TestBody body;             /* of which only the numbers are used */
  AiotExecutor *executor;    /* a pool of one, which tells when the body is blocked */
  AiotIterator *iterator;
  TestGate may_start;
  TestGate paused;
  TestGate may_go_on;
} Fixture;

static gboolean
emit_in_two_steps (AiotGenerator  *generator,
                   gpointer        user_data,
                   GError        **error)
{
  Fixture *fixture = user_data;

  test_gate_wait (&fixture->may_start);
  g_atomic_int_inc (&fixture->body.n_run);
  for (int i = 0; i < N_ALL; i++)
    {
      if (i == N_FIRST)
        {
          test_gate_open (&fixture->paused);
          test_gate_wait (&fixture->may_go_on);
        }
      if (!test_emit_number (generator, &fixture->body.items, i, error))
        break;
    }
  test_gate_open (&fixture->body.ended);
  return *error == NULL;
}

static void
free_body (gpointer user_data)
{
  test_body_free (&((Fixture *) user_data)->body);
}

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, N_ALL);
  fixture->executor = aiot_executor_new_pool ("next", 1);
  fixture->iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_in_two_steps, fixture, free_body, fixture->executor,
                                                                 AIOT_CAPACITY_DEFAULT, NULL));
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_body_clear (&fixture->body);
  g_object_unref (fixture->executor);
  test_gate_clear (&fixture->may_start);
  test_gate_clear (&fixture->paused);
  test_gate_clear (&fixture->may_go_on);
  test_loop_close (&fixture->loop);
}

static void
assert_numbers (AiotBatch *batch,
                int        first,
                int        n)
{
  g_assert_nonnull (batch);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, n);
  for (int i = 0; i < n; i++)
    g_assert_cmpint (test_number (aiot_batch_get_item (batch, i)), ==, first + i);
}

typedef struct
{
  AiotIterator *iterator;
  GCancellable *cancellable;
  TestGate waits;
  int sum;
  int n_items;
  GError *error;
  GPtrArray *taken;
} Waiter;

static gpointer
take_all (gpointer data)
{
  Waiter *waiter = data;

  test_gate_open (&waiter->waits);
  while (TRUE)
    {
      GValue *value = g_new0 (GValue, 1);

      if (!aiot_iterator_next_sync (waiter->iterator, value, waiter->cancellable, &waiter->error))
        {
          g_assert_false (G_IS_VALUE (value));
          g_free (value);
          return NULL;
        }
      waiter->sum += test_number (value);
      waiter->n_items++;
      g_ptr_array_add (waiter->taken, value);
    }
}

static void
value_free (gpointer data)
{
  g_value_unset (data);
  g_free (data);
}

static void
waiter_init (Waiter  *waiter,
             Fixture *fixture)
{
  *waiter = (Waiter) {
    .iterator = fixture->iterator,
    .cancellable = g_cancellable_new (),
    .taken = g_ptr_array_new_with_free_func (value_free),
  };
}

/* At home, as the ledger wants it. */
static void
waiter_clear (Waiter *waiter)
{
  g_ptr_array_unref (waiter->taken);
  g_object_unref (waiter->cancellable);
  test_gate_clear (&waiter->waits);
}

static void
test_sync_in_thread (Fixture       *fixture,
                     gconstpointer  data)
{
  Waiter waiter;
  GThread *thread;

  waiter_init (&waiter, fixture);
  thread = g_thread_new ("consumer", take_all, &waiter);
  test_gate_wait (&waiter.waits);
  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  g_thread_join (thread);
  g_assert_no_error (waiter.error);
  g_assert_cmpint (waiter.n_items, ==, N_ALL);
  g_assert_cmpint (waiter.sum, ==, 10);
  waiter_clear (&waiter);
  test_assert_closed (fixture->iterator);
}

static gboolean
take_all_in_worker (AiotCall  *call,
                    gpointer   user_data,
                    GError   **error)
{
  take_all (user_data);
  return TRUE;
}

/* Consumer and producer share a pool of one: whoever waits gives its place to the other. */
static void
test_sync_in_worker (Fixture       *fixture,
                     gconstpointer  data)
{
  Waiter waiter;
  TestAnswer answer = { 0 };

  waiter_init (&waiter, fixture);
  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  aiot_offload_async (fixture->executor, take_all_in_worker, &waiter, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_no_error (waiter.error);
  g_assert_cmpint (waiter.n_items, ==, N_ALL);
  waiter_clear (&waiter);
  test_answer_clear (&answer);
}

static gpointer
take_many (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (AiotBatch) batch = NULL, rest = NULL, none = NULL;
  g_autoptr (GError) error = NULL;

  fixture->body.items.home = g_thread_self ();
  batch = aiot_iterator_next_many_sync (fixture->iterator, 3, 3, NULL, &error);
  g_assert_no_error (error);
  assert_numbers (batch, 0, 3);
  rest = aiot_iterator_next_many_sync (fixture->iterator, 3, 10, NULL, &error);
  g_assert_no_error (error);
  assert_numbers (rest, 3, 2);
  none = aiot_iterator_next_many_sync (fixture->iterator, 3, 10, NULL, &error);
  g_assert_null (none);
  g_assert_no_error (error);
  g_assert_null (aiot_iterator_next_many_sync (fixture->iterator, 3, 10, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  return NULL;
}

static void
test_sync_many (Fixture       *fixture,
                gconstpointer  data)
{
  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  g_thread_join (g_thread_new ("consumer", take_many, fixture));
}

static void
test_sync_interrupted (Fixture       *fixture,
                       gconstpointer  by_close)
{
  Waiter waiter;
  GThread *thread;

  waiter_init (&waiter, fixture);
  thread = g_thread_new ("consumer", take_all, &waiter);
  test_gate_open (&fixture->may_start);
  test_gate_wait (&fixture->paused);
  if (GPOINTER_TO_INT (by_close))
    aiot_iterator_close (fixture->iterator);
  else
    g_cancellable_cancel (waiter.cancellable);
  g_thread_join (thread);
  if (GPOINTER_TO_INT (by_close))
    g_assert_error (waiter.error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  else
    g_assert_error (waiter.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&waiter.error);

  /* What it had not taken is still there for the next one. */
  if (!GPOINTER_TO_INT (by_close))
    {
      test_gate_open (&fixture->may_go_on);
      for (int i = waiter.n_items; i < N_ALL; i++)
        test_assert_next (fixture->iterator, i);
    }
  waiter_clear (&waiter);
}

/* At home it may take what is there, and not wait for what only home could bring. */
static void
test_sync_at_home (Fixture       *fixture,
                   gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT, none = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_iterator_try_next (fixture->iterator, &none, NULL));
  g_assert_false (aiot_iterator_next_sync (fixture->iterator, &none, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_null (aiot_iterator_next_many_sync (fixture->iterator, 1, 2, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);

  test_gate_open (&fixture->may_start);
  test_gate_wait (&fixture->paused);
  g_assert_true (aiot_iterator_next_sync (fixture->iterator, &value, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (test_number (&value), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/iterator/next-sync/in-a-thread", NULL, test_sync_in_thread);
  ADD ("/iterator/next-sync/in-a-worker-of-the-same-pool", NULL, test_sync_in_worker);
  ADD ("/iterator/next-sync/many", NULL, test_sync_many);
  ADD ("/iterator/next-sync/closed", GINT_TO_POINTER (TRUE), test_sync_interrupted);
  ADD ("/iterator/next-sync/cancelled", GINT_TO_POINTER (FALSE), test_sync_interrupted);
  ADD ("/iterator/next-sync/would-deadlock-at-home", NULL, test_sync_at_home);
  return g_test_run ();
}
