/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-close-request-private.h"

#include "aiot-request-private.h"

typedef struct
{
  AiotRequest request;
  AiotEndWaiter end;
  AiotQueue *queue;     /* or NULL */
} CloseRequest;

#define CLOSE_OF(pointer) ((CloseRequest *) ((char *) (pointer) - G_STRUCT_OFFSET (CloseRequest, end)))

static void
close_notify (AiotQueueWaiter *waiter)
{
  aiot_request_answer (&CLOSE_OF (waiter)->request);
}

static void
close_interrupt (AiotRequest      *request,
                 AiotInterruption  why)
{
  CloseRequest *self = (CloseRequest *) request;

  if (self->queue != NULL && aiot_queue_interrupt_end_waiter (self->queue, &self->end, why))
    aiot_request_answer (request);
}

static gboolean
close_conclude (AiotRequest *request)
{
  CloseRequest *self = (CloseRequest *) request;

  if (g_atomic_int_get (&self->end.interruption) != AIOT_INTERRUPTION_NONE)
    request->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  return TRUE;
}

static void
close_drop (AiotRequest *request)
{
  close_interrupt (request, AIOT_INTERRUPTION_CONTEXT_GONE);
}

static void
close_free (AiotRequest *request)
{
  g_clear_pointer (&((CloseRequest *) request)->queue, aiot_queue_unref);
  aiot_request_free (request);
}

static const AiotRequestFuncs close_funcs = {
  .interrupt = close_interrupt,
  .conclude = close_conclude,
  .drop = close_drop,
  .free = close_free,
};

void
aiot_close_request_start (AiotIterator        *iterator,
                          AiotQueue           *queue,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             callback_data)
{
  CloseRequest *self = aiot_alloc_zeroed (sizeof (CloseRequest));

  self->end.waiter.notify = close_notify;
  self->queue = queue != NULL ? aiot_queue_ref (queue) : NULL;
  if (!aiot_request_begin (&self->request, &close_funcs, AIOT_HOME_LANE_COMPLETIONS, iterator, aiot_iterator_close_async,
                           AIOT_TIMEOUT_NONE, cancellable, callback, callback_data))
    return;

  if (queue == NULL || !aiot_queue_add_end_waiter (queue, &self->end))
    aiot_request_answer (&self->request);
}

gboolean
aiot_close_request_finish (AiotIterator  *iterator,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (aiot_result_is_valid (result, iterator, aiot_iterator_close_async), FALSE);

  return aiot_request_finish (result, error) != NULL;
}
