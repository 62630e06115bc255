/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench.h"

#include <stdlib.h>

/* Rounds alternate between the ways, so that a pause of the machine hits all of them alike; medians forget it. */

#define N_QUICK_ROUNDS 3

typedef struct
{
  double usual;
  double least;
  double most;
} Figure;

guint
bench_scaled (const BenchRun *run,
              guint           n_operations)
{
  return run->quick ? MAX (n_operations / 20, 1) : n_operations;
}

/* What is measured must not fail. */
void
bench_stop_on_error (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

guint
bench_n_rounds (const BenchRun *run,
                guint           n_rounds)
{
  return run->quick ? 1 : n_rounds;
}

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (const double *sorted,
        guint         n)
{
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static Figure
sum_up (double *times,
        guint   n)
{
  qsort (times, n, sizeof (double), compare_doubles);
  return (Figure) { median (times, n), times[0], times[n - 1] };
}

static void
append_number (GString    *json,
               const char *name,
               double      number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (json, ", \"%s\": %s", name, g_ascii_formatd (text, sizeof text, "%.4f", number));
}

static void
append_measure (GString    *json,
                const char *name,
                const char *unit,
                double      number)
{
  g_autofree char *full_name = g_strconcat (name, "_", unit != NULL ? unit : "us", NULL);

  append_number (json, full_name, number);
}

static guint
find_way (const BenchGroup *group,
          const char       *name)
{
  for (guint i = 0; i < group->n_ways; i++)
    if (g_str_equal (group->ways[i].name, name))
      return i;
  g_assert_not_reached ();
}

static const Figure *
find_figure (const BenchGroup *group,
             const Figure     *figures,
             const char       *name)
{
  guint i = find_way (group, name);

  return group->ways[i].missing == NULL ? &figures[i] : NULL;
}

static gboolean
is_goal (const BenchGoal *goal)
{
  return goal->at_most != 0 || goal->at_least != 0 || goal->worst_at_most != 0;
}

/* @value is the figure, or its ratio. */
static gboolean
is_met (const BenchGoal *goal,
        double           value,
        double           worst)
{
  return (goal->at_most == 0 || value <= goal->at_most) &&
         (goal->at_least == 0 || value >= goal->at_least) &&
         (goal->worst_at_most == 0 || worst <= goal->worst_at_most);
}

static void
print_goal (const BenchGoal *goal)
{
  if (goal->against != NULL)
    g_print (" at most × %.2f of %s", goal->at_most, goal->against);
  else if (goal->at_most != 0)
    g_print (" at most %g", goal->at_most);
  if (goal->at_least != 0)
    g_print (" at least %g", goal->at_least);
  if (goal->worst_at_most != 0)
    g_print (" never above %g", goal->worst_at_most);
  if (goal->itself_at_most != 0)
    g_print (" and at most %g", goal->itself_at_most);
}

static void
report_verdict (const BenchRun *run,
                const char     *name,
                gboolean        verdict)
{
  g_print (": %s\n", verdict ? "met" : "MISSED");
  g_string_append_printf (run->json, ", \"%s_is_met\": %s", name, verdict ? "true" : "false");
}

/*
 * A goal that refers to a peer that is not there is neither met nor missed. Nor is one that the first way misses, which does
 * nothing but what can't be avoided: that was the machine. @name is what machines know the goal by.
 */
static void
report_goal (const BenchRun   *run,
             const BenchGroup *group,
             const char       *name,
             const BenchGoal  *goal,
             const Figure     *figures,
             const Figure     *figure)
{
  const Figure *peer = goal->against != NULL ? find_figure (group, figures, goal->against) : NULL;

  if (!is_goal (goal))
    return;

  g_print ("    goal:");
  print_goal (goal);
  if (peer != NULL)
    {
      g_autofree char *ratio_name = g_strconcat ("ratio_of_", name, NULL);
      double ratio = figure->usual / peer->usual;

      g_print (", is × %.2f", ratio);
      append_number (run->json, ratio_name, ratio);
      report_verdict (run, name, is_met (goal, ratio, figure->most) &&
                                 (goal->itself_at_most == 0 || figure->usual <= goal->itself_at_most));
    }
  else if (goal->against != NULL || !is_met (goal, figures[0].usual, figures[0].most))
    {
      g_print (": cannot tell\n");
    }
  else
    {
      report_verdict (run, name, is_met (goal, figure->usual, figure->most));
    }
}

/* How many times as long @peer takes, in the round that was the best for @way. */
static double
best_ratio (const double *way,
            const double *peer,
            guint         n_rounds)
{
  double best = 0;

  for (guint round = 0; round < n_rounds; round++)
    best = MAX (best, peer[round] / way[round]);
  return best;
}

/* The rounds are still in their order. */
static void
report_outdone (const BenchRun   *run,
                const BenchGroup *group,
                const double     *times,
                guint             n_rounds,
                guint             index)
{
  const BenchWay *way = &group->ways[index];

  for (guint i = 0; i < G_N_ELEMENTS (way->goal.outdoes) && way->goal.outdoes[i] != NULL; i++)
    {
      const char *name = way->goal.outdoes[i];
      double ratio = best_ratio (times + index * n_rounds, times + find_way (group, name) * n_rounds, n_rounds);

      if (ratio < 1)
        g_ptr_array_add (run->outdone, g_strdup_printf ("%s: %s is slower than %s in each of %u rounds, × %.2f at best",
                                                        group->key, way->name, name, n_rounds, 1 / ratio));
    }
}

static void
report_way (const BenchRun   *run,
            const BenchGroup *group,
            const Figure     *figures,
            guint             n_rounds,
            guint             index)
{
  const BenchWay *way = &group->ways[index];
  const Figure *figure = &figures[index];
  const char *unit = group->unit;
  gboolean has_first = group->ways[0].missing == NULL && figures[0].usual != 0;

  g_string_append_printf (run->json, "%s{\"group\": \"%s\", \"way\": \"%s\"",
                          run->json->len > 0 ? ",\n  " : "", group->key, way->name);
  if (way->missing != NULL)
    {
      g_print ("  %-40s %s\n", way->name, way->missing);
      g_string_append_printf (run->json, ", \"missing\": \"%s\"}", way->missing);
      return;
    }

  g_print ("  %-40s %10.3f %s", way->name, figure->usual, unit != NULL ? unit : "µs");
  append_measure (run->json, "median", unit, figure->usual);
  if (has_first)
    {
      g_print ("   × %-8.2f", figure->usual / figures[0].usual);
      append_number (run->json, "ratio", figure->usual / figures[0].usual);
    }
  g_print (" (%.3f – %.3f)\n", figure->least, figure->most);
  append_measure (run->json, "least", unit, figure->least);
  append_measure (run->json, "most", unit, figure->most);
  g_string_append_printf (run->json, ", \"rounds\": %u", n_rounds);
  report_goal (run, group, "goal", &way->goal, figures, figure);
  report_goal (run, group, "second_goal", &way->second_goal, figures, figure);
  g_string_append_c (run->json, '}');
}

void
bench_run_group (const BenchRun   *run,
                 const BenchGroup *group)
{
  const guint n_rounds = run->quick ? MIN (group->n_rounds, N_QUICK_ROUNDS) : group->n_rounds;
  g_autofree double *times = g_new0 (double, group->n_ways * n_rounds);
  g_autofree Figure *figures = g_new0 (Figure, group->n_ways);

  for (guint round = 0; round < n_rounds; round++)
    for (guint i = 0; i < group->n_ways; i++)
      if (group->ways[i].missing == NULL)
        times[i * n_rounds + round] = group->ways[i].func (group->ways[i].data);

  for (guint i = 0; i < group->n_ways; i++)
    report_outdone (run, group, times, n_rounds, i);
  for (guint i = 0; i < group->n_ways; i++)
    figures[i] = sum_up (times + i * n_rounds, n_rounds);

  g_print ("%s\n", group->title);
  for (guint i = 0; i < group->n_ways; i++)
    report_way (run, group, figures, n_rounds, i);
  g_print ("\n");
}
