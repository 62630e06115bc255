/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-frame-report-private.h"

#include "aiot-clock-private.h"

/* What a display at 60 Hz shows at most. */
#define FRAME (16 * G_TIME_SPAN_MILLISECOND)

#define REPORT_OF(entry) ((AiotFrameReport *) ((char *) (entry) - G_STRUCT_OFFSET (AiotFrameReport, timer.entry)))

static void
frame_report_run (AiotHomeEntry *entry)
{
  AiotFrameReport *self = REPORT_OF (entry);
  g_autoptr (GObject) object = self->object;

  self->last_seen = aiot_clock_now ();
  /* What changes from now on is reported again. */
  g_atomic_int_set (&self->is_under_way, FALSE);
  self->report (object);
}

static void
frame_report_release (AiotHomeEntry *entry)
{
  g_object_unref (REPORT_OF (entry)->object);
}

static const AiotHomeEntryFuncs report_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = frame_report_run,
  .release = frame_report_release,
};

void
aiot_frame_report_init (AiotFrameReport  *self,
                        gpointer          object,
                        void            (*report) (GObject *object))
{
  self->timer.entry.funcs = &report_funcs;
  self->object = object;
  self->report = report;
  self->last_seen = G_MININT64 / 2;
}

/* Any thread, after what it reports has changed. */
void
aiot_frame_report_ask (AiotFrameReport *self,
                       AiotHome        *home)
{
  gint64 due, now;

  if (!g_atomic_int_compare_and_exchange (&self->is_under_way, FALSE, TRUE))
    return;

  g_object_ref (self->object);
  due = self->last_seen + FRAME;
  now = aiot_clock_now ();
  if (due <= now)
    aiot_home_push (home, &self->timer.entry);
  else
    aiot_home_add_timer (home, &self->timer, due);
}
