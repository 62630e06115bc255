/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-sleeper.h"

#include <string.h>
#include <unistd.h>

/* Called by the thread itself, last thing before it waits. */
void
bench_sleeper_note (BenchSleeper *self)
{
  g_atomic_int_set (&self->thread_id, gettid ());
}

/* The state is the letter after the name of the thread, which is in parentheses. */
static gboolean
thread_sleeps (int thread_id)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/stat", thread_id);
  g_autofree char *text = NULL;
  const char *name_end;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    g_error ("The thread is gone");
  name_end = strrchr (text, ')');
  return name_end != NULL && g_str_has_prefix (name_end, ") S");
}

/* A thread that sleeps for a moment only, for a lock, is taken for one that waits, so it has to sleep twice in a row. */
void
bench_sleeper_await (BenchSleeper *self)
{
  for (guint n_seen = 0; n_seen < 2; g_usleep (200))
    {
      int thread_id = g_atomic_int_get (&self->thread_id);

      n_seen = thread_id != 0 && thread_sleeps (thread_id) ? n_seen + 1 : 0;
    }
}
