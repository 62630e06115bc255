/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

/*
 * A fifo. Each iteration gives the lines, GBytes with the newline, from when the first writer comes to when the last one has
 * left; what is written between two iterations is not lost. There can be one at a time.
 */
AiotThreadedIterable *fifo_reader_new (const char *path);

G_END_DECLS
