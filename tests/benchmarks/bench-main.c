/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bench-parts.h"
#include "bench-processors.h"

#include <aiothreads-glib/aiothreads-glib.h>

#include <glib/gstdio.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * The program runs itself once for each part, so that none finds the threads and the memory of another. A round trip shows
 * what it costs where both sides share one processor.
 */

/* A part that hangs is ended by SIGALRM after so many seconds. */
#define TIME_LIMIT 160

typedef struct
{
  const char *name;
  void (*run) (const BenchRun *run);
  gboolean on_one_processor;
  gboolean counts_memory;
  gboolean is_hidden;       /* another part runs it */
} Part;

static const Part parts[] = {
  { "one-at-a-time", bench_one_at_a_time, .on_one_processor = TRUE },
  { "sync-await", bench_sync_await, .on_one_processor = TRUE },
  { "in-flight", bench_in_flight },
  { "in-flight-one-processor", bench_in_flight_one_processor, .on_one_processor = TRUE },
  { "map", bench_map },
  { "burst", bench_burst },
  { "stream", bench_stream },
  { "stream-one-processor", bench_stream_one_processor, .on_one_processor = TRUE },
  { "capacity-one", bench_capacity_one, .on_one_processor = TRUE },
  { "close", bench_close },
  { "frames", bench_frames },
  { "gtk-frames", bench_gtk_frames },
  { "many-channels", bench_many_channels },
  { "many-calls", bench_many_calls, .on_one_processor = TRUE },
  { "memory", bench_memory, .counts_memory = TRUE },
  { "wakes", bench_wakes },
  { "python", bench_python },
  { "python-one-processor", bench_python_one_processor, .on_one_processor = TRUE },
  { "only-calls", bench_only_calls, .is_hidden = TRUE },
  { "only-channel", bench_only_channel, .is_hidden = TRUE },
  { "only-invocations", bench_only_invocations, .is_hidden = TRUE },
  { "only-nothing", bench_only_nothing, .is_hidden = TRUE },
  { "only-stream", bench_only_stream, .is_hidden = TRUE },
  { "only-tasks", bench_only_tasks, .is_hidden = TRUE },
};

static BenchRun this_run;
static gboolean list_parts = FALSE;
static gboolean judges_nothing = FALSE;
static char *json_path = NULL;
static char *part_name = NULL;
static char *part_path = NULL;
static char **chosen_names = NULL;

static const Part *
find_part (const char  *name,
           GError     **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_str_equal (parts[i].name, name))
      return &parts[i];

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "There is no part “%s”; --list names those there are", name);
  return NULL;
}

/* Only of a quick run: who looks at the figures of a long one sees it. */
static gboolean
judge (GError **error)
{
  g_autofree char *lines = NULL;

  if (!this_run.quick || judges_nothing || this_run.outdone->len == 0)
    return TRUE;

  g_ptr_array_add (this_run.outdone, NULL);
  lines = g_strjoinv ("\n", (char **) this_run.outdone->pdata);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, lines);
  return FALSE;
}

static gboolean
run_this_part (GError **error)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GPtrArray) outdone = g_ptr_array_new_with_free_func (g_free);
  const Part *part = find_part (part_name, error);

  if (part == NULL)
    return FALSE;
  alarm (TIME_LIMIT);
  if (part->on_one_processor)
    bench_processors_use_one ();
  this_run.json = json;
  this_run.outdone = outdone;
  part->run (&this_run);
  if (part->is_hidden)
    return TRUE;
  return g_file_set_contents (part_path, json->str, -1, error) && judge (error);
}

static char **
part_arguments (const Part *part,
                const char *path)
{
  g_autoptr (GStrvBuilder) arguments = g_strv_builder_new ();

  g_strv_builder_add_many (arguments, "/proc/self/exe", "--part", part->name, "--part-json", path, NULL);
  if (this_run.quick)
    g_strv_builder_add (arguments, "--quick");
  if (judges_nothing)
    g_strv_builder_add (arguments, "--judge-nothing");
  if (this_run.chosen)
    g_strv_builder_add (arguments, "--chosen");
  if (this_run.rust_folder != NULL)
    g_strv_builder_add_many (arguments, "--rust", this_run.rust_folder, NULL);
  if (this_run.python_script != NULL)
    g_strv_builder_add_many (arguments, "--python", this_run.python_script, NULL);
  return g_strv_builder_end (arguments);
}

/* GLib keeps small blocks in slices of its own, which malloc () can't count. */
static char **
part_environment (const Part *part)
{
  char **environment = g_get_environ ();

  return part->counts_memory ? g_environ_setenv (environment, "G_SLICE", "always-malloc", TRUE) : environment;
}

/* The parts of the JSON are put together. */
static gboolean
run_part (const Part  *part,
          GString     *json,
          GError     **error)
{
  g_auto (GStrv) arguments = NULL;
  g_auto (GStrv) environment = part_environment (part);
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  int status;
  int fd = g_file_open_tmp ("aiot-bench-XXXXXX", &path, error);
  gboolean succeeded;

  if (fd == -1)
    return FALSE;
  g_close (fd, NULL);

  arguments = part_arguments (part, path);
  succeeded = g_spawn_sync (NULL, arguments, environment, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL,
                            NULL, NULL, &status, error) &&
              g_spawn_check_wait_status (status, error) &&
              g_file_get_contents (path, &text, NULL, error);
  if (succeeded)
    g_string_append_printf (json, "%s%s", json->len > 0 ? ",\n  " : "", text);
  else
    g_prefix_error (error, "%s: ", part->name);
  g_remove (path);
  return succeeded;
}

static gboolean
run_chosen_parts (GString  *json,
                  GError  **error)
{
  this_run.chosen = TRUE;
  for (char **name = chosen_names; *name != NULL; name++)
    {
      const Part *part = find_part (*name, error);

      if (part == NULL || !run_part (part, json, error))
        return FALSE;
    }
  return TRUE;
}

/* One that fails keeps none of the others from running. */
static gboolean
run_all_parts (GString  *json,
               GError  **error)
{
  guint n_failed = 0, n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GError) part_error = NULL;

      if (parts[i].is_hidden)
        continue;
      n++;
      if (run_part (&parts[i], json, &part_error))
        continue;
      g_printerr ("%s\n\n", part_error->message);
      n_failed++;
    }

  if (n_failed == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%u of %u parts failed", n_failed, n);
  return FALSE;
}

/* How many others wanted a processor in the last minute tells how much the figures are worth. */
static void
read_load (char text[G_ASCII_DTOSTR_BUF_SIZE])
{
  double load = 0;

  getloadavg (&load, 1);
  g_ascii_formatd (text, G_ASCII_DTOSTR_BUF_SIZE, "%.2f", load);
}

static gboolean
run_parts (GError **error)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autofree char *document = NULL;
  char load[G_ASCII_DTOSTR_BUF_SIZE];

  read_load (load);
  g_print ("Microseconds an operation, where nothing else is said: the median of alternating rounds, its ratio to the first\n"
           "line, and the spread\n\n");
  if (!(chosen_names != NULL ? run_chosen_parts (json, error) : run_all_parts (json, error)))
    return FALSE;
  if (json_path == NULL)
    return TRUE;

  document = g_strdup_printf ("{\"version\": \"%s\", \"processors\": %u, \"load_before\": %s, \"figures\": [\n  %s\n]}\n",
                              AIOT_VERSION_S, g_get_num_processors (), load, json->str);
  return g_file_set_contents (json_path, document, -1, error);
}

static gboolean
print_part_names (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (!parts[i].is_hidden)
      g_print ("%s\n", parts[i].name);
  return TRUE;
}

static gboolean
run_program (GError **error)
{
  if (list_parts)
    return print_part_names ();
  return part_name != NULL ? run_this_part (error) : run_parts (error);
}

int
main (int    argc,
      char **argv)
{
  const GOptionEntry entries[] = {
    { "quick", 0, 0, G_OPTION_ARG_NONE, &this_run.quick, "Do a twentieth of the work; fail if GLib's own way is faster", NULL },
    { "judge-nothing", 0, 0, G_OPTION_ARG_NONE, &judges_nothing, "Do not fail for what the figures are", NULL },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write the figures to FILE as well", "FILE" },
    { "rust", 0, 0, G_OPTION_ARG_FILENAME, &this_run.rust_folder, "Where the peers written in Rust are", "FOLDER" },
    { "python", 0, 0, G_OPTION_ARG_FILENAME, &this_run.python_script, "What measures the Python face", "SCRIPT" },
    { "list", 0, 0, G_OPTION_ARG_NONE, &list_parts, "Print the names of the parts", NULL },
    { "part", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &part_name, NULL, "NAME" },
    { "part-json", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &part_path, NULL, "FILE" },
    { "chosen", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &this_run.chosen, NULL, NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &chosen_names, NULL, "[PART…]" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("– what calls and streams cost");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error) && run_program (&error))
    return EXIT_SUCCESS;

  g_printerr ("%s\n", error->message);
  return EXIT_FAILURE;
}
