/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-home-internal.h"

#include "aiot-clock-private.h"

/* Entries that arrive at home when their time has come. */

static int
compare_due (gconstpointer a,
             gconstpointer b,
             gpointer      user_data)
{
  gint64 difference = ((const AiotHomeTimer *) a)->due - ((const AiotHomeTimer *) b)->due;

  return difference < 0 ? -1 : difference > 0;
}

/*
 * Any thread. Gives the entry of the timer away until it is removed: it runs when its time has come, by aiot_clock_now (), or is
 * released when home goes before that.
 */
void
aiot_home_add_timer (AiotHome      *self,
                     AiotHomeTimer *timer,
                     gint64         due)
{
  gboolean added = FALSE, is_first = FALSE;

  timer->due = due;
  g_mutex_lock (&self->mutex);
  if (!self->gone)
    {
      if (self->timers == NULL)
        self->timers = g_sequence_new (NULL);
      timer->place = g_sequence_insert_sorted (self->timers, timer, compare_due, NULL);
      is_first = g_sequence_iter_is_begin (timer->place);
      g_atomic_int_inc (&self->n_timers);
      added = TRUE;
    }
  g_mutex_unlock (&self->mutex);

  if (!added)
    aiot_home_release (self, &timer->entry);
  else if (is_first)
    aiot_home_wake (self);
}

static void
home_take_timer_locked (AiotHome      *self,
                        AiotHomeTimer *timer)
{
  g_sequence_remove (timer->place);
  timer->place = NULL;
  g_atomic_int_add (&self->n_timers, -1);
}

/* Any thread. FALSE when it runs, ran, or was released. */
gboolean
aiot_home_remove_timer (AiotHome      *self,
                        AiotHomeTimer *timer)
{
  gboolean removed;

  g_mutex_lock (&self->mutex);
  removed = timer->place != NULL;
  if (removed)
    home_take_timer_locked (self, timer);
  g_mutex_unlock (&self->mutex);

  return removed;
}

/* Those whose time has come wait in their lanes from now on. */
void
aiot_home_collect_timers_locked (AiotHome *self,
                                 gint64    now)
{
  while (g_atomic_int_get (&self->n_timers) > 0)
    {
      AiotHomeTimer *timer = g_sequence_get (g_sequence_get_begin_iter (self->timers));

      if (timer->due > now)
        return;

      home_take_timer_locked (self, timer);
      timer->entry.next = NULL;
      aiot_home_sort_in_locked (self, &timer->entry);
    }
}

/* Milliseconds until the first timer, or -1. */
int
aiot_home_get_timer_timeout (AiotHome *self)
{
  gint64 now = aiot_clock_now ();
  int timeout = -1;

  g_mutex_lock (&self->mutex);
  aiot_home_collect_timers_locked (self, now);
  if (g_atomic_int_get (&self->n_timers) > 0)
    {
      AiotHomeTimer *timer = g_sequence_get (g_sequence_get_begin_iter (self->timers));

      timeout = MIN ((timer->due - now + 999) / 1000, G_MAXINT);
    }
  g_mutex_unlock (&self->mutex);

  return timeout;
}
