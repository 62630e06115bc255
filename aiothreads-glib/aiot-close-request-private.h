/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-iterator.h"
#include "aiot-queue-private.h"

G_BEGIN_DECLS

/* Waiting, after an iterator was closed, for what fills its queue to end; with no queue there is nothing to wait for. */
void     aiot_close_request_start  (AiotIterator         *iterator,
                                    AiotQueue            *queue,
                                    GCancellable         *cancellable,
                                    GAsyncReadyCallback   callback,
                                    gpointer              callback_data);
gboolean aiot_close_request_finish (AiotIterator         *iterator,
                                    GAsyncResult         *result,
                                    GError              **error);

G_END_DECLS
