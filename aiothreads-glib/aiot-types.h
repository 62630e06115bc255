/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIOT_INSIDE) && !defined(AIOT_COMPILATION)
# error "Only <aiothreads-glib/aiothreads-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <aiothreads-glib/aiot-version-macros.h>

G_BEGIN_DECLS

typedef struct _AiotCall     AiotCall;
typedef struct _AiotExecutor AiotExecutor;
typedef struct _AiotThreaded AiotThreaded;

/**
 * AiotThreadFunc:
 * @call: the call being worked on: its argument, its cancellable, and where its result goes
 * @user_data: the data given with the function
 * @error: where to say what went wrong
 *
 * A blocking function that runs in a worker thread.
 *
 * It gives its result with [method@Call.set_result] or one of its typed forms, and returns %TRUE. A function that
 * succeeds and sets nothing gives the value that [func@value_is_no_value] knows. A function that returns %FALSE
 * without setting @error makes the call fail with %AIOT_ERROR_FAILED.
 *
 * It may run in several threads at the same time when it was called several times.
 *
 * Returns: %TRUE if it succeeded, %FALSE if @error is set
 *
 * Since: 1.0
 */
typedef gboolean (*AiotThreadFunc) (AiotCall  *call,
                                    gpointer   user_data,
                                    GError   **error);

/**
 * AiotOnCancel:
 * @AIOT_ON_CANCEL_WAIT: the caller is called back when the function has stopped; what it returned is the answer, so a
 *   function that succeeded in spite of the cancellation loses nothing. All that the function used is free for reuse
 *   in the callback
 * @AIOT_ON_CANCEL_ABANDON: the caller is called back at once with %G_IO_ERROR_CANCELLED; the function goes on until it
 *   notices, and what it returns then is dropped on the main context of the caller
 *
 * What a caller wants to happen when it cancels a call whose function already runs.
 *
 * A call that has not started yet never runs and is answered at once, in both modes.
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_ON_CANCEL_WAIT,
  AIOT_ON_CANCEL_ABANDON,
} AiotOnCancel;

G_END_DECLS
