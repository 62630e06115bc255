/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/* A function for each item: what it gets, how it stops, and what is told at the end. */

#define N_ITEMS 300

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotExecutor *executor;    /* a pool of one */
  AiotIterator *iterator;
  GCancellable *cancellable;
  TestAnswer answer;
  int n_items;
  int stop_at;               /* the item at which the function does what follows; -1: none */
  void (*then) (gpointer fixture);
  gboolean goes_on;          /* what the function returns there */
  int n_freed;
  int n_called_when_freed;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, N_ITEMS);
  fixture->executor = aiot_executor_new_pool ("foreach", 1);
  fixture->iterator = test_body_iterate (&fixture->body, fixture->executor, 100, NULL);
  fixture->cancellable = g_cancellable_new ();
  fixture->stop_at = -1;
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  g_assert_cmpint (fixture->answer.n_called, ==, 1);
  g_assert_cmpint (fixture->n_freed, ==, 1);
  /* The data of the function is free for use in the callback. */
  g_assert_cmpint (fixture->n_called_when_freed, ==, 0);
  test_answer_clear (&fixture->answer);
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  g_assert_finalize_object (g_steal_pointer (&fixture->cancellable));
  test_body_clear (&fixture->body);
  g_object_unref (fixture->executor);
  test_loop_close (&fixture->loop);
}

static gboolean
each_item (const GValue *item,
           gpointer      user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (g_thread_self () == fixture->body.home);
  g_assert_true (g_main_context_is_owner (fixture->loop.main_context));
  g_assert_cmpint (test_number (item), ==, fixture->n_items);
  if (fixture->n_items++ != fixture->stop_at)
    return TRUE;

  if (fixture->then != NULL)
    fixture->then (fixture);
  return fixture->goes_on;
}

static void
function_freed (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (g_thread_self () == fixture->body.home);
  fixture->n_called_when_freed = fixture->answer.n_called;
  fixture->n_freed++;
}

static void
start (Fixture *fixture)
{
  aiot_iterator_foreach_async (fixture->iterator, each_item, fixture, function_freed, fixture->cancellable,
                               test_answer_cb, &fixture->answer);
  g_assert_cmpint (fixture->n_items, ==, 0);
  g_assert_cmpint (fixture->answer.n_called, ==, 0);
}

static void
finish (Fixture *fixture,
        GQuark   domain,
        int      code)
{
  g_autoptr (GError) error = NULL;
  gboolean succeeded;

  test_answer_wait (&fixture->answer, fixture->loop.main_context);
  g_assert_true (fixture->answer.thread == g_thread_self ());
  g_assert_true (fixture->answer.main_context == fixture->loop.main_context);
  succeeded = aiot_iterator_foreach_finish (fixture->iterator, fixture->answer.result, &error);
  if (domain == 0)
    {
      g_assert_no_error (error);
      g_assert_true (succeeded);
    }
  else
    {
      g_assert_false (succeeded);
      g_assert_error (error, domain, code);
    }
}

/* --- to the end --- */

static void
test_all (Fixture       *fixture,
          gconstpointer  data)
{
  start (fixture);
  finish (fixture, 0, 0);
  g_assert_cmpint (fixture->n_items, ==, N_ITEMS);
  test_assert_closed (fixture->iterator);
}

static void
test_error (Fixture       *fixture,
            gconstpointer  data)
{
  fixture->body.failure = "broken";
  start (fixture);
  finish (fixture, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpint (fixture->n_items, ==, N_ITEMS);
  test_assert_closed (fixture->iterator);
}

/* What others took before is not missed, and what others ask for afterwards is not there. */
static void
test_after_next (Fixture       *fixture,
                 gconstpointer  data)
{
  test_assert_next (fixture->iterator, 0);
  test_assert_next (fixture->iterator, 1);
  fixture->n_items = 2;
  aiot_iterator_foreach_async (fixture->iterator, each_item, fixture, function_freed, NULL, test_answer_cb, &fixture->answer);
  finish (fixture, 0, 0);
  g_assert_cmpint (fixture->n_items, ==, N_ITEMS);
}

/* --- stopping --- */

/* As break does: the iteration is over, with success, and so is the body. */
static void
test_stop (Fixture       *fixture,
           gconstpointer  stop_at)
{
  fixture->body.n_items = TEST_FOR_EVER;
  fixture->stop_at = GPOINTER_TO_INT (stop_at);
  start (fixture);
  finish (fixture, 0, 0);
  g_assert_cmpint (fixture->n_items, ==, fixture->stop_at + 1);
  test_assert_closed (fixture->iterator);
  test_gate_wait (&fixture->body.ended);
  g_assert_error (fixture->body.stopped_by, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

static void
cancel (gpointer fixture)
{
  g_cancellable_cancel (((Fixture *) fixture)->cancellable);
}

static void
test_cancel_inside (Fixture       *fixture,
                    gconstpointer  stop_at)
{
  fixture->body.n_items = TEST_FOR_EVER;
  fixture->stop_at = GPOINTER_TO_INT (stop_at);
  fixture->then = cancel;
  fixture->goes_on = TRUE;
  start (fixture);
  finish (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (fixture->n_items, ==, fixture->stop_at + 1);
  test_assert_closed (fixture->iterator);
}

/* While it waits for the first item, which never comes. */
static void
test_cancel_waiting (Fixture       *fixture,
                     gconstpointer  data)
{
  TestHeld held;

  test_held_start (&held, fixture->executor);
  start (fixture);
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
  g_cancellable_cancel (fixture->cancellable);
  finish (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (fixture->n_items, ==, 0);
  test_assert_closed (fixture->iterator);
  test_held_end (&held);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
}

static void
test_cancelled_before (Fixture       *fixture,
                       gconstpointer  data)
{
  g_cancellable_cancel (fixture->cancellable);
  start (fixture);
  finish (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (fixture->n_items, ==, 0);
  test_assert_closed (fixture->iterator);
}

static void
close_it (gpointer fixture)
{
  aiot_iterator_close (((Fixture *) fixture)->iterator);
}

static void
test_close_inside (Fixture       *fixture,
                   gconstpointer  data)
{
  fixture->body.n_items = TEST_FOR_EVER;
  fixture->stop_at = 10;
  fixture->then = close_it;
  fixture->goes_on = TRUE;
  start (fixture);
  finish (fixture, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_cmpint (fixture->n_items, ==, 11);
  test_assert_closed (fixture->iterator);
}

static void
test_closed_before (Fixture       *fixture,
                    gconstpointer  data)
{
  aiot_iterator_close (fixture->iterator);
  start (fixture);
  finish (fixture, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_cmpint (fixture->n_items, ==, 0);
}

/* --- from within --- */

static void
iterate_inside (gpointer data)
{
  Fixture *fixture = data;
  int n_before = fixture->n_items;

  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
  /* One item after the other: the next one waits for the function to return. */
  g_assert_cmpint (fixture->n_items, ==, n_before);
}

static void
test_nested_loop (Fixture       *fixture,
                  gconstpointer  data)
{
  fixture->stop_at = 10;
  fixture->then = iterate_inside;
  fixture->goes_on = TRUE;
  start (fixture);
  finish (fixture, 0, 0);
  g_assert_cmpint (fixture->n_items, ==, N_ITEMS);
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
call_inside (gpointer data)
{
  Fixture *fixture = data;
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, succeed, NULL, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
  test_answer_clear (&answer);
}

/* Other answers arrive in a main loop that the function runs. */
static void
test_call_inside (Fixture       *fixture,
                  gconstpointer  data)
{
  fixture->stop_at = 10;
  fixture->then = call_inside;
  fixture->goes_on = TRUE;
  start (fixture);
  finish (fixture, 0, 0);
  g_assert_cmpint (fixture->n_items, ==, N_ITEMS);
}

static void
drop_it (gpointer data)
{
  Fixture *fixture = data;

  g_object_unref (g_steal_pointer (&fixture->iterator));
}

/* Whoever goes through it keeps it. */
static void
test_drop_inside (Fixture       *fixture,
                  gconstpointer  data)
{
  AiotIterator *iterator = fixture->iterator;
  g_autoptr (GError) error = NULL;

  fixture->stop_at = 10;
  fixture->then = drop_it;
  fixture->goes_on = TRUE;
  start (fixture);
  test_answer_wait (&fixture->answer, fixture->loop.main_context);
  g_assert_true (aiot_iterator_foreach_finish (iterator, fixture->answer.result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (fixture->n_items, ==, N_ITEMS);
}

/* --- home goes away --- */

typedef struct
{
  TestLoop loop;
  TestLedger ledger;
  TestLedger items;
  TestGate ended;
  AiotIterator *iterator;
  int n_items;
} Homeless;

static gboolean
emit_homeless (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  Homeless *homeless = user_data;

  for (int i = 0; test_emit_number (generator, &homeless->items, i, error); i++)
    continue;
  test_gate_open (&homeless->ended);
  return FALSE;
}

static gboolean
abandon_at_tenth (const GValue *item,
                  gpointer      user_data)
{
  Homeless *homeless = user_data;

  if (homeless->n_items++ == 10)
    aiot_main_context_abandon (homeless->loop.main_context);
  g_assert_cmpint (test_number (item), ==, homeless->n_items - 1);
  return TRUE;
}

static void
free_function (gpointer user_data)
{
  test_item_free (&((Homeless *) user_data)->ledger);
}

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

/* The function itself ends the main context that calls it: nothing more is called, and all is freed. */
static void
test_gone_inside (void)
{
  Homeless homeless = { .ledger.home = g_thread_self () };
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("homeless", 1);

  test_loop_open (&homeless.loop);
  homeless.items.home = g_thread_self ();
  homeless.iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_homeless, &homeless, NULL, executor, 20, NULL));
  test_ledger_item (&homeless.ledger);
  aiot_iterator_foreach_async (homeless.iterator, abandon_at_tenth, &homeless, free_function, NULL, never_called_cb, NULL);
  g_object_unref (homeless.iterator);
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "A main context went away*");
  while (homeless.ledger.n_freed == 0)
    g_main_context_iteration (homeless.loop.main_context, TRUE);
  while (g_main_context_iteration (homeless.loop.main_context, FALSE))
    continue;
  test_gate_wait (&homeless.ended);
  test_wait_until_blocked (executor);
  g_test_assert_expected_messages ();
  g_assert_cmpint (homeless.n_items, ==, 11);
  g_assert_cmpint (homeless.ledger.n_freed, ==, 1);
  g_assert_cmpint (homeless.ledger.n_freed_elsewhere, ==, 0);
  g_assert_cmpint (homeless.items.n_freed, ==, homeless.items.n_made);
  test_gate_clear (&homeless.ended);
  test_loop_close (&homeless.loop);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/iterator/foreach/all-in-order", NULL, test_all);
  ADD ("/iterator/foreach/error-after-the-items", NULL, test_error);
  ADD ("/iterator/foreach/after-some-nexts", NULL, test_after_next);
  ADD ("/iterator/foreach/stop/at-the-first", GINT_TO_POINTER (0), test_stop);
  ADD ("/iterator/foreach/stop/in-between", GINT_TO_POINTER (70), test_stop);
  ADD ("/iterator/foreach/cancel/at-the-first", GINT_TO_POINTER (0), test_cancel_inside);
  ADD ("/iterator/foreach/cancel/in-between", GINT_TO_POINTER (70), test_cancel_inside);
  ADD ("/iterator/foreach/cancel/while-it-waits", NULL, test_cancel_waiting);
  ADD ("/iterator/foreach/cancel/before", NULL, test_cancelled_before);
  ADD ("/iterator/foreach/close/in-the-function", NULL, test_close_inside);
  ADD ("/iterator/foreach/close/before", NULL, test_closed_before);
  ADD ("/iterator/foreach/nested/one-item-at-a-time", NULL, test_nested_loop);
  ADD ("/iterator/foreach/nested/other-answers-arrive", NULL, test_call_inside);
  ADD ("/iterator/foreach/dropped-in-the-function", NULL, test_drop_inside);
  g_test_add_func ("/iterator/foreach/home-goes-in-the-function", test_gone_inside);
  return g_test_run ();
}
