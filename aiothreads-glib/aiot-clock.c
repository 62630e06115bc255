/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-clock-private.h"

/*
 * The one source of time of this library: g_get_monotonic_time (), until a test stops it and moves it by hand.
 *
 * A stopped clock wakes a waiter when its deadline is passed by aiot_clock_advance (). The waiter registers while it
 * holds its own mutex; advance looks at the list first and takes those mutexes afterwards, one at a time, so no thread
 * ever holds clock_mutex while it waits for another. A waiter does not leave while it is being woken, because its mutex
 * may go with it.
 */

typedef struct
{
  GCond *cond;
  GMutex *mutex;
  gint64 deadline;
  guint n_wakers;
} ClockWaiter;

static int clock_stopped;    /* atomic */
static GMutex clock_mutex;   /* guards all below */
static gint64 clock_time;
static GSList *clock_waiters;
static GCond clock_woken;    /* some n_wakers went down */

/* Microseconds, from an arbitrary moment in the past. */
gint64
aiot_clock_now (void)
{
  gint64 now;

  if (G_LIKELY (!g_atomic_int_get (&clock_stopped)))
    return g_get_monotonic_time ();

  g_mutex_lock (&clock_mutex);
  now = clock_time;
  g_mutex_unlock (&clock_mutex);
  return now;
}

/* What g_cond_wait_until () does, by this clock: FALSE when the deadline has passed. */
gboolean
aiot_clock_wait_until (GCond  *cond,
                       GMutex *mutex,
                       gint64  deadline)
{
  ClockWaiter waiter = { cond, mutex, deadline, 0 };

  if (G_LIKELY (!g_atomic_int_get (&clock_stopped)))
    return g_cond_wait_until (cond, mutex, deadline);

  g_mutex_lock (&clock_mutex);
  /* Whoever resumed it meanwhile has woken only those who waited already. */
  if (!g_atomic_int_get (&clock_stopped))
    {
      g_mutex_unlock (&clock_mutex);
      return g_cond_wait_until (cond, mutex, deadline);
    }
  if (clock_time >= deadline)
    {
      g_mutex_unlock (&clock_mutex);
      return FALSE;
    }
  clock_waiters = g_slist_prepend (clock_waiters, &waiter);
  g_mutex_unlock (&clock_mutex);

  g_cond_wait (cond, mutex);

  g_mutex_unlock (mutex);
  g_mutex_lock (&clock_mutex);
  clock_waiters = g_slist_remove (clock_waiters, &waiter);
  while (waiter.n_wakers > 0)
    g_cond_wait (&clock_woken, &clock_mutex);
  g_mutex_unlock (&clock_mutex);
  g_mutex_lock (mutex);
  return aiot_clock_now () < deadline;
}

/* Those whose deadline has passed, by the stopped clock. Once it is resumed they all look for themselves. */
static void
wake_waiters (void)
{
  g_autoptr (GPtrArray) waiters = g_ptr_array_new ();

  g_mutex_lock (&clock_mutex);
  for (GSList *l = clock_waiters; l != NULL; l = l->next)
    {
      ClockWaiter *waiter = l->data;

      if (g_atomic_int_get (&clock_stopped) && waiter->deadline > clock_time)
        continue;

      waiter->n_wakers++;
      g_ptr_array_add (waiters, waiter);
    }
  g_mutex_unlock (&clock_mutex);

  for (guint i = 0; i < waiters->len; i++)
    {
      ClockWaiter *waiter = g_ptr_array_index (waiters, i);

      g_mutex_lock (waiter->mutex);
      g_cond_broadcast (waiter->cond);
      g_mutex_unlock (waiter->mutex);

      g_mutex_lock (&clock_mutex);
      waiter->n_wakers--;
      g_cond_broadcast (&clock_woken);
      g_mutex_unlock (&clock_mutex);
    }
}

void
aiot_clock_stop (void)
{
  g_mutex_lock (&clock_mutex);
  clock_time = g_get_monotonic_time ();
  g_atomic_int_set (&clock_stopped, TRUE);
  g_mutex_unlock (&clock_mutex);
}

void
aiot_clock_advance (gint64 microseconds)
{
  g_mutex_lock (&clock_mutex);
  clock_time += microseconds;
  g_mutex_unlock (&clock_mutex);

  wake_waiters ();
}

void
aiot_clock_resume (void)
{
  g_atomic_int_set (&clock_stopped, FALSE);
  wake_waiters ();
}
