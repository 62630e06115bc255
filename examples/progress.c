/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "progress.h"

#include <stdio.h>
#include <unistd.h>

/*
 * Says on standard error how far a long job is: on a terminal in one line that is written anew, elsewhere in plain lines, so
 * that a log stays readable. Messages come between, and never in the middle of that line.
 */

struct _Progress
{
  gboolean on_terminal;
  gboolean line_is_shown;
};

Progress *
progress_new (void)
{
  Progress *self = g_new0 (Progress, 1);

  self->on_terminal = isatty (STDERR_FILENO);
  return self;
}

void
progress_free (Progress *self)
{
  g_free (self);
}

gboolean
progress_is_on_terminal (Progress *self)
{
  return self->on_terminal;
}

/* Milliseconds between two looks: as fast as one can read, or often enough for a log. */
guint
progress_get_interval (Progress *self)
{
  return self->on_terminal ? 100 : 1000;
}

static void
clear_line (Progress *self)
{
  if (self->line_is_shown)
    fputs ("\r\033[K", stderr);
  self->line_is_shown = FALSE;
}

void
progress_show (Progress   *self,
               const char *text)
{
  clear_line (self);
  fputs (text, stderr);
  if (self->on_terminal)
    self->line_is_shown = TRUE;
  else
    fputc ('\n', stderr);
  fflush (stderr);
}

void
progress_say (Progress   *self,
              const char *format,
              ...)
{
  va_list args;

  clear_line (self);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
}

void
progress_finish (Progress *self)
{
  clear_line (self);
  fflush (stderr);
}
