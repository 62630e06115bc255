/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-batch.h"
#include "aiot-home-private.h"

G_BEGIN_DECLS

AiotBatch *aiot_batch_new        (AiotHome  *home,
                                  guint      length);
GValue    *aiot_batch_get_values (AiotBatch *self);
void       aiot_batch_keep_first (AiotBatch *self,
                                  guint      length);

G_END_DECLS
