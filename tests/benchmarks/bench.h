/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Does its work once and returns how long one operation took, in microseconds. */
typedef double (*BenchFunc) (gpointer data);

/* One way of doing something. The first of a group is what the others are compared with. */
typedef struct
{
  const char *name;
  BenchFunc func;
  gpointer data;
} BenchWay;

typedef struct
{
  const char *key;      /* for machines */
  const char *title;
  const BenchWay *ways;
  guint n_ways;
  guint n_rounds;
} BenchGroup;

void bench_run_group (const BenchGroup *group,
                      GString          *json);

G_END_DECLS
