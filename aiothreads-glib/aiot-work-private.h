/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _AiotWork AiotWork;

typedef enum
{
  AIOT_WORK_SUCCEEDED,
  AIOT_WORK_FAILED,
  AIOT_WORK_NEVER_RAN,  /* it was cancelled when a thread took it */
} AiotWorkOutcome;

/* Both functions own the reference to the work that the executor was given. */
typedef struct
{
  /* On a worker, with no lock held. */
  AiotWorkOutcome (*run)    (AiotWork     *work);
  /* On any thread, with no lock held: it will never run. */
  void            (*refuse) (AiotWork     *work,
                             const GError *error);
} AiotWorkFuncs;

/* One unit of work: embedded in what an executor runs. */
struct _AiotWork
{
  const AiotWorkFuncs *funcs;
  int priority;               /* a GLib priority: lower numbers go first */

  GList link;                 /* guarded by the executor's lock */
  gboolean is_queued;         /* likewise */
};

void aiot_work_init (AiotWork            *self,
                     const AiotWorkFuncs *funcs,
                     int                  priority);

G_END_DECLS
