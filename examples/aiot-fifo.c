/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fifo-reader.h"
#include "interrupt.h"
#include "printable.h"
#include "show-line.h"

#include <locale.h>
#include <stdlib.h>

/* Shows what is written to a fifo, until the last writer has left, or again and again. */

typedef struct
{
  GMainLoop *loop;
  GCancellable *cancellable;
  AiotThreadedIterable *fifo;
  AiotThreadedIterator *lines;
  const char *path;
  gboolean again;
  gboolean has_failed;
} Program;

static void program_start (Program *self);

static void
program_closed_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Program *self = user_data;

  if (self->again && !self->has_failed && !g_cancellable_is_cancelled (self->cancellable))
    program_start (self);
  else
    g_main_loop_quit (self->loop);
}

static void
program_ended_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_autofree char *name = make_printable (self->path);

      g_printerr ("%s: %s\n", name, error->message);
      self->has_failed = TRUE;
    }
  /* One iteration at a time: this one has ended when it calls back. */
  aiot_iterator_close_async (AIOT_ITERATOR (source_object), NULL, program_closed_cb, self);
}

static void
program_start (Program *self)
{
  g_clear_object (&self->lines);
  self->lines = aiot_threaded_iterable_iterate (self->fifo, NULL, NULL);
  aiot_iterator_foreach_async (AIOT_ITERATOR (self->lines), show_line, NULL, NULL, self->cancellable,
                               program_ended_cb, self);
}

/* Also where the thread still waits for the first writer. */
static void
program_interrupt (gpointer user_data)
{
  Program *self = user_data;

  g_cancellable_cancel (self->cancellable);
}

static int
program_run (const char *path,
             gboolean    again)
{
  Program self = {
    .loop = g_main_loop_new (NULL, FALSE),
    .cancellable = g_cancellable_new (),
    .fifo = fifo_reader_new (path),
    .path = path,
    .again = again,
  };
  Interrupt *interrupt = interrupt_new (program_interrupt, &self);
  int status;

  program_start (&self);
  g_main_loop_run (self.loop);

  status = self.has_failed || !all_lines_were_shown () ? EXIT_FAILURE : interrupt_get_exit_status (interrupt);
  interrupt_free (interrupt);
  g_object_unref (self.lines);
  g_object_unref (self.fifo);
  g_object_unref (self.cancellable);
  g_main_loop_unref (self.loop);
  return status;
}

int
main (int    argc,
      char **argv)
{
  gboolean again = FALSE;
  g_auto (GStrv) paths = NULL;
  const GOptionEntry entries[] = {
    { "again", 'a', 0, G_OPTION_ARG_NONE, &again, "Wait for other writers when the last one has left", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "FIFO" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_description (context, "Waits for a writer, and shows what is written. Ctrl-C ends it at any time.");
  if (!g_option_context_parse (context, &argc, &argv, &error) || paths == NULL || paths[1] != NULL)
    {
      g_printerr ("%s\nTry “%s --help”.\n", error != NULL ? error->message : "Which fifo? It has to be one.", argv[0]);
      return 2;
    }
  return program_run (paths[0], again);
}
