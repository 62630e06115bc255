/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-work-private.h"

void
aiot_work_init (AiotWork            *self,
                const AiotWorkFuncs *funcs,
                int                  priority)
{
  self->funcs = funcs;
  self->priority = priority;
  self->link = (GList) { .data = self };
  self->is_queued = FALSE;
}
