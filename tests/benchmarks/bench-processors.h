/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * On which processors the two sides of a stream run. Systems put threads that wake each other on one or on several as they
 * like, and an item costs several times more where its cache line travels: left to chance the figures of one run say nothing.
 */
void     bench_processors_use_one        (void);
gboolean bench_processors_use_two        (void);   /* FALSE where there is one only */

/* Called by every thread that makes items. */
void     bench_processors_begin_producer (void);

/* The number of the processor for that, or -1. */
int      bench_processors_get_producer   (void);

G_END_DECLS
