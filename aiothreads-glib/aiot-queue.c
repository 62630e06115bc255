/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-queue-private.h"

#include "aiot-batch-private.h"
#include "aiot-fault-private.h"
#include "aiot-home-table-private.h"
#include "aiot-process-private.h"

/*
 * The items wait in blocks, the blocks in a GAsyncQueue, and the lock of that guards all state. Nobody ever sleeps in the
 * GAsyncQueue itself: whoever must wait stands in one of three rows, first come first served, and is taken out of it by
 * whoever has what it waits for. That is noted under the lock; the waiter is notified after it. One thread at a time does that, so
 * that who was served first hears of it first, and nobody hears of the end before others have heard of the items before it.
 *
 * Senders bring their value along. Whoever makes room moves the first of them in, so none has to run before the item
 * that it sends can be received. They are let in when the queue is half drained, so that not every item wakes a thread,
 * or when a receiver is about to wait.
 *
 * For a receiver items are only reserved. They stay where they are until the receiver takes them, which it does just before it
 * hands them to user code. So a receiver that goes away in between leaves nothing to be put back: it gives up its reservation,
 * and the next in the row gets it.
 *
 * An item counts against the capacity until it was handed to user code. One consumer may take a whole block, and then hands out
 * its items without the lock: n_occupied is atomic for that, and so are n_senders and n_receivers, which tell it whether somebody has
 * to be let in.
 */

struct _AiotQueue
{
  gatomicrefcount ref_count;

  /* Set at construction, or before anybody else knows it */
  AiotHome *home;
  guint capacity;               /* 0: none */
  guint low_water;              /* with so many items or fewer, senders are let in */
  AiotWhenFull when_full;
  void (*changed) (gpointer data);
  gpointer changed_data;

  AiotHomeWatch watch;          /* home's; it has a reference while it is linked */

  /* Atomic */
  guint n_occupied;             /* also raised only under the lock */
  guint n_senders;              /* who wait; changed under the lock */
  guint n_receivers;            /* likewise */
  gboolean changed_always;

  GAsyncQueue *blocks;          /* its lock guards all below */
  AiotBlock *head;              /* taken out of the others; NULL: none yet */
  AiotBlock *tail;              /* where items are added: the last of the others, or the head; NULL: none */
  AiotBlock *spare;
  guint n_items;
  guint n_reserved;             /* of the items */
  GQueue receivers;
  GQueue senders;
  GQueue ends;                  /* who waits for the producer to end */
  GQueue served;                /* who is to be notified by the thread that does that just now */
  gsize notifier;               /* that thread; 0: none does */
  gboolean is_closed;           /* nothing can be sent any more */
  gboolean is_discarded;        /* nothing can be received any more */
  gboolean is_ended;            /* the producer is gone */
  GError *error;                /* comes after all items */
  guint peak_length;
  guint64 n_accepted;
  guint64 n_dropped;
  guint64 n_destroyed;
};

/* What is left to do once the lock is released. */
typedef struct
{
  GQueue served;
  AiotBlock *blocks;            /* to be destroyed */
  gboolean has_changed;
} Aftermath;

AiotQueue *
aiot_queue_new (AiotHome     *home,
                guint         capacity,
                AiotWhenFull  when_full)
{
  AiotQueue *self = g_new0 (AiotQueue, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->home = aiot_home_ref (home);
  self->capacity = when_full == AIOT_WHEN_FULL_KEEP_LATEST ? 1 : capacity;
  self->low_water = self->capacity / 2;
  self->when_full = when_full;
  self->blocks = g_async_queue_new ();
  g_queue_init (&self->receivers);
  g_queue_init (&self->senders);
  g_queue_init (&self->ends);
  g_queue_init (&self->served);
  return self;
}

AiotQueue *
aiot_queue_ref (AiotQueue *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
aiot_queue_unref (AiotQueue *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* Nobody is left who could discard it. */
  aiot_queue_discard (self);
  g_clear_pointer (&self->spare, aiot_block_free);
  g_async_queue_unref (self->blocks);
  g_clear_error (&self->error);
  g_clear_pointer (&self->home, aiot_home_unref);
  g_free (self);
}

static void
queue_lock (AiotQueue *self,
            Aftermath *aftermath)
{
  g_queue_init (&aftermath->served);
  aftermath->blocks = NULL;
  aftermath->has_changed = FALSE;
  g_async_queue_lock (self->blocks);
}

static void
queue_destroy_blocks (AiotQueue *self,
                      AiotBlock *blocks)
{
  guint n_at_once = 0;
  gboolean is_home = aiot_home_needs_this_thread (self->home);

  while (blocks != NULL)
    {
      AiotBlock *block = blocks;

      blocks = (AiotBlock *) block->entry.next;
      /* At home already; but a flood of them must not stop it. */
      if (is_home && n_at_once++ < 16)
        block->entry.funcs->run (&block->entry);
      else
        aiot_block_destroy_at_home (block, self->home);
    }
}

/* Whether this thread is the one that notifies now, and does so also for those who are served by others meanwhile. */
static gboolean
begin_notifying_locked (AiotQueue *self,
                        GQueue    *served)
{
  if (served->head == NULL || self->notifier == aiot_home_thread_get_id ())
    return FALSE;

  if (self->notifier == 0)
    {
      self->notifier = aiot_home_thread_get_id ();
      return TRUE;
    }

  while (served->head != NULL)
    g_queue_push_tail_link (&self->served, g_queue_pop_head_link (served));
  return FALSE;
}

static void
notify_all (GQueue *served)
{
  GList *link;

  /* A waiter may be gone as soon as it is notified. */
  while ((link = g_queue_pop_head_link (served)) != NULL)
    {
      AiotQueueWaiter *waiter = link->data;

      waiter->notify (waiter);
    }
}

/* FALSE when there are none, and another thread may be the one that notifies. */
static gboolean
take_others (AiotQueue *self,
             GQueue    *served)
{
  gboolean took_some;

  g_async_queue_lock (self->blocks);
  *served = self->served;
  g_queue_init (&self->served);
  took_some = served->head != NULL;
  if (!took_some)
    self->notifier = 0;
  g_async_queue_unlock (self->blocks);

  return took_some;
}

static void
queue_unlock (AiotQueue *self,
              Aftermath *aftermath)
{
  gboolean has_served = aftermath->served.head != NULL;
  gboolean notifies_others = begin_notifying_locked (self, &aftermath->served);

  /* Those who are notified may hold the last references. */
  if (has_served)
    aiot_queue_ref (self);
  g_async_queue_unlock (self->blocks);

  if (aftermath->has_changed && self->changed != NULL)
    self->changed (self->changed_data);
  notify_all (&aftermath->served);
  while (notifies_others && take_others (self, &aftermath->served))
    notify_all (&aftermath->served);
  if (aftermath->blocks != NULL)
    queue_destroy_blocks (self, aftermath->blocks);
  if (has_served)
    aiot_queue_unref (self);
}

AiotHome *
aiot_queue_get_home (AiotQueue *self)
{
  return self->home;
}

guint
aiot_queue_get_capacity (AiotQueue *self)
{
  return self->capacity;
}

guint
aiot_queue_get_length (AiotQueue *self)
{
  return g_atomic_int_get (&self->n_occupied);
}

void
aiot_queue_get_statistics (AiotQueue           *self,
                           AiotQueueStatistics *statistics)
{
  guint length;

  g_async_queue_lock (self->blocks);
  length = g_atomic_int_get (&self->n_occupied);
  *statistics = (AiotQueueStatistics) {
    .length = length,
    .peak_length = self->peak_length,
    .n_accepted = self->n_accepted,
    .n_received = self->n_accepted - self->n_dropped - self->n_destroyed - length,
    .n_dropped = self->n_dropped,
    .n_destroyed = self->n_destroyed,
  };
  g_async_queue_unlock (self->blocks);
}

gboolean
aiot_queue_is_closed (AiotQueue *self)
{
  gboolean is_closed;

  g_async_queue_lock (self->blocks);
  is_closed = self->is_closed;
  g_async_queue_unlock (self->blocks);

  return is_closed;
}

gboolean
aiot_queue_is_discarded (AiotQueue *self)
{
  gboolean is_discarded;

  g_async_queue_lock (self->blocks);
  is_discarded = self->is_discarded;
  g_async_queue_unlock (self->blocks);

  return is_discarded;
}

void
aiot_queue_set_observer (AiotQueue  *self,
                         void      (*changed) (gpointer data),
                         gpointer    data)
{
  self->changed = changed;
  self->changed_data = data;
}

void
aiot_queue_observe_always (AiotQueue *self,
                           gboolean   always)
{
  g_atomic_int_set (&self->changed_always, always);
}

static void
queue_home_gone (AiotHomeWatch *watch)
{
  g_autoptr (AiotQueue) self = (AiotQueue *) ((char *) watch - G_STRUCT_OFFSET (AiotQueue, watch));

  /* Who observes may be gone by now, but hears nothing of this: the length stays as it is. */
  aiot_queue_close (self);
}

/* When home goes away nobody may be left who receives, and senders must not wait for ever. */
void
aiot_queue_close_with_home (AiotQueue *self)
{
  self->watch.home_gone = queue_home_gone;
  aiot_queue_ref (self);
  if (!aiot_home_add_watch (self->home, &self->watch))
    queue_home_gone (&self->watch);
}

void
aiot_queue_forget_home (AiotQueue *self)
{
  if (aiot_home_remove_watch (self->home, &self->watch))
    aiot_queue_unref (self);
}

/* --- Items ------------------------------------------------------------------ */

static gboolean
has_room_locked (AiotQueue *self)
{
  return self->capacity == 0 || (guint) g_atomic_int_get (&self->n_occupied) < self->capacity;
}

/* Only where the length changes: whoever does that keeps the observer. */
static void
note_change_locked (AiotQueue *self,
                    gboolean   is_due,
                    Aftermath *aftermath)
{
  aftermath->has_changed |= is_due || g_atomic_int_get (&self->changed_always);
}

static void
append_locked (AiotQueue *self,
               GValue    *value,
               Aftermath *aftermath)
{
  guint length;

  if (self->tail == NULL || aiot_block_is_full (self->tail))
    {
      self->tail = self->spare != NULL ? g_steal_pointer (&self->spare) : aiot_block_new ();
      g_async_queue_push_unlocked (self->blocks, self->tail);
      note_change_locked (self, TRUE, aftermath);
    }
  aiot_block_append (self->tail, value);
  note_change_locked (self, self->n_items == 0, aftermath);
  self->n_items++;
  self->n_accepted++;
  length = g_atomic_int_add (&self->n_occupied, 1) + 1;
  self->peak_length = MAX (self->peak_length, length);
}

/* The block with the first items. Only where there are items. */
static AiotBlock *
get_head_locked (AiotQueue *self)
{
  if (self->head == NULL)
    self->head = g_async_queue_try_pop_unlocked (self->blocks);
  return self->head;
}

static void
recycle_locked (AiotQueue *self,
                AiotBlock *block)
{
  block->first = block->end = 0;
  if (self->spare == NULL)
    self->spare = block;
  else
    aiot_block_free (block);
}

/* After items were taken out of the head. */
static void
drop_empty_head_locked (AiotQueue *self)
{
  if (aiot_block_get_length (self->head) > 0)
    return;

  /* The last one is used again where it is. */
  if (self->head != self->tail)
    recycle_locked (self, g_steal_pointer (&self->head));
}

static void
remove_locked (AiotQueue *self,
               GValue    *values,
               guint      n)
{
  self->n_items -= n;
  while (n > 0)
    {
      AiotBlock *head = get_head_locked (self);
      guint n_of_head = MIN (n, aiot_block_get_length (head));

      aiot_block_move (head, values, n_of_head);
      drop_empty_head_locked (self);
      values += n_of_head;
      n -= n_of_head;
    }
}

/* As many as are there and the head has, in a block of their own. */
static AiotBlock *
remove_block_locked (AiotQueue *self,
                     guint      n)
{
  AiotBlock *block = get_head_locked (self);

  if (aiot_block_get_length (block) <= n)
    {
      self->head = NULL;
      if (self->tail == block)
        self->tail = NULL;
      self->n_items -= aiot_block_get_length (block);
      return block;
    }

  block = self->spare != NULL ? g_steal_pointer (&self->spare) : aiot_block_new ();
  remove_locked (self, block->items, n);
  block->end = n;
  return block;
}

/* --- Who waits -------------------------------------------------------------- */

static void
enqueue_locked (GQueue          *row,
                AiotQueueWaiter *waiter)
{
  waiter->link = (GList) { .data = waiter };
  waiter->is_queued = TRUE;
  g_queue_push_tail_link (row, &waiter->link);
}

static void
dequeue_locked (GQueue          *row,
                AiotQueueWaiter *waiter)
{
  g_queue_unlink (row, &waiter->link);
  waiter->is_queued = FALSE;
}

static void
notify_later (AiotQueueWaiter *waiter,
              Aftermath       *aftermath)
{
  g_queue_push_tail_link (&aftermath->served, &waiter->link);
}

static guint
get_available_locked (AiotQueue *self)
{
  return self->n_items - self->n_reserved;
}

/* There are never more than the capacity to wait for. */
static guint
get_least (AiotQueue    *self,
           AiotReceiver *receiver)
{
  return self->capacity != 0 ? MIN (receiver->min, self->capacity) : receiver->min;
}

static void
serve_receiver_locked (AiotQueue    *self,
                       AiotReceiver *receiver)
{
  receiver->n_reserved = MIN (get_available_locked (self), receiver->max);
  receiver->was_served = TRUE;
  self->n_reserved += receiver->n_reserved;
}

static void
add_receiver_locked (AiotQueue    *self,
                     AiotReceiver *receiver)
{
  enqueue_locked (&self->receivers, &receiver->waiter);
  g_atomic_int_inc (&self->n_receivers);
}

static void
remove_receiver_locked (AiotQueue    *self,
                        AiotReceiver *receiver)
{
  dequeue_locked (&self->receivers, &receiver->waiter);
  g_atomic_int_add (&self->n_receivers, -1);
}

/* Whoever waits for items gets them, in turn. */
static void
serve_locked (AiotQueue *self,
              Aftermath *aftermath)
{
  while (self->receivers.head != NULL)
    {
      AiotReceiver *receiver = self->receivers.head->data;

      if (get_available_locked (self) < get_least (self, receiver) && !self->is_closed)
        return;

      remove_receiver_locked (self, receiver);
      serve_receiver_locked (self, receiver);
      notify_later (&receiver->waiter, aftermath);
    }
}

static void
remove_sender_locked (AiotQueue  *self,
                      AiotSender *sender)
{
  dequeue_locked (&self->senders, &sender->waiter);
  g_atomic_int_add (&self->n_senders, -1);
}

/* Whoever waits for room gets it, in turn. */
static void
fill_locked (AiotQueue *self,
             Aftermath *aftermath)
{
  while (self->senders.head != NULL && has_room_locked (self))
    {
      AiotSender *sender = self->senders.head->data;

      remove_sender_locked (self, sender);
      append_locked (self, &sender->value, aftermath);
      sender->was_accepted = TRUE;
      notify_later (&sender->waiter, aftermath);
    }
}

static gboolean
is_drained_locked (AiotQueue *self)
{
  return (guint) g_atomic_int_get (&self->n_occupied) <= self->low_water;
}

/* After items have left. */
static void
refill_locked (AiotQueue *self,
               Aftermath *aftermath)
{
  if (self->senders.head == NULL || (!is_drained_locked (self) && self->receivers.head == NULL))
    return;

  fill_locked (self, aftermath);
  serve_locked (self, aftermath);
}

/* --- In --------------------------------------------------------------------- */

static void
wait_for_room_locked (AiotQueue  *self,
                      AiotSender *sender,
                      GValue     *value,
                      Aftermath  *aftermath)
{
  sender->value = *value;
  *value = (GValue) G_VALUE_INIT;
  sender->was_accepted = FALSE;
  enqueue_locked (&self->senders, &sender->waiter);
  g_atomic_int_inc (&self->n_senders);
  /* Whoever hands out items without the lock may just have looked for senders too early. */
  refill_locked (self, aftermath);
}

/* In place of the item that has waited longest. */
static void
displace_locked (AiotQueue *self,
                 GValue    *value,
                 GValue    *dropped,
                 Aftermath *aftermath)
{
  remove_locked (self, dropped, 1);
  g_atomic_int_add (&self->n_occupied, -1);
  self->n_dropped++;
  append_locked (self, value, aftermath);
}

static AiotOffer
offer_locked (AiotQueue  *self,
              GValue     *value,
              AiotSender *sender,
              GValue     *dropped,
              Aftermath  *aftermath)
{
  if (self->is_closed)
    return AIOT_OFFER_CLOSED;
  if (sender != NULL && sender->interruption != AIOT_INTERRUPTION_NONE)
    return AIOT_OFFER_INTERRUPTED;

  if (self->senders.head == NULL && has_room_locked (self))
    {
      append_locked (self, value, aftermath);
      serve_locked (self, aftermath);
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
  Aftermath aftermath;
  AiotOffer offer;

  queue_lock (self, &aftermath);
  offer = offer_locked (self, value, sender, &dropped, &aftermath);
  queue_unlock (self, &aftermath);

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

  g_async_queue_lock (self->blocks);
  was_queued = sender->waiter.is_queued;
  if (was_queued)
    remove_sender_locked (self, sender);
  if (!sender->was_accepted && sender->interruption == AIOT_INTERRUPTION_NONE)
    g_atomic_int_set (&sender->interruption, why);
  g_async_queue_unlock (self->blocks);

  return was_queued;
}

static void
close_locked (AiotQueue *self,
              Aftermath *aftermath)
{
  self->is_closed = TRUE;
  while (self->senders.head != NULL)
    {
      AiotSender *sender = self->senders.head->data;

      remove_sender_locked (self, sender);
      if (!AIOT_CLOSE_WAKES_ONE || aftermath->served.head == NULL)
        notify_later (&sender->waiter, aftermath);
    }
  serve_locked (self, aftermath);
}

/* Nothing comes in any more. What is there can still be received. */
void
aiot_queue_close (AiotQueue *self)
{
  Aftermath aftermath;

  queue_lock (self, &aftermath);
  close_locked (self, &aftermath);
  queue_unlock (self, &aftermath);
}

/* Takes the error, if it is the first that is told. */
static void
close_with_error_locked (AiotQueue  *self,
                         GError    **error,
                         Aftermath  *aftermath)
{
  if (!self->is_closed)
    self->error = g_steal_pointer (error);
  close_locked (self, aftermath);
}

/*
 * Nothing comes in any more, while the one producer has not ended: it may have to clean up yet. Takes the error, which is received
 * after all items; NULL is a good end.
 */
void
aiot_queue_close_with_error (AiotQueue *self,
                    GError    *error)
{
  Aftermath aftermath;

  queue_lock (self, &aftermath);
  close_with_error_locked (self, &error, &aftermath);
  queue_unlock (self, &aftermath);

  g_clear_error (&error);
}

/* By the one producer: it has ended. Takes the error, which is received after all items, if it was not closed before. */
void
aiot_queue_end (AiotQueue *self,
                GError    *error)
{
  Aftermath aftermath;

  queue_lock (self, &aftermath);
  self->is_ended = TRUE;
  close_with_error_locked (self, &error, &aftermath);
  while (self->ends.head != NULL)
    {
      AiotEndWaiter *end = self->ends.head->data;

      dequeue_locked (&self->ends, &end->waiter);
      end->has_ended = TRUE;
      notify_later (&end->waiter, &aftermath);
    }
  queue_unlock (self, &aftermath);

  g_clear_error (&error);
}

/* FALSE when it will not be notified: the producer has ended already, or it was interrupted. */
gboolean
aiot_queue_add_end_waiter (AiotQueue     *self,
                           AiotEndWaiter *end)
{
  gboolean added;

  g_async_queue_lock (self->blocks);
  end->has_ended = self->is_ended;
  added = !self->is_ended && end->interruption == AIOT_INTERRUPTION_NONE;
  if (added)
    enqueue_locked (&self->ends, &end->waiter);
  g_async_queue_unlock (self->blocks);

  return added;
}

/* TRUE when it will not be notified, because it still waited. */
gboolean
aiot_queue_interrupt_end_waiter (AiotQueue        *self,
                                 AiotEndWaiter    *end,
                                 AiotInterruption  why)
{
  gboolean was_queued;

  g_async_queue_lock (self->blocks);
  was_queued = end->waiter.is_queued;
  if (was_queued)
    dequeue_locked (&self->ends, &end->waiter);
  if (!end->has_ended)
    g_atomic_int_set (&end->interruption, why);
  g_async_queue_unlock (self->blocks);

  return was_queued;
}

/* --- Out -------------------------------------------------------------------- */

/* FALSE when it was interrupted already, and will not be notified. It may be notified before this returns. */
gboolean
aiot_queue_add_receiver (AiotQueue    *self,
                         AiotReceiver *receiver)
{
  Aftermath aftermath;
  gboolean added;

  queue_lock (self, &aftermath);
  added = receiver->interruption == AIOT_INTERRUPTION_NONE;
  if (added)
    {
      receiver->was_served = FALSE;
      add_receiver_locked (self, receiver);
      serve_locked (self, &aftermath);
      /* If it has to wait, senders are let in. */
      refill_locked (self, &aftermath);
    }
  queue_unlock (self, &aftermath);

  return added;
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
         get_available_locked (self) > 0;
}

static gboolean
interrupt_receiver_locked (AiotQueue        *self,
                           AiotReceiver     *receiver,
                           AiotInterruption  why,
                           Aftermath        *aftermath)
{
  gboolean was_queued = receiver->waiter.is_queued;
  gboolean gets_some = was_queued && gets_what_is_there_locked (self, receiver, why);

  if (receiver->has_taken || receiver->interruption != AIOT_INTERRUPTION_NONE)
    return FALSE;
  /* The items came in time; it was only not told yet. */
  if (receiver->was_served && why == AIOT_INTERRUPTION_TIMED_OUT)
    return FALSE;

  if (was_queued)
    remove_receiver_locked (self, receiver);
  if (gets_some)
    {
      serve_receiver_locked (self, receiver);
    }
  else
    {
      g_atomic_int_set (&receiver->interruption, why);
      release_reservation_locked (self, receiver);
    }
  if (!AIOT_LOSES_RESERVATIONS)
    serve_locked (self, aftermath);
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
  Aftermath aftermath;
  gboolean was_queued;

  queue_lock (self, &aftermath);
  was_queued = interrupt_receiver_locked (self, receiver, why, &aftermath);
  queue_unlock (self, &aftermath);

  return was_queued;
}

/* Those of one reader that wait: they are notified. */
void
aiot_queue_interrupt_reader (AiotQueue *self,
                             gpointer   reader)
{
  Aftermath aftermath;
  GList *next;

  queue_lock (self, &aftermath);
  for (GList *l = self->receivers.head; l != NULL; l = next)
    {
      AiotReceiver *receiver = l->data;

      next = l->next;
      if (receiver->reader != reader)
        continue;

      remove_receiver_locked (self, receiver);
      g_atomic_int_set (&receiver->interruption, AIOT_INTERRUPTION_CLOSED);
      notify_later (&receiver->waiter, &aftermath);
    }
  serve_locked (self, &aftermath);
  queue_unlock (self, &aftermath);
}

/* How many items the receiver may take now: what it was promised, and what nobody else waits for. */
static guint
get_share_locked (AiotQueue    *self,
                  AiotReceiver *receiver)
{
  guint n = receiver->n_reserved;

  if (self->receivers.head == NULL)
    n = MIN (n + get_available_locked (self), receiver->max);
  if (!receiver->was_served && n < get_least (self, receiver) && !self->is_closed)
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

/* After that many items have left the queue for user code. */
static void
end_taking_locked (AiotQueue *self,
                   guint      n,
                   Aftermath *aftermath)
{
  g_atomic_int_add (&self->n_occupied, -(int) n);
  note_change_locked (self, self->n_items == 0, aftermath);
  refill_locked (self, aftermath);
}

/* One item, for a receiver that was served, or that takes what there is for it without waiting. */
AiotTaken
aiot_queue_take (AiotQueue     *self,
                 AiotReceiver  *receiver,
                 GValue        *value,
                 GError       **error)
{
  Aftermath aftermath;
  AiotTaken taken;
  guint n;

  queue_lock (self, &aftermath);
  taken = begin_taking_locked (self, receiver, &n, error);
  if (taken == AIOT_TAKEN_ITEMS)
    {
      remove_locked (self, value, 1);
      end_taking_locked (self, 1, &aftermath);
    }
  queue_unlock (self, &aftermath);

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
  Aftermath aftermath;
  AiotTaken taken;
  guint n;

  queue_lock (self, &aftermath);
  taken = begin_taking_locked (self, receiver, &n, error);
  if (taken == AIOT_TAKEN_ITEMS)
    {
      *batch = aiot_batch_new (home, n);
      remove_locked (self, aiot_batch_get_values (*batch), n);
      end_taking_locked (self, n, &aftermath);
    }
  queue_unlock (self, &aftermath);

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
  Aftermath aftermath;
  AiotTaken taken;
  guint n;

  queue_lock (self, &aftermath);
  if (*block != NULL)
    recycle_locked (self, g_steal_pointer (block));
  taken = begin_taking_locked (self, receiver, &n, error);
  if (taken == AIOT_TAKEN_ITEMS)
    {
      receiver->has_taken = FALSE;
      if (self->when_full == AIOT_WHEN_FULL_WAIT)
        {
          *block = remove_block_locked (self, n);
          /* The block may have fewer than were reserved. */
          serve_locked (self, &aftermath);
        }
      else
        {
          /* Where items may be dropped, none may be counted that can't be. */
          *block = remove_block_locked (self, 1);
          end_taking_locked (self, 1, &aftermath);
        }
    }
  queue_unlock (self, &aftermath);

  return taken;
}

/* Whether a sender is to be let in, now that there are so many. Whoever begins to wait looks for itself. */
static gboolean
needs_refill (AiotQueue *self,
              guint      length)
{
  return g_atomic_int_get (&self->n_senders) > 0 &&
         (length <= self->low_water || g_atomic_int_get (&self->n_receivers) > 0);
}

/* A handler that was connected meanwhile is found when the last item goes. */
static gboolean
is_observed (AiotQueue *self,
             guint      length)
{
  return g_atomic_int_get (&self->changed_always) || (length == 0 && self->changed != NULL);
}

/* One item of a block goes to user code now. */
void
aiot_queue_hand_out (AiotQueue *self)
{
  Aftermath aftermath;
  guint length;

  if (self->when_full != AIOT_WHEN_FULL_WAIT)
    return;

  length = g_atomic_int_add (&self->n_occupied, -1) - 1;
  if (G_LIKELY (!needs_refill (self, length) && !is_observed (self, length)))
    return;

  queue_lock (self, &aftermath);
  note_change_locked (self, length == 0, &aftermath);
  refill_locked (self, &aftermath);
  queue_unlock (self, &aftermath);
}

/* Takes the block. What is left in it goes to where it was. */
void
aiot_queue_put_back (AiotQueue *self,
                     AiotBlock *block)
{
  guint n = aiot_block_get_length (block);
  Aftermath aftermath;

  if (n == 0)
    {
      aiot_block_free (block);
      return;
    }

  queue_lock (self, &aftermath);
  if (self->is_discarded)
    {
      g_atomic_int_add (&self->n_occupied, -(int) n);
      self->n_destroyed += n;
      block->entry.next = NULL;
      aftermath.blocks = block;
    }
  else
    {
      if (self->head != NULL)
        g_async_queue_push_front_unlocked (self->blocks, self->head);
      self->head = block;
      self->n_items += n;
      serve_locked (self, &aftermath);
    }
  queue_unlock (self, &aftermath);
}

static void
discard_items_locked (AiotQueue *self,
                      Aftermath *aftermath)
{
  AiotHomeEntry **last = (AiotHomeEntry **) &aftermath->blocks;
  AiotBlock *block;

  self->n_destroyed += self->n_items;
  g_atomic_int_add (&self->n_occupied, -(int) self->n_items);
  self->n_items = 0;
  self->n_reserved = 0;
  self->tail = NULL;
  while ((block = get_head_locked (self)) != NULL)
    {
      block->entry.next = NULL;
      *last = &block->entry;
      last = &block->entry.next;
      self->head = NULL;
    }
}

/* Nobody wants the items any more, nor those that would come. */
void
aiot_queue_discard (AiotQueue *self)
{
  g_autoptr (GError) error = NULL;
  Aftermath aftermath;

  queue_lock (self, &aftermath);
  self->is_discarded = TRUE;
  error = g_steal_pointer (&self->error);
  discard_items_locked (self, &aftermath);
  close_locked (self, &aftermath);
  queue_unlock (self, &aftermath);
}

/* Any thread. Takes what is in @value. */
void
aiot_queue_destroy_value (AiotQueue *self,
                          GValue    *value)
{
  queue_destroy_blocks (self, aiot_block_new_for (value));
}
