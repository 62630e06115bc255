/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"
#include "aiot-executor-private.h"

/*
 * Who is called back often makes the next call at once. While such calls come in lots, their thread is called once for several of
 * them, and a little later. Here time stands still, so that a thread that dozes until then does not wake up by itself.
 */

#define LOT 20

typedef struct _Lots Lots;

struct _Lots
{
  AiotExecutor *executor;
  AiotRunner *runner;
  int n_run;       /* atomic */
  int n_called;    /* back */

  /* What is to be done in a turn of home, within a callback */
  void (*func) (Lots *self);
  gboolean has_run;

  TestGate told;
};

static gboolean
count_run (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  g_atomic_int_inc (&((Lots *) user_data)->n_run);
  return TRUE;
}

static void
count_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_nonnull (aiot_offload_finish (result, NULL));
  ((Lots *) user_data)->n_called++;
}

static void
make_call (Lots *self)
{
  aiot_offload_async (self->executor, count_run, self, NULL, NULL, count_called_cb, self);
}

static void
make_lot (Lots *self)
{
  for (guint i = 0; i < LOT; i++)
    make_call (self);
}

static void
run_func_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Lots *self = user_data;

  count_called_cb (source_object, result, user_data);
  self->func (self);
  self->has_run = TRUE;
}

static void
in_turn (Lots  *self,
         void (*func) (Lots *self))
{
  self->func = func;
  self->has_run = FALSE;
  aiot_offload_async (self->executor, count_run, self, NULL, NULL, run_func_cb, self);
  while (!self->has_run)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_until_called (Lots *self,
                   int   n)
{
  while (self->n_called < n)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (self->n_called, ==, n);
  g_assert_cmpint (g_atomic_int_get (&self->n_run), ==, n);
}

static guint
get_n_owed (Lots *self)
{
  guint n_owed;

  g_mutex_lock (&self->runner->mutex);
  n_owed = self->runner->owed.n;
  g_mutex_unlock (&self->runner->mutex);

  return n_owed;
}

static gboolean
comes_in_lots (Lots *self)
{
  gboolean in_lots;

  g_mutex_lock (&self->runner->mutex);
  in_lots = aiot_runner_comes_in_lots_locked (self->runner);
  g_mutex_unlock (&self->runner->mutex);

  return in_lots;
}

/* Only the state of the runner shows that its thread has got there. It sleeps when the lock is to be had. */
static void
wait_until_it_dozes (Lots *self)
{
  guint n_dozing;

  do
    {
      g_thread_yield ();
      g_mutex_lock (&self->runner->mutex);
      n_dozing = self->runner->n_dozing;
      g_mutex_unlock (&self->runner->mutex);
    }
  while (n_dozing == 0);
}

/* One thread, so that nobody watches, which dozes because of a lot that it has done. */
static void
lots_init (Lots         *self,
           AiotExecutor *executor)
{
  aiot_clock_stop ();
  *self = (Lots) { .executor = executor, .runner = aiot_executor_dup_runner (executor) };
  in_turn (self, make_lot);
  wait_until_called (self, 1 + LOT);
  wait_until_it_dozes (self);
}

static void
lots_clear (Lots *self)
{
  g_assert_cmpuint (get_n_owed (self), ==, 0);
  g_clear_pointer (&self->runner, aiot_runner_unref);
  g_clear_object (&self->executor);
  test_gate_clear (&self->told);
  aiot_clock_resume ();
}

/* --- one signal for all --- */

static void
make_lot_and_look (Lots *self)
{
  wait_until_it_dozes (self);
  for (guint i = 0; i < LOT; i++)
    {
      make_call (self);
      g_assert_cmpuint (get_n_owed (self), ==, 1);
    }
}

static void
test_one_signal (gconstpointer make_executor)
{
  AiotExecutor *(*make) (void) = make_executor;
  Lots lots;

  lots_init (&lots, make ());
  for (int i = 2; i < 5; i++)
    {
      in_turn (&lots, make_lot_and_look);
      wait_until_called (&lots, i * (1 + LOT));
      wait_until_it_dozes (&lots);
    }
  lots_clear (&lots);
}

static AiotExecutor *
new_pool (void)
{
  return aiot_executor_new_pool ("lots", 1);
}

static AiotExecutor *
new_serial (void)
{
  return aiot_executor_new_serial ("lots");
}

/* --- callbacks that wait for what they have called --- */

/* Its thread may just be going to sleep again, when the callback is called that makes the next call. */
static void
make_call_that_is_owed (Lots *self)
{
  wait_until_it_dozes (self);
  make_call (self);
  g_assert_cmpuint (get_n_owed (self), ==, 1);
}

static gboolean
tell_func (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  test_gate_open (&((Lots *) user_data)->told);
  return count_run (call, user_data, error);
}

static gpointer
advance_clock (gpointer user_data)
{
  aiot_clock_advance (200);
  return NULL;
}

static void
wait_at_gate (Lots *self)
{
  GThread *thread;

  wait_until_it_dozes (self);
  aiot_offload_async (self->executor, tell_func, self, NULL, NULL, count_called_cb, self);
  g_assert_cmpuint (get_n_owed (self), ==, 1);
  thread = g_thread_new ("clock", advance_clock, NULL);
  test_gate_wait (&self->told);
  g_thread_join (thread);
}

static void
wait_in_nested_loop (Lots *self)
{
  make_call_that_is_owed (self);
  while (self->n_called < 1 + LOT + 2)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_another_call (Lots *self)
{
  g_autoptr (AiotCall) call = NULL;

  make_call_that_is_owed (self);
  call = aiot_offload_sync (self->executor, tell_func, self, NULL, NULL);
  g_assert_nonnull (call);
  g_assert_true (test_gate_is_open (&self->told));
  self->n_called++;
}

static void
wait_for_shutdown (Lots *self)
{
  make_call_that_is_owed (self);
  g_assert_true (aiot_executor_shutdown_sync (self->executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  g_assert_cmpint (g_atomic_int_get (&self->n_run), ==, 1 + LOT + 2);
}

static void
drop_executor (Lots *self)
{
  make_call_that_is_owed (self);
  g_clear_object (&self->executor);
}

typedef struct
{
  const char *path;
  void (*func) (Lots *self);
  int n_called;
} Waiting;

static const Waiting waitings[] = {
  { "/lots/callback-waits-at-a-gate", wait_at_gate, 2 },
  { "/lots/callback-waits-in-a-nested-loop", wait_in_nested_loop, 2 },
  { "/lots/callback-waits-for-another-call", wait_for_another_call, 3 },
  { "/lots/callback-waits-for-shutdown", wait_for_shutdown, 2 },
  { "/lots/callback-drops-the-executor", drop_executor, 2 },
};

static void
test_waiting (gconstpointer data)
{
  const Waiting *waiting = data;
  Lots lots;

  lots_init (&lots, new_pool ());
  in_turn (&lots, waiting->func);
  wait_until_called (&lots, 1 + LOT + waiting->n_called);
  lots_clear (&lots);
}

/* --- who is not alone --- */

static gpointer
call_from_another_thread (gpointer user_data)
{
  Lots *self = user_data;
  g_autoptr (AiotCall) call = aiot_offload_sync (self->executor, tell_func, self, NULL, NULL);

  g_assert_nonnull (call);
  return NULL;
}

static void
wait_for_thread (Lots *self)
{
  GThread *thread;

  make_call_that_is_owed (self);
  thread = g_thread_new ("other", call_from_another_thread, self);
  test_gate_wait (&self->told);
  g_thread_join (thread);
  self->n_called++;
}

/* Another thread has no turn that would end, and what it submits is not held up by the one of this. */
static void
test_another_thread (void)
{
  Lots lots;

  lots_init (&lots, new_pool ());
  in_turn (&lots, wait_for_thread);
  wait_until_called (&lots, 1 + LOT + 3);
  lots_clear (&lots);
}

static void
owe_by_hand (Lots *self)
{
  static GCond conds[2];
  AiotRunner *runner = self->runner;
  AiotWorker workers[2] = { { .called = &conds[0] }, { .called = &conds[1] } };

  wait_until_it_dozes (self);
  g_mutex_lock (&runner->mutex);
  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    aiot_runner_call_locked (runner, &workers[i]);
  aiot_runner_postpone_locked (runner);
  g_assert_cmpuint (runner->signals.n, ==, 0);
  g_assert_cmpuint (runner->owed.n, ==, 2);
  aiot_runner_begin_doze_locked (runner);
  aiot_runner_end_doze_locked (runner, TRUE);
  g_assert_cmpuint (runner->signals.n, ==, 2);
  g_assert_cmpuint (runner->owed.n, ==, 0);
  aiot_runner_unlock (runner);
}

/* One who dozed may take one call of several, and does what takes long, while the others wait for a turn that does not end. */
static void
test_end_of_doze (void)
{
  Lots lots;

  lots_init (&lots, new_pool ());
  in_turn (&lots, owe_by_hand);
  wait_until_called (&lots, 1 + LOT + 1);
  lots_clear (&lots);
}

static void
make_two_calls (Lots *self)
{
  make_call (self);
  make_call (self);
}

/* A doze that nobody ends was for nothing: the next thread parks, and does not wake up once more each time. */
static void
test_doze_for_nothing (void)
{
  Lots lots;

  lots_init (&lots, new_pool ());
  g_assert_true (comes_in_lots (&lots));
  aiot_clock_advance (200);
  while (comes_in_lots (&lots))
    g_thread_yield ();
  lots_clear (&lots);
}

/* Who makes a few calls at a time gets a thread for each at once. */
static void
test_few_calls (void)
{
  Lots lots;

  lots_init (&lots, new_pool ());
  g_assert_true (comes_in_lots (&lots));
  for (int i = 1; i < 4; i++)
    {
      in_turn (&lots, make_two_calls);
      wait_until_called (&lots, 1 + LOT + i * 3);
    }
  g_assert_false (comes_in_lots (&lots));
  lots_clear (&lots);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_data_func ("/lots/one-signal-for-all", new_pool, test_one_signal);
  g_test_add_data_func ("/lots/one-signal-for-all-of-a-serial-executor", new_serial, test_one_signal);
  for (guint i = 0; i < G_N_ELEMENTS (waitings); i++)
    g_test_add_data_func (waitings[i].path, &waitings[i], test_waiting);
  g_test_add_func ("/lots/another-thread-is-not-held-up", test_another_thread);
  g_test_add_func ("/lots/nothing-is-owed-when-a-doze-ends", test_end_of_doze);
  g_test_add_func ("/lots/a-doze-for-nothing-is-the-last", test_doze_for_nothing);
  g_test_add_func ("/lots/few-calls-at-a-time", test_few_calls);

  return g_test_run ();
}
