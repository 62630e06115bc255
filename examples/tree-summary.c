/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tree-summary.h"

#include "save-text.h"

#include <string.h>

TreeRecord *
tree_record_new (char       *path,
                 const char *digest)
{
  TreeRecord *self = g_new (TreeRecord, 1);

  self->path = path;
  self->digest = g_strdup (digest);
  return self;
}

void
tree_record_free (TreeRecord *self)
{
  g_free (self->path);
  g_free (self->digest);
  g_free (self);
}

void
tree_summary_clear (TreeSummary *self)
{
  g_clear_pointer (&self->records, g_ptr_array_unref);
  g_clear_pointer (&self->digest, g_free);
  g_clear_pointer (&self->list, g_free);
}

static int
compare_digests (gconstpointer a,
                 gconstpointer b)
{
  return strcmp ((*(TreeRecord *const *) a)->digest, (*(TreeRecord *const *) b)->digest);
}

static int
compare_paths (gconstpointer a,
               gconstpointer b)
{
  return strcmp ((*(TreeRecord *const *) a)->path, (*(TreeRecord *const *) b)->path);
}

/* As sha256sum writes it: a line whose name had to be escaped begins with a backslash. */
static void
append_line (GString          *list,
             const TreeRecord *record)
{
  gboolean escape = strpbrk (record->path, "\\\n\r") != NULL;

  g_string_append_printf (list, "%s%s  ", escape ? "\\" : "", record->digest);
  for (const char *c = record->path; *c != '\0'; c++)
    if (escape && *c == '\\')
      g_string_append (list, "\\\\");
    else if (escape && *c == '\n')
      g_string_append (list, "\\n");
    else if (escape && *c == '\r')
      g_string_append (list, "\\r");
    else
      g_string_append_c (list, *c);
  g_string_append_c (list, '\n');
}

gboolean
tree_summary_sum_up (AiotCall  *call,
                     gpointer   user_data,
                     GError   **error)
{
  TreeSummary *self = user_data;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GString) list = g_string_new (NULL);

  g_ptr_array_sort (self->records, compare_digests);
  for (guint i = 0; i < self->records->len; i++)
    {
      const TreeRecord *record = g_ptr_array_index (self->records, i);

      g_checksum_update (checksum, (const guchar *) record->digest, -1);
      g_checksum_update (checksum, (const guchar *) "\n", 1);
    }
  self->digest = g_strdup (g_checksum_get_string (checksum));

  g_ptr_array_sort (self->records, compare_paths);
  for (guint i = 0; i < self->records->len; i++)
    append_line (list, g_ptr_array_index (self->records, i));
  self->list = g_string_free (g_steal_pointer (&list), FALSE);
  return TRUE;
}

static double
get_megabytes (TreeSummary *self)
{
  return self->n_bytes / 1e6;
}

static double
get_seconds (TreeSummary *self)
{
  return self->duration / 1e6;
}

static double
get_rate (TreeSummary *self)
{
  return self->duration > 0 ? get_megabytes (self) / get_seconds (self) : 0;
}

void
tree_summary_print (TreeSummary *self)
{
  if (self->interrupted)
    g_print ("Interrupted. Until then:\n");
  g_print ("files: %u\n", self->records->len);
  g_print ("data: %.1f MB in %.2f s, %.1f MB/s\n", get_megabytes (self), get_seconds (self), get_rate (self));
  g_print ("not readable: %u, skipped: %u\n", self->n_unreadable, self->n_skipped);
  g_print ("threads: %u\n", self->n_threads);
  if (self->capacity > 0)
    g_print ("peak queue length: %u of %u\n", self->peak_length, self->capacity);
  g_print ("longest stall of the main loop: %.1f ms\n", self->longest_stall / 1e3);
  g_print ("digest of all: %s\n", self->digest != NULL ? self->digest : "none");
}

/* On the main loop there is no queue. */
static char *
dup_queue_lines (TreeSummary *self)
{
  if (self->capacity == 0)
    return g_strdup ("");

  return g_strdup_printf ("queue_capacity=%u\n"
                          "peak_queue_length=%u\n",
                          self->capacity, self->peak_length);
}

gboolean
tree_summary_save (TreeSummary  *self,
                   const char   *path,
                   GError      **error)
{
  g_autofree char *queue = dup_queue_lines (self);
  g_autofree char *text =
    g_strdup_printf ("mode=%s\n"
                     "files=%u\n"
                     "megabytes=%.1f\n"
                     "seconds=%.2f\n"
                     "megabytes_per_second=%.1f\n"
                     "threads=%u\n"
                     "%s"
                     "longest_stall_ms=%.1f\n"
                     "unreadable=%u\n"
                     "skipped=%u\n"
                     "digest=%s\n",
                     self->mode, self->records->len, get_megabytes (self), get_seconds (self), get_rate (self),
                     self->n_threads, queue, self->longest_stall / 1e3, self->n_unreadable, self->n_skipped,
                     self->digest != NULL ? self->digest : "");

  return save_text (path, text, error);
}
