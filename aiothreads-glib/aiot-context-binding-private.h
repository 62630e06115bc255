/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-context.h"

G_BEGIN_DECLS

/* A variable and its value, which never change: shared by all contexts that have it. */
typedef struct
{
  gatomicrefcount ref_count;
  AiotContextVar *var;
  GValue value;
} AiotBinding;

AiotBinding *aiot_binding_ref         (AiotBinding    *self);
void         aiot_binding_unref       (AiotBinding    *self);

/* Both on the context of the calling thread; NULL is no binding. */
AiotBinding *aiot_context_get_binding (AiotContextVar *var);
void         aiot_context_set_binding (AiotContextVar *var,
                                       AiotBinding    *binding);

G_END_DECLS
