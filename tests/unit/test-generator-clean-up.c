/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

#include <sys/socket.h>

/* Bodies that are told to stop: how they hear of it, that they clean up, and who waits for that. */

#define CAPACITY 4

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotExecutor *executor;    /* a pool of one, which tells when the body is blocked */
  AiotIterator *iterator;
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

/* --- close_async --- */

static void
assert_closed_well (Fixture    *fixture,
                    TestAnswer *answer)
{
  g_autoptr (GError) error = NULL;

  test_answer_wait (answer, fixture->loop.main_context);
  g_assert_cmpint (answer->n_called, ==, 1);
  g_assert_true (answer->thread == g_thread_self ());
  g_assert_true (aiot_iterator_close_finish (fixture->iterator, answer->result, &error));
  g_assert_no_error (error);
  test_answer_clear (answer);
}

/* All that wait hear of it when the body has cleaned up and its data is freed, not before. */
static void
test_close_async (Fixture       *fixture,
                  gconstpointer  data)
{
  TestAnswer answers[2] = { { 0 } }, late = { 0 };

  fixture->body.cleans_up_slowly = TRUE;
  start_and_block (fixture);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &answers[0]);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  test_gate_wait (&fixture->body.cleaning_up);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &answers[1]);
  iterate_now (fixture);
  g_assert_cmpint (answers[0].n_called, ==, 0);
  g_assert_cmpint (answers[1].n_called, ==, 0);

  test_gate_open (&fixture->body.may_clean_up);
  assert_closed_well (fixture, &answers[0]);
  g_assert_true (test_gate_is_open (&fixture->body.ended));
  g_assert_cmpint (fixture->body.n_freed, ==, 1);
  g_assert_cmpint (fixture->body.items.n_freed, ==, fixture->body.items.n_made);
  assert_closed_well (fixture, &answers[1]);

  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &late);
  g_assert_cmpint (late.n_called, ==, 0);
  assert_closed_well (fixture, &late);
}

/* Its cancellable ends the waiting, and nothing else. */
static void
test_close_async_cancelled (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer left = { 0 }, waited = { 0 };
  g_autoptr (GError) error = NULL;

  fixture->body.cleans_up_slowly = TRUE;
  start_and_block (fixture);
  aiot_iterator_close_async (fixture->iterator, cancellable, test_answer_cb, &left);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &waited);
  test_gate_wait (&fixture->body.cleaning_up);
  g_cancellable_cancel (cancellable);
  test_answer_wait (&left, fixture->loop.main_context);
  g_assert_false (aiot_iterator_close_finish (fixture->iterator, left.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  g_assert_cmpint (waited.n_called, ==, 0);
  test_answer_clear (&left);

  test_gate_open (&fixture->body.may_clean_up);
  assert_closed_well (fixture, &waited);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* The body had ended by itself. */
static void
test_close_async_after_end (Fixture       *fixture,
                            gconstpointer  data)
{
  TestAnswer answer = { 0 };

  fixture->body.n_items = 1;
  test_assert_next (fixture->iterator, 0);
  test_assert_end (fixture->iterator);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &answer);
  assert_closed_well (fixture, &answer);
  g_assert_null (fixture->body.stopped_by);
}

/* It may be dropped at once, and is told all the same. */
static void
test_close_async_and_drop (Fixture       *fixture,
                           gconstpointer  data)
{
  TestAnswer answer = { 0 };
  AiotIterator *iterator;

  fixture->body.cleans_up_slowly = TRUE;
  start_and_block (fixture);
  iterator = g_steal_pointer (&fixture->iterator);
  aiot_iterator_close_async (iterator, NULL, test_answer_cb, &answer);
  g_object_unref (iterator);
  test_gate_open (&fixture->body.may_clean_up);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_true (aiot_iterator_close_finish (iterator, answer.result, NULL));
  g_assert_true (test_gate_is_open (&fixture->body.ended));
  test_answer_clear (&answer);
}

/* --- the body --- */

/* It waits in no function of this library, but in one that can be cancelled. */
static gboolean
read_for_ever (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  TestBody *body = user_data;
  g_autoptr (GSocket) socket = NULL;
  int ends[2];
  char byte;

  g_atomic_int_inc (&body->n_run);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  socket = g_socket_new_from_fd (ends[0], NULL);
  test_gate_open (&body->running);
  g_assert_cmpint (g_socket_receive (socket, &byte, 1, aiot_generator_get_cancellable (generator), &body->stopped_by), ==, -1);
  g_assert_true (aiot_generator_is_closed (generator));
  g_assert_false (aiot_generator_emit_int64 (generator, 1, error));
  close (ends[1]);
  test_gate_open (&body->ended);
  return FALSE;
}

static void
test_cancels_blocking_call (void)
{
  TestLoop loop;
  TestBody body;
  TestAnswer next = { 0 };
  AiotIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, 0);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (read_for_ever, &body, test_body_free, NULL, 1, NULL));
  aiot_iterator_next_async (iterator, NULL, test_answer_cb, &next);
  test_gate_wait (&body.running);
  aiot_iterator_close (iterator);
  test_gate_wait (&body.ended);
  g_assert_error (body.stopped_by, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_answer_fails (&next, iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_drop (&iterator);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* Emits go on failing for a body that does not listen, and free what they take. */
static gboolean
emit_stubbornly (AiotGenerator  *generator,
                 gpointer        user_data,
                 GError        **error)
{
  TestBody *body = user_data;
  int n_failed = 0;

  g_atomic_int_inc (&body->n_run);
  for (int i = 0; n_failed < 100; i++)
    {
      g_autoptr (GError) own_error = NULL;

      if (!test_emit_number (generator, &body->items, i, &own_error))
        {
          g_assert_error (own_error, AIOT_ERROR, AIOT_ERROR_CLOSED);
          g_assert_true (aiot_generator_is_closed (generator));
          n_failed++;
        }
    }
  test_gate_wait (&body->may_clean_up);
  g_assert_true (g_cancellable_is_cancelled (aiot_generator_get_cancellable (generator)));
  test_gate_open (&body->ended);
  return TRUE;
}

static void
test_emit_after_close (void)
{
  TestLoop loop;
  TestBody body;
  AiotIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, 0);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_stubbornly, &body, test_body_free, NULL, 3, NULL));
  test_assert_next (iterator, 0);
  test_drop (&iterator);
  test_gate_open (&body.may_clean_up);
  test_gate_wait (&body.ended);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* What goes wrong in the clean-up is told to nobody who asks; so it is logged, with the name. */
static void
test_clean_up_fails (Fixture       *fixture,
                     gconstpointer  data)
{
  TestAnswer answer = { 0 };

  fixture->body.clean_up_domain = G_FILE_ERROR;
  fixture->body.cleans_up_slowly = TRUE;
  start_and_block (fixture);
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "*the clean-up failed*");
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_gate_open (&fixture->body.may_clean_up);
  assert_closed_well (fixture, &answer);
  g_test_assert_expected_messages ();
  test_assert_closed (fixture->iterator);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)
  ADD ("/generator/close-async/after-the-clean-up", test_close_async);
  ADD ("/generator/close-async/cancelled-ends-the-waiting", test_close_async_cancelled);
  ADD ("/generator/close-async/after-the-end", test_close_async_after_end);
  ADD ("/generator/close-async/and-dropped", test_close_async_and_drop);
  g_test_add_func ("/generator/clean-up/blocking-call-is-cancelled", test_cancels_blocking_call);
  g_test_add_func ("/generator/clean-up/emit-fails-from-then-on", test_emit_after_close);
  ADD ("/generator/clean-up/error-is-logged", test_clean_up_fails);
  return g_test_run ();
}
