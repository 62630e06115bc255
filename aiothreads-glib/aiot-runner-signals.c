/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-runner-private.h"

#include "aiot-brief-lock-private.h"
#include "aiot-clock-private.h"

/*
 * How threads of a runner are called: who holds the lock notes whom to signal, which is done when it is unlocked, or a little later.
 *
 * A thread that *dozes* will look by itself within a moment. While one does, a caller who is just called back by home needs not
 * call it for each piece of work: once for a whole lot will do, and that is postponed until its turn ends or has a moment. Such
 * signals are *owed*. They are given at once when nobody dozes any more, so that no piece of work ever depends on the turn alone:
 * a callback may wait for it, and never return. They are also given when another thread wants something of the runner.
 */

/* So many calls made in one turn make a lot. To doze takes a timer of the system, which costs as much as to be woken a few times. */
#define LOT 16

static void
add_signal_locked (AiotRunner *self,
                   GCond      *cond)
{
  if (self->signals.n < G_N_ELEMENTS (self->signals.conds))
    self->signals.conds[self->signals.n++] = cond;
  else
    g_cond_signal (cond);
}

/* With the next unlocking. */
static void
give_owed_locked (AiotRunner *self)
{
  while (self->owed.n > 0)
    add_signal_locked (self, self->owed.conds[--self->owed.n]);
}

static void
settle (AiotErrand *errand)
{
  AiotRunner *self = (AiotRunner *) ((char *) errand - G_STRUCT_OFFSET (AiotRunner, errand));

  aiot_brief_lock (&self->mutex);
  errand->turn = NULL;
  give_owed_locked (self);
  aiot_runner_unlock (self);
  aiot_runner_unref (self);
}

void
aiot_runner_init_signals (AiotRunner *self)
{
  self->errand.run = settle;
}

/* Takes them all. */
static void
give_signals (AiotSignals *signals)
{
  while (signals->n > 0)
    g_cond_signal (signals->conds[--signals->n]);
}

/* A thread that is woken while the lock is held would run into it at once. */
void
aiot_runner_unlock (AiotRunner *self)
{
  AiotSignals signals = self->signals;

  self->signals.n = 0;
  g_mutex_unlock (&self->mutex);
  give_signals (&signals);
}

/* By a worker that is about to sleep. FALSE when the time has come. */
gboolean
aiot_runner_sleep_locked (AiotRunner *self,
                          AiotWorker *worker,
                          gint64      until)
{
  give_signals (&self->signals);
  if (until != AIOT_RUNNER_NEVER)
    return aiot_clock_wait_until (worker->called, &self->mutex, until);

  g_cond_wait (worker->called, &self->mutex);
  return TRUE;
}

/* With the next unlocking: there is something for it to do. */
void
aiot_runner_call_locked (AiotRunner *self,
                         AiotWorker *worker)
{
  add_signal_locked (self, worker->called);
}

/* Something has happened that all threads have to know. */
void
aiot_runner_call_all_locked (AiotRunner *self)
{
  for (GList *l = self->workers.head; l != NULL; l = l->next)
    if (((AiotWorker *) l->data)->called != NULL)
      g_cond_signal (((AiotWorker *) l->data)->called);
}

void
aiot_runner_begin_doze_locked (AiotRunner *self)
{
  self->n_dozing++;
}

/* One for nothing: there are no lots at the moment, until the next is seen. */
void
aiot_runner_end_doze_locked (AiotRunner *self,
                             gboolean    was_called)
{
  self->n_dozing--;
  if (!was_called)
    self->n_in_turn = self->n_in_turn_before = 0;
  give_owed_locked (self);
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

static void
owe_locked (AiotRunner *self)
{
  while (self->signals.n > 0 && self->owed.n < G_N_ELEMENTS (self->owed.conds))
    self->owed.conds[self->owed.n++] = self->signals.conds[--self->signals.n];
}

/* By who has submitted work. */
void
aiot_runner_postpone_locked (AiotRunner *self)
{
  count_turn_locked (self);
  if (self->signals.n + self->owed.n == 0)
    return;

  if (may_owe_locked (self))
    owe_locked (self);
  else
    give_owed_locked (self);
}
