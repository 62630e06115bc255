/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-channel-private.h"

#include "aiot-receive-private.h"
#include "aiot-result-private.h"
#include "aiot-value-private.h"

/* All the ways to receive: by a thread that waits, without waiting, and called back; one item, or several. */

static int
choose_timeout (AiotChannel *self,
                int          timeout_ms)
{
  return timeout_ms == AIOT_TIMEOUT_DEFAULT ? aiot_channel_get_timeout (self) : timeout_ms;
}

/**
 * aiot_channel_receive_sync: (skip)
 * @self: a channel
 * @value: (out caller-allocates): an empty value, which gets the item
 * @timeout_ms: milliseconds to wait, %AIOT_TIMEOUT_DEFAULT for the time of the channel, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @error: return location for an error
 *
 * Waits for an item, in a worker.
 *
 * It blocks. Bindings use [method@Channel.receive_many_sync].
 *
 * Errors: %AIOT_ERROR_CLOSED when the channel is closed and empty; %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED, also when the work of
 * the calling thread is cancelled while this waits; %AIOT_ERROR_WOULD_DEADLOCK when it would have to wait on the thread that
 * iterates the main context of the channel, where [method@Channel.receive_async] is for; %AIOT_ERROR_FORKED.
 *
 * Returns: %TRUE if there is an item, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
aiot_channel_receive_sync (AiotChannel   *self,
                           GValue        *value,
                           int            timeout_ms,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (value != NULL && !G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return aiot_queue_receive_sync (aiot_channel_get_queue (self), NULL, 1, 1, value, NULL, choose_timeout (self, timeout_ms),
                                  cancellable, error) == AIOT_TAKEN_ITEMS;
}

/**
 * aiot_channel_try_receive: (skip)
 * @self: a channel
 * @value: (out caller-allocates): an empty value, which gets the item
 * @error: return location for an error
 *
 * Takes an item, if there is one that nobody waits for.
 *
 * It does not block. Bindings use [method@Channel.try_receive_many].
 *
 * Errors: %G_IO_ERROR_WOULD_BLOCK when there is none; %AIOT_ERROR_CLOSED when the channel is closed and empty;
 * %AIOT_ERROR_FORKED.
 *
 * Returns: %TRUE if there is an item, %FALSE if @error is set
 *
 * Since: 1.0
 */
gboolean
aiot_channel_try_receive (AiotChannel  *self,
                          GValue       *value,
                          GError      **error)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (value != NULL && !G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return aiot_queue_try_receive (aiot_channel_get_queue (self), NULL, 1, value, NULL, error) == AIOT_TAKEN_ITEMS;
}

/**
 * aiot_channel_receive_async:
 * @self: a channel
 * @timeout_ms: milliseconds to wait, %AIOT_TIMEOUT_DEFAULT for the time of the channel, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @callback: (scope async) (closure callback_data): called when there is an item, or won't be
 * @callback_data: data for @callback
 *
 * Waits for an item without blocking.
 *
 * @callback is called on the thread-default main context of the calling thread, which may be another one than that of the
 * channel. Once it is called the item is there, even if @cancellable was cancelled meanwhile.
 *
 * Since: 1.0
 */
void
aiot_channel_receive_async (AiotChannel         *self,
                            int                  timeout_ms,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             callback_data)
{
  g_return_if_fail (AIOT_IS_CHANNEL (self));
  g_return_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  aiot_queue_receive_async (aiot_channel_get_queue (self), NULL, choose_timeout (self, timeout_ms), cancellable,
                            self, aiot_channel_receive_async, callback, callback_data);
}

/**
 * aiot_channel_receive_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets an item; see [method@Channel.receive_async].
 *
 * Errors: %AIOT_ERROR_CLOSED when the channel is closed and empty; %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED;
 * %AIOT_ERROR_FORKED.
 *
 * Returns: (transfer none) (nullable): the item, valid as long as @result, or %NULL if @error is set
 *
 * Since: 1.0
 */
const GValue *
aiot_channel_receive_finish (AiotChannel   *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_channel_receive_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return aiot_queue_receive_finish (result, error);
}

/**
 * aiot_channel_receive_many_sync:
 * @self: a channel
 * @min: how many items to wait for, at least 1; more than the capacity counts as the capacity
 * @max: how many items to take at most, at least @min
 * @timeout_ms: milliseconds to wait, %AIOT_TIMEOUT_DEFAULT for the time of the channel, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @error: return location for an error
 *
 * Waits for several items, in a worker.
 *
 * When the time is over, or the channel is closed, there may be fewer than @min, but at least one. It blocks.
 *
 * Errors: those of [method@Channel.receive_sync].
 *
 * Returns: (transfer full): the items, or %NULL if @error is set
 *
 * Since: 1.0
 */
AiotBatch *
aiot_channel_receive_many_sync (AiotChannel   *self,
                                guint          min,
                                guint          max,
                                int            timeout_ms,
                                GCancellable  *cancellable,
                                GError       **error)
{
  AiotBatch *batch = NULL;

  g_return_val_if_fail (AIOT_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (min >= 1, NULL);
  g_return_val_if_fail (max >= min, NULL);
  g_return_val_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  aiot_queue_receive_sync (aiot_channel_get_queue (self), NULL, min, max, NULL, &batch,
                           choose_timeout (self, timeout_ms), cancellable, error);
  return batch;
}

/**
 * aiot_channel_try_receive_many:
 * @self: a channel
 * @max: how many items to take at most, at least 1
 * @error: return location for an error
 *
 * Takes the items that are there and that nobody waits for.
 *
 * It does not block.
 *
 * Errors: those of [method@Channel.try_receive].
 *
 * Returns: (transfer full): the items, or %NULL if @error is set
 *
 * Since: 1.0
 */
AiotBatch *
aiot_channel_try_receive_many (AiotChannel  *self,
                               guint         max,
                               GError      **error)
{
  AiotBatch *batch = NULL;

  g_return_val_if_fail (AIOT_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (max >= 1, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  aiot_queue_try_receive (aiot_channel_get_queue (self), NULL, max, NULL, &batch, error);
  return batch;
}

/**
 * aiot_channel_receive_many_async:
 * @self: a channel
 * @min: how many items to wait for, at least 1; more than the capacity counts as the capacity
 * @max: how many items to take at most, at least @min
 * @timeout_ms: milliseconds to wait, %AIOT_TIMEOUT_DEFAULT for the time of the channel, or %AIOT_TIMEOUT_NONE
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @callback: (scope async) (closure callback_data): called when there are items, or won't be
 * @callback_data: data for @callback
 *
 * Waits for several items without blocking.
 *
 * When the time is over, or the channel is closed, there may be fewer than @min, but at least one. Until then nobody who waits behind
 * this gets any. @callback is called on the thread-default main context of the calling thread.
 *
 * Since: 1.0
 */
void
aiot_channel_receive_many_async (AiotChannel         *self,
                                 guint                min,
                                 guint                max,
                                 int                  timeout_ms,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             callback_data)
{
  g_return_if_fail (AIOT_IS_CHANNEL (self));
  g_return_if_fail (min >= 1);
  g_return_if_fail (max >= min);
  g_return_if_fail (timeout_ms >= AIOT_TIMEOUT_DEFAULT);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  aiot_queue_receive_many_async (aiot_channel_get_queue (self), NULL, min, max, choose_timeout (self, timeout_ms), cancellable,
                                 self, aiot_channel_receive_many_async, callback, callback_data);
}

/**
 * aiot_channel_receive_many_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets several items; see [method@Channel.receive_many_async].
 *
 * Errors: those of [method@Channel.receive_finish].
 *
 * Returns: (transfer full): the items, or %NULL if @error is set
 *
 * Since: 1.0
 */
AiotBatch *
aiot_channel_receive_many_finish (AiotChannel   *self,
                                  GAsyncResult  *result,
                                  GError       **error)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_channel_receive_many_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return aiot_queue_receive_many_finish (result, error);
}

/**
 * aiot_channel_put_back:
 * @self: a channel
 * @value: an item that was received, which is copied
 *
 * Gives an item back to the channel, as the first of those that wait.
 *
 * It is for whoever received an item and finds that it can't deal with it: because it has to stop, or because the one it was
 * received for has gone meanwhile. It works whether the channel is full or closed. Where the main context of the channel has
 * gone, the item is destroyed.
 *
 * It does not block. It may be called from any thread.
 *
 * Since: 1.0
 */
void
aiot_channel_put_back (AiotChannel  *self,
                       const GValue *value)
{
  GValue copy = G_VALUE_INIT;

  g_return_if_fail (AIOT_IS_CHANNEL (self));
  g_return_if_fail (G_IS_VALUE (value));

  aiot_value_init_copy (&copy, value);
  aiot_queue_unreceive (aiot_channel_get_queue (self), &copy);
}
