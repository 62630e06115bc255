/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What nothing of this kind can be cheaper than. */

/* What they are called in all groups */
#define BENCH_PING_PONG "condition ping-pong"
#define BENCH_BARE_TASK "bare GTask, no thread"

/* From one thread to another and back, through a condition. Its data is the number of operations. */
double bench_ping_pong  (gpointer n_operations);

/* GTasks that are made, returned from the main loop, called back and freed, with no other thread. */
typedef struct
{
  guint n_operations;
  guint n_in_flight;
} BenchTasks;

double bench_bare_tasks (gpointer tasks);

G_END_DECLS
