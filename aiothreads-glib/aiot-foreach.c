/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-foreach-private.h"

#include "aiot-clock-private.h"
#include "aiot-request-private.h"
#include "aiot-value-private.h"

/*
 * Calling a function with each item: the fastest way, because a whole block of items leaves the queue at once.
 *
 * It is a request that is answered again and again: it has its turn, hands out what one turn allows, and gets in line again,
 * at home while it has items left, and at the queue when it has none.
 */

typedef struct
{
  AiotRequest request;
  AiotReceiver receiver;

  /* Set when it is made */
  AiotQueue *queue;
  AiotReader *reader;     /* of the iterator */
  AiotItemFunc func;
  gpointer user_data;
  GDestroyNotify user_data_destroy;

  AiotBlock *block;       /* home only */
} Foreach;

#define FOREACH_OF(pointer) ((Foreach *) ((char *) (pointer) - G_STRUCT_OFFSET (Foreach, receiver)))

static void
foreach_notify (AiotQueueWaiter *waiter)
{
  aiot_request_answer (&FOREACH_OF (waiter)->request);
}

static void
foreach_interrupt (AiotRequest      *request,
                   AiotInterruption  why)
{
  Foreach *self = (Foreach *) request;

  if (aiot_queue_interrupt_receiver (self->queue, &self->receiver, why))
    aiot_request_answer (request);
}

static void
foreach_put_back (Foreach *self)
{
  if (self->block != NULL)
    aiot_queue_put_back (self->queue, g_steal_pointer (&self->block));
}

static void
foreach_drop_data (Foreach *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->user_data_destroy);

  if (destroy != NULL)
    destroy (self->user_data);
}

/* Leaves what was not handed out to others, or to be destroyed. */
static gboolean
foreach_leave (Foreach *self)
{
  foreach_put_back (self);
  aiot_iterator_close (AIOT_ITERATOR (self->request.source_object));
  foreach_drop_data (self);
  return TRUE;
}

static gboolean
foreach_end (Foreach   *self,
             AiotTaken  taken,
             GError    *end_error)
{
  if (!aiot_reader_conclude (self->reader, taken, self->receiver.interruption, end_error, &self->request.error))
    return foreach_leave (self);

  foreach_drop_data (self);
  return TRUE;
}

/* Whether it is over before the end. */
static gboolean
foreach_is_interrupted (Foreach *self)
{
  return aiot_reader_is_closed (self->reader) ||
         g_atomic_int_get (&self->receiver.interruption) != AIOT_INTERRUPTION_NONE;
}

/* FALSE where the function has had enough. */
static gboolean
foreach_hand_out (Foreach *self)
{
  GValue value;
  gboolean goes_on;

  aiot_queue_hand_out (self->queue);
  value = self->block->items[self->block->first++];
  goes_on = self->func (&value, self->user_data);
  aiot_value_clear (&value);
  return goes_on;
}

static gboolean
foreach_get_in_line (Foreach *self)
{
  g_autoptr (GObject) iterator = NULL;

  if (aiot_block_get_length (self->block) > 0 || aiot_reader_reserve (self->reader, self->queue, &self->receiver))
    {
      aiot_request_answer (&self->request);
      return FALSE;
    }

  /* Once it waits, somebody else may let go of it. */
  iterator = g_object_ref (self->request.source_object);
  if (!aiot_reader_wait (self->reader, self->queue, &self->receiver))
    return foreach_end (self, AIOT_TAKEN_INTERRUPTION, NULL);
  return FALSE;
}

static gboolean
foreach_have_turn (Foreach *self)
{
  gint64 end = aiot_clock_now () + AIOT_FOREACH_TIME;

  do
    {
      if (!foreach_hand_out (self))
        return foreach_leave (self);
      if (foreach_is_interrupted (self))
        return foreach_end (self, AIOT_TAKEN_INTERRUPTION, NULL);
    }
  while (aiot_block_get_length (self->block) > 0 && aiot_clock_now () < end);

  return foreach_get_in_line (self);
}

static gboolean
foreach_conclude (AiotRequest *request)
{
  Foreach *self = (Foreach *) request;
  GError *end_error = NULL;
  AiotTaken taken;

  if (self->block != NULL && aiot_block_get_length (self->block) > 0)
    return foreach_is_interrupted (self) ? foreach_end (self, AIOT_TAKEN_INTERRUPTION, NULL) : foreach_have_turn (self);

  if (aiot_reader_is_closed (self->reader))
    aiot_queue_interrupt_receiver (self->queue, &self->receiver, AIOT_INTERRUPTION_CLOSED);
  taken = aiot_queue_take_block (self->queue, &self->receiver, &self->block, &end_error);
  if (taken != AIOT_TAKEN_ITEMS)
    return foreach_end (self, taken, end_error);

  return foreach_have_turn (self);
}

static void
foreach_drop (AiotRequest *request)
{
  Foreach *self = (Foreach *) request;

  aiot_queue_interrupt_receiver (self->queue, &self->receiver, AIOT_INTERRUPTION_CONTEXT_GONE);
  foreach_leave (self);
}

static void
foreach_free (AiotRequest *request)
{
  Foreach *self = (Foreach *) request;

  foreach_put_back (self);
  foreach_drop_data (self);
  g_clear_pointer (&self->queue, aiot_queue_unref);
  aiot_request_free (request);
}

static const AiotRequestFuncs foreach_funcs = {
  .interrupt = foreach_interrupt,
  .conclude = foreach_conclude,
  .drop = foreach_drop,
  .free = foreach_free,
};

void
aiot_queue_foreach_async (AiotQueue           *self,
                          AiotReader          *reader,
                          AiotItemFunc         func,
                          gpointer             user_data,
                          GDestroyNotify       user_data_destroy,
                          GCancellable        *cancellable,
                          AiotIterator        *iterator,
                          gpointer             source_tag,
                          GAsyncReadyCallback  callback,
                          gpointer             callback_data)
{
  Foreach *foreach = aiot_alloc_zeroed (sizeof (Foreach));

  foreach->queue = aiot_queue_ref (self);
  foreach->reader = reader;
  foreach->func = func;
  foreach->user_data = user_data;
  foreach->user_data_destroy = user_data_destroy;
  foreach->receiver.reader = reader;
  foreach->receiver.min = 1;
  foreach->receiver.max = AIOT_BLOCK_SIZE;
  foreach->receiver.waiter.notify = foreach_notify;
  if (!aiot_reader_is_open (reader))
    foreach->receiver.interruption = AIOT_INTERRUPTION_CLOSED;
  if (!aiot_request_begin (&foreach->request, &foreach_funcs, AIOT_HOME_LANE_BACKGROUND, iterator, source_tag,
                           AIOT_TIMEOUT_NONE, cancellable, callback, callback_data))
    return;

  if (!aiot_reader_wait (reader, self, &foreach->receiver))
    aiot_request_answer (&foreach->request);
}

/* @result was checked by the caller. */
gboolean
aiot_queue_foreach_finish (GAsyncResult  *result,
                           GError       **error)
{
  return aiot_request_finish (result, error) != NULL;
}
