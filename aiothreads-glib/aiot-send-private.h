/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-queue-private.h"

G_BEGIN_DECLS

AiotSent aiot_queue_try_send    (AiotQueue            *self,
                                 GValue               *value,
                                 GError              **error);
AiotSent aiot_queue_send_sync   (AiotQueue            *self,
                                 GValue               *value,
                                 GCancellable         *cancellable,
                                 void                (*waits) (gpointer data),
                                 gpointer              data,
                                 GError              **error);
void     aiot_queue_send_async  (AiotQueue            *self,
                                 GValue               *value,
                                 GCancellable         *cancellable,
                                 gpointer              source_object,
                                 gpointer              source_tag,
                                 GAsyncReadyCallback   callback,
                                 gpointer              callback_data);
AiotSent aiot_queue_send_finish (GAsyncResult         *result,
                                 GError              **error);

G_END_DECLS
