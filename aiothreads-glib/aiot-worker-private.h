/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-cpu-meter-private.h"
#include "aiot-work-private.h"

G_BEGIN_DECLS

typedef struct _AiotRunner AiotRunner;
typedef struct _AiotWorker AiotWorker;

/* A thread of an executor, as long as it runs. */
struct _AiotWorker
{
  AiotRunner *runner;

  /* Guarded by the lock of the runner */
  GList link;
  GCond *called;           /* where it sleeps; outlives it. NULL where it never does */
  AiotCpuMeter meter;
  const char *name;        /* of what it does; interned */
  gint64 since;

  AiotWork *doing;         /* atomic; what can be cancelled */

  /* Its own thread only */
  AiotWork *work;          /* what runs */
  guint n_blocking;        /* how many times it said that it blocks */
  AiotWork *given;         /* what it was started for, if it was started for one piece of work */
};

/* Of the calling thread; NULL where it is not one of an executor. */
AiotWorker      *aiot_worker_get_current (void);
void             aiot_worker_set_current (AiotWorker *worker);
AiotWork        *aiot_worker_get_work    (void);
gboolean         aiot_worker_is_cancelled (void);
AiotWork        *aiot_worker_get_origin  (void);

AiotWorkOutcome  aiot_worker_run         (AiotWorker *self,
                                          AiotWork   *work);
AiotWorkOutcome  aiot_worker_run_inline  (AiotWork   *work);

void             aiot_worker_begin_wait  (AiotWaiter *waiter);
void             aiot_worker_end_wait    (AiotWaiter *waiter);

G_END_DECLS
