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

#define AIOT_TYPE_BATCH (aiot_batch_get_type ())

AIOT_AVAILABLE_IN_1_0
GType         aiot_batch_get_type   (void) G_GNUC_CONST;
AIOT_AVAILABLE_IN_1_0
AiotBatch    *aiot_batch_ref        (AiotBatch *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_batch_unref      (AiotBatch *self);

AIOT_AVAILABLE_IN_1_0
guint         aiot_batch_get_length (AiotBatch *self);
AIOT_AVAILABLE_IN_1_0
const GValue *aiot_batch_get_item   (AiotBatch *self,
                                     guint      index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotBatch, aiot_batch_unref)

G_END_DECLS
