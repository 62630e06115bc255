/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-context-private.h"
#include "aiot-home-private.h"
#include "aiot-waiter-private.h"

G_BEGIN_DECLS

typedef struct _AiotWork AiotWork;

typedef enum
{
  AIOT_WORK_SUCCEEDED,
  AIOT_WORK_FAILED,
  AIOT_WORK_NEVER_RAN,  /* it was cancelled when a thread took it, or when it was submitted */
} AiotWorkOutcome;

/* Of a piece of work that is given to an executor, either run and done are called, or refuse, or it is withdrawn. */
typedef struct
{
  /* On a worker, with no lock held. */
  AiotWorkOutcome (*run)    (AiotWork        *work);
  /* Directly after it, or on any thread in place of it. Owns the reference that the executor was given. */
  void            (*done)   (AiotWork        *work,
                             AiotWorkOutcome  outcome);
  /* On any thread, with no lock held: it will never run. Owns that reference too. */
  void            (*refuse) (AiotWork        *work,
                             const GError    *error);
  /* On any thread, with no lock held, while it runs: it should stop. */
  void            (*cancel) (AiotWork        *work);
  /* Cancelled when it should stop; NULL where there is none. On its own thread while it runs. */
  GCancellable   *(*get_cancellable) (AiotWork *work);
} AiotWorkFuncs;

/* One unit of work: embedded in what an executor runs. */
struct _AiotWork
{
  /* Set by whoever makes it */
  const AiotWorkFuncs *funcs;
  const char *name;             /* interned, or NULL */
  int priority;                 /* a GLib priority: lower numbers go first */

  /* Where it comes from; dropped by aiot_work_clear () */
  AiotHome *home;               /* NULL: nobody who could be asked for anything */
  gpointer main_context;        /* the one of home, with a lock in its lowest bit; NULL: the global default one, or dropped */
  AiotContext *context;
  AiotHomeLane lane;            /* of home: where its answer arrives, and what comes before that */

  AiotWork *outer;              /* its thread runs it within that; only for its thread */

  /* Atomic */
  gboolean is_cancelled;
  AiotWaiter *waiter;           /* its thread sleeps there */

  GList link;                   /* guarded by the lock of where it is queued */
  gboolean is_queued;           /* likewise */
};

void          aiot_work_init             (AiotWork            *self,
                                          const AiotWorkFuncs *funcs,
                                          const char          *name,
                                          int                  priority);
void          aiot_work_clear            (AiotWork            *self);

void          aiot_work_come_from_here   (AiotWork            *self);
void          aiot_work_come_from_main_context (AiotWork      *self,
                                          GMainContext        *main_context);
GMainContext *aiot_work_ref_main_context (AiotWork            *self);
void          aiot_work_drop_main_context (AiotWork           *self);
void          aiot_work_come_from_work   (AiotWork            *self,
                                          AiotWork            *origin);

gboolean      aiot_work_is_cancelled     (AiotWork            *self);
void          aiot_work_mark_cancelled   (AiotWork            *self);
void          aiot_work_cancel           (AiotWork            *self,
                                          GCancellable       **own);
GCancellable *aiot_work_get_cancellable  (AiotWork            *self,
                                          GCancellable       **own);

GError       *aiot_work_judge            (const char          *name,
                                          gboolean             succeeded,
                                          GError              *error);

G_END_DECLS
