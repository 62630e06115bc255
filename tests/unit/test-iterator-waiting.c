/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/*
 * Those who wait for an item: they may leave, wait on main contexts of their own, and ask again from within. The only thread of the executor
 * is held until they all wait.
 */

#define N_ITEMS 5

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotExecutor *executor;    /* a pool of one */
  TestHeld held;
  AiotIterator *iterator;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, N_ITEMS);
  fixture->executor = aiot_executor_new_pool ("waiting", 1);
  fixture->iterator = test_body_iterate (&fixture->body, fixture->executor, AIOT_CAPACITY_DEFAULT, NULL);
  test_held_start (&fixture->held, fixture->executor);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  test_held_let_go (&fixture->held);
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_body_clear (&fixture->body);
  test_held_end (&fixture->held);
  g_object_unref (fixture->executor);
  test_loop_close (&fixture->loop);
}

static void
let_go (Fixture *fixture)
{
  test_held_let_go (&fixture->held);
}

/* All is there before home looks. */
static void
let_go_to_the_end (Fixture *fixture)
{
  let_go (fixture);
  test_gate_wait (&fixture->body.ended);
}

/* --- leaving --- */

/* The second of three leaves before there is anything; the third gets what it would have got. */
static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answers[3] = { { 0 } };

  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answers[0]);
  aiot_iterator_next_async (fixture->iterator, cancellable, test_answer_cb, &answers[1]);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answers[2]);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (answers[1].n_called, ==, 0);
  test_assert_answer_fails (&answers[1], fixture->iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (answers[0].n_called, ==, 0);

  let_go (fixture);
  test_assert_answer_number (&answers[0], fixture->iterator, 0);
  test_assert_answer_number (&answers[2], fixture->iterator, 1);
  g_assert_false (aiot_iterator_is_closed (fixture->iterator));
  for (int i = 2; i < N_ITEMS; i++)
    test_assert_next (fixture->iterator, i);
  test_assert_end (fixture->iterator);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* An item was promised to it already, and is on its way. */
static void
test_cancelled_with_promise (Fixture       *fixture,
                             gconstpointer  many)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer left = { 0 }, behind = { 0 };

  if (GPOINTER_TO_INT (many))
    aiot_iterator_next_many_async (fixture->iterator, 2, 3, cancellable, test_answer_cb, &left);
  else
    aiot_iterator_next_async (fixture->iterator, cancellable, test_answer_cb, &left);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &behind);
  let_go_to_the_end (fixture);
  g_cancellable_cancel (cancellable);

  test_assert_answer_number (&behind, fixture->iterator, 0);
  test_answer_wait (&left, fixture->loop.main_context);
  if (GPOINTER_TO_INT (many))
    {
      g_autoptr (AiotBatch) batch = NULL;
      g_autoptr (GError) error = NULL;

      batch = aiot_iterator_next_many_finish (fixture->iterator, left.result, &error);
      g_assert_null (batch);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      test_answer_clear (&left);
    }
  else
    {
      test_assert_answer_fails (&left, fixture->iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  for (int i = 1; i < N_ITEMS; i++)
    test_assert_next (fixture->iterator, i);
}

static void
test_cancelled_before (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answer = { 0 };

  g_cancellable_cancel (cancellable);
  aiot_iterator_next_async (fixture->iterator, cancellable, test_answer_cb, &answer);
  g_assert_cmpint (answer.n_called, ==, 0);
  test_assert_answer_fails (&answer, fixture->iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  let_go (fixture);
  for (int i = 0; i < N_ITEMS; i++)
    test_assert_next (fixture->iterator, i);
}

typedef struct
{
  GCancellable *cancellable;
  TestAnswer answer;
} Cancelling;

static void
cancel_and_note_cb (GObject      *source_object,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Cancelling *self = user_data;

  g_cancellable_cancel (self->cancellable);
  test_answer_cb (source_object, result, &self->answer);
}

/* Called back is called back: finish gives the item, cancelled or not. */
static void
test_cancelled_too_late (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Cancelling self = { .cancellable = cancellable };

  aiot_iterator_next_async (fixture->iterator, cancellable, cancel_and_note_cb, &self);
  let_go (fixture);
  test_assert_answer_number (&self.answer, fixture->iterator, 0);
  test_assert_next (fixture->iterator, 1);
}

/* A handler of the program runs a main loop, and the answer arrives in there. */
static void
test_nested_loop_in_handler (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answer = { 0 };

  g_main_context_pop_thread_default (fixture->loop.main_context);
  aiot_iterator_next_async (fixture->iterator, cancellable, test_answer_cb, &answer);
  g_cancellable_connect (cancellable, G_CALLBACK (test_answer_wait_in_handler), &answer, NULL);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (answer.n_called, ==, 1);
  test_assert_answer_fails (&answer, fixture->iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_main_context_push_thread_default (fixture->loop.main_context);
}

/* --- main contexts --- */

typedef struct
{
  AiotIterator *iterator;
  TestGate asked;
  TestAnswer answer;
  gint64 number;
  gboolean leaves;
} Visitor;

/* Asks on a main context of its own, and is answered there, or leaves with it. */
static gpointer
visit (gpointer data)
{
  Visitor *visitor = data;
  TestLoop loop;

  test_loop_open (&loop);
  aiot_iterator_next_async (visitor->iterator, NULL, test_answer_cb, &visitor->answer);
  if (visitor->leaves)
    {
      aiot_main_context_abandon (loop.main_context);
    }
  else
    {
      test_gate_open (&visitor->asked);
      test_answer_wait (&visitor->answer, loop.main_context);
      g_assert_true (visitor->answer.thread == g_thread_self ());
      g_assert_true (visitor->answer.main_context == loop.main_context);
      visitor->number = test_number (aiot_iterator_next_finish (visitor->iterator, visitor->answer.result, NULL));
      test_answer_clear (&visitor->answer);
    }
  test_loop_close (&loop);
  test_gate_open (&visitor->asked);
  return NULL;
}

/* Which of them comes first to take its item is for their threads to find out. */
static void
test_own_context (Fixture       *fixture,
                  gconstpointer  data)
{
  Visitor visitor = { .iterator = fixture->iterator };
  TestAnswer before = { 0 }, behind = { 0 };
  TestAnswer *own[] = { &before, &behind };
  gint64 seen;
  GThread *thread;

  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &before);
  thread = g_thread_new ("visitor", visit, &visitor);
  test_gate_wait (&visitor.asked);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &behind);
  let_go (fixture);
  g_thread_join (thread);
  /* What the visitor got was the visitor's to free. */
  g_assert_cmpint (fixture->body.items.n_freed_elsewhere, ==, 1);
  fixture->body.items.n_freed_elsewhere = 0;
  seen = 1 << visitor.number;
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    {
      test_answer_wait (own[i], fixture->loop.main_context);
      seen |= 1 << test_number (aiot_iterator_next_finish (fixture->iterator, own[i]->result, NULL));
      test_answer_clear (own[i]);
    }
  g_assert_cmpint (seen, ==, 7);
  test_assert_next (fixture->iterator, 3);
  test_gate_clear (&visitor.asked);
}

/* A main context that goes while it waits takes nothing with it, and does not close what others use. */
static void
test_own_context_goes (Fixture       *fixture,
                       gconstpointer  data)
{
  Visitor visitor = { .iterator = fixture->iterator, .leaves = TRUE };
  TestAnswer behind = { 0 };

  g_thread_join (g_thread_new ("visitor", visit, &visitor));
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &behind);
  let_go (fixture);
  test_assert_answer_number (&behind, fixture->iterator, 0);
  g_assert_cmpint (visitor.answer.n_called, ==, 0);
  for (int i = 1; i < N_ITEMS; i++)
    test_assert_next (fixture->iterator, i);
  test_assert_end (fixture->iterator);
  test_gate_clear (&visitor.asked);
}

/* --- from within --- */

typedef struct
{
  Fixture *fixture;
  int depth;
  int n_called;
} Nest;

/* Each callback waits for the next item in a main loop of its own. */
static void
take_next_inside_cb (GObject      *source_object,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  Nest *nest = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, &error);
  int number = nest->n_called;

  g_assert_no_error (error);
  nest->n_called++;
  if (value == NULL)
    {
      g_assert_cmpint (number, ==, N_ITEMS);
      return;
    }

  aiot_iterator_next_async (AIOT_ITERATOR (source_object), NULL, take_next_inside_cb, nest);
  g_assert_cmpint (nest->n_called, ==, number + 1);
  test_iterate_until (nest->fixture->loop.main_context, &nest->n_called, number + 2);
  g_assert_cmpint (test_number (value), ==, number);
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  Nest nest = { .fixture = fixture };

  aiot_iterator_next_async (fixture->iterator, NULL, take_next_inside_cb, &nest);
  let_go (fixture);
  test_iterate_until (fixture->loop.main_context, &nest.n_called, 1);
  g_assert_cmpint (nest.n_called, ==, N_ITEMS + 1);
}

static void
drop_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Fixture *fixture = user_data;

  /* The result still has one, so this does not close it yet. */
  g_object_unref (g_steal_pointer (&fixture->iterator));
  g_assert_nonnull (aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, NULL));
  g_assert_cmpint (fixture->body.n_freed, ==, 0);
}

/* Whoever gives up the iterator in a callback need not keep anything. */
static void
test_dropped_in_callback (Fixture       *fixture,
                          gconstpointer  data)
{
  fixture->body.n_items = TEST_FOR_EVER;
  aiot_iterator_next_async (fixture->iterator, NULL, drop_cb, fixture);
  let_go (fixture);
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
  g_assert_error (fixture->body.stopped_by, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* Whoever waits keeps the iterator. */
static void
test_dropped_while_waiting (Fixture       *fixture,
                            gconstpointer  data)
{
  TestAnswer answer = { 0 };
  AiotIterator *iterator = fixture->iterator;

  aiot_iterator_next_async (iterator, NULL, test_answer_cb, &answer);
  g_object_unref (g_steal_pointer (&fixture->iterator));
  let_go (fixture);
  test_assert_answer_number (&answer, iterator, 0);
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
}

static void
test_without_callback (Fixture       *fixture,
                       gconstpointer  data)
{
  aiot_iterator_next_async (fixture->iterator, NULL, NULL, NULL);
  let_go (fixture);
  test_assert_next (fixture->iterator, 1);
  g_assert_cmpint (fixture->body.items.n_freed, >=, 1);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/iterator/next/cancel/takes-no-item", NULL, test_cancelled);
  ADD ("/iterator/next/cancel/passes-its-promise-on", GINT_TO_POINTER (FALSE), test_cancelled_with_promise);
  ADD ("/iterator/next/cancel/passes-many-promises-on", GINT_TO_POINTER (TRUE), test_cancelled_with_promise);
  ADD ("/iterator/next/cancel/before", NULL, test_cancelled_before);
  ADD ("/iterator/next/cancel/too-late-in-the-callback", NULL, test_cancelled_too_late);
  ADD ("/iterator/next/cancel/nested-loop-in-handler", NULL, test_nested_loop_in_handler);
  ADD ("/iterator/next/own-main-context", NULL, test_own_context);
  ADD ("/iterator/next/own-main-context-goes", NULL, test_own_context_goes);
  ADD ("/iterator/next/nested-loops", NULL, test_nested);
  ADD ("/iterator/next/dropped-in-the-callback", NULL, test_dropped_in_callback);
  ADD ("/iterator/next/dropped-while-waiting", NULL, test_dropped_while_waiting);
  ADD ("/iterator/next/without-callback", NULL, test_without_callback);
  return g_test_run ();
}
