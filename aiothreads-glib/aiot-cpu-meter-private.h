/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include <time.h>

G_BEGIN_DECLS

/* Whether a thread computes or sleeps. */
typedef struct
{
  clockid_t clock;
  gboolean is_usable;
  gint64 seen;         /* microseconds of processor time at the last look */
  gint64 recent;       /* likewise, since then; what is older counts half at each look */
} AiotCpuMeter;

void     aiot_cpu_meter_init    (AiotCpuMeter *self);
gboolean aiot_cpu_meter_is_busy (AiotCpuMeter *self);

G_END_DECLS
