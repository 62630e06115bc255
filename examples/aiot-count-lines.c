/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "interrupt.h"
#include "line-reader.h"
#include "printable.h"
#include "progress.h"

#include <locale.h>
#include <stdlib.h>

/*
 * Counts lines, bytes, and the longest line of files, as wc does, and shows how far it is.
 *
 * A thread reads, at most so many lines ahead; the main loop counts, in small steps, and has time for everything else.
 */

/* So many lines wait at most. The longer they are, the more memory that is. */
#define CAPACITY 1024

typedef struct
{
  guint64 n_lines;
  guint64 n_bytes;
  guint64 longest;    /* bytes, without the newline */
  guint64 current;    /* of the line that has no end yet */
} Count;

typedef struct
{
  GMainLoop *loop;
  GCancellable *cancellable;
  Interrupt *interrupt;
  Progress *progress;

  char **next_path;
  char *name;                     /* printable, of what is being read */
  AiotThreadedIterator *lines;    /* likewise */
  Count count;

  Count total;
  guint n_files;
  guint n_failed;
} Program;

static void program_go_on (Program *self);

/* --- Counting --- */

static void
count_end_line (Count *self)
{
  self->n_lines++;
  self->longest = MAX (self->longest, self->current);
  self->current = 0;
}

static void
count_add (Count  *self,
           GBytes *line)
{
  gsize size;
  const char *data = g_bytes_get_data (line, &size);
  gboolean is_complete = data[size - 1] == '\n';

  self->n_bytes += size;
  self->current += is_complete ? size - 1 : size;
  if (is_complete)
    count_end_line (self);
}

static void
count_print (const Count *self,
             const char  *name)
{
  g_print ("%" G_GUINT64_FORMAT " lines, %" G_GUINT64_FORMAT " bytes, longest %" G_GUINT64_FORMAT ": %s\n",
           self->n_lines, self->n_bytes, self->longest, name);
}

/* --- One file after the other --- */

static void
program_note_count (Program *self)
{
  self->n_files++;
  self->total.n_lines += self->count.n_lines;
  self->total.n_bytes += self->count.n_bytes;
  self->total.longest = MAX (self->total.longest, self->count.longest);
  progress_finish (self->progress);
  count_print (&self->count, self->name);
}

static void
program_closed_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  program_go_on (user_data);
}

static void
program_counted_cb (GObject      *source_object,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Program *self = user_data;
  g_autoptr (GError) error = NULL;

  if (aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error))
    {
      if (self->count.current > 0)
        count_end_line (&self->count);
      program_note_count (self);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      progress_say (self->progress, "Interrupted after %" G_GUINT64_FORMAT " lines of %s", self->count.n_lines, self->name);
    }
  else
    {
      self->n_failed++;
      progress_say (self->progress, "%s: %s", self->name, error->message);
    }

  g_signal_handlers_disconnect_by_data (aiot_threaded_iterator_get_progress (self->lines), self);
  /* The file is closed when this calls back. */
  aiot_iterator_close_async (AIOT_ITERATOR (source_object), NULL, program_closed_cb, self);
}

static gboolean
program_count_line (const GValue *item,
                    gpointer      user_data)
{
  Program *self = user_data;

  count_add (&self->count, g_value_get_boxed (item));
  return TRUE;
}

/* At most once a frame. */
static void
program_progress_cb (Program *self)
{
  AiotProgress *progress = aiot_threaded_iterator_get_progress (self->lines);
  double fraction = aiot_progress_get_fraction (progress);
  g_autofree char *percent = fraction > 0 ? g_strdup_printf ("%.0f %%, ", 100 * fraction) : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("%s: %s%s, %" G_GUINT64_FORMAT " lines", self->name, percent,
                                           aiot_progress_get_text (progress), self->count.n_lines);

  progress_show (self->progress, text);
}

static void
program_start (Program    *self,
               const char *path)
{
  g_clear_object (&self->lines);
  g_free (self->name);
  self->name = make_printable (path);
  self->count = (Count) { 0 };
  self->lines = line_reader_iterate (path, CAPACITY, NULL);
  if (progress_is_on_terminal (self->progress))
    g_signal_connect_swapped (aiot_threaded_iterator_get_progress (self->lines), "notify",
                              G_CALLBACK (program_progress_cb), self);
  aiot_iterator_foreach_async (AIOT_ITERATOR (self->lines), program_count_line, self, NULL, self->cancellable,
                               program_counted_cb, self);
}

static void
program_go_on (Program *self)
{
  if (*self->next_path != NULL && !g_cancellable_is_cancelled (self->cancellable))
    program_start (self, *self->next_path++);
  else
    g_main_loop_quit (self->loop);
}

static void
program_interrupt (gpointer user_data)
{
  Program *self = user_data;

  g_cancellable_cancel (self->cancellable);
}

static int
program_run (char **paths)
{
  Program self = {
    .loop = g_main_loop_new (NULL, FALSE),
    .cancellable = g_cancellable_new (),
    .progress = progress_new (),
    .next_path = paths,
  };
  int status;

  self.interrupt = interrupt_new (program_interrupt, &self);
  program_go_on (&self);
  g_main_loop_run (self.loop);

  progress_finish (self.progress);
  if (self.n_files > 1)
    count_print (&self.total, "total");
  status = interrupt_get_exit_status (self.interrupt);
  if (status == 0 && self.n_failed > 0)
    status = EXIT_FAILURE;

  g_clear_object (&self.lines);
  g_free (self.name);
  interrupt_free (self.interrupt);
  progress_free (self.progress);
  g_object_unref (self.cancellable);
  g_main_loop_unref (self.loop);
  return status;
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "");
  if (argc < 2)
    {
      g_printerr ("Usage: %s FILE…\nCounts the lines and the bytes of each file. Pipes are /dev/stdin.\n", argv[0]);
      return 2;
    }
  return program_run (argv + 1);
}
