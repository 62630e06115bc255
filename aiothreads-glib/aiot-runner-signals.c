/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-runner-private.h"

#include "aiot-brief-lock-private.h"
#include "aiot-clock-private.h"

/*
 * How threads of a runner are called: who holds the lock counts signals, and they are given when it is unlocked, or a little later.
 *
 * A thread that *dozes* will look by itself within a moment. While one does, a caller who is just called back by home needs not
 * call it for each piece of work: once for a whole lot will do, and that is postponed until its turn ends or has a moment. Such
 * signals are *owed*. They are given at once when nobody dozes any more, so that no piece of work ever depends on the turn alone:
 * a callback may wait for it, and never return. They are also given when another thread wants something of the runner.
 */

/* So many calls made in one turn make a lot. To doze takes a timer of the system, which costs as much as to be woken a few times. */
#define LOT 16

static void
settle (AiotErrand *errand)
{
  AiotRunner *self = (AiotRunner *) ((char *) errand - G_STRUCT_OFFSET (AiotRunner, errand));

  aiot_brief_lock (&self->mutex);
  errand->turn = NULL;
  aiot_runner_give_owed_locked (self);
  aiot_runner_unlock (self);
  aiot_runner_unref (self);
}

void
aiot_runner_init_signals (AiotRunner *self)
{
  g_cond_init (&self->called);
  g_cond_init (&self->watching);
  self->errand.run = settle;
}

void
aiot_runner_clear_signals (AiotRunner *self)
{
  g_cond_clear (&self->watching);
  g_cond_clear (&self->called);
}

static void
give_signals (AiotRunner *self,
              guint       n_signals,
              gboolean    calls_watcher)
{
  while (n_signals-- > 0)
    g_cond_signal (&self->called);
  if (G_UNLIKELY (calls_watcher))
    g_cond_signal (&self->watching);
}

/* A thread that is woken while the lock is held would run into it at once. */
void
aiot_runner_unlock (AiotRunner *self)
{
  guint n_signals = self->n_signals;
  gboolean calls_watcher = self->calls_watcher;

  self->n_signals = 0;
  self->calls_watcher = FALSE;
  g_mutex_unlock (&self->mutex);
  give_signals (self, n_signals, calls_watcher);
}

/* By who is about to sleep. FALSE when the time has come. */
gboolean
aiot_runner_sleep_locked (AiotRunner *self,
                          GCond      *cond,
                          gint64      until)
{
  give_signals (self, self->n_signals, self->calls_watcher);
  self->n_signals = 0;
  self->calls_watcher = FALSE;
  if (until != AIOT_RUNNER_NEVER)
    return aiot_clock_wait_until (cond, &self->mutex, until);

  g_cond_wait (cond, &self->mutex);
  return TRUE;
}

/* Something has happened that all threads have to know. */
void
aiot_runner_call_all_locked (AiotRunner *self)
{
  g_cond_broadcast (&self->called);
  g_cond_broadcast (&self->watching);
}

/* With the next unlocking. */
void
aiot_runner_give_owed_locked (AiotRunner *self)
{
  self->n_signals += self->n_owed;
  self->n_owed = 0;
}

void
aiot_runner_begin_doze_locked (AiotRunner *self)
{
  self->n_dozing++;
}

void
aiot_runner_end_doze_locked (AiotRunner *self)
{
  self->n_dozing--;
  aiot_runner_give_owed_locked (self);
}

static void
count_turn_locked (AiotRunner *self)
{
  guint turn_id = aiot_turn_get_id ();

  if (turn_id == 0)
    return;

  if (turn_id != self->turn_id)
    {
      self->turn_id = turn_id;
      self->n_in_turn_before = self->n_in_turn;
      self->n_in_turn = 0;
    }
  self->n_in_turn++;
}

/* Whether who is called back makes so many calls at once that it pays to wait for more than one of them. */
gboolean
aiot_runner_comes_in_lots_locked (AiotRunner *self)
{
  return MAX (self->n_in_turn, self->n_in_turn_before) >= LOT;
}

static gboolean
may_owe_locked (AiotRunner *self)
{
  gboolean has_reference = self->errand.turn != NULL;

  if (self->n_dozing == 0 || !aiot_turn_postpone (&self->errand))
    return FALSE;

  if (!has_reference)
    aiot_runner_ref (self);
  return TRUE;
}

/* By who has submitted work. */
void
aiot_runner_postpone_signals_locked (AiotRunner *self)
{
  count_turn_locked (self);
  if (self->n_signals + self->n_owed == 0)
    return;

  if (may_owe_locked (self))
    {
      self->n_owed += self->n_signals;
      self->n_signals = 0;
    }
  else
    {
      aiot_runner_give_owed_locked (self);
    }
}
