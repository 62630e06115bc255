/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What GLib itself has for getting items from one thread to another. The data is the number of items. */

double bench_queue_alone   (gpointer n_items);   /* pushed and popped by one thread */
double bench_queue_threads (gpointer n_items);   /* pushed by one, popped by another */
double bench_invoke        (gpointer n_items);   /* g_main_context_invoke () for each item */

G_END_DECLS
