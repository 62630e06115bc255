/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "file-follower.h"
#include "interrupt.h"
#include "printable.h"
#include "show-line.h"

#include <locale.h>
#include <stdlib.h>

/* Shows the last lines of a file, and those that come, as "tail -F" does. */

typedef struct
{
  GMainLoop *loop;
  AiotIterator *lines;
  const char *path;
  gboolean has_failed;
} Program;

static void
program_closed_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Program *self = user_data;

  g_main_loop_quit (self->loop);
}

static void
program_ended_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr (GError) error = NULL;

  /* Closed is what program_interrupt () does. */
  if (!aiot_iterator_foreach_finish (self->lines, result, &error) &&
      !g_error_matches (error, AIOT_ERROR, AIOT_ERROR_CLOSED))
    {
      g_autofree char *name = make_printable (self->path);

      g_printerr ("%s: %s\n", name, error->message);
      self->has_failed = TRUE;
    }
  /* Calls back when the thread has closed the file. */
  aiot_iterator_close_async (self->lines, NULL, program_closed_cb, self);
}

/* Wakes the thread, whatever it waits for. */
static void
program_interrupt (gpointer user_data)
{
  Program *self = user_data;

  aiot_iterator_close (self->lines);
}

static int
program_run (const char *path,
             guint       n_last_lines)
{
  Program self = {
    .loop = g_main_loop_new (NULL, FALSE),
    .lines = AIOT_ITERATOR (file_follower_new (path, n_last_lines, NULL)),
    .path = path,
  };
  Interrupt *interrupt = interrupt_new (program_interrupt, &self);
  int status;

  aiot_iterator_foreach_async (self.lines, show_line, NULL, NULL, NULL, program_ended_cb, &self);
  g_main_loop_run (self.loop);

  status = self.has_failed || !all_lines_were_shown () ? EXIT_FAILURE : interrupt_get_exit_status (interrupt);
  interrupt_free (interrupt);
  g_object_unref (self.lines);
  g_main_loop_unref (self.loop);
  return status;
}

int
main (int    argc,
      char **argv)
{
  int n_last_lines = 10;
  g_auto (GStrv) paths = NULL;
  const GOptionEntry entries[] = {
    { "lines", 'n', 0, G_OPTION_ARG_INT, &n_last_lines, "Begin with the last N lines", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "FILE" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_description (context, "Follows a file through truncation and rotation, until Ctrl-C.");
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      paths == NULL || paths[1] != NULL || n_last_lines < 0)
    {
      const char *message = error != NULL ? error->message
                          : n_last_lines < 0 ? "The number of lines can't be negative." : "Which file? It has to be one.";

      g_printerr ("%s\nTry “%s --help”.\n", message, argv[0]);
      return 2;
    }
  return program_run (paths[0], n_last_lines);
}
