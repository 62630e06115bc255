/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

static void
return_number (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  g_task_return_int (task, GPOINTER_TO_INT (task_data) + 1);
}

static void
return_error (GTask        *task,
              gpointer      source_object,
              gpointer      task_data,
              GCancellable *cancellable)
{
  g_task_return_new_error (task, G_FILE_ERROR, G_FILE_ERROR_IO, "broken");
}

static void
never_runs (GTask        *task,
            gpointer      source_object,
            gpointer      task_data,
            GCancellable *cancellable)
{
  g_assert_not_reached ();
}

static void
run (GTask           *task,
     GTaskThreadFunc  func,
     TestAnswer      *answer)
{
  aiot_executor_run_task (NULL, task, func);
  test_answer_wait (answer, g_task_get_context (task));
}

static void
test_result (void)
{
  TestAnswer answer = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, test_answer_cb, &answer);
  g_autoptr (GError) error = NULL;

  g_task_set_task_data (task, GINT_TO_POINTER (41), NULL);
  run (task, return_number, &answer);
  g_assert_cmpint (g_task_propagate_int (task, &error), ==, 42);
  g_assert_no_error (error);
  g_assert_true (answer.thread == g_thread_self ());
  test_answer_clear (&answer);
}

static void
test_error (void)
{
  TestAnswer answer = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, test_answer_cb, &answer);
  g_autoptr (GError) error = NULL;

  run (task, return_error, &answer);
  g_assert_cmpint (g_task_propagate_int (task, &error), ==, -1);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_answer_clear (&answer);
}

static void
test_cancelled_before (void)
{
  TestAnswer answer = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, test_answer_cb, &answer);
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  run (task, never_runs, &answer);
  g_task_propagate_int (task, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_answer_clear (&answer);
}

/* --- the last reference --- */

typedef struct
{
  TestLedger ledger;
  TestGate called_back;
} Last;

static void
free_last (gpointer data)
{
  test_item_free (&((Last *) data)->ledger);
}

static void
return_and_linger (GTask        *task,
                   gpointer      source_object,
                   gpointer      task_data,
                   GCancellable *cancellable)
{
  Last *last = task_data;

  g_task_return_boolean (task, TRUE);
  /* The task has been delivered and released everywhere else: the worker has the last reference. */
  test_gate_wait (&last->called_back);
}

static void
called_back_cb (GObject      *source_object,
                GAsyncResult *result,
                gpointer      user_data)
{
  ((TestAnswer *) user_data)->n_called++;
}

static gboolean
open_gate_idle (gpointer user_data)
{
  test_gate_open (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_last_reference_goes_home (void)
{
  TestLoop loop;
  Last last = { 0 };
  TestAnswer answer = { 0 };
  g_autoptr (GSource) idle = g_idle_source_new ();
  GTask *task;

  test_loop_open (&loop);
  last.ledger.home = g_thread_self ();
  task = g_task_new (NULL, NULL, called_back_cb, &answer);
  g_task_set_task_data (task, &last, free_last);
  aiot_executor_run_task (NULL, task, return_and_linger);
  g_object_unref (task);
  test_iterate_until (loop.main_context, &answer.n_called, 1);
  g_assert_cmpint (last.ledger.n_freed, ==, 0);

  g_source_set_callback (idle, open_gate_idle, &last.called_back, NULL);
  g_source_attach (idle, loop.main_context);
  test_iterate_until (loop.main_context, &last.ledger.n_freed, 1);
  g_assert_cmpint (last.ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
  test_gate_clear (&last.called_back);
}

static void
test_executor (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("tasks", 1);
  TestAnswer answer = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, test_answer_cb, &answer);

  aiot_executor_run_task (executor, task, return_error);
  test_answer_wait (&answer, NULL);
  while (aiot_executor_get_n_done (executor) < 1)
    g_thread_yield ();
  /* A task's outcome is its own. */
  g_assert_cmpuint (aiot_executor_get_n_failed (executor), ==, 0);
  test_answer_clear (&answer);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/run-task/result", test_result);
  g_test_add_func ("/run-task/error", test_error);
  g_test_add_func ("/run-task/cancelled-before-start-never-runs", test_cancelled_before);
  g_test_add_func ("/run-task/last-reference-goes-home", test_last_reference_goes_home);
  g_test_add_func ("/run-task/executor-is-used", test_executor);
  return g_test_run ();
}
