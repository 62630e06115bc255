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

#define AIOT_TYPE_LIMITER (aiot_limiter_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotLimiter, aiot_limiter, AIOT, LIMITER, GObject)

AIOT_AVAILABLE_IN_1_0
AiotLimiter *aiot_limiter_new           (guint        capacity);

AIOT_AVAILABLE_IN_1_0
guint        aiot_limiter_get_capacity  (AiotLimiter *self);
AIOT_AVAILABLE_IN_1_0
void         aiot_limiter_set_capacity  (AiotLimiter *self,
                                         guint        capacity);
AIOT_AVAILABLE_IN_1_0
guint        aiot_limiter_get_n_inside  (AiotLimiter *self);
AIOT_AVAILABLE_IN_1_0
guint        aiot_limiter_get_n_waiting (AiotLimiter *self);

G_END_DECLS
