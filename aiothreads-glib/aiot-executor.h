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

#define AIOT_TYPE_EXECUTOR (aiot_executor_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotExecutor, aiot_executor, AIOT, EXECUTOR, GObject)

AIOT_AVAILABLE_IN_1_0
AiotExecutor *aiot_executor_dup_default    (void);
AIOT_AVAILABLE_IN_1_0
void          aiot_set_default_executor    (AiotExecutor    *executor);

AIOT_AVAILABLE_IN_1_0
AiotExecutor *aiot_executor_new_pool       (const char      *name,
                                            guint            size);

AIOT_AVAILABLE_IN_1_0
AiotExecutor *aiot_executor_new_serial     (const char      *name);
AIOT_AVAILABLE_IN_1_0
AiotExecutor *aiot_executor_new_separate   (const char      *name,
                                            gboolean         detached);

AIOT_AVAILABLE_IN_1_0
AiotExecutorKind aiot_executor_get_kind    (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_executor_get_detached   (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
const char   *aiot_executor_get_name       (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
guint         aiot_executor_get_size       (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_executor_set_size       (AiotExecutor    *self,
                                            guint            size);

AIOT_AVAILABLE_IN_1_0
guint         aiot_executor_get_n_threads  (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
guint         aiot_executor_get_n_running  (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
guint         aiot_executor_get_n_queued   (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
guint64       aiot_executor_get_n_done     (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
guint64       aiot_executor_get_n_failed   (AiotExecutor    *self);
AIOT_AVAILABLE_IN_1_0
gint64        aiot_executor_get_total_time (AiotExecutor    *self);

AIOT_AVAILABLE_IN_1_0
char        **aiot_executor_list_running   (AiotExecutor    *self);

AIOT_AVAILABLE_IN_1_0
void          aiot_executor_set_thread_hook (AiotExecutor   *self,
                                            AiotThreadHook   hook,
                                            gpointer         user_data,
                                            GDestroyNotify   user_data_destroy);

AIOT_AVAILABLE_IN_1_0
void          aiot_executor_shutdown_async (AiotExecutor    *self,
                                            AiotShutdown     how,
                                            int              timeout_ms,
                                            GCancellable    *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer         callback_data);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_executor_shutdown_finish (AiotExecutor   *self,
                                            GAsyncResult    *result,
                                            GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_executor_shutdown_sync  (AiotExecutor    *self,
                                            AiotShutdown     how,
                                            int              timeout_ms,
                                            GCancellable    *cancellable,
                                            GError         **error);

AIOT_AVAILABLE_IN_1_0
guint         aiot_get_thread_limit        (void);
AIOT_AVAILABLE_IN_1_0
void          aiot_set_thread_limit        (guint            limit);

AIOT_AVAILABLE_IN_1_0
void          aiot_executor_run_task       (AiotExecutor    *self,
                                            GTask           *task,
                                            GTaskThreadFunc  func);

G_END_DECLS
