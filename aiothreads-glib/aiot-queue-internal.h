/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-memory-private.h"
#include "aiot-queue-private.h"

G_BEGIN_DECLS

/* What a queue is made of: for its own files only. */

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
  guint n_senders;              /* who wait; changed under the lock */
  guint n_receivers;            /* likewise */
  guint refill_at;              /* where there are senders: what n_out is when they are let in; likewise */
  gboolean changed_always;

  /* Atomic, beside nothing that senders need. These start again from 0 when they are at their end, as n_in does. */
  char apart_from_above[AIOT_APART];
  guint n_out;                  /* of all items, those that count against the capacity no more */
  guint n_in_at_last;           /* what n_in was when the last item was taken */
  char apart_from_below[AIOT_APART];

  GMutex mutex;                 /* guards all below */
  AiotBlock *head;              /* the first of the blocks, which are a list; NULL: none */
  AiotBlock *tail;              /* the last, where items are added */
  AiotBlock *spare;
  guint n_in;                   /* all items that came in */
  guint n_out_seen;             /* what n_out was when it was looked at last */
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
} AiotQueueAftermath;

/* aiot-queue.c */
void        aiot_queue_lock                   (AiotQueue          *self,
                                               AiotQueueAftermath *aftermath);
void        aiot_queue_unlock                 (AiotQueue          *self,
                                               AiotQueueAftermath *aftermath);

/* aiot-queue-items.c: where the items are */
guint       aiot_queue_get_length_locked      (AiotQueue          *self);
void        aiot_queue_count_in_again_locked  (AiotQueue          *self);
guint       aiot_queue_count_out              (AiotQueue          *self,
                                               guint               n);
void        aiot_queue_note_change_locked     (AiotQueue          *self,
                                               gboolean            is_due,
                                               AiotQueueAftermath *aftermath);
gboolean    aiot_queue_has_room_locked        (AiotQueue          *self);
void        aiot_queue_append_locked          (AiotQueue          *self,
                                               GValue             *value,
                                               AiotQueueAftermath *aftermath);
void        aiot_queue_recycle_locked         (AiotQueue          *self,
                                               AiotBlock          *block);
void        aiot_queue_remove_locked          (AiotQueue          *self,
                                               GValue             *values,
                                               guint               n);
AiotBlock  *aiot_queue_remove_block_locked    (AiotQueue          *self,
                                               guint               n);
void        aiot_queue_prepend_block_locked   (AiotQueue          *self,
                                               AiotBlock          *block);

/* aiot-queue-rows.c: who waits */
void        aiot_queue_enqueue_locked         (GQueue             *row,
                                               AiotQueueWaiter    *waiter);
void        aiot_queue_dequeue_locked         (GQueue             *row,
                                               AiotQueueWaiter    *waiter);
void        aiot_queue_notify_later           (AiotQueueWaiter    *waiter,
                                               AiotQueueAftermath *aftermath);
guint       aiot_queue_get_available_locked   (AiotQueue          *self);
guint       aiot_queue_get_least              (AiotQueue          *self,
                                               AiotReceiver       *receiver);
void        aiot_queue_serve_receiver_locked  (AiotQueue          *self,
                                               AiotReceiver       *receiver);
void        aiot_queue_add_receiver_locked    (AiotQueue          *self,
                                               AiotReceiver       *receiver);
void        aiot_queue_remove_receiver_locked (AiotQueue          *self,
                                               AiotReceiver       *receiver);
void        aiot_queue_serve_locked           (AiotQueue          *self,
                                               AiotQueueAftermath *aftermath);
void        aiot_queue_remove_sender_locked   (AiotQueue          *self,
                                               AiotSender         *sender);
void        aiot_queue_note_refill_locked     (AiotQueue          *self);
void        aiot_queue_refill_locked          (AiotQueue          *self,
                                               AiotQueueAftermath *aftermath);

G_END_DECLS
