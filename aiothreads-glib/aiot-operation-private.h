/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-sync-await.h"

#include "aiot-waiter-private.h"
#include "aiot-work-private.h"

G_BEGIN_DECLS

/*
 * An operation that a main context runs for a thread that waits. Both have references. All that belongs to the operation is
 * touched and freed at home; only the value or the error crosses over, before the waiter is told.
 */
typedef struct _AiotOperation AiotOperation;

struct _AiotOperation
{
  AiotHomeEntry request;       /* both are home's once pushed */
  AiotHomeEntry withdrawal;
  AiotHomeWatch watch;
  gatomicrefcount ref_count;

  /* Set before it is handed over */
  AiotHome *home;
  AiotContext *context;
  AiotAsyncFunc start;
  AiotFinishFunc finish;

  GCancellable *cancellable;   /* guarded by the mutex of the waiter */
  gboolean is_called_back;     /* written before what called back is gone, read after; its reference is too */
  gboolean is_over;            /* atomic */

  gpointer user_data;          /* of whoever sets is_over */
  GDestroyNotify user_data_destroy;

  AiotWaiter waiter;
  GValue value;                /* written before the waiter is told, read after */
  GError *error;
};

AiotOperation    *aiot_operation_new    (AiotHome       *home,
                                         AiotAsyncFunc   start,
                                         AiotFinishFunc  finish,
                                         gpointer        user_data,
                                         GDestroyNotify  user_data_destroy);
AiotOperation    *aiot_operation_ref    (AiotOperation  *self);
void              aiot_operation_unref  (AiotOperation  *self);
void              aiot_operation_drop   (AiotOperation  *self);
void              aiot_operation_fail   (AiotOperation  *self,
                                         GError         *error);
AiotInterruption  aiot_operation_await  (AiotOperation  *self,
                                         int             timeout_ms,
                                         GCancellable   *cancellable);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotOperation, aiot_operation_unref)

G_END_DECLS
