/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

/* A file and its digest. */
typedef struct
{
  char *path;
  char *digest;
} TreeRecord;

TreeRecord *tree_record_new    (char       *path,    /* is taken */
                                const char *digest);
void        tree_record_free   (TreeRecord *self);

/* What the program found out. */
typedef struct
{
  const char *mode;
  gboolean interrupted;
  GPtrArray *records;      /* of TreeRecord */
  guint64 n_bytes;
  guint n_unreadable;
  guint n_skipped;
  guint n_threads;
  guint peak_length;       /* of the queue of files, in threads */
  guint capacity;          /* likewise */
  gint64 duration;         /* microseconds */
  gint64 longest_stall;    /* likewise */
  char *digest;
  char *list;
} TreeSummary;

void        tree_summary_clear (TreeSummary  *self);

void        tree_summary_print (TreeSummary  *self);
gboolean    tree_summary_save  (TreeSummary  *self,
                                const char   *path,
                                GError      **error);

/* A thread function, because sorting many takes long. Its data is the summary; it fills in digest and list. */
gboolean    tree_summary_sum_up (AiotCall  *call,
                                 gpointer   summary,
                                 GError   **error);

G_END_DECLS
