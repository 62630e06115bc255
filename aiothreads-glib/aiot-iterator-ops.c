/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-iterator-ops.h"

#include "aiot-executor.h"
#include "aiot-iterator.h"
#include "aiot-mapping-private.h"
#include "aiot-merging-private.h"
#include "aiot-pipeline-private.h"

/* Iterators over what is made of the items of others. */

static AiotIterator *
new_over_mapping (AiotMappingKind  kind,
                  AiotIterator    *source,
                  AiotExecutor    *executor,
                  guint            n_parallel,
                  AiotOrder        order,
                  AiotThreadFunc   func,
                  gpointer         user_data,
                  GDestroyNotify   user_data_destroy)
{
  g_return_val_if_fail (AIOT_IS_ITERATOR (source), NULL);
  g_return_val_if_fail (executor == NULL || AIOT_IS_EXECUTOR (executor), NULL);
  g_return_val_if_fail (order == AIOT_ORDER_GIVEN || order == AIOT_ORDER_READY, NULL);
  g_return_val_if_fail (func != NULL, NULL);

  return aiot_pipeline_new (aiot_mapping_new (kind, source, executor, n_parallel, order,
                                              func, user_data, user_data_destroy));
}

/**
 * aiot_iterator_map:
 * @self: an iterator, which nobody else uses any more
 * @executor: (nullable): where @func runs, or %NULL for the default one
 * @n_parallel: for how many items at the same time, or 0 for the number of processors
 * @order: in which order the results come
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): the blocking function, which finds the item in
 *   [method@Call.get_argument]
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data, on the thread-default main context of the calling thread, when @func will not be
 *   called any more
 *
 * Makes an iterator over what a blocking function gives for each item of another one.
 *
 * ```c
 * static gboolean
 * resize_picture (AiotCall *call, gpointer size, GError **error)
 * {
 *   const char *path = g_value_get_string (aiot_call_get_argument (call));
 *   GObject *picture = load_and_resize (path, GPOINTER_TO_INT (size), error);
 *
 *   if (picture == NULL)
 *     return FALSE;
 *
 *   aiot_call_set_result_take_object (call, picture);
 *   return TRUE;
 * }
 *
 * g_autoptr (AiotIterator) pictures = aiot_iterator_map (paths, NULL, 4, AIOT_ORDER_GIVEN,
 *                                                        resize_picture, GINT_TO_POINTER (96), NULL);
 * ```
 *
 * Nothing runs before the first item is asked for. From then on @func runs in several threads at the same time, with the context
 * variables of this moment. Of the items that were taken from @self, no more than @n_parallel are anywhere between: @func works
 * on them, or their results wait. So a slow consumer holds back @func and @self. Where @func takes microseconds only, some hundreds
 * are best: with a few the threads wake each other up for each item, which takes longer than @func.
 *
 * Where @func or @self fails, the error comes once, and ends the iteration. With %AIOT_ORDER_GIVEN the results of all earlier
 * items come before it. With %AIOT_ORDER_READY an error of @func comes after those that are ready, and an error of @self after
 * those of all items that it gave. What is no longer needed is cancelled.
 *
 * When the new iterator is closed or dropped, on whatever thread, so is @self, and the calls that run are cancelled.
 * [method@Iterator.close_async] tells when all of them have ended, and @self too. Items and results on their way are freed on the main
 * context that made the new iterator. That is the thread-default one of the calling thread; in a worker, that of the work that
 * runs. It has to be iterated for the items to move on, wherever they are asked for.
 *
 * It may be called from any thread and does not block.
 *
 * A function in JavaScript can't be called on another thread; use one from a native library there.
 *
 * Returns: (transfer full): a new iterator
 *
 * Since: 1.0
 */
AiotIterator *
aiot_iterator_map (AiotIterator   *self,
                   AiotExecutor   *executor,
                   guint           n_parallel,
                   AiotOrder       order,
                   AiotThreadFunc  func,
                   gpointer        user_data,
                   GDestroyNotify  user_data_destroy)
{
  return new_over_mapping (AIOT_MAPPING_MAPS, self, executor, n_parallel, order, func, user_data, user_data_destroy);
}

/**
 * aiot_iterator_filter:
 * @self: an iterator, which nobody else uses any more
 * @executor: (nullable): where @func runs, or %NULL for the default one
 * @n_parallel: for how many items at the same time, or 0 for the number of processors
 * @order: in which order the items come
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): the blocking function, which finds the item in
 *   [method@Call.get_argument]
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data, on the thread-default main context of the calling thread, when @func will not be
 *   called any more
 *
 * Makes an iterator over those items of another one that a blocking function chooses.
 *
 * The function says with [method@Call.set_result_boolean] whether an item stays; it comes unchanged then. A function that gives
 * anything else makes the iteration fail with %AIOT_ERROR_FAILED. All else is as with [method@Iterator.map].
 *
 * A function in JavaScript can't be called on another thread; use one from a native library there.
 *
 * Returns: (transfer full): a new iterator
 *
 * Since: 1.0
 */
AiotIterator *
aiot_iterator_filter (AiotIterator   *self,
                      AiotExecutor   *executor,
                      guint           n_parallel,
                      AiotOrder       order,
                      AiotThreadFunc  func,
                      gpointer        user_data,
                      GDestroyNotify  user_data_destroy)
{
  return new_over_mapping (AIOT_MAPPING_FILTERS, self, executor, n_parallel, order, func, user_data, user_data_destroy);
}

/**
 * aiot_iterator_merge:
 * @iterators: (array length=n_iterators): iterators, each once, which nobody else uses any more
 * @n_iterators: how many
 *
 * Makes one iterator of several.
 *
 * The items come as soon as they are there, those of each iterator in their order. Where many wait, each iterator has its turn, so
 * none is starved by another. The end comes after the end of all; with no iterators it comes at once.
 *
 * Where one of them fails, the error comes once, after the items that were there before it, and the others are closed.
 *
 * Nothing runs before the first item is asked for. A few items of each iterator are taken ahead, never more than sixteen. When
 * the new iterator is closed or dropped, on whatever thread, so are all the others; [method@Iterator.close_async] tells when they
 * have ended.
 *
 * The main context of the new iterator is that of [method@Iterator.map]. It may be called from any thread and does not block.
 *
 * Returns: (transfer full): a new iterator
 *
 * Since: 1.0
 */
AiotIterator *
aiot_iterator_merge (AiotIterator **iterators,
                     gsize          n_iterators)
{
  g_return_val_if_fail (iterators != NULL || n_iterators == 0, NULL);
  for (gsize i = 0; i < n_iterators; i++)
    g_return_val_if_fail (AIOT_IS_ITERATOR (iterators[i]), NULL);

  return aiot_pipeline_new (aiot_merging_new (iterators, n_iterators));
}
