/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/*
 * What ends a generator before its end, and what is left then: nothing. Bodies are blocked in a full queue, where not said otherwise,
 * and the threads that tests wait for are woken by nothing but what is tested.
 */

#define CAPACITY 4

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotExecutor *executor;    /* a pool of one, which tells when the body is blocked */
  AiotIterator *iterator;
  TestAnswer closed;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, TEST_FOR_EVER);
  fixture->executor = aiot_executor_new_pool ("close", 1);
  fixture->iterator = test_body_iterate (&fixture->body, fixture->executor, CAPACITY, NULL);
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
iterate_now (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
}

static void
start_and_block (Fixture *fixture)
{
  test_assert_next (fixture->iterator, 0);
  test_wait_until_blocked (fixture->executor);
}

/* --- every way --- */

static void
close_here (AiotIterator *iterator,
            TestAnswer   *answer)
{
  aiot_iterator_close (iterator);
  g_assert_true (aiot_iterator_is_closed (iterator));
  g_object_unref (iterator);
}

static gpointer
close_in_thread (gpointer iterator)
{
  aiot_iterator_close (iterator);
  g_assert_true (aiot_iterator_is_closed (iterator));
  return NULL;
}

static void
close_elsewhere (AiotIterator *iterator,
                 TestAnswer   *answer)
{
  g_thread_join (g_thread_new ("closer", close_in_thread, iterator));
  g_object_unref (iterator);
}

static void
close_async (AiotIterator *iterator,
             TestAnswer   *answer)
{
  aiot_iterator_close_async (iterator, NULL, test_answer_cb, answer);
  g_object_unref (iterator);
}

static void
drop_here (AiotIterator *iterator,
           TestAnswer   *answer)
{
  g_assert_finalize_object (iterator);
}

static void
drop_elsewhere (AiotIterator *iterator,
                TestAnswer   *answer)
{
  test_unref_in_another_thread (iterator);
}

typedef struct
{
  const char *path;
  void (*close) (AiotIterator *iterator,
                 TestAnswer   *answer);
} Way;

static const Way ways[] = {
  { "/generator/close/by-the-consumer", close_here },
  { "/generator/close/by-another-thread", close_elsewhere },
  { "/generator/close/by-close-async", close_async },
  { "/generator/close/by-the-last-unref", drop_here },
  { "/generator/close/by-the-last-unref-on-another-thread", drop_elsewhere },
};

static void
close_by (Fixture   *fixture,
          const Way *way)
{
  way->close (g_steal_pointer (&fixture->iterator), &fixture->closed);
}

/* Only one of the ways tells when it is done. */
static void
wait_until_closed (Fixture   *fixture,
                   const Way *way)
{
  if (way->close == close_async)
    test_answer_wait (&fixture->closed, fixture->loop.main_context);
  test_answer_clear (&fixture->closed);
}

/* The body is woken, told, and cleans up, before home does anything. */
static void
test_way_while_blocked (Fixture       *fixture,
                        gconstpointer  data)
{
  const Way *way = data;

  start_and_block (fixture);
  close_by (fixture, way);
  test_gate_wait (&fixture->body.ended);
  g_assert_error (fixture->body.stopped_by, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
  /* One was taken, and the one that was not taken any more is freed too. */
  g_assert_cmpint (fixture->body.n_emitted, <=, 1 + CAPACITY);
  g_assert_cmpint (fixture->body.items.n_made, ==, fixture->body.n_emitted + 1);
  wait_until_closed (fixture, way);
}

/* A body that never looks at anything but what emit returns, at any moment. */
static void
test_way_while_busy (Fixture       *fixture,
                     gconstpointer  data)
{
  const Way *way = data;

  test_assert_next (fixture->iterator, 0);
  close_by (fixture, way);
  test_gate_wait (&fixture->body.ended);
  g_assert_error (fixture->body.stopped_by, AIOT_ERROR, AIOT_ERROR_CLOSED);
  wait_until_closed (fixture, way);
}

/* --- what close does --- */

static void
test_in_effect (Fixture       *fixture,
                gconstpointer  data)
{
  start_and_block (fixture);
  for (int i = 0; i < 3; i++)
    {
      aiot_iterator_close (fixture->iterator);
      test_assert_closed (fixture->iterator);
    }
  /* Those that waited are freed with it, here. */
  test_gate_wait (&fixture->body.ended);
  iterate_now (fixture);
  g_assert_cmpint (fixture->body.items.n_freed, ==, fixture->body.items.n_made);
  g_assert_cmpuint (aiot_threaded_iterator_get_length (AIOT_THREADED_ITERATOR (fixture->iterator)), ==, 0);
}

/* Whoever waits for an item hears of it; several do, in order. */
static void
test_pending (Fixture       *fixture,
              gconstpointer  data)
{
  TestHeld held;
  TestAnswer answers[3] = { { 0 } }, many = { 0 };
  g_autoptr (GError) error = NULL;

  test_held_start (&held, fixture->executor);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answers[i]);
  aiot_iterator_next_many_async (fixture->iterator, 2, 3, NULL, test_answer_cb, &many);
  aiot_iterator_close (fixture->iterator);
  g_assert_cmpint (answers[0].n_called, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    test_assert_answer_fails (&answers[i], fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_answer_wait (&many, fixture->loop.main_context);
  g_assert_null (aiot_iterator_next_many_finish (fixture->iterator, many.result, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_answer_clear (&many);
  test_held_end (&held);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
}

typedef struct
{
  Fixture *fixture;
  TestAnswer next;
} Closing;

static void
close_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Closing *closing = user_data;
  const GValue *value;

  test_answer_cb (source_object, result, &closing->next);
  aiot_iterator_close (AIOT_ITERATOR (source_object));
  /* What was handed over already is not taken away. */
  value = aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, NULL);
  g_assert_nonnull (value);
  g_assert_cmpint (test_number (value), ==, 0);
}

static void
test_in_callback (Fixture       *fixture,
                  gconstpointer  data)
{
  Closing closing = { .fixture = fixture };
  TestAnswer behind = { 0 };

  aiot_iterator_next_async (fixture->iterator, NULL, close_cb, &closing);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &behind);
  test_answer_wait (&closing.next, fixture->loop.main_context);
  test_assert_answer_fails (&behind, fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_answer_clear (&closing.next);
  test_assert_closed (fixture->iterator);
  test_gate_wait (&fixture->body.ended);
}

/* --- queued behind other work --- */

/* What never began is over at once, and takes no thread. */
static void
test_way_while_queued (Fixture       *fixture,
                       gconstpointer  data)
{
  const Way *way = data;
  g_auto (GValue) value = G_VALUE_INIT;
  TestHeld held;

  test_held_start (&held, fixture->executor);
  g_assert_false (aiot_iterator_try_next (fixture->iterator, &value, NULL));
  g_assert_cmpuint (aiot_executor_get_n_queued (fixture->executor), ==, 1);
  close_by (fixture, way);
  g_assert_cmpuint (aiot_executor_get_n_queued (fixture->executor), ==, 0);
  test_iterate_until (fixture->loop.main_context, &fixture->body.n_freed, 1);
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->executor), ==, 1);
  wait_until_closed (fixture, way);

  test_held_end (&held);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
}

/* Many are started by nothing but a look, and dropped: none takes a place of those that are wanted. */
static void
test_queued_and_dropped (Fixture       *fixture,
                         gconstpointer  data)
{
  TestHeld held;
  TestBody bodies[20];

  test_held_start (&held, fixture->executor);
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      AiotIterator *iterator;
      g_auto (GValue) value = G_VALUE_INIT;

      test_body_init (&bodies[i], TEST_FOR_EVER);
      iterator = test_body_iterate (&bodies[i], fixture->executor, 1, NULL);
      g_assert_false (aiot_iterator_try_next (iterator, &value, NULL));
      g_assert_cmpuint (aiot_executor_get_n_queued (fixture->executor), ==, 1);
      test_drop (&iterator);
      g_assert_cmpuint (aiot_executor_get_n_queued (fixture->executor), ==, 0);
    }
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->executor), ==, 1);
  test_held_end (&held);
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      test_body_clear (&bodies[i]);
      g_assert_cmpint (bodies[i].n_run, ==, 0);
    }
  test_drop (&fixture->iterator);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *blocked = g_strconcat (ways[i].path, "/while-blocked", NULL);
      g_autofree char *busy = g_strconcat (ways[i].path, "/while-busy", NULL);
      g_autofree char *queued = g_strconcat (ways[i].path, "/while-queued", NULL);

      g_test_add (blocked, Fixture, &ways[i], setup, test_way_while_blocked, teardown);
      g_test_add (busy, Fixture, &ways[i], setup, test_way_while_busy, teardown);
      g_test_add (queued, Fixture, &ways[i], setup, test_way_while_queued, teardown);
    }
  ADD ("/generator/close/in-effect-before-it-returns", test_in_effect);
  ADD ("/generator/close/answers-who-waits", test_pending);
  ADD ("/generator/close/in-a-callback", test_in_callback);
  ADD ("/generator/close/many-that-are-queued", test_queued_and_dropped);
  return g_test_run ();
}
