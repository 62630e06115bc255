/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-queue-internal.h"

#include "aiot-brief-lock-private.h"

/* What senders do. */

static void
wait_for_room_locked (AiotQueue          *self,
                      AiotSender         *sender,
                      GValue             *value,
                      AiotQueueAftermath *aftermath)
{
  sender->value = *value;
  *value = (GValue) G_VALUE_INIT;
  sender->was_accepted = FALSE;
  aiot_queue_enqueue_locked (&self->senders, &sender->waiter);
  aiot_queue_note_refill_locked (self);
  g_atomic_int_inc (&self->n_senders);
  /* Whoever hands out items without the lock may just have looked for senders too early. */
  aiot_queue_refill_locked (self, aftermath);
}

/* In place of the item that has waited longest. */
static void
displace_locked (AiotQueue          *self,
                 GValue             *value,
                 GValue             *dropped,
                 AiotQueueAftermath *aftermath)
{
  aiot_queue_remove_locked (self, dropped, 1);
  aiot_queue_count_out (self, 1);
  self->n_dropped++;
  aiot_queue_append_locked (self, value, aftermath);
}

static AiotOffer
offer_locked (AiotQueue          *self,
              GValue             *value,
              AiotSender         *sender,
              GValue             *dropped,
              AiotQueueAftermath *aftermath)
{
  if (self->is_closed)
    return AIOT_OFFER_CLOSED;
  if (sender != NULL && sender->interruption != AIOT_INTERRUPTION_NONE)
    return AIOT_OFFER_INTERRUPTED;

  if (self->senders.head == NULL && aiot_queue_has_room_locked (self))
    {
      aiot_queue_append_locked (self, value, aftermath);
      aiot_queue_serve_locked (self, aftermath);
      return AIOT_OFFER_ACCEPTED;
    }

  switch (self->when_full)
    {
    case AIOT_WHEN_FULL_DROP_OLDEST:
    case AIOT_WHEN_FULL_KEEP_LATEST:
      displace_locked (self, value, dropped, aftermath);
      return AIOT_OFFER_DISPLACED;

    case AIOT_WHEN_FULL_DROP_NEWEST:
      self->n_accepted++;
      self->n_dropped++;
      *dropped = *value;
      *value = (GValue) G_VALUE_INIT;
      return AIOT_OFFER_DROPPED;

    case AIOT_WHEN_FULL_WAIT:
    default:
      if (sender == NULL)
        return AIOT_OFFER_FULL;
      wait_for_room_locked (self, sender, value, aftermath);
      return AIOT_OFFER_WAITS;
    }
}

/*
 * Takes what is in @value, but where it says FULL, CLOSED or INTERRUPTED. Where it says WAITS, the sender has the value until
 * it is notified, or interrupted.
 */
AiotOffer
aiot_queue_offer (AiotQueue  *self,
                  GValue     *value,
                  AiotSender *sender)
{
  GValue dropped = G_VALUE_INIT;
  AiotQueueAftermath aftermath;
  AiotOffer offer;

  aiot_queue_lock (self, &aftermath);
  offer = offer_locked (self, value, sender, &dropped, &aftermath);
  aiot_queue_unlock (self, &aftermath);

  if (offer == AIOT_OFFER_DISPLACED || offer == AIOT_OFFER_DROPPED)
    aiot_queue_destroy_value (self, &dropped);
  return offer;
}

/* TRUE when it will not be notified, because it still waited. Before it waits this keeps it from doing so. */
gboolean
aiot_queue_interrupt_sender (AiotQueue        *self,
                             AiotSender       *sender,
                             AiotInterruption  why)
{
  gboolean was_queued;

  aiot_brief_lock (&self->mutex);
  was_queued = sender->waiter.is_queued;
  if (was_queued)
    aiot_queue_remove_sender_locked (self, sender);
  if (!sender->was_accepted && sender->interruption == AIOT_INTERRUPTION_NONE)
    g_atomic_int_set (&sender->interruption, why);
  g_mutex_unlock (&self->mutex);

  return was_queued;
}
