/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-frame-budget-private.h"

/*
 * A screen with 60 Hz has 16.7 ms for a frame. Of each 16 ms this library takes 4 at default priority, summed over all
 * dispatches: a budget for each dispatch alone would be renewed as often as it is used up, and a redraw would never get its
 * turn. Work below redraw draws on the same budget. The budget comes back evenly with the time, and not at the borders of
 * fixed windows, where the end of one and the start of the next would add up to 8 ms in a row.
 *
 * Credit is counted in units of 1/WINDOW of a microsecond, so that nothing is lost when it is counted often.
 */
#define WINDOW  (16 * G_TIME_SPAN_MILLISECOND)
#define ALLOWED (4 * G_TIME_SPAN_MILLISECOND)

/* What waits behind redraws longer than this goes before them once. */
#define OVERDUE (100 * G_TIME_SPAN_MILLISECOND)

void
aiot_frame_budget_init (AiotFrameBudget *self)
{
  *self = (AiotFrameBudget) { .allowed = ALLOWED };
}

static gint64
count_credit (AiotFrameBudget *self,
              gint64           now)
{
  gint64 allowed = g_atomic_int_get (&self->allowed);
  gint64 elapsed = CLAMP (now - self->counted_at, 0, WINDOW);

  self->credit = MIN (self->credit + elapsed * allowed, allowed * WINDOW);
  self->counted_at = now;
  return self->credit;
}

/* A quarter has to be there before it is worth the while. */
gboolean
aiot_frame_budget_is_left (AiotFrameBudget *self,
                           gint64           now)
{
  return count_credit (self, now) >= g_atomic_int_get (&self->allowed) * WINDOW / 4;
}

/* Microseconds. */
gint64
aiot_frame_budget_get_left (AiotFrameBudget *self,
                            gint64           now)
{
  return count_credit (self, now) / WINDOW;
}

/* Debts are not kept: a callback that took a minute must not hold up others for minutes. */
void
aiot_frame_budget_spend (AiotFrameBudget *self,
                         gint64           microseconds,
                         gint64           now)
{
  gint64 credit = count_credit (self, now);

  self->credit = microseconds < credit / WINDOW ? credit - microseconds * WINDOW : 0;
}

gboolean
aiot_frame_budget_is_overdue (AiotFrameBudget *self,
                              gint64           now)
{
  return self->unserved_since != 0 && now - self->unserved_since >= OVERDUE;
}

/* There is work that may have to wait for the priority below redraw. */
void
aiot_frame_budget_note_work (AiotFrameBudget *self,
                             gint64           now)
{
  if (self->unserved_since == 0)
    self->unserved_since = now;
}

/* What waits below redraw had its turn. */
void
aiot_frame_budget_note_served (AiotFrameBudget *self,
                               gboolean         work_left,
                               gint64           now)
{
  self->unserved_since = work_left ? now : 0;
}
