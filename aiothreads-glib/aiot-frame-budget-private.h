/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * How long one main context may work at default priority before frames come first. Touched only by the thread that
 * iterates that main context, but for `allowed`.
 */
typedef struct
{
  int allowed;            /* microseconds of each 16 milliseconds; atomic, set by any thread */
  gint64 credit;          /* what may be used now; see the .c file for its unit */
  gint64 counted_at;
  gint64 unserved_since;  /* since when something waits for the priority below redraw; 0: nothing does */
} AiotFrameBudget;

void     aiot_frame_budget_init        (AiotFrameBudget *self);
gboolean aiot_frame_budget_is_left     (AiotFrameBudget *self,
                                        gint64           now);
gint64   aiot_frame_budget_get_left    (AiotFrameBudget *self,
                                        gint64           now);
void     aiot_frame_budget_spend       (AiotFrameBudget *self,
                                        gint64           microseconds,
                                        gint64           now);

gboolean aiot_frame_budget_is_overdue  (AiotFrameBudget *self,
                                        gint64           now);
void     aiot_frame_budget_note_work   (AiotFrameBudget *self,
                                        gint64           now);
void     aiot_frame_budget_note_served (AiotFrameBudget *self,
                                        gboolean         work_left,
                                        gint64           now);

G_END_DECLS
