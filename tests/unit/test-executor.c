/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE

#include "test-util.h"

#include "aiot-clock-private.h"

#include <string.h>
#include <unistd.h>

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

/* Calls a function that succeeds, and waits for it. */
static void
do_one (AiotExecutor   *executor,
        AiotThreadFunc  func,
        gpointer        user_data)
{
  TestAnswer answer = { 0 };

  aiot_offload_async (executor, func, user_data, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
  test_answer_clear (&answer);
}

/* --- serial --- */

#define N_IN_ORDER 200

typedef struct
{
  TestGate start;
  int n;
  int numbers[N_IN_ORDER];
  pthread_t threads[N_IN_ORDER];
  int n_freed;
} Order;

static Order *order;

static gboolean
note_order (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  /* Without a lock: a serial executor needs none, which ThreadSanitizer checks. */
  test_gate_wait (&order->start);
  order->threads[order->n] = pthread_self ();
  order->numbers[order->n++] = GPOINTER_TO_INT (user_data);
  return TRUE;
}

static void
count_freed (gpointer user_data)
{
  order->n_freed++;
}

static void
test_serial_order (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("one-by-one");

  order = g_new0 (Order, 1);
  g_assert_cmpint (aiot_executor_get_kind (executor), ==, AIOT_EXECUTOR_SERIAL);
  g_assert_cmpuint (aiot_executor_get_size (executor), ==, 1);
  for (int i = 0; i < N_IN_ORDER; i++)
    {
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (note_order, GINT_TO_POINTER (i), count_freed);

      aiot_threaded_set_executor (threaded, executor);
      aiot_threaded_set_priority (threaded, i % 3 == 0 ? G_PRIORITY_HIGH : G_PRIORITY_LOW);
      aiot_threaded_call_async (threaded, NULL, NULL, NULL, NULL);
    }
  test_gate_open (&order->start);
  test_iterate_until (NULL, &order->n_freed, N_IN_ORDER);

  for (int i = 0; i < N_IN_ORDER; i++)
    {
      g_assert_cmpint (order->numbers[i], ==, i);
      g_assert_true (pthread_equal (order->threads[i], order->threads[0]));
    }
  g_assert_false (pthread_equal (order->threads[0], pthread_self ()));
  test_gate_clear (&order->start);
  g_clear_pointer (&order, g_free);
}

static gboolean
note_thread (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  *(pid_t *) user_data = gettid ();
  return TRUE;
}

/* What belongs to its thread would be lost with it. */
static void
test_serial_thread_stays (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("stays");
  g_autoptr (AiotExecutor) pool = aiot_executor_new_pool ("leaves", 1);
  pid_t first = 0, second = 0;

  aiot_clock_stop ();
  do_one (executor, note_thread, &first);
  do_one (pool, succeed, NULL);
  /* That the thread of the pool leaves shows that the time is long enough. */
  while (aiot_executor_get_n_threads (pool) > 0)
    {
      aiot_clock_advance (20 * G_TIME_SPAN_SECOND);
      g_thread_yield ();
    }
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 1);
  do_one (executor, note_thread, &second);
  g_assert_cmpint (first, ==, second);
  aiot_clock_resume ();
}

typedef struct
{
  AiotExecutor *executor;
  pid_t outer;
  pid_t inner;
  int n_inner;
} Inline;

static gboolean
inner_func (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  Inline *self = user_data;

  self->inner = gettid ();
  self->n_inner++;
  aiot_call_set_result_int64 (call, 42);
  return TRUE;
}

static gboolean
fail_inside (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "inside");
  return FALSE;
}

static gboolean
ask_itself (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  Inline *self = user_data;
  g_autoptr (AiotCall) inner = aiot_offload_sync (self->executor, inner_func, self, NULL, error);
  g_autoptr (AiotCall) failed = NULL;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) inside = NULL;

  self->outer = gettid ();
  g_assert_nonnull (inner);
  g_assert_cmpint (g_value_get_int64 (aiot_call_get_result (inner)), ==, 42);

  failed = aiot_offload_sync (self->executor, fail_inside, NULL, NULL, &inside);
  g_assert_null (failed);
  g_assert_error (inside, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&inside);

  g_cancellable_cancel (cancelled);
  failed = aiot_offload_sync (self->executor, inner_func, self, cancelled, &inside);
  g_assert_null (failed);
  g_assert_error (inside, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (self->n_inner, ==, 1);
  return TRUE;
}

static void
test_serial_asks_itself (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("inline");
  Inline self = { executor, 0, 0, 0 };

  do_one (executor, ask_itself, &self);
  g_assert_cmpint (self.inner, ==, self.outer);
}

/* It stands in the way of the work that asked for it, so it hears of what that hears. */
typedef struct
{
  AiotExecutor *executor;
  TestGate inside;
  TestGate go_on;
  gboolean inner_was_cancelled;
  gboolean cancellable_was_cancelled;
} Hearer;

static gboolean
hear (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  Hearer *self = user_data;

  test_gate_open (&self->inside);
  test_gate_wait (&self->go_on);
  self->inner_was_cancelled = aiot_call_is_cancelled (call);
  self->cancellable_was_cancelled = g_cancellable_is_cancelled (aiot_call_get_cancellable (call));
  return TRUE;
}

static gboolean
hear_in_place (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  Hearer *self = user_data;
  g_autoptr (AiotCall) inner = aiot_offload_sync (self->executor, hear, self, NULL, error);
  g_autoptr (AiotCall) late = NULL;
  g_autoptr (GError) too_late = NULL;

  g_assert_nonnull (inner);
  /* From now on nothing starts. */
  late = aiot_offload_sync (self->executor, hear, self, NULL, &too_late);
  g_assert_null (late);
  g_assert_error (too_late, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return TRUE;
}

static void
test_serial_hears_cancellation (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("hearer");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Hearer self = { .executor = executor };
  TestAnswer answer = { 0 };

  aiot_offload_async (executor, hear_in_place, &self, NULL, cancellable, test_answer_cb, &answer);
  test_gate_wait (&self.inside);
  g_cancellable_cancel (cancellable);
  test_gate_open (&self.go_on);
  test_answer_wait (&answer, NULL);
  g_assert_true (self.inner_was_cancelled);
  g_assert_true (self.cancellable_was_cancelled);
  test_answer_clear (&answer);
  test_gate_clear (&self.inside);
  test_gate_clear (&self.go_on);
}

/* A serial executor whose work waits does not put another thread in its place. */
typedef struct
{
  TestGate waits;
  TestGate go_on;
} Pause;

static gboolean
pause_as_blocking (AiotCall  *call,
                   gpointer   user_data,
                   GError   **error)
{
  Pause *self = user_data;

  aiot_blocking_begin ();
  test_gate_open (&self->waits);
  test_gate_wait (&self->go_on);
  aiot_blocking_end ();
  return TRUE;
}

static void
test_serial_never_compensates (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("alone");
  TestAnswer paused = { 0 }, later = { 0 };
  Pause self = { 0 };

  aiot_offload_async (executor, pause_as_blocking, &self, NULL, NULL, test_answer_cb, &paused);
  test_gate_wait (&self.waits);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &later);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 1);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 1);
  test_gate_open (&self.go_on);
  test_answer_wait (&later, NULL);
  g_assert_cmpint (paused.n_called, ==, 1);
  test_answer_clear (&paused);
  test_answer_clear (&later);
  test_gate_clear (&self.waits);
  test_gate_clear (&self.go_on);
}

static void
test_size_misuse (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("fixed");

      aiot_executor_set_size (executor, 2);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*AIOT_EXECUTOR_POOL*");
}

/* --- separate --- */

typedef struct
{
  TestGate running;
  TestGate leave;
  pid_t thread;
  char *name;
} Apart;

static gboolean
be_apart (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  Apart *self = user_data;
  g_autofree char *file = g_strdup_printf ("/proc/self/task/%d/comm", gettid ());

  self->thread = gettid ();
  g_file_get_contents (file, &self->name, NULL, NULL);
  g_strchomp (self->name);
  test_gate_open (&self->running);
  test_gate_wait (&self->leave);
  return TRUE;
}

static void
apart_clear (Apart *self)
{
  g_free (self->name);
  test_gate_clear (&self->running);
  test_gate_clear (&self->leave);
}

static void
test_separate_threads (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_separate ("apart", TRUE);
  enum { N = 4 };
  AiotThreaded *threaded[N];
  const char *names[] = { "follow-the-kernel-log", "short", NULL, "fourteen-bytes\342\202\254" };
  const char *expected[] = { "follow-the-kern", "short", "apart", "fourteen-bytes" };
  Apart apart[N] = { 0 };
  TestAnswer answers[N] = { 0 };

  g_assert_cmpint (aiot_executor_get_kind (executor), ==, AIOT_EXECUTOR_SEPARATE);
  g_assert_true (aiot_executor_get_detached (executor));
  for (int i = 0; i < N; i++)
    {
      threaded[i] = aiot_threaded_new (be_apart, &apart[i], NULL);
      aiot_threaded_set_executor (threaded[i], executor);
      aiot_threaded_set_name (threaded[i], names[i]);
      aiot_threaded_call_async (threaded[i], NULL, NULL, test_answer_cb, &answers[i]);
      /* Started before the call returned. */
      g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, i + 1);
    }
  for (int i = 0; i < N; i++)
    {
      test_gate_wait (&apart[i].running);
      g_assert_cmpstr (apart[i].name, ==, expected[i]);
    }
  g_assert_cmpint (apart[0].thread, !=, apart[1].thread);
  g_assert_cmpint (apart[1].thread, !=, apart[2].thread);
  g_assert_cmpint (apart[0].thread, !=, apart[2].thread);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, N);

  for (int i = 0; i < N; i++)
    {
      test_gate_open (&apart[i].leave);
      test_answer_wait (&answers[i], NULL);
      test_answer_clear (&answers[i]);
      g_object_unref (threaded[i]);
      apart_clear (&apart[i]);
    }
  /* Each thread ends with its work, without any idle time. */
  while (aiot_executor_get_n_threads (executor) > 0)
    g_thread_yield ();
  g_assert_cmpuint (aiot_executor_get_n_done (executor), ==, N);
}

/* --- hooks --- */

typedef struct
{
  TestLedger ledger;
  GMutex mutex;
  GHashTable *live;        /* of thread numbers */
  guint n_started;
  guint n_ended;
} Hook;

static void
hook_func (AiotThreadPhase phase,
           gpointer        user_data)
{
  Hook *self = user_data;

  g_mutex_lock (&self->mutex);
  if (phase == AIOT_THREAD_STARTS)
    {
      g_assert_true (g_hash_table_add (self->live, GINT_TO_POINTER (gettid ())));
      self->n_started++;
    }
  else
    {
      g_assert_true (g_hash_table_remove (self->live, GINT_TO_POINTER (gettid ())));
      self->n_ended++;
    }
  g_mutex_unlock (&self->mutex);
}

static void
hook_data_free (gpointer user_data)
{
  test_item_free (&((Hook *) user_data)->ledger);
}

static gboolean
is_set_up (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  Hook *self = user_data;

  g_mutex_lock (&self->mutex);
  g_assert_true (g_hash_table_contains (self->live, GINT_TO_POINTER (gettid ())));
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static void
test_hooks (gconstpointer data)
{
  AiotExecutorKind kind = GPOINTER_TO_INT (data);
  AiotExecutor *executor = g_object_new (AIOT_TYPE_EXECUTOR, "kind", kind, "name", "hooks", NULL);
  Hook self = { .ledger = { .home = g_thread_self () } };

  self.live = g_hash_table_new (NULL, NULL);
  test_ledger_item (&self.ledger);
  aiot_executor_set_thread_hook (executor, hook_func, &self, hook_data_free);
  g_assert_cmpuint (self.n_started, ==, 0);
  for (int i = 0; i < 20; i++)
    do_one (executor, is_set_up, &self);
  g_assert_cmpuint (self.n_started, >=, 1);

  /* Dropping the executor ends its threads, and then goes the data. */
  g_assert_finalize_object (executor);
  test_iterate_until (NULL, &self.ledger.n_freed, 1);
  g_assert_cmpint (self.ledger.n_freed_elsewhere, ==, 0);
  g_assert_cmpuint (self.n_ended, ==, self.n_started);
  if (kind == AIOT_EXECUTOR_SERIAL)
    g_assert_cmpuint (self.n_started, ==, 1);
  else if (kind == AIOT_EXECUTOR_SEPARATE)
    g_assert_cmpuint (self.n_started, ==, 20);
  g_assert_cmpuint (g_hash_table_size (self.live), ==, 0);
  g_hash_table_unref (self.live);
  g_mutex_clear (&self.mutex);
}

/* A thread in a hook keeps what it uses, though another hook has taken the place of that. */
typedef struct
{
  TestLedger ledger;
  TestGate inside;
  TestGate go_on;
  int n_freed_inside;
} SlowHook;

static void
slow_hook_func (AiotThreadPhase phase,
                gpointer        user_data)
{
  SlowHook *self = user_data;

  if (phase != AIOT_THREAD_STARTS)
    return;

  test_gate_open (&self->inside);
  test_gate_wait (&self->go_on);
  self->n_freed_inside = g_atomic_int_get (&self->ledger.n_freed);
}

static void
slow_hook_free (gpointer user_data)
{
  test_item_free (&((SlowHook *) user_data)->ledger);
}

static void
test_hook_replaced (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("replaced");
  SlowHook self = { .ledger = { .home = g_thread_self () } };
  TestAnswer answer = { 0 };

  test_ledger_item (&self.ledger);
  aiot_executor_set_thread_hook (executor, slow_hook_func, &self, slow_hook_free);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answer);
  test_gate_wait (&self.inside);
  aiot_executor_set_thread_hook (executor, NULL, NULL, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  test_gate_open (&self.go_on);
  test_answer_wait (&answer, NULL);
  test_iterate_until (NULL, &self.ledger.n_freed, 1);
  g_assert_cmpint (self.n_freed_inside, ==, 0);
  g_assert_cmpint (self.ledger.n_freed_elsewhere, ==, 0);
  test_answer_clear (&answer);
  test_gate_clear (&self.inside);
  test_gate_clear (&self.go_on);
}

/* --- the end of its threads --- */

/* A worker had a main context of its own. What is freed with it comes before the executor has ended. */
typedef struct
{
  AiotExecutor *busy;
  TestGate freeing;
  TestGate go_on;
} OwnContext;

static void
free_slowly (gpointer user_data)
{
  OwnContext *self = user_data;

  test_gate_open (&self->freeing);
  test_gate_wait (&self->go_on);
}

static gboolean
have_own_context (AiotCall  *call,
                  gpointer   user_data,
                  GError   **error)
{
  OwnContext *self = user_data;
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  g_main_context_push_thread_default (main_context);
  aiot_offload_async (self->busy, succeed, self, free_slowly, NULL, NULL, NULL);
  g_main_context_pop_thread_default (main_context);
  return TRUE;
}

static void
test_ends_after_own_context (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_separate ("own-context", TRUE);
  g_autoptr (AiotExecutor) busy = aiot_executor_new_serial ("busy");
  OwnContext self = { .busy = busy };
  TestHold hold = { 0 };
  TestAnswer held = { 0 }, answer = { 0 }, ended = { 0 };

  aiot_offload_async (busy, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  aiot_offload_async (executor, have_own_context, &self, NULL, NULL, test_answer_cb, &answer);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &ended);
  test_gate_wait (&self.freeing);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpint (answer.n_called, ==, 1);
  g_assert_cmpint (ended.n_called, ==, 0);
  test_gate_open (&self.go_on);
  test_answer_wait (&ended, NULL);

  test_gate_open (&hold.leave);
  test_answer_wait (&held, NULL);
  test_answer_clear (&held);
  test_answer_clear (&answer);
  test_answer_clear (&ended);
  test_hold_clear (&hold);
  test_gate_clear (&self.freeing);
  test_gate_clear (&self.go_on);
}

/* --- work that waits --- */

/* While it waits, another one runs on the pool of one, and ends its wait. */
static gboolean
end_pause (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  test_gate_open (&((Pause *) user_data)->go_on);
  return TRUE;
}

static void
test_blocking_frees_the_place (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one", 1);
  TestAnswer paused = { 0 };
  Pause self = { 0 };

  /* No time passes: it is not by growth that the second one gets a thread. */
  aiot_clock_stop ();
  aiot_offload_async (executor, pause_as_blocking, &self, NULL, NULL, test_answer_cb, &paused);
  do_one (executor, end_pause, &self);
  test_answer_wait (&paused, NULL);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 2);
  aiot_clock_resume ();
  test_answer_clear (&paused);
  test_gate_clear (&self.waits);
  test_gate_clear (&self.go_on);
}

/* A thread that has waited goes on, and then there is one too many, which stops: never more than the size start work. */
static void
test_blocking_comes_back (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one", 1);
  TestAnswer paused = { 0 }, held = { 0 }, last = { 0 };
  TestHold hold = { 0 };
  Pause self = { 0 };

  aiot_clock_stop ();
  aiot_offload_async (executor, pause_as_blocking, &self, NULL, NULL, test_answer_cb, &paused);
  test_gate_wait (&self.waits);
  aiot_offload_async (executor, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &last);

  /* The pause ends at once, though the place is taken; what is queued does not start in its thread. */
  test_gate_open (&self.go_on);
  test_answer_wait (&paused, NULL);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 1);
  g_assert_cmpint (last.n_called, ==, 0);

  test_gate_open (&hold.leave);
  test_answer_wait (&last, NULL);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 2);
  aiot_clock_resume ();
  test_answer_clear (&paused);
  test_answer_clear (&held);
  test_answer_clear (&last);
  test_hold_clear (&hold);
  test_gate_clear (&self.waits);
  test_gate_clear (&self.go_on);
}

/* A hundred that say that they wait, on a pool of 64: the next one starts, though no time passes. */
static void
test_blocking_hundred (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_dup_default ();
  enum { N = 100 };
  Pause pauses[N] = { 0 };
  TestAnswer answers[N] = { 0 };

  aiot_clock_stop ();
  for (int i = 0; i < N; i++)
    aiot_offload_async (NULL, pause_as_blocking, &pauses[i], NULL, NULL, test_answer_cb, &answers[i]);
  for (int i = 0; i < N; i++)
    test_gate_wait (&pauses[i].waits);
  do_one (NULL, succeed, NULL);
  /* The one that was done counts until its thread has come back to its executor. */
  while (aiot_executor_get_n_running (executor) > N)
    g_thread_yield ();
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, N);
  g_assert_cmpuint (aiot_executor_get_size (executor), ==, 64);
  aiot_clock_resume ();

  for (int i = 0; i < N; i++)
    {
      test_gate_open (&pauses[i].go_on);
      test_answer_wait (&answers[i], NULL);
      test_answer_clear (&answers[i]);
      test_gate_clear (&pauses[i].waits);
      test_gate_clear (&pauses[i].go_on);
    }
}

static gboolean
begin_only (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  aiot_blocking_begin ();
  aiot_blocking_begin ();
  aiot_blocking_end ();
  return TRUE;
}

static void
test_blocking_not_ended (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one", 1);
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (begin_only, NULL, NULL);
      TestAnswer answer = { 0 };

      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      aiot_threaded_set_executor (threaded, executor);
      aiot_threaded_set_name (threaded, "forgetful");
      aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answer);
      test_answer_wait (&answer, NULL);
      test_answer_clear (&answer);
      /* The place is taken again: size is still one. */
      for (int i = 0; i < 100; i++)
        do_one (executor, succeed, NULL);
      g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 1);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*WARNING*forgetful called aiot_blocking_begin () more often than aiot_blocking_end ()*");
}

static gboolean
end_only (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  aiot_blocking_end ();
  return TRUE;
}

static void
test_blocking_misuse (void)
{
  if (g_test_subprocess ())
    {
      /* Where no work runs it is nobody's business. */
      aiot_blocking_begin ();
      aiot_blocking_end ();
      do_one (NULL, end_only, NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*aiot_blocking_end*n_blocking > 0*");
}

/* --- what runs --- */

static void
test_list_running (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("two", 2);
  g_autoptr (AiotThreaded) threaded = NULL;
  g_auto (GStrv) none = aiot_executor_list_running (executor);
  g_auto (GStrv) one = NULL;
  TestAnswer answer = { 0 };
  TestHold hold = { 0 };

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  aiot_clock_stop ();
  threaded = aiot_threaded_new (test_hold_func, &hold, NULL);
  aiot_threaded_set_executor (threaded, executor);
  aiot_threaded_set_name (threaded, "count-lines");
  aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answer);
  test_gate_wait (&hold.running);
  aiot_clock_advance (2300 * G_TIME_SPAN_MILLISECOND);
  one = aiot_executor_list_running (executor);
  g_assert_cmpuint (g_strv_length (one), ==, 1);
  g_assert_cmpstr (one[0], ==, "count-lines (2.3 s)");
  test_gate_open (&hold.leave);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  aiot_clock_resume ();
  test_hold_clear (&hold);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/executor/serial/in-order-on-one-thread", test_serial_order);
  g_test_add_func ("/executor/serial/thread-stays", test_serial_thread_stays);
  g_test_add_func ("/executor/serial/asks-itself-in-place", test_serial_asks_itself);
  g_test_add_func ("/executor/serial/in-place-hears-cancellation", test_serial_hears_cancellation);
  g_test_add_func ("/executor/serial/never-compensates", test_serial_never_compensates);
  g_test_add_func ("/executor/misuse/size-of-serial", test_size_misuse);
  g_test_add_func ("/executor/separate/new-named-thread-each", test_separate_threads);
  g_test_add_data_func ("/executor/hook/pool", GINT_TO_POINTER (AIOT_EXECUTOR_POOL), test_hooks);
  g_test_add_data_func ("/executor/hook/serial", GINT_TO_POINTER (AIOT_EXECUTOR_SERIAL), test_hooks);
  g_test_add_data_func ("/executor/hook/separate", GINT_TO_POINTER (AIOT_EXECUTOR_SEPARATE), test_hooks);
  g_test_add_func ("/executor/hook/replaced-while-a-thread-is-in-it", test_hook_replaced);
  g_test_add_func ("/executor/end/after-main-contexts-of-its-threads", test_ends_after_own_context);
  g_test_add_func ("/executor/blocking/frees-the-place", test_blocking_frees_the_place);
  g_test_add_func ("/executor/blocking/comes-back", test_blocking_comes_back);
  g_test_add_func ("/executor/blocking/hundred-on-the-default-pool", test_blocking_hundred);
  g_test_add_func ("/executor/blocking/not-ended", test_blocking_not_ended);
  g_test_add_func ("/executor/misuse/blocking-end", test_blocking_misuse);
  g_test_add_func ("/executor/list-running", test_list_running);
  return g_test_run ();
}
