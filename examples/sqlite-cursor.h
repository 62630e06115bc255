/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _SqliteCursor SqliteCursor;

SqliteCursor *sqlite_cursor_new       (const char    *path,
                                       const char    *table,
                                       guint          page_size);
void          sqlite_cursor_free      (SqliteCursor  *self);

/* These block, and belong to one thread. */
GVariant     *sqlite_cursor_read_page (SqliteCursor  *self,
                                       GCancellable  *cancellable,
                                       GError       **error);
void          sqlite_cursor_close     (SqliteCursor  *self);

/* Any thread. */
void          sqlite_cursor_stop      (SqliteCursor  *self);
gboolean      sqlite_cursor_is_stopped (SqliteCursor *self);

G_END_DECLS
