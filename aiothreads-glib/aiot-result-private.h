/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-types.h"

G_BEGIN_DECLS

#define AIOT_TYPE_RESULT (aiot_result_get_type ())

G_DECLARE_FINAL_TYPE (AiotResult, aiot_result, AIOT, RESULT, GObject)

AiotResult *aiot_result_new          (gpointer              source_object,
                                      gpointer              source_tag,
                                      GAsyncReadyCallback   callback,
                                      gpointer              callback_data,
                                      gpointer              data,
                                      GDestroyNotify        data_free);
gboolean    aiot_result_is_valid     (gpointer              result,
                                      gpointer              source_object,
                                      gpointer              source_tag);
gpointer    aiot_result_get_data     (GAsyncResult         *result);
void        aiot_result_call_back    (AiotResult           *self);

G_END_DECLS
