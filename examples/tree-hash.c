/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "interrupt.h"
#include "printable.h"
#include "progress.h"
#include "save-text.h"
#include "stall-meter.h"
#include "tree-pipeline.h"
#include "tree-summary.h"
#include "tree-walk.h"

#include <aiothreads-glib/aiothreads-glib.h>

#include <locale.h>
#include <stdlib.h>

/*
 * Hashes all regular files below some directories, and stays responsive while it does.
 *
 * Two things block: listing a directory, and reading a file. Both are done in threads, which tree-pipeline.c connects by
 * bounded channels. What they find comes here, to the main loop, in small steps: it is noted, and shown.
 *
 * With --blocking the same two functions are called on the main loop instead, for one entry in each dispatch, to compare.
 */

/*
 * Each of them is a call that goes on to the end, and so a thread, also while it waits for a file. More of them would read more
 * at once from a slow disk, and take more of the processors from the main loop when the files are in memory.
 */
#define HASHERS_PER_PROCESSOR 2

typedef struct
{
  GMainLoop *loop;
  GCancellable *cancellable;
  AiotExecutor *executor;
  TreePipeline *pipeline;   /* in threads */
  AiotIterator *findings;   /* likewise */
  TreeWalk *walk;           /* on the main loop */

  Interrupt *interrupt;
  Progress *progress;
  StallMeter *stall_meter;
  gint64 started;
  TreeSummary summary;
  GError *error;
} Program;

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
  self->summary.n_unreadable++;
  program_report (self, entry, error->message);
}

static void
program_note_digest (Program     *self,
                     TreeFinding *finding)
{
  self->summary.n_bytes += finding->n_bytes;
  g_ptr_array_add (self->summary.records, tree_record_new (tree_entry_dup_path (finding->entry), finding->digest));
}

static void
program_note (Program     *self,
              TreeFinding *finding)
{
  TreeEntry *entry = finding->entry;

  /* A directory that can't be listed was found before. */
  if (!entry->is_utf8 && (entry->kind != TREE_DIRECTORY || finding->error == NULL))
    program_report (self, entry, "the name is not UTF-8");

  if (finding->error != NULL)
    program_note_failure (self, entry, finding->error);
  else if (finding->digest != NULL)
    program_note_digest (self, finding);
  else if (entry->kind != TREE_DIRECTORY)
    program_skip (self, entry, finding->kind);
}

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
  self->summary.duration = g_get_monotonic_time () - self->started;
  aiot_offload_async (NULL, tree_summary_sum_up, &self->summary, NULL, NULL, program_summed_up_cb, self);
}

/* --- in threads --- */

static gboolean
program_finding_cb (const GValue *item,
                    gpointer      user_data)
{
  Program *self = user_data;

  self->summary.n_threads = MAX (self->summary.n_threads, aiot_executor_get_n_threads (self->executor));
  program_note (self, aiot_value_get_pointer (item));
  return TRUE;
}

static void
program_ended_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Program *self = user_data;

  if (aiot_iterator_foreach_finish (self->findings, result, &self->error) &&
      !tree_pipeline_finish (self->pipeline, &self->error) &&
      g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_clear_error (&self->error);
  self->summary.peak_length = tree_pipeline_get_peak_length (self->pipeline);
  self->summary.capacity = tree_pipeline_get_capacity (self->pipeline);
  program_sum_up (self);
}

static void
program_start (Program *self)
{
  self->findings = tree_pipeline_start (self->pipeline);
  aiot_iterator_foreach_async (self->findings, program_finding_cb, self, NULL, NULL, program_ended_cb, self);
}

/* --- on the main loop --- */

static gboolean
program_block_once (gpointer user_data)
{
  Program *self = user_data;
  TreeFinding *finding = tree_walk_next (self->walk, self->cancellable, NULL);

  if (finding == NULL)
    {
      program_sum_up (self);
      return G_SOURCE_REMOVE;
    }

  if (!tree_finding_is_a_file (finding) || tree_finding_hash (finding, self->cancellable, NULL))
    program_note (self, finding);
  tree_finding_free (finding);
  return G_SOURCE_CONTINUE;
}

/* --- both --- */

static gboolean
program_show_progress (gpointer user_data)
{
  Program *self = user_data;
  double seconds = (g_get_monotonic_time () - self->started) / 1e6;
  guint n_in_flight = self->pipeline != NULL ? tree_pipeline_get_n_in_flight (self->pipeline) : 0;
  guint n_waiting = self->pipeline != NULL ? tree_pipeline_get_n_waiting (self->pipeline) : 0;
  g_autofree char *text = g_strdup_printf ("%u files, %.1f MB, %.1f MB/s, %u in flight, %u waiting",
                                           self->summary.records->len, self->summary.n_bytes / 1e6,
                                           self->summary.n_bytes / 1e6 / seconds, n_in_flight, n_waiting);

  progress_show (self->progress, text);
  return G_SOURCE_CONTINUE;
}

/* Each thread stops at its next look, and what is done by then is still noted. */
static void
program_interrupt (gpointer user_data)
{
  Program *self = user_data;

  self->summary.interrupted = TRUE;
  g_cancellable_cancel (self->cancellable);
}

static void
program_run (Program *self)
{
  guint source = g_timeout_add (progress_get_interval (self->progress), program_show_progress, self);

  self->stall_meter = stall_meter_new (NULL);
  self->started = g_get_monotonic_time ();

  if (self->pipeline != NULL)
    program_start (self);
  else
    g_idle_add_full (G_PRIORITY_DEFAULT, program_block_once, self, NULL);
  g_main_loop_run (self->loop);

  self->summary.longest_stall = stall_meter_get_longest (self->stall_meter);
  progress_finish (self->progress);
  g_clear_pointer (&self->stall_meter, stall_meter_free);
  g_source_remove (source);
}

static void
program_init (Program  *self,
              char    **paths,
              gboolean  blocking,
              guint     most_in_flight)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  *self = (Program) {
    .loop = g_main_loop_new (NULL, FALSE),
    .cancellable = g_object_ref (cancellable),
    .executor = aiot_executor_dup_default (),
    .pipeline = blocking ? NULL : tree_pipeline_new (paths, most_in_flight, cancellable),
    .walk = blocking ? tree_walk_new (paths) : NULL,
    .interrupt = interrupt_new (program_interrupt, self),
    .progress = progress_new (),
    .summary = {
      .mode = blocking ? "blocking" : "in threads",
      .records = g_ptr_array_new_with_free_func ((GDestroyNotify) tree_record_free),
    },
  };
}

static void
program_clear (Program *self)
{
  tree_summary_clear (&self->summary);
  g_clear_error (&self->error);
  g_clear_pointer (&self->progress, progress_free);
  g_clear_pointer (&self->interrupt, interrupt_free);
  g_clear_pointer (&self->walk, tree_walk_free);
  g_clear_object (&self->findings);
  g_clear_pointer (&self->pipeline, tree_pipeline_free);
  g_clear_object (&self->executor);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->loop, g_main_loop_unref);
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
  "Ctrl-C stops the reading, and prints what was done until then.";

int
main (int    argc,
      char **argv)
{
  gboolean blocking = FALSE;
  int most_in_flight = HASHERS_PER_PROCESSOR * g_get_num_processors ();
  g_autofree char *summary_path = NULL;
  g_autofree char *list_path = NULL;
  g_auto (GStrv) paths = NULL;
  const GOptionEntry entries[] = {
    { "blocking", 'b', 0, G_OPTION_ARG_NONE, &blocking, "Do the work on the main loop, to compare", NULL },
    { "in-flight", 'n', 0, G_OPTION_ARG_INT, &most_in_flight, "Hash at most N files at the same time", "N" },
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
                  paths == NULL ? "Which directories?" : "At least one file has to be hashed at a time.", argv[0]);
      return 2;
    }

  program_init (&program, paths, blocking, most_in_flight);
  program_run (&program);

  tree_summary_print (&program.summary);
  status = interrupt_get_exit_status (program.interrupt);
  if (program.error != NULL)
    error = g_steal_pointer (&program.error);
  else
    save_results (&program, summary_path, list_path, &error);
  if (error != NULL)
    {
      g_printerr ("%s\n", error->message);
      status = EXIT_FAILURE;
    }
  program_clear (&program);
  return status;
}
