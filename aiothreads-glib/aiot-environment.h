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
guint aiot_get_default_capacity (void);

G_END_DECLS
