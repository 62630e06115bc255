/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"

#define MS G_TIME_SPAN_MILLISECOND

/* Work that is held at a gate until the test lets it go. */
typedef struct
{
  AiotExecutor *executor;
  TestHold hold;
  int n_done;
} Held;

static void
count_done (gpointer user_data)
{
  g_atomic_int_inc (&((Held *) user_data)->n_done);
}

static gboolean
hold_func (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  return test_hold_func (call, &((Held *) user_data)->hold, error);
}

static void
held_start (Held         *held,
            AiotExecutor *executor)
{
  aiot_offload_async (executor, hold_func, held, count_done, NULL, NULL, NULL);
}

static void
held_end (Held *held,
          guint n)
{
  for (guint i = 0; i < n; i++)
    test_gate_open (&held[i].hold.leave);
  for (guint i = 0; i < n; i++)
    {
      while (g_atomic_int_get (&held[i].n_done) == 0)
        g_main_context_iteration (NULL, TRUE);
      test_hold_clear (&held[i].hold);
    }
}

static void
wait_for_threads (AiotExecutor *executor,
                  guint         n)
{
  while (aiot_executor_get_n_threads (executor) != n)
    g_thread_yield ();
}

/* Where only statistics show that a thread has got somewhere. */
static void
wait_for_done (AiotExecutor *executor,
               guint64       n)
{
  while (aiot_executor_get_n_done (executor) != n)
    g_thread_yield ();
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

/* --- lazy --- */

static void
test_lazy (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("lazy", 4);
      g_autoptr (AiotExecutor) by_default = aiot_executor_dup_default ();
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (succeed, NULL, NULL);
      TestAnswer answer = { 0 };

      g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 0);
      g_assert_cmpuint (aiot_executor_get_n_threads (by_default), ==, 0);
      g_assert_cmpuint (test_count_threads (), ==, 1);

      aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answer);
      test_answer_wait (&answer, NULL);
      g_assert_cmpuint (test_count_threads (), ==, 2);
      g_assert_cmpuint (aiot_executor_get_n_threads (by_default), ==, 1);
      test_answer_clear (&answer);
      return;
    }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  g_test_skip ("the sanitizer has a thread of its own");
#else
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
#endif
}

/* --- growth --- */

/* All but one of the pool's places are taken by work that is stuck; the next piece starts all the same. */
static void
test_grows_while_blocked (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("grow", 64);
  Held held[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    held_start (&held[i], executor);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    test_gate_wait (&held[i].hold.running);

  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 64);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 64);
  held_end (held, G_N_ELEMENTS (held));
}

/* Growth takes a stretch of 2 ms in which nothing was taken, and then doubles the threads that work. */
static void
test_grows_by_the_clock (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("grow", 64);
  Held held[16] = { 0 };
  const guint expected[] = { 1, 2, 4, 8, 16 };

  aiot_clock_stop ();
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    held_start (&held[i], executor);

  for (guint step = 0; step < G_N_ELEMENTS (expected); step++)
    {
      while (aiot_executor_get_n_running (executor) < expected[step])
        {
          /* The watcher may just be on its way to its wait; a little time does no harm to those that are not due. */
          if (step > 0)
            aiot_clock_advance (2 * MS);
          g_thread_yield ();
        }
      g_assert_cmpuint (aiot_executor_get_n_running (executor), >=, expected[step]);
      if (step == 0)
        g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 15);
    }
  aiot_clock_resume ();
  held_end (held, G_N_ELEMENTS (held));
}

/* Time stands still: work that waits does not get a thread just because it waits. */
static void
test_no_growth_without_time (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("still", 64);
  Held held[4] = { 0 };

  aiot_clock_stop ();
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    held_start (&held[i], executor);
  test_gate_wait (&held[0].hold.running);
  /* The one that works, and the one that watches. */
  wait_for_threads (executor, 2);
  aiot_clock_advance (2 * MS - 1);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 1);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 3);
  aiot_clock_resume ();
  held_end (held, G_N_ELEMENTS (held));
}

/* A thread that is slow to start: it was started to watch, and another one takes its call. */
typedef struct
{
  AiotExecutor *executor;
  int n_started;
  TestGate second_starts;
  TestGate second_may_start;
  TestGate runs;
  TestGate may_ask;
} Late;

static void
hold_second_thread (AiotThreadPhase phase,
                    gpointer        user_data)
{
  Late *self = user_data;

  if (phase == AIOT_THREAD_STARTS && g_atomic_int_add (&self->n_started, 1) == 1)
    {
      test_gate_open (&self->second_starts);
      test_gate_wait (&self->second_may_start);
    }
}

static gboolean
ask_own_pool (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  Late *self = user_data;
  g_autoptr (AiotCall) done = NULL;

  test_gate_open (&self->runs);
  test_gate_wait (&self->may_ask);
  done = aiot_offload_sync (self->executor, succeed, NULL, NULL, error);
  return done != NULL;
}

/* Then the only one that serves waits for what it has queued, and no other thread is to be had but the late one. */
static void
test_late_watcher_serves (gconstpointer data)
{
  gboolean by_limit = GPOINTER_TO_INT (data);
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("late", 2);
  guint limit = aiot_get_thread_limit ();
  Late late = { .executor = executor };
  TestHold first = { 0 };
  TestAnswer answers[3] = { 0 };

  aiot_executor_set_thread_hook (executor, hold_second_thread, &late, NULL);
  aiot_offload_async (executor, test_hold_func, &first, NULL, NULL, test_answer_cb, &answers[0]);
  test_gate_wait (&first.running);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answers[1]);
  test_gate_wait (&late.second_starts);
  test_gate_open (&first.leave);
  test_answer_wait (&answers[1], NULL);

  aiot_offload_async (executor, ask_own_pool, &late, NULL, NULL, test_answer_cb, &answers[2]);
  test_gate_wait (&late.runs);
  if (by_limit)
    aiot_set_thread_limit (1);
  else
    aiot_executor_set_size (executor, 1);
  test_gate_open (&late.may_ask);
  while (aiot_executor_get_n_queued (executor) == 0)
    g_thread_yield ();
  test_gate_open (&late.second_may_start);
  test_answer_wait (&answers[2], NULL);
  g_assert_nonnull (aiot_offload_finish (answers[2].result, NULL));

  aiot_set_thread_limit (limit);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    test_answer_clear (&answers[i]);
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  test_hold_clear (&first);
  test_gate_clear (&late.second_starts);
  test_gate_clear (&late.second_may_start);
  test_gate_clear (&late.runs);
  test_gate_clear (&late.may_ask);
}

/*
 * The same, where the only one that serves is stuck: the thread that was called to watch in its place serves now, so that nobody watches, and
 * work that came after that waits for nobody but the late one.
 */
static void
test_late_watcher_watches (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("late", 2);
  Late late = { .executor = executor };
  Held held[2] = { 0 };
  TestHold first = { 0 };
  TestAnswer answers[2] = { 0 };

  aiot_executor_set_thread_hook (executor, hold_second_thread, &late, NULL);
  aiot_offload_async (executor, test_hold_func, &first, NULL, NULL, test_answer_cb, &answers[0]);
  test_gate_wait (&first.running);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answers[1]);
  test_gate_wait (&late.second_starts);
  test_gate_open (&first.leave);
  /* Then it has parked, and watches. */
  wait_for_done (executor, 2);

  held_start (&held[0], executor);
  test_gate_wait (&held[0].hold.running);
  held_start (&held[1], executor);
  test_gate_open (&late.second_may_start);
  test_gate_wait (&held[1].hold.running);

  held_end (held, G_N_ELEMENTS (held));
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      test_answer_wait (&answers[i], NULL);
      test_answer_clear (&answers[i]);
    }
  test_hold_clear (&first);
  test_gate_clear (&late.second_starts);
  test_gate_clear (&late.second_may_start);
  test_gate_clear (&late.runs);
  test_gate_clear (&late.may_ask);
}

/* --- size --- */

static int n_now;
static int most_at_once;
static TestGate all_may_leave;

static gboolean
count_at_once (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  int now = g_atomic_int_add (&n_now, 1) + 1;
  int most = g_atomic_int_get (&most_at_once);

  while (now > most && !g_atomic_int_compare_and_exchange (&most_at_once, most, now))
    most = g_atomic_int_get (&most_at_once);
  if (now == 3)
    test_gate_open (&all_may_leave);
  test_gate_wait (&all_may_leave);
  g_atomic_int_add (&n_now, -1);
  return TRUE;
}

static void
test_size_is_the_limit (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("three", 3);

  for (guint i = 0; i < 200; i++)
    aiot_offload_async (executor, count_at_once, NULL, NULL, NULL, NULL, NULL);
  wait_for_done (executor, 200);
  g_assert_cmpint (most_at_once, ==, 3);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), <=, 3);
}

static void
test_size_raised (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("raised", 1);
  Held held[2] = { 0 };
  int n_notified = 0;

  held_start (&held[0], executor);
  held_start (&held[1], executor);
  test_gate_wait (&held[0].hold.running);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 1);

  g_signal_connect_swapped (executor, "notify::size", G_CALLBACK (g_atomic_int_inc), &n_notified);
  aiot_executor_set_size (executor, 2);
  aiot_executor_set_size (executor, 2);
  test_gate_wait (&held[1].hold.running);
  g_assert_cmpint (n_notified, ==, 1);
  g_assert_cmpuint (aiot_executor_get_size (executor), ==, 2);
  held_end (held, 2);
}

static void
test_size_lowered (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("lowered", 2);
  Held held[4] = { 0 };

  for (guint i = 0; i < 4; i++)
    held_start (&held[i], executor);
  test_gate_wait (&held[0].hold.running);
  test_gate_wait (&held[1].hold.running);

  g_object_set (executor, "size", 1, NULL);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 2);

  /* The first thread that is done finds that it is one too many. */
  test_gate_open (&held[0].hold.leave);
  wait_for_done (executor, 1);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 1);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 2);

  test_gate_open (&held[1].hold.leave);
  test_gate_wait (&held[2].hold.running);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 1);
  held_end (held, 4);
}

static void
test_size_misuse (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("none", 0);

      g_assert_null (executor);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*size >= 1*");
}

/* --- idle --- */

/* As many threads as there are of these. */
static void
grow (AiotExecutor *executor,
      Held         *held,
      guint         n)
{
  for (guint i = 0; i < n; i++)
    held_start (&held[i], executor);
  for (guint i = 0; i < n; i++)
    while (!test_gate_is_open (&held[i].hold.running))
      {
        aiot_clock_advance (2 * MS);
        g_thread_yield ();
      }
  held_end (held, n);
  wait_for_done (executor, n);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), >=, n);
}

static void
test_idle_threads_leave (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("idle", 8);
  Held held[4] = { 0 };

  aiot_clock_stop ();
  grow (executor, held, 4);

  aiot_clock_advance (9 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), >=, 1);
  while (aiot_executor_get_n_threads (executor) > 0)
    {
      /* A thread that was slow to sit down counts from then. */
      aiot_clock_advance (2 * G_TIME_SPAN_SECOND);
      g_thread_yield ();
    }
  aiot_clock_resume ();

  /* And new work gets a new thread. */
  held[0] = (Held) { 0 };
  held_start (&held[0], executor);
  test_gate_wait (&held[0].hold.running);
  held_end (held, 1);
}

/* A call a second keeps one thread, which is the one that had the call before, and not all in turn. */
static void
test_few_are_kept (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("few", 8);
  Held held[6] = { 0 };
  guint64 n_done = 6;

  aiot_clock_stop ();
  grow (executor, held, 6);
  while (aiot_executor_get_n_threads (executor) > 2)
    {
      g_autoptr (AiotCall) call = aiot_offload_sync (executor, succeed, NULL, NULL, NULL);

      g_assert_nonnull (call);
      wait_for_done (executor, ++n_done);
      aiot_clock_advance (G_TIME_SPAN_SECOND);
    }
  aiot_clock_resume ();
}

static _Thread_local gint64 last_busy;

static void
check_idle_time (AiotThreadPhase phase,
                 gpointer        user_data)
{
  if (phase == AIOT_THREAD_STARTS)
    last_busy = aiot_clock_now ();
  else
    g_assert_cmpint (aiot_clock_now () - last_busy, >=, 10 * G_TIME_SPAN_SECOND);
}

static gboolean
hold_and_note (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  hold_func (call, user_data, error);
  last_busy = aiot_clock_now ();
  return TRUE;
}

/* They are gone from the process, none before its time, and the thread of a serial executor stays. */
static void
test_idle_threads_end (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("idle", 8);
      g_autoptr (AiotExecutor) serial = aiot_executor_new_serial ("stays");
      guint n_before = test_count_threads ();
      Held held[5] = { 0 };

      aiot_executor_set_thread_hook (executor, check_idle_time, NULL, NULL);
      aiot_clock_stop ();
      for (guint i = 0; i < 5; i++)
        aiot_offload_async (i < 4 ? executor : serial, hold_and_note, &held[i], count_done, NULL, NULL, NULL);
      for (guint i = 0; i < 5; i++)
        while (!test_gate_is_open (&held[i].hold.running))
          {
            aiot_clock_advance (2 * MS);
            g_thread_yield ();
          }
      held_end (held, 5);
      wait_for_done (executor, 4);

      while (aiot_executor_get_n_threads (executor) > 0)
        {
          aiot_clock_advance (G_TIME_SPAN_SECOND / 4);
          g_thread_yield ();
        }
      /* Only the system knows when a thread is gone for good. */
      while (test_count_threads () > n_before + 1)
        g_thread_yield ();
      g_assert_cmpuint (aiot_executor_get_n_threads (serial), ==, 1);
      aiot_clock_resume ();
      return;
    }

#ifdef __SANITIZE_THREAD__
  g_test_skip ("the sanitizer has a thread of its own, which starts with the first other one");
#else
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
#endif
}

/* --- priority --- */

static GString *order;

static gboolean
note_order (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  g_string_append_c (order, GPOINTER_TO_INT (user_data));
  return TRUE;
}

static void
test_priority (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one", 1);
  const struct { char name; int priority; } calls[] = {
    { 'l', G_PRIORITY_LOW }, { 'd', G_PRIORITY_DEFAULT }, { 'h', G_PRIORITY_HIGH },
    { 'L', G_PRIORITY_LOW }, { 'D', G_PRIORITY_DEFAULT }, { 'H', G_PRIORITY_HIGH },
  };
  Held held = { 0 };

  order = g_string_new (NULL);
  held_start (&held, executor);
  test_gate_wait (&held.hold.running);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (note_order, GINT_TO_POINTER (calls[i].name), NULL);

      aiot_threaded_set_executor (threaded, executor);
      aiot_threaded_set_priority (threaded, calls[i].priority);
      aiot_threaded_call_async (threaded, NULL, NULL, NULL, NULL);
    }
  held_end (&held, 1);
  wait_for_done (executor, 7);
  g_assert_cmpstr (order->str, ==, "hHdDlL");
  g_string_free (order, TRUE);
}

/* --- statistics --- */

static gboolean
fail_after_3_ms (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  aiot_clock_advance (3 * MS);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "enough");
  return FALSE;
}

static void
test_statistics (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("statistics", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *name = NULL;
  Held held = { 0 };
  guint size, n_threads, n_running, n_queued;
  guint64 n_done, n_failed;
  gint64 total_time;

  aiot_clock_stop ();
  held_start (&held, executor);
  test_gate_wait (&held.hold.running);
  aiot_offload_async (executor, fail_after_3_ms, NULL, NULL, NULL, NULL, NULL);
  aiot_offload_async (executor, succeed, NULL, NULL, cancellable, NULL, NULL);
  g_object_get (executor, "name", &name, "size", &size, "n-threads", &n_threads, "n-running", &n_running,
                "n-queued", &n_queued, "n-done", &n_done, NULL);
  g_assert_cmpstr (name, ==, "statistics");
  g_assert_cmpuint (size, ==, 1);
  g_assert_cmpuint (n_threads, ==, 1);
  g_assert_cmpuint (n_running, ==, 1);
  g_assert_cmpuint (n_queued, ==, 2);
  g_assert_cmpuint (n_done, ==, 0);

  /* What never runs is no longer queued, and is not done either. */
  g_cancellable_cancel (cancellable);
  aiot_clock_advance (4 * MS);
  held_end (&held, 1);
  wait_for_done (executor, 2);
  g_object_get (executor, "n-running", &n_running, "n-queued", &n_queued, "n-done", &n_done, "n-failed", &n_failed,
                "total-time", &total_time, NULL);
  g_assert_cmpuint (n_running, ==, 0);
  g_assert_cmpuint (n_queued, ==, 0);
  g_assert_cmpuint (n_done, ==, 2);
  g_assert_cmpuint (n_failed, ==, 1);
  g_assert_cmpint (total_time, ==, 7 * MS);
  aiot_clock_resume ();
}

/* --- the environment --- */

static void
test_environment (gconstpointer data)
{
  const char *value = data;
  gboolean is_good = g_str_equal (value, "3");

  if (g_test_subprocess ())
    {
      g_autoptr (AiotExecutor) executor = NULL;

      g_setenv ("AIOTHREADS_POOL_SIZE", value, TRUE);
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      executor = aiot_executor_dup_default ();
      g_assert_cmpuint (aiot_executor_get_size (executor), ==, is_good ? 3 : 64);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  if (is_good)
    g_test_trap_assert_stderr_unmatched ("*WARNING*");
  else
    g_test_trap_assert_stderr ("*WARNING*AIOTHREADS_POOL_SIZE*is not a number of threads*using 64*");
}

/* --- the default --- */

static void
test_default_replaced (void)
{
  g_autoptr (AiotExecutor) old = aiot_executor_dup_default ();
  g_autoptr (AiotExecutor) mine = aiot_executor_new_pool ("mine", 1);
  g_autoptr (AiotExecutor) now = NULL, again = NULL;
  guint64 n_done_before = aiot_executor_get_n_done (old);
  Held held = { 0 };
  TestAnswer answer = { 0 };

  g_assert_cmpuint (aiot_executor_get_size (old), ==, 64);
  held_start (&held, NULL);
  test_gate_wait (&held.hold.running);

  aiot_set_default_executor (mine);
  now = aiot_executor_dup_default ();
  g_assert_true (now == mine);
  aiot_offload_async (NULL, succeed, NULL, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  wait_for_done (mine, 1);
  test_answer_clear (&answer);

  /* The old one ends what it has. */
  held_end (&held, 1);
  wait_for_done (old, n_done_before + 1);

  aiot_set_default_executor (NULL);
  again = aiot_executor_dup_default ();
  g_assert_true (again != mine);
  g_assert_true (again != old);
}

/* --- dropping an executor --- */

static void
test_drop_loses_no_work (void)
{
  AiotExecutor *executor = aiot_executor_new_pool ("dropped", 1);
  Held held[20] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    held_start (&held[i], executor);
  test_gate_wait (&held[0].hold.running);
  g_assert_finalize_object (executor);
  held_end (held, G_N_ELEMENTS (held));
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/pool/lazy/no-thread-before-work", test_lazy);
  g_test_add_func ("/pool/grow/blocked-work-does-not-hold-others", test_grows_while_blocked);
  g_test_add_func ("/pool/grow/doubles-after-2-ms", test_grows_by_the_clock);
  g_test_add_func ("/pool/grow/not-without-time", test_no_growth_without_time);
  g_test_add_data_func ("/pool/grow/late-watcher-at-the-limit", GINT_TO_POINTER (TRUE), test_late_watcher_serves);
  g_test_add_data_func ("/pool/grow/late-watcher-size-lowered", GINT_TO_POINTER (FALSE), test_late_watcher_serves);
  g_test_add_func ("/pool/grow/late-watcher-watches", test_late_watcher_watches);
  g_test_add_func ("/pool/size/is-the-limit", test_size_is_the_limit);
  g_test_add_func ("/pool/size/raised-starts-what-waits", test_size_raised);
  g_test_add_func ("/pool/size/lowered-keeps-what-runs", test_size_lowered);
  g_test_add_func ("/pool/misuse/size", test_size_misuse);
  g_test_add_func ("/pool/idle/threads-leave-after-10-s", test_idle_threads_leave);
  g_test_add_func ("/pool/idle/those-that-are-not-needed-leave", test_few_are_kept);
  g_test_add_func ("/pool/idle/threads-leave-the-process", test_idle_threads_end);
  g_test_add_func ("/pool/priority/urgent-first", test_priority);
  g_test_add_func ("/pool/statistics", test_statistics);
  g_test_add_data_func ("/pool/environment/size", "3", test_environment);
  g_test_add_data_func ("/pool/environment/zero", "0", test_environment);
  g_test_add_data_func ("/pool/environment/negative", "-1", test_environment);
  g_test_add_data_func ("/pool/environment/text", "many", test_environment);
  g_test_add_data_func ("/pool/environment/empty", "", test_environment);
  g_test_add_data_func ("/pool/environment/too-large", "99999999999", test_environment);
  g_test_add_func ("/pool/default/replaced", test_default_replaced);
  g_test_add_func ("/pool/drop/loses-no-work", test_drop_loses_no_work);
  return g_test_run ();
}
