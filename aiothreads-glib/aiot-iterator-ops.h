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
AiotIterator *aiot_iterator_map    (AiotIterator    *self,
                                    AiotExecutor    *executor,
                                    guint            n_parallel,
                                    AiotOrder        order,
                                    AiotThreadFunc   func,
                                    gpointer         user_data,
                                    GDestroyNotify   user_data_destroy);
AIOT_AVAILABLE_IN_1_0
AiotIterator *aiot_iterator_filter (AiotIterator    *self,
                                    AiotExecutor    *executor,
                                    guint            n_parallel,
                                    AiotOrder        order,
                                    AiotThreadFunc   func,
                                    gpointer         user_data,
                                    GDestroyNotify   user_data_destroy);
AIOT_AVAILABLE_IN_1_0
AiotIterator *aiot_iterator_merge  (AiotIterator   **iterators,
                                    gsize            n_iterators);

G_END_DECLS
