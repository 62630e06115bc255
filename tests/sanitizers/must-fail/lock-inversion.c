/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two threads take the same two locks, in opposite order unless REPAIRED is
 * defined. The second starts when the first has ended, so that the program
 * always comes to its end: the order alone is the fault.
 */

#include <glib.h>

static GMutex left;
static GMutex right;

static gpointer
left_first_cb (gpointer user_data)
{
  g_mutex_lock (&left);
  g_mutex_lock (&right);
  g_mutex_unlock (&right);
  g_mutex_unlock (&left);

  return user_data;
}

static gpointer
right_first_cb (gpointer user_data)
{
  g_mutex_lock (&right);
  g_mutex_lock (&left);
  g_mutex_unlock (&left);
  g_mutex_unlock (&right);

  return user_data;
}

int
main (void)
{
  GThreadFunc second = right_first_cb;

#ifdef REPAIRED
  second = left_first_cb;
#endif

  g_thread_join (g_thread_new ("first", left_first_cb, NULL));
  g_thread_join (g_thread_new ("second", second, NULL));

  return 0;
}
