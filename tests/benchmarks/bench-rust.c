/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-rust.h"

static double
run_program (gpointer data)
{
  BenchRust *self = data;
  g_autofree char *first = g_strdup_printf ("%d", self->arguments[0]);
  g_autofree char *second = g_strdup_printf ("%d", self->arguments[1]);
  g_autofree char *third = g_strdup_printf ("%d", self->arguments[2]);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  char *arguments[] = { self->program, first, second, third, NULL };
  int status;

  if (!g_spawn_sync (NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, &error) ||
      !g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s", self->program, error->message);
  return g_ascii_strtod (output, NULL);
}

/* Where the program could not be built there is a log of that beside it. */
static const char *
find_what_is_missing (const char *program)
{
  g_autofree char *log = g_strconcat (program, ".log", NULL);

  if (g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
    return NULL;
  return g_file_test (log, G_FILE_TEST_EXISTS) ? "not built; its log says why" : "not installed";
}

/* The way refers to self; the arguments are set already. */
BenchWay
bench_rust_way (BenchRust      *self,
                const BenchRun *run,
                const char     *program,
                const char     *name)
{
  const char *folder = run->rust_folder != NULL ? run->rust_folder : ".";

  self->program = g_build_filename (folder, program, NULL);
  return (BenchWay) {
    .name = name,
    .func = run_program,
    .data = self,
    .missing = run->rust_folder != NULL ? find_what_is_missing (self->program) : "not installed",
  };
}

void
bench_rust_clear (BenchRust *self)
{
  g_clear_pointer (&self->program, g_free);
}
