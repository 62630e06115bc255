/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void aiot_brief_lock_again (GMutex *mutex);

/*
 * For a lock at which two threads meet all the time, and which either holds for some nanoseconds. To sleep until it is free, and to
 * wake who sleeps, would take longer than all the rest; so it is tried again for a moment first.
 */
static inline void
aiot_brief_lock (GMutex *mutex)
{
  if (!g_mutex_trylock (mutex))
    aiot_brief_lock_again (mutex);
}

G_END_DECLS
