/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIOT_INSIDE) && !defined(AIOT_COMPILATION)
# error "Only <aiothreads-glib/aiothreads-glib.h> can be included directly."
#endif

#include <aiothreads-glib/aiot-types.h>

G_BEGIN_DECLS

/**
 * AiotAsyncFunc:
 * @cancellable: cancelled when nobody waits any more
 * @callback: (closure callback_data): what the operation calls when it is done
 * @callback_data: data for @callback
 * @user_data: the data given with the function
 *
 * Starts an asynchronous operation, on the main context that is asked for it.
 *
 * It hands @cancellable, @callback and @callback_data to a function such as `g_file_query_info_async ()`.
 *
 * Since: 1.0
 */
typedef void (*AiotAsyncFunc) (GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             callback_data,
                               gpointer             user_data);

/**
 * AiotFinishFunc:
 * @source_object: (nullable): the object of the operation
 * @result: its result
 * @user_data: the data given with the function
 * @value: an empty value to initialize with what the operation gave, or to leave empty
 * @error: where to say what went wrong
 *
 * Takes the result of an asynchronous operation, on the same main context that started it.
 *
 * It calls a function such as `g_file_query_info_finish ()`. What it puts into @value goes to the thread that waits.
 *
 * Returns: %TRUE if the operation succeeded, %FALSE if @error is set
 *
 * Since: 1.0
 */
typedef gboolean (*AiotFinishFunc) (GObject       *source_object,
                                    GAsyncResult  *result,
                                    gpointer       user_data,
                                    GValue        *value,
                                    GError       **error);

/**
 * AiotStartFunc:
 * @task: what to complete: with [method@Gio.Task.return_value] or [method@Gio.Task.return_error]
 * @user_data: the data given with the function
 * @error: where to say why it could not be started
 *
 * Starts an asynchronous operation that completes a task, on the main context that is asked for it.
 *
 * The cancellable of the task is cancelled when nobody waits any more. A function that returns %FALSE ends the waiting, whether
 * the task is completed or not; without @error it ends with %AIOT_ERROR_FAILED.
 *
 * Returns: %TRUE if the operation was started, %FALSE if @error is set
 *
 * Since: 1.0
 */
typedef gboolean (*AiotStartFunc) (GTask     *task,
                                   gpointer   user_data,
                                   GError   **error);

AIOT_AVAILABLE_IN_1_0
GMainContext *aiot_ref_origin_context  (void);

AIOT_AVAILABLE_IN_1_0
gboolean      aiot_sync_await          (AiotAsyncFunc    start,
                                        AiotFinishFunc   finish,
                                        gpointer         user_data,
                                        GDestroyNotify   user_data_destroy,
                                        int              timeout_ms,
                                        GCancellable    *cancellable,
                                        GValue          *value,
                                        GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_sync_await_in       (GMainContext    *main_context,
                                        AiotAsyncFunc    start,
                                        AiotFinishFunc   finish,
                                        gpointer         user_data,
                                        GDestroyNotify   user_data_destroy,
                                        int              timeout_ms,
                                        GCancellable    *cancellable,
                                        GValue          *value,
                                        GError         **error);

AIOT_AVAILABLE_IN_1_0
AiotCall     *aiot_sync_await_task     (AiotStartFunc    start,
                                        gpointer         user_data,
                                        GDestroyNotify   user_data_destroy,
                                        int              timeout_ms,
                                        GCancellable    *cancellable,
                                        GError         **error);
AIOT_AVAILABLE_IN_1_0
AiotCall     *aiot_sync_await_task_in  (GMainContext    *main_context,
                                        AiotStartFunc    start,
                                        gpointer         user_data,
                                        GDestroyNotify   user_data_destroy,
                                        int              timeout_ms,
                                        GCancellable    *cancellable,
                                        GError         **error);

G_END_DECLS
