/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench.h"

#include <stdlib.h>

/* Rounds alternate between the ways, so that a pause of the machine hits all of them alike; medians forget it. */

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *sorted,
        guint   n)
{
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static void
append_json (GString          *json,
             const BenchGroup *group,
             const BenchWay   *way,
             double            usual,
             double            ratio,
             const double     *sorted)
{
  char text[4][G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (text[0], sizeof text[0], "%.4f", usual);
  g_ascii_formatd (text[1], sizeof text[1], "%.3f", ratio);
  g_ascii_formatd (text[2], sizeof text[2], "%.4f", sorted[0]);
  g_ascii_formatd (text[3], sizeof text[3], "%.4f", sorted[group->n_rounds - 1]);
  g_string_append_printf (json,
                          "%s{\"group\": \"%s\", \"way\": \"%s\", \"median_us\": %s, \"ratio\": %s, "
                          "\"least_us\": %s, \"most_us\": %s, \"rounds\": %u}",
                          json->len > 0 ? ",\n  " : "", group->key, way->name,
                          text[0], text[1], text[2], text[3], group->n_rounds);
}

void
bench_run_group (const BenchGroup *group,
                 GString          *json)
{
  g_autofree double *times = g_new0 (double, group->n_ways * group->n_rounds);
  double first = 0;

  for (guint round = 0; round < group->n_rounds; round++)
    for (guint i = 0; i < group->n_ways; i++)
      times[i * group->n_rounds + round] = group->ways[i].func (group->ways[i].data);

  g_print ("%s\n", group->title);
  for (guint i = 0; i < group->n_ways; i++)
    {
      double *sorted = times + i * group->n_rounds;
      double usual;

      qsort (sorted, group->n_rounds, sizeof (double), compare_doubles);
      usual = median (sorted, group->n_rounds);
      if (i == 0)
        first = usual;
      g_print ("  %-34s %10.2f µs   × %-8.2f (%.2f – %.2f)\n",
               group->ways[i].name, usual, usual / first, sorted[0], sorted[group->n_rounds - 1]);
      append_json (json, group, &group->ways[i], usual, usual / first, sorted);
    }
  g_print ("\n");
}
