/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tree-finding.h"

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

typedef struct _TreeWalk TreeWalk;

TreeWalk             *tree_walk_new          (char         **paths);
void                  tree_walk_free         (TreeWalk      *self);

/* Blocks. NULL without an error is the end. */
TreeFinding          *tree_walk_next         (TreeWalk      *self,
                                              GCancellable  *cancellable,
                                              GError       **error);

/* The same, as something to be iterated over: items are TreeFinding. */
AiotThreadedIterable *tree_walk_new_iterable (char         **paths);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TreeWalk, tree_walk_free)

G_END_DECLS
