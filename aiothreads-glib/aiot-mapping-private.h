/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-call.h"
#include "aiot-pump-private.h"

G_BEGIN_DECLS

typedef enum
{
  AIOT_MAPPING_MAPS,      /* what the function gives takes the place of the item */
  AIOT_MAPPING_FILTERS,   /* what it gives decides whether the item stays */
} AiotMappingKind;

AiotPump *aiot_mapping_new (AiotMappingKind  kind,
                            AiotIterator    *source,
                            AiotExecutor    *executor,
                            guint            n_parallel,
                            AiotOrder        order,
                            AiotThreadFunc   func,
                            gpointer         user_data,
                            GDestroyNotify   user_data_destroy);

G_END_DECLS
