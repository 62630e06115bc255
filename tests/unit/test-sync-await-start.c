/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

/* Start functions that fail, and tasks that are never completed: what bindings make of exceptions. */

typedef struct
{
  AiotStartFunc start;
  GMainContext *main_context;
  gpointer user_data;
  GDestroyNotify user_data_destroy;

  int has_answer;     /* atomic */
  AiotCall *answer;
  GError *error;
} Asking;

static gpointer
ask (gpointer data)
{
  Asking *self = data;

  self->answer = aiot_sync_await_task_in (self->main_context, self->start, self->user_data, self->user_data_destroy,
                                          AIOT_TIMEOUT_NONE, NULL, &self->error);
  g_atomic_int_set (&self->has_answer, TRUE);
  g_main_context_wakeup (self->main_context);
  return NULL;
}

static void
ask_and_wait (Asking   *asking,
              TestLoop *loop)
{
  GThread *thread;

  asking->main_context = loop->main_context;
  thread = g_thread_new ("asking", ask, asking);
  test_iterate_until (loop->main_context, &asking->has_answer, TRUE);
  g_thread_join (thread);
}

static GTask *kept;

static gboolean
keep_and_fail (GTask     *task,
               gpointer   user_data,
               GError   **error)
{
  kept = g_object_ref (task);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such thing");
  return FALSE;
}

static gboolean
fail_silently (GTask     *task,
               gpointer   user_data,
               GError   **error)
{
  return FALSE;
}

static gboolean
complete_and_fail (GTask     *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT);
  g_task_return_value (task, &value);
  return keep_and_fail (task, user_data, error);
}

/* The caller need not wait for a task that somebody keeps; what is done with it later is of no interest. */
static void
test_start_fails (void)
{
  TestLoop loop;
  TestLedger data = { 0 };
  Asking asking = { .start = keep_and_fail };

  test_loop_open (&loop);
  data.home = g_thread_self ();
  asking.user_data = test_ledger_item (&data);
  asking.user_data_destroy = test_item_free;
  ask_and_wait (&asking, &loop);
  g_assert_null (asking.answer);
  g_assert_error (asking.error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (data.n_freed, ==, 1);
  g_assert_cmpint (data.n_freed_elsewhere, ==, 0);
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (kept)));

  g_task_return_new_error (kept, G_IO_ERROR, G_IO_ERROR_FAILED, "too late");
  g_clear_object (&kept);
  while (g_main_context_iteration (loop.main_context, FALSE))
    ;
  g_clear_error (&asking.error);
  test_loop_close (&loop);
}

static void
test_start_fails_and_drops (void)
{
  TestLoop loop;
  Asking asking = { .start = keep_and_fail };

  test_loop_open (&loop);
  ask_and_wait (&asking, &loop);
  g_assert_error (asking.error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_object (&kept);
  g_clear_error (&asking.error);
  test_loop_close (&loop);
}

static void
test_start_fails_silently (void)
{
  TestLoop loop;
  Asking asking = { .start = fail_silently };

  test_loop_open (&loop);
  ask_and_wait (&asking, &loop);
  g_assert_error (asking.error, AIOT_ERROR, AIOT_ERROR_FAILED);
  g_clear_error (&asking.error);
  test_loop_close (&loop);
}

static void
test_start_completes_and_fails (void)
{
  TestLoop loop;
  Asking asking = { .start = complete_and_fail };

  test_loop_open (&loop);
  ask_and_wait (&asking, &loop);
  g_assert_null (asking.answer);
  g_assert_error (asking.error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_object (&kept);
  while (g_main_context_iteration (loop.main_context, FALSE))
    ;
  g_clear_error (&asking.error);
  test_loop_close (&loop);
}

static int n_started;

static gboolean
keep (GTask     *task,
      gpointer   user_data,
      GError   **error)
{
  kept = g_object_ref (task);
  n_started++;
  return TRUE;
}

/* The one who waits learns of it at once; the task that is dropped later leaves nothing, as LeakSanitizer sees. */
static void
test_dropped_after_abandon (void)
{
  TestLoop loop;
  Asking asking = { .start = keep };
  GThread *thread;

  test_loop_open (&loop);
  asking.main_context = loop.main_context;
  thread = g_thread_new ("asking", ask, &asking);
  test_iterate_until (loop.main_context, &n_started, 1);
  aiot_main_context_abandon (loop.main_context);
  g_thread_join (thread);
  g_assert_error (asking.error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE);
  g_clear_object (&kept);
  g_clear_error (&asking.error);
  test_loop_close (&loop);
}

/* A worker that waits for its own main context learns that it is gone, not merely that its work was cancelled. */
static gboolean
ask_home (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  Asking *self = user_data;

  self->answer = aiot_sync_await_task (keep, NULL, NULL, AIOT_TIMEOUT_NONE, NULL, &self->error);
  return TRUE;
}

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

static void
test_worker_learns_of_abandon (void)
{
  TestLoop loop;
  Asking asking = { 0 };
  g_autoptr (AiotExecutor) pool = aiot_executor_new_pool (NULL, 1);
  g_autoptr (GError) error = NULL;

  n_started = 0;
  test_loop_open (&loop);
  aiot_offload_async (pool, ask_home, &asking, NULL, NULL, never_called_cb, NULL);
  test_iterate_until (loop.main_context, &n_started, 1);
  /* Of the call, which is freed by its worker. */
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "A main context went away before the work that it had asked for was done*");
  aiot_main_context_abandon (loop.main_context);
  aiot_executor_shutdown_sync (pool, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &error);
  g_assert_no_error (error);
  g_test_assert_expected_messages ();
  g_assert_error (asking.error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE);
  g_clear_object (&kept);
  g_clear_error (&asking.error);
  test_loop_close (&loop);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);

  g_test_add_func ("/sync-await-start/start-fails", test_start_fails);
  g_test_add_func ("/sync-await-start/start-fails-and-drops", test_start_fails_and_drops);
  g_test_add_func ("/sync-await-start/start-fails-silently", test_start_fails_silently);
  g_test_add_func ("/sync-await-start/start-completes-and-fails", test_start_completes_and_fails);
  g_test_add_func ("/sync-await-start/dropped-after-abandon", test_dropped_after_abandon);
  g_test_add_func ("/sync-await-start/worker-learns-of-abandon", test_worker_learns_of_abandon);

  return g_test_run ();
}
