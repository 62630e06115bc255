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
 * @AIOT_ERROR_CLOSED: what takes the work was closed or shut down before
 * @AIOT_ERROR_WOULD_DEADLOCK: the calling thread would wait for something that only it can do
 * @AIOT_ERROR_CONTEXT_GONE: the main context that was waited for was abandoned, or its thread has ended
 * @AIOT_ERROR_NO_ORIGIN: the calling thread runs no work, so there is no main context that it belongs to
 * @AIOT_ERROR_FORKED: this process was forked from one that used this library, and has none of its threads
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
  AIOT_ERROR_CLOSED,
  AIOT_ERROR_WOULD_DEADLOCK,
  AIOT_ERROR_CONTEXT_GONE,
  AIOT_ERROR_NO_ORIGIN,
  AIOT_ERROR_FORKED,
} AiotError;

AIOT_AVAILABLE_IN_1_0
GQuark aiot_error_quark (void);

G_END_DECLS
