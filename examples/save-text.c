/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "save-text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/*
 * Writes a text to where the user said. A regular file is replaced as a whole, so that nobody sees half of it; links
 * that lead to it stay. What is no regular file, like /dev/null or a fifo, is written to, and stays what it is.
 */

static gboolean
is_replaceable (const char *path)
{
  struct stat status;

  if (stat (path, &status) == 0)
    return S_ISREG (status.st_mode);
  /* A link to where nothing is yet is written through, as a shell does it. */
  return lstat (path, &status) != 0;
}

static gboolean
write_into (const char  *path,
            const char  *text,
            GError     **error)
{
  FILE *file = fopen (path, "we");
  gboolean written = file != NULL && fputs (text, file) >= 0;
  int saved_errno = errno;

  if (file != NULL && fclose (file) != 0 && written)
    {
      written = FALSE;
      saved_errno = errno;
    }
  if (!written)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                 "%s can't be written: %s", path, g_strerror (saved_errno));
  return written;
}

gboolean
save_text (const char  *path,
           const char  *text,
           GError     **error)
{
  g_autofree char *target = NULL;

  if (!is_replaceable (path))
    return write_into (path, text, error);

  target = realpath (path, NULL);
  return g_file_set_contents (target != NULL ? target : path, text, -1, error);
}
