/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tree-finding.h"

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

/* Walks through trees and hashes their files, in threads. */
typedef struct _TreePipeline TreePipeline;

TreePipeline *tree_pipeline_new             (char          **paths,
                                             guint           n_hashers,
                                             GCancellable   *cancellable);
void          tree_pipeline_free            (TreePipeline   *self);

/* Items are TreeFinding. All has ended when this ends. */
AiotIterator *tree_pipeline_start           (TreePipeline   *self);
gboolean      tree_pipeline_finish          (TreePipeline   *self,
                                             GError        **error);

guint         tree_pipeline_get_capacity    (TreePipeline   *self);
guint         tree_pipeline_get_peak_length (TreePipeline   *self);
guint         tree_pipeline_get_n_waiting   (TreePipeline   *self);
guint         tree_pipeline_get_n_in_flight (TreePipeline   *self);

G_END_DECLS
