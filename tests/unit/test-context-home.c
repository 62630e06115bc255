/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE

#include "test-util.h"

#include <dlfcn.h>

/* Context variables at home: in callbacks, with several callers, and when their values are freed. */

#define NOT_SET -1

/* Variables for all tests, which leave them as they find them: not set. */
static AiotContextVar *number;
static AiotContextVar *object;

static gint64
get (void)
{
  const GValue *value = aiot_context_var_get (number);

  return value != NULL ? g_value_get_int64 (value) : NOT_SET;
}

/* For what ends with the context that it is set in, or is reset by an earlier token. */
static void
set (gint64 value)
{
  aiot_context_token_unref (aiot_context_var_set_int64 (number, value));
}

/* This program's own g_main_context_wakeup () comes before that of GLib, and can hold a thread that has just woken a loop. */

static TestHold waking;
static _Thread_local gboolean is_held_when_it_wakes;

void
g_main_context_wakeup (GMainContext *main_context)
{
  static void (*real) (GMainContext *);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "g_main_context_wakeup");
  real (main_context);
  if (is_held_when_it_wakes)
    {
      is_held_when_it_wakes = FALSE;
      test_gate_open (&waking.running);
      test_gate_wait (&waking.leave);
    }
}

/* --- callbacks --- */

typedef struct
{
  TestHold hold;
  TestLoop loop;
  gint64 outer;
  gint64 inner;
  gint64 outer_after;
  int n_called;
} Nested;

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
inner_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Nested *nested = user_data;

  nested->inner = get ();
  set (98);
  nested->n_called++;
}

static void
outer_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Nested *nested = user_data;

  nested->outer = get ();
  set (97);
  test_gate_open (&nested->hold.leave);
  test_iterate_until (nested->loop.main_context, &nested->n_called, 1);
  nested->outer_after = get ();
  nested->n_called++;
}

/* The inner one was made before the outer one is called back, so it has nothing of its context. */
static void
test_callback_in_nested_loop (void)
{
  Nested nested = { 0 };
  g_autoptr (AiotContextToken) token = NULL;

  test_loop_open (&nested.loop);
  token = aiot_context_var_set_int64 (number, 1);
  aiot_offload_async (NULL, test_hold_func, &nested.hold, NULL, NULL, inner_cb, &nested);
  set (2);
  aiot_offload_async (NULL, succeed, NULL, NULL, NULL, outer_cb, &nested);
  set (3);
  test_iterate_until (nested.loop.main_context, &nested.n_called, 2);
  g_assert_cmpint (nested.outer, ==, 2);
  g_assert_cmpint (nested.inner, ==, 1);
  g_assert_cmpint (nested.outer_after, ==, 97);
  g_assert_cmpint (get (), ==, 3);
  aiot_context_var_reset (number, token);
  test_loop_close (&nested.loop);
  test_hold_clear (&nested.hold);
}

typedef struct
{
  int n_left;
  int n_called;
} Chain;

static void
chain_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Chain *chain = user_data;

  g_assert_cmpint (get (), ==, chain->n_called);
  set (++chain->n_called);
  if (chain->n_left-- > 0)
    aiot_offload_async (NULL, succeed, NULL, NULL, NULL, chain_cb, chain);
}

/* What a callback sets is seen by what it starts, and by nobody else. */
static void
test_callback_starts_more (void)
{
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (number, 0);
  Chain chain = { .n_left = 3 };

  aiot_offload_async (NULL, succeed, NULL, NULL, NULL, chain_cb, &chain);
  test_iterate_until (NULL, &chain.n_called, 4);
  g_assert_cmpint (get (), ==, 0);
  aiot_context_var_reset (number, token);
}

static void
ended_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_assert_true (aiot_executor_shutdown_finish (AIOT_EXECUTOR (source_object), result, NULL));
  inner_cb (source_object, result, user_data);
}

static void
test_shutdown_callback (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("ending", 1);
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (number, 1);
  Nested nested = { 0 };

  aiot_offload_async (executor, succeed, NULL, NULL, NULL, NULL, NULL);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, ended_cb, &nested);
  set (2);
  test_iterate_until (NULL, &nested.n_called, 1);
  g_assert_cmpint (nested.inner, ==, 1);
  g_assert_cmpint (get (), ==, 2);
  aiot_context_var_reset (number, token);
}

/* --- several callers --- */

static gboolean
return_number (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  aiot_call_set_result_int64 (call, get ());
  set (99);
  return TRUE;
}

typedef struct
{
  AiotExecutor *executor;
  gint64 first;
  int n_calls;
  int n_called;
} Caller;

static void
compare_cb (GObject      *source_object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Caller *caller = user_data;

  /* One worker takes them in order, and answers in order. */
  g_assert_cmpint (get (), ==, caller->first + caller->n_called);
  g_assert_cmpint (g_value_get_int64 (aiot_offload_finish (result, NULL)), ==, get ());
  caller->n_called++;
}

static gpointer
call_many (gpointer data)
{
  Caller *caller = data;
  TestLoop loop;
  g_autoptr (AiotContextToken) token = NULL;

  test_loop_open (&loop);
  token = aiot_context_var_set_int64 (number, 0);
  for (int i = 0; i < caller->n_calls; i++)
    {
      set (caller->first + i);
      aiot_offload_async (caller->executor, return_number, NULL, NULL, NULL, compare_cb, caller);
    }
  set (-2);
  test_iterate_until (loop.main_context, &caller->n_called, caller->n_calls);
  g_assert_cmpint (get (), ==, -2);
  aiot_context_var_reset (number, token);
  test_loop_close (&loop);
  return NULL;
}

static void
test_concurrent_callers (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("shared");
  Caller callers[4];
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      callers[i] = (Caller) { executor, 1000 * i, 100, 0 };
      threads[i] = g_thread_new ("caller", call_many, &callers[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (get (), ==, NOT_SET);
}

static gboolean
hold_and_see (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  TestHold *hold = user_data;

  aiot_call_set_result_int64 (call, get ());
  set (99);
  return test_hold_func (call, hold, error);
}

static void
compare_threaded_cb (GObject      *source_object,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  Caller *caller = user_data;

  g_assert_cmpint (get (), ==, caller->first + caller->n_called);
  g_assert_cmpint (g_value_get_int64 (aiot_threaded_call_finish (AIOT_THREADED (source_object), result, NULL)), ==, get ());
  caller->n_called++;
}

/* A call that waited for its turn is admitted by the worker of another one, which has its own context. */
static void
test_limited (void)
{
  TestHold hold = { 0 };
  g_autoptr (AiotLimiter) limiter = aiot_limiter_new (1);
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (hold_and_see, &hold, NULL);
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (number, 0);
  Caller caller = { NULL, 1, 3, 0 };

  aiot_threaded_set_limiter (threaded, limiter);
  for (int i = 0; i < caller.n_calls; i++)
    {
      set (caller.first + i);
      aiot_threaded_call_async (threaded, NULL, NULL, compare_threaded_cb, &caller);
    }
  aiot_context_var_reset (number, token);
  test_gate_wait (&hold.running);
  test_gate_open (&hold.leave);
  test_iterate_until (NULL, &caller.n_called, caller.n_calls);
  test_hold_clear (&hold);
}

/* --- freeing what a caller has set --- */

static void
item_free_and_wake (gpointer item)
{
  test_item_free (item);
  g_main_context_wakeup (NULL);
}

/* A value that the ledger counts. Nothing has it but what is started from here until it is reset. */
static AiotContextToken *
set_counted (TestLedger *ledger)
{
  g_autoptr (GObject) counted = g_object_new (G_TYPE_OBJECT, NULL);

  g_object_set_data_full (counted, "item", test_ledger_item (ledger), item_free_and_wake);
  return aiot_context_var_set_object (object, counted);
}

static void
forget (AiotContextToken *token)
{
  aiot_context_var_reset (object, token);
  aiot_context_token_unref (token);
}

static void
assert_freed_at_home (TestLedger *ledger)
{
  test_iterate_until (NULL, &ledger->n_freed, 1);
  g_assert_cmpint (ledger->n_freed, ==, 1);
  g_assert_cmpint (ledger->n_freed_elsewhere, ==, 0);
}

/* The worker sees the value, and is the last that has it: the caller has forgotten it already. */
static gboolean
hold_with_value (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  g_assert_nonnull (g_value_get_object (aiot_context_var_get (object)));
  test_hold_func (call, user_data, error);
  g_assert_nonnull (g_value_get_object (aiot_context_var_get (object)));
  aiot_context_token_unref (aiot_context_var_set_object (object, NULL));
  return TRUE;
}

static void
test_free_after_call (void)
{
  TestLedger ledger = { g_thread_self () };
  TestHold hold = { 0 };
  AiotContextToken *token = set_counted (&ledger);

  aiot_offload_async (NULL, hold_with_value, &hold, NULL, NULL, NULL, NULL);
  forget (token);
  test_gate_wait (&hold.running);
  g_assert_cmpint (ledger.n_freed, ==, 0);
  test_gate_open (&hold.leave);
  assert_freed_at_home (&ledger);
  test_hold_clear (&hold);
}

static void
test_free_after_abandoned_call (void)
{
  TestLedger ledger = { g_thread_self () };
  TestHold hold = { 0 };
  TestAnswer answer = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (hold_with_value, &hold, NULL);
  AiotContextToken *token = set_counted (&ledger);

  aiot_threaded_set_on_cancel (threaded, AIOT_ON_CANCEL_ABANDON);
  aiot_threaded_call_async (threaded, NULL, cancellable, test_answer_cb, &answer);
  forget (token);
  test_gate_wait (&hold.running);
  g_cancellable_cancel (cancellable);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  g_assert_cmpint (ledger.n_freed, ==, 0);
  test_gate_open (&hold.leave);
  assert_freed_at_home (&ledger);
  test_hold_clear (&hold);
}

static gboolean
keep_call (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  *(AiotCall **) user_data = aiot_call_ref (call);
  return TRUE;
}

static gpointer
unref_call (gpointer call)
{
  aiot_call_unref (call);
  return NULL;
}

static void
test_free_after_call_is_dropped_elsewhere (void)
{
  TestLedger ledger = { g_thread_self () };
  TestAnswer answer = { 0 };
  AiotCall *call = NULL;
  AiotContextToken *token = set_counted (&ledger);

  aiot_offload_async (NULL, keep_call, &call, NULL, NULL, test_answer_cb, &answer);
  forget (token);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  g_assert_cmpint (ledger.n_freed, ==, 0);
  g_thread_join (g_thread_new ("collector", unref_call, call));
  assert_freed_at_home (&ledger);
}

static void
return_and_hold (GTask        *task,
                 gpointer      source_object,
                 gpointer      hold,
                 GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
  test_hold_func (NULL, hold, NULL);
}

static void
test_free_after_task (void)
{
  TestLedger ledger = { g_thread_self () };
  TestHold hold = { 0 };
  TestAnswer answer = { 0 };
  AiotContextToken *token = set_counted (&ledger);
  GTask *task = g_task_new (NULL, NULL, test_answer_cb, &answer);

  g_task_set_task_data (task, &hold, NULL);
  aiot_executor_run_task (NULL, task, return_and_hold);
  g_object_unref (task);
  forget (token);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  g_assert_cmpint (ledger.n_freed, ==, 0);
  test_gate_open (&hold.leave);
  assert_freed_at_home (&ledger);
  test_hold_clear (&hold);
}

static void
wait_for_main_loop (AiotThreadPhase phase,
                    gpointer        user_data)
{
  if (phase != AIOT_THREAD_ENDS)
    return;

  test_hold_func (NULL, user_data, NULL);
  is_held_when_it_wakes = TRUE;
}

/* The last thread has its answer delivered, and only then drops its reference to the question. */
static void
test_free_after_shutdown (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("ending", 1);
  TestLedger ledger = { g_thread_self () };
  TestHold end = { 0 };
  TestAnswer answer = { 0 };
  AiotContextToken *token;

  aiot_executor_set_thread_hook (executor, wait_for_main_loop, &end, NULL);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, NULL, NULL);
  token = set_counted (&ledger);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &answer);
  forget (token);
  test_gate_wait (&end.running);
  /* The loop has nothing to do, and sleeps. */
  while (g_main_context_iteration (NULL, FALSE))
    ;

  test_gate_open (&end.leave);
  test_gate_wait (&waking.running);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  /* The thread that ended holds nothing any more, though it has not come further than waking the loop. */
  assert_freed_at_home (&ledger);
  test_gate_open (&waking.leave);
  test_hold_clear (&end);
}

/* --- freeing what a worker has set --- */

typedef struct
{
  TestLedger ledger;
  TestGate freed;
  GThread *freed_in;
} WorkerValue;

static void
worker_value_free (gpointer data)
{
  WorkerValue *self = data;

  self->freed_in = g_thread_self ();
  test_item_free (&self->ledger);
  g_main_context_wakeup (NULL);
}

static void
set_worker_value (WorkerValue *self)
{
  g_autoptr (GObject) counted = g_object_new (G_TYPE_OBJECT, NULL);

  self->ledger.home = g_thread_self ();
  test_ledger_item (&self->ledger);
  g_object_set_data_full (counted, "item", self, worker_value_free);
  aiot_context_token_unref (aiot_context_var_set_object (object, counted));
}

static gboolean
set_and_leave (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  set_worker_value (user_data);
  return TRUE;
}

static void
test_free_with_work (void)
{
  WorkerValue value = { 0 };
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, set_and_leave, &value, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  g_assert_cmpint (value.ledger.n_freed, ==, 1);
  g_assert_cmpint (value.ledger.n_freed_elsewhere, ==, 0);
}

static void
see_value (gpointer user_data)
{
  g_assert_nonnull (g_value_get_object (aiot_context_var_get (object)));
}

static gboolean
set_and_post (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  set_worker_value (user_data);
  aiot_call_post (call, see_value, NULL, NULL);
  return TRUE;
}

/* By whichever of the two drops it last. */
static void
test_free_with_post (void)
{
  WorkerValue value = { 0 };

  aiot_offload_async (NULL, set_and_post, &value, NULL, NULL, NULL, NULL);
  test_iterate_until (NULL, &value.ledger.n_freed, 1);
  g_assert_cmpint (value.ledger.n_freed, ==, 1);
}

static gboolean
see_value_and_return (GTask     *task,
                      gpointer   user_data,
                      GError   **error)
{
  GValue value = G_VALUE_INIT;

  see_value (NULL);
  g_value_init (&value, G_TYPE_BOOLEAN);
  g_task_return_value (task, &value);
  return TRUE;
}

static gboolean
set_and_await (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  g_autoptr (AiotCall) awaited = NULL;

  set_worker_value (user_data);
  awaited = aiot_sync_await_task (see_value_and_return, NULL, NULL, AIOT_TIMEOUT_NONE, NULL, error);
  return awaited != NULL;
}

static void
test_free_with_operation (void)
{
  WorkerValue value = { 0 };

  aiot_offload_async (NULL, set_and_await, &value, NULL, NULL, NULL, NULL);
  test_iterate_until (NULL, &value.ledger.n_freed, 1);
  g_assert_cmpint (value.ledger.n_freed, ==, 1);
}

/* --- a main context that goes away --- */

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

static void
gone_value_free (gpointer data)
{
  WorkerValue *self = data;

  test_item_free (&self->ledger);
  test_gate_open (&self->freed);
}

static void
test_free_when_home_is_gone (void)
{
  WorkerValue value = { .ledger = { g_thread_self () } };
  TestHold hold = { 0 };
  TestLoop loop;
  AiotContextToken *token;

  test_loop_open (&loop);
  {
    g_autoptr (GObject) counted = g_object_new (G_TYPE_OBJECT, NULL);

    g_object_set_data_full (counted, "item", &value, gone_value_free);
    token = aiot_context_var_set_object (object, counted);
  }
  aiot_offload_async (NULL, hold_with_value, &hold, NULL, NULL, never_called_cb, NULL);
  forget (token);
  test_gate_wait (&hold.running);
  aiot_main_context_abandon (loop.main_context);
  test_loop_close (&loop);
  g_assert_cmpint (value.ledger.n_freed, ==, 0);

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "*freed on another thread*");
  test_gate_open (&hold.leave);
  test_gate_wait (&value.freed);
  g_test_assert_expected_messages ();
  g_assert_cmpint (value.ledger.n_freed, ==, 1);
  g_assert_cmpint (value.ledger.n_freed_elsewhere, ==, 1);
  test_hold_clear (&hold);
  test_gate_clear (&value.freed);
}

int
main (int    argc,
      char **argv)
{
  int status;

  test_init (&argc, &argv);
  number = aiot_context_var_new ("number", G_TYPE_INT64, NULL);
  object = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);

  g_test_add_func ("/context/callback/nested-main-loop", test_callback_in_nested_loop);
  g_test_add_func ("/context/callback/starts-more", test_callback_starts_more);
  g_test_add_func ("/context/callback/shutdown", test_shutdown_callback);
  g_test_add_func ("/context/callers/each-sees-its-own", test_concurrent_callers);
  g_test_add_func ("/context/callers/admitted-by-another", test_limited);
  g_test_add_func ("/context/home/after-call", test_free_after_call);
  g_test_add_func ("/context/home/after-abandoned-call", test_free_after_abandoned_call);
  g_test_add_func ("/context/home/after-call-dropped-elsewhere", test_free_after_call_is_dropped_elsewhere);
  g_test_add_func ("/context/home/after-task", test_free_after_task);
  g_test_add_func ("/context/home/after-shutdown", test_free_after_shutdown);
  g_test_add_func ("/context/home/gone", test_free_when_home_is_gone);
  g_test_add_func ("/context/worker/value-freed-with-work", test_free_with_work);
  g_test_add_func ("/context/worker/value-freed-with-post", test_free_with_post);
  g_test_add_func ("/context/worker/value-freed-with-operation", test_free_with_operation);
  status = g_test_run ();
  g_object_unref (object);
  g_object_unref (number);
  return status;
}
