/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tree-entry.h"

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

/* A batch of what a directory has. */
typedef struct
{
  GPtrArray *entries;   /* of TreeEntry */
  gboolean is_last;     /* if not, the next batch comes when the directory is listed again */
} TreeListing;

typedef struct
{
  TreeKind kind;    /* with no digest for what is no regular file */
  guint64 n_bytes;
  char *digest;
} TreeHash;

void     tree_listing_free   (TreeListing *self);
void     tree_hash_free      (TreeHash    *self);

/* Thread functions: the argument is a TreeEntry, the result another pointer */
gboolean tree_list_directory (AiotCall    *call,    /* TreeListing */
                              gpointer     user_data,
                              GError     **error);
gboolean tree_hash_file      (AiotCall    *call,    /* TreeHash */
                              gpointer     user_data,
                              GError     **error);

G_END_DECLS
