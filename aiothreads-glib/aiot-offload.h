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

AIOT_AVAILABLE_IN_1_0
void          aiot_offload_async  (AiotExecutor         *executor,
                                   AiotThreadFunc        func,
                                   gpointer              user_data,
                                   GDestroyNotify        user_data_destroy,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
const GValue *aiot_offload_finish (GAsyncResult         *result,
                                   GError              **error);

AIOT_AVAILABLE_IN_1_0
AiotCall     *aiot_offload_sync   (AiotExecutor         *executor,
                                   AiotThreadFunc        func,
                                   gpointer              user_data,
                                   GCancellable         *cancellable,
                                   GError              **error);

G_END_DECLS
