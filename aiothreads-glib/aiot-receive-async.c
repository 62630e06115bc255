/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-receive-private.h"

#include "aiot-batch-private.h"
#include "aiot-request-private.h"
#include "aiot-value-private.h"

/*
 * Receiving for somebody who is called back. Where an item is there already it is reserved at once, and handed out at home, when
 * the turn of its request comes: never before the function has returned, and within what home may use of a frame.
 */

typedef struct
{
  AiotRequest request;
  AiotReceiver receiver;

  /* Set when it is made */
  AiotQueue *queue;       /* of the source object, which keeps it */
  AiotReader *reader;     /* likewise, or NULL */
  gboolean is_many;

  /* Home only */
  GValue value;
  AiotBatch *batch;
} ReceiveRequest;

#define RECEIVE_OF(pointer) ((ReceiveRequest *) ((char *) (pointer) - G_STRUCT_OFFSET (ReceiveRequest, receiver)))

static void
receive_notify (AiotQueueWaiter *waiter)
{
  aiot_request_answer (&RECEIVE_OF (waiter)->request);
}

static void
receive_interrupt (AiotRequest      *request,
                   AiotInterruption  why)
{
  ReceiveRequest *self = (ReceiveRequest *) request;

  if (aiot_queue_interrupt_receiver (self->queue, &self->receiver, why))
    aiot_request_answer (request);
}

static gboolean
receive_conclude (AiotRequest *request)
{
  ReceiveRequest *self = (ReceiveRequest *) request;
  GError *end_error = NULL;
  AiotTaken taken;

  /* What is no longer wanted stays. */
  if (aiot_reader_is_closed (self->reader))
    aiot_queue_interrupt_receiver (self->queue, &self->receiver, AIOT_INTERRUPTION_CLOSED);

  if (self->is_many)
    taken = aiot_queue_take_batch (self->queue, &self->receiver, aiot_request_get_home (request), &self->batch, &end_error);
  else
    taken = aiot_queue_take (self->queue, &self->receiver, &self->value, &end_error);
  aiot_reader_conclude (self->reader, taken, self->receiver.interruption, end_error, &request->error);
  return TRUE;
}

static void
receive_drop (AiotRequest *request)
{
  ReceiveRequest *self = (ReceiveRequest *) request;

  aiot_queue_interrupt_receiver (self->queue, &self->receiver, AIOT_INTERRUPTION_CONTEXT_GONE);
}

static void
receive_free (AiotRequest *request)
{
  ReceiveRequest *self = (ReceiveRequest *) request;

  if (aiot_value_is_set (&self->value))
    aiot_value_clear (&self->value);
  g_clear_pointer (&self->batch, aiot_batch_unref);
  aiot_request_free (request);
}

static const AiotRequestFuncs receive_funcs = {
  .interrupt = receive_interrupt,
  .conclude = receive_conclude,
  .drop = receive_drop,
  .free = receive_free,
};

static void
receive_start (ReceiveRequest      *self,
               AiotQueue           *queue,
               AiotReader          *reader,
               int                  timeout_ms,
               GCancellable        *cancellable,
               gpointer             source_object,
               gpointer             source_tag,
               GAsyncReadyCallback  callback,
               gpointer             callback_data)
{
  self->queue = queue;
  self->reader = reader;
  self->receiver.reader = reader;
  self->receiver.waiter.notify = receive_notify;
  if (!aiot_reader_is_open (reader))
    self->receiver.interruption = AIOT_INTERRUPTION_CLOSED;
  if (!aiot_request_prepare (&self->request, &receive_funcs, AIOT_HOME_LANE_COMPLETIONS, source_object, source_tag,
                             callback, callback_data))
    return;

  if (aiot_reader_reserve (reader, queue, &self->receiver))
    {
      aiot_request_heed_cancellable (&self->request, cancellable);
      aiot_request_answer (&self->request);
      return;
    }

  aiot_request_heed_all (&self->request, timeout_ms, cancellable);
  if (!aiot_reader_wait (reader, queue, &self->receiver))
    aiot_request_answer (&self->request);
}

void
aiot_queue_receive_async (AiotQueue           *self,
                          AiotReader          *reader,
                          int                  timeout_ms,
                          GCancellable        *cancellable,
                          gpointer             source_object,
                          gpointer             source_tag,
                          GAsyncReadyCallback  callback,
                          gpointer             callback_data)
{
  ReceiveRequest *request = aiot_alloc_zeroed (sizeof (ReceiveRequest));

  request->receiver.min = request->receiver.max = 1;
  receive_start (request, self, reader, timeout_ms, cancellable, source_object, source_tag, callback, callback_data);
}

/* The item, which the result owns; else NULL, with an error or at the end. @result was checked by the caller. */
const GValue *
aiot_queue_receive_finish (GAsyncResult  *result,
                           GError       **error)
{
  ReceiveRequest *self = (ReceiveRequest *) aiot_request_finish (result, error);

  return self != NULL && aiot_value_is_set (&self->value) ? &self->value : NULL;
}

void
aiot_queue_receive_many_async (AiotQueue           *self,
                               AiotReader          *reader,
                               guint                min,
                               guint                max,
                               int                  timeout_ms,
                               GCancellable        *cancellable,
                               gpointer             source_object,
                               gpointer             source_tag,
                               GAsyncReadyCallback  callback,
                               gpointer             callback_data)
{
  ReceiveRequest *request = aiot_alloc_zeroed (sizeof (ReceiveRequest));

  request->receiver.min = min;
  request->receiver.max = max;
  request->is_many = TRUE;
  receive_start (request, self, reader, timeout_ms, cancellable, source_object, source_tag, callback, callback_data);
}

AiotBatch *
aiot_queue_receive_many_finish (GAsyncResult  *result,
                                GError       **error)
{
  ReceiveRequest *self = (ReceiveRequest *) aiot_request_finish (result, error);

  return self != NULL && self->batch != NULL ? aiot_batch_ref (self->batch) : NULL;
}
