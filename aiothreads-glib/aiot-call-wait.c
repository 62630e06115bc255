/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-internal.h"

#include "aiot-process-private.h"

/* The side of a caller that waits: the function runs on its own thread, or on that of an executor. */

static void
outer_cancelled_cb (GCancellable *cancellable,
                    gpointer      user_data)
{
  if (!aiot_process_is_forked ())
    aiot_call_mark_cancelled (user_data);
}

/* The same for a caller that would else wait: what tells its work to stop, tells the function. */
static AiotWorkOutcome
call_run_in_place (AiotCall *self)
{
  AiotWork *outer = aiot_worker_get_work ();
  GCancellable *cancellable = outer->funcs->get_cancellable (outer);
  AiotWorkOutcome outcome;
  gulong id = 0;

  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (outer_cancelled_cb), self, NULL);
  outcome = aiot_worker_run_inline (&self->work);
  if (id != 0)
    g_cancellable_disconnect (cancellable, id);
  return outcome;
}

/* What a caller gets that has waited. */
static gboolean
call_conclude (AiotCall         *self,
               AiotWorkOutcome   outcome,
               GError          **error)
{
  aiot_call_disconnect (self);
  aiot_call_drop_data (self);

  if (outcome == AIOT_WORK_SUCCEEDED)
    return aiot_call_claim (self, AIOT_CALL_RETURNED);

  if (outcome == AIOT_WORK_NEVER_RAN)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  else
    g_propagate_error (error, g_steal_pointer (&self->function_error));
  return FALSE;
}

/* Runs the function on this thread. */
gboolean
aiot_call_run_here (AiotCall      *self,
                    const char    *name,
                    GCancellable  *cancellable,
                    GError       **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  aiot_call_init_work (self, name, G_PRIORITY_DEFAULT);
  if (cancellable != NULL)
    aiot_call_connect (self, cancellable);
  return call_conclude (self, aiot_worker_run_inline (&self->work), error);
}

/* Hands the function to the executor, and sleeps until it has ended. */
static AiotWorkOutcome
call_run_there (AiotCall     *self,
                GCancellable *cancellable)
{
  AiotWaiter waiter;
  AiotWorkOutcome outcome;

  aiot_waiter_init (&waiter);
  self->waiter = &waiter;
  aiot_work_come_from_work (&self->work, aiot_worker_get_work ());
  aiot_call_ref (self);
  aiot_call_hand_over (self);

  if (aiot_waiter_wait (&waiter, AIOT_TIMEOUT_NONE, cancellable) != AIOT_INTERRUPTION_NONE)
    {
      aiot_call_mark_cancelled (self);
      if (aiot_call_withdraw (self))
        aiot_call_function_ended (self, AIOT_CALL_CANCELLED);
      aiot_waiter_wait_done (&waiter);
    }
  aiot_waiter_clear (&waiter);
  self->waiter = NULL;

  if (g_atomic_int_get (&self->outcome) == AIOT_CALL_CANCELLED)
    outcome = AIOT_WORK_NEVER_RAN;
  else
    outcome = self->function_error != NULL ? AIOT_WORK_FAILED : AIOT_WORK_SUCCEEDED;
  g_atomic_int_set (&self->outcome, AIOT_CALL_OPEN);
  return outcome;
}

/* Runs the function on an executor while this thread waits. */
gboolean
aiot_call_run_and_wait (AiotCall              *self,
                        const AiotCallOptions *options,
                        GCancellable          *cancellable,
                        GError               **error)
{
  AiotWorker *worker = aiot_worker_get_current ();

  if (aiot_process_fails_if_forked (error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  aiot_call_set_options (self, options);
  if (worker != NULL && worker->runner == self->runner && aiot_runner_is_serial (self->runner))
    {
      if (cancellable != NULL)
        aiot_call_connect (self, cancellable);
      return call_conclude (self, call_run_in_place (self), error);
    }
  return call_conclude (self, call_run_there (self, cancellable), error);
}
