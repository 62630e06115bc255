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

int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*start) (void *),
                void                 *data)
{
  static int (*real) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "pthread_create");
  if (g_atomic_int_add (&n_threads_left, -1) <= 0)
    return EAGAIN;
  return real (thread, attributes, start, data);
}

static void
allow_threads (int n)
{
  g_atomic_int_set (&n_threads_left, n);
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
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
  return g_test_run ();
}
