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

#define AIOT_TYPE_THREADED_ITERABLE (aiot_threaded_iterable_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotThreadedIterable, aiot_threaded_iterable, AIOT, THREADED_ITERABLE, GObject)

AIOT_AVAILABLE_IN_1_0
AiotThreadedIterable *aiot_threaded_iterable_new          (AiotGeneratorFunc      func,
                                                           gpointer               user_data,
                                                           GDestroyNotify         user_data_destroy);

AIOT_AVAILABLE_IN_1_0
const char           *aiot_threaded_iterable_get_name     (AiotThreadedIterable  *self);
AIOT_AVAILABLE_IN_1_0
void                  aiot_threaded_iterable_set_name     (AiotThreadedIterable  *self,
                                                           const char            *name);
AIOT_AVAILABLE_IN_1_0
AiotExecutor         *aiot_threaded_iterable_get_executor (AiotThreadedIterable  *self);
AIOT_AVAILABLE_IN_1_0
void                  aiot_threaded_iterable_set_executor (AiotThreadedIterable  *self,
                                                           AiotExecutor          *executor);
AIOT_AVAILABLE_IN_1_0
int                   aiot_threaded_iterable_get_capacity (AiotThreadedIterable  *self);
AIOT_AVAILABLE_IN_1_0
void                  aiot_threaded_iterable_set_capacity (AiotThreadedIterable  *self,
                                                           int                    capacity);
AIOT_AVAILABLE_IN_1_0
int                   aiot_threaded_iterable_get_priority (AiotThreadedIterable  *self);
AIOT_AVAILABLE_IN_1_0
void                  aiot_threaded_iterable_set_priority (AiotThreadedIterable  *self,
                                                           int                    priority);

AIOT_AVAILABLE_IN_1_0
AiotThreadedIterator *aiot_threaded_iterable_iterate      (AiotThreadedIterable  *self,
                                                           const GValue          *argument,
                                                           GCancellable          *cancellable);
AIOT_AVAILABLE_IN_1_0
gboolean              aiot_threaded_iterable_iterate_sync (AiotThreadedIterable  *self,
                                                           const GValue          *argument,
                                                           AiotItemFunc           func,
                                                           gpointer               user_data,
                                                           GCancellable          *cancellable,
                                                           GError               **error);

G_END_DECLS
