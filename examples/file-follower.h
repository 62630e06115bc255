/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

/*
 * The last lines of a file, and from then on each line that is added to it: GBytes with the newline. It goes on until it is
 * closed, through truncation, and when another file takes the place of this one.
 *
 * A line comes when it is complete. A path that is a link is followed, and watched where the link is.
 */
AiotThreadedIterator *file_follower_new (const char   *path,
                                         guint         n_last_lines,
                                         GCancellable *cancellable);

G_END_DECLS
