/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/* A generator starts when somebody asks for its first item, whichever way, and otherwise never. */

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotExecutor *executor;    /* a pool of one */
  AiotIterator *iterator;
  GValue taken;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, 3);
  fixture->executor = aiot_executor_new_pool ("lazy", 1);
  fixture->iterator = test_body_iterate (&fixture->body, fixture->executor, AIOT_CAPACITY_DEFAULT, NULL);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_body_clear (&fixture->body);
  g_object_unref (fixture->executor);
  test_loop_close (&fixture->loop);
}

static void
assert_nothing_started (Fixture *fixture)
{
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->executor), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_running (fixture->executor), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_queued (fixture->executor), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&fixture->body.n_run), ==, 0);
}

/* --- no thread --- */

static gboolean
emit_one (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  return aiot_generator_emit_int64 (generator, 1, error);
}

static void
test_no_thread (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (emit_one, NULL, NULL);
      g_autoptr (AiotThreadedIterator) unused = aiot_threaded_iterable_iterate (iterable, NULL, NULL);
      g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterable_iterate (iterable, NULL, NULL);
      TestAnswer answer;

      while (g_main_context_iteration (NULL, FALSE))
        continue;
      g_assert_cmpuint (test_count_threads (), ==, 1);

      g_assert_nonnull (test_next (AIOT_ITERATOR (iterator), &answer, NULL));
      g_assert_cmpuint (test_count_threads (), ==, 2);
      g_assert_false (aiot_iterator_is_closed (AIOT_ITERATOR (unused)));
      test_answer_clear (&answer);
      return;
    }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  g_test_skip ("the sanitizer has a thread of its own");
#else
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
#endif
}

static void
test_nothing_at_construction (Fixture       *fixture,
                              gconstpointer  data)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
  g_assert_false (aiot_iterator_is_closed (fixture->iterator));
  assert_nothing_started (fixture);
}

/* --- what starts it --- */

/* Nothing was set up before, and nothing else is waited for. */
static void
test_bare_next (Fixture       *fixture,
                gconstpointer  data)
{
  test_assert_next (fixture->iterator, 0);
  g_assert_cmpint (fixture->body.n_run, ==, 1);
}

static void
test_several_nexts_start_once (Fixture       *fixture,
                               gconstpointer  data)
{
  TestAnswer answers[3] = { { 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    test_assert_answer_number (&answers[i], fixture->iterator, i);
  test_assert_end (fixture->iterator);
  g_assert_cmpint (fixture->body.n_run, ==, 1);
}

static void
test_next_many_starts (Fixture       *fixture,
                       gconstpointer  data)
{
  TestAnswer answer = { 0 };
  g_autoptr (AiotBatch) batch = NULL;

  aiot_iterator_next_many_async (fixture->iterator, 3, 10, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  batch = aiot_iterator_next_many_finish (fixture->iterator, answer.result, NULL);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, 3);
  test_answer_clear (&answer);
}

/* There is nothing yet for whoever does not wait, but there will be. */
static void
test_try_next_starts (Fixture       *fixture,
                      gconstpointer  data)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;
  TestHeld held;

  /* So that it can't be that fast. */
  test_held_start (&held, fixture->executor);
  g_assert_false (aiot_iterator_try_next (fixture->iterator, &value, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_held_let_go (&held);
  test_gate_wait (&fixture->body.ended);
  g_assert_true (aiot_iterator_try_next (fixture->iterator, &value, NULL));
  g_assert_cmpint (test_number (&value), ==, 0);
  test_held_end (&held);
}

static void
test_try_next_many_starts (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;
  TestHeld held;

  test_held_start (&held, fixture->executor);
  g_assert_null (aiot_iterator_try_next_many (fixture->iterator, 10, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_held_let_go (&held);
  test_gate_wait (&fixture->body.ended);
  batch = aiot_iterator_try_next_many (fixture->iterator, 10, NULL);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, 3);
  test_held_end (&held);
}

static gboolean
count_items (const GValue *item,
             gpointer      user_data)
{
  (*(int *) user_data)++;
  return TRUE;
}

static void
test_foreach_starts (Fixture       *fixture,
                     gconstpointer  data)
{
  TestAnswer answer = { 0 };
  int n_items = 0;

  aiot_iterator_foreach_async (fixture->iterator, count_items, &n_items, NULL, NULL, test_answer_cb, &answer);
  g_assert_cmpint (n_items, ==, 0);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_true (aiot_iterator_foreach_finish (fixture->iterator, answer.result, NULL));
  g_assert_cmpint (n_items, ==, 3);
  test_answer_clear (&answer);
}

static gpointer
take_first (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GError) error = NULL;

  g_assert_true (aiot_iterator_next_sync (fixture->iterator, &fixture->taken, NULL, &error));
  g_assert_no_error (error);
  return NULL;
}

static void
test_next_sync_starts (Fixture       *fixture,
                       gconstpointer  data)
{
  g_thread_join (g_thread_new ("consumer", take_first, fixture));
  g_assert_cmpint (fixture->body.n_run, ==, 1);
  g_assert_cmpint (test_number (&fixture->taken), ==, 0);
  g_value_unset (&fixture->taken);
}

static void
test_length_does_not_start (Fixture       *fixture,
                            gconstpointer  data)
{
  AiotThreadedIterator *iterator = AIOT_THREADED_ITERATOR (fixture->iterator);
  g_autoptr (AiotProgress) progress = NULL;
  guint capacity;

  g_object_get (iterator, "capacity", &capacity, "progress", &progress, NULL);
  g_assert_cmpuint (capacity, ==, aiot_get_default_capacity ());
  g_assert_true (progress == aiot_threaded_iterator_get_progress (iterator));
  g_assert_cmpuint (aiot_threaded_iterator_get_length (iterator), ==, 0);
  g_assert_cmpuint (aiot_threaded_iterator_get_peak_length (iterator), ==, 0);
  assert_nothing_started (fixture);
}

/* The iterable is only how an iterator is made. */
static void
test_iterable_dropped (void)
{
  TestLoop loop;
  TestBody body;
  AiotThreadedIterable *iterable;
  AiotIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, 2);
  iterable = aiot_threaded_iterable_new (test_body_func, &body, test_body_free);
  iterator = AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, NULL, NULL));
  g_object_unref (iterable);
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  g_assert_cmpint (body.n_freed, ==, 0);
  test_assert_next (iterator, 0);
  test_assert_next (iterator, 1);
  test_assert_end (iterator);
  test_drop (&iterator);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* --- what never starts --- */

static void
test_closed_before (Fixture       *fixture,
                    gconstpointer  data)
{
  aiot_iterator_close (fixture->iterator);
  test_assert_closed (fixture->iterator);
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
  assert_nothing_started (fixture);
}

static void
test_dropped_before (Fixture       *fixture,
                     gconstpointer  data)
{
  test_drop (&fixture->iterator);
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
  assert_nothing_started (fixture);
}

static void
test_dropped_elsewhere (Fixture       *fixture,
                        gconstpointer  data)
{
  test_unref_in_another_thread (g_steal_pointer (&fixture->iterator));
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
  assert_nothing_started (fixture);
}

/* It does not wait for what it never asked for. */
static void
test_close_async_before (Fixture       *fixture,
                         gconstpointer  data)
{
  TestHeld held;
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  test_held_start (&held, fixture->executor);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &answer);
  g_assert_cmpint (answer.n_called, ==, 0);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_true (aiot_iterator_close_finish (fixture->iterator, answer.result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (fixture->body.n_freed, ==, 1);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->executor), ==, 1);
  test_answer_clear (&answer);
  test_held_end (&held);
}

static void
test_cancelled_before (void)
{
  TestLoop loop;
  TestBody body;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("cancelled", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  AiotIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, 2);
  iterator = test_body_iterate (&body, executor, AIOT_CAPACITY_DEFAULT, cancellable);
  g_cancellable_cancel (cancellable);
  test_assert_next_fails (iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_closed (iterator);
  test_drop (&iterator);
  test_body_clear (&body);
  g_assert_cmpint (body.n_run, ==, 0);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)
  g_test_add_func ("/generator/lazy/no-thread-before-the-first-next", test_no_thread);
  ADD ("/generator/lazy/nothing-at-construction", test_nothing_at_construction);
  ADD ("/generator/lazy/started-by/a-bare-next", test_bare_next);
  ADD ("/generator/lazy/started-by/several-nexts-once", test_several_nexts_start_once);
  ADD ("/generator/lazy/started-by/next-many", test_next_many_starts);
  ADD ("/generator/lazy/started-by/try-next", test_try_next_starts);
  ADD ("/generator/lazy/started-by/try-next-many", test_try_next_many_starts);
  ADD ("/generator/lazy/started-by/foreach", test_foreach_starts);
  ADD ("/generator/lazy/started-by/next-sync", test_next_sync_starts);
  ADD ("/generator/lazy/not-started-by/looking", test_length_does_not_start);
  g_test_add_func ("/generator/lazy/without-its-iterable", test_iterable_dropped);
  ADD ("/generator/lazy/never/closed", test_closed_before);
  ADD ("/generator/lazy/never/dropped", test_dropped_before);
  ADD ("/generator/lazy/never/dropped-on-another-thread", test_dropped_elsewhere);
  ADD ("/generator/lazy/never/close-async-does-not-wait", test_close_async_before);
  g_test_add_func ("/generator/lazy/never/cancelled", test_cancelled_before);
  return g_test_run ();
}
