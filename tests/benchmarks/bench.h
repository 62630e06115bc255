/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the parts of the program are told, and where their figures go. */
typedef struct
{
  gboolean quick;             /* a twentieth of the work, in three rounds at most */
  gboolean chosen;            /* asked for by name: it may take its time */
  const char *rust_folder;    /* where the peers that are written in Rust are; NULL: nowhere */
  const char *python_script;  /* what measures the Python face; NULL: it is not built */
  GString *json;
  GPtrArray *outdone;         /* of what was slower than what it has to outdo, a line each */
} BenchRun;

/* Does its work once and returns how long one operation took, in microseconds, or what else the group counts. */
typedef double (*BenchFunc) (gpointer data);

/* What a figure has to be. Zero is no goal. */
typedef struct
{
  const char *against;      /* the way whose multiple is meant; NULL: the figure itself */
  double at_most;
  double at_least;
  double worst_at_most;     /* of all rounds, not of their median */
  double itself_at_most;    /* the figure, beside the multiple */

  /* Ways that must not be faster in the best of all rounds, however busy the machine is. That is all that is ever judged. */
  const char *outdoes[2];
} BenchGoal;

/* One way of doing something. The first of a group is what the others are compared with. */
typedef struct
{
  const char *name;
  BenchFunc func;
  gpointer data;
  BenchGoal goal;
  const char *missing;      /* why it cannot be measured here; NULL if it can */
  BenchGoal second_goal;    /* told beside the first; what it outdoes is not judged */
} BenchWay;

typedef struct
{
  const char *key;          /* for machines */
  const char *title;
  const BenchWay *ways;
  guint n_ways;
  guint n_rounds;
  const char *unit;         /* NULL: microseconds */
} BenchGroup;

guint bench_scaled    (const BenchRun   *run,
                       guint             n_operations);
guint bench_n_rounds  (const BenchRun   *run,
                       guint             n_rounds);

void  bench_stop_on_error (const GError *error);
void  bench_run_group (const BenchRun   *run,
                       const BenchGroup *group);

G_END_DECLS
