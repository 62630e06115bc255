/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE

#include "test-util.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

/* This program's own pthread_create () comes before that of the C library, and can refuse. */

static int n_threads_left = G_MAXINT;
static int n_until_refused = 0;   /* the one that counts down to 0 is refused, and no other */

int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*start) (void *),
                void                 *data)
{
  static int (*real) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "pthread_create");
  if (g_atomic_int_add (&n_threads_left, -1) <= 0 || g_atomic_int_add (&n_until_refused, -1) == 1)
    return EAGAIN;
  return real (thread, attributes, start, data);
}

static void
allow_threads (int n)
{
  g_atomic_int_set (&n_threads_left, n);
}

static void
refuse_thread (int number)
{
  g_atomic_int_set (&n_until_refused, number);
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

/* The limit of the process counts threads that only just leave. */
static void
end_executor (AiotExecutor *executor)
{
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
}

static void
assert_exhausted (GError *error)
{
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_EXHAUSTED);
  g_assert_nonnull (strstr (error->message, "no thread"));
  g_assert_nonnull (strstr (error->message, "ulimit -u"));
}

static void
test_none_at_all (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("none", 4);
  TestLedger ledger = { g_thread_self (), 0, 0, 0 };
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  allow_threads (0);
  aiot_offload_async (executor, succeed, test_ledger_item (&ledger), test_item_free, NULL, test_answer_cb, &answer);
  g_assert_cmpint (answer.n_called, ==, 0);
  test_answer_wait (&answer, NULL);
  allow_threads (G_MAXINT);

  g_assert_null (aiot_offload_finish (answer.result, &error));
  assert_exhausted (error);
  test_answer_clear (&answer);
  test_iterate_until (NULL, &ledger.n_freed, 1);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 0);
}

static void
return_true (GTask        *task,
             gpointer      source_object,
             gpointer      task_data,
             GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
test_none_for_a_task (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("none", 4);
  TestAnswer answer = { 0 };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, test_answer_cb, &answer);
  g_autoptr (GError) error = NULL;

  allow_threads (0);
  aiot_executor_run_task (executor, task, return_true);
  test_answer_wait (&answer, NULL);
  allow_threads (G_MAXINT);
  g_task_propagate_boolean (task, &error);
  assert_exhausted (error);
  test_answer_clear (&answer);
}

typedef struct
{
  TestHold hold;
  int n_run;
  int n_freed;
} Crowd;

static gboolean
hold_first (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  Crowd *crowd = user_data;

  if (g_atomic_int_add (&crowd->n_run, 1) == 0)
    return test_hold_func (call, &crowd->hold, error);
  return TRUE;
}

static void
count_freed (gpointer user_data)
{
  g_atomic_int_inc (&((Crowd *) user_data)->n_freed);
}

/* There is one thread and never another: no error, because it can take everything in time. */
static void
test_one_takes_all (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one-of-many", 16);
  Crowd crowd = { 0 };

  allow_threads (1);
  for (int i = 0; i < 50; i++)
    aiot_offload_async (executor, hold_first, &crowd, count_freed, NULL, NULL, NULL);
  test_gate_wait (&crowd.hold.running);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 49);
  test_gate_open (&crowd.hold.leave);
  test_iterate_until (NULL, &crowd.n_freed, 50);
  g_assert_cmpint (crowd.n_run, ==, 50);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 1);
  allow_threads (G_MAXINT);
  test_hold_clear (&crowd.hold);
  end_executor (executor);
}

static void
test_recovers (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("recovers", 4);

  for (int round = 0; round < 3; round++)
    {
      TestAnswer refused = { 0 }, answered = { 0 };
      g_autoptr (GError) error = NULL;

      if (aiot_executor_get_n_threads (executor) == 0)
        {
          allow_threads (0);
          aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &refused);
          test_answer_wait (&refused, NULL);
          g_assert_null (aiot_offload_finish (refused.result, &error));
          assert_exhausted (error);
          test_answer_clear (&refused);
        }

      allow_threads (G_MAXINT);
      aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answered);
      test_answer_wait (&answered, NULL);
      g_assert_nonnull (aiot_offload_finish (answered.result, NULL));
      test_answer_clear (&answered);
    }
  end_executor (executor);
}

/* All descriptors are in use: calls need none. */
static void
test_no_descriptor (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("no-descriptor", 4);
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (succeed, NULL, NULL);
  struct rlimit old, none;
  TestAnswer answer = { 0 };
  int lowest_free;

  /* The main context has its own, from when it was made. */
  g_main_context_iteration (NULL, FALSE);
  lowest_free = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  close (lowest_free);
  getrlimit (RLIMIT_NOFILE, &old);
  none = old;
  none.rlim_cur = lowest_free;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  g_assert_cmpint (open ("/dev/null", O_RDONLY | O_CLOEXEC), ==, -1);

  aiot_threaded_set_executor (threaded, executor);
  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();

      aiot_threaded_call_async (threaded, NULL, cancellable, test_answer_cb, &answer);
      test_iterate_until (NULL, &answer.n_called, i + 1);
      g_assert_nonnull (aiot_threaded_call_finish (threaded, answer.result, NULL));
    }
  setrlimit (RLIMIT_NOFILE, &old);
  test_answer_clear (&answer);
  end_executor (executor);
}

/* --- Every kind of executor --- */

#define N_KINDS 4

static AiotExecutor *
new_executor (guint kind)
{
  switch (kind)
    {
    case 0:
      return aiot_executor_new_pool ("pool", 4);
    case 1:
      return aiot_executor_new_serial ("serial");
    case 2:
      return aiot_executor_new_separate ("separate", TRUE);
    default:
      return aiot_executor_new_separate ("joined", FALSE);
    }
}

/* Also behind a limiter, where the next is let through by the failure of the one before. */
static void
test_none_of_any_kind (void)
{
  for (guint kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr (AiotExecutor) executor = new_executor (kind);
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (succeed, NULL, NULL);
      g_autoptr (AiotLimiter) limiter = aiot_limiter_new (1);
      g_autoptr (AiotCall) call = NULL;
      g_autoptr (GError) error = NULL;
      TestAnswer answers[10] = { 0 };

      aiot_threaded_set_executor (threaded, executor);
      aiot_threaded_set_limiter (threaded, limiter);
      allow_threads (0);
      for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
        aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answers[i]);
      for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
        {
          g_autoptr (GError) own_error = NULL;

          test_answer_wait (&answers[i], NULL);
          g_assert_null (aiot_threaded_call_finish (threaded, answers[i].result, &own_error));
          assert_exhausted (own_error);
          test_answer_clear (&answers[i]);
        }
      g_assert_cmpuint (aiot_limiter_get_n_inside (limiter), ==, 0);
      g_assert_cmpuint (aiot_limiter_get_n_waiting (limiter), ==, 0);

      g_assert_null (aiot_offload_sync (executor, succeed, NULL, NULL, &error));
      assert_exhausted (error);
      g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 0);
      g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 0);
      g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 0);
      g_assert_cmpuint (aiot_executor_get_n_done (executor), ==, 0);

      allow_threads (G_MAXINT);
      call = aiot_offload_sync (executor, succeed, NULL, NULL, NULL);
      g_assert_nonnull (call);
      end_executor (executor);
    }
}

/* --- The n-th of a mixture --- */

typedef struct
{
  AiotExecutor *pool;
  AiotExecutor *serial;
  AiotExecutor *separate;
} Mixture;

static gboolean
complete_task (gpointer task)
{
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
start_later (GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             callback_data,
             gpointer             user_data)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, complete_task, g_task_new (NULL, NULL, callback, callback_data), g_object_unref);
}

static gboolean
finish_task (GObject       *source_object,
             GAsyncResult  *result,
             gpointer       user_data,
             GValue        *value,
             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
do_await (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  return aiot_sync_await (start_later, finish_task, NULL, NULL, AIOT_TIMEOUT_NONE, NULL, NULL, error);
}

static gboolean
run_on (AiotExecutor    *executor,
        AiotThreadFunc   func,
        gpointer         user_data,
        GError         **error)
{
  g_autoptr (AiotCall) call = aiot_offload_sync (executor, func, user_data, NULL, error);

  return call != NULL;
}

static gboolean
do_pool (AiotCall *call, gpointer mixture, GError **error)
{
  return run_on (((Mixture *) mixture)->pool, succeed, mixture, error);
}

static gboolean
do_pool_await (AiotCall *call, gpointer mixture, GError **error)
{
  return run_on (((Mixture *) mixture)->pool, do_await, mixture, error);
}

static gboolean
do_serial (AiotCall *call, gpointer mixture, GError **error)
{
  return run_on (((Mixture *) mixture)->serial, succeed, mixture, error);
}

static gboolean
do_separate (AiotCall *call, gpointer mixture, GError **error)
{
  return run_on (((Mixture *) mixture)->separate, do_pool, mixture, error);
}

static gboolean
do_deep (AiotCall *call, gpointer mixture, GError **error)
{
  return run_on (((Mixture *) mixture)->pool, do_separate, mixture, error) && do_await (call, mixture, error);
}

/* No serial work waits for other work that may wait for the serial thread. */
static const AiotThreadFunc for_any[] = { succeed, do_await, do_pool, do_pool_await, do_serial, do_separate, do_deep };
static const AiotThreadFunc for_serial[] = { succeed, do_await, do_pool, do_pool_await, do_separate };

#define N_ON_POOL (3 * G_N_ELEMENTS (for_any))
#define N_SEPARATE G_N_ELEMENTS (for_any)
#define N_SERIAL (2 * G_N_ELEMENTS (for_serial))
#define N_LIMITED 5
#define N_WITH_DATA 3
#define N_MIXED (N_ON_POOL + N_SEPARATE + N_SERIAL + N_WITH_DATA + N_LIMITED)

static void
start_mixture (Mixture      *mixture,
               AiotThreaded *threaded,
               TestLedger   *ledger,
               TestAnswer   *answers)
{
  for (guint i = 0; i < N_ON_POOL; i++)
    aiot_offload_async (mixture->pool, for_any[i % G_N_ELEMENTS (for_any)], mixture, NULL, NULL, test_answer_cb, answers++);
  for (guint i = 0; i < N_SEPARATE; i++)
    aiot_offload_async (mixture->separate, for_any[i], mixture, NULL, NULL, test_answer_cb, answers++);
  for (guint i = 0; i < N_SERIAL; i++)
    aiot_offload_async (mixture->serial, for_serial[i % G_N_ELEMENTS (for_serial)], mixture, NULL, NULL,
                        test_answer_cb, answers++);
  /* One more on each, for its data. */
  aiot_offload_async (mixture->pool, succeed, test_ledger_item (ledger), test_item_free, NULL, test_answer_cb, answers++);
  aiot_offload_async (mixture->serial, succeed, test_ledger_item (ledger), test_item_free, NULL, test_answer_cb, answers++);
  aiot_offload_async (mixture->separate, succeed, test_ledger_item (ledger), test_item_free, NULL, test_answer_cb, answers++);
  for (guint i = 0; i < N_LIMITED; i++)
    aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, answers++);
}

/* How many of all failed. */
static guint
run_mixture (void)
{
  Mixture mixture = { new_executor (0), new_executor (1), new_executor (2) };
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (do_pool, &mixture, NULL);
  g_autoptr (AiotLimiter) limiter = aiot_limiter_new (1);
  TestAnswer answers[N_MIXED] = { 0 };
  TestLedger ledger = { g_thread_self (), 0, 0, 0 };
  guint n_failed = 0;

  aiot_threaded_set_executor (threaded, mixture.pool);
  aiot_threaded_set_limiter (threaded, limiter);
  start_mixture (&mixture, threaded, &ledger, answers);
  for (guint i = 0; i < N_MIXED; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean is_threaded = i >= N_MIXED - N_LIMITED;

      test_answer_wait (&answers[i], NULL);
      if ((is_threaded ? aiot_threaded_call_finish (threaded, answers[i].result, &error)
                       : aiot_offload_finish (answers[i].result, &error)) == NULL)
        {
          assert_exhausted (error);
          n_failed++;
        }
      test_answer_clear (&answers[i]);
    }
  test_iterate_until (NULL, &ledger.n_freed, N_WITH_DATA);
  allow_threads (G_MAXINT);
  refuse_thread (0);

  /* Each is as good as new. */
  for (guint i = 0; i < 3; i++)
    {
      AiotExecutor *executor = i == 0 ? mixture.pool : i == 1 ? mixture.serial : mixture.separate;
      g_autoptr (AiotCall) call = aiot_offload_sync (executor, succeed, NULL, NULL, NULL);

      g_assert_nonnull (call);
      end_executor (executor);
      g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 0);
      g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 0);
    }
  for (guint i = 0; i < N_MIXED; i++)
    g_assert_cmpint (answers[i].n_called, ==, 1);
  g_assert_cmpint (ledger.n_freed, ==, N_WITH_DATA);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  g_assert_cmpuint (aiot_limiter_get_n_inside (limiter), ==, 0);
  g_object_unref (mixture.pool);
  g_object_unref (mixture.serial);
  g_object_unref (mixture.separate);
  return n_failed;
}

/* Whether a thread that could not be started was given back to the count of the process. */
static void
assert_no_thread_counted (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_separate ("counted", TRUE);
  g_autoptr (AiotCall) call = NULL;
  guint limit = aiot_get_thread_limit ();

  aiot_set_thread_limit (1);
  call = aiot_offload_sync (executor, succeed, NULL, NULL, NULL);
  g_assert_nonnull (call);
  aiot_set_thread_limit (limit);
  end_executor (executor);
}

#define N_REFUSED 24

static void
test_mixture_without_one (void)
{
  guint n_failed = 0;

  g_assert_cmpuint (run_mixture (), ==, 0);
  for (int number = 1; number <= N_REFUSED; number++)
    {
      refuse_thread (number);
      n_failed += run_mixture ();
      assert_no_thread_counted ();
    }
  /* At least where it was the very first. */
  g_assert_cmpuint (n_failed, >, 0);
}

static void
test_mixture_with_few (void)
{
  for (int n = 0; n < N_REFUSED; n++)
    {
      guint n_failed;

      allow_threads (n);
      n_failed = run_mixture ();
      if (n == 0)
        g_assert_cmpuint (n_failed, ==, N_MIXED);
      else
        g_assert_cmpuint (n_failed, <, N_MIXED);
      assert_no_thread_counted ();
    }
}

/* The limit of the process does the same as the system. */
static void
test_mixture_within_limit (void)
{
  guint limit = aiot_get_thread_limit ();

  for (guint n = 3; n < N_REFUSED; n++)
    {
      aiot_set_thread_limit (n);
      run_mixture ();
      aiot_set_thread_limit (limit);
      assert_no_thread_counted ();
    }
}

/* When an executor is said to have ended, its threads count no more. */
static void
test_limit_of_ended (void)
{
  guint n = test_scaled (2000);
  guint limit = aiot_get_thread_limit ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (AiotExecutor) executor = aiot_executor_new_separate ("ended", TRUE);
      g_autoptr (AiotCall) call = NULL;

      aiot_set_thread_limit (1);
      call = aiot_offload_sync (executor, succeed, NULL, NULL, NULL);
      g_assert_nonnull (call);
      /* At various moments of its end. */
      for (guint j = 0; aiot_executor_get_n_threads (executor) > 0 || j < i % 200; j++)
        continue;
      end_executor (executor);
    }
  aiot_set_thread_limit (limit);
}

/* --- Work that waits for work --- */

typedef struct
{
  AiotExecutor *executor;
  int depth;
} Nested;

static gboolean
nest (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  Nested *nested = user_data;
  Nested inner = { nested->executor, nested->depth - 1 };

  return nested->depth <= 1 || run_on (nested->executor, nest, &inner, error);
}

static void
offload_nested (AiotExecutor *executor,
                int           depth,
                gboolean      works)
{
  Nested nested = { executor, depth };
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (executor, nest, &nested, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  if (works)
    g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
  else
    g_assert_null (aiot_offload_finish (answer.result, &error));
  if (!works)
    assert_exhausted (error);
  test_answer_clear (&answer);
}

/* Each level takes a thread of its own, on a pool as on separate ones: one more than there may be is one too many. */
static void
test_limit_of_nested_work (void)
{
  guint limit = aiot_get_thread_limit ();

  for (guint kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr (AiotExecutor) executor = kind == 1 ? aiot_executor_new_pool ("one", 1) : new_executor (kind);

      aiot_set_thread_limit (6);
      for (int round = 0; round < 3; round++)
        {
          offload_nested (executor, 3, TRUE);
          offload_nested (executor, 7, FALSE);
          offload_nested (executor, 20, FALSE);
        }
      aiot_set_thread_limit (20);
      if (kind < 2)
        offload_nested (executor, 20, TRUE);
      aiot_set_thread_limit (limit);
      end_executor (executor);
    }
}

typedef struct
{
  AiotExecutor *executor;
  TestGate running;
  TestGate may_wait;
  int n_started;
  GTask *task;
} Waiting;

static gboolean
wait_for_own_pool (AiotCall  *call,
                   gpointer   user_data,
                   GError   **error)
{
  Waiting *waiting = user_data;

  test_gate_open (&waiting->running);
  test_gate_wait (&waiting->may_wait);
  return run_on (waiting->executor, succeed, NULL, error);
}

static void
assert_answer (TestAnswer *answer,
               gboolean    works)
{
  g_autoptr (GError) error = NULL;

  test_answer_wait (answer, NULL);
  if (works)
    g_assert_nonnull (aiot_offload_finish (answer->result, NULL));
  else
    g_assert_null (aiot_offload_finish (answer->result, &error));
  if (!works)
    assert_exhausted (error);
  test_answer_clear (answer);
}

static void
waiting_clear (Waiting *waiting)
{
  test_gate_clear (&waiting->running);
  test_gate_clear (&waiting->may_wait);
}

/* The only thread there may be waits for work that is queued: that fails with all that is queued, because nobody would do it. */
static void
test_limit_refuses_queue (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("queue", 4);
  Waiting waiting = { .executor = executor };
  TestAnswer first = { 0 }, queued[5] = { 0 }, later = { 0 };
  guint limit = aiot_get_thread_limit ();

  aiot_set_thread_limit (1);
  aiot_offload_async (executor, wait_for_own_pool, &waiting, NULL, NULL, test_answer_cb, &first);
  test_gate_wait (&waiting.running);
  for (guint i = 0; i < G_N_ELEMENTS (queued); i++)
    aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &queued[i]);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, G_N_ELEMENTS (queued));
  test_gate_open (&waiting.may_wait);
  assert_answer (&first, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (queued); i++)
    assert_answer (&queued[i], FALSE);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 0);

  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &later);
  assert_answer (&later, TRUE);
  aiot_set_thread_limit (limit);
  waiting_clear (&waiting);
  end_executor (executor);
}

/* One more thread is there, though busy: it will take what is queued, so nothing fails. */
static void
test_limit_with_another_worker (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("two", 4);
  Waiting waiting = { .executor = executor };
  TestHold hold = { 0 };
  TestAnswer first = { 0 }, second = { 0 }, queued[5] = { 0 };
  guint limit = aiot_get_thread_limit ();

  aiot_set_thread_limit (2);
  aiot_offload_async (executor, wait_for_own_pool, &waiting, NULL, NULL, test_answer_cb, &first);
  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &second);
  test_gate_wait (&waiting.running);
  test_gate_wait (&hold.running);
  for (guint i = 0; i < G_N_ELEMENTS (queued); i++)
    aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &queued[i]);
  test_gate_open (&waiting.may_wait);
  /* What the one waits for is queued as well now. */
  while (aiot_executor_get_n_queued (executor) != G_N_ELEMENTS (queued) + 1)
    g_thread_yield ();
  test_gate_open (&hold.leave);
  assert_answer (&first, TRUE);
  assert_answer (&second, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (queued); i++)
    assert_answer (&queued[i], TRUE);
  aiot_set_thread_limit (limit);
  test_hold_clear (&hold);
  waiting_clear (&waiting);
  end_executor (executor);
}

static void
start_and_keep (GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             callback_data,
                gpointer             user_data)
{
  Waiting *waiting = user_data;

  waiting->task = g_task_new (NULL, NULL, callback, callback_data);
  waiting->n_started++;
}

static gboolean
await_kept (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return aiot_sync_await (start_and_keep, finish_task, user_data, NULL, AIOT_TIMEOUT_NONE, NULL, NULL, error);
}

/* Every thread awaits the main loop: new work fails, until one is back. */
static void
test_limit_while_awaiting (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("await", 4);
  Waiting waiting = { 0 };
  TestAnswer first = { 0 }, refused = { 0 }, later = { 0 };
  guint limit = aiot_get_thread_limit ();

  aiot_set_thread_limit (1);
  aiot_offload_async (executor, await_kept, &waiting, NULL, NULL, test_answer_cb, &first);
  test_iterate_until (NULL, &waiting.n_started, 1);

  /* It may be queued before its thread sleeps, and is refused when that does. */
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &refused);
  assert_answer (&refused, FALSE);
  g_assert_cmpint (first.n_called, ==, 0);

  g_task_return_boolean (waiting.task, TRUE);
  g_clear_object (&waiting.task);
  assert_answer (&first, TRUE);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &later);
  assert_answer (&later, TRUE);
  aiot_set_thread_limit (limit);
  end_executor (executor);
}

/* --- Descriptors --- */

/* A thread-default main context that was made before, and every way to run something. */
static void
test_no_descriptor_for_anything (void)
{
  Mixture mixture = { new_executor (0), new_executor (1), new_executor (2) };
  AiotExecutor *executors[] = { mixture.pool, mixture.serial, mixture.separate };
  struct rlimit old, none;
  TestLoop loop;
  int lowest_free;

  test_loop_open (&loop);
  lowest_free = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  close (lowest_free);
  getrlimit (RLIMIT_NOFILE, &old);
  none = old;
  none.rlim_cur = lowest_free;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  g_assert_cmpint (open ("/dev/null", O_RDONLY | O_CLOEXEC), ==, -1);

  for (guint i = 0; i < G_N_ELEMENTS (executors); i++)
    for (guint j = 0; j < G_N_ELEMENTS (for_serial); j++)
      {
        TestAnswer answer = { 0 };
        TestLedger ledger = { g_thread_self (), 0, 0, 0 };

        /* These start no idle of their own, which would be one of another main context. */
        aiot_offload_async (executors[i], for_serial[j] == do_await || for_serial[j] == do_pool_await ? succeed : for_serial[j],
                            &mixture, NULL, NULL, test_answer_cb, &answer);
        test_answer_wait (&answer, loop.main_context);
        g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
        test_answer_clear (&answer);
        aiot_offload_async (executors[i], succeed, test_ledger_item (&ledger), test_item_free, NULL, NULL, NULL);
        test_iterate_until (loop.main_context, &ledger.n_freed, 1);
      }
  for (guint i = 0; i < G_N_ELEMENTS (executors); i++)
    {
      TestAnswer answer = { 0 };
      Waiting waiting = { 0 };

      aiot_offload_async (executors[i], await_kept, &waiting, NULL, NULL, test_answer_cb, &answer);
      test_iterate_until (loop.main_context, &waiting.n_started, 1);
      g_task_return_boolean (waiting.task, TRUE);
      g_clear_object (&waiting.task);
      test_answer_wait (&answer, loop.main_context);
      g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
      test_answer_clear (&answer);

      answer = (TestAnswer) { 0 };
      aiot_executor_shutdown_async (executors[i], AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &answer);
      test_answer_wait (&answer, loop.main_context);
      g_assert_true (aiot_executor_shutdown_finish (executors[i], answer.result, NULL));
      test_answer_clear (&answer);
    }
  setrlimit (RLIMIT_NOFILE, &old);
  for (guint i = 0; i < G_N_ELEMENTS (executors); i++)
    g_object_unref (executors[i]);
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  /* For the test that runs a GTask: GLib starts a thread of its own for the first one, and aborts when it can't. */
  g_type_ensure (G_TYPE_TASK);

  g_test_add_func ("/exhaustion/no-thread-at-all", test_none_at_all);
  g_test_add_func ("/exhaustion/no-thread-for-a-task", test_none_for_a_task);
  g_test_add_func ("/exhaustion/one-thread-takes-all", test_one_takes_all);
  g_test_add_func ("/exhaustion/recovers", test_recovers);
  g_test_add_func ("/exhaustion/no-descriptor", test_no_descriptor);
  g_test_add_func ("/exhaustion/no-descriptor-for-anything", test_no_descriptor_for_anything);
  g_test_add_func ("/exhaustion/no-thread-of-any-kind", test_none_of_any_kind);
  g_test_add_func ("/exhaustion/mixture/without-one", test_mixture_without_one);
  g_test_add_func ("/exhaustion/mixture/with-few", test_mixture_with_few);
  g_test_add_func ("/exhaustion/mixture/within-limit", test_mixture_within_limit);
  g_test_add_func ("/exhaustion/limit/ended-threads-do-not-count", test_limit_of_ended);
  g_test_add_func ("/exhaustion/limit/nested", test_limit_of_nested_work);
  g_test_add_func ("/exhaustion/limit/refuses-what-nobody-would-do", test_limit_refuses_queue);
  g_test_add_func ("/exhaustion/limit/another-worker-takes-it", test_limit_with_another_worker);
  g_test_add_func ("/exhaustion/limit/while-awaiting", test_limit_while_awaiting);
  return g_test_run ();
}
