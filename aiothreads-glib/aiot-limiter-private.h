/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-limiter.h"

G_BEGIN_DECLS

/* Embedded in what a limiter lets through. */
typedef struct _AiotTicket AiotTicket;

struct _AiotTicket
{
  /* Guarded by the lock of the limiter */
  GList link;
  gboolean is_queued;

  void (*admitted) (AiotTicket *ticket);   /* any thread, no lock held */
};

void     aiot_limiter_enter    (AiotLimiter *self,
                                AiotTicket  *ticket);
gboolean aiot_limiter_withdraw (AiotLimiter *self,
                                AiotTicket  *ticket);
gboolean aiot_limiter_leave    (AiotLimiter *self);
void     aiot_limiter_let_in   (AiotLimiter *self);

G_END_DECLS
