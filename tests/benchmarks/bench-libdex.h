/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What libdex takes for the same, with fibers on its pool of threads. */

double      bench_libdex_calls       (gpointer tasks);     /* a BenchTasks */
double      bench_libdex_stream      (gpointer n_items);   /* through a channel of 1024 to a fiber on the main loop */

const char *bench_libdex_get_missing (void);               /* why it can't be measured; NULL if it can */

G_END_DECLS
