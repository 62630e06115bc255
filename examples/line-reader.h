/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

/*
 * The lines of a file, or of whatever can be read from: GBytes with the newline. It also tells its progress, as a fraction
 * where there is an end in sight, and else as text.
 */
AiotThreadedIterator *line_reader_iterate (const char   *path,
                                           int           capacity,
                                           GCancellable *cancellable);

G_END_DECLS
