/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-sync-await.h"

#include "aiot-call-private.h"
#include "aiot-error.h"
#include "aiot-operation-private.h"
#include "aiot-process-private.h"

/**
 * aiot_ref_origin_context:
 *
 * Gets the main context that the running work reports to.
 *
 * That is the thread-default main context of whoever started it. Work that starts more work hands it on only by
 * [func@sync_await] and [func@offload_sync]: what a worker starts with [func@offload_async] reports to the thread-default
 * main context of that worker.
 *
 * Call it from a function that this library runs in a worker. It does not block.
 *
 * Returns: (transfer full) (nullable): the main context, or %NULL on a thread that runs no work, and when it was abandoned
 *
 * Since: 1.0
 */
GMainContext *
aiot_ref_origin_context (void)
{
  AiotWork *work = aiot_worker_get_work ();
  GMainContext *main_context;

  if (work == NULL || work->home == NULL || aiot_home_is_gone (work->home))
    return NULL;

  main_context = aiot_work_ref_main_context (work);
  return main_context != NULL ? main_context : g_main_context_ref (g_main_context_default ());
}

static void
set_deadlock_error (GError **error)
{
  g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK,
                       "This thread runs the main context that it would wait for; start the operation with a callback here");
}

/* The thread-default main context of a thread that runs no work: its own, or that of the main thread. */
static void
set_origin_error (GError **error)
{
  g_autoptr (GMainContext) main_context = g_main_context_ref_thread_default ();
  g_autoptr (AiotHome) home = aiot_home_dup_for (main_context);

  if (aiot_home_needs_this_thread (home) || g_main_context_is_owner (main_context))
    set_deadlock_error (error);
  else
    g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_NO_ORIGIN,
                         "This thread runs no work of a main context; name one with aiot_sync_await_in ()");
}

/* Whom to ask: @main_context, or where the running work comes from. NULL with an error where that can't work. */
static AiotHome *
dup_home_to_ask (GMainContext  *main_context,
                 GError       **error)
{
  g_autoptr (AiotHome) home = NULL;
  AiotWork *work = aiot_worker_get_work ();

  if (aiot_process_fails_if_forked (error))
    return NULL;

  if (main_context != NULL)
    home = aiot_home_dup_for (main_context);
  else if (work != NULL && work->home != NULL)
    home = aiot_home_ref (work->home);

  if (home == NULL)
    {
      set_origin_error (error);
      return NULL;
    }
  if (aiot_home_needs_this_thread (home) || (main_context != NULL && g_main_context_is_owner (main_context)))
    {
      set_deadlock_error (error);
      return NULL;
    }
  return g_steal_pointer (&home);
}

static void
set_interruption_error (AiotInterruption   interruption,
                        GError           **error)
{
  switch (interruption)
    {
    case AIOT_INTERRUPTION_CANCELLED:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      break;
    case AIOT_INTERRUPTION_TIMED_OUT:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The main context gave no answer in time");
      break;
    case AIOT_INTERRUPTION_CONTEXT_GONE:
      g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE,
                           "The main context that should do this was abandoned, or its thread has ended");
      break;
    case AIOT_INTERRUPTION_NONE:
    default:
      g_assert_not_reached ();
    }
}

/* NULL with an error; else the operation that was done. Takes the data in any case. */
static AiotOperation *
run_operation (GMainContext    *main_context,
               AiotAsyncFunc    start,
               AiotFinishFunc   finish,
               gpointer         user_data,
               GDestroyNotify   user_data_destroy,
               int              timeout_ms,
               GCancellable    *cancellable,
               GError         **error)
{
  g_autoptr (AiotOperation) operation = NULL;
  g_autoptr (AiotHome) home = dup_home_to_ask (main_context, error);
  AiotInterruption interruption;

  if (home == NULL)
    {
      if (user_data_destroy != NULL)
        user_data_destroy (user_data);
      return NULL;
    }
  if (g_cancellable_is_cancelled (cancellable) || aiot_worker_is_cancelled ())
    {
      set_interruption_error (aiot_home_is_gone (home) ? AIOT_INTERRUPTION_CONTEXT_GONE : AIOT_INTERRUPTION_CANCELLED, error);
      aiot_home_destroy (home, user_data, user_data_destroy);
      return NULL;
    }

  operation = aiot_operation_new (home, start, finish, user_data, user_data_destroy);
  interruption = aiot_operation_await (operation, timeout_ms, cancellable);
  if (interruption != AIOT_INTERRUPTION_NONE)
    set_interruption_error (interruption, error);
  else if (operation->error != NULL)
    g_propagate_error (error, g_steal_pointer (&operation->error));
  else
    return g_steal_pointer (&operation);

  return NULL;
}

static void
move_value (GValue *to,
            GValue *from)
{
  *to = *from;
  *from = (GValue) G_VALUE_INIT;
}

/**
 * aiot_sync_await: (skip)
 * @start: starts the operation, on the main context that the running work comes from
 * @finish: takes its result, there as well
 * @user_data: data for @start and @finish
 * @user_data_destroy: (nullable): called with @user_data when the operation does not need it any more, there as well
 * @timeout_ms: milliseconds to wait, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): a cancellable
 * @value: (nullable): an empty value, for what @finish gave
 * @error: return location for an error
 *
 * Runs an asynchronous operation on the main context that asked for the running work, and waits for its result.
 *
 * A blocking function uses it for what only the main loop can do, or what exists only in asynchronous form:
 *
 * ```c
 * static void
 * start_query (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer callback_data, gpointer user_data)
 * {
 *   g_file_query_info_async (user_data, "standard::size", G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
 *                            cancellable, callback, callback_data);
 * }
 *
 * static gboolean
 * finish_query (GObject *source_object, GAsyncResult *result, gpointer user_data, GValue *value, GError **error)
 * {
 *   g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source_object), result, error);
 *
 *   if (info == NULL)
 *     return FALSE;
 *
 *   g_value_init (value, G_TYPE_INT64);
 *   g_value_set_int64 (value, g_file_info_get_size (info));
 *   return TRUE;
 * }
 *
 * g_auto (GValue) size = G_VALUE_INIT;
 *
 * if (!aiot_sync_await (start_query, finish_query, g_object_ref (file), g_object_unref, 5000, NULL, &size, error))
 *   return FALSE;
 * ```
 *
 * While it waits, the worker does not count against the size of its pool, so the operation may itself start work on
 * that pool, even if it has one thread only. Context variables that are set here are seen by @start and @finish.
 *
 * The waiting ends early when the time is over, when @cancellable or the running work itself is cancelled, and when the main
 * context goes away. Then the cancellable that @start was given is cancelled, and whatever the operation still gives is
 * dropped there. So @user_data must live until @user_data_destroy is called, which may be later than this function returns;
 * it is called in any case, also when the operation was never started (on the calling thread where there is no main context
 * to ask, or none that may be asked). Only an operation that was started, and never calls back because its main context went
 * away, keeps it for ever, because it may use it for ever.
 *
 * Call it from a function that this library runs in a worker, or [func@sync_await_in] from any other thread. It blocks, but
 * never for ever by surprise: where it would wait for its own thread it fails at once.
 *
 * Errors: what @finish set, or %AIOT_ERROR_FAILED when it returned %FALSE and set none; %G_IO_ERROR_TIMED_OUT;
 * %G_IO_ERROR_CANCELLED; %AIOT_ERROR_WOULD_DEADLOCK on the thread of that main context; %AIOT_ERROR_CONTEXT_GONE when it was
 * abandoned, or its thread has ended; %AIOT_ERROR_NO_ORIGIN on a thread that runs no work; %AIOT_ERROR_FORKED.
 *
 * Returns: %TRUE if the operation succeeded
 *
 * Since: 1.0
 */
gboolean
aiot_sync_await (AiotAsyncFunc    start,
                 AiotFinishFunc   finish,
                 gpointer         user_data,
                 GDestroyNotify   user_data_destroy,
                 int              timeout_ms,
                 GCancellable    *cancellable,
                 GValue          *value,
                 GError         **error)
{
  return aiot_sync_await_in (NULL, start, finish, user_data, user_data_destroy, timeout_ms, cancellable, value, error);
}

/**
 * aiot_sync_await_in: (skip)
 * @main_context: (nullable): where to run the operation, or %NULL for the one that the running work comes from
 * @start: starts the operation, on @main_context
 * @finish: takes its result, there as well
 * @user_data: data for @start and @finish
 * @user_data_destroy: (nullable): called with @user_data when the operation does not need it any more, there as well
 * @timeout_ms: milliseconds to wait, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): a cancellable
 * @value: (nullable): an empty value, for what @finish gave
 * @error: return location for an error
 *
 * Runs an asynchronous operation on a main context, and waits for its result.
 *
 * It is [func@sync_await] for threads that this library did not start, and for other main contexts. Somebody must iterate
 * @main_context. Where its loop has merely stopped, nobody knows whether it will go on: give a time-out or a
 * cancellable, or call [func@main_context_abandon].
 *
 * Errors: those of [func@sync_await].
 *
 * Returns: %TRUE if the operation succeeded
 *
 * Since: 1.0
 */
gboolean
aiot_sync_await_in (GMainContext    *main_context,
                    AiotAsyncFunc    start,
                    AiotFinishFunc   finish,
                    gpointer         user_data,
                    GDestroyNotify   user_data_destroy,
                    int              timeout_ms,
                    GCancellable    *cancellable,
                    GValue          *value,
                    GError         **error)
{
  g_autoptr (AiotOperation) operation = NULL;

  g_return_val_if_fail (start != NULL, FALSE);
  g_return_val_if_fail (finish != NULL, FALSE);
  g_return_val_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (value == NULL || !G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  operation = run_operation (main_context, start, finish, user_data, user_data_destroy, timeout_ms, cancellable, error);
  if (operation != NULL && value != NULL)
    move_value (value, &operation->value);
  return operation != NULL;
}

/* The form for bindings: its start function gets a task, because a callback in a callback is of no use there. */
typedef struct
{
  AiotStartFunc start;
  gpointer user_data;
  GDestroyNotify user_data_destroy;
} TaskStart;

static void
task_start_free (gpointer data)
{
  TaskStart *self = data;

  if (self->user_data_destroy != NULL)
    self->user_data_destroy (self->user_data);
  g_free (self);
}

static void
task_gone_cb (gpointer  data,
              GObject  *task)
{
  aiot_operation_drop (data);
}

static void
start_task (GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             user_data)
{
  TaskStart *self = user_data;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, callback_data);
  GError *error = NULL;

  g_task_set_source_tag (task, aiot_sync_await_task);
  g_object_weak_ref (G_OBJECT (task), task_gone_cb, aiot_operation_ref (callback_data));
  if (!self->start (task, self->user_data, &error))
    aiot_operation_fail (callback_data, error);
}

static gboolean
finish_task (GObject       *source_object,
             GAsyncResult  *result,
             gpointer       user_data,
             GValue        *value,
             GError       **error)
{
  GError *inner_error = NULL;

  if (g_task_propagate_value (G_TASK (result), value, &inner_error))
    return TRUE;

  /* GTask has said what it thinks of that, but not to the one who waits. */
  if (inner_error == NULL)
    inner_error = g_error_new_literal (AIOT_ERROR, AIOT_ERROR_FAILED, "A task was completed without a value; "
                                       "use g_task_return_value () or g_task_return_error ()");
  g_propagate_error (error, inner_error);
  return FALSE;
}

/**
 * aiot_sync_await_task:
 * @start: (scope notified) (closure user_data) (destroy user_data_destroy): starts the operation, on the main context that the
 *   running work comes from
 * @user_data: data for @start
 * @user_data_destroy: called with @user_data when the operation does not need it any more, there as well
 * @timeout_ms: milliseconds to wait, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Has a task completed on the main context that asked for the running work, and waits for it.
 *
 * It is [func@sync_await] for languages where a function can't hand on the callback that it was given: @start gets a
 * [class@Gio.Task] instead, and completes it with [method@Gio.Task.return_value] or [method@Gio.Task.return_error], then or
 * later, on any thread. Other functions that complete a task don't say what kind of value it is: they can't be used here. A task
 * that is dropped without either fails with %AIOT_ERROR_FAILED.
 *
 * A function that raises an exception may keep what it was given alive for as long as the exception is: that it has failed, it
 * tells by returning %FALSE, as bindings do by themselves. In a callback of its own it has to see to that.
 *
 * Errors: what @start set, and those of [func@sync_await].
 *
 * Returns: (transfer full) (nullable): what holds the value, for its [method@Call.get_result], or %NULL with @error set
 *
 * Since: 1.0
 */
AiotCall *
aiot_sync_await_task (AiotStartFunc    start,
                      gpointer         user_data,
                      GDestroyNotify   user_data_destroy,
                      int              timeout_ms,
                      GCancellable    *cancellable,
                      GError         **error)
{
  return aiot_sync_await_task_in (NULL, start, user_data, user_data_destroy, timeout_ms, cancellable, error);
}

/**
 * aiot_sync_await_task_in:
 * @main_context: (nullable): where to run the operation, or %NULL for the one that the running work comes from
 * @start: (scope notified) (closure user_data) (destroy user_data_destroy): starts the operation, on @main_context
 * @user_data: data for @start
 * @user_data_destroy: called with @user_data when the operation does not need it any more, there as well
 * @timeout_ms: milliseconds to wait, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Has a task completed on a main context, and waits for it.
 *
 * It is [func@sync_await_task] for threads that this library did not start, and for other main contexts; see
 * [func@sync_await_in].
 *
 * Errors: those of [func@sync_await].
 *
 * Returns: (transfer full) (nullable): what holds the value, for its [method@Call.get_result], or %NULL with @error set
 *
 * Since: 1.0
 */
AiotCall *
aiot_sync_await_task_in (GMainContext    *main_context,
                         AiotStartFunc    start,
                         gpointer         user_data,
                         GDestroyNotify   user_data_destroy,
                         int              timeout_ms,
                         GCancellable    *cancellable,
                         GError         **error)
{
  g_autoptr (AiotOperation) operation = NULL;
  TaskStart *task_start;

  g_return_val_if_fail (start != NULL, NULL);
  g_return_val_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  task_start = g_new (TaskStart, 1);
  *task_start = (TaskStart) { start, user_data, user_data_destroy };
  operation = run_operation (main_context, start_task, finish_task, task_start, task_start_free,
                             timeout_ms, cancellable, error);
  return operation != NULL ? aiot_call_new_done (&operation->value) : NULL;
}
