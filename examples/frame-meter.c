/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "frame-meter.h"

static gint64
note (FrameMeter *self,
      guint       n_items)
{
  gint64 now = g_get_monotonic_time ();
  gint64 gap = now - self->last_time;

  self->worst_gap = MAX (self->worst_gap, gap);
  self->most_items = MAX (self->most_items, n_items - self->last_n_items);
  self->last_time = now;
  self->last_n_items = n_items;
  return gap;
}

/* Call it in a frame. @n_items is how many have come so far, here and below. */
void
frame_meter_start (FrameMeter *self,
                   guint       n_items)
{
  *self = (FrameMeter) { .last_time = g_get_monotonic_time (), .last_n_items = n_items };
}

/* Returns the time since the frame before. */
gint64
frame_meter_tick (FrameMeter *self,
                  guint       n_items)
{
  self->n_frames++;
  return note (self, n_items);
}

/* The gap that is open now ends here. */
void
frame_meter_stop (FrameMeter *self,
                  guint       n_items)
{
  note (self, n_items);
}
