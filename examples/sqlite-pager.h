/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

#define SQLITE_TYPE_PAGER (sqlite_pager_get_type ())

/*
 * An AiotIterator over the pages of a table in an SQLite database. An item is a GVariant, "aams": rows of texts, or nothing
 * for NULL.
 */
G_DECLARE_FINAL_TYPE (SqlitePager, sqlite_pager, SQLITE, PAGER, GObject)

SqlitePager *sqlite_pager_new (const char *path,
                               const char *table,
                               guint       page_size);

G_END_DECLS
