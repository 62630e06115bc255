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

#define AIOT_TYPE_THREADED (aiot_threaded_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotThreaded, aiot_threaded, AIOT, THREADED, GObject)

AIOT_AVAILABLE_IN_1_0
AiotThreaded *aiot_threaded_new           (AiotThreadFunc        func,
                                           gpointer              user_data,
                                           GDestroyNotify        user_data_destroy);

AIOT_AVAILABLE_IN_1_0
const char   *aiot_threaded_get_name      (AiotThreaded         *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_threaded_set_name      (AiotThreaded         *self,
                                           const char           *name);
AIOT_AVAILABLE_IN_1_0
AiotExecutor *aiot_threaded_get_executor  (AiotThreaded         *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_threaded_set_executor  (AiotThreaded         *self,
                                           AiotExecutor         *executor);
AIOT_AVAILABLE_IN_1_0
AiotLimiter  *aiot_threaded_get_limiter   (AiotThreaded         *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_threaded_set_limiter   (AiotThreaded         *self,
                                           AiotLimiter          *limiter);
AIOT_AVAILABLE_IN_1_0
int           aiot_threaded_get_priority  (AiotThreaded         *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_threaded_set_priority  (AiotThreaded         *self,
                                           int                   priority);
AIOT_AVAILABLE_IN_1_0
AiotOnCancel  aiot_threaded_get_on_cancel (AiotThreaded         *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_threaded_set_on_cancel (AiotThreaded         *self,
                                           AiotOnCancel          on_cancel);

AIOT_AVAILABLE_IN_1_0
void          aiot_threaded_call_async    (AiotThreaded         *self,
                                           const GValue         *argument,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
const GValue *aiot_threaded_call_finish   (AiotThreaded         *self,
                                           GAsyncResult         *result,
                                           GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotCall     *aiot_threaded_call_sync     (AiotThreaded         *self,
                                           const GValue         *argument,
                                           GCancellable         *cancellable,
                                           GError              **error);

G_END_DECLS
