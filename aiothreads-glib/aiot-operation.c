/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-operation-private.h"

#include "aiot-error.h"
#include "aiot-process-private.h"
#include "aiot-value-private.h"

#define OPERATION_OF(member, pointer) \
  ((AiotOperation *) ((char *) (pointer) - G_STRUCT_OFFSET (AiotOperation, member)))

AiotOperation *
aiot_operation_ref (AiotOperation *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
aiot_operation_unref (AiotOperation *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  aiot_value_clear (&self->value);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->context, aiot_context_unref);
  g_clear_pointer (&self->home, aiot_home_unref);
  aiot_waiter_clear (&self->waiter);
  g_free (self);
}

/* Once, by whoever ends it: its callback, or whoever finds that there will be none. */
static gboolean
operation_end (AiotOperation *self)
{
  return g_atomic_int_compare_and_exchange (&self->is_over, FALSE, TRUE);
}

/* Home drops it when the operation is over, while another thread may find that home is gone. */
static GCancellable *
operation_steal_cancellable (AiotOperation *self)
{
  GCancellable *cancellable;

  g_mutex_lock (&self->waiter.mutex);
  cancellable = g_steal_pointer (&self->cancellable);
  g_mutex_unlock (&self->waiter.mutex);

  return cancellable;
}

static void
operation_drop_cancellable (AiotOperation *self)
{
  GCancellable *cancellable = operation_steal_cancellable (self);

  g_clear_object (&cancellable);
}

static void
operation_cancel (AiotOperation *self)
{
  g_autoptr (GCancellable) cancellable = operation_steal_cancellable (self);

  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
}

static void
operation_drop_data (AiotOperation *self)
{
  if (self->user_data_destroy != NULL)
    self->user_data_destroy (self->user_data);
  self->user_data_destroy = NULL;
}

/* What comes too late is freed here, at home. */
static void
operation_tell (AiotOperation *self)
{
  if (aiot_waiter_finish (&self->waiter))
    return;

  aiot_value_clear (&self->value);
  g_clear_error (&self->error);
}

static void
operation_take_result (AiotOperation *self,
                       GObject       *source_object,
                       GAsyncResult  *result)
{
  gboolean succeeded = self->finish (source_object, result, self->user_data, &self->value, &self->error);

  if (!succeeded && self->error == NULL)
    self->error = g_error_new_literal (AIOT_ERROR, AIOT_ERROR_FAILED, "An operation failed without saying why");
}

static void
operation_ready_cb (GObject      *source_object,
                    GAsyncResult *result,
                    gpointer      callback_data)
{
  g_autoptr (AiotOperation) self = callback_data;
  AiotContext *previous;

  self->is_called_back = TRUE;
  if (!operation_end (self))
    return;

  previous = aiot_context_enter (self->context);
  operation_take_result (self, source_object, result);
  operation_drop_data (self);
  aiot_context_leave (previous);
  operation_drop_cancellable (self);
  operation_tell (self);
}

/* Takes the error, which may be NULL. */
static void
operation_end_with_error (AiotOperation *self,
                          GError        *error,
                          const char    *otherwise)
{
  if (!operation_end (self))
    {
      g_clear_error (&error);
      return;
    }

  self->error = error != NULL ? error : g_error_new_literal (AIOT_ERROR, AIOT_ERROR_FAILED, otherwise);
  operation_drop_data (self);
  operation_drop_cancellable (self);
  operation_tell (self);
}

static void
operation_dropped_run (AiotHomeEntry *entry)
{
  g_autoptr (AiotOperation) self = OPERATION_OF (request, entry);

  operation_end_with_error (self, NULL, "An operation was dropped before it was completed");
  /* The reference of a callback that will never come. */
  if (!self->is_called_back)
    aiot_operation_unref (self);
}

static const AiotHomeEntryFuncs dropped_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = operation_dropped_run,
  .release = operation_dropped_run,
};

/* Any thread, after it was started: it can't call back any more, if it has not done so. Takes a reference. */
void
aiot_operation_drop (AiotOperation *self)
{
  self->request.funcs = &dropped_funcs;
  if (aiot_home_is_here (self->home))
    operation_dropped_run (&self->request);
  else
    aiot_home_push (self->home, &self->request);
}

/* At home, by what starts it: nothing came of it, even if it calls back. Takes the error, which may be NULL. */
void
aiot_operation_fail (AiotOperation *self,
                     GError        *error)
{
  g_autoptr (GCancellable) cancellable = operation_steal_cancellable (self);

  operation_end_with_error (self, error, "An operation could not be started, without saying why");
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
}

static gboolean
operation_was_left (AiotOperation *self)
{
  gboolean has_left;

  g_mutex_lock (&self->waiter.mutex);
  has_left = self->waiter.has_left;
  g_mutex_unlock (&self->waiter.mutex);

  return has_left;
}

/* What the operation gets, which is cancelled already when home is just going. */
static GCancellable *
operation_make_cancellable (AiotOperation *self)
{
  GCancellable *cancellable = g_cancellable_new ();

  g_mutex_lock (&self->waiter.mutex);
  self->cancellable = g_object_ref (cancellable);
  g_mutex_unlock (&self->waiter.mutex);
  if (aiot_home_is_gone (self->home))
    operation_cancel (self);
  return cancellable;
}

static void
operation_request_run (AiotHomeEntry *entry)
{
  g_autoptr (AiotOperation) self = OPERATION_OF (request, entry);
  g_autoptr (GCancellable) cancellable = NULL;
  GMainContext *pushed;
  AiotContext *previous;

  if (operation_was_left (self))
    {
      if (operation_end (self))
        operation_drop_data (self);
      return;
    }

  cancellable = operation_make_cancellable (self);
  pushed = aiot_home_enter_main_context (self->home);
  previous = aiot_context_enter (self->context);
  self->start (cancellable, operation_ready_cb, aiot_operation_ref (self), self->user_data);
  aiot_context_leave (previous);
  aiot_home_leave_main_context (pushed);
}

/* Home is gone. The waiter knows already. */
static void
operation_request_release (AiotHomeEntry *entry)
{
  AiotOperation *self = OPERATION_OF (request, entry);

  if (operation_end (self))
    operation_drop_data (self);
  aiot_operation_unref (self);
}

static void
operation_withdrawal_run (AiotHomeEntry *entry)
{
  g_autoptr (AiotOperation) self = OPERATION_OF (withdrawal, entry);

  operation_cancel (self);
}

static void
operation_withdrawal_release (AiotHomeEntry *entry)
{
  aiot_operation_unref (OPERATION_OF (withdrawal, entry));
}

static const AiotHomeEntryFuncs request_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = operation_request_run,
  .release = operation_request_release,
};

static const AiotHomeEntryFuncs withdrawal_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = operation_withdrawal_run,
  .release = operation_withdrawal_release,
};

/*
 * Owns a reference. What was started goes on, and may still use its data: only its callback, or the end of its task, tells that it
 * does not. So it is cancelled, and where neither comes, because nobody iterates the main context any more, the data stays.
 */
static void
operation_home_gone (AiotHomeWatch *watch)
{
  g_autoptr (AiotOperation) self = OPERATION_OF (watch, watch);

  aiot_waiter_interrupt (&self->waiter, AIOT_INTERRUPTION_CONTEXT_GONE);
  if (!aiot_process_is_ending ())
    operation_cancel (self);
}

AiotOperation *
aiot_operation_new (AiotHome       *home,
                    AiotAsyncFunc   start,
                    AiotFinishFunc  finish,
                    gpointer        user_data,
                    GDestroyNotify  user_data_destroy)
{
  AiotOperation *self = g_new0 (AiotOperation, 1);

  g_atomic_ref_count_init (&self->ref_count);
  aiot_waiter_init (&self->waiter);
  self->request.funcs = &request_funcs;
  self->withdrawal.funcs = &withdrawal_funcs;
  self->watch.home_gone = operation_home_gone;
  self->home = aiot_home_ref (home);
  self->context = aiot_context_ref_or_null ();
  self->start = start;
  self->finish = finish;
  self->user_data = user_data;
  self->user_data_destroy = user_data_destroy;
  return self;
}

/* Sends it home, and sleeps until it is done, or something else happens. Then value and error are the caller's. */
AiotInterruption
aiot_operation_await (AiotOperation *self,
                      int            timeout_ms,
                      GCancellable  *cancellable)
{
  AiotInterruption interruption;

  aiot_operation_ref (self);
  if (!aiot_home_add_watch (self->home, &self->watch))
    operation_home_gone (&self->watch);
  aiot_operation_ref (self);
  aiot_home_push (self->home, &self->request);

  interruption = aiot_waiter_wait (&self->waiter, timeout_ms, cancellable);
  /* The work of this thread is cancelled with the same main context, and may hear of it first. */
  if (interruption == AIOT_INTERRUPTION_CANCELLED && aiot_home_is_gone (self->home))
    interruption = AIOT_INTERRUPTION_CONTEXT_GONE;
  if (aiot_home_remove_watch (self->home, &self->watch))
    aiot_operation_unref (self);
  if (interruption == AIOT_INTERRUPTION_NONE || !aiot_waiter_leave (&self->waiter))
    return AIOT_INTERRUPTION_NONE;

  /* Where nobody is who could cancel it, there is nothing to warn of either. */
  if (aiot_home_is_gone (self->home))
    return interruption;

  aiot_operation_ref (self);
  aiot_home_push (self->home, &self->withdrawal);
  return interruption;
}
