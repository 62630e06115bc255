/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIOT_INSIDE) && !defined(AIOT_COMPILATION)
# error "Only <aiothreads-glib/aiothreads-glib.h> can be included directly."
#endif

#include <aiothreads-glib/aiot-types.h>

G_BEGIN_DECLS

#define AIOT_TYPE_ITERATOR (aiot_iterator_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (AiotIterator, aiot_iterator, AIOT, ITERATOR, GObject)

/**
 * AiotIteratorInterface:
 * @g_iface: the parent
 * @next_async: starts to get the next item
 * @next_finish: gives it: %NULL without an error is the end
 * @next_many_async: optional: the same for several
 * @next_many_finish: optional, with @next_many_async
 * @try_next: optional: gives what is there
 * @try_next_many: optional: the same for several
 * @next_sync: optional: waits for the next item
 * @next_many_sync: optional: the same for several
 * @foreach_async: optional: calls a function with each item
 * @foreach_finish: optional, with @foreach_async
 * @close: ends the iteration
 * @close_async: optional: ends it, and tells when all is cleaned up
 * @close_finish: optional, with @close_async
 * @is_closed: whether @close was called, or the end was reached
 *
 * What makes an object an iterator.
 *
 * What is optional is made of the others where it is left out.
 *
 * Since: 1.0
 */
struct _AiotIteratorInterface
{
  GTypeInterface g_iface;

  void          (*next_async)       (AiotIterator         *self,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              callback_data);
  const GValue *(*next_finish)      (AiotIterator         *self,
                                     GAsyncResult         *result,
                                     GError              **error);
  void          (*next_many_async)  (AiotIterator         *self,
                                     guint                 min,
                                     guint                 max,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              callback_data);
  AiotBatch    *(*next_many_finish) (AiotIterator         *self,
                                     GAsyncResult         *result,
                                     GError              **error);
  gboolean      (*try_next)         (AiotIterator         *self,
                                     GValue               *value,
                                     GError              **error);
  AiotBatch    *(*try_next_many)    (AiotIterator         *self,
                                     guint                 max,
                                     GError              **error);
  gboolean      (*next_sync)        (AiotIterator         *self,
                                     GValue               *value,
                                     GCancellable         *cancellable,
                                     GError              **error);
  AiotBatch    *(*next_many_sync)   (AiotIterator         *self,
                                     guint                 min,
                                     guint                 max,
                                     GCancellable         *cancellable,
                                     GError              **error);
  void          (*foreach_async)    (AiotIterator         *self,
                                     AiotItemFunc          func,
                                     gpointer              user_data,
                                     GDestroyNotify        user_data_destroy,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              callback_data);
  gboolean      (*foreach_finish)   (AiotIterator         *self,
                                     GAsyncResult         *result,
                                     GError              **error);
  void          (*close)            (AiotIterator         *self);
  void          (*close_async)      (AiotIterator         *self,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              callback_data);
  gboolean      (*close_finish)     (AiotIterator         *self,
                                     GAsyncResult         *result,
                                     GError              **error);
  gboolean      (*is_closed)        (AiotIterator         *self);
};

AIOT_AVAILABLE_IN_1_0
void          aiot_iterator_next_async       (AiotIterator         *self,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
const GValue *aiot_iterator_next_finish      (AiotIterator         *self,
                                              GAsyncResult         *result,
                                              GError              **error);
AIOT_AVAILABLE_IN_1_0
void          aiot_iterator_next_many_async  (AiotIterator         *self,
                                              guint                 min,
                                              guint                 max,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
AiotBatch    *aiot_iterator_next_many_finish (AiotIterator         *self,
                                              GAsyncResult         *result,
                                              GError              **error);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_iterator_try_next         (AiotIterator         *self,
                                              GValue               *value,
                                              GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotBatch    *aiot_iterator_try_next_many    (AiotIterator         *self,
                                              guint                 max,
                                              GError              **error);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_iterator_next_sync        (AiotIterator         *self,
                                              GValue               *value,
                                              GCancellable         *cancellable,
                                              GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotBatch    *aiot_iterator_next_many_sync   (AiotIterator         *self,
                                              guint                 min,
                                              guint                 max,
                                              GCancellable         *cancellable,
                                              GError              **error);

AIOT_AVAILABLE_IN_1_0
void          aiot_iterator_foreach_async    (AiotIterator         *self,
                                              AiotItemFunc          func,
                                              gpointer              user_data,
                                              GDestroyNotify        user_data_destroy,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_iterator_foreach_finish   (AiotIterator         *self,
                                              GAsyncResult         *result,
                                              GError              **error);

AIOT_AVAILABLE_IN_1_0
void          aiot_iterator_close            (AiotIterator         *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_iterator_close_async      (AiotIterator         *self,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_iterator_close_finish     (AiotIterator         *self,
                                              GAsyncResult         *result,
                                              GError              **error);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_iterator_is_closed        (AiotIterator         *self);

G_END_DECLS
