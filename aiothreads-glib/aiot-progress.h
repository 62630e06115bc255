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

#define AIOT_TYPE_PROGRESS (aiot_progress_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotProgress, aiot_progress, AIOT, PROGRESS, GObject)

AIOT_AVAILABLE_IN_1_0
AiotProgress *aiot_progress_new          (void);

AIOT_AVAILABLE_IN_1_0
double        aiot_progress_get_fraction (AiotProgress *self);
AIOT_AVAILABLE_IN_1_0
const char   *aiot_progress_get_text     (AiotProgress *self);

AIOT_AVAILABLE_IN_1_0
void          aiot_progress_report       (AiotProgress *self,
                                          double        fraction,
                                          const char   *text);

G_END_DECLS
