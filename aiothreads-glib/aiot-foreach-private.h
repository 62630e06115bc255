/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-iterator.h"
#include "aiot-receive-private.h"

G_BEGIN_DECLS

/* What may be done at home in one go, so that others get their turn. */
#define AIOT_FOREACH_TIME (1 * G_TIME_SPAN_MILLISECOND)

void     aiot_queue_foreach_async  (AiotQueue            *self,
                                    AiotReader           *reader,
                                    AiotItemFunc          func,
                                    gpointer              user_data,
                                    GDestroyNotify        user_data_destroy,
                                    GCancellable         *cancellable,
                                    AiotIterator         *iterator,
                                    gpointer              source_tag,
                                    GAsyncReadyCallback   callback,
                                    gpointer              callback_data);
gboolean aiot_queue_foreach_finish (GAsyncResult         *result,
                                    GError              **error);

G_END_DECLS
