/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <string.h>

/* The form for bindings: the start function completes a task. */

typedef enum
{
  RETURN_STRING,
  RETURN_FALSE,
  RETURN_NULL_STRING,
  RETURN_ERROR,
  RETURN_WITHOUT_VALUE,
  RETURN_ON_THREAD,
  RETURN_LATER,
  DROP,
  DROP_LATER,
  DROP_IN_THREAD,
  KEEP,
  SAY_WHY_NOT,
  SAY_NOTHING,
} What;

typedef struct
{
  What what;
  TestLedger ledger;
  GMainContext *in;

  GTask *task;           /* with KEEP */
  int n_started;
  TestGate answered;

  AiotCall *answer;      /* of the worker */
  GError *error;
} Question;

static void
return_string (GTask        *task,
               gpointer      source_object,
               gpointer      task_data,
               GCancellable *cancellable)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRING);
  g_value_set_static_string (&value, "from a thread");
  g_task_return_value (task, &value);
}

static gboolean
return_later (gpointer task)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, 3);
  g_task_return_value (task, &value);
  return G_SOURCE_REMOVE;
}

static gboolean
do_nothing (gpointer task)
{
  return G_SOURCE_REMOVE;
}

static gboolean
start (GTask     *task,
       gpointer   user_data,
       GError   **error)
{
  Question *self = user_data;
  g_auto (GValue) value = G_VALUE_INIT;

  g_assert_true (g_thread_self () == self->ledger.home);
  g_assert_true (g_task_get_source_tag (task) == aiot_sync_await_task);
  g_assert_true (G_IS_CANCELLABLE (g_task_get_cancellable (task)));
  switch (self->what)
    {
    case RETURN_STRING:
    case RETURN_NULL_STRING:
      g_value_init (&value, G_TYPE_STRING);
      g_value_set_string (&value, self->what == RETURN_STRING ? "as a value" : NULL);
      g_task_return_value (task, &value);
      break;
    case RETURN_FALSE:
      g_value_init (&value, G_TYPE_BOOLEAN);
      g_task_return_value (task, &value);
      break;
    case RETURN_WITHOUT_VALUE:
      g_task_return_boolean (task, TRUE);
      break;
    case RETURN_ERROR:
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "not now");
      break;
    case RETURN_ON_THREAD:
      g_task_run_in_thread (task, return_string);
      break;
    case RETURN_LATER:
      g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, return_later, g_object_ref (task), g_object_unref);
      break;
    case DROP_LATER:
      g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, do_nothing, g_object_ref (task), g_object_unref);
      break;
    case DROP_IN_THREAD:
      test_unref_in_another_thread (g_object_ref (task));
      break;
    case KEEP:
      self->task = g_object_ref (task);
      break;
    case SAY_WHY_NOT:
    case SAY_NOTHING:
    case DROP:
    default:
      break;
    }
  g_atomic_int_inc (&self->n_started);
  if (self->what == SAY_WHY_NOT)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "not now");
  return self->what != SAY_WHY_NOT && self->what != SAY_NOTHING;
}

static void
question_data_free (gpointer user_data)
{
  test_item_free (&((Question *) user_data)->ledger);
}

static gboolean
ask (AiotCall  *call,
     gpointer   user_data,
     GError   **error)
{
  Question *self = user_data;

  self->answer = aiot_sync_await_task_in (self->in, start, self, question_data_free, AIOT_TIMEOUT_NONE, NULL,
                                          &self->error);
  test_gate_open (&self->answered);
  return TRUE;
}

static void
assert_answer (Question *self)
{
  const GValue *value = self->answer != NULL ? aiot_call_get_result (self->answer) : NULL;

  switch (self->what)
    {
    case RETURN_STRING:
      g_assert_cmpstr (g_value_get_string (value), ==, "as a value");
      break;
    case RETURN_NULL_STRING:
      g_assert_null (g_value_get_string (value));
      break;
    case RETURN_LATER:
      g_assert_cmpint (g_value_get_int (value), ==, 3);
      break;
    case RETURN_FALSE:
      g_assert_false (g_value_get_boolean (value));
      break;
    case RETURN_ON_THREAD:
      g_assert_cmpstr (g_value_get_string (value), ==, "from a thread");
      break;
    case SAY_NOTHING:
      g_assert_error (self->error, AIOT_ERROR, AIOT_ERROR_FAILED);
      break;
    case RETURN_WITHOUT_VALUE:
      g_assert_error (self->error, AIOT_ERROR, AIOT_ERROR_FAILED);
      g_assert_nonnull (strstr (self->error->message, "g_task_return_value ()"));
      break;
    case RETURN_ERROR:
    case SAY_WHY_NOT:
      g_assert_error (self->error, G_IO_ERROR, G_IO_ERROR_BUSY);
      break;
    case KEEP:
    case DROP:
    case DROP_LATER:
    case DROP_IN_THREAD:
    default:
      g_assert_error (self->error, AIOT_ERROR, AIOT_ERROR_FAILED);
      g_assert_nonnull (strstr (self->error->message, "dropped"));
      break;
    }
  g_assert_true ((self->error == NULL) == (value != NULL));
}

static void
test_task (gconstpointer data)
{
  TestAnswer answer = { 0 };
  Question question = { .what = GPOINTER_TO_INT (data), .ledger = { .home = g_thread_self () } };

  test_ledger_item (&question.ledger);
  aiot_offload_async (NULL, ask, &question, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  test_iterate_until (NULL, &question.ledger.n_freed, 1);
  g_assert_cmpint (question.ledger.n_freed_elsewhere, ==, 0);
  assert_answer (&question);
  g_clear_pointer (&question.answer, aiot_call_unref);
  g_clear_error (&question.error);
}

/* The main context is gone, and then the task is dropped, which nobody waits for: nothing of it is left. */
static void
test_dropped_after_gone (void)
{
  TestLoop loop;
  Question question = { .what = KEEP, .ledger = { .home = g_thread_self () } };
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_autoptr (AiotExecutor) executor = aiot_executor_new_separate (NULL, TRUE);
  AiotContextVar *var = aiot_context_var_new ("witness", G_TYPE_STRING, NULL);
  AiotContextToken *token = aiot_context_var_set_string (var, "held by all that is in flight");

  /* The worker warns that it frees what is left of the call. */
  test_loop_open (&loop);
  test_ledger_item (&question.ledger);
  aiot_offload_async (executor, ask, &question, NULL, NULL, NULL, NULL);
  test_iterate_until (loop.main_context, &question.n_started, 1);
  aiot_main_context_abandon (loop.main_context);
  test_gate_wait (&question.answered);
  g_assert_error (question.error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE);
  /* As long as there is the task, somebody may use the data. */
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (question.task)));
  g_assert_cmpint (question.ledger.n_freed, ==, 0);
  g_assert_finalize_object (g_steal_pointer (&question.task));
  g_assert_cmpint (question.ledger.n_freed, ==, 1);
  g_assert_cmpint (question.ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  aiot_context_var_reset (var, token);
  aiot_context_token_unref (token);
  g_assert_finalize_object (var);
  g_clear_error (&question.error);
  g_log_set_always_fatal (fatal);
}

/* GTask complains of it; the worker gets an error all the same. */
static void
test_without_value (void)
{
  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      test_task (GINT_TO_POINTER (RETURN_WITHOUT_VALUE));
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*CRITICAL*g_task_propagate_value*");
}

static void
test_deadlock (void)
{
  Question question = { .what = RETURN_STRING, .ledger = { .home = g_thread_self () } };

  question.answer = aiot_sync_await_task (start, &question, question_data_free, AIOT_TIMEOUT_NONE, NULL, &question.error);
  g_assert_null (question.answer);
  g_assert_error (question.error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_assert_cmpint (question.ledger.n_freed, ==, 1);
  g_clear_error (&question.error);
}

#define WHAT(what) GINT_TO_POINTER (what)

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_data_func ("/sync-await-task/returns/string", WHAT (RETURN_STRING), test_task);
  g_test_add_data_func ("/sync-await-task/returns/null-string", WHAT (RETURN_NULL_STRING), test_task);
  g_test_add_data_func ("/sync-await-task/returns/false", WHAT (RETURN_FALSE), test_task);
  g_test_add_data_func ("/sync-await-task/returns/error", WHAT (RETURN_ERROR), test_task);
  g_test_add_data_func ("/sync-await-task/returns/from-thread", WHAT (RETURN_ON_THREAD), test_task);
  g_test_add_data_func ("/sync-await-task/returns/later", WHAT (RETURN_LATER), test_task);
  g_test_add_data_func ("/sync-await-task/not-started/with-reason", WHAT (SAY_WHY_NOT), test_task);
  g_test_add_data_func ("/sync-await-task/not-started/without-reason", WHAT (SAY_NOTHING), test_task);
  g_test_add_data_func ("/sync-await-task/dropped/at-once", WHAT (DROP), test_task);
  g_test_add_data_func ("/sync-await-task/dropped/later", WHAT (DROP_LATER), test_task);
  g_test_add_data_func ("/sync-await-task/dropped/in-another-thread", WHAT (DROP_IN_THREAD), test_task);
  g_test_add_func ("/sync-await-task/dropped/after-gone", test_dropped_after_gone);
  g_test_add_func ("/sync-await-task/misuse/no-value", test_without_value);
  g_test_add_func ("/sync-await-task/deadlock", test_deadlock);
  return g_test_run ();
}
