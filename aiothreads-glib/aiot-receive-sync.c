/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-receive-private.h"

#include "aiot-process-private.h"

/* Receiving for a thread that waits, or that does not want to. */

typedef struct
{
  AiotReceiver receiver;
  AiotWaiter waiter;
} SyncReceiver;

static void
sync_receiver_notify (AiotQueueWaiter *waiter)
{
  aiot_waiter_finish_last (&((SyncReceiver *) waiter)->waiter);
}

static AiotTaken
take (AiotQueue     *self,
      AiotReceiver  *receiver,
      GValue        *value,
      AiotBatch    **batch,
      GError       **error)
{
  /* Whoever waits for itself frees it itself. */
  return value != NULL ? aiot_queue_take (self, receiver, value, error)
                       : aiot_queue_take_batch (self, receiver, NULL, batch, error);
}

static void
sleep_until_served (AiotQueue    *self,
                    AiotReader   *reader,
                    SyncReceiver *receiver,
                    int           timeout_ms,
                    GCancellable *cancellable)
{
  AiotInterruption interruption;

  aiot_waiter_init (&receiver->waiter);
  if (aiot_reader_wait (reader, self, &receiver->receiver))
    {
      interruption = aiot_waiter_wait (&receiver->waiter, timeout_ms, cancellable);
      if (interruption != AIOT_INTERRUPTION_NONE &&
          !aiot_queue_interrupt_receiver (self, &receiver->receiver, interruption))
        aiot_waiter_wait_done (&receiver->waiter);
    }
  aiot_waiter_clear (&receiver->waiter);
}

static AiotTaken
receive (AiotQueue     *self,
         AiotReader    *reader,
         SyncReceiver  *receiver,
         gboolean       may_wait,
         GValue        *value,
         AiotBatch    **batch,
         int            timeout_ms,
         GCancellable  *cancellable,
         GError       **error)
{
  GError *end_error = NULL;
  AiotTaken taken = AIOT_TAKEN_CLOSED;

  if (aiot_process_fails_if_forked (error))
    return AIOT_TAKEN_ERROR;

  receiver->receiver.reader = reader;
  receiver->receiver.waiter.notify = sync_receiver_notify;
  if (aiot_reader_is_open (reader))
    taken = take (self, &receiver->receiver, value, batch, &end_error);
  if (taken == AIOT_TAKEN_NOTHING && may_wait)
    {
      if (!aiot_queue_may_sleep (self,
                                 "There is no item now, and to wait for one would stop the main context that this thread "
                                 "iterates; use the asynchronous function there",
                                 error))
        return AIOT_TAKEN_ERROR;
      sleep_until_served (self, reader, receiver, timeout_ms, cancellable);
      taken = take (self, &receiver->receiver, value, batch, &end_error);
    }

  if (!aiot_reader_conclude (reader, taken, receiver->receiver.interruption, end_error, error))
    return AIOT_TAKEN_ERROR;
  return taken;
}

/* ITEMS, END, or ERROR with an error. */
AiotTaken
aiot_queue_try_receive (AiotQueue   *self,
                        AiotReader  *reader,
                        guint        max,
                        GValue      *value,
                        AiotBatch  **batch,
                        GError     **error)
{
  SyncReceiver receiver = { .receiver = { .min = 1, .max = max } };

  return receive (self, reader, &receiver, FALSE, value, batch, AIOT_TIMEOUT_NONE, NULL, error);
}

/* The same, but waits. */
AiotTaken
aiot_queue_receive_sync (AiotQueue     *self,
                         AiotReader    *reader,
                         guint          min,
                         guint          max,
                         GValue        *value,
                         AiotBatch    **batch,
                         int            timeout_ms,
                         GCancellable  *cancellable,
                         GError       **error)
{
  SyncReceiver receiver = { .receiver = { .min = min, .max = max } };

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return AIOT_TAKEN_ERROR;

  return receive (self, reader, &receiver, TRUE, value, batch, timeout_ms, cancellable, error);
}
