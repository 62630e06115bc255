/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gint64   aiot_clock_now        (void);
gboolean aiot_clock_wait_until (GCond  *cond,
                                GMutex *mutex,
                                gint64  deadline);

/* Time that only moves when a test says so */
void     aiot_clock_stop       (void);
void     aiot_clock_advance    (gint64  microseconds);
void     aiot_clock_resume     (void);

G_END_DECLS
