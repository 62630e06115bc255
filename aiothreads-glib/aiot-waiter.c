/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-waiter-private.h"

#include "aiot-blocking.h"
#include "aiot-clock-private.h"
#include "aiot-worker-private.h"

/*
 * The one way in which a thread of a caller sleeps in this library: on a condition of its own, until what it waits for is
 * done, or until it is interrupted: by a cancellable, by the cancellation of the work that its thread runs, by a
 * deadline, or because a main context went away.
 *
 * Being done wins over an interruption for as long as the waiter has not left. What is done too late finds has_left set,
 * and must be taken care of by whoever did it.
 */

void
aiot_waiter_init (AiotWaiter *self)
{
  *self = (AiotWaiter) { .is_done = FALSE };
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
}

void
aiot_waiter_clear (AiotWaiter *self)
{
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
}

/* FALSE when nobody waits any more. */
gboolean
aiot_waiter_finish (AiotWaiter *self)
{
  gboolean has_left;

  g_mutex_lock (&self->mutex);
  has_left = self->has_left;
  self->is_done = TRUE;
  g_mutex_unlock (&self->mutex);
  /* A thread that is woken while the lock is held would run into it at once. */
  g_cond_signal (&self->cond);

  return !has_left;
}

void
aiot_waiter_finish_last (AiotWaiter *self)
{
  g_mutex_lock (&self->mutex);
  self->is_done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
interrupt_locked (AiotWaiter       *self,
                  AiotInterruption  why)
{
  if (self->interruption == AIOT_INTERRUPTION_NONE)
    self->interruption = why;
  g_cond_signal (&self->cond);
}

void
aiot_waiter_interrupt (AiotWaiter       *self,
                       AiotInterruption  why)
{
  g_mutex_lock (&self->mutex);
  interrupt_locked (self, why);
  g_mutex_unlock (&self->mutex);
}

/* By whoever cancels the work of the waiting thread, when it took the waiter out of it. */
void
aiot_waiter_tell (AiotWaiter *self)
{
  g_mutex_lock (&self->mutex);
  interrupt_locked (self, AIOT_INTERRUPTION_CANCELLED);
  self->n_told++;
  g_mutex_unlock (&self->mutex);
}

/* Waits for as many aiot_waiter_tell (), which are on their way. */
void
aiot_waiter_be_told (AiotWaiter *self,
                     guint       n_tellers)
{
  g_mutex_lock (&self->mutex);
  while (self->n_told < n_tellers)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  aiot_waiter_interrupt (user_data, AIOT_INTERRUPTION_CANCELLED);
}

static AiotInterruption
sleep_until (AiotWaiter *self,
             gint64      deadline)
{
  AiotInterruption interruption;

  g_mutex_lock (&self->mutex);
  while (!self->is_done && self->interruption == AIOT_INTERRUPTION_NONE)
    {
      if (deadline == 0)
        g_cond_wait (&self->cond, &self->mutex);
      else if (!aiot_clock_wait_until (&self->cond, &self->mutex, deadline))
        interrupt_locked (self, AIOT_INTERRUPTION_TIMED_OUT);
    }
  interruption = self->is_done ? AIOT_INTERRUPTION_NONE : self->interruption;
  g_mutex_unlock (&self->mutex);

  return interruption;
}

/* Blocks, and says so to the executor of the calling thread. A time-out of 0 or less is none. */
AiotInterruption
aiot_waiter_wait (AiotWaiter   *self,
                  int           timeout_ms,
                  GCancellable *cancellable)
{
  AiotInterruption interruption;
  gint64 deadline = timeout_ms > 0 ? aiot_clock_now () + timeout_ms * G_TIME_SPAN_MILLISECOND : 0;
  gulong cancelled_id = 0;

  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
  aiot_worker_begin_wait (self);
  interruption = sleep_until (self, deadline);
  aiot_worker_end_wait (self);
  if (cancelled_id != 0)
    g_cancellable_disconnect (cancellable, cancelled_id);

  return interruption;
}

/* After an interruption. FALSE when it is done after all. */
gboolean
aiot_waiter_leave (AiotWaiter *self)
{
  gboolean left;

  g_mutex_lock (&self->mutex);
  left = self->has_left = !self->is_done;
  g_mutex_unlock (&self->mutex);

  return left;
}

/* Whatever interrupts. */
void
aiot_waiter_wait_done (AiotWaiter *self)
{
  aiot_blocking_begin ();
  g_mutex_lock (&self->mutex);
  while (!self->is_done)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  aiot_blocking_end ();
}
