/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-screen.h"

/* GDK_PRIORITY_REDRAW */
#define PRIORITY_REDRAW (G_PRIORITY_HIGH_IDLE + 20)

#define REDRAW (2 * G_TIME_SPAN_MILLISECOND)

void
bench_work (gint64 microseconds)
{
  gint64 end = g_get_monotonic_time () + microseconds;

  while (g_get_monotonic_time () < end)
    ;
}

static void
note_frame (BenchScreen *self,
            gint64       now)
{
  if (self->last != 0)
    self->worst_gap = MAX (self->worst_gap, now - self->last);
  self->last = now;
  self->n_drawn++;
}

static gboolean
redraw (gpointer data)
{
  BenchScreen *self = data;
  gint64 now = g_get_monotonic_time ();

  note_frame (self, now);
  bench_work (REDRAW);
  self->due += (1 + (now - self->due) / BENCH_FRAME) * BENCH_FRAME;
  g_source_set_ready_time (self->source, self->due);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_screen (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs screen_funcs = { .dispatch = dispatch_screen };

void
bench_screen_start (BenchScreen *self)
{
  *self = (BenchScreen) { .source = g_source_new (&screen_funcs, sizeof (GSource)) };
  self->due = g_get_monotonic_time () + BENCH_FRAME;
  g_source_set_priority (self->source, PRIORITY_REDRAW);
  g_source_set_callback (self->source, redraw, self, NULL);
  g_source_set_ready_time (self->source, self->due);
  g_source_attach (self->source, NULL);
}

/* Forgets the frames that were drawn before. */
void
bench_screen_count_anew (BenchScreen *self)
{
  self->n_drawn = 0;
  self->worst_gap = 0;
}

/* The gap that is open now ends here. */
void
bench_screen_stop (BenchScreen *self)
{
  self->worst_gap = MAX (self->worst_gap, g_get_monotonic_time () - self->last);
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}
