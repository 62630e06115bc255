/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two threads count on the same variable. The lock that would order them is
 * only taken when REPAIRED is defined.
 */

#include <glib.h>

static GMutex lock;
static guint counter;

static gpointer
count_cb (gpointer user_data)
{
  for (guint i = 0; i < 1000; i++)
    {
#ifdef REPAIRED
      g_mutex_lock (&lock);
#endif
      counter++;
#ifdef REPAIRED
      g_mutex_unlock (&lock);
#endif
    }

  return user_data;
}

int
main (void)
{
  GThread *one = g_thread_new ("one", count_cb, &lock);
  GThread *two = g_thread_new ("two", count_cb, &lock);

  g_thread_join (one);
  g_thread_join (two);

  return 0;
}
