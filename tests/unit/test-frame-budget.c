/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-frame-budget-private.h"

#define MS G_TIME_SPAN_MILLISECOND

/* Whoever asks for work of a millisecond again and again, and gets it while something is left. */
static gint64
spend_greedily (AiotFrameBudget *budget,
                gint64           from,
                gint64           to)
{
  gint64 spent = 0;

  for (gint64 now = from; now < to; now += MS)
    if (aiot_frame_budget_is_left (budget, now))
      {
        aiot_frame_budget_spend (budget, MS, now + MS);
        spent += MS;
      }
  return spent;
}

static void
test_summed_over_dispatches (void)
{
  AiotFrameBudget budget;
  gint64 now = 1000 * MS;

  aiot_frame_budget_init (&budget);
  g_assert_cmpint (aiot_frame_budget_get_left (&budget, now), ==, 4 * MS);

  /* A quarter of the time in the long run, and never more than some 5 ms in a row. */
  g_assert_cmpint (spend_greedily (&budget, now, now + 1600 * MS), <=, 404 * MS);
  g_assert_cmpint (spend_greedily (&budget, now + 1600 * MS, now + 3200 * MS), >=, 396 * MS);
  g_assert_cmpint (spend_greedily (&budget, now + 4000 * MS, now + 4006 * MS), <=, 5 * MS);
}

static void
test_comes_back (void)
{
  AiotFrameBudget budget;
  gint64 now = 1000 * MS;

  aiot_frame_budget_init (&budget);
  g_assert_true (aiot_frame_budget_is_left (&budget, now));
  /* A callback that took a minute is forgiven. */
  aiot_frame_budget_spend (&budget, 60000 * MS, now);
  g_assert_false (aiot_frame_budget_is_left (&budget, now));

  /* Looking often does not lose the fractions: each microsecond brings a quarter. */
  for (gint64 i = 1; i < 4 * MS; i++)
    g_assert_false (aiot_frame_budget_is_left (&budget, now + i));
  g_assert_true (aiot_frame_budget_is_left (&budget, now + 4 * MS));
  g_assert_cmpint (aiot_frame_budget_get_left (&budget, now + 16 * MS), ==, 4 * MS);
  g_assert_cmpint (aiot_frame_budget_get_left (&budget, now + 5000 * MS), ==, 4 * MS);
}

static void
test_overdue (void)
{
  AiotFrameBudget budget;

  aiot_frame_budget_init (&budget);
  g_assert_false (aiot_frame_budget_is_overdue (&budget, 5000 * MS));

  aiot_frame_budget_note_work (&budget, 1000 * MS);
  aiot_frame_budget_note_work (&budget, 1050 * MS);
  g_assert_false (aiot_frame_budget_is_overdue (&budget, 1100 * MS - 1));
  g_assert_true (aiot_frame_budget_is_overdue (&budget, 1100 * MS));

  /* Served, with work left: the next 100 ms begin. */
  aiot_frame_budget_note_served (&budget, TRUE, 1100 * MS);
  g_assert_false (aiot_frame_budget_is_overdue (&budget, 1200 * MS - 1));
  g_assert_true (aiot_frame_budget_is_overdue (&budget, 1200 * MS));

  aiot_frame_budget_note_served (&budget, FALSE, 1200 * MS);
  g_assert_false (aiot_frame_budget_is_overdue (&budget, 9000 * MS));
}

static void
test_settable (void)
{
  AiotFrameBudget budget;

  aiot_frame_budget_init (&budget);
  g_atomic_int_set (&budget.allowed, 8 * MS);
  g_assert_cmpint (aiot_frame_budget_get_left (&budget, 1000 * MS), ==, 8 * MS);
  g_assert_cmpint (spend_greedily (&budget, 1000 * MS, 2600 * MS), >=, 792 * MS);

  g_atomic_int_set (&budget.allowed, G_MAXINT);
  g_assert_true (aiot_frame_budget_is_left (&budget, 5000 * MS));
  g_assert_cmpint (aiot_frame_budget_get_left (&budget, 5000 * MS), ==, G_MAXINT);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/frame-budget/summed-over-dispatches", test_summed_over_dispatches);
  g_test_add_func ("/frame-budget/comes-back-evenly", test_comes_back);
  g_test_add_func ("/frame-budget/nothing-waits-longer-than-100-ms", test_overdue);
  g_test_add_func ("/frame-budget/settable", test_settable);
  return g_test_run ();
}
