/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

#include <stdlib.h>

/*
 * Generators that end because of something else than their iterator: a cancellable, their executor, their main context, or the end of the
 * process. Bodies are blocked in a full queue.
 */

#define CAPACITY 4
#define WARNING "A main context went away before the work that it had asked for was done*"

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotExecutor *executor;    /* a pool of one, which tells when the body is blocked */
  GCancellable *cancellable;
  AiotIterator *iterator;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, TEST_FOR_EVER);
  fixture->executor = aiot_executor_new_pool ("cancel", 1);
  fixture->cancellable = g_cancellable_new ();
  fixture->iterator = test_body_iterate (&fixture->body, fixture->executor, CAPACITY, fixture->cancellable);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_body_clear (&fixture->body);
  g_assert_finalize_object (g_steal_pointer (&fixture->cancellable));
  g_object_unref (fixture->executor);
  test_loop_close (&fixture->loop);
}

/* --- the cancellable, and the executor --- */

static void
cancel_here (Fixture *fixture)
{
  g_cancellable_cancel (fixture->cancellable);
}

static gpointer
cancel_in_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
cancel_elsewhere (Fixture *fixture)
{
  g_thread_join (g_thread_new ("canceller", cancel_in_thread, fixture->cancellable));
}

static void
shut_down (Fixture *fixture)
{
  g_assert_true (aiot_executor_shutdown_sync (fixture->executor, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, NULL));
  g_assert_true (test_gate_is_open (&fixture->body.ended));
}

typedef struct
{
  const char *path;
  void (*cancel) (Fixture *fixture);
} Way;

static const Way ways[] = {
  { "/generator/cancel/by-its-cancellable", cancel_here },
  { "/generator/cancel/by-its-cancellable-in-another-thread", cancel_elsewhere },
  { "/generator/cancel/by-the-shutdown-of-its-executor", shut_down },
};

/* The body is told; what it had emitted is still there, and after that it is told why there is no more. */
static void
test_blocked (Fixture       *fixture,
              gconstpointer  data)
{
  const Way *way = data;

  test_assert_next (fixture->iterator, 0);
  test_wait_until_blocked (fixture->executor);
  way->cancel (fixture);
  test_gate_wait (&fixture->body.ended);
  g_assert_error (fixture->body.stopped_by, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  for (int i = 1; i < fixture->body.n_emitted; i++)
    test_assert_next (fixture->iterator, i);
  test_assert_next_fails (fixture->iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_closed (fixture->iterator);
}

static void
test_queued (Fixture       *fixture,
             gconstpointer  data)
{
  const Way *way = data;
  TestHeld held;
  TestAnswer next = { 0 }, shut_down_answer = { 0 };

  test_held_start (&held, fixture->executor);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &next);
  g_assert_cmpuint (aiot_executor_get_n_queued (fixture->executor), ==, 1);
  if (way->cancel == shut_down)
    aiot_executor_shutdown_async (fixture->executor, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL,
                                  test_answer_cb, &shut_down_answer);
  else
    way->cancel (fixture);
  test_assert_answer_fails (&next, fixture->iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_closed (fixture->iterator);
  g_assert_cmpuint (aiot_executor_get_n_queued (fixture->executor), ==, 0);

  test_held_end (&held);
  if (way->cancel == shut_down)
    test_answer_wait (&shut_down_answer, fixture->loop.main_context);
  test_answer_clear (&shut_down_answer);
  g_assert_cmpint (fixture->body.n_run, ==, 0);
}

/* It was closed, so nobody is told of it any more; and the cancellable does not keep anything. */
static void
test_after_close (Fixture       *fixture,
                  gconstpointer  data)
{
  const Way *way = data;

  test_assert_next (fixture->iterator, 0);
  test_wait_until_blocked (fixture->executor);
  aiot_iterator_close (fixture->iterator);
  test_gate_wait (&fixture->body.ended);
  way->cancel (fixture);
  g_assert_error (fixture->body.stopped_by, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_closed (fixture->iterator);
}

/* The cancellable of the caller is for the caller to cancel. */
static void
test_cancellable_is_left_alone (Fixture       *fixture,
                                gconstpointer  data)
{
  test_assert_next (fixture->iterator, 0);
  aiot_iterator_close (fixture->iterator);
  test_gate_wait (&fixture->body.ended);
  g_assert_false (g_cancellable_is_cancelled (fixture->cancellable));
}

/* --- home goes away --- */

/* Here nothing is at home any more: what ends, and what is left, is looked at by hand. */
typedef struct
{
  TestLoop loop;
  AiotExecutor *executor;
  AiotIterator *iterator;
  TestLedger items;
  TestGate ended;
  TestGate freed;
  GThread *worker;
  GThread *freed_in;
  GError *stopped_by;
} Homeless;

static gboolean
emit_homeless (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  Homeless *homeless = user_data;

  homeless->worker = g_thread_self ();
  for (int i = 0; test_emit_number (generator, &homeless->items, i, &homeless->stopped_by); i++)
    continue;
  g_propagate_error (error, g_error_copy (homeless->stopped_by));
  test_gate_open (&homeless->ended);
  return FALSE;
}

static void
free_homeless (gpointer user_data)
{
  Homeless *homeless = user_data;

  homeless->freed_in = g_thread_self ();
  test_gate_open (&homeless->freed);
}

static void
homeless_start (Homeless *homeless)
{
  test_loop_open (&homeless->loop);
  homeless->items.home = g_thread_self ();
  homeless->executor = aiot_executor_new_pool ("homeless", 1);
  homeless->iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_homeless, homeless, free_homeless,
                                                                  homeless->executor, CAPACITY, NULL));
  test_assert_next (homeless->iterator, 0);
  test_wait_until_blocked (homeless->executor);
}

static void
homeless_clear (Homeless *homeless)
{
  test_gate_wait (&homeless->ended);
  g_assert_error (homeless->stopped_by, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_gate_wait (&homeless->freed);
  g_assert_true (homeless->freed_in == homeless->worker);
  /* The thread has nothing left to do for it. */
  test_wait_until_blocked (homeless->executor);
  g_test_assert_expected_messages ();
  g_assert_cmpint (homeless->items.n_freed, ==, homeless->items.n_made);
  g_clear_error (&homeless->stopped_by);
  g_clear_object (&homeless->executor);
  test_gate_clear (&homeless->ended);
  test_gate_clear (&homeless->freed);
}

static gpointer
abandon_in_thread (gpointer main_context)
{
  aiot_main_context_abandon (main_context);
  return NULL;
}

static void
test_abandoned (gconstpointer elsewhere)
{
  Homeless homeless = { 0 };
  TestAnswer next = { 0 };

  homeless_start (&homeless);
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  if (GPOINTER_TO_INT (elsewhere))
    g_thread_join (g_thread_new ("abandoner", abandon_in_thread, homeless.loop.main_context));
  else
    aiot_main_context_abandon (homeless.loop.main_context);

  /* It is over, for others too, and a new start at this main context changes nothing about it. */
  aiot_iterator_next_async (homeless.iterator, NULL, test_answer_cb, &next);
  test_assert_answer_fails (&next, homeless.iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_closed (homeless.iterator);
  test_drop (&homeless.iterator);
  test_loop_close (&homeless.loop);
  homeless_clear (&homeless);
}

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

/* Who waited there is not called back any more, and does not keep the iterator. */
static void
test_abandoned_with_next (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("held", 1);
  TestHeld held;
  TestBody body;
  AiotIterator *iterator;

  test_held_start (&held, executor);
  test_loop_open (&loop);
  test_body_init (&body, TEST_FOR_EVER);
  iterator = test_body_iterate (&body, executor, 1, NULL);
  aiot_iterator_next_async (iterator, NULL, never_called_cb, NULL);
  aiot_main_context_abandon (loop.main_context);
  test_drop (&iterator);
  test_loop_close (&loop);
  g_assert_cmpint (body.n_run, ==, 0);
  g_assert_cmpint (body.n_freed, ==, 1);

  test_held_end (&held);
  test_body_clear (&body);
}

static gpointer
start_and_end_thread (gpointer data)
{
  Homeless *homeless = data;
  GMainContext *main_context = g_main_context_new ();

  test_loop_watch (&homeless->loop, main_context);
  g_main_context_push_thread_default (main_context);
  homeless->items.home = g_thread_self ();
  homeless->iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_homeless, homeless, free_homeless,
                                                                  homeless->executor, CAPACITY, NULL));
  test_assert_next (homeless->iterator, 0);
  test_wait_until_blocked (homeless->executor);
  g_main_context_pop_thread_default (main_context);
  g_main_context_unref (main_context);
  return NULL;
}

/* The thread that had asked ends; others may still have the iterator. */
static void
test_thread_ends (void)
{
  Homeless homeless = { .executor = aiot_executor_new_pool ("homeless", 1) };

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  g_thread_join (g_thread_new ("program", start_and_end_thread, &homeless));
  g_assert_cmpint (g_atomic_int_get (&homeless.loop.n_finalized), ==, 1);
  test_gate_wait (&homeless.ended);
  test_assert_closed (homeless.iterator);
  test_drop (&homeless.iterator);
  homeless_clear (&homeless);
}

/* --- the process ends --- */

static gboolean
say_when_stopped (AiotGenerator  *generator,
                  gpointer        user_data,
                  GError        **error)
{
  while (aiot_generator_emit_int64 (generator, 1, error))
    continue;
  g_print ("cleaned up\n");
  return FALSE;
}

static void
exit_while_blocked (AiotExecutor *executor)
{
  AiotIterator *iterator;
  TestAnswer answer;

  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (say_when_stopped, NULL, NULL, executor, 1, NULL));
  g_assert_nonnull (test_next (iterator, &answer, NULL));
  exit (0);
}

/* One that is waited for has time to clean up. */
static void
test_exit_joined (void)
{
  if (g_test_subprocess ())
    exit_while_blocked (aiot_executor_new_separate ("joined", FALSE));

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*cleaned up*");
  g_test_trap_assert_stderr ("");
}

/* One of a pool is told, and may or may not come as far as that. */
static void
test_exit_pool (void)
{
  if (g_test_subprocess ())
    exit_while_blocked (NULL);

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *blocked = g_strconcat (ways[i].path, "/while-blocked", NULL);
      g_autofree char *queued = g_strconcat (ways[i].path, "/while-queued", NULL);
      g_autofree char *closed = g_strconcat (ways[i].path, "/when-closed", NULL);

      ADD (blocked, &ways[i], test_blocked);
      ADD (queued, &ways[i], test_queued);
      ADD (closed, &ways[i], test_after_close);
    }
  ADD ("/generator/cancel/close-leaves-the-cancellable-alone", NULL, test_cancellable_is_left_alone);
  g_test_add_data_func ("/generator/gone/abandoned-at-home", GINT_TO_POINTER (FALSE), test_abandoned);
  g_test_add_data_func ("/generator/gone/abandoned-by-another-thread", GINT_TO_POINTER (TRUE), test_abandoned);
  g_test_add_func ("/generator/gone/abandoned-with-a-next-in-flight", test_abandoned_with_next);
  g_test_add_func ("/generator/gone/thread-ends", test_thread_ends);
  g_test_add_func ("/generator/exit/in-a-separate-thread", test_exit_joined);
  g_test_add_func ("/generator/exit/in-a-pool", test_exit_pool);
  return g_test_run ();
}
