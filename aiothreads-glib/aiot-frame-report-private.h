/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-home-private.h"

G_BEGIN_DECLS

/*
 * Something that happens at home at most once in 16 milliseconds, which is a frame, however often it is asked for. Embedded in
 * the object that it is about, and zeroed.
 */
typedef struct _AiotFrameReport AiotFrameReport;

struct _AiotFrameReport
{
  AiotHomeTimer timer;                    /* home's while it is under way; it has a reference to the object then */

  /* Set before it is first asked for */
  GObject *object;
  void (*report) (GObject *object);       /* at home */

  int is_under_way;                       /* atomic */
  gint64 last_seen;                       /* touched by whoever sets or clears that */
};

void aiot_frame_report_init (AiotFrameReport  *self,
                             gpointer          object,
                             void            (*report) (GObject *object));
void aiot_frame_report_ask  (AiotFrameReport  *self,
                             AiotHome         *home);

G_END_DECLS
