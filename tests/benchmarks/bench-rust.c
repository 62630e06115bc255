/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-rust.h"

#include "bench-processors.h"

static double
run_program (gpointer data)
{
  BenchRust *self = data;
  g_autofree char *capacity = g_strdup_printf ("%u", self->capacity);
  g_autofree char *n_items = g_strdup_printf ("%u", self->n_items);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *processor = g_strdup_printf ("%d", bench_processors_get_producer ());
  char *arguments[] = { self->program, capacity, n_items, processor, NULL };
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

/* The way refers to self; capacity and number of items are set already. */
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
