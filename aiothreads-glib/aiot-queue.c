/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-queue-internal.h"

#include "aiot-brief-lock-private.h"
#include "aiot-error.h"
#include "aiot-fault-private.h"
#include "aiot-home-table-private.h"
#include "aiot-worker-private.h"

/*
 * The items wait in blocks, and one lock guards all state. Whoever must wait stands in one of three rows, first come first served,
 * and is taken out of it by whoever has what it waits for. That is noted under the lock; the waiter is notified after it. One
 * thread at a time does that, so that who was served first hears of it first, and nobody hears of the end before others have
 * heard of the items before it.
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
 * its items without the lock: n_out is atomic for that, and so are n_senders, refill_at and n_receivers, which tell it whether
 * somebody has to be let in.
 *
 * What goes in and what goes out is counted apart, each by its own side of the queue. One number for both would travel between
 * two processors with each item. So either side looks at the number of the other only where, by what was seen of it last, it
 * may matter: where there seems to be no room, and where the last item seems to go.
 */

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
  g_mutex_init (&self->mutex);
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
  g_mutex_clear (&self->mutex);
  g_clear_error (&self->error);
  g_clear_pointer (&self->home, aiot_home_unref);
  g_free (self);
}

void
aiot_queue_lock (AiotQueue          *self,
                 AiotQueueAftermath *aftermath)
{
  *aftermath = (AiotQueueAftermath) { .served = G_QUEUE_INIT };
  aiot_brief_lock (&self->mutex);
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

  aiot_brief_lock (&self->mutex);
  *served = self->served;
  g_queue_init (&self->served);
  took_some = served->head != NULL;
  if (!took_some)
    self->notifier = 0;
  g_mutex_unlock (&self->mutex);

  return took_some;
}

static void
unlock_and_notify (AiotQueue          *self,
                   AiotQueueAftermath *aftermath)
{
  gboolean has_served = aftermath->served.head != NULL;
  gboolean notifies_others = begin_notifying_locked (self, &aftermath->served);

  /* Those who are notified may hold the last references. */
  if (has_served)
    aiot_queue_ref (self);
  g_mutex_unlock (&self->mutex);

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

void
aiot_queue_unlock (AiotQueue          *self,
                   AiotQueueAftermath *aftermath)
{
  /* Most items change nothing for anybody. */
  if (G_LIKELY (aftermath->served.head == NULL && aftermath->blocks == NULL && !aftermath->has_changed))
    g_mutex_unlock (&self->mutex);
  else
    unlock_and_notify (self, aftermath);
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
  guint length;

  aiot_brief_lock (&self->mutex);
  length = aiot_queue_get_length_locked (self);
  g_mutex_unlock (&self->mutex);

  return length;
}

void
aiot_queue_get_statistics (AiotQueue           *self,
                           AiotQueueStatistics *statistics)
{
  guint length;

  aiot_brief_lock (&self->mutex);
  length = aiot_queue_get_length_locked (self);
  *statistics = (AiotQueueStatistics) {
    .length = length,
    .peak_length = self->peak_length,
    .n_accepted = self->n_accepted,
    .n_received = self->n_accepted - self->n_dropped - self->n_destroyed - length,
    .n_dropped = self->n_dropped,
    .n_destroyed = self->n_destroyed,
  };
  g_mutex_unlock (&self->mutex);
}

/* Whether the calling thread may wait for what happens to the queue. */
gboolean
aiot_queue_may_sleep (AiotQueue   *self,
                      const char  *why_not_at_home,
                      GError     **error)
{
  if (aiot_home_needs_this_thread (self->home))
    g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK, why_not_at_home);
  else if (aiot_worker_is_cancelled ())
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  else
    return TRUE;

  return FALSE;
}

gboolean
aiot_queue_is_closed (AiotQueue *self)
{
  gboolean is_closed;

  aiot_brief_lock (&self->mutex);
  is_closed = self->is_closed;
  g_mutex_unlock (&self->mutex);

  return is_closed;
}

gboolean
aiot_queue_is_discarded (AiotQueue *self)
{
  gboolean is_discarded;

  aiot_brief_lock (&self->mutex);
  is_discarded = self->is_discarded;
  g_mutex_unlock (&self->mutex);

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

static void
close_locked (AiotQueue          *self,
              AiotQueueAftermath *aftermath)
{
  self->is_closed = TRUE;
  while (self->senders.head != NULL)
    {
      AiotSender *sender = self->senders.head->data;

      aiot_queue_remove_sender_locked (self, sender);
      if (!AIOT_CLOSE_WAKES_ONE || aftermath->served.head == NULL)
        aiot_queue_notify_later (&sender->waiter, aftermath);
    }
  aiot_queue_serve_locked (self, aftermath);
}

/* FALSE when it was closed before. Takes the error, if it is the first that is told. */
static gboolean
close_with_error_locked (AiotQueue           *self,
                         GError             **error,
                         AiotQueueAftermath  *aftermath)
{
  gboolean was_open = !self->is_closed;

  if (was_open)
    self->error = g_steal_pointer (error);
  close_locked (self, aftermath);
  return was_open;
}

/*
 * Nothing comes in any more, while the one producer has not ended: it may have to clean up yet. Takes the error, which is received
 * after all items; NULL is a good end. FALSE when it was closed before.
 */
gboolean
aiot_queue_close_with_error (AiotQueue *self,
                             GError    *error)
{
  AiotQueueAftermath aftermath;
  gboolean was_open;

  aiot_queue_lock (self, &aftermath);
  was_open = close_with_error_locked (self, &error, &aftermath);
  aiot_queue_unlock (self, &aftermath);

  g_clear_error (&error);
  return was_open;
}

/* Nothing comes in any more. What is there can still be received. FALSE when it was closed before. */
gboolean
aiot_queue_close (AiotQueue *self)
{
  return aiot_queue_close_with_error (self, NULL);
}

/* By the one producer: it has ended. Takes the error, which is received after all items, if it was not closed before. */
void
aiot_queue_end (AiotQueue *self,
                GError    *error)
{
  AiotQueueAftermath aftermath;

  aiot_queue_lock (self, &aftermath);
  self->is_ended = TRUE;
  close_with_error_locked (self, &error, &aftermath);
  while (self->ends.head != NULL)
    {
      AiotEndWaiter *end = self->ends.head->data;

      aiot_queue_dequeue_locked (&self->ends, &end->waiter);
      end->has_ended = TRUE;
      aiot_queue_notify_later (&end->waiter, &aftermath);
    }
  aiot_queue_unlock (self, &aftermath);

  g_clear_error (&error);
}

/* FALSE when it will not be notified: the producer has ended already, or it was interrupted. */
gboolean
aiot_queue_add_end_waiter (AiotQueue     *self,
                           AiotEndWaiter *end)
{
  gboolean added;

  aiot_brief_lock (&self->mutex);
  end->has_ended = self->is_ended;
  added = !self->is_ended && end->interruption == AIOT_INTERRUPTION_NONE;
  if (added)
    aiot_queue_enqueue_locked (&self->ends, &end->waiter);
  g_mutex_unlock (&self->mutex);

  return added;
}

/* TRUE when it will not be notified, because it still waited. */
gboolean
aiot_queue_interrupt_end_waiter (AiotQueue        *self,
                                 AiotEndWaiter    *end,
                                 AiotInterruption  why)
{
  gboolean was_queued;

  aiot_brief_lock (&self->mutex);
  was_queued = end->waiter.is_queued;
  if (was_queued)
    aiot_queue_dequeue_locked (&self->ends, &end->waiter);
  if (!end->has_ended)
    g_atomic_int_set (&end->interruption, why);
  g_mutex_unlock (&self->mutex);

  return was_queued;
}

static void
discard_items_locked (AiotQueue          *self,
                      AiotQueueAftermath *aftermath)
{
  self->n_destroyed += self->n_items;
  aiot_queue_count_out (self, self->n_items);
  self->n_items = 0;
  self->n_reserved = 0;
  aftermath->blocks = g_steal_pointer (&self->head);
  self->tail = NULL;
}

/* Nobody wants the items any more, nor those that would come. */
void
aiot_queue_discard (AiotQueue *self)
{
  g_autoptr (GError) error = NULL;
  AiotQueueAftermath aftermath;

  aiot_queue_lock (self, &aftermath);
  self->is_discarded = TRUE;
  error = g_steal_pointer (&self->error);
  discard_items_locked (self, &aftermath);
  close_locked (self, &aftermath);
  aiot_queue_unlock (self, &aftermath);
}

/* Any thread. Takes what is in @value. */
void
aiot_queue_destroy_value (AiotQueue *self,
                          GValue    *value)
{
  queue_destroy_blocks (self, aiot_block_new_for (value));
}
