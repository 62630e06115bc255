/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-error.h"

/**
 * aiot_error_quark:
 *
 * The quark behind `AIOT_ERROR`.
 *
 * Returns: the error domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (aiot-error-quark, aiot_error)
