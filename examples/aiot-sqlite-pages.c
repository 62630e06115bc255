/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "interrupt.h"
#include "printable.h"
#include "sqlite-pager.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Shows a table of an SQLite database: a line for each row, with tabs between its columns. As in the copies that PostgreSQL
 * makes, \N is NULL, and what would break the line is written as \t, \n, \r and \\.
 */

#define PAGE_SIZE 500

typedef struct
{
  GMainLoop *loop;
  AiotIterator *pages;
  const char *path;
  guint64 n_rows;
  guint64 n_pages;
  int saved_errno;     /* of standard output */
  gboolean has_failed;
} Program;

static void
append_text (GString    *line,
             const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (*c == '\t')
      g_string_append (line, "\\t");
    else if (*c == '\n')
      g_string_append (line, "\\n");
    else if (*c == '\r')
      g_string_append (line, "\\r");
    else if (*c == '\\')
      g_string_append (line, "\\\\");
    else
      g_string_append_c (line, *c);
}

static void
append_row (GString  *line,
            GVariant *row)
{
  GVariantIter columns;
  const char *text;

  g_variant_iter_init (&columns, row);
  for (gsize i = 0; g_variant_iter_next (&columns, "m&s", &text); i++)
    {
      if (i > 0)
        g_string_append_c (line, '\t');
      if (text != NULL)
        append_text (line, text);
      else
        g_string_append (line, "\\N");
    }
  g_string_append_c (line, '\n');
}

static gboolean
program_show_page (const GValue *item,
                   gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr (GString) lines = g_string_new (NULL);
  GVariantIter rows;
  GVariant *row;

  g_variant_iter_init (&rows, g_value_get_variant (item));
  while ((row = g_variant_iter_next_value (&rows)) != NULL)
    {
      append_row (lines, row);
      g_variant_unref (row);
      self->n_rows++;
    }
  self->n_pages++;
  if (fwrite (lines->str, 1, lines->len, stdout) == lines->len && fflush (stdout) == 0)
    return TRUE;

  self->saved_errno = errno;
  return FALSE;
}

static void
program_closed_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Program *self = user_data;

  g_main_loop_quit (self->loop);
}

static void
program_fail (Program    *self,
              const char *what,
              const char *message)
{
  g_autofree char *name = make_printable (what);
  g_autofree char *printable = make_printable (message);

  g_printerr ("%s: %s\n", name, printable);
  self->has_failed = TRUE;
}

static void
program_ended_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!aiot_iterator_foreach_finish (self->pages, result, &error) &&
      !g_error_matches (error, AIOT_ERROR, AIOT_ERROR_CLOSED))
    program_fail (self, self->path, error->message);
  else if (self->saved_errno != 0)
    program_fail (self, "Standard output", g_strerror (self->saved_errno));
  else
    g_printerr ("%s%" G_GUINT64_FORMAT " rows in %" G_GUINT64_FORMAT " pages\n",
                error != NULL ? "Interrupted after " : "", self->n_rows, self->n_pages);
  /* Calls back when the database is closed. */
  aiot_iterator_close_async (self->pages, NULL, program_closed_cb, self);
}

static void
program_interrupt (gpointer user_data)
{
  Program *self = user_data;

  aiot_iterator_close (self->pages);
}

static int
program_run (const char *path,
             const char *table,
             guint       page_size)
{
  Program self = {
    .loop = g_main_loop_new (NULL, FALSE),
    .pages = AIOT_ITERATOR (sqlite_pager_new (path, table, page_size)),
    .path = path,
  };
  Interrupt *interrupt = interrupt_new (program_interrupt, &self);
  int status;

  aiot_iterator_foreach_async (self.pages, program_show_page, &self, NULL, NULL, program_ended_cb, &self);
  g_main_loop_run (self.loop);

  status = self.has_failed ? EXIT_FAILURE : interrupt_get_exit_status (interrupt);
  interrupt_free (interrupt);
  g_object_unref (self.pages);
  g_main_loop_unref (self.loop);
  return status;
}

int
main (int    argc,
      char **argv)
{
  int page_size = PAGE_SIZE;
  g_auto (GStrv) names = NULL;
  const GOptionEntry entries[] = {
    { "page-size", 'p', 0, G_OPTION_ARG_INT, &page_size, "Read N rows at a time", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &names, NULL, "DATABASE TABLE" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_description (context, "Shows the rows of a table, with tabs between the columns; \\N is NULL.");
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      names == NULL || g_strv_length (names) != 2 || page_size < 1)
    {
      const char *message = error != NULL ? error->message
                          : page_size < 1 ? "A page has one row at least." : "Which database, and which of its tables?";

      g_printerr ("%s\nTry “%s --help”.\n", message, argv[0]);
      return 2;
    }
  return program_run (names[0], names[1], page_size);
}
