/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-turn-private.h"

#include "aiot-process-private.h"

/*
 * What callers do when they are called back is often the same: they make the next call. To wake a thread for each of these costs
 * more than the rest of the call. So that waits until home has been at it for some microseconds, and a thread that wakes up finds
 * them all.
 *
 * This is for what will be done without it too, only later: a callback may not return, because it waits for what was postponed.
 */

/* In microseconds. A thread that sleeps takes about as long to wake up; where home has enough to do meanwhile, it may take longer. */
#define LONG_ENOUGH 10
#define LONG_ENOUGH_WHILE_BUSY 60

/* So many entries keep home busy for longer than that. */
#define ENOUGH_TO_DO 100

static GPrivate current_turn;

void
aiot_turn_begin (AiotTurn *self)
{
  static guint n_turns;

  *self = (AiotTurn) { .outer = g_private_get (&current_turn), .id = g_atomic_int_add (&n_turns, 1) + 1 };
  g_private_set (&current_turn, self);
}

static void
run_errands (AiotTurn *self)
{
  self->since = 0;
  while (self->errands != NULL)
    {
      AiotErrand *errand = self->errands;

      self->errands = errand->next;
      /* A child has no threads to wake, and maybe a lock that nobody will unlock. */
      if (!aiot_process_is_forked ())
        errand->run (errand);
    }
}

/* Between two callbacks; there are @n_left still. */
void
aiot_turn_pause (AiotTurn *self,
                 gint64    now,
                 guint     n_left)
{
  if (G_LIKELY (self->errands == NULL))
    return;

  if (self->since == 0)
    self->since = now;
  else if (now - self->since >= (n_left < ENOUGH_TO_DO ? LONG_ENOUGH : LONG_ENOUGH_WHILE_BUSY))
    run_errands (self);
}

void
aiot_turn_end (AiotTurn *self)
{
  run_errands (self);
  g_private_set (&current_turn, self->outer);
}

/* Before a thread waits. If that is within a turn, a callback does it, and may be waiting for what was postponed. */
void
aiot_turn_settle (void)
{
  AiotTurn *self = g_private_get (&current_turn);

  if (G_UNLIKELY (self != NULL))
    run_errands (self);
}

/* The caller has the lock that guards the errand. FALSE where it has to be done at once. */
gboolean
aiot_turn_postpone (AiotErrand *errand)
{
  AiotTurn *self = g_private_get (&current_turn);

  if (self == NULL)
    return FALSE;
  if (errand->turn != NULL)
    return errand->turn == self;

  errand->turn = self;
  errand->next = self->errands;
  self->errands = errand;
  return TRUE;
}

/* Another one for each turn; 0 where there is none. */
guint
aiot_turn_get_id (void)
{
  AiotTurn *self = g_private_get (&current_turn);

  return self != NULL ? self->id : 0;
}
