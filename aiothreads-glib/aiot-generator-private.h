/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-executor-private.h"
#include "aiot-generator.h"
#include "aiot-queue-private.h"

G_BEGIN_DECLS

typedef struct
{
  AiotExecutor *executor;   /* NULL: the default one */
  const char *name;         /* interned, or NULL */
  int priority;
  guint capacity;
} AiotGeneratorOptions;

AiotGenerator *aiot_generator_new           (AiotGeneratorFunc           func,
                                             gpointer                    user_data,
                                             GDestroyNotify              user_data_destroy,
                                             GObject                    *owner,
                                             const GValue               *argument);
void           aiot_generator_prepare       (AiotGenerator              *self,
                                             const AiotGeneratorOptions *options,
                                             GCancellable               *cancellable);
AiotQueue     *aiot_generator_get_queue     (AiotGenerator              *self);
AiotProgress  *aiot_generator_get_progress  (AiotGenerator              *self);
void           aiot_generator_start         (AiotGenerator              *self);
void           aiot_generator_close         (AiotGenerator              *self);

gboolean       aiot_generator_run_here      (AiotGenerator              *self,
                                             const char                 *name,
                                             AiotItemFunc                item_func,
                                             gpointer                    item_func_data,
                                             GCancellable               *cancellable,
                                             GError                    **error);

/* Takes what is in @value in any case. */
gboolean       aiot_generator_emit_taken    (AiotGenerator              *self,
                                             GValue                     *value,
                                             GError                    **error);

G_END_DECLS
