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

typedef struct _AiotBatch            AiotBatch;
typedef struct _AiotCall             AiotCall;
typedef struct _AiotChannel          AiotChannel;
typedef struct _AiotContext          AiotContext;
typedef struct _AiotContextToken     AiotContextToken;
typedef struct _AiotContextVar       AiotContextVar;
typedef struct _AiotExecutor         AiotExecutor;
typedef struct _AiotGenerator        AiotGenerator;
typedef struct _AiotIterator         AiotIterator;
typedef struct _AiotLimiter          AiotLimiter;
typedef struct _AiotProgress         AiotProgress;
typedef struct _AiotThreaded         AiotThreaded;
typedef struct _AiotThreadedIterable AiotThreadedIterable;
typedef struct _AiotThreadedIterator AiotThreadedIterator;

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
 * AIOT_CAPACITY_DEFAULT:
 *
 * The capacity that is meant where none is given: that of [func@get_default_capacity].
 *
 * Since: 1.0
 */
#define AIOT_CAPACITY_DEFAULT (-1)

/**
 * AIOT_CAPACITY_UNBOUNDED:
 *
 * No limit to the number of items that wait. Nothing holds back a producer that is faster than its consumer then.
 *
 * Since: 1.0
 */
#define AIOT_CAPACITY_UNBOUNDED 0

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
 * AiotGeneratorFunc:
 * @generator: where its items go; also its argument and its cancellable
 * @user_data: the data given with the function
 * @error: where to say what went wrong
 *
 * A blocking function that runs in a worker thread, and gives many results, one after the other.
 *
 * It gives each with [method@Generator.emit] or one of its typed forms. Where that returns %FALSE, nobody wants any more items:
 * the function cleans up and returns %FALSE with the error that it got. It returns %TRUE after the last item. A function that
 * returns %FALSE without setting @error makes the iteration fail with %AIOT_ERROR_FAILED.
 *
 * Returns: %TRUE if it has given all items, %FALSE if @error is set
 *
 * Since: 1.0
 */
typedef gboolean (*AiotGeneratorFunc) (AiotGenerator  *generator,
                                       gpointer        user_data,
                                       GError        **error);

/**
 * AiotItemFunc:
 * @item: an item, valid until the function returns
 * @user_data: the data given with the function
 *
 * Takes one item after the other.
 *
 * Returns: %TRUE to go on, %FALSE to stop, as `break` does in a loop
 *
 * Since: 1.0
 */
typedef gboolean (*AiotItemFunc) (const GValue *item,
                                  gpointer      user_data);

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
 * AiotWhenFull:
 * @AIOT_WHEN_FULL_WAIT: the sender waits until there is room
 * @AIOT_WHEN_FULL_DROP_OLDEST: the item that has waited longest is dropped
 * @AIOT_WHEN_FULL_DROP_NEWEST: the new item is dropped
 * @AIOT_WHEN_FULL_KEEP_LATEST: one item waits at most, and a new one takes its place, whatever the capacity is
 *
 * What happens when an item is sent to a channel that is full.
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_WHEN_FULL_WAIT,
  AIOT_WHEN_FULL_DROP_OLDEST,
  AIOT_WHEN_FULL_DROP_NEWEST,
  AIOT_WHEN_FULL_KEEP_LATEST,
} AiotWhenFull;

/**
 * AiotSent:
 * @AIOT_SENT_NOTHING: there was an error, and the channel did not take the item; it is 0, so this can be used as a boolean
 * @AIOT_SENT_ITEM: the item waits, or was received already
 * @AIOT_SENT_AND_DROPPED: the item waits, and an older one was dropped for it
 * @AIOT_SENT_TO_BE_DROPPED: the item was dropped, because the channel is full
 *
 * What became of an item that was sent; see [enum@WhenFull].
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_SENT_NOTHING,
  AIOT_SENT_ITEM,
  AIOT_SENT_AND_DROPPED,
  AIOT_SENT_TO_BE_DROPPED,
} AiotSent;

/**
 * AiotOrder:
 * @AIOT_ORDER_GIVEN: results come in the order of the items that they were made from
 * @AIOT_ORDER_READY: results come as soon as they are there
 *
 * In which order the results of parallel work come.
 *
 * Since: 1.0
 */
typedef enum
{
  AIOT_ORDER_GIVEN,
  AIOT_ORDER_READY,
} AiotOrder;

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
