/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-executor-private.h"

#include "aiot-clock-private.h"
#include "aiot-error.h"
#include "aiot-process-private.h"
#include "aiot-result-private.h"

/*
 * Waiting for an executor that was shut down.
 *
 * Whoever claims the outcome has the answer travel home: the last thread that ends, the timer, or the cancellable. Each of
 * the three holds a reference while it may still do so, and so does the entry that travels. It does not leave before all
 * three are set up, because at home they are taken down. Where home goes away, it is released instead, and does just that.
 * All is freed at home, wherever the last reference is dropped.
 */

typedef enum
{
  OUTCOME_OPEN,
  OUTCOME_ENDED,
  OUTCOME_TIMED_OUT,
  OUTCOME_CANCELLED,
  OUTCOME_NOBODY_ASKS,
} Outcome;

typedef struct
{
  AiotRunnerEnd end;
  AiotHomeTimer timer;
  AiotHomeWatch watch;
  AiotHomeEntry answer;
  gatomicrefcount ref_count;
  AiotWork origin;            /* where the answer goes */
  int outcome;                /* atomic */
  int n_missing;              /* atomic; the set-up and the outcome, until the answer travels */

  AiotRunner *runner;
  AiotExecutor *executor;
  GAsyncReadyCallback callback;
  gpointer callback_data;
  GCancellable *cancellable;
  gulong cancelled_id;
  GError *error;              /* home only */
} Shutdown;

#define SHUTDOWN_OF(member, pointer) ((Shutdown *) ((char *) (pointer) - G_STRUCT_OFFSET (Shutdown, member)))

static Shutdown *
shutdown_ref (Shutdown *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
shutdown_free (AiotHomeEntry *entry)
{
  Shutdown *self = SHUTDOWN_OF (answer, entry);

  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->executor);
  g_clear_pointer (&self->runner, aiot_runner_unref);
  aiot_work_clear (&self->origin);
  g_free (self);
}

static const AiotHomeEntryFuncs free_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = shutdown_free,
  .release = shutdown_free,
};

/* What it holds is the caller's, so it is freed at home. The entry is not on its way: it would hold a reference. */
static void
shutdown_unref (gpointer data)
{
  Shutdown *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  self->answer.funcs = &free_funcs;
  if (aiot_home_is_here (self->origin.home))
    shutdown_free (&self->answer);
  else
    aiot_home_push (self->origin.home, &self->answer);
}

/* Once it was called for the set-up and for the outcome the answer travels, with the reference that came with the outcome. */
static void
shutdown_proceed (Shutdown *self)
{
  if (g_atomic_int_dec_and_test (&self->n_missing))
    aiot_home_push (self->origin.home, &self->answer);
}

/* Takes a reference: once the answer has travelled, nothing of this is left here that would have to go home, too late. */
static void
shutdown_settle (Shutdown *self,
                 Outcome   outcome)
{
  if (g_atomic_int_compare_and_exchange (&self->outcome, OUTCOME_OPEN, outcome))
    shutdown_proceed (self);
  else
    shutdown_unref (self);
}

static void
shutdown_ended (AiotRunnerEnd *end)
{
  Shutdown *self = SHUTDOWN_OF (end, end);

  shutdown_settle (self, OUTCOME_ENDED);
}

static void
shutdown_cancelled_cb (GCancellable *cancellable,
                       gpointer      user_data)
{
  if (!aiot_process_is_forked ())
    shutdown_settle (shutdown_ref (user_data), OUTCOME_CANCELLED);
}

static void
shutdown_timer_run (AiotHomeEntry *entry)
{
  Shutdown *self = SHUTDOWN_OF (timer, entry);

  shutdown_settle (self, OUTCOME_TIMED_OUT);
}

static void
shutdown_timer_release (AiotHomeEntry *entry)
{
  shutdown_unref (SHUTDOWN_OF (timer, entry));
}

static void
shutdown_home_gone (AiotHomeWatch *watch)
{
  Shutdown *self = SHUTDOWN_OF (watch, watch);

  /* When the process ends, what belongs to the program is left alone. */
  if (aiot_process_is_ending ())
    return;

  aiot_work_drop_main_context (&self->origin);
  shutdown_settle (self, OUTCOME_NOBODY_ASKS);
}

/* Nothing of it is left but the answer. */
static void
shutdown_stop (Shutdown *self)
{
  if (aiot_runner_remove_end (self->runner, &self->end))
    shutdown_unref (self);
  if (aiot_home_remove_timer (self->origin.home, &self->timer))
    shutdown_unref (self);
  if (aiot_home_remove_watch (self->origin.home, &self->watch))
    shutdown_unref (self);
  /* Not waiting for a handler that runs: it has a reference of its own, and this may be inside of another one. */
  if (self->cancelled_id != 0)
    g_signal_handler_disconnect (self->cancellable, self->cancelled_id);
  self->cancelled_id = 0;
  /* The answer is at home, and what is still to be freed there must not keep the main context alive. */
  aiot_work_drop_main_context (&self->origin);
}

static GError *
new_timed_out_error (AiotRunner *runner)
{
  g_auto (GStrv) running = aiot_runner_describe_running (runner);
  g_autofree char *text = g_strjoinv (", ", running);

  if (*text == '\0')
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        "The executor “%s” has not ended in time; it runs no work, but its threads have not ended yet",
                        runner->name);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The executor “%s” has not ended in time; it still runs %s",
                      runner->name, text);
}

static GError *
new_cancelled_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
}

static void
shutdown_answer_run (AiotHomeEntry *entry)
{
  Shutdown *self = SHUTDOWN_OF (answer, entry);
  g_autoptr (AiotResult) result = NULL;
  AiotContext *previous;

  shutdown_stop (self);
  if (self->outcome == OUTCOME_TIMED_OUT)
    self->error = new_timed_out_error (self->runner);
  else if (self->outcome == OUTCOME_CANCELLED)
    self->error = new_cancelled_error ();

  result = aiot_result_new (self->executor, aiot_executor_shutdown_async, self->callback, self->callback_data,
                            self, shutdown_unref);
  previous = aiot_context_enter (self->origin.context);
  if (self->callback != NULL)
    aiot_result_call_back (result);
  aiot_context_leave (previous);
}

static void
shutdown_answer_release (AiotHomeEntry *entry)
{
  Shutdown *self = SHUTDOWN_OF (answer, entry);

  shutdown_stop (self);
  shutdown_unref (self);
}

static const AiotHomeEntryFuncs answer_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = shutdown_answer_run,
  .release = shutdown_answer_release,
};

static const AiotHomeEntryFuncs timer_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = shutdown_timer_run,
  .release = shutdown_timer_release,
};

static Shutdown *
shutdown_new (AiotExecutor        *executor,
              GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             callback_data)
{
  Shutdown *self = g_new0 (Shutdown, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->n_missing = 2;
  aiot_work_come_from_here (&self->origin);
  self->end.ended = shutdown_ended;
  self->timer.entry.funcs = &timer_funcs;
  self->watch.home_gone = shutdown_home_gone;
  self->answer.funcs = &answer_funcs;
  self->executor = g_object_ref (executor);
  self->runner = aiot_executor_dup_runner (executor);
  self->callback = callback;
  self->callback_data = callback_data;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  return self;
}

static void
refusal_free (gpointer data)
{
  Shutdown *self = data;

  g_clear_error (&self->error);
  g_clear_object (&self->executor);
  g_free (self);
}

static gboolean
refusal_call_back (gpointer result)
{
  aiot_result_call_back (result);
  return G_SOURCE_REMOVE;
}

/* In a forked child, where homes can't be used, any source will do. */
static void
shutdown_refuse (AiotExecutor        *executor,
                 GError              *error,
                 GAsyncReadyCallback  callback,
                 gpointer             callback_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Shutdown *self = g_new0 (Shutdown, 1);
  AiotResult *result = aiot_result_new (executor, aiot_executor_shutdown_async, callback, callback_data,
                                        self, refusal_free);

  self->error = error;
  self->executor = g_object_ref (executor);
  g_source_set_callback (source, refusal_call_back, result, g_object_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/**
 * aiot_executor_shutdown_async:
 * @self: an executor
 * @how: what happens to its work
 * @timeout_ms: milliseconds to wait, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): ends the waiting, and nothing else
 * @callback: (scope async) (closure callback_data) (nullable): called when all threads have ended, or at the deadline
 * @callback_data: data for @callback
 *
 * Ends an executor.
 *
 * From now on it takes no more work: what is given to it fails with %AIOT_ERROR_CLOSED. What it has is done or
 * cancelled, as @how says. Then its threads run their clean-up and end, and @callback is called on the thread-default main
 * context of the calling thread.
 *
 * A function that does not stop can't be stopped. When the time is over, or @cancellable is cancelled, only the waiting ends:
 * the executor stays shut down, its threads end when they can, and the error names what still runs, and for how long.
 *
 * It may be called several times, for instance first to wait, then to cancel. It may be called from any thread, also one of the
 * executor, and does not block.
 *
 * Since: 1.0
 */
void
aiot_executor_shutdown_async (AiotExecutor        *self,
                              AiotShutdown         how,
                              int                  timeout_ms,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             callback_data)
{
  Shutdown *shutdown;
  GError *error = NULL;

  g_return_if_fail (AIOT_IS_EXECUTOR (self));
  g_return_if_fail (how <= AIOT_SHUTDOWN_CANCEL);
  g_return_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (aiot_process_fails_if_forked (&error))
    {
      if (callback != NULL)
        shutdown_refuse (self, error, callback, callback_data);
      else
        g_error_free (error);
      return;
    }

  shutdown = shutdown_new (self, cancellable, callback, callback_data);
  aiot_runner_close (shutdown->runner, how == AIOT_SHUTDOWN_CANCEL);

  shutdown_ref (shutdown);
  if (!aiot_runner_add_end (shutdown->runner, &shutdown->end))
    shutdown_ended (&shutdown->end);
  shutdown_ref (shutdown);
  if (!aiot_home_add_watch (shutdown->origin.home, &shutdown->watch))
    shutdown_home_gone (&shutdown->watch);
  if (timeout_ms > 0)
    {
      shutdown_ref (shutdown);
      aiot_home_add_timer (shutdown->origin.home, &shutdown->timer,
                           aiot_clock_now () + timeout_ms * G_TIME_SPAN_MILLISECOND);
    }
  if (cancellable != NULL)
    shutdown->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (shutdown_cancelled_cb),
                                                    shutdown_ref (shutdown), shutdown_unref);
  shutdown_proceed (shutdown);
  shutdown_unref (shutdown);
}

/**
 * aiot_executor_shutdown_finish:
 * @self: an executor
 * @result: what the callback got
 * @error: return location for an error
 *
 * Tells whether an executor has ended; see [method@Executor.shutdown_async].
 *
 * Errors: %G_IO_ERROR_TIMED_OUT when work still runs at the deadline, which the message names; %G_IO_ERROR_CANCELLED;
 * %AIOT_ERROR_FORKED.
 *
 * Returns: %TRUE if all its threads have ended
 *
 * Since: 1.0
 */
gboolean
aiot_executor_shutdown_finish (AiotExecutor  *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  Shutdown *shutdown;

  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), FALSE);
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_executor_shutdown_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  shutdown = aiot_result_get_data (result);
  if (shutdown->error == NULL)
    return TRUE;

  g_propagate_error (error, g_error_copy (shutdown->error));
  return FALSE;
}

typedef struct
{
  AiotRunnerEnd end;
  AiotWaiter waiter;
} Wait;

static void
wait_ended (AiotRunnerEnd *end)
{
  aiot_waiter_finish_last (&((Wait *) end)->waiter);
}

static gboolean
wait_for_end (AiotRunner    *runner,
              int            timeout_ms,
              GCancellable  *cancellable,
              GError       **error)
{
  Wait wait = { .end = { .ended = wait_ended } };
  AiotInterruption interruption = AIOT_INTERRUPTION_NONE;

  aiot_waiter_init (&wait.waiter);
  if (aiot_runner_add_end (runner, &wait.end))
    interruption = aiot_waiter_wait (&wait.waiter, timeout_ms, cancellable);
  if (interruption != AIOT_INTERRUPTION_NONE && !aiot_runner_remove_end (runner, &wait.end))
    {
      aiot_waiter_wait_done (&wait.waiter);
      interruption = AIOT_INTERRUPTION_NONE;
    }
  aiot_waiter_clear (&wait.waiter);

  if (interruption == AIOT_INTERRUPTION_NONE)
    return TRUE;

  g_propagate_error (error, interruption == AIOT_INTERRUPTION_TIMED_OUT ? new_timed_out_error (runner)
                                                                        : new_cancelled_error ());
  return FALSE;
}

/**
 * aiot_executor_shutdown_sync:
 * @self: an executor
 * @how: what happens to its work
 * @timeout_ms: milliseconds to wait, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): ends the waiting, and nothing else
 * @error: return location for an error
 *
 * Ends an executor, and waits until it has ended.
 *
 * It is for the end of a program, and for workers; see [method@Executor.shutdown_async], which does not block. Nobody runs the
 * main loop of the calling thread meanwhile: work that waits for it goes on only after the deadline.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT when work still runs at the deadline, which the message names; %G_IO_ERROR_CANCELLED;
 * %AIOT_ERROR_WOULD_DEADLOCK when a thread of the executor asks for it; %AIOT_ERROR_FORKED.
 *
 * Returns: %TRUE if all its threads have ended
 *
 * Since: 1.0
 */
gboolean
aiot_executor_shutdown_sync (AiotExecutor  *self,
                             AiotShutdown   how,
                             int            timeout_ms,
                             GCancellable  *cancellable,
                             GError       **error)
{
  g_autoptr (AiotRunner) runner = NULL;

  g_return_val_if_fail (AIOT_IS_EXECUTOR (self), FALSE);
  g_return_val_if_fail (how <= AIOT_SHUTDOWN_CANCEL, FALSE);
  g_return_val_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (aiot_process_fails_if_forked (error))
    return FALSE;

  runner = aiot_executor_dup_runner (self);
  if (aiot_runner_has_this_thread (runner))
    {
      g_set_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK,
                   "The executor “%s” can't wait for its own thread to end; use aiot_executor_shutdown_async ()",
                   runner->name);
      return FALSE;
    }

  aiot_runner_close (runner, how == AIOT_SHUTDOWN_CANCEL);
  return wait_for_end (runner, timeout_ms, cancellable, error);
}
