/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-runner-private.h"
#include "aiot-work-queue-private.h"

G_BEGIN_DECLS

/* What a pool is made of: for its own files only. */

typedef enum
{
  AIOT_POOL_SERVE,
  AIOT_POOL_PARK,
  AIOT_POOL_LEAVE,
} AiotPoolRole;

typedef struct
{
  AiotWorker worker;

  /* Guarded by the lock of the pool */
  AiotPoolRole role;
  GList link;
  gboolean is_parked;      /* it sleeps, was not called, and does not watch */
} AiotPoolWorker;

typedef struct
{
  AiotRunner runner;       /* its lock guards all below */

  AiotWorkQueue *queue;
  guint size;
  gboolean is_serial;      /* set at construction */

  guint n_serving;
  guint n_waiting;         /* that would serve if their work did not wait */
  GQueue parked;           /* who parked last comes first, so those that are not needed leave one day */
  AiotPoolWorker *watcher; /* while it sleeps, and was not called to serve */
  GSList *spare_conds;     /* of threads that have left: whoever called one may still be about to signal it */
  guint n_calls;           /* parked threads that were called to serve and did not wake up yet */
  gboolean watched;        /* somebody watches, or was called to */
  gboolean watch_call;     /* ... and did not wake up yet */
  guint64 n_taken;
} AiotPool;

/* aiot-pool-threads.c: who is called when there is something to do */
gboolean     aiot_pool_may_serve_more_locked (AiotPool       *self);
gboolean     aiot_pool_call_one_locked       (AiotPool       *self);
void         aiot_pool_call_watcher_locked   (AiotPool       *self);
void         aiot_pool_add_worker_locked     (AiotPool       *self,
                                              AiotPoolWorker *worker);
void         aiot_pool_remove_worker_locked  (AiotPool       *self,
                                              AiotPoolWorker *worker);
void         aiot_pool_clear_workers         (AiotPool       *self);

/* aiot-pool-park.c: what a thread does that has nothing to do */
AiotPoolRole aiot_pool_park_locked           (AiotPool       *self,
                                              AiotPoolWorker *worker,
                                              gboolean        has_worked);

G_END_DECLS
