/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-frame-budget-private.h"
#include "aiot-home-private.h"

G_BEGIN_DECLS

/* What a home is made of: for its own files only. */

typedef struct
{
  AiotHomeEntry *first;
  AiotHomeEntry *last;
} Lane;

struct _AiotHome
{
  gatomicrefcount ref_count;
  GMainContext *main_context;   /* no reference; dangling once home is gone */
  gboolean is_global_default;
  GSource *urgent;              /* at default priority */
  GSource *background;          /* below redraw */

  /* atomic */
  AiotHomeEntry *arrived;
  int n_waiting;                /* entries in the lanes; changed under the mutex */
  int n_timers;                 /* changed under the mutex */
  gboolean gone;                /* changed under the mutex */
  gboolean warned;
  gboolean serves_descriptor;
  gboolean outlives_exit;
  gboolean outlives_threads;
  gsize thread_id;              /* who was last seen iterating, or having it as thread-default */

  /* touched by the thread that iterates the main context */
  AiotFrameBudget budget;
  AiotHomeLane lane;            /* whose turn it is, where all are served */
  gint64 lane_since;
  guint n_of_lane;              /* entries, since then */

  GMutex mutex;                 /* guards all below */
  Lane lanes[AIOT_HOME_N_LANES];
  GQueue watches;
  GSequence *timers;            /* NULL before the first one */
  gint64 alarm;
};

/* aiot-home.c */
void aiot_home_wake                  (AiotHome      *self);
void aiot_home_sort_in_locked        (AiotHome      *self,
                                      AiotHomeEntry *newest);
void aiot_home_release               (AiotHome      *self,
                                      AiotHomeEntry *entry);

/* aiot-home-timers.c */
void aiot_home_collect_timers_locked (AiotHome      *self,
                                      gint64         now);
int  aiot_home_get_timer_timeout     (AiotHome      *self);

G_END_DECLS
