/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-context-private.h"
#include "aiot-feed-private.h"

G_BEGIN_DECLS

/* What makes the items of an iterator from those of others. Embedded, as the first thing, in what says how. */

typedef struct
{
  /* At home: a source has items, or has ended. */
  void (*answered) (AiotPump *self,
                    AiotFeed *feed);
  /* At home, after anything has happened: asks for what there is room for, and ends it when all is over. */
  void (*turn)     (AiotPump *self);
  /* Once, any thread, no lock held: what runs should stop. NULL where nothing runs. */
  void (*stop)     (AiotPump *self);
  /* At home, when nothing runs any more: drops all it has. */
  void (*clear)    (AiotPump *self);
} AiotPumpFuncs;

struct _AiotPump
{
  AiotHomeEntry waking;       /* home's while is_waking */
  AiotHomeEntry release;      /* home's once pushed */
  AiotHomeWatch watch;
  gatomicrefcount ref_count;

  /* Set when it is made */
  const AiotPumpFuncs *funcs;
  AiotHome *home;
  AiotContext *context;       /* dropped at home when it has ended */
  AiotQueue *queue;           /* where the items go */
  AiotFeed *feeds;
  gsize n_feeds;

  /* Atomic */
  int n_busy;
  int wake_length;            /* of the queue; -1: none */
  gboolean is_waking;
  gboolean is_stopped;

  /* Home only */
  GQueue answers;             /* feeds that the pump has not heard of yet */
  gboolean has_turn;
  gboolean has_news;          /* something has happened meanwhile */
};

void      aiot_pump_init        (AiotPump             *self,
                                 const AiotPumpFuncs  *funcs,
                                 guint                 capacity,
                                 AiotIterator        **sources,
                                 gsize                 n_sources);
AiotPump *aiot_pump_ref         (AiotPump             *self);
void      aiot_pump_unref       (AiotPump             *self);

void      aiot_pump_start       (AiotPump             *self);
void      aiot_pump_close       (AiotPump             *self);

/* For what it is made of. Between the two the pump does not end. */
void      aiot_pump_enter       (AiotPump             *self);
void      aiot_pump_leave       (AiotPump             *self);

gboolean  aiot_pump_is_stopped  (AiotPump             *self);
void      aiot_pump_turn        (AiotPump             *self);
void      aiot_pump_take_answer (AiotPump             *self,
                                 AiotFeed             *feed);
void      aiot_pump_wake_at     (AiotPump             *self,
                                 int                   length);
void      aiot_pump_end         (AiotPump             *self,
                                 GError               *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotPump, aiot_pump_unref)

G_END_DECLS
