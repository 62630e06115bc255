/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

static gboolean
square (AiotCall  *call,
        gpointer   user_data,
        GError   **error)
{
  gint64 number = g_value_get_int64 (aiot_call_get_argument (call));

  aiot_call_set_result_int64 (call, number * number);
  return TRUE;
}

static void
init_int64 (GValue *value,
            gint64  number)
{
  g_value_init (value, G_TYPE_INT64);
  g_value_set_int64 (value, number);
}

typedef struct
{
  int n_called;
  gint64 sum;
} Sum;

static void
add_up_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Sum *sum = user_data;
  const GValue *value = aiot_threaded_call_finish (AIOT_THREADED (source_object), result, NULL);

  sum->sum += g_value_get_int64 (value);
  sum->n_called++;
}

static void
test_again_and_again (void)
{
  TestLoop loop;
  g_autoptr (AiotThreaded) threaded = NULL;
  Sum sum = { 0 };

  test_loop_open (&loop);
  threaded = aiot_threaded_new (square, NULL, NULL);
  for (gint64 i = 1; i <= 100; i++)
    {
      g_auto (GValue) argument = G_VALUE_INIT;

      init_int64 (&argument, i);
      aiot_threaded_call_async (threaded, &argument, NULL, add_up_cb, &sum);
    }
  test_iterate_until (loop.main_context, &sum.n_called, 100);

  g_assert_cmpint (sum.sum, ==, 338350);
  while (G_OBJECT (threaded)->ref_count > 1)
    g_main_context_iteration (loop.main_context, TRUE);
  g_assert_finalize_object (g_steal_pointer (&threaded));
  test_loop_close (&loop);
}

static gboolean
hold_argument (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  TestHold *hold = g_value_get_pointer (aiot_call_get_argument (call));

  return test_hold_func (call, hold, error);
}

/* Three calls in flight end in the reverse order of their start, each when its own gate opens. */
static void
test_independent (void)
{
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (hold_argument, NULL, NULL);
  TestHold holds[3] = { 0 };
  TestAnswer answers[3] = { { 0 } };

  for (int i = 0; i < 3; i++)
    {
      g_auto (GValue) argument = G_VALUE_INIT;

      g_value_init (&argument, G_TYPE_POINTER);
      g_value_set_pointer (&argument, &holds[i]);
      aiot_threaded_call_async (threaded, &argument, NULL, test_answer_cb, &answers[i]);
    }
  for (int i = 0; i < 3; i++)
    test_gate_wait (&holds[i].running);

  for (int i = 2; i >= 0; i--)
    {
      test_gate_open (&holds[i].leave);
      test_answer_wait (&answers[i], NULL);
      for (int j = 0; j < 3; j++)
        g_assert_cmpint (answers[j].n_called, ==, j >= i ? 1 : 0);
    }
  for (int i = 0; i < 3; i++)
    {
      test_answer_clear (&answers[i]);
      test_hold_clear (&holds[i]);
    }
}

/* --- arguments and data --- */

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
note_finalized (gpointer  user_data,
                GObject  *object)
{
  g_assert_true (g_thread_self () == user_data);
}

static void
test_argument_at_home (void)
{
  TestLoop loop;
  g_autoptr (AiotThreaded) threaded = NULL;
  GObject *object = g_object_new (G_TYPE_CANCELLABLE, NULL);
  g_auto (GValue) argument = G_VALUE_INIT;
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  threaded = aiot_threaded_new (succeed, NULL, NULL);
  g_object_weak_ref (object, note_finalized, g_thread_self ());
  g_object_add_weak_pointer (object, (gpointer *) &object);
  g_value_init (&argument, G_TYPE_OBJECT);
  g_value_take_object (&argument, object);
  aiot_threaded_call_async (threaded, &argument, NULL, test_answer_cb, &answer);
  g_value_unset (&argument);
  g_assert_nonnull (object);

  test_answer_wait (&answer, loop.main_context);
  test_answer_clear (&answer);
  while (object != NULL)
    g_main_context_iteration (loop.main_context, TRUE);
  g_clear_object (&threaded);
  test_loop_close (&loop);
}

static void
test_data_at_home (void)
{
  TestLoop loop;
  TestLedger ledger = { g_thread_self (), 0, 0, 0 };
  AiotThreaded *threaded;

  test_loop_open (&loop);
  threaded = aiot_threaded_new (succeed, test_ledger_item (&ledger), test_item_free);
  test_unref_in_another_thread (threaded);
  test_iterate_until (loop.main_context, &ledger.n_freed, 1);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);

  threaded = aiot_threaded_new (succeed, test_ledger_item (&ledger), test_item_free);
  g_object_unref (threaded);
  test_iterate_until (loop.main_context, &ledger.n_freed, 2);
  g_assert_cmpint (ledger.n_freed, ==, 2);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
}

/* Nobody has the object but its call, whose function needs the data. */
static void
test_call_outlives_object (void)
{
  TestLoop loop;
  TestLedger ledger = { g_thread_self (), 0, 0, 0 };
  TestHold hold = { 0 };
  g_auto (GValue) argument = G_VALUE_INIT;
  AiotThreaded *threaded;

  test_loop_open (&loop);
  threaded = aiot_threaded_new (hold_argument, test_ledger_item (&ledger), test_item_free);
  g_value_init (&argument, G_TYPE_POINTER);
  g_value_set_pointer (&argument, &hold);
  aiot_threaded_call_async (threaded, &argument, NULL, NULL, NULL);
  g_object_unref (threaded);
  test_gate_wait (&hold.running);
  g_assert_cmpint (ledger.n_freed, ==, 0);

  test_gate_open (&hold.leave);
  test_iterate_until (loop.main_context, &ledger.n_freed, 1);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
  test_hold_clear (&hold);
}

/* --- call_sync --- */

static gboolean
return_thread (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  aiot_call_set_result_pointer (call, g_thread_self (), NULL);
  return TRUE;
}

static void
test_sync (void)
{
  g_autoptr (AiotExecutor) unused = aiot_executor_new_pool (NULL, 1);
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (return_thread, NULL, NULL);
  g_autoptr (AiotThreaded) squares = aiot_threaded_new (square, NULL, NULL);
  g_autoptr (AiotCall) call = NULL, square_call = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GValue) argument = G_VALUE_INIT;

  aiot_threaded_set_executor (threaded, unused);
  call = aiot_threaded_call_sync (threaded, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (aiot_value_get_pointer (aiot_call_get_result (call)) == g_thread_self ());
  g_assert_cmpuint (aiot_executor_get_n_threads (unused), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_done (unused), ==, 0);

  init_int64 (&argument, 12);
  square_call = aiot_threaded_call_sync (squares, &argument, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int64 (aiot_call_get_result (square_call)), ==, 144);
}

static gboolean
fail (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  aiot_call_set_result_int64 (call, 1);
  if (user_data != NULL)
    g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_IO, user_data);
  return FALSE;
}

static void
test_sync_error (void)
{
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (fail, (gpointer) "broken", NULL);
  g_autoptr (AiotThreaded) silent = aiot_threaded_new (fail, NULL, NULL);
  g_autoptr (GError) error = NULL, silent_error = NULL;

  g_assert_null (aiot_threaded_call_sync (threaded, NULL, NULL, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpstr (error->message, ==, "broken");

  g_assert_null (aiot_threaded_call_sync (silent, NULL, NULL, &silent_error));
  g_assert_error (silent_error, AIOT_ERROR, AIOT_ERROR_FAILED);
}

static gboolean
cancel_itself (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  g_assert_false (aiot_call_is_cancelled (call));
  g_cancellable_cancel (user_data);
  g_assert_true (g_cancellable_is_cancelled (aiot_call_get_cancellable (call)));
  return !aiot_call_set_error_if_cancelled (call, error);
}

static void
test_sync_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (cancel_itself, cancellable, NULL);

  for (int round = 0; round < 2; round++)
    {
      g_autoptr (GError) error = NULL;

      /* The second time it is cancelled before, and the function, which would complain, does not run. */
      g_assert_null (aiot_threaded_call_sync (threaded, NULL, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
}

/* --- options --- */

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              gpointer    user_data)
{
  (*(int *) user_data)++;
}

static void
test_options (void)
{
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (succeed, NULL, NULL);
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool (NULL, 1);
  g_autoptr (AiotExecutor) got_executor = NULL;
  g_autofree char *name = NULL;
  AiotOnCancel on_cancel;
  int n_notified = 0, priority;

  g_assert_null (aiot_threaded_get_name (threaded));
  g_assert_null (aiot_threaded_get_executor (threaded));
  g_assert_cmpint (aiot_threaded_get_priority (threaded), ==, G_PRIORITY_DEFAULT);
  g_assert_cmpint (aiot_threaded_get_on_cancel (threaded), ==, AIOT_ON_CANCEL_WAIT);

  g_signal_connect (threaded, "notify", G_CALLBACK (count_notify), &n_notified);
  for (int round = 0; round < 2; round++)
    g_object_set (threaded,
                  "name", "work",
                  "executor", executor,
                  "priority", G_PRIORITY_LOW,
                  "on-cancel", AIOT_ON_CANCEL_ABANDON,
                  NULL);
  g_assert_cmpint (n_notified, ==, 4);

  g_object_get (threaded,
                "name", &name,
                "executor", &got_executor,
                "priority", &priority,
                "on-cancel", &on_cancel,
                NULL);
  g_assert_cmpstr (name, ==, "work");
  g_assert_true (got_executor == executor);
  g_assert_cmpint (priority, ==, G_PRIORITY_LOW);
  g_assert_cmpint (on_cancel, ==, AIOT_ON_CANCEL_ABANDON);
}

static void
test_executor_is_used (void)
{
  TestHold hold = { 0 };
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (test_hold_func, &hold, NULL);
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("mine", 2);
  g_auto (GStrv) running = NULL;
  TestAnswer answer = { 0 };

  aiot_threaded_set_executor (threaded, executor);
  aiot_threaded_set_name (threaded, "a name");
  aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answer);
  test_gate_wait (&hold.running);
  running = aiot_executor_list_running (executor);
  test_gate_open (&hold.leave);
  test_answer_wait (&answer, NULL);

  g_assert_cmpuint (g_strv_length (running), ==, 1);
  g_assert_true (g_str_has_prefix (running[0], "a name ("));
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 1);
  test_answer_clear (&answer);
  test_hold_clear (&hold);
}

/* --- on-cancel --- */

typedef struct
{
  TestHold hold;
  TestLedger results;
  TestLedger data;
  TestGate returned;
} Abandoned;

static gboolean
hold_and_return_item (AiotCall  *call,
                      gpointer   user_data,
                      GError   **error)
{
  Abandoned *abandoned = user_data;

  test_hold_func (call, &abandoned->hold, error);
  g_assert_true (aiot_call_is_cancelled (call));
  aiot_call_set_result_pointer (call, test_ledger_item (&abandoned->results), test_item_free);
  return TRUE;
}

static void
free_abandoned_data (gpointer user_data)
{
  Abandoned *abandoned = user_data;

  test_item_free (&abandoned->data);
}

/* The caller leaves while the function is held; its late result is dropped at home, and its data with it. */
static void
test_abandon (void)
{
  TestLoop loop;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (AiotThreaded) threaded = NULL;
  g_autoptr (GError) error = NULL;
  Abandoned abandoned = { .results.home = g_thread_self (), .data.home = g_thread_self () };
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  test_ledger_item (&abandoned.data);
  threaded = aiot_threaded_new (hold_and_return_item, &abandoned, free_abandoned_data);
  aiot_threaded_set_on_cancel (threaded, AIOT_ON_CANCEL_ABANDON);
  aiot_threaded_call_async (threaded, NULL, cancellable, test_answer_cb, &answer);
  test_gate_wait (&abandoned.hold.running);

  g_cancellable_cancel (cancellable);
  test_answer_wait (&answer, loop.main_context);
  g_assert_null (aiot_threaded_call_finish (threaded, answer.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_answer_clear (&answer);
  g_clear_object (&threaded);
  g_assert_cmpint (abandoned.data.n_freed, ==, 0);

  test_gate_open (&abandoned.hold.leave);
  test_iterate_until (loop.main_context, &abandoned.data.n_freed, 1);
  g_assert_cmpint (answer.n_called, ==, 1);
  g_assert_cmpint (abandoned.results.n_made, ==, 1);
  g_assert_cmpint (abandoned.results.n_freed, ==, 1);
  g_assert_cmpint (abandoned.results.n_freed_elsewhere, ==, 0);
  g_assert_cmpint (abandoned.data.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
  test_hold_clear (&abandoned.hold);
}

/* --- misuse --- */

static void
test_misuse_without_function (void)
{
  g_autoptr (AiotThreaded) threaded = g_object_new (AIOT_TYPE_THREADED, NULL);
  g_autoptr (AiotCall) call = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) sync_error = NULL;
  TestAnswer answer = { 0 };

  aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  g_assert_null (aiot_threaded_call_finish (threaded, answer.result, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_FAILED);
  test_answer_clear (&answer);

  call = aiot_threaded_call_sync (threaded, NULL, NULL, &sync_error);
  g_assert_null (call);
  g_assert_error (sync_error, AIOT_ERROR, AIOT_ERROR_FAILED);
}

static void
test_misuse_foreign_result (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (succeed, NULL, NULL);
      g_autoptr (AiotThreaded) other = aiot_threaded_new (succeed, NULL, NULL);
      TestAnswer answer = { 0 };

      aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answer);
      test_answer_wait (&answer, NULL);
      aiot_threaded_call_finish (other, answer.result, NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*aiot_result_is_valid*");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/threaded/again-and-again", test_again_and_again);
  g_test_add_func ("/threaded/calls-end-independently", test_independent);
  g_test_add_func ("/threaded/home/argument", test_argument_at_home);
  g_test_add_func ("/threaded/home/data", test_data_at_home);
  g_test_add_func ("/threaded/home/call-outlives-object", test_call_outlives_object);
  g_test_add_func ("/threaded/sync/runs-in-the-calling-thread", test_sync);
  g_test_add_func ("/threaded/sync/error", test_sync_error);
  g_test_add_func ("/threaded/sync/cancel", test_sync_cancel);
  g_test_add_func ("/threaded/options/properties", test_options);
  g_test_add_func ("/threaded/options/are-used", test_executor_is_used);
  g_test_add_func ("/threaded/cancel/abandon-leaves-at-once", test_abandon);
  g_test_add_func ("/threaded/made-without-function", test_misuse_without_function);
  g_test_add_func ("/threaded/misuse/foreign-result", test_misuse_foreign_result);
  return g_test_run ();
}
