/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-queue-iterator-private.h"

#include "aiot-close-request-private.h"
#include "aiot-foreach-private.h"
#include "aiot-process-private.h"
#include "aiot-result-private.h"

typedef struct
{
  /* Set when it is made */
  AiotQueue *queue;
  const AiotQueueIteratorFuncs *funcs;

  AiotReader reader;
  int is_started;         /* atomic */
} AiotQueueIteratorPrivate;

static void aiot_queue_iterator_iface_init (AiotIteratorInterface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (AiotQueueIterator, aiot_queue_iterator, G_TYPE_OBJECT,
                                  G_ADD_PRIVATE (AiotQueueIterator)
                                  G_IMPLEMENT_INTERFACE (AIOT_TYPE_ITERATOR, aiot_queue_iterator_iface_init))

static AiotQueueIteratorPrivate *
get_private (gpointer self)
{
  return aiot_queue_iterator_get_instance_private (self);
}

static void
aiot_queue_iterator_dispose (GObject *object)
{
  aiot_iterator_close (AIOT_ITERATOR (object));

  G_OBJECT_CLASS (aiot_queue_iterator_parent_class)->dispose (object);
}

static void
aiot_queue_iterator_finalize (GObject *object)
{
  g_clear_pointer (&get_private (object)->queue, aiot_queue_unref);

  G_OBJECT_CLASS (aiot_queue_iterator_parent_class)->finalize (object);
}

static void
aiot_queue_iterator_class_init (AiotQueueIteratorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = aiot_queue_iterator_dispose;
  G_OBJECT_CLASS (klass)->finalize = aiot_queue_iterator_finalize;
}

static void
aiot_queue_iterator_init (AiotQueueIterator *self)
{
}

/* Once, before anything else. Takes the reference. */
void
aiot_queue_iterator_set_queue (AiotQueueIterator            *self,
                               AiotQueue                    *queue,
                               const AiotQueueIteratorFuncs *funcs)
{
  get_private (self)->queue = queue;
  get_private (self)->funcs = funcs;
}

AiotQueue *
aiot_queue_iterator_get_queue (AiotQueueIterator *self)
{
  return get_private (self)->queue;
}

AiotReader *
aiot_queue_iterator_get_reader (AiotQueueIterator *self)
{
  return &get_private (self)->reader;
}

/* Whether what fills its queue ends some time, which the queue tells. */
gboolean
aiot_queue_iterator_has_producer (AiotQueueIterator *self)
{
  AiotQueueIteratorPrivate *private = get_private (self);

  return private->funcs != NULL && private->funcs->has_producer;
}

/* One that was made by g_object_new () alone. */
static void
make_empty (AiotQueueIterator *self)
{
  g_autoptr (AiotHome) home = aiot_home_dup_thread_default ();

  g_critical ("%s was made without what it should iterate over", G_OBJECT_TYPE_NAME (self));
  get_private (self)->queue = aiot_queue_new (home, 1, AIOT_WHEN_FULL_WAIT);
  aiot_queue_end (get_private (self)->queue, NULL);
  get_private (self)->is_started = TRUE;
}

/* What is asked for is there, or on its way. In a forked child nothing starts, and whoever asks is told so. */
static AiotQueueIteratorPrivate *
start (AiotIterator *iterator)
{
  AiotQueueIterator *self = AIOT_QUEUE_ITERATOR (iterator);
  AiotQueueIteratorPrivate *private = get_private (self);

  if (G_UNLIKELY (private->queue == NULL))
    make_empty (self);
  if (!g_atomic_int_get (&private->is_started) && !aiot_process_is_forked () &&
      g_atomic_int_compare_and_exchange (&private->is_started, FALSE, TRUE) &&
      private->funcs->start != NULL)
    private->funcs->start (self);
  return private;
}

/* Returns its queue, for who receives from that directly. */
AiotQueue *
aiot_queue_iterator_start (AiotQueueIterator *self)
{
  return start (AIOT_ITERATOR (self))->queue;
}

/* --- One item ---------------------------------------------------------------- */

static void
aiot_queue_iterator_next_async (AiotIterator        *self,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             callback_data)
{
  AiotQueueIteratorPrivate *private = start (self);

  aiot_queue_receive_async (private->queue, &private->reader, AIOT_TIMEOUT_NONE, cancellable,
                            self, aiot_iterator_next_async, callback, callback_data);
}

static const GValue *
aiot_queue_iterator_next_finish (AiotIterator  *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_iterator_next_async), NULL);

  return aiot_queue_receive_finish (result, error);
}

static gboolean
aiot_queue_iterator_try_next (AiotIterator  *self,
                              GValue        *value,
                              GError       **error)
{
  AiotQueueIteratorPrivate *private = start (self);

  return aiot_queue_try_receive (private->queue, &private->reader, 1, value, NULL, error) == AIOT_TAKEN_ITEMS;
}

static gboolean
aiot_queue_iterator_next_sync (AiotIterator  *self,
                               GValue        *value,
                               GCancellable  *cancellable,
                               GError       **error)
{
  AiotQueueIteratorPrivate *private = start (self);

  return aiot_queue_receive_sync (private->queue, &private->reader, 1, 1, value, NULL,
                                  AIOT_TIMEOUT_NONE, cancellable, error) == AIOT_TAKEN_ITEMS;
}

/* --- Several items ----------------------------------------------------------- */

static void
aiot_queue_iterator_next_many_async (AiotIterator        *self,
                                     guint                min,
                                     guint                max,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             callback_data)
{
  AiotQueueIteratorPrivate *private = start (self);

  aiot_queue_receive_many_async (private->queue, &private->reader, min, max, AIOT_TIMEOUT_NONE, cancellable,
                                 self, aiot_iterator_next_many_async, callback, callback_data);
}

static AiotBatch *
aiot_queue_iterator_next_many_finish (AiotIterator  *self,
                                      GAsyncResult  *result,
                                      GError       **error)
{
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_iterator_next_many_async), NULL);

  return aiot_queue_receive_many_finish (result, error);
}

static AiotBatch *
aiot_queue_iterator_try_next_many (AiotIterator  *self,
                                   guint          max,
                                   GError       **error)
{
  AiotQueueIteratorPrivate *private = start (self);
  AiotBatch *batch = NULL;

  aiot_queue_try_receive (private->queue, &private->reader, max, NULL, &batch, error);
  return batch;
}

static AiotBatch *
aiot_queue_iterator_next_many_sync (AiotIterator  *self,
                                    guint          min,
                                    guint          max,
                                    GCancellable  *cancellable,
                                    GError       **error)
{
  AiotQueueIteratorPrivate *private = start (self);
  AiotBatch *batch = NULL;

  aiot_queue_receive_sync (private->queue, &private->reader, min, max, NULL, &batch,
                           AIOT_TIMEOUT_NONE, cancellable, error);
  return batch;
}

/* --- All items --------------------------------------------------------------- */

static void
aiot_queue_iterator_foreach_async (AiotIterator        *self,
                                   AiotItemFunc         func,
                                   gpointer             user_data,
                                   GDestroyNotify       user_data_destroy,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             callback_data)
{
  AiotQueueIteratorPrivate *private = start (self);

  aiot_queue_foreach_async (private->queue, &private->reader, func, user_data, user_data_destroy, cancellable,
                            self, aiot_iterator_foreach_async, callback, callback_data);
}

static gboolean
aiot_queue_iterator_foreach_finish (AiotIterator  *self,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (aiot_result_is_valid (result, self, aiot_iterator_foreach_async), FALSE);

  return aiot_queue_foreach_finish (result, error);
}

/* --- Closing ----------------------------------------------------------------- */

static void
aiot_queue_iterator_close (AiotIterator *iterator)
{
  AiotQueueIteratorPrivate *private = get_private (iterator);

  /* In a forked child nothing is left to be ended, and a lock may never be unlocked. */
  if (aiot_process_is_forked ())
    return;

  if (aiot_reader_close (&private->reader) && private->funcs != NULL)
    private->funcs->closed (AIOT_QUEUE_ITERATOR (iterator));
}

static gboolean
aiot_queue_iterator_is_closed (AiotIterator *self)
{
  AiotQueueIteratorPrivate *private = get_private (self);

  /* The queue was discarded by itself if its home has gone. */
  return !aiot_reader_is_open (&private->reader) || (private->queue != NULL && aiot_queue_is_discarded (private->queue));
}

static void
aiot_queue_iterator_close_async (AiotIterator        *self,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             callback_data)
{
  AiotQueueIterator *queue_iterator = AIOT_QUEUE_ITERATOR (self);
  AiotQueue *queue = aiot_queue_iterator_has_producer (queue_iterator) ? get_private (self)->queue : NULL;

  aiot_iterator_close (self);
  aiot_close_request_start (self, queue, cancellable, callback, callback_data);
}

static gboolean
aiot_queue_iterator_close_finish (AiotIterator  *self,
                                  GAsyncResult  *result,
                                  GError       **error)
{
  return aiot_close_request_finish (self, result, error);
}

static void
aiot_queue_iterator_iface_init (AiotIteratorInterface *iface)
{
  iface->next_async = aiot_queue_iterator_next_async;
  iface->next_finish = aiot_queue_iterator_next_finish;
  iface->next_many_async = aiot_queue_iterator_next_many_async;
  iface->next_many_finish = aiot_queue_iterator_next_many_finish;
  iface->try_next = aiot_queue_iterator_try_next;
  iface->try_next_many = aiot_queue_iterator_try_next_many;
  iface->next_sync = aiot_queue_iterator_next_sync;
  iface->next_many_sync = aiot_queue_iterator_next_many_sync;
  iface->foreach_async = aiot_queue_iterator_foreach_async;
  iface->foreach_finish = aiot_queue_iterator_foreach_finish;
  iface->close = aiot_queue_iterator_close;
  iface->close_async = aiot_queue_iterator_close_async;
  iface->close_finish = aiot_queue_iterator_close_finish;
  iface->is_closed = aiot_queue_iterator_is_closed;
}
