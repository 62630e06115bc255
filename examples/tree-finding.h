/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tree-entry.h"

G_BEGIN_DECLS

/*
 * What was found in a tree, and what became of it: one thread finds it, another one hashes it, and the main loop notes it. It
 * belongs to one of them at a time.
 */
typedef struct
{
  TreeEntry *entry;
  TreeKind kind;       /* what it turned out to be */
  GError *error;       /* why it could not be listed or read, or NULL */
  guint64 n_bytes;
  char *digest;        /* of a regular file, once it was read */
} TreeFinding;

TreeFinding *tree_finding_new        (TreeEntry     *entry);
void         tree_finding_free       (TreeFinding   *self);

gboolean     tree_finding_is_a_file  (TreeFinding   *self);

/* Blocks. FALSE is cancelled; other errors belong to the finding. */
gboolean     tree_finding_hash       (TreeFinding   *self,
                                      GCancellable  *cancellable,
                                      GError       **error);

G_END_DECLS
