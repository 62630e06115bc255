/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-brief-lock-private.h"

/* Lets the other thread of this processor have more of it. */
static void
relax (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__)
  __asm__ volatile ("yield");
#endif
}

/*
 * For a lock at which two threads meet all the time, and which either holds for some nanoseconds. To sleep until it is free, and to
 * wake who sleeps, would take longer than all the rest; so it is tried again for a moment first.
 */
void
aiot_brief_lock (GMutex *mutex)
{
  for (guint n_tries = 0; n_tries < 10; n_tries++)
    {
      if (g_mutex_trylock (mutex))
        return;
      for (guint i = 0; i < 8; i++)
        relax ();
    }

  g_mutex_lock (mutex);
}
