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

void
aiot_brief_lock_again (GMutex *mutex)
{
  for (guint n_tries = 0; n_tries < 10; n_tries++)
    {
      for (guint i = 0; i < 8; i++)
        relax ();
      if (g_mutex_trylock (mutex))
        return;
    }

  g_mutex_lock (mutex);
}
