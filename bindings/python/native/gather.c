/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/*
 * The first of many calls to end wakes the event loop, whose thread wants the interpreter's lock for that from the one that would end
 * all the others within some microseconds. So where many are in flight, the loop leaves it the lock for a moment first, and then has
 * most of what they give at once. Where that brings nothing, because what is called takes its time, it is tried less and less often.
 *
 * All that is counted here is guarded by the interpreter's lock.
 */

/* Fewer calls than this are not worth the while. */
#define MANY 8

/* Microseconds. */
#define MOMENT 100

#define MOST_SKIPPED 63

void
aiotpy_gathering_init (AiotPyGathering *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
}

void
aiotpy_gathering_clear (AiotPyGathering *self)
{
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
}

void
aiotpy_gathering_call_started (AiotPyGathering *self)
{
  self->n_calls++;
}

/* On any thread that has the interpreter's lock. */
void
aiotpy_gathering_call_returned (AiotPyGathering *self)
{
  /* In a forked child nobody waits, and the mutex may be locked for ever. */
  if (--self->n_calls > 0 || !self->is_waiting || aiotpy_is_forked ())
    return;

  g_mutex_lock (&self->mutex);
  self->is_complete = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
wait_for_calls (AiotPyGathering *self)
{
  gint64 until = g_get_monotonic_time () + MOMENT;

  self->is_complete = FALSE;
  self->is_waiting = TRUE;
  Py_BEGIN_ALLOW_THREADS
  g_mutex_lock (&self->mutex);
  while (!self->is_complete && g_cond_wait_until (&self->cond, &self->mutex, until))
    ;
  g_mutex_unlock (&self->mutex);
  Py_END_ALLOW_THREADS
  self->is_waiting = FALSE;
}

/* By the event loop, when something has come. */
void
aiotpy_gathering_wait (AiotPyGathering *self)
{
  guint n_before = self->n_calls;

  if (n_before < MANY || self->is_waiting || aiotpy_is_forked ())
    return;
  if (self->n_to_skip > 0)
    {
      self->n_to_skip--;
      return;
    }

  wait_for_calls (self);
  self->n_skipped = n_before - self->n_calls < MANY / 2 ? MIN (2 * self->n_skipped + 1, MOST_SKIPPED) : 0;
  self->n_to_skip = self->n_skipped;
}
