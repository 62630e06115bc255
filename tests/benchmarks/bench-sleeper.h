/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A thread that is about to go to sleep in the code that is measured, where nothing tells from outside that it does. */
typedef struct
{
  int thread_id;    /* atomic; 0 until it is about to */
} BenchSleeper;

void bench_sleeper_note  (BenchSleeper *self);
void bench_sleeper_await (BenchSleeper *self);

G_END_DECLS
