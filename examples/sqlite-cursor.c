/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "sqlite-cursor.h"

#include <sqlite3.h>

/*
 * The blocking half of the pager: it knows SQLite, and nothing of threads and main loops.
 *
 * Each page is a query of its own, for the rows after the last one by their row id. So nothing is locked between two pages,
 * and rows that are added or deleted meanwhile do no harm.
 */

/* How many steps of SQLite's machine between two looks at whether the page is still wanted. */
#define N_STEPS 1000

struct _SqliteCursor
{
  char *path;
  char *table;
  guint page_size;
  int is_stopped;         /* atomic */

  /* The thread that reads only */
  sqlite3 *database;
  sqlite3_stmt *query;
  gint64 first_row_id;    /* of the next page */
  gboolean is_at_end;
  GCancellable *cancellable;   /* of the page that is being read, borrowed */
};

SqliteCursor *
sqlite_cursor_new (const char *path,
                   const char *table,
                   guint       page_size)
{
  SqliteCursor *self = g_new0 (SqliteCursor, 1);

  self->path = g_strdup (path);
  self->table = g_strdup (table);
  self->page_size = page_size;
  self->first_row_id = G_MININT64;
  return self;
}

void
sqlite_cursor_free (SqliteCursor *self)
{
  sqlite_cursor_close (self);
  g_free (self->path);
  g_free (self->table);
  g_free (self);
}

void
sqlite_cursor_close (SqliteCursor *self)
{
  g_clear_pointer (&self->query, sqlite3_finalize);
  g_clear_pointer (&self->database, sqlite3_close);
}

void
sqlite_cursor_stop (SqliteCursor *self)
{
  g_atomic_int_set (&self->is_stopped, TRUE);
}

gboolean
sqlite_cursor_is_stopped (SqliteCursor *self)
{
  return g_atomic_int_get (&self->is_stopped);
}

/* --- What can go wrong --- */

typedef struct
{
  int code;               /* SQLite's */
  GIOErrorEnum error;
  const char *message;
} Failure;

static const Failure failures[] = {
  { SQLITE_BUSY, G_IO_ERROR_BUSY, "Another program is changing the database; try again when it is done" },
  { SQLITE_CORRUPT, G_IO_ERROR_INVALID_DATA, "The database is damaged; “.recover” in sqlite3 may save what is left" },
  { SQLITE_NOTADB, G_IO_ERROR_INVALID_DATA, "This is no SQLite database, or it is encrypted" },
  { SQLITE_INTERRUPT, G_IO_ERROR_CANCELLED, "Operation was cancelled" },
};

static gboolean
fail (SqliteCursor  *self,
      GError       **error)
{
  int code = sqlite3_errcode (self->database) & 0xff;
  int system_errno = sqlite3_system_errno (self->database);

  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    if (failures[i].code == code)
      {
        g_set_error_literal (error, G_IO_ERROR, failures[i].error, failures[i].message);
        return FALSE;
      }

  if ((code == SQLITE_CANTOPEN || code == SQLITE_IOERR) && system_errno != 0)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (system_errno), g_strerror (system_errno));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, sqlite3_errmsg (self->database));
  return FALSE;
}

/* SQLite has one code for whatever is wrong with a table. */
static gboolean
fail_for_table (SqliteCursor  *self,
                GError       **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  gboolean is_there = FALSE;
  sqlite3_stmt *query;

  /* All other errors say what they are. */
  if (sqlite3_errcode (self->database) != SQLITE_ERROR ||
      sqlite3_prepare_v2 (self->database,
                          "SELECT name, name = ?1 COLLATE NOCASE FROM sqlite_master"
                          " WHERE type IN ('table', 'view') ORDER BY name", -1, &query, NULL) != SQLITE_OK)
    return fail (self, error);

  sqlite3_bind_text (query, 1, self->table, -1, SQLITE_STATIC);
  while (sqlite3_step (query) == SQLITE_ROW)
    {
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", (const char *) sqlite3_column_text (query, 0));
      is_there |= sqlite3_column_int (query, 1);
    }
  sqlite3_finalize (query);

  if (is_there)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "“%s” has no row ids, because it is a view or made WITHOUT ROWID, and can't be read page by page",
                 self->table);
  else if (names->len > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no table “%s”, but: %s", self->table, names->str);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no table “%s”, nor any other", self->table);
  return FALSE;
}

/* --- Reading --- */

/* SQLite asks this while it works: there is no moment at which it could not be stopped. */
static int
is_unwanted (gpointer user_data)
{
  SqliteCursor *self = user_data;

  return sqlite_cursor_is_stopped (self) || g_cancellable_is_cancelled (self->cancellable);
}

static gboolean
open_database (SqliteCursor  *self,
               GError       **error)
{
  g_autofree char *sql = NULL;
  char *table;

  /* It has one thread at a time, and needs no lock of its own. */
  if (sqlite3_open_v2 (self->path, &self->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return fail (self, error);

  sqlite3_progress_handler (self->database, N_STEPS, is_unwanted, self);
  /* A view has row ids too, which are all NULL: it would look empty. */
  if (sqlite3_table_column_metadata (self->database, NULL, self->table, "rowid", NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
    return fail_for_table (self, error);

  table = sqlite3_mprintf ("%w", self->table);
  sql = g_strdup_printf ("SELECT rowid, * FROM \"%s\" WHERE rowid >= ?1 ORDER BY rowid LIMIT %u", table, self->page_size);
  sqlite3_free (table);
  return sqlite3_prepare_v2 (self->database, sql, -1, &self->query, NULL) == SQLITE_OK || fail (self, error);
}

/* What is no text can't be shown otherwise, and what is no UTF-8 can't be handed on. */
static char *
dup_text (sqlite3_stmt *query,
          int           column)
{
  const guint8 *data = sqlite3_column_type (query, column) == SQLITE_BLOB ? sqlite3_column_blob (query, column)
                                                                           : sqlite3_column_text (query, column);
  int size = sqlite3_column_bytes (query, column);
  GString *text;

  if (sqlite3_column_type (query, column) != SQLITE_BLOB)
    return g_utf8_make_valid ((const char *) data, size);

  text = g_string_new ("x'");
  for (int i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
  g_string_append_c (text, '\'');
  return g_string_free (text, FALSE);
}

static void
add_row (sqlite3_stmt    *query,
         GVariantBuilder *rows)
{
  g_variant_builder_open (rows, G_VARIANT_TYPE ("ams"));
  for (int i = 1; i < sqlite3_column_count (query); i++)
    {
      g_autofree char *text = sqlite3_column_type (query, i) != SQLITE_NULL ? dup_text (query, i) : NULL;

      g_variant_builder_add (rows, "ms", text);
    }
  g_variant_builder_close (rows);
}

static gboolean
read_rows (SqliteCursor     *self,
           GVariantBuilder  *rows,
           guint            *n_rows,
           gint64           *last_row_id,
           GError          **error)
{
  int result;

  sqlite3_bind_int64 (self->query, 1, self->first_row_id);
  for (*n_rows = 0; (result = sqlite3_step (self->query)) == SQLITE_ROW; ++*n_rows)
    {
      add_row (self->query, rows);
      *last_row_id = sqlite3_column_int64 (self->query, 0);
    }
  /* First, because it lets go of the lock; the error stays. */
  sqlite3_reset (self->query);
  return result == SQLITE_DONE || fail (self, error);
}

/* An array of rows, which are arrays of texts that may be nothing, "aams". NULL without an error is the end. */
GVariant *
sqlite_cursor_read_page (SqliteCursor  *self,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_auto (GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aams"));
  gint64 last_row_id = 0;
  guint n_rows = 0;
  gboolean succeeded;

  if (self->is_at_end || sqlite_cursor_is_stopped (self))
    return NULL;

  self->cancellable = cancellable;
  succeeded = (self->query != NULL || open_database (self, error)) &&
              read_rows (self, &rows, &n_rows, &last_row_id, error);
  /* Whoever has asked for more already gets the end after an error. */
  self->is_at_end = !succeeded && !is_unwanted (self);
  self->cancellable = NULL;
  if (!succeeded)
    return NULL;

  /* A page that was not read to its end leaves all this as it was. */
  self->is_at_end = n_rows < self->page_size || last_row_id == G_MAXINT64;
  if (!self->is_at_end)
    self->first_row_id = last_row_id + 1;
  return n_rows > 0 ? g_variant_ref_sink (g_variant_builder_end (&rows)) : NULL;
}
