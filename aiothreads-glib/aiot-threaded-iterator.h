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

#define AIOT_TYPE_THREADED_ITERATOR (aiot_threaded_iterator_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotThreadedIterator, aiot_threaded_iterator, AIOT, THREADED_ITERATOR, GObject)

AIOT_AVAILABLE_IN_1_0
AiotThreadedIterator *aiot_threaded_iterator_new             (AiotGeneratorFunc     func,
                                                              gpointer              user_data,
                                                              GDestroyNotify        user_data_destroy,
                                                              AiotExecutor         *executor,
                                                              int                   capacity,
                                                              GCancellable         *cancellable);

AIOT_AVAILABLE_IN_1_0
guint                 aiot_threaded_iterator_get_capacity    (AiotThreadedIterator *self);
AIOT_AVAILABLE_IN_1_0
guint                 aiot_threaded_iterator_get_length      (AiotThreadedIterator *self);
AIOT_AVAILABLE_IN_1_0
guint                 aiot_threaded_iterator_get_peak_length (AiotThreadedIterator *self);
AIOT_AVAILABLE_IN_1_0
AiotProgress         *aiot_threaded_iterator_get_progress    (AiotThreadedIterator *self);

G_END_DECLS
