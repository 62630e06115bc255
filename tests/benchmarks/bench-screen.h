/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BENCH_FRAME (16 * G_TIME_SPAN_MILLISECOND)

/*
 * What a screen does to a main loop, without one: every 16 ms a redraw that costs 2 ms, at the priority of GTK. A redraw that
 * comes too late for its frame is for the next; that frame is lost.
 */
typedef struct
{
  GSource *source;
  gint64 due;
  gint64 last;          /* when a frame was drawn last */
  guint n_drawn;
  gint64 worst_gap;     /* between two frames */
} BenchScreen;

void bench_screen_start      (BenchScreen *self);
void bench_screen_count_anew (BenchScreen *self);
void bench_screen_stop       (BenchScreen *self);

/* Stays busy for so many microseconds. */
void bench_work              (gint64       microseconds);

G_END_DECLS
