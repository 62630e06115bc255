/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-internal.h"

#include "aiot-memory-private.h"
#include "aiot-value-private.h"

/**
 * AiotCall: (ref-func aiot_call_ref) (unref-func aiot_call_unref)
 *
 * What a blocking function sees of the call that it works on.
 *
 * A function of type [callback@ThreadFunc] finds its argument here, can ask whether it was cancelled, hands the
 * cancellable of the call to blocking functions of GIO, and sets its result:
 *
 * ```c
 * static gboolean
 * count_lines (AiotCall *call, gpointer user_data, GError **error)
 * {
 *   const char *path = g_value_get_string (aiot_call_get_argument (call));
 *   g_autoptr (GFile) file = g_file_new_for_path (path);
 *   g_autofree char *text = NULL;
 *   gint64 n_lines = 0;
 *
 *   if (!g_file_load_contents (file, aiot_call_get_cancellable (call), &text, NULL, NULL, error))
 *     return FALSE;
 *
 *   for (const char *c = text; *c != '\0'; c++)
 *     n_lines += *c == '\n';
 *   aiot_call_set_result_int64 (call, n_lines);
 *   return TRUE;
 * }
 * ```
 *
 * The functions that set the result are for the function itself, while it runs; it may set one several times, and the last one
 * counts. All functions of a call may be used from any thread, and none blocks. What a call holds is freed on the main
 * context that made it, wherever the last reference is dropped.
 *
 * Since: 1.0
 */

G_DEFINE_BOXED_TYPE (AiotCall, aiot_call, aiot_call_ref, aiot_call_unref)

void
aiot_call_drop_data (AiotCall *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->user_data_destroy);

  if (destroy != NULL)
    destroy (g_steal_pointer (&self->user_data));
  aiot_value_clear (&self->argument);
}

void
aiot_call_end_side (AiotCall *self)
{
  if (g_atomic_int_dec_and_test (&self->n_sides))
    aiot_call_drop_data (self);
}

static void
call_warn_of_lost_error (AiotCall *self)
{
  if (self->error == NULL || self->error_was_taken ||
      g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_warning ("%s failed, and nobody asked for the error: %s",
             aiot_call_get_name (self), self->error->message);
}

static void
call_free (AiotCall *self)
{
  if (g_atomic_int_get (&self->outcome) == AIOT_CALL_RETURNED)
    call_warn_of_lost_error (self);
  aiot_call_drop_data (self);
  aiot_value_clear (&self->result);
  g_clear_error (&self->error);
  g_clear_error (&self->function_error);
  g_clear_object (&self->source_object);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->own_cancellable);
  g_clear_object (&self->limiter);
  g_clear_pointer (&self->runner, aiot_runner_unref);
  aiot_work_clear (&self->work);
  g_free (self);
}

/**
 * aiot_call_ref:
 * @self: a call
 *
 * Takes a reference to a call.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
AiotCall *
aiot_call_ref (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * aiot_call_unref:
 * @self: (transfer full): a call
 *
 * Drops a reference to a call.
 *
 * The last one frees what the call holds, on the main context that made it.
 *
 * Since: 1.0
 */
void
aiot_call_unref (AiotCall *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->home == NULL || aiot_home_is_here (self->home))
    {
      call_free (self);
      return;
    }

  /* The entry that travels home has the last reference instead; both sides have ended already. */
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_int_set (&self->n_sides, 1);
  aiot_home_push (self->home, &self->release);
}

static void
call_release_run (AiotHomeEntry *entry)
{
  AiotCall *self = CALL_OF (release, entry);

  /* The caller has left, so nobody will ask for what the function returned. */
  if (g_atomic_int_get (&self->outcome) != AIOT_CALL_RETURNED)
    aiot_value_clear (&self->result);
  aiot_call_end_side (self);
  if (g_atomic_ref_count_dec (&self->ref_count))
    call_free (self);
}

static const AiotHomeEntryFuncs release_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = call_release_run,
  .release = call_release_run,
};

AiotCall *
aiot_call_new (AiotThreadFunc  func,
               gpointer        user_data,
               GDestroyNotify  user_data_destroy,
               const GValue   *argument)
{
  AiotCall *self = aiot_alloc_zeroed (sizeof (AiotCall));

  g_atomic_ref_count_init (&self->ref_count);
  self->func = func;
  self->user_data = user_data;
  self->user_data_destroy = user_data_destroy;
  self->n_sides = 2;
  self->release.funcs = &release_funcs;
  if (argument != NULL)
    aiot_value_init_copy (&self->argument, argument);
  return self;
}

/* Before it is started. Takes what is in @argument. */
void
aiot_call_take_argument (AiotCall *self,
                         GValue   *argument)
{
  self->argument = *argument;
  *argument = (GValue) G_VALUE_INIT;
}

/* By its caller, when it is called back: moves the argument into an empty value. */
void
aiot_call_give_back_argument (AiotCall *self,
                              GValue   *argument)
{
  *argument = self->argument;
  self->argument = (GValue) G_VALUE_INIT;
}

/* Takes what is in @result. */
AiotCall *
aiot_call_new_done (GValue *result)
{
  AiotCall *self = aiot_call_new (NULL, NULL, NULL, NULL);

  self->result = *result;
  *result = (GValue) G_VALUE_INIT;
  self->outcome = AIOT_CALL_RETURNED;
  return self;
}

/**
 * aiot_call_get_argument:
 * @self: a call
 *
 * Gets what the call was made with.
 *
 * It is for the function that works on the call. When both the function has ended and the caller was called back, the
 * argument is gone.
 *
 * Returns: (transfer none) (nullable): the argument, or %NULL if there is none
 *
 * Since: 1.0
 */
const GValue *
aiot_call_get_argument (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return aiot_value_is_set (&self->argument) ? &self->argument : NULL;
}

/**
 * aiot_call_get_result:
 * @self: a call
 *
 * Gets the result of a call that succeeded.
 *
 * It is for [method@Threaded.call_sync], which returns the call itself. The result is valid as long as the call.
 *
 * Returns: (transfer none) (nullable): the result, or %NULL if the call has not succeeded yet
 *
 * Since: 1.0
 */
const GValue *
aiot_call_get_result (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_int_get (&self->outcome) == AIOT_CALL_RETURNED && self->error == NULL ? &self->result : NULL;
}

/**
 * aiot_call_get_cancellable:
 * @self: a call
 *
 * Gets a cancellable to hand to blocking functions.
 *
 * It is cancelled when the caller cancels the call, and when the main context of the caller goes away. It is not the
 * object that the caller gave; cancelling it does not reach the caller.
 *
 * Returns: (transfer none): a cancellable, valid as long as the call
 *
 * Since: 1.0
 */
GCancellable *
aiot_call_get_cancellable (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return aiot_work_get_cancellable (&self->work, &self->own_cancellable);
}

/**
 * aiot_call_is_cancelled:
 * @self: a call
 *
 * Whether the function should stop because nobody wants its result any more.
 *
 * That is so when the caller cancelled the call, and when the main context of the caller went away. A function that
 * takes long asks from time to time; asking costs next to nothing.
 *
 * Returns: %TRUE if the call was cancelled
 *
 * Since: 1.0
 */
gboolean
aiot_call_is_cancelled (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return aiot_work_is_cancelled (&self->work);
}

/**
 * aiot_call_set_error_if_cancelled:
 * @self: a call
 * @error: return location for an error
 *
 * Like [method@Call.is_cancelled], and sets %G_IO_ERROR_CANCELLED if so.
 *
 * ```c
 * if (aiot_call_set_error_if_cancelled (call, error))
 *   return FALSE;
 * ```
 *
 * Returns: (skip): %TRUE if the call was cancelled and @error is set
 *
 * Since: 1.0
 */
gboolean
aiot_call_set_error_if_cancelled (AiotCall  *self,
                                  GError   **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (!aiot_work_is_cancelled (&self->work))
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  return TRUE;
}

/* Where the result goes, if it still can. */
GValue *
aiot_call_empty_result (AiotCall *self)
{
  if (!g_atomic_int_get (&self->is_running))
    return NULL;

  aiot_value_clear (&self->result);
  return &self->result;
}
