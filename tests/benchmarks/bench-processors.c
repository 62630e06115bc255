/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-processors.h"

#include <sched.h>

static int producer_processor = -1;   /* set before there are other threads */

/* This thread, and those that it starts. */
static void
run_on (int processor)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (processor, &set);
  if (sched_setaffinity (0, sizeof set, &set) != 0)
    g_error ("Could not stay on one processor");
}

void
bench_processors_use_one (void)
{
  run_on (sched_getcpu ());
}

gboolean
bench_processors_use_two (void)
{
  int here = sched_getcpu ();
  cpu_set_t set;

  if (sched_getaffinity (0, sizeof set, &set) != 0)
    g_error ("The processors of this process could not be read");
  for (int i = 0; i < CPU_SETSIZE && producer_processor == -1; i++)
    if (i != here && CPU_ISSET (i, &set))
      producer_processor = i;

  run_on (here);
  return producer_processor != -1;
}

void
bench_processors_begin_producer (void)
{
  if (producer_processor != -1)
    run_on (producer_processor);
}

int
bench_processors_get_producer (void)
{
  return producer_processor;
}
