/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "show-line.h"

#include <errno.h>
#include <stdio.h>

static int saved_errno;

/* An AiotItemFunc for GBytes. It has had enough when nobody can read them any more. */
gboolean
show_line (const GValue *line,
           gpointer      user_data)
{
  gsize size;
  const char *data = g_bytes_get_data (g_value_get_boxed (line), &size);

  /* Whoever reads this may wait for each line. */
  if (fwrite (data, 1, size, stdout) == size && fflush (stdout) == 0)
    return TRUE;

  saved_errno = errno;
  return FALSE;
}

/* If not, it says so. */
gboolean
all_lines_were_shown (void)
{
  if (saved_errno != 0)
    g_printerr ("The lines can't be written: %s\n", g_strerror (saved_errno));
  return saved_errno == 0;
}
