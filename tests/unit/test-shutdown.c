/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"

#include <string.h>

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static AiotExecutor *
new_executor (AiotExecutorKind  kind,
              guint             size)
{
  return g_object_new (AIOT_TYPE_EXECUTOR, "kind", kind, "name", "ending", "size", size, NULL);
}

/* What shutdown_async answered: TRUE, or an error. */
static gboolean
finish (AiotExecutor  *executor,
        TestAnswer    *answer,
        GError       **error)
{
  gboolean ended = aiot_executor_shutdown_finish (executor, answer->result, error);

  g_assert_true (answer->thread == g_thread_self ());
  g_assert_cmpint (answer->n_called, ==, 1);
  test_answer_clear (answer);
  return ended;
}

static void
assert_call (TestAnswer *answer,
             GQuark      domain,
             int         code)
{
  g_autoptr (GError) error = NULL;
  const GValue *value;

  test_answer_wait (answer, NULL);
  value = aiot_offload_finish (answer->result, &error);
  if (domain == 0)
    {
      g_assert_no_error (error);
      g_assert_nonnull (value);
    }
  else
    {
      g_assert_null (value);
      g_assert_error (error, domain, code);
    }
  test_answer_clear (answer);
}

static void
assert_threads_ended (AiotExecutor *executor)
{
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 0);
}

/* --- waiting for the work --- */

static void
test_wait (gconstpointer data)
{
  AiotExecutorKind kind = GPOINTER_TO_INT (data);
  g_autoptr (AiotExecutor) executor = new_executor (kind, 2);
  TestHold hold = { 0 };
  TestAnswer held = { 0 }, queued[10] = { 0 }, ended = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  for (guint i = 0; i < G_N_ELEMENTS (queued); i++)
    aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &queued[i]);
  test_gate_wait (&hold.running);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &ended);
  g_assert_cmpint (ended.n_called, ==, 0);

  test_gate_open (&hold.leave);
  test_answer_wait (&ended, NULL);
  g_assert_true (finish (executor, &ended, &error));
  g_assert_no_error (error);
  assert_threads_ended (executor);
  g_assert_cmpuint (aiot_executor_get_n_done (executor), ==, 1 + G_N_ELEMENTS (queued));

  assert_call (&held, 0, 0);
  for (guint i = 0; i < G_N_ELEMENTS (queued); i++)
    assert_call (&queued[i], 0, 0);
  test_hold_clear (&hold);
}

/* --- cancelling the work --- */

typedef struct
{
  TestGate running;
  int n_run;
  int n_freed;
} Obedient;

static void
open_gate_cb (GCancellable *cancellable,
              gpointer      gate)
{
  test_gate_open (gate);
}

static gboolean
wait_for_cancellation (AiotCall  *call,
                       gpointer   user_data,
                       GError   **error)
{
  Obedient *self = user_data;
  GCancellable *cancellable = aiot_call_get_cancellable (call);
  TestGate cancelled = { 0 };
  gulong id;

  g_atomic_int_inc (&self->n_run);
  id = g_cancellable_connect (cancellable, G_CALLBACK (open_gate_cb), &cancelled, NULL);
  test_gate_open (&self->running);
  test_gate_wait (&cancelled);
  g_cancellable_disconnect (cancellable, id);
  test_gate_clear (&cancelled);
  return !aiot_call_set_error_if_cancelled (call, error);
}

static void
count_freed (gpointer user_data)
{
  g_atomic_int_inc (&((Obedient *) user_data)->n_freed);
}

static void
test_cancel (gconstpointer data)
{
  AiotExecutorKind kind = GPOINTER_TO_INT (data);
  g_autoptr (AiotExecutor) executor = new_executor (kind, 1);
  const int n_calls = kind == AIOT_EXECUTOR_SEPARATE ? 1 : 10;
  Obedient self = { 0 };
  TestAnswer calls[10] = { 0 }, ended = { 0 };

  for (int i = 0; i < n_calls; i++)
    aiot_offload_async (executor, wait_for_cancellation, &self, count_freed, NULL, test_answer_cb, &calls[i]);
  test_gate_wait (&self.running);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &ended);
  test_answer_wait (&ended, NULL);
  g_assert_true (finish (executor, &ended, NULL));
  assert_threads_ended (executor);

  for (int i = 0; i < n_calls; i++)
    assert_call (&calls[i], G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_iterate_until (NULL, &self.n_freed, n_calls);
  g_assert_cmpint (self.n_run, ==, 1);
  test_gate_clear (&self.running);
}

/* A thread that has not come as far as its work when the executor is shut down never does. */
typedef struct
{
  AiotExecutor *executor;
  TestGate in_hook;
  TestGate may_leave_hook;
  GError *error;
  int n_run;
} InHook;

static void
hold_in_hook (AiotThreadPhase phase,
              gpointer        user_data)
{
  InHook *self = user_data;

  if (phase == AIOT_THREAD_STARTS)
    {
      test_gate_open (&self->in_hook);
      test_gate_wait (&self->may_leave_hook);
    }
}

static gboolean
count_run (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  ((InHook *) user_data)->n_run++;
  return TRUE;
}

static void
test_cancel_starting (gconstpointer data)
{
  g_autoptr (AiotExecutor) executor = new_executor (GPOINTER_TO_INT (data), 1);
  InHook self = { .executor = executor };
  TestAnswer call = { 0 }, ended = { 0 };

  aiot_executor_set_thread_hook (executor, hold_in_hook, &self, NULL);
  aiot_offload_async (executor, count_run, &self, NULL, NULL, test_answer_cb, &call);
  test_gate_wait (&self.in_hook);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &ended);
  test_gate_open (&self.may_leave_hook);
  test_answer_wait (&ended, NULL);
  g_assert_true (finish (executor, &ended, NULL));
  assert_call (&call, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (self.n_run, ==, 0);
  test_gate_clear (&self.in_hook);
  test_gate_clear (&self.may_leave_hook);
}

static void
end_in_hook (AiotThreadPhase phase,
             gpointer        user_data)
{
  InHook *self = user_data;

  if (phase == AIOT_THREAD_ENDS)
    aiot_executor_shutdown_sync (self->executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &self->error);
}

static void
test_own_hook (gconstpointer data)
{
  g_autoptr (AiotExecutor) executor = new_executor (GPOINTER_TO_INT (data), 1);
  InHook self = { .executor = executor };
  TestAnswer call = { 0 };

  aiot_executor_set_thread_hook (executor, end_in_hook, &self, NULL);
  aiot_offload_async (executor, count_run, &self, NULL, NULL, test_answer_cb, &call);
  assert_call (&call, 0, 0);
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  g_assert_error (self.error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&self.error);
}

/* First politely, then not. */
static void
test_wait_then_cancel (void)
{
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_POOL, 1);
  Obedient self = { 0 };
  TestAnswer calls[3] = { 0 }, waited = { 0 }, cancelled = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    aiot_offload_async (executor, wait_for_cancellation, &self, NULL, NULL, test_answer_cb, &calls[i]);
  test_gate_wait (&self.running);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &waited);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &cancelled);
  test_answer_wait (&waited, NULL);
  test_answer_wait (&cancelled, NULL);
  g_assert_true (finish (executor, &waited, NULL));
  g_assert_true (finish (executor, &cancelled, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_call (&calls[i], G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (self.n_run, ==, 1);
  test_gate_clear (&self.running);
}

/* --- the deadline --- */

static void
test_deadline_names (void)
{
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_SEPARATE, 1);
  const char *names[] = { "count-lines", NULL };
  TestHold holds[2] = { 0 };
  TestAnswer held[2] = { 0 }, early = { 0 }, again = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_clock_stop ();
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (test_hold_func, &holds[i], NULL);

      aiot_threaded_set_executor (threaded, executor);
      aiot_threaded_set_name (threaded, names[i]);
      aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &held[i]);
      test_gate_wait (&holds[i].running);
    }
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, 3000, NULL, test_answer_cb, &early);
  aiot_clock_advance (2999 * G_TIME_SPAN_MILLISECOND);
  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpint (early.n_called, ==, 0);

  aiot_clock_advance (G_TIME_SPAN_MILLISECOND);
  test_answer_wait (&early, NULL);
  g_assert_false (finish (executor, &early, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "“ending”"));
  g_assert_nonnull (strstr (error->message, "count-lines (3.0 s)"));
  g_assert_nonnull (strstr (error->message, "a function (3.0 s)"));

  /* It is still shut down, and ends when it can. */
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, 3000, NULL, test_answer_cb, &again);
  test_gate_open (&holds[0].leave);
  test_gate_open (&holds[1].leave);
  test_answer_wait (&again, NULL);
  g_assert_true (finish (executor, &again, NULL));
  aiot_clock_resume ();
  for (guint i = 0; i < 2; i++)
    {
      test_answer_wait (&held[i], NULL);
      test_answer_clear (&held[i]);
      test_hold_clear (&holds[i]);
    }
}

/* Only the waiting ends. */
static void
test_cancellable (void)
{
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_POOL, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestHold hold = { 0 };
  TestAnswer held = { 0 }, ended = { 0 }, at_once = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, cancellable, test_answer_cb, &ended);
  while (g_main_context_iteration (NULL, FALSE))
    g_assert_cmpint (ended.n_called, ==, 0);
  g_cancellable_cancel (cancellable);
  test_answer_wait (&ended, NULL);
  g_assert_false (finish (executor, &ended, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, cancellable, test_answer_cb, &at_once);
  g_assert_cmpint (at_once.n_called, ==, 0);
  test_answer_wait (&at_once, NULL);
  g_assert_false (finish (executor, &at_once, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  test_gate_open (&hold.leave);
  assert_call (&held, 0, 0);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
  test_hold_clear (&hold);
}

/* The main context that waited is gone; its handler must be too, because it would wait for itself. */
static void
test_cancellable_after_abandon (void)
{
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_POOL, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestHold hold = { 0 };
  TestLoop loop;
  TestAnswer held = { 0 }, ended = { 0 };

  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  test_loop_open (&loop);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, cancellable, test_answer_cb, &ended);
  aiot_main_context_abandon (loop.main_context);
  g_cancellable_cancel (cancellable);
  test_loop_close (&loop);
  g_assert_cmpint (ended.n_called, ==, 0);
  test_gate_open (&hold.leave);
  assert_call (&held, 0, 0);
  test_hold_clear (&hold);
}

/* A handler of the program runs a main loop, and the answer arrives in there. */
static void
test_nested_loop_in_handler (void)
{
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_POOL, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestHold hold = { 0 };
  TestAnswer held = { 0 }, ended = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, cancellable, test_answer_cb, &ended);
  g_cancellable_connect (cancellable, G_CALLBACK (test_answer_wait_in_handler), &ended, NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (finish (executor, &ended, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_gate_open (&hold.leave);
  assert_call (&held, 0, 0);
  test_hold_clear (&hold);
}

/* --- afterwards --- */

static void
return_true (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
test_work_afterwards (gconstpointer data)
{
  AiotExecutorKind kind = GPOINTER_TO_INT (data);
  g_autoptr (AiotExecutor) executor = new_executor (kind, 1);
  TestLedger ledger = { .home = g_thread_self () };
  TestAnswer ended = { 0 }, refused = { 0 }, task_answer = { 0 };
  g_autoptr (AiotCall) call = NULL;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, test_answer_cb, &task_answer);
  g_autoptr (GError) error = NULL;

  /* One that never had a thread ends too, but never calls back before it returns. */
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &ended);
  g_assert_cmpint (ended.n_called, ==, 0);
  test_answer_wait (&ended, NULL);
  g_assert_true (finish (executor, &ended, NULL));

  aiot_offload_async (executor, succeed, test_ledger_item (&ledger), test_item_free, NULL, test_answer_cb, &refused);
  g_assert_cmpint (refused.n_called, ==, 0);
  test_answer_wait (&refused, NULL);
  g_assert_null (aiot_offload_finish (refused.result, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_cmpstr (error->message, ==, "The executor “ending” was shut down and takes no more work");
  g_clear_error (&error);
  test_answer_clear (&refused);
  test_iterate_until (NULL, &ledger.n_freed, 1);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);

  call = aiot_offload_sync (executor, succeed, NULL, NULL, &error);
  g_assert_null (call);
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_clear_error (&error);

  aiot_executor_run_task (executor, task, return_true);
  test_answer_wait (&task_answer, NULL);
  g_assert_false (g_task_propagate_boolean (task, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_answer_clear (&task_answer);
  g_assert_cmpuint (aiot_executor_get_n_done (executor), ==, 0);
}

/* --- blocking --- */

static void
test_sync (void)
{
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_POOL, 2);
  TestAnswer answers[20] = { 0 };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answers[i]);
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &error));
  g_assert_no_error (error);
  assert_threads_ended (executor);
  g_assert_cmpuint (aiot_executor_get_n_done (executor), ==, G_N_ELEMENTS (answers));
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    assert_call (&answers[i], 0, 0);
}

typedef struct
{
  AiotExecutor *executor;
  GCancellable *cancellable;
  TestGate waits;
  TestGate left;
  gboolean ended;
  GError *error;
} Ender;

static gpointer
end_in_thread (gpointer data)
{
  Ender *self = data;

  test_gate_open (&self->waits);
  self->ended = aiot_executor_shutdown_sync (self->executor, AIOT_SHUTDOWN_WAIT, 2000, self->cancellable, &self->error);
  test_gate_open (&self->left);
  return NULL;
}

static void
test_sync_interrupted (gconstpointer data)
{
  gboolean by_time = GPOINTER_TO_INT (data);
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_POOL, 1);
  Ender self = { .executor = executor, .cancellable = g_cancellable_new () };
  TestHold hold = { 0 };
  TestAnswer held = { 0 };
  GThread *thread;

  aiot_clock_stop ();
  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  thread = g_thread_new ("ender", end_in_thread, &self);
  test_gate_wait (&self.waits);
  if (!by_time)
    g_cancellable_cancel (self.cancellable);
  while (!test_gate_is_open (&self.left))
    {
      /* It may not wait yet. */
      if (by_time)
        aiot_clock_advance (2000 * G_TIME_SPAN_MILLISECOND);
      g_thread_yield ();
    }
  g_thread_join (thread);
  aiot_clock_resume ();
  g_assert_false (self.ended);
  if (by_time)
    {
      g_assert_error (self.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_nonnull (strstr (self.error->message, "a function ("));
    }
  else
    {
      g_assert_error (self.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_clear_error (&self.error);
  test_gate_open (&hold.leave);
  assert_call (&held, 0, 0);
  g_object_unref (self.cancellable);
  test_gate_clear (&self.waits);
  test_gate_clear (&self.left);
  test_hold_clear (&hold);
}

static gboolean
end_own_executor (AiotCall  *call,
                  gpointer   user_data,
                  GError   **error)
{
  g_autoptr (GError) deadlock = NULL;

  g_assert_false (aiot_executor_shutdown_sync (user_data, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &deadlock));
  g_assert_error (deadlock, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);

  /* That has not shut it down. This does, and this thread may say so. */
  aiot_executor_shutdown_async (user_data, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, NULL, NULL);
  g_assert_true (aiot_call_is_cancelled (call));
  return TRUE;
}

static void
test_own_thread (gconstpointer data)
{
  AiotExecutorKind kind = GPOINTER_TO_INT (data);
  g_autoptr (AiotExecutor) executor = new_executor (kind, 1);
  TestAnswer call = { 0 }, ended = { 0 };

  aiot_offload_async (executor, end_own_executor, executor, NULL, NULL, test_answer_cb, &call);
  assert_call (&call, 0, 0);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &ended);
  test_answer_wait (&ended, NULL);
  g_assert_true (finish (executor, &ended, NULL));
  assert_threads_ended (executor);
}

/* --- home goes away --- */

static void
test_home_gone (void)
{
  g_autoptr (AiotExecutor) executor = new_executor (AIOT_EXECUTOR_POOL, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestHold hold = { 0 };
  TestLoop loop;
  TestAnswer held = { 0 }, ended = { 0 };

  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  test_loop_open (&loop);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, 60000, cancellable, test_answer_cb, &ended);
  aiot_main_context_abandon (loop.main_context);
  test_loop_close (&loop);

  test_gate_open (&hold.leave);
  assert_call (&held, 0, 0);
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  g_assert_cmpint (ended.n_called, ==, 0);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
  g_assert_finalize_object (g_steal_pointer (&executor));
  test_hold_clear (&hold);
}

#define OF_KIND(kind) GINT_TO_POINTER (AIOT_EXECUTOR_ ## kind)

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_data_func ("/shutdown/wait/pool", OF_KIND (POOL), test_wait);
  g_test_add_data_func ("/shutdown/wait/serial", OF_KIND (SERIAL), test_wait);
  g_test_add_data_func ("/shutdown/wait/separate", OF_KIND (SEPARATE), test_wait);
  g_test_add_data_func ("/shutdown/cancel/pool", OF_KIND (POOL), test_cancel);
  g_test_add_data_func ("/shutdown/cancel/serial", OF_KIND (SERIAL), test_cancel);
  g_test_add_data_func ("/shutdown/cancel/separate", OF_KIND (SEPARATE), test_cancel);
  g_test_add_data_func ("/shutdown/cancel/thread-that-starts/pool", OF_KIND (POOL), test_cancel_starting);
  g_test_add_data_func ("/shutdown/cancel/thread-that-starts/separate", OF_KIND (SEPARATE), test_cancel_starting);
  g_test_add_func ("/shutdown/wait-then-cancel", test_wait_then_cancel);
  g_test_add_func ("/shutdown/deadline/names-what-runs", test_deadline_names);
  g_test_add_func ("/shutdown/cancellable/ends-the-waiting", test_cancellable);
  g_test_add_func ("/shutdown/cancellable/after-abandon", test_cancellable_after_abandon);
  g_test_add_func ("/shutdown/cancellable/nested-loop-in-handler", test_nested_loop_in_handler);
  g_test_add_data_func ("/shutdown/afterwards/pool", OF_KIND (POOL), test_work_afterwards);
  g_test_add_data_func ("/shutdown/afterwards/serial", OF_KIND (SERIAL), test_work_afterwards);
  g_test_add_data_func ("/shutdown/afterwards/separate", OF_KIND (SEPARATE), test_work_afterwards);
  g_test_add_func ("/shutdown/sync/waits", test_sync);
  g_test_add_data_func ("/shutdown/sync/timed-out", GINT_TO_POINTER (TRUE), test_sync_interrupted);
  g_test_add_data_func ("/shutdown/sync/cancelled", GINT_TO_POINTER (FALSE), test_sync_interrupted);
  g_test_add_data_func ("/shutdown/own-thread/pool", OF_KIND (POOL), test_own_thread);
  g_test_add_data_func ("/shutdown/own-thread/serial", OF_KIND (SERIAL), test_own_thread);
  g_test_add_data_func ("/shutdown/own-thread/separate", OF_KIND (SEPARATE), test_own_thread);
  g_test_add_data_func ("/shutdown/own-thread/hook-of-pool", OF_KIND (POOL), test_own_hook);
  g_test_add_data_func ("/shutdown/own-thread/hook-of-separate", OF_KIND (SEPARATE), test_own_hook);
  g_test_add_func ("/shutdown/home-gone", test_home_gone);
  return g_test_run ();
}
