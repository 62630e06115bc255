/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-value.h"

G_BEGIN_DECLS

void aiot_value_init_no_value (GValue         *value);
void aiot_value_init_pointer  (GValue         *value,
                               gpointer        pointer,
                               GDestroyNotify  destroy);
void aiot_value_init_copy     (GValue         *value,
                               const GValue   *source);

G_END_DECLS
