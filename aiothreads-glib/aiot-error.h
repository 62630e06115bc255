/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIOT_INSIDE) && !defined(AIOT_COMPILATION)
# error "Only <aiothreads-glib/aiothreads-glib.h> can be included directly."
#endif

#include <aiothreads-glib/aiot-types.h>

G_BEGIN_DECLS

/**
 * AIOT_ERROR:
 *
 * The domain of the errors of [error@Error].
 *
 * Since: 1.0
 */
#define AIOT_ERROR (aiot_error_quark ())

/**
 * AiotError:
 * @AIOT_ERROR_FAILED: a function returned %FALSE without saying why
 * @AIOT_ERROR_EXHAUSTED: no thread could be started, and none was there to take the work
 *
 * What can go wrong in this library itself.
 *
 * The errors of the functions that it runs keep their own domains, and cancellation is always %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_ERROR_FAILED,
  AIOT_ERROR_EXHAUSTED,
} AiotError;

AIOT_AVAILABLE_IN_1_0
GQuark aiot_error_quark (void);

G_END_DECLS
