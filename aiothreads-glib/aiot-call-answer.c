/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-internal.h"

#include "aiot-process-private.h"
#include "aiot-result-private.h"

/* The side of a caller that is called back: the answer travels home, unless the caller leaves, or home does. */

/* Any thread. The function was told already; this is about the answer. */
static void
call_answer_cancellation (AiotCall *self)
{
  if (aiot_call_withdraw (self))
    {
      aiot_call_function_ended (self, AIOT_CALL_CANCELLED);
    }
  else if (self->on_cancel == AIOT_ON_CANCEL_ABANDON && aiot_call_claim (self, AIOT_CALL_CANCELLED))
    {
      aiot_call_ref (self);
      aiot_home_push (self->home, &self->answer);
    }
}

static void
call_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  AiotCall *self = user_data;

  if (aiot_process_is_forked ())
    return;

  aiot_call_mark_cancelled (self);
  /* Until the call is started, aiot_call_start () sees to the answer. */
  if (self->home != NULL && g_atomic_int_get (&self->is_started))
    call_answer_cancellation (self);
}

void
aiot_call_connect (AiotCall     *self,
                   GCancellable *cancellable)
{
  self->cancellable = g_object_ref (cancellable);
  self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (call_cancelled_cb),
                                              aiot_call_ref (self), (GDestroyNotify) aiot_call_unref);
}

/*
 * A handler that runs elsewhere is not waited for where home answers: it has a reference of its own, and this may be inside of
 * another handler of the same cancellable, which would wait for itself. A caller that has waited goes on with what the handler uses.
 */
void
aiot_call_disconnect (AiotCall *self)
{
  gulong id = self->cancelled_id;

  self->cancelled_id = 0;
  if (id == 0)
    return;

  if (self->home != NULL)
    g_signal_handler_disconnect (self->cancellable, id);
  else
    g_cancellable_disconnect (self->cancellable, id);
}

/* Its callback gets a GAsyncResult. To make one takes as long as half of the rest, and this library itself needs none. */
static void
call_back_with_result (AiotCall *self)
{
  g_autoptr (AiotResult) result = aiot_result_new (self->source_object, self->source_tag, self->callback, self->callback_data,
                                                   aiot_call_ref (self), (GDestroyNotify) aiot_call_unref);

  aiot_result_call_back (result);
}

static void
call_back (AiotCall *self)
{
  AiotContext *previous;

  if (g_atomic_int_get (&self->outcome) == AIOT_CALL_CANCELLED)
    self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  else
    self->error = g_steal_pointer (&self->function_error);

  if (self->callback == NULL && self->answered == NULL)
    return;

  previous = aiot_context_enter (self->work.context);
  if (self->answered != NULL)
    self->answered (self, self->callback_data);
  else
    call_back_with_result (self);
  aiot_context_leave (previous);
}

static void
call_end_answer (AiotCall *self,
                 gboolean  somebody_asks)
{
  if (!g_atomic_int_compare_and_exchange (&self->is_answered, FALSE, TRUE))
    return;

  if (aiot_home_remove_watch (self->home, &self->watch))
    aiot_call_unref (self);
  aiot_call_disconnect (self);
  aiot_work_drop_main_context (&self->work);
  if (somebody_asks)
    call_back (self);
  aiot_call_end_side (self);
}

static void
call_answered (AiotCall *self)
{
  if (self->answer_ends_function)
    aiot_call_end_side (self);
  aiot_call_unref (self);
}

static void
call_answer_run (AiotHomeEntry *entry)
{
  AiotCall *self = CALL_OF (answer, entry);

  call_end_answer (self, TRUE);
  call_answered (self);
}

/* Home is gone, and the watch on it ends the answering side, or did. */
static void
call_answer_release (AiotHomeEntry *entry)
{
  call_answered (CALL_OF (answer, entry));
}

static const AiotHomeEntryFuncs answer_funcs[AIOT_HOME_N_LANES] = {
  { AIOT_HOME_LANE_COMPLETIONS, call_answer_run, call_answer_release },
  { AIOT_HOME_LANE_BACKGROUND, call_answer_run, call_answer_release },
};

/* Owns the reference of the watch. Nobody will be called back, so the function may as well stop. */
static void
call_home_gone (AiotHomeWatch *watch)
{
  AiotCall *self = CALL_OF (watch, watch);
  g_autoptr (AiotLimiter) limiter = NULL;

  /* When the process ends, what belongs to the program is left alone. */
  if (aiot_process_is_ending ())
    {
      if (!self->runner->is_joined)
        aiot_work_mark_cancelled (&self->work);
      return;
    }

  aiot_call_mark_cancelled (self);
  aiot_call_claim (self, AIOT_CALL_NOBODY_ASKS);
  if (aiot_call_withdraw (self))
    {
      limiter = aiot_call_leave_limiter (self);
      if (limiter != NULL)
        aiot_limiter_let_in (limiter);
      aiot_call_end_side (self);
      aiot_call_unref (self);
    }
  call_end_answer (self, FALSE);
  aiot_call_unref (self);
}

/* The rest of starting a call that can be cancelled. Holds a reference, because it may be answered at any moment. */
static void
call_hand_over_cancellable (AiotCall     *self,
                            GCancellable *cancellable)
{
  aiot_call_ref (self);
  aiot_call_connect (self, cancellable);
  if (!aiot_home_add_watch (self->home, &self->watch))
    call_home_gone (&self->watch);
  /* What is cancelled already starts no thread. */
  if (aiot_work_is_cancelled (&self->work))
    aiot_call_function_ended (self, AIOT_CALL_CANCELLED);
  else
    aiot_call_hand_over (self);

  g_atomic_int_set (&self->is_started, TRUE);
  if (aiot_work_is_cancelled (&self->work))
    call_answer_cancellation (self);
  aiot_call_unref (self);
}

/* Where homes can't be used, any source will do. */
static gboolean
call_back_in_fork (gpointer user_data)
{
  AiotCall *self = user_data;

  aiot_call_claim (self, AIOT_CALL_RETURNED);
  call_back (self);
  aiot_call_drop_data (self);
  return G_SOURCE_REMOVE;
}

static void
call_start_in_fork (AiotCall *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  aiot_process_fails_if_forked (&self->function_error);
  self->work.context = aiot_context_ref_or_null ();
  g_source_set_callback (source, call_back_in_fork, self, (GDestroyNotify) aiot_call_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
call_start (AiotCall              *self,
            const AiotCallOptions *options,
            GCancellable          *cancellable)
{
  if (G_UNLIKELY (aiot_process_is_forked ()))
    {
      call_start_in_fork (self);
      return;
    }

  aiot_call_set_options (self, options);
  self->answer.funcs = &answer_funcs[self->work.lane];
  self->watch.home_gone = call_home_gone;
  aiot_work_come_from_here (&self->work);
  self->home = self->work.home;

  /* The watch owns a reference. */
  aiot_call_ref (self);
  if (cancellable != NULL)
    {
      call_hand_over_cancellable (self, cancellable);
      return;
    }
  if (!aiot_home_add_watch (self->home, &self->watch))
    call_home_gone (&self->watch);
  aiot_call_hand_over (self);
}

/* Takes the caller's reference. */
void
aiot_call_start (AiotCall              *self,
                 const AiotCallOptions *options,
                 gpointer               source_object,
                 gpointer               source_tag,
                 GCancellable          *cancellable,
                 GAsyncReadyCallback    callback,
                 gpointer               callback_data)
{
  self->source_object = source_object != NULL ? g_object_ref (source_object) : NULL;
  self->source_tag = source_tag;
  self->callback = callback;
  self->callback_data = callback_data;
  call_start (self, options, cancellable);
}

/* The same for this library itself. */
void
aiot_call_start_within (AiotCall              *self,
                        const AiotCallOptions *options,
                        AiotCallAnswered       answered,
                        gpointer               user_data)
{
  self->answered = answered;
  self->callback_data = user_data;
  call_start (self, options, NULL);
}

/* Any thread, once aiot_call_start () has returned: what a cancellable of its caller would do. */
void
aiot_call_cancel (AiotCall *self)
{
  aiot_call_mark_cancelled (self);
  call_answer_cancellation (self);
}

/* The result, or NULL with an error. @result is checked by the caller. */
const GValue *
aiot_call_finish (GAsyncResult  *result,
                  GError       **error)
{
  AiotCall *self = aiot_result_get_data (result);

  if (self->error == NULL)
    return &self->result;

  self->error_was_taken = TRUE;
  if (error != NULL)
    *error = g_error_copy (self->error);
  return NULL;
}

/* For who is told by aiot_call_start_within (): moves the result into an empty value, or sets the error, once. */
gboolean
aiot_call_take_answer (AiotCall  *self,
                       GValue    *value,
                       GError   **error)
{
  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }

  *value = self->result;
  self->result = (GValue) G_VALUE_INIT;
  return TRUE;
}
