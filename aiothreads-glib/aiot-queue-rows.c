/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-queue-internal.h"

/* Who waits for items and for room, and how they get it, in turn. */

void
aiot_queue_enqueue_locked (GQueue          *row,
                           AiotQueueWaiter *waiter)
{
  waiter->link = (GList) { .data = waiter };
  waiter->is_queued = TRUE;
  g_queue_push_tail_link (row, &waiter->link);
}

void
aiot_queue_dequeue_locked (GQueue          *row,
                           AiotQueueWaiter *waiter)
{
  g_queue_unlink (row, &waiter->link);
  waiter->is_queued = FALSE;
}

void
aiot_queue_notify_later (AiotQueueWaiter    *waiter,
                         AiotQueueAftermath *aftermath)
{
  g_queue_push_tail_link (&aftermath->served, &waiter->link);
}

guint
aiot_queue_get_available_locked (AiotQueue *self)
{
  return self->n_items - self->n_reserved;
}

/* There are never more than the capacity to wait for. */
guint
aiot_queue_get_least (AiotQueue    *self,
                      AiotReceiver *receiver)
{
  return self->capacity != 0 ? MIN (receiver->min, self->capacity) : receiver->min;
}

void
aiot_queue_serve_receiver_locked (AiotQueue    *self,
                                  AiotReceiver *receiver)
{
  receiver->n_reserved = MIN (aiot_queue_get_available_locked (self), receiver->max);
  receiver->was_served = TRUE;
  self->n_reserved += receiver->n_reserved;
}

void
aiot_queue_add_receiver_locked (AiotQueue    *self,
                                AiotReceiver *receiver)
{
  aiot_queue_enqueue_locked (&self->receivers, &receiver->waiter);
  g_atomic_int_inc (&self->n_receivers);
}

void
aiot_queue_remove_receiver_locked (AiotQueue    *self,
                                   AiotReceiver *receiver)
{
  aiot_queue_dequeue_locked (&self->receivers, &receiver->waiter);
  g_atomic_int_add (&self->n_receivers, -1);
}

/* Whoever waits for items gets them, in turn. */
void
aiot_queue_serve_locked (AiotQueue          *self,
                         AiotQueueAftermath *aftermath)
{
  while (self->receivers.head != NULL)
    {
      AiotReceiver *receiver = self->receivers.head->data;

      if (aiot_queue_get_available_locked (self) < aiot_queue_get_least (self, receiver) && !self->is_closed)
        return;

      aiot_queue_remove_receiver_locked (self, receiver);
      aiot_queue_serve_receiver_locked (self, receiver);
      aiot_queue_notify_later (&receiver->waiter, aftermath);
    }
}

void
aiot_queue_remove_sender_locked (AiotQueue  *self,
                                 AiotSender *sender)
{
  aiot_queue_dequeue_locked (&self->senders, &sender->waiter);
  g_atomic_int_add (&self->n_senders, -1);
}

/* Tells whoever hands out items without the lock when the senders, who wait now, are to be let in. */
void
aiot_queue_note_refill_locked (AiotQueue *self)
{
  g_atomic_int_set (&self->refill_at, self->n_in - self->low_water);
}

/* Whoever waits for room gets it, in turn. */
static void
fill_locked (AiotQueue          *self,
             AiotQueueAftermath *aftermath)
{
  while (self->senders.head != NULL && aiot_queue_has_room_locked (self))
    {
      AiotSender *sender = self->senders.head->data;

      aiot_queue_remove_sender_locked (self, sender);
      aiot_queue_append_locked (self, &sender->value, aftermath);
      sender->was_accepted = TRUE;
      aiot_queue_notify_later (&sender->waiter, aftermath);
    }
  if (self->senders.head != NULL)
    aiot_queue_note_refill_locked (self);
}

static gboolean
is_drained_locked (AiotQueue *self)
{
  return aiot_queue_get_length_locked (self) <= self->low_water;
}

/* After items have left. */
void
aiot_queue_refill_locked (AiotQueue          *self,
                          AiotQueueAftermath *aftermath)
{
  if (self->senders.head == NULL || (!is_drained_locked (self) && self->receivers.head == NULL))
    return;

  fill_locked (self, aftermath);
  aiot_queue_serve_locked (self, aftermath);
}
