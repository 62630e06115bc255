/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "line-reader.h"

#include "fail-with-errno.h"
#include "line-buffer.h"
#include "wait-readable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE (64 * 1024)

static void
report_progress (AiotGenerator *generator,
                 goffset        n_read,
                 goffset        size)
{
  g_autofree char *text = g_format_size (n_read);

  /* A file may grow meanwhile, and a pipe has no size. */
  aiot_generator_report_progress (generator, size > 0 ? (double) n_read / size : 0, text);
}

static gboolean
read_all (AiotGenerator  *generator,
          int             fd,
          goffset         size,
          GError        **error)
{
  g_autoptr (LineBuffer) lines = line_buffer_new ();
  g_autofree char *block = g_malloc (BLOCK_SIZE);
  goffset n_read = 0;
  gssize n;

  while ((n = read_some (fd, block, BLOCK_SIZE, aiot_generator_get_cancellable (generator), error)) > 0)
    {
      n_read += n;
      report_progress (generator, n_read, size);
      if (!line_buffer_emit (lines, generator, block, n, error))
        return FALSE;
    }
  return n == 0 && line_buffer_emit_rest (lines, generator, error);
}

static gboolean
read_lines (AiotGenerator  *generator,
            gpointer        path,
            GError        **error)
{
  /* What is no file may have nothing to read for now: it is waited for elsewhere. */
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat status;
  gboolean succeeded;

  if (fd == -1)
    return fail_with_errno (error, errno);

  succeeded = fstat (fd, &status) == 0 || fail_with_errno (error, errno);
  succeeded = succeeded && read_all (generator, fd, S_ISREG (status.st_mode) ? status.st_size : 0, error);
  close (fd);
  return succeeded;
}

AiotThreadedIterator *
line_reader_iterate (const char   *path,
                     int           capacity,
                     GCancellable *cancellable)
{
  return aiot_threaded_iterator_new (read_lines, g_strdup (path), g_free, NULL, capacity, cancellable);
}
