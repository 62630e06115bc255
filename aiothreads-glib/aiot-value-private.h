/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-value.h"

G_BEGIN_DECLS

/* What is given has to be empty, and holds the value then. */
void aiot_value_init_no_value    (GValue         *value);
void aiot_value_init_pointer     (GValue         *value,
                                  gpointer        pointer,
                                  GDestroyNotify  destroy);
void aiot_value_init_copy        (GValue         *value,
                                  const GValue   *source);

void aiot_value_init_boolean     (GValue         *value,
                                  gboolean        boolean);
void aiot_value_init_int64       (GValue         *value,
                                  gint64          number);
void aiot_value_init_double      (GValue         *value,
                                  double          number);
void aiot_value_init_string      (GValue         *value,
                                  const char     *string);
void aiot_value_init_take_string (GValue         *value,
                                  char           *string);
void aiot_value_init_object      (GValue         *value,
                                  gpointer        object);
void aiot_value_init_take_object (GValue         *value,
                                  gpointer        object);
void aiot_value_init_boxed       (GValue         *value,
                                  GType           boxed_type,
                                  gconstpointer   boxed);
void aiot_value_init_take_boxed  (GValue         *value,
                                  GType           boxed_type,
                                  gpointer        boxed);
void aiot_value_init_variant     (GValue         *value,
                                  GVariant       *variant);

gboolean aiot_value_is_set       (const GValue   *value);
void aiot_value_clear            (GValue         *value);

G_END_DECLS
