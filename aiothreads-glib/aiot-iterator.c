/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-iterator.h"

#include "aiot-batch.h"
#include "aiot-iterator-defaults-private.h"
#include "aiot-result-private.h"

/**
 * AiotIterator:
 *
 * Something that gives one item after the other, without blocking the main loop.
 *
 * The items come from a blocking function that runs in a thread, see [class@ThreadedIterable], from a channel, see
 * [method@Channel.iterate], or from other iterators, see [method@Iterator.map].
 *
 * The fast way to take them in C is [method@Iterator.foreach_async]:
 *
 * ```c
 * static gboolean
 * on_line (const GValue *item,
 *          gpointer      user_data)
 * {
 *   show_line (user_data, g_value_get_string (item));
 *   return TRUE;
 * }
 *
 * aiot_iterator_foreach_async (lines, on_line, self, NULL, cancellable, on_all_lines, self);
 * ```
 *
 * [method@Iterator.next_async] gives one item, and [method@Iterator.next_many_async] several. The end is told by %NULL without
 * an error. An error comes once, after all items that came before it, and is the end too. An iterator goes through its items
 * once: asking for more after the end fails with %AIOT_ERROR_CLOSED.
 *
 * Whoever has had enough calls [method@Iterator.close], or drops the last reference: what the items come from stops, and those
 * that were not handed out are freed on the main context that made the iterator, or stay in their channel.
 *
 * An iterator may be used from any thread. Each asynchronous function calls back on the thread-default main context of its
 * caller, and never before it has returned. Several may be in flight, and are served first come first served.
 *
 * To make an iterator of your own, in C or Vala, implement `next_async`, `next_finish`, `close` and `is_closed`.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (AiotIterator, aiot_iterator, G_TYPE_OBJECT)

static void
aiot_iterator_default_init (AiotIteratorInterface *iface)
{
  aiot_iterator_set_defaults (iface);
}

/* For what is called for each item: to ask for the type, and then for the interface, takes longer. NULL for what is no iterator. */
static AiotIteratorInterface *
peek_iface (AiotIterator *self)
{
  return self != NULL ? g_type_interface_peek (((GTypeInstance *) self)->g_class, AIOT_TYPE_ITERATOR) : NULL;
}

/**
 * aiot_iterator_next_async:
 * @self: an iterator
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @callback: (scope async) (closure callback_data): called when there is an item, or none any more
 * @callback_data: data for @callback
 *
 * Asks for the next item.
 *
 * The first time this starts what the items come from. It may be called from any thread and does not block; @callback is called
 * on the thread-default main context of the calling thread.
 *
 * Since: 1.0
 */
void
aiot_iterator_next_async (AiotIterator        *self,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             callback_data)
{
  AiotIteratorInterface *iface = peek_iface (self);

  g_return_if_fail (iface != NULL || AIOT_IS_ITERATOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  iface->next_async (self, cancellable, callback, callback_data);
}

/**
 * aiot_iterator_next_finish:
 * @self: an iterator
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the next item.
 *
 * Python and JavaScript show what a value holds, not the value: there an item that is %NULL looks like the end. They use
 * [method@Iterator.next_many_finish], or ask [method@Iterator.is_closed], which is %FALSE until the end was told.
 *
 * Errors: what the function failed with that gives the items; %AIOT_ERROR_FAILED when it does not say what;
 * %AIOT_ERROR_CLOSED when the iterator was closed, or had come to its end before this was asked for;
 * %G_IO_ERROR_CANCELLED; %AIOT_ERROR_EXHAUSTED when there is no thread; %AIOT_ERROR_FORKED.
 *
 * Returns: (transfer none) (nullable): the item, valid as long as @result; %NULL without an error is the end
 *
 * Since: 1.0
 */
const GValue *
aiot_iterator_next_finish (AiotIterator  *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  AiotIteratorInterface *iface = peek_iface (self);

  g_return_val_if_fail (iface != NULL || AIOT_IS_ITERATOR (self), NULL);
  g_return_val_if_fail (AIOT_IS_RESULT (result) || G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return iface->next_finish (self, result, error);
}

/**
 * aiot_iterator_next_many_async:
 * @self: an iterator
 * @min: how many items to wait for, at least 1; more than the capacity counts as the capacity
 * @max: how many items to take at most, at least @min
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @callback: (scope async) (closure callback_data): called when there are items, or none any more
 * @callback_data: data for @callback
 *
 * Asks for the next items.
 *
 * At the end there may be fewer than @min. It is otherwise like [method@Iterator.next_async], and costs less for each item. An
 * iterator that gives its items one by one gives @min of them.
 *
 * Since: 1.0
 */
void
aiot_iterator_next_many_async (AiotIterator        *self,
                               guint                min,
                               guint                max,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             callback_data)
{
  g_return_if_fail (AIOT_IS_ITERATOR (self));
  g_return_if_fail (min >= 1);
  g_return_if_fail (max >= min);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  AIOT_ITERATOR_GET_IFACE (self)->next_many_async (self, min, max, cancellable, callback, callback_data);
}

/**
 * aiot_iterator_next_many_finish:
 * @self: an iterator
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the next items.
 *
 * Errors: those of [method@Iterator.next_finish].
 *
 * Returns: (transfer full) (nullable): the items, at least one; %NULL without an error is the end
 *
 * Since: 1.0
 */
AiotBatch *
aiot_iterator_next_many_finish (AiotIterator  *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), NULL);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return AIOT_ITERATOR_GET_IFACE (self)->next_many_finish (self, result, error);
}

/**
 * aiot_iterator_try_next: (skip)
 * @self: an iterator
 * @value: (out caller-allocates): an empty value, which gets the item
 * @error: return location for an error
 *
 * Takes the next item, if it is there now.
 *
 * It does not block. The first time it starts what the items come from. Bindings use [method@Iterator.try_next_many].
 *
 * Errors: %G_IO_ERROR_WOULD_BLOCK when there is no item now, and those of [method@Iterator.next_finish].
 *
 * Returns: %TRUE if there is an item; %FALSE without an error is the end
 *
 * Since: 1.0
 */
gboolean
aiot_iterator_try_next (AiotIterator  *self,
                        GValue        *value,
                        GError       **error)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), FALSE);
  g_return_val_if_fail (value != NULL && !G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return AIOT_ITERATOR_GET_IFACE (self)->try_next (self, value, error);
}

/**
 * aiot_iterator_try_next_many:
 * @self: an iterator
 * @max: how many items to take at most, at least 1
 * @error: return location for an error
 *
 * Takes the items that are there now.
 *
 * It does not block. The first time it starts what the items come from.
 *
 * Errors: %G_IO_ERROR_WOULD_BLOCK when there is no item now, and those of [method@Iterator.next_finish].
 *
 * Returns: (transfer full) (nullable): the items; %NULL without an error is the end
 *
 * Since: 1.0
 */
AiotBatch *
aiot_iterator_try_next_many (AiotIterator  *self,
                             guint          max,
                             GError       **error)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), NULL);
  g_return_val_if_fail (max >= 1, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return AIOT_ITERATOR_GET_IFACE (self)->try_next_many (self, max, error);
}

/**
 * aiot_iterator_next_sync: (skip)
 * @self: an iterator
 * @value: (out caller-allocates): an empty value, which gets the item
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @error: return location for an error
 *
 * Waits for the next item, in a worker.
 *
 * It blocks. An iterator that only knows how to answer a main context is asked on the one that the running work comes
 * from, so that a worker can go through any source. Bindings use [method@Iterator.next_many_sync].
 *
 * Errors: those of [method@Iterator.next_finish]; %AIOT_ERROR_WOULD_DEADLOCK when it would have to wait on the thread that
 * iterates the main context of the iterator; %G_IO_ERROR_CANCELLED also when the work of the calling thread is cancelled.
 *
 * Returns: %TRUE if there is an item; %FALSE without an error is the end
 *
 * Since: 1.0
 */
gboolean
aiot_iterator_next_sync (AiotIterator  *self,
                         GValue        *value,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), FALSE);
  g_return_val_if_fail (value != NULL && !G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return AIOT_ITERATOR_GET_IFACE (self)->next_sync (self, value, cancellable, error);
}

/**
 * aiot_iterator_next_many_sync:
 * @self: an iterator
 * @min: how many items to wait for, at least 1; more than the capacity counts as the capacity
 * @max: how many items to take at most, at least @min
 * @cancellable: (nullable): ends the waiting; no item is lost by that
 * @error: return location for an error
 *
 * Waits for the next items, in a worker.
 *
 * It blocks, and is otherwise like [method@Iterator.next_many_async].
 *
 * Errors: those of [method@Iterator.next_finish]; %AIOT_ERROR_WOULD_DEADLOCK when it would have to wait on the thread that
 * iterates the main context of the iterator; %G_IO_ERROR_CANCELLED also when the work of the calling thread is cancelled.
 *
 * Returns: (transfer full) (nullable): the items; %NULL without an error is the end
 *
 * Since: 1.0
 */
AiotBatch *
aiot_iterator_next_many_sync (AiotIterator  *self,
                              guint          min,
                              guint          max,
                              GCancellable  *cancellable,
                              GError       **error)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), NULL);
  g_return_val_if_fail (min >= 1, NULL);
  g_return_val_if_fail (max >= min, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return AIOT_ITERATOR_GET_IFACE (self)->next_many_sync (self, min, max, cancellable, error);
}

/**
 * aiot_iterator_foreach_async:
 * @self: an iterator
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): called with each item
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data, before @callback, when @func will not be called any more
 * @cancellable: (nullable): ends the iteration
 * @callback: (scope async) (closure callback_data) (nullable): called after the last item
 * @callback_data: data for @callback
 *
 * Calls a function with each item.
 *
 * All functions are called on the thread-default main context of the calling thread. In one go @func is called for a
 * millisecond at most, or with 64 items, behind the redraws of a GTK program and within the time that this library allows itself in a
 * frame, so a flood of items does not freeze it.
 *
 * Where @func returns %FALSE, or @cancellable is cancelled, the iterator is closed.
 *
 * It may be called from any thread and does not block.
 *
 * Since: 1.0
 */
void
aiot_iterator_foreach_async (AiotIterator        *self,
                             AiotItemFunc         func,
                             gpointer             user_data,
                             GDestroyNotify       user_data_destroy,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             callback_data)
{
  g_return_if_fail (AIOT_IS_ITERATOR (self));
  g_return_if_fail (func != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  AIOT_ITERATOR_GET_IFACE (self)->foreach_async (self, func, user_data, user_data_destroy, cancellable,
                                                 callback, callback_data);
}

/**
 * aiot_iterator_foreach_finish:
 * @self: an iterator
 * @result: what the callback got
 * @error: return location for an error
 *
 * Tells how an iteration ended; see [method@Iterator.foreach_async].
 *
 * Errors: those of [method@Iterator.next_finish].
 *
 * Returns: %TRUE if all items were handed to the function, or it returned %FALSE
 *
 * Since: 1.0
 */
gboolean
aiot_iterator_foreach_finish (AiotIterator  *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return AIOT_ITERATOR_GET_IFACE (self)->foreach_finish (self, result, error);
}

/**
 * aiot_iterator_close:
 * @self: an iterator
 *
 * Ends the iteration.
 *
 * What the items come from is told to stop, and if it never started it never will. Items that were not handed out are freed on the
 * main context that made the iterator; those of a channel stay there. Whoever waits for an item gets %AIOT_ERROR_CLOSED.
 *
 * All this is in effect when it returns; [method@Iterator.close_async] also tells when the function has cleaned up. It does not
 * block, may be called from any thread, and again.
 *
 * Since: 1.0
 */
void
aiot_iterator_close (AiotIterator *self)
{
  g_return_if_fail (AIOT_IS_ITERATOR (self));

  AIOT_ITERATOR_GET_IFACE (self)->close (self);
}

/**
 * aiot_iterator_close_async:
 * @self: an iterator
 * @cancellable: (nullable): ends the waiting, and nothing else
 * @callback: (scope async) (closure callback_data) (nullable): called when nothing runs any more
 * @callback_data: data for @callback
 *
 * Ends the iteration, and tells when what the items come from has ended.
 *
 * It is [method@Iterator.close], which may have been called before. @callback is called on the thread-default main context of
 * the calling thread, after the function that gives the items has cleaned up and returned.
 *
 * Since: 1.0
 */
void
aiot_iterator_close_async (AiotIterator        *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             callback_data)
{
  g_return_if_fail (AIOT_IS_ITERATOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  AIOT_ITERATOR_GET_IFACE (self)->close_async (self, cancellable, callback, callback_data);
}

/**
 * aiot_iterator_close_finish:
 * @self: an iterator
 * @result: what the callback got
 * @error: return location for an error
 *
 * Tells whether all has ended; see [method@Iterator.close_async].
 *
 * Errors: %G_IO_ERROR_CANCELLED when the waiting was cancelled; %AIOT_ERROR_FORKED.
 *
 * Returns: %TRUE if nothing runs any more
 *
 * Since: 1.0
 */
gboolean
aiot_iterator_close_finish (AiotIterator  *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return AIOT_ITERATOR_GET_IFACE (self)->close_finish (self, result, error);
}

/**
 * aiot_iterator_is_closed:
 * @self: an iterator
 *
 * Gets whether an iterator gives no more items: it was closed, or somebody was told the end.
 *
 * It may be called from any thread.
 *
 * Returns: %TRUE if it is of no more use
 *
 * Since: 1.0
 */
gboolean
aiot_iterator_is_closed (AiotIterator *self)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (self), TRUE);

  return AIOT_ITERATOR_GET_IFACE (self)->is_closed (self);
}
