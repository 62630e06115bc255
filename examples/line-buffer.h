/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

G_BEGIN_DECLS

typedef struct _LineBuffer LineBuffer;

LineBuffer *line_buffer_new       (void);
void        line_buffer_free      (LineBuffer     *self);

/* For the body of a generator: these block like aiot_generator_emit (). Items are GBytes. */
gboolean    line_buffer_emit      (LineBuffer     *self,
                                   AiotGenerator  *generator,
                                   const void     *data,
                                   gsize           size,
                                   GError        **error);
gboolean    line_buffer_emit_rest (LineBuffer     *self,
                                   AiotGenerator  *generator,
                                   GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LineBuffer, line_buffer_free)

G_END_DECLS
