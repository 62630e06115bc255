/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _AiotHome      AiotHome;
typedef struct _AiotHomeEntry AiotHomeEntry;
typedef struct _AiotHomeWatch AiotHomeWatch;
typedef struct _AiotHomeTimer AiotHomeTimer;

/* Each lane is served in the order in which its entries arrived. */
typedef enum
{
  AIOT_HOME_LANE_COMPLETIONS,  /* at default priority while the frame budget lasts, then below redraw */
  AIOT_HOME_LANE_BACKGROUND,   /* always below redraw */
  AIOT_HOME_N_LANES
} AiotHomeLane;

typedef struct
{
  AiotHomeLane lane;

  /* Called at home, with no lock held. The entry belongs to the function. */
  void (*run)     (AiotHomeEntry *entry);
  /* Called in place of run, on any thread, when home is gone. */
  void (*release) (AiotHomeEntry *entry);
} AiotHomeEntryFuncs;

/* Embedded in what travels home. Whoever pushes it gives it away. */
struct _AiotHomeEntry
{
  AiotHomeEntry *next;
  const AiotHomeEntryFuncs *funcs;
};

/* Embedded in what must know that home went away while it was in flight. Its lock is home's. */
struct _AiotHomeWatch
{
  GList link;
  gboolean is_linked;
  void (*home_gone) (AiotHomeWatch *watch);  /* any thread, no lock held; replaces aiot_home_remove_watch () */
};

/* An entry that arrives at home when its time has come, by the clock of this library. Zeroed until it is added. */
struct _AiotHomeTimer
{
  AiotHomeEntry entry;
  gint64 due;
  GSequenceIter *place;   /* home's; NULL while it is not waiting */
};

AiotHome *aiot_home_ref                (AiotHome             *self);
void      aiot_home_unref              (AiotHome             *self);

AiotHome *aiot_home_dup_thread_default (void);
AiotHome *aiot_home_dup_for            (GMainContext         *main_context);

gboolean  aiot_home_is_here            (AiotHome             *self);
gboolean  aiot_home_needs_this_thread  (AiotHome             *self);
gboolean  aiot_home_is_gone            (AiotHome             *self);
void      aiot_home_push               (AiotHome             *self,
                                        AiotHomeEntry        *entry);

void      aiot_home_destroy            (AiotHome             *self,
                                        gpointer              data,
                                        GDestroyNotify        destroy);

void      aiot_home_thread_end         (void);

gboolean  aiot_home_add_watch          (AiotHome             *self,
                                        AiotHomeWatch        *watch);
gboolean  aiot_home_remove_watch       (AiotHome             *self,
                                        AiotHomeWatch        *watch);

void      aiot_home_add_timer          (AiotHome             *self,
                                        AiotHomeTimer        *timer,
                                        gint64                due);
gboolean  aiot_home_remove_timer       (AiotHome             *self,
                                        AiotHomeTimer        *timer);

GMainContext *aiot_home_enter_main_context (AiotHome         *self);
void      aiot_home_leave_main_context (GMainContext         *pushed);

/* The public face of a home is in aiot-main-context.h */
void      aiot_home_set_budget         (AiotHome             *self,
                                        int                   budget_us);
int       aiot_home_get_budget         (AiotHome             *self);
void      aiot_home_serve_descriptor   (AiotHome             *self);
int       aiot_home_get_timeout        (AiotHome             *self);
void      aiot_home_forgive            (AiotHome             *self);
void      aiot_home_outlive_threads    (AiotHome             *self);
gboolean  aiot_home_outlives_threads   (AiotHome             *self);
void      aiot_home_abandon            (AiotHome             *self);
void      aiot_home_end_all            (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotHome, aiot_home_unref)

G_END_DECLS
