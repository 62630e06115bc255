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

typedef struct _AiotCall         AiotCall;
typedef struct _AiotContext      AiotContext;
typedef struct _AiotContextToken AiotContextToken;
typedef struct _AiotContextVar   AiotContextVar;
typedef struct _AiotExecutor     AiotExecutor;
typedef struct _AiotLimiter      AiotLimiter;
typedef struct _AiotProgress     AiotProgress;
typedef struct _AiotThreaded     AiotThreaded;

/**
 * AIOT_TIMEOUT_DEFAULT:
 *
 * The time-out that is meant where none is given: that of the object, or none.
 *
 * Since: 1.0
 */
#define AIOT_TIMEOUT_DEFAULT (-1)

/**
 * AIOT_TIMEOUT_NONE:
 *
 * No time-out: to wait for as long as it takes.
 *
 * Since: 1.0
 */
#define AIOT_TIMEOUT_NONE 0

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
 * AiotPostFunc:
 * @user_data: the data given with the function
 *
 * What [method@Call.post] calls, on the main context of the caller.
 *
 * Since: 1.0
 */
typedef void (*AiotPostFunc) (gpointer user_data);

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

/**
 * AiotExecutorKind:
 * @AIOT_EXECUTOR_POOL: as many threads as the work needs, up to a size; see [ctor@Executor.new_pool]
 * @AIOT_EXECUTOR_SERIAL: one thread, which does all in order; see [ctor@Executor.new_serial]
 * @AIOT_EXECUTOR_SEPARATE: a new thread for each piece of work; see [ctor@Executor.new_separate]
 *
 * The kinds of executors.
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_EXECUTOR_POOL,
  AIOT_EXECUTOR_SERIAL,
  AIOT_EXECUTOR_SEPARATE,
} AiotExecutorKind;

/**
 * AiotShutdown:
 * @AIOT_SHUTDOWN_WAIT: all work that was given is done first
 * @AIOT_SHUTDOWN_CANCEL: work that waits for a thread is answered with %G_IO_ERROR_CANCELLED and never runs; functions that
 *   run are told that they are cancelled, and waited for
 *
 * What happens to the work of an executor that is shut down.
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_SHUTDOWN_WAIT,
  AIOT_SHUTDOWN_CANCEL,
} AiotShutdown;

/**
 * AiotThreadPhase:
 * @AIOT_THREAD_STARTS: the thread has not done anything yet
 * @AIOT_THREAD_ENDS: the thread will not do anything any more
 *
 * When an [callback@ThreadHook] is called.
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_THREAD_STARTS,
  AIOT_THREAD_ENDS,
} AiotThreadPhase;

/**
 * AiotThreadHook:
 * @phase: whether the thread starts or ends
 * @user_data: the data given with the hook
 *
 * What every thread of an executor calls on itself, before its first work and after its last.
 *
 * Since: 1.0
 */
typedef void (*AiotThreadHook) (AiotThreadPhase phase,
                                gpointer        user_data);

G_END_DECLS
