/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What a tick callback saw of the frames of a window. The time is that of the call: the time of the frame clock is smoothed, and
 * hides gaps.
 */
typedef struct
{
  guint n_frames;
  gint64 worst_gap;     /* microseconds between two frames */
  guint most_items;     /* that came between two frames */

  gint64 last_time;
  guint last_n_items;
} FrameMeter;

void   frame_meter_start (FrameMeter *self,
                          guint       n_items);
gint64 frame_meter_tick  (FrameMeter *self,
                          guint       n_items);
void   frame_meter_stop  (FrameMeter *self,
                          guint       n_items);

G_END_DECLS
