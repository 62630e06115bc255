/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-queue-internal.h"

#include "aiot-batch-private.h"
#include "aiot-brief-lock-private.h"
#include "aiot-fault-private.h"

/* What receivers do. */

/* FALSE when it was interrupted already, and will not be notified. It may be notified before this returns. */
gboolean
aiot_queue_add_receiver (AiotQueue    *self,
                         AiotReceiver *receiver)
{
  AiotQueueAftermath aftermath;
  gboolean added;

  aiot_queue_lock (self, &aftermath);
  added = receiver->interruption == AIOT_INTERRUPTION_NONE;
  if (added)
    {
      receiver->was_served = FALSE;
      aiot_queue_add_receiver_locked (self, receiver);
      aiot_queue_serve_locked (self, &aftermath);
      /* If it has to wait, senders are let in. */
      aiot_queue_refill_locked (self, &aftermath);
    }
  aiot_queue_unlock (self, &aftermath);

  return added;
}

/*
 * TRUE when the receiver is served already: it need not get in line, and will not be notified. Not where others are still to be
 * notified, who were served before.
 */
gboolean
aiot_queue_reserve (AiotQueue    *self,
                    AiotReceiver *receiver)
{
  gboolean is_served;

  aiot_brief_lock (&self->mutex);
  is_served = receiver->interruption == AIOT_INTERRUPTION_NONE && self->receivers.head == NULL && self->notifier == 0 &&
              aiot_queue_get_available_locked (self) >= aiot_queue_get_least (self, receiver);
  if (is_served)
    aiot_queue_serve_receiver_locked (self, receiver);
  g_mutex_unlock (&self->mutex);

  return is_served;
}

static void
release_reservation_locked (AiotQueue    *self,
                            AiotReceiver *receiver)
{
  /* With the items, the reservations were discarded. */
  if (!self->is_discarded)
    self->n_reserved -= receiver->n_reserved;
  receiver->n_reserved = 0;
}

/* When its time is over, whoever waits for several items gets those that are there. */
static gboolean
gets_what_is_there_locked (AiotQueue        *self,
                           AiotReceiver     *receiver,
                           AiotInterruption  why)
{
  return why == AIOT_INTERRUPTION_TIMED_OUT && self->receivers.head == &receiver->waiter.link &&
         aiot_queue_get_available_locked (self) > 0;
}

static gboolean
interrupt_receiver_locked (AiotQueue          *self,
                           AiotReceiver       *receiver,
                           AiotInterruption    why,
                           AiotQueueAftermath *aftermath)
{
  gboolean was_queued = receiver->waiter.is_queued;
  gboolean gets_some = was_queued && gets_what_is_there_locked (self, receiver, why);

  if (receiver->has_taken || receiver->interruption != AIOT_INTERRUPTION_NONE)
    return FALSE;
  /* The items came in time; it was only not told yet. */
  if (receiver->was_served && why == AIOT_INTERRUPTION_TIMED_OUT)
    return FALSE;

  if (was_queued)
    aiot_queue_remove_receiver_locked (self, receiver);
  if (gets_some)
    {
      aiot_queue_serve_receiver_locked (self, receiver);
    }
  else
    {
      g_atomic_int_set (&receiver->interruption, why);
      release_reservation_locked (self, receiver);
    }
  if (!AIOT_LOSES_RESERVATIONS)
    aiot_queue_serve_locked (self, aftermath);
  return was_queued;
}

/*
 * Any thread. It takes nothing any more; what was reserved for it passes to the next. TRUE when it will not be notified, because it
 * still waited.
 */
gboolean
aiot_queue_interrupt_receiver (AiotQueue        *self,
                               AiotReceiver     *receiver,
                               AiotInterruption  why)
{
  AiotQueueAftermath aftermath;
  gboolean was_queued;

  aiot_queue_lock (self, &aftermath);
  was_queued = interrupt_receiver_locked (self, receiver, why, &aftermath);
  aiot_queue_unlock (self, &aftermath);

  return was_queued;
}

/* Those of one reader that wait: they are notified. */
void
aiot_queue_interrupt_reader (AiotQueue *self,
                             gpointer   reader)
{
  AiotQueueAftermath aftermath;
  GList *next;

  aiot_queue_lock (self, &aftermath);
  for (GList *l = self->receivers.head; l != NULL; l = next)
    {
      AiotReceiver *receiver = l->data;

      next = l->next;
      if (receiver->reader != reader)
        continue;

      aiot_queue_remove_receiver_locked (self, receiver);
      g_atomic_int_set (&receiver->interruption, AIOT_INTERRUPTION_CLOSED);
      aiot_queue_notify_later (&receiver->waiter, &aftermath);
    }
  aiot_queue_serve_locked (self, &aftermath);
  aiot_queue_unlock (self, &aftermath);
}

/* How many items the receiver may take now: what it was promised, and what nobody else waits for. */
static guint
get_share_locked (AiotQueue    *self,
                  AiotReceiver *receiver)
{
  guint n = receiver->n_reserved;

  if (self->receivers.head == NULL)
    n = MIN (n + aiot_queue_get_available_locked (self), receiver->max);
  if (!receiver->was_served && n < aiot_queue_get_least (self, receiver) && !self->is_closed)
    return 0;
  return n;
}

static AiotTaken
take_no_items_locked (AiotQueue     *self,
                      AiotReceiver  *receiver,
                      GError       **error)
{
  if (!self->is_closed)
    return AIOT_TAKEN_NOTHING;

  receiver->has_taken = TRUE;
  if (self->error != NULL)
    {
      *error = g_steal_pointer (&self->error);
      return AIOT_TAKEN_ERROR;
    }
  return AIOT_TAKEN_END;
}

/* What there is for the receiver; then *n is how many items. */
static AiotTaken
begin_taking_locked (AiotQueue     *self,
                     AiotReceiver  *receiver,
                     guint         *n,
                     GError       **error)
{
  if (receiver->interruption != AIOT_INTERRUPTION_NONE)
    {
      receiver->has_taken = TRUE;
      return AIOT_TAKEN_INTERRUPTION;
    }
  if (self->is_discarded)
    {
      receiver->has_taken = TRUE;
      return AIOT_TAKEN_CLOSED;
    }

  *n = get_share_locked (self, receiver);
  if (*n == 0)
    return take_no_items_locked (self, receiver, error);

  receiver->has_taken = TRUE;
  release_reservation_locked (self, receiver);
  return AIOT_TAKEN_ITEMS;
}

/* After items were taken. Where none is left, the last of them may yet be handed out by somebody, who tells that. */
static void
note_last_locked (AiotQueue *self)
{
  if (self->n_items == 0)
    g_atomic_int_set (&self->n_in_at_last, self->n_in);
}

/* After that many items have left the queue for user code. */
static void
end_taking_locked (AiotQueue          *self,
                   guint               n,
                   AiotQueueAftermath *aftermath)
{
  aiot_queue_count_out (self, n);
  note_last_locked (self);
  aiot_queue_note_change_locked (self, self->n_items == 0, aftermath);
  aiot_queue_refill_locked (self, aftermath);
}

/* One item, for a receiver that was served, or that takes what there is for it without waiting. */
AiotTaken
aiot_queue_take (AiotQueue     *self,
                 AiotReceiver  *receiver,
                 GValue        *value,
                 GError       **error)
{
  AiotQueueAftermath aftermath;
  AiotTaken taken;
  guint n;

  aiot_queue_lock (self, &aftermath);
  taken = begin_taking_locked (self, receiver, &n, error);
  if (taken == AIOT_TAKEN_ITEMS)
    {
      aiot_queue_remove_locked (self, value, 1);
      end_taking_locked (self, 1, &aftermath);
    }
  aiot_queue_unlock (self, &aftermath);

  return taken;
}

/* The same for all that it may have. */
AiotTaken
aiot_queue_take_batch (AiotQueue     *self,
                       AiotReceiver  *receiver,
                       AiotHome      *home,
                       AiotBatch    **batch,
                       GError       **error)
{
  AiotQueueAftermath aftermath;
  AiotTaken taken;
  guint n;

  aiot_queue_lock (self, &aftermath);
  taken = begin_taking_locked (self, receiver, &n, error);
  if (taken == AIOT_TAKEN_ITEMS)
    {
      *batch = aiot_batch_new (home, n);
      aiot_queue_remove_locked (self, aiot_batch_get_values (*batch), n);
      end_taking_locked (self, n, &aftermath);
    }
  aiot_queue_unlock (self, &aftermath);

  return taken;
}

/*
 * The same for some that are handed out one by one, with aiot_queue_hand_out () before each; the first at once. @block has an empty
 * one that is no longer needed, or NULL, and gets one with items. The receiver may be added again afterwards.
 */
AiotTaken
aiot_queue_take_block (AiotQueue     *self,
                       AiotReceiver  *receiver,
                       AiotBlock    **block,
                       GError       **error)
{
  AiotQueueAftermath aftermath;
  AiotTaken taken;
  guint n;

  aiot_queue_lock (self, &aftermath);
  if (*block != NULL)
    aiot_queue_recycle_locked (self, g_steal_pointer (block));
  taken = begin_taking_locked (self, receiver, &n, error);
  if (taken == AIOT_TAKEN_ITEMS)
    {
      receiver->has_taken = FALSE;
      if (self->when_full == AIOT_WHEN_FULL_WAIT)
        {
          *block = aiot_queue_remove_block_locked (self, n);
          note_last_locked (self);
          /* The block may have fewer than were reserved. */
          aiot_queue_serve_locked (self, &aftermath);
        }
      else
        {
          /* Where items may be dropped, none may be counted that can't be. */
          *block = aiot_queue_remove_block_locked (self, 1);
          end_taking_locked (self, 1, &aftermath);
        }
    }
  aiot_queue_unlock (self, &aftermath);

  return taken;
}

/* Whether a sender is to be let in. Whoever begins to wait looks for itself. */
static gboolean
needs_refill (AiotQueue *self,
              guint      n_out)
{
  return g_atomic_int_get (&self->n_senders) > 0 &&
         ((int) (n_out - (guint) g_atomic_int_get (&self->refill_at)) >= 0 || g_atomic_int_get (&self->n_receivers) > 0);
}

/* A handler that was connected meanwhile is found when the last item goes. */
static gboolean
is_observed (AiotQueue *self,
             guint      n_out)
{
  return g_atomic_int_get (&self->changed_always) ||
         (self->changed != NULL && n_out == (guint) g_atomic_int_get (&self->n_in_at_last));
}

/* One item of a block goes to user code now. */
void
aiot_queue_hand_out (AiotQueue *self)
{
  AiotQueueAftermath aftermath;
  guint n_out;

  if (self->when_full != AIOT_WHEN_FULL_WAIT)
    return;

  n_out = aiot_queue_count_out (self, 1);
  if (G_LIKELY (!needs_refill (self, n_out) && !is_observed (self, n_out)))
    return;

  aiot_queue_lock (self, &aftermath);
  aiot_queue_note_change_locked (self, aiot_queue_get_length_locked (self) == 0, &aftermath);
  aiot_queue_refill_locked (self, &aftermath);
  aiot_queue_unlock (self, &aftermath);
}

static void
put_back_locked (AiotQueue          *self,
                 AiotBlock          *block,
                 AiotQueueAftermath *aftermath)
{
  guint n = aiot_block_get_length (block);

  if (self->is_discarded)
    {
      aiot_queue_count_out (self, n);
      self->n_destroyed += n;
      block->entry.next = NULL;
      aftermath->blocks = block;
    }
  else
    {
      aiot_queue_prepend_block_locked (self, block);
      self->n_items += n;
      aiot_queue_serve_locked (self, aftermath);
    }
}

/* Takes the block. What is left in it goes to where it was. */
void
aiot_queue_put_back (AiotQueue *self,
                     AiotBlock *block)
{
  AiotQueueAftermath aftermath;

  if (aiot_block_get_length (block) == 0)
    {
      aiot_block_free (block);
      return;
    }

  aiot_queue_lock (self, &aftermath);
  put_back_locked (self, block, &aftermath);
  aiot_queue_unlock (self, &aftermath);
}

/* An item that has left the queue comes back to its head. Takes what is in @value. */
void
aiot_queue_unreceive (AiotQueue *self,
                      GValue    *value)
{
  AiotBlock *block = aiot_block_new ();
  AiotQueueAftermath aftermath;

  aiot_block_append (block, value);
  aiot_queue_lock (self, &aftermath);
  aiot_queue_count_in_again_locked (self);
  put_back_locked (self, block, &aftermath);
  aiot_queue_unlock (self, &aftermath);
}
