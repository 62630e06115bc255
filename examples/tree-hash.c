/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "progress.h"
#include "save-text.h"
#include "stall-meter.h"
#include "tree-summary.h"
#include "tree-work.h"

#include <aiothreads-glib/aiothreads-glib.h>

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Hashes all regular files below some directories, and stays responsive while it does.
 *
 * Two things block: listing a directory, and reading a file. Both are functions in tree-work.c that an AiotThreaded runs
 * on the default pool. All else happens here, on the main loop, in small steps: a result comes in, its entries are
 * queued or its digest is noted, and the next work is started. The number in flight is bounded, and no directory is
 * listed while many files wait, so memory is bounded as well. What was found last is listed first, so few are open.
 *
 * With --blocking the same two functions are called on the main loop instead, one in each dispatch, to compare.
 */

/* While so many files wait to be read, no further directory is listed. */
#define ENOUGH_FILES 256

typedef struct
{
  GMainLoop *loop;
  GCancellable *cancellable;
  AiotExecutor *executor;
  AiotThreaded *lister;
  AiotThreaded *hasher;

  GQueue directories;   /* of TreeEntry that wait; what the user named is at the end */
  GQueue files;
  guint n_in_flight;
  guint most_in_flight;
  gboolean blocking;
  gboolean is_summing_up;
  int interrupted_by;   /* a signal, or 0 */

  Progress *progress;
  StallMeter *stall_meter;
  gint64 started;
  TreeSummary summary;
} Program;

static void program_go_on (Program *self);

/* A path for people: no bytes that a terminal would act upon. */
static char *
make_printable (const char *path)
{
  g_autofree char *valid = g_utf8_make_valid (path, -1);
  GString *text = g_string_new (NULL);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      if (g_unichar_iscntrl (character))
        g_string_append_printf (text, "\\x%02x", character);
      else
        g_string_append_unichar (text, character);
    }
  return g_string_free (text, FALSE);
}

static void
program_report (Program    *self,
                TreeEntry  *entry,
                const char *message)
{
  g_autofree char *path = tree_entry_dup_path (entry);
  g_autofree char *printable = make_printable (path);

  progress_say (self->progress, "%s: %s", printable, message);
}

static void
program_skip (Program   *self,
              TreeEntry *entry,
              TreeKind   kind)
{
  self->summary.n_skipped++;
  /* Links are everywhere, and are simply not followed. */
  if (kind != TREE_SYMLINK)
    {
      g_autofree char *message = g_strdup_printf ("%s, skipped", tree_kind_describe (kind));

      program_report (self, entry, message);
    }
}

static void
program_note_failure (Program      *self,
                      TreeEntry    *entry,
                      const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  self->summary.n_unreadable++;
  program_report (self, entry, error->message);
}

static void
program_note_entry (Program   *self,
                    TreeEntry *entry)
{
  if (!entry->is_utf8)
    program_report (self, entry, "the name is not UTF-8");

  if (entry->kind == TREE_DIRECTORY)
    g_queue_push_head (&self->directories, tree_entry_ref (entry));
  else if (entry->kind == TREE_FILE)
    g_queue_push_tail (&self->files, tree_entry_ref (entry));
  else
    program_skip (self, entry, entry->kind);
}

static void
program_note_listing (Program     *self,
                      TreeEntry   *directory,
                      TreeListing *listing)
{
  /* The rest of it comes after the directories of this batch. */
  if (!listing->is_last)
    g_queue_push_head (&self->directories, tree_entry_ref (directory));
  for (guint i = 0; i < listing->entries->len; i++)
    program_note_entry (self, g_ptr_array_index (listing->entries, i));
}

static void
program_note_hash (Program        *self,
                   TreeEntry      *entry,
                   const TreeHash *hash)
{
  if (hash->digest == NULL)
    {
      program_skip (self, entry, hash->kind);
      return;
    }

  self->summary.n_bytes += hash->n_bytes;
  g_ptr_array_add (self->summary.records, tree_record_new (tree_entry_dup_path (entry), hash->digest));
}

/* @value is NULL where there is an error. */
static void
program_note_result (Program      *self,
                     AiotThreaded *threaded,
                     TreeEntry    *entry,
                     const GValue *value,
                     const GError *error)
{
  if (value == NULL)
    program_note_failure (self, entry, error);
  else if (threaded == self->lister)
    program_note_listing (self, entry, aiot_value_get_pointer (value));
  else
    program_note_hash (self, entry, aiot_value_get_pointer (value));
}

/* The next thing to do, or NULL. */
static TreeEntry *
program_take_next (Program       *self,
                   AiotThreaded **threaded)
{
  gboolean list = self->directories.length > 0 && self->files.length < ENOUGH_FILES;

  *threaded = list ? self->lister : self->hasher;
  return g_queue_pop_head (list ? &self->directories : &self->files);
}

/* --- in threads --- */

typedef struct
{
  Program *program;
  TreeEntry *entry;
} Request;

static void
request_free (Request *self)
{
  tree_entry_unref (self->entry);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

static void
program_result_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (GError) error = NULL;
  Program *self = request->program;
  AiotThreaded *threaded = AIOT_THREADED (source_object);
  const GValue *value = aiot_threaded_call_finish (threaded, result, &error);

  self->n_in_flight--;
  self->summary.n_threads = MAX (self->summary.n_threads, aiot_executor_get_n_threads (self->executor));
  program_note_result (self, threaded, request->entry, value, error);
  program_go_on (self);
}

static void
program_start (Program      *self,
               AiotThreaded *threaded,
               TreeEntry    *entry)
{
  g_auto (GValue) argument = G_VALUE_INIT;
  Request *request = g_new (Request, 1);

  request->program = self;
  request->entry = entry;
  g_value_init (&argument, G_TYPE_POINTER);
  g_value_set_pointer (&argument, entry);
  self->n_in_flight++;
  aiot_threaded_call_async (threaded, &argument, self->cancellable, program_result_cb, request);
}

/* --- on the main loop --- */

static gboolean
program_block_once (gpointer user_data)
{
  Program *self = user_data;
  AiotThreaded *threaded;
  TreeEntry *entry = program_take_next (self, &threaded);
  g_auto (GValue) argument = G_VALUE_INIT;
  g_autoptr (AiotCall) call = NULL;
  g_autoptr (GError) error = NULL;

  if (entry == NULL)
    {
      program_go_on (self);
      return G_SOURCE_REMOVE;
    }

  g_value_init (&argument, G_TYPE_POINTER);
  g_value_set_pointer (&argument, entry);
  call = aiot_threaded_call_sync (threaded, &argument, self->cancellable, &error);
  program_note_result (self, threaded, entry, call != NULL ? aiot_call_get_result (call) : NULL, error);
  tree_entry_unref (entry);
  return G_SOURCE_CONTINUE;
}

/* --- both --- */

static void
program_summed_up_cb (GObject      *source_object,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  Program *self = user_data;

  g_assert_nonnull (aiot_offload_finish (result, NULL));
  g_main_loop_quit (self->loop);
}

static void
program_sum_up (Program *self)
{
  if (self->is_summing_up)
    return;

  self->is_summing_up = TRUE;
  self->summary.duration = g_get_monotonic_time () - self->started;
  aiot_offload_async (NULL, tree_summary_sum_up, &self->summary, NULL, NULL, program_summed_up_cb, self);
}

static void
program_go_on (Program *self)
{
  while (!self->blocking && self->n_in_flight < self->most_in_flight)
    {
      AiotThreaded *threaded;
      TreeEntry *entry = program_take_next (self, &threaded);

      if (entry == NULL)
        break;
      program_start (self, threaded, entry);
    }

  if (self->n_in_flight == 0 && self->directories.length == 0 && self->files.length == 0)
    program_sum_up (self);
}

static gboolean
program_show_progress (gpointer user_data)
{
  Program *self = user_data;
  double seconds = (g_get_monotonic_time () - self->started) / 1e6;
  g_autofree char *text = g_strdup_printf ("%u files, %.1f MB, %.1f MB/s, %u in flight, %u waiting",
                                           self->summary.records->len, self->summary.n_bytes / 1e6,
                                           self->summary.n_bytes / 1e6 / seconds, self->n_in_flight,
                                           self->files.length + self->directories.length);

  progress_show (self->progress, text);
  return G_SOURCE_CONTINUE;
}

static void
program_interrupt (Program *self,
                   int      signal_number)
{
  if (self->interrupted_by != 0)
    _exit (128 + signal_number);

  self->interrupted_by = signal_number;
  self->summary.interrupted = TRUE;
  g_queue_clear_full (&self->directories, (GDestroyNotify) tree_entry_unref);
  g_queue_clear_full (&self->files, (GDestroyNotify) tree_entry_unref);
  /* Each call comes back when its function has stopped; the last one ends the program. */
  g_cancellable_cancel (self->cancellable);
  program_go_on (self);
}

static gboolean
program_sigint_cb (gpointer user_data)
{
  program_interrupt (user_data, SIGINT);
  return G_SOURCE_CONTINUE;
}

static gboolean
program_sigterm_cb (gpointer user_data)
{
  program_interrupt (user_data, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static void
program_run (Program *self)
{
  guint sources[3];

  sources[0] = g_unix_signal_add (SIGINT, program_sigint_cb, self);
  sources[1] = g_unix_signal_add (SIGTERM, program_sigterm_cb, self);
  sources[2] = g_timeout_add (progress_get_interval (self->progress), program_show_progress, self);
  self->stall_meter = stall_meter_new (NULL);
  self->started = g_get_monotonic_time ();

  if (self->blocking)
    g_idle_add_full (G_PRIORITY_DEFAULT, program_block_once, self, NULL);
  else
    program_go_on (self);
  g_main_loop_run (self->loop);

  self->summary.longest_stall = stall_meter_get_longest (self->stall_meter);
  progress_finish (self->progress);
  g_clear_pointer (&self->stall_meter, stall_meter_free);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
}

static void
program_init (Program *self,
              gboolean blocking,
              guint    most_in_flight)
{
  *self = (Program) {
    .loop = g_main_loop_new (NULL, FALSE),
    .cancellable = g_cancellable_new (),
    .executor = aiot_executor_dup_default (),
    .lister = aiot_threaded_new (tree_list_directory, NULL, NULL),
    .hasher = aiot_threaded_new (tree_hash_file, NULL, NULL),
    .blocking = blocking,
    .most_in_flight = most_in_flight,
    .progress = progress_new (),
    .summary = {
      .mode = blocking ? "blocking" : "in threads",
      .records = g_ptr_array_new_with_free_func ((GDestroyNotify) tree_record_free),
    },
  };
  aiot_threaded_set_name (self->lister, "list-directory");
  aiot_threaded_set_name (self->hasher, "hash-file");
}

static void
program_clear (Program *self)
{
  tree_summary_clear (&self->summary);
  g_clear_pointer (&self->progress, progress_free);
  g_clear_object (&self->hasher);
  g_clear_object (&self->lister);
  g_clear_object (&self->executor);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

static void
program_add_path (Program    *self,
                  const char *path)
{
  TreeEntry *entry = tree_entry_new_for_path (path);

  if (entry->kind == TREE_DIRECTORY)
    g_queue_push_tail (&self->directories, tree_entry_ref (entry));
  else
    program_note_entry (self, entry);
  tree_entry_unref (entry);
}

static gboolean
save_results (Program     *self,
              const char  *summary_path,
              const char  *list_path,
              GError     **error)
{
  if (summary_path != NULL && !tree_summary_save (&self->summary, summary_path, error))
    return FALSE;
  return list_path == NULL || save_text (list_path, self->summary.list, error);
}

static const char description[] =
  "Hashes (SHA-256) every regular file below the given directories; symbolic links are not followed.\n"
  "The digest of all is the same whatever the order, and can be had without this program:\n"
  "\n"
  "  find DIRECTORY -type f -exec sha256sum {} + | sed 's/^\\\\//' | cut -c 1-64 | LC_ALL=C sort | sha256sum\n"
  "\n"
  "Ctrl-C stops after the files that are being read, and prints what was done.";

int
main (int    argc,
      char **argv)
{
  gboolean blocking = FALSE;
  int most_in_flight = 16 * g_get_num_processors ();
  g_autofree char *summary_path = NULL;
  g_autofree char *list_path = NULL;
  g_auto (GStrv) paths = NULL;
  const GOptionEntry entries[] = {
    { "blocking", 'b', 0, G_OPTION_ARG_NONE, &blocking, "Do the work on the main loop, to compare", NULL },
    { "in-flight", 'n', 0, G_OPTION_ARG_INT, &most_in_flight, "Have at most N files and directories in flight", "N" },
    { "list", 'l', 0, G_OPTION_ARG_FILENAME, &list_path, "Write a line for each file to FILE, as sha256sum does", "FILE" },
    { "summary", 's', 0, G_OPTION_ARG_FILENAME, &summary_path, "Write the summary to FILE, as key=value lines", "FILE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "DIRECTORY…" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  Program program;
  int status;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_description (context, description);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\nTry “%s --help”.\n", error->message, argv[0]);
      return 2;
    }
  if (paths == NULL || most_in_flight < 1)
    {
      g_printerr ("%s\nTry “%s --help”.\n",
                  paths == NULL ? "Which directories?" : "At least one has to be in flight.", argv[0]);
      return 2;
    }

  program_init (&program, blocking, most_in_flight);
  for (char **path = paths; *path != NULL; path++)
    program_add_path (&program, *path);
  program_run (&program);

  tree_summary_print (&program.summary);
  status = program.interrupted_by != 0 ? 128 + program.interrupted_by : EXIT_SUCCESS;
  if (!save_results (&program, summary_path, list_path, &error))
    {
      g_printerr ("%s\n", error->message);
      status = EXIT_FAILURE;
    }
  program_clear (&program);
  return status;
}
