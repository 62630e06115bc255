/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-block-private.h"
#include "aiot-waiter-private.h"

#include "aiot-batch.h"

G_BEGIN_DECLS

/* A bounded queue of values: what channels and iterators are made of. */
typedef struct _AiotQueue       AiotQueue;
typedef struct _AiotQueueWaiter AiotQueueWaiter;

/* Embedded in whoever waits for something that happens to a queue. */
struct _AiotQueueWaiter
{
  GList link;           /* both are guarded by the lock of the queue */
  gboolean is_queued;

  /* Once the queue has let go of it: any thread, no lock held. The queue does not touch it afterwards. */
  void (*notify) (AiotQueueWaiter *waiter);
};

/* Who waits for items. */
typedef struct
{
  AiotQueueWaiter waiter;
  gpointer reader;                 /* who it belongs to; only compared */
  guint min;
  guint max;

  /* Guarded by the lock of the queue */
  guint n_reserved;                /* items that nobody else may take */
  gboolean was_served;
  gboolean has_taken;
  AiotInterruption interruption;   /* atomic as well */
} AiotReceiver;

/* Who waits for room. */
typedef struct
{
  AiotQueueWaiter waiter;

  /* Guarded by the lock of the queue while it waits, the sender's before and after */
  GValue value;
  gboolean was_accepted;
  AiotInterruption interruption;   /* atomic as well */
} AiotSender;

/* Who waits for the producer to end. */
typedef struct
{
  AiotQueueWaiter waiter;

  /* Guarded by the lock of the queue */
  gboolean has_ended;
  AiotInterruption interruption;   /* atomic as well */
} AiotEndWaiter;

typedef enum
{
  AIOT_TAKEN_NOTHING,       /* there is nothing now */
  AIOT_TAKEN_ITEMS,
  AIOT_TAKEN_END,
  AIOT_TAKEN_ERROR,         /* what was produced ended with it */
  AIOT_TAKEN_CLOSED,        /* the items were destroyed, because nobody wants them */
  AIOT_TAKEN_INTERRUPTION,  /* of the receiver */
} AiotTaken;

typedef enum
{
  AIOT_OFFER_ACCEPTED,
  AIOT_OFFER_DISPLACED,     /* accepted, and an older item was dropped */
  AIOT_OFFER_DROPPED,
  AIOT_OFFER_WAITS,
  AIOT_OFFER_FULL,
  AIOT_OFFER_CLOSED,
  AIOT_OFFER_INTERRUPTED,
} AiotOffer;

typedef struct
{
  guint length;
  guint peak_length;
  guint64 n_accepted;
  guint64 n_received;
  guint64 n_dropped;
  guint64 n_destroyed;
} AiotQueueStatistics;

AiotQueue *aiot_queue_new                 (AiotHome         *home,
                                           guint             capacity,
                                           AiotWhenFull      when_full);
AiotQueue *aiot_queue_ref                 (AiotQueue        *self);
void       aiot_queue_unref               (AiotQueue        *self);

AiotHome  *aiot_queue_get_home            (AiotQueue        *self);
guint      aiot_queue_get_capacity        (AiotQueue        *self);
guint      aiot_queue_get_length          (AiotQueue        *self);
void       aiot_queue_get_statistics      (AiotQueue        *self,
                                           AiotQueueStatistics *statistics);
gboolean   aiot_queue_may_sleep           (AiotQueue        *self,
                                           const char       *why_not_at_home,
                                           GError          **error);
gboolean   aiot_queue_is_closed           (AiotQueue        *self);
gboolean   aiot_queue_is_discarded        (AiotQueue        *self);

/* Calls @changed, on any thread and with no lock held, when the length may have changed: always, or only now and then. */
void       aiot_queue_set_observer        (AiotQueue        *self,
                                           void            (*changed) (gpointer data),
                                           gpointer          data);
void       aiot_queue_observe_always      (AiotQueue        *self,
                                           gboolean          always);

void       aiot_queue_close_with_home     (AiotQueue        *self);
void       aiot_queue_forget_home         (AiotQueue        *self);

/* --- In ---------------------------------------------------------------------- */

AiotOffer  aiot_queue_offer               (AiotQueue        *self,
                                           GValue           *value,
                                           AiotSender       *sender);
gboolean   aiot_queue_interrupt_sender    (AiotQueue        *self,
                                           AiotSender       *sender,
                                           AiotInterruption  why);
gboolean   aiot_queue_close               (AiotQueue        *self);
gboolean   aiot_queue_close_with_error    (AiotQueue        *self,
                                           GError           *error);
void       aiot_queue_end                 (AiotQueue        *self,
                                           GError           *error);

/* --- Out --------------------------------------------------------------------- */

gboolean   aiot_queue_reserve             (AiotQueue        *self,
                                           AiotReceiver     *receiver);
gboolean   aiot_queue_add_receiver        (AiotQueue        *self,
                                           AiotReceiver     *receiver);
gboolean   aiot_queue_interrupt_receiver  (AiotQueue        *self,
                                           AiotReceiver     *receiver,
                                           AiotInterruption  why);
void       aiot_queue_interrupt_reader    (AiotQueue        *self,
                                           gpointer          reader);

AiotTaken  aiot_queue_take                (AiotQueue        *self,
                                           AiotReceiver     *receiver,
                                           GValue           *value,
                                           GError          **error);
AiotTaken  aiot_queue_take_batch          (AiotQueue        *self,
                                           AiotReceiver     *receiver,
                                           AiotHome         *home,
                                           AiotBatch       **batch,
                                           GError          **error);
AiotTaken  aiot_queue_take_block          (AiotQueue        *self,
                                           AiotReceiver     *receiver,
                                           AiotBlock       **block,
                                           GError          **error);
void       aiot_queue_hand_out            (AiotQueue        *self);
void       aiot_queue_put_back            (AiotQueue        *self,
                                           AiotBlock        *block);
void       aiot_queue_unreceive           (AiotQueue        *self,
                                           GValue           *value);

void       aiot_queue_discard             (AiotQueue        *self);
void       aiot_queue_destroy_value       (AiotQueue        *self,
                                           GValue           *value);
gboolean   aiot_queue_add_end_waiter      (AiotQueue        *self,
                                           AiotEndWaiter    *end);
gboolean   aiot_queue_interrupt_end_waiter (AiotQueue       *self,
                                           AiotEndWaiter    *end,
                                           AiotInterruption  why);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotQueue, aiot_queue_unref)

G_END_DECLS
