/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What may end a wait other than what is waited for. */
typedef enum
{
  AIOT_INTERRUPTION_NONE,
  AIOT_INTERRUPTION_CANCELLED,
  AIOT_INTERRUPTION_TIMED_OUT,
  AIOT_INTERRUPTION_CONTEXT_GONE,
  AIOT_INTERRUPTION_CLOSED,
} AiotInterruption;

/* A thread that sleeps until something is done. One wait each. */
typedef struct
{
  GMutex mutex;                    /* guards all below */
  GCond cond;
  gboolean is_done;
  gboolean has_left;
  guint n_told;                    /* how often the work of its thread told it that it is cancelled */
  AiotInterruption interruption;   /* the first one */
} AiotWaiter;

void             aiot_waiter_init      (AiotWaiter       *self);
void             aiot_waiter_clear     (AiotWaiter       *self);

/* Whoever calls these keeps the waiter alive until they return. */
gboolean         aiot_waiter_finish    (AiotWaiter       *self);
/* The waiter may be gone afterwards. */
void             aiot_waiter_finish_last (AiotWaiter     *self);
void             aiot_waiter_interrupt (AiotWaiter       *self,
                                        AiotInterruption  why);

AiotInterruption aiot_waiter_wait      (AiotWaiter       *self,
                                        int               timeout_ms,
                                        GCancellable     *cancellable);
gboolean         aiot_waiter_leave     (AiotWaiter       *self);
void             aiot_waiter_wait_done (AiotWaiter       *self);

void             aiot_waiter_tell      (AiotWaiter       *self);
void             aiot_waiter_be_told   (AiotWaiter       *self,
                                        guint             n_tellers);

G_END_DECLS
