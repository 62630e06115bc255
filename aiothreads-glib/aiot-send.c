/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-send-private.h"

#include "aiot-error.h"
#include "aiot-process-private.h"
#include "aiot-request-private.h"
#include "aiot-value-private.h"

/* Sending: without waiting, by a thread that waits, and for somebody who is called back. All take what is in @value. */

static AiotSent
sent_by_offer (AiotOffer offer)
{
  switch (offer)
    {
    case AIOT_OFFER_ACCEPTED:
      return AIOT_SENT_ITEM;
    case AIOT_OFFER_DISPLACED:
      return AIOT_SENT_AND_DROPPED;
    case AIOT_OFFER_DROPPED:
      return AIOT_SENT_TO_BE_DROPPED;
    case AIOT_OFFER_WAITS:
    case AIOT_OFFER_FULL:
    case AIOT_OFFER_CLOSED:
    case AIOT_OFFER_INTERRUPTED:
    default:
      return AIOT_SENT_NOTHING;
    }
}

static void
set_offer_error (AiotOffer   offer,
                 GError    **error)
{
  if (offer == AIOT_OFFER_CLOSED)
    g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CLOSED, "What the item was sent to is closed");
  else if (offer == AIOT_OFFER_FULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "There is no room for the item now");
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
}

/* Takes what is in @value. Returns AIOT_SENT_NOTHING. */
static AiotSent
refuse (AiotQueue *self,
        GValue    *value)
{
  /* Nobody is at home in a forked child. */
  if (aiot_process_is_forked ())
    g_value_unset (value);
  else
    aiot_queue_destroy_value (self, value);
  return AIOT_SENT_NOTHING;
}

/* What a sender is told, who waits no more. Takes what is in @value, where it was not accepted. */
static AiotSent
conclude (AiotQueue  *self,
          AiotOffer   offer,
          GValue     *value,
          GError    **error)
{
  AiotSent sent = sent_by_offer (offer);

  if (sent != AIOT_SENT_NOTHING)
    return sent;

  set_offer_error (offer, error);
  return refuse (self, value);
}

/* --- Without waiting --------------------------------------------------------- */

/* What is in @value is a copy, made by this thread of what its caller still has. */
AiotSent
aiot_queue_try_send (AiotQueue  *self,
                     GValue     *value,
                     GError    **error)
{
  AiotOffer offer;

  if (aiot_process_fails_if_forked (error))
    return refuse (self, value);

  offer = aiot_queue_offer (self, value, NULL);
  if (offer != AIOT_OFFER_FULL)
    return conclude (self, offer, value, error);

  /* A way home for each attempt would wake it each time. The copy is not the last of anything. */
  g_value_unset (value);
  set_offer_error (offer, error);
  return AIOT_SENT_NOTHING;
}

/* --- By a thread that waits -------------------------------------------------- */

typedef struct
{
  AiotSender sender;
  AiotWaiter waiter;
} SyncSender;

static void
sync_sender_notify (AiotQueueWaiter *waiter)
{
  aiot_waiter_finish_last (&((SyncSender *) waiter)->waiter);
}

static AiotOffer
sleep_until_let_in (AiotQueue    *self,
                    GValue       *value,
                    GCancellable *cancellable)
{
  SyncSender sender = { .sender = { .waiter = { .notify = sync_sender_notify } } };
  AiotInterruption interruption;
  AiotOffer offer;

  aiot_waiter_init (&sender.waiter);
  offer = aiot_queue_offer (self, value, &sender.sender);
  if (offer == AIOT_OFFER_WAITS)
    {
      interruption = aiot_waiter_wait (&sender.waiter, AIOT_TIMEOUT_NONE, cancellable);
      if (interruption != AIOT_INTERRUPTION_NONE && !aiot_queue_interrupt_sender (self, &sender.sender, interruption))
        aiot_waiter_wait_done (&sender.waiter);

      if (sender.sender.was_accepted)
        {
          offer = AIOT_OFFER_ACCEPTED;
        }
      else
        {
          *value = sender.sender.value;
          offer = aiot_queue_is_closed (self) ? AIOT_OFFER_CLOSED : AIOT_OFFER_INTERRUPTED;
        }
    }
  aiot_waiter_clear (&sender.waiter);
  return offer;
}

/* Blocks while it is full, and calls @waits, which may be NULL, before that. */
AiotSent
aiot_queue_send_sync (AiotQueue     *self,
                      GValue        *value,
                      GCancellable  *cancellable,
                      void         (*waits) (gpointer data),
                      gpointer       data,
                      GError       **error)
{
  AiotOffer offer;

  if (aiot_process_fails_if_forked (error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return refuse (self, value);

  offer = aiot_queue_offer (self, value, NULL);
  if (offer == AIOT_OFFER_FULL)
    {
      if (!aiot_queue_may_sleep (self,
                                 "There is no room, and to wait for it would stop the main context that this thread iterates; "
                                 "use aiot_channel_send_async () or aiot_channel_try_send () there",
                                 error))
        return refuse (self, value);
      if (waits != NULL)
        waits (data);
      offer = sleep_until_let_in (self, value, cancellable);
    }

  return conclude (self, offer, value, error);
}

/* --- For somebody who is called back ----------------------------------------- */

typedef struct
{
  AiotRequest request;
  AiotSender sender;

  AiotQueue *queue;
  AiotOffer offer;        /* what came of it when it began */
  GValue value;           /* until it is offered, and where it was not accepted */

  AiotSent sent;          /* home only */
} SendRequest;

#define SEND_OF(pointer) ((SendRequest *) ((char *) (pointer) - G_STRUCT_OFFSET (SendRequest, sender)))

static void
send_notify (AiotQueueWaiter *waiter)
{
  aiot_request_answer (&SEND_OF (waiter)->request);
}

static void
send_interrupt (AiotRequest      *request,
                AiotInterruption  why)
{
  SendRequest *self = (SendRequest *) request;

  if (aiot_queue_interrupt_sender (self->queue, &self->sender, why))
    aiot_request_answer (request);
}

static gboolean
send_conclude (AiotRequest *request)
{
  SendRequest *self = (SendRequest *) request;

  if (self->offer == AIOT_OFFER_WAITS && self->sender.was_accepted)
    self->offer = AIOT_OFFER_ACCEPTED;
  else if (self->offer == AIOT_OFFER_WAITS)
    self->offer = g_atomic_int_get (&self->sender.interruption) != AIOT_INTERRUPTION_NONE ? AIOT_OFFER_INTERRUPTED
                                                                                          : AIOT_OFFER_CLOSED;
  self->sent = sent_by_offer (self->offer);
  if (self->sent == AIOT_SENT_NOTHING)
    set_offer_error (self->offer, &request->error);
  return TRUE;
}

static void
send_drop (AiotRequest *request)
{
  SendRequest *self = (SendRequest *) request;

  aiot_queue_interrupt_sender (self->queue, &self->sender, AIOT_INTERRUPTION_CONTEXT_GONE);
}

static void
send_free (AiotRequest *request)
{
  SendRequest *self = (SendRequest *) request;

  if (aiot_value_is_set (&self->value))
    aiot_queue_destroy_value (self->queue, &self->value);
  if (aiot_value_is_set (&self->sender.value))
    aiot_queue_destroy_value (self->queue, &self->sender.value);
  g_clear_pointer (&self->queue, aiot_queue_unref);
  aiot_request_free (request);
}

static const AiotRequestFuncs send_funcs = {
  .interrupt = send_interrupt,
  .conclude = send_conclude,
  .drop = send_drop,
  .free = send_free,
};

void
aiot_queue_send_async (AiotQueue           *self,
                       GValue              *value,
                       GCancellable        *cancellable,
                       gpointer             source_object,
                       gpointer             source_tag,
                       GAsyncReadyCallback  callback,
                       gpointer             callback_data)
{
  SendRequest *request = aiot_alloc_zeroed (sizeof (SendRequest));
  AiotOffer offer;

  request->queue = aiot_queue_ref (self);
  request->value = *value;
  *value = (GValue) G_VALUE_INIT;
  request->sender.waiter.notify = send_notify;
  if (!aiot_request_begin (&request->request, &send_funcs, AIOT_HOME_LANE_COMPLETIONS, source_object, source_tag,
                           AIOT_TIMEOUT_NONE, cancellable, callback, callback_data))
    return;

  /* If it waits, it may be answered and gone when this returns. */
  request->offer = AIOT_OFFER_WAITS;
  offer = aiot_queue_offer (self, &request->value, &request->sender);
  if (offer == AIOT_OFFER_WAITS)
    return;

  request->offer = offer;
  aiot_request_answer (&request->request);
}

AiotSent
aiot_queue_send_finish (GAsyncResult  *result,
                        GError       **error)
{
  SendRequest *self = (SendRequest *) aiot_request_finish (result, error);

  return self != NULL ? self->sent : AIOT_SENT_NOTHING;
}
