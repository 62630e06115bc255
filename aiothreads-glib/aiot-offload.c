/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-offload.h"

#include "aiot-call-private.h"
#include "aiot-result-private.h"

/**
 * aiot_offload_async:
 * @executor: (nullable): where to run @func, or %NULL for the default pool
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): the blocking function
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data, on this main context, when it is not needed any more
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async) (closure callback_data) (nullable): called when the result is there
 * @callback_data: data for @callback
 *
 * Runs a blocking function in a thread, and calls back on the main context that asked.
 *
 * ```c
 * static void
 * on_counted (GObject *source_object, GAsyncResult *result, gpointer callback_data)
 * {
 *   g_autoptr (GError) error = NULL;
 *   const GValue *n_lines = aiot_offload_finish (result, &error);
 *
 *   if (n_lines != NULL)
 *     show_number (g_value_get_int64 (n_lines));
 *   else
 *     show_error (error->message);
 * }
 *
 * aiot_offload_async (NULL, count_lines, g_strdup (path), g_free, NULL, on_counted, NULL);
 * ```
 *
 * The main context that asks is the thread-default one of the calling thread (the global default one if there is none).
 * @callback is called there, never before this function has returned, and so is @user_data_destroy, after
 * @callback. Calls that finish one after another call back in that order. @callback is called in the frame budget of
 * [func@main_context_set_budget].
 *
 * The call starts when it is made. When @cancellable is cancelled before a thread takes the call, @func never runs. When it is
 * cancelled later, @func finds out by [method@Call.is_cancelled] or [method@Call.get_cancellable], and @callback waits until it has
 * ended: what it returned is the answer. Use an [class@Threaded] to leave at once instead, to name the work, or to call
 * it several times.
 *
 * With no @callback the function runs all the same; should it fail, that is logged.
 *
 * It may be called from any thread, and does not block.
 *
 * Since: 1.0
 */
void
aiot_offload_async (AiotExecutor        *executor,
                    AiotThreadFunc       func,
                    gpointer             user_data,
                    GDestroyNotify       user_data_destroy,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             callback_data)
{
  g_return_if_fail (executor == NULL || AIOT_IS_EXECUTOR (executor));
  g_return_if_fail (func != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  aiot_call_start (aiot_call_new (func, user_data, user_data_destroy, NULL),
                   &(AiotCallOptions) { .executor = executor, .on_cancel = AIOT_ON_CANCEL_WAIT },
                   NULL, aiot_offload_async, cancellable, callback, callback_data);
}

/**
 * aiot_offload_finish:
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the result of [func@offload_async].
 *
 * The result belongs to @result: in C it is valid until the callback returns, copy it to keep it. A function that
 * succeeded and set no result gives a value for which [func@value_is_no_value] is %TRUE. It may be asked more than
 * once, with the same answer.
 *
 * Errors: what the function set; %AIOT_ERROR_FAILED when it returned %FALSE and set none; %G_IO_ERROR_CANCELLED when the
 * call was cancelled before it ran; %AIOT_ERROR_EXHAUSTED when no thread could be had.
 *
 * Returns: (transfer none) (nullable): the result, or %NULL with @error set
 *
 * Since: 1.0
 */
const GValue *
aiot_offload_finish (GAsyncResult  *result,
                     GError       **error)
{
  g_return_val_if_fail (aiot_result_is_valid (result, NULL, aiot_offload_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return aiot_call_finish (result, error);
}

/**
 * aiot_offload_sync:
 * @executor: (nullable): where to run @func, or %NULL for the default pool
 * @func: (scope call) (closure user_data): the blocking function
 * @user_data: data for @func
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Runs a blocking function on an executor, and waits until it has ended.
 *
 * A worker uses it for what must run elsewhere, above all on a serial executor:
 *
 * ```c
 * g_autoptr (AiotCall) call = aiot_offload_sync (database, store_row, row, NULL, error);
 *
 * if (call == NULL)
 *   return FALSE;
 * ```
 *
 * While it waits, the calling worker does not count against the size of its pool. A serial executor that is asked by its own
 * thread runs @func at once. When @cancellable or the calling work is cancelled before @func has started, it never runs; when it
 * runs already, it is told, and waited for.
 *
 * It may be called from any thread, and blocks: a main loop that calls it stands still meanwhile. In a worker, @func
 * reports to the same main context as the calling work, for instance with [func@sync_await]; elsewhere to none, because
 * nobody would hear it.
 *
 * Errors: those of [func@offload_finish]; %AIOT_ERROR_FORKED.
 *
 * Returns: (transfer full) (nullable): the call, for its [method@Call.get_result], or %NULL with @error set
 *
 * Since: 1.0
 */
AiotCall *
aiot_offload_sync (AiotExecutor    *executor,
                   AiotThreadFunc   func,
                   gpointer         user_data,
                   GCancellable    *cancellable,
                   GError         **error)
{
  g_autoptr (AiotCall) call = NULL;

  g_return_val_if_fail (executor == NULL || AIOT_IS_EXECUTOR (executor), NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  call = aiot_call_new (func, user_data, NULL, NULL);
  if (!aiot_call_run_and_wait (call, &(AiotCallOptions) { .executor = executor }, cancellable, error))
    return NULL;

  return g_steal_pointer (&call);
}
