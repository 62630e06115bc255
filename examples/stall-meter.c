/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "stall-meter.h"

/*
 * A source that wants to be called each millisecond, and notes how late it was at most. Whatever the main loop does in one
 * go, an event of the user would have waited for just as long.
 */

struct _StallMeter
{
  GSource source;
  gint64 longest;
};

#define INTERVAL G_TIME_SPAN_MILLISECOND

static gboolean
stall_meter_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  StallMeter *self = (StallMeter *) source;
  gint64 now = g_get_monotonic_time ();

  self->longest = MAX (self->longest, now - g_source_get_ready_time (source));
  g_source_set_ready_time (source, now + INTERVAL);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs stall_meter_funcs = { .dispatch = stall_meter_dispatch };

StallMeter *
stall_meter_new (GMainContext *main_context)
{
  GSource *source = g_source_new (&stall_meter_funcs, sizeof (StallMeter));

  g_source_set_static_name (source, "stall meter");
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_ready_time (source, g_get_monotonic_time () + INTERVAL);
  g_source_attach (source, main_context);
  return (StallMeter *) source;
}

void
stall_meter_free (StallMeter *self)
{
  g_source_destroy ((GSource *) self);
  g_source_unref ((GSource *) self);
}

/* Microseconds. */
gint64
stall_meter_get_longest (StallMeter *self)
{
  return self->longest;
}
