/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _StallMeter StallMeter;

StallMeter *stall_meter_new         (GMainContext *main_context);
void        stall_meter_free        (StallMeter   *self);

gint64      stall_meter_get_longest (StallMeter   *self);

G_END_DECLS
