/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-channel-private.h"

#include "aiot-result-private.h"
#include "aiot-send-private.h"
#include "aiot-value-private.h"

AiotSent
aiot_channel_send_taken (AiotChannel   *self,
                         GValue        *value,
                         GCancellable  *cancellable,
                         GError       **error)
{
  return aiot_queue_send_sync (aiot_channel_get_queue (self), value, cancellable, NULL, NULL, error);
}

/**
 * aiot_channel_send:
 * @self: a channel
 * @value: the item, which is copied
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Sends an item.
 *
 * It blocks while the channel is full, if that is what the channel does. It is let in when half of the items are gone, or somebody
 * waits for one; whoever waits longest is first. A worker gives its place in a pool back meanwhile.
 *
 * Errors: %AIOT_ERROR_CLOSED when the channel is closed, or is while this waits; %G_IO_ERROR_CANCELLED, also when the work of the calling
 * thread is cancelled while this would wait; %AIOT_ERROR_WOULD_DEADLOCK when it would have to wait on the thread that
 * iterates the main context of the channel, where [method@Channel.send_async] is for; %AIOT_ERROR_FORKED.
 *
 * Returns: what became of the item, or %AIOT_SENT_NOTHING, which is 0, if @error is set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send (AiotChannel   *self,
                   const GValue  *value,
                   GCancellable  *cancellable,
                   GError       **error)
{
  GValue copy = G_VALUE_INIT;

  g_return_val_if_fail (AIOT_IS_CHANNEL (self), AIOT_SENT_NOTHING);
  g_return_val_if_fail (G_IS_VALUE (value), AIOT_SENT_NOTHING);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), AIOT_SENT_NOTHING);
  g_return_val_if_fail (error == NULL || *error == NULL, AIOT_SENT_NOTHING);

  aiot_value_init_copy (&copy, value);
  return aiot_channel_send_taken (self, &copy, cancellable, error);
}

/**
 * aiot_channel_try_send:
 * @self: a channel
 * @value: the item, which is copied
 * @error: return location for an error
 *
 * Sends an item if there is room for it.
 *
 * It does not block.
 *
 * Errors: %G_IO_ERROR_WOULD_BLOCK when the channel is full, or others wait for room; %AIOT_ERROR_CLOSED; %AIOT_ERROR_FORKED.
 *
 * Returns: what became of the item, or %AIOT_SENT_NOTHING, which is 0, if @error is set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_try_send (AiotChannel   *self,
                       const GValue  *value,
                       GError       **error)
{
  GValue copy = G_VALUE_INIT;

  g_return_val_if_fail (AIOT_IS_CHANNEL (self), AIOT_SENT_NOTHING);
  g_return_val_if_fail (G_IS_VALUE (value), AIOT_SENT_NOTHING);
  g_return_val_if_fail (error == NULL || *error == NULL, AIOT_SENT_NOTHING);

  aiot_value_init_copy (&copy, value);
  return aiot_queue_try_send (aiot_channel_get_queue (self), &copy, error);
}

/**
 * aiot_channel_send_async:
 * @self: a channel
 * @value: the item, which is copied
 * @cancellable: (nullable): ends the waiting
 * @callback: (scope async) (closure callback_data) (nullable): called when the item is in the channel
 * @callback_data: data for @callback
 *
 * Sends an item, without blocking while the channel is full.
 *
 * It takes its turn with all others who wait. @callback is called on the thread-default main context of the calling thread.
 *
 * Since: 1.0
 */
void
aiot_channel_send_async (AiotChannel         *self,
                         const GValue        *value,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             callback_data)
{
  GValue copy = G_VALUE_INIT;

  g_return_if_fail (AIOT_IS_CHANNEL (self));
  g_return_if_fail (G_IS_VALUE (value));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  aiot_value_init_copy (&copy, value);
  aiot_queue_send_async (aiot_channel_get_queue (self), &copy, cancellable, self, aiot_channel_send_async, callback, callback_data);
}

/**
 * aiot_channel_send_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Tells what became of an item; see [method@Channel.send_async].
 *
 * Errors: %AIOT_ERROR_CLOSED when the channel is closed, or was while this waited; %G_IO_ERROR_CANCELLED; %AIOT_ERROR_FORKED.
 *
 * Returns: what became of the item, or %AIOT_SENT_NOTHING, which is 0, if @error is set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_finish (AiotChannel   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), AIOT_SENT_NOTHING);
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_channel_send_async), AIOT_SENT_NOTHING);
  g_return_val_if_fail (error == NULL || *error == NULL, AIOT_SENT_NOTHING);

  return aiot_queue_send_finish (result, error);
}

/* --- Typed forms ------------------------------------------------------------- */

/* The typed forms of aiot_channel_send (): each makes a value of what it got, and gives that away. */

/* In each form, so that a critical has the name that its caller knows. The value is freed then, because nobody has taken it. */
#define RETURN_SENT(self, item, cancellable, error)                                                  \
  G_STMT_START {                                                                                     \
    g_return_val_if_fail (AIOT_IS_CHANNEL (self), AIOT_SENT_NOTHING);                                \
    g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), AIOT_SENT_NOTHING); \
    g_return_val_if_fail (error == NULL || *error == NULL, AIOT_SENT_NOTHING);                       \
                                                                                                     \
    return aiot_channel_send_taken (self, item, cancellable, error);                                 \
  } G_STMT_END

/**
 * aiot_channel_send_boolean: (skip)
 * @self: a channel
 * @value: the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a boolean.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_boolean (AiotChannel   *self,
                           gboolean       value,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_boolean (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_int64: (skip)
 * @self: a channel
 * @value: the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends an integer.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_int64 (AiotChannel   *self,
                         gint64         value,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_int64 (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_double: (skip)
 * @self: a channel
 * @value: the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a floating point number.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_double (AiotChannel   *self,
                          double         value,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_double (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_string: (skip)
 * @self: a channel
 * @value: (nullable): the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a copy of a string.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_string (AiotChannel   *self,
                          const char    *value,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_string (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_take_string: (skip)
 * @self: a channel
 * @value: (nullable) (transfer full): the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a string; it will be freed with g_free ().
 *
 * It is taken in any case. When it can't be sent, it is freed on the main context of the channel.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_take_string (AiotChannel   *self,
                               char          *value,
                               GCancellable  *cancellable,
                               GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_take_string (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_object: (skip)
 * @self: a channel
 * @value: (nullable) (type GObject.Object): the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends an object, and takes a reference to it.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_object (AiotChannel   *self,
                          gpointer       value,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (value == NULL || G_IS_OBJECT (value), AIOT_SENT_NOTHING);

  aiot_value_init_object (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_take_object: (skip)
 * @self: a channel
 * @value: (nullable) (transfer full) (type GObject.Object): the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends an object, and takes over the reference of the caller.
 *
 * It is taken in any case. When it can't be sent, it is freed on the main context of the channel.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_take_object (AiotChannel   *self,
                               gpointer       value,
                               GCancellable  *cancellable,
                               GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (value == NULL || G_IS_OBJECT (value), AIOT_SENT_NOTHING);

  aiot_value_init_take_object (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_boxed: (skip)
 * @self: a channel
 * @boxed_type: the type of @value, derived from %G_TYPE_BOXED
 * @value: (nullable): the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a copy of a boxed value.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_boxed (AiotChannel    *self,
                         GType           boxed_type,
                         gconstpointer   value,
                         GCancellable   *cancellable,
                         GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (G_TYPE_IS_BOXED (boxed_type), AIOT_SENT_NOTHING);

  aiot_value_init_boxed (&item, boxed_type, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_take_boxed: (skip)
 * @self: a channel
 * @boxed_type: the type of @value, derived from %G_TYPE_BOXED
 * @value: (nullable) (transfer full): the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a boxed value; it will be freed with g_boxed_free ().
 *
 * It is taken in any case. When it can't be sent, it is freed on the main context of the channel.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_take_boxed (AiotChannel   *self,
                              GType          boxed_type,
                              gpointer       value,
                              GCancellable  *cancellable,
                              GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (G_TYPE_IS_BOXED (boxed_type), AIOT_SENT_NOTHING);

  aiot_value_init_take_boxed (&item, boxed_type, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_variant: (skip)
 * @self: a channel
 * @value: (nullable): the item
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a variant; a floating reference is taken over.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_variant (AiotChannel   *self,
                           GVariant      *value,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_variant (&item, value);
  RETURN_SENT (self, &item, cancellable, error);
}

/**
 * aiot_channel_send_pointer: (skip)
 * @self: a channel
 * @value: (nullable): the item
 * @destroy: (nullable): called with @value, on the main context of the channel, when the item is not needed any more
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Sends a pointer; see [func@value_get_pointer].
 *
 * When it can't be sent, it is not needed any more.
 *
 * Errors: those of [method@Channel.send], which also says when it waits.
 *
 * Returns: what became of the item; %AIOT_SENT_NOTHING with @error set
 *
 * Since: 1.0
 */
AiotSent
aiot_channel_send_pointer (AiotChannel     *self,
                           gpointer         value,
                           GDestroyNotify   destroy,
                           GCancellable    *cancellable,
                           GError         **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_pointer (&item, value, destroy);
  RETURN_SENT (self, &item, cancellable, error);
}
