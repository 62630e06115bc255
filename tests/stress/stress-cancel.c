/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

/*
 * Calls that are cancelled at any moment, from home and from another thread, while their functions look or don't look. Each
 * is answered once, each datum is freed once and at home, and the answers fit what the functions did.
 */

#define N_AT_ONCE 64

typedef struct
{
  TestLedger ledger;
  AiotThreaded *threaded[2];   /* by AiotOnCancel */
  GAsyncQueue *to_cancel;
  int n_answered;
} Plan;

typedef struct
{
  Plan *plan;
  GCancellable *cancellable;
  AiotOnCancel on_cancel;
  gboolean looks;
  int n_run;
  gboolean returned_cancelled;
  int n_answered;
  int n_sides;
} Job;

static void
job_drop (Job *job)
{
  Plan *plan = job->plan;

  if (!g_atomic_int_dec_and_test (&job->n_sides))
    return;

  g_assert_cmpint (job->n_answered, ==, 1);
  g_object_unref (job->cancellable);
  g_free (job);
  test_item_free (&plan->ledger);
}

static void
answered_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Job *job = user_data;
  Plan *plan = job->plan;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_threaded_call_finish (AIOT_THREADED (source_object), result, &error);

  g_assert_true (g_thread_self () == plan->ledger.home);
  job->n_answered++;
  if (value != NULL)
    {
      g_assert_cmpint (g_value_get_int64 (value), ==, 1);
      g_assert_cmpint (job->n_run, ==, 1);
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_true (g_cancellable_is_cancelled (job->cancellable));
      if (job->on_cancel == AIOT_ON_CANCEL_WAIT)
        g_assert_true (job->n_run == 0 || job->returned_cancelled);
    }
  plan->n_answered++;
  job_drop (job);
}

static gpointer
cancel_some (gpointer data)
{
  Plan *plan = data;
  GObject *object;

  /* Something else ends it. */
  while (G_IS_CANCELLABLE (object = g_async_queue_pop (plan->to_cancel)))
    {
      g_cancellable_cancel (G_CANCELLABLE (object));
      g_object_unref (object);
    }
  g_object_unref (object);
  return NULL;
}

/* The argument of a call keeps its job alive: the function of an abandoned call still uses it. */
typedef struct
{
  Job *job;
} Tie;

static Tie *
tie_copy (Tie *tie)
{
  g_atomic_int_inc (&tie->job->n_sides);
  return g_memdup2 (tie, sizeof (Tie));
}

static void
tie_free (Tie *tie)
{
  job_drop (tie->job);
  g_free (tie);
}

GType tie_get_type (void);

G_DEFINE_BOXED_TYPE (Tie, tie, tie_copy, tie_free)

static gboolean
run_job (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  Tie *tie = g_value_get_boxed (aiot_call_get_argument (call));
  Job *job = tie->job;

  g_atomic_int_inc (&job->n_run);
  if (job->looks)
    {
      GCancellable *own = aiot_call_get_cancellable (call);

      for (int i = 0; i < 20; i++)
        g_thread_yield ();
      if (g_cancellable_is_cancelled (own))
        g_assert_true (aiot_call_is_cancelled (call));
      if (aiot_call_set_error_if_cancelled (call, error))
        {
          job->returned_cancelled = TRUE;
          return FALSE;
        }
    }
  aiot_call_set_result_int64 (call, 1);
  return TRUE;
}

static void
start_job (Plan *plan)
{
  Job *job = g_new0 (Job, 1);
  g_auto (GValue) argument = G_VALUE_INIT;
  Tie tie = { job };
  int moment = g_test_rand_int_range (0, 5);

  job->plan = plan;
  job->cancellable = g_cancellable_new ();
  job->on_cancel = g_test_rand_bit () ? AIOT_ON_CANCEL_ABANDON : AIOT_ON_CANCEL_WAIT;
  job->looks = g_test_rand_bit ();
  job->n_sides = 1;
  test_ledger_item (&plan->ledger);

  g_value_init (&argument, tie_get_type ());
  g_value_set_boxed (&argument, &tie);
  if (moment == 0)
    g_cancellable_cancel (job->cancellable);
  if (moment == 1)
    g_async_queue_push (plan->to_cancel, g_object_ref (job->cancellable));
  aiot_threaded_call_async (plan->threaded[job->on_cancel], &argument, job->cancellable, answered_cb, job);
  if (moment == 2)
    g_async_queue_push (plan->to_cancel, g_object_ref (job->cancellable));
  if (moment == 3)
    g_cancellable_cancel (job->cancellable);
}

static void
test_any_moment (void)
{
  const int n = test_scaled (50000);
  Plan plan = { .ledger.home = g_thread_self (), .to_cancel = g_async_queue_new () };
  GThread *canceller = g_thread_new ("canceller", cancel_some, &plan);
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("cancel", 3);
  TestLoop loop;
  int n_started = 0;

  test_loop_open (&loop);
  for (int i = 0; i < 2; i++)
    {
      plan.threaded[i] = aiot_threaded_new (run_job, NULL, NULL);
      aiot_threaded_set_on_cancel (plan.threaded[i], i);
      aiot_threaded_set_executor (plan.threaded[i], executor);
    }

  while (plan.n_answered < n)
    {
      while (n_started < n && n_started - plan.n_answered < N_AT_ONCE)
        {
          start_job (&plan);
          n_started++;
        }
      g_main_context_iteration (loop.main_context, TRUE);
    }
  test_iterate_until (loop.main_context, &plan.ledger.n_freed, n);
  g_assert_cmpint (plan.ledger.n_made, ==, n);
  g_assert_cmpint (plan.ledger.n_freed, ==, n);
  g_assert_cmpint (plan.ledger.n_freed_elsewhere, ==, 0);

  g_async_queue_push (plan.to_cancel, g_object_new (G_TYPE_OBJECT, NULL));
  g_thread_join (canceller);
  for (int i = 0; i < 2; i++)
    {
      while (G_OBJECT (plan.threaded[i])->ref_count > 1)
        g_main_context_iteration (loop.main_context, TRUE);
      g_assert_finalize_object (plan.threaded[i]);
    }
  g_async_queue_unref (plan.to_cancel);
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/stress/cancel/at-any-moment", test_any_moment);
  return g_test_run ();
}
