/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-internal.h"

#include "aiot-process-private.h"
#include "aiot-value-private.h"

/* The side of the function: it waits for its turn, runs on a worker, and has ended, or it never runs. */

const char *
aiot_call_get_name (AiotCall *self)
{
  return self->work.name != NULL ? self->work.name : "An offloaded function";
}

gboolean
aiot_call_claim (AiotCall        *self,
                 AiotCallOutcome  outcome)
{
  return g_atomic_int_compare_and_exchange (&self->outcome, AIOT_CALL_OPEN, outcome);
}

/* Returns the limiter when others may come in now. */
AiotLimiter *
aiot_call_leave_limiter (AiotCall *self)
{
  return self->holds_slot && aiot_limiter_leave (self->limiter) ? g_object_ref (self->limiter) : NULL;
}

/* The function has ended, or will never run. Gives the executor's reference away. */
void
aiot_call_function_ended (AiotCall        *self,
                          AiotCallOutcome  outcome)
{
  gboolean is_answer = aiot_call_claim (self, outcome);
  g_autoptr (AiotLimiter) limiter = aiot_call_leave_limiter (self);

  if (is_answer)
    self->answer_ends_function = TRUE;
  if (self->waiter != NULL)
    {
      AiotWaiter *waiter = self->waiter;

      /* Never the last one: whoever waits has another. */
      aiot_call_unref (self);
      aiot_waiter_finish_last (waiter);
    }
  else
    {
      aiot_home_push (self->home, is_answer ? &self->answer : &self->release);
    }

  if (limiter != NULL)
    aiot_limiter_let_in (limiter);
}

static GError *
call_run_function (AiotCall *self)
{
  GError *error = NULL;
  gboolean succeeded;

  g_atomic_int_set (&self->is_running, TRUE);
  succeeded = self->func (self, self->user_data, &error);
  g_atomic_int_set (&self->is_running, FALSE);

  if (succeeded && !aiot_value_is_set (&self->result))
    aiot_value_init_no_value (&self->result);
  return aiot_work_judge (aiot_call_get_name (self), succeeded, error);
}

AiotWorkOutcome
aiot_call_run (AiotWork *work)
{
  AiotCall *self = CALL_OF (work, work);

  if (aiot_work_is_cancelled (work))
    return AIOT_WORK_NEVER_RAN;

  self->function_error = call_run_function (self);
  return self->function_error == NULL ? AIOT_WORK_SUCCEEDED : AIOT_WORK_FAILED;
}

static void
call_done (AiotWork        *work,
           AiotWorkOutcome  outcome)
{
  aiot_call_function_ended (CALL_OF (work, work), outcome == AIOT_WORK_NEVER_RAN ? AIOT_CALL_CANCELLED : AIOT_CALL_RETURNED);
}

static void
call_refuse (AiotWork     *work,
             const GError *error)
{
  AiotCall *self = CALL_OF (work, work);

  self->function_error = g_error_copy (error);
  aiot_call_function_ended (self, AIOT_CALL_RETURNED);
}

void
aiot_call_mark_cancelled (AiotCall *self)
{
  aiot_work_cancel (&self->work, &self->own_cancellable);
}

static void
call_cancel_work (AiotWork *work)
{
  aiot_call_mark_cancelled (CALL_OF (work, work));
}

static GCancellable *
call_get_work_cancellable (AiotWork *work)
{
  return aiot_call_get_cancellable (CALL_OF (work, work));
}

static const AiotWorkFuncs work_funcs = {
  .run = aiot_call_run,
  .done = call_done,
  .refuse = call_refuse,
  .cancel = call_cancel_work,
  .get_cancellable = call_get_work_cancellable,
};

/* TRUE when the function will not run; the executor's reference is the caller's then. */
gboolean
aiot_call_withdraw (AiotCall *self)
{
  if (self->limiter != NULL && aiot_limiter_withdraw (self->limiter, &self->ticket))
    return TRUE;

  return aiot_runner_withdraw (self->runner, &self->work);
}

/* Its time has come: a limiter lets it through, or there is none. */
static void
call_submit (AiotCall *self)
{
  g_autoptr (AiotRunner) runner = aiot_runner_ref (self->runner);

  aiot_runner_submit (runner, &self->work);
}

/* Whether nobody will be called back. When the process ends, what belongs to the program is left alone. */
static gboolean
call_is_forlorn (AiotCall *self)
{
  return self->home != NULL && aiot_home_is_gone (self->home) && !aiot_process_is_ending ();
}

/* Once it is submitted, it may be answered and gone: holding it here could drop it last, and elsewhere than at home. */
static void
call_admitted (AiotTicket *ticket)
{
  AiotCall *self = CALL_OF (ticket, ticket);

  self->holds_slot = TRUE;
  /* Home may just be going, and may not have told this call yet. Nothing is started for it then. */
  if (call_is_forlorn (self))
    aiot_call_function_ended (self, AIOT_CALL_CANCELLED);
  else
    call_submit (self);
}

void
aiot_call_hand_over (AiotCall *self)
{
  if (self->limiter == NULL)
    call_submit (self);
  else
    aiot_limiter_enter (self->limiter, &self->ticket);
}

void
aiot_call_init_work (AiotCall   *self,
                     const char *name,
                     int         priority)
{
  aiot_work_init (&self->work, &work_funcs, name, priority);
}

void
aiot_call_set_options (AiotCall              *self,
                       const AiotCallOptions *options)
{
  aiot_call_init_work (self, options->name, options->priority);
  self->ticket.admitted = call_admitted;
  self->runner = aiot_executor_dup_runner (options->executor);
  self->limiter = options->limiter != NULL ? g_object_ref (options->limiter) : NULL;
  self->on_cancel = options->on_cancel;
  self->work.lane = options->priority <= G_PRIORITY_DEFAULT ? AIOT_HOME_LANE_COMPLETIONS : AIOT_HOME_LANE_BACKGROUND;
}
