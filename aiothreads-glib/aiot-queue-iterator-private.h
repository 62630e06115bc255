/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-iterator.h"
#include "aiot-receive-private.h"

G_BEGIN_DECLS

#define AIOT_TYPE_QUEUE_ITERATOR (aiot_queue_iterator_get_type ())

G_DECLARE_DERIVABLE_TYPE (AiotQueueIterator, aiot_queue_iterator, AIOT, QUEUE_ITERATOR, GObject)

/* No functions here: the classes of public types are declared as those of plain objects. */
struct _AiotQueueIteratorClass
{
  GObjectClass parent_class;
};

/* What differs between iterators over what comes out of a queue. */
typedef struct
{
  /* Once, when the first item is asked for, on the asking thread; optional. */
  void (*start)  (AiotQueueIterator *self);
  /* Once, on any thread, at the latest when it is disposed of. */
  void (*closed) (AiotQueueIterator *self);
  /* Whether close_async () waits for the end of what fills the queue. */
  gboolean has_producer;
} AiotQueueIteratorFuncs;

void       aiot_queue_iterator_set_queue  (AiotQueueIterator            *self,
                                           AiotQueue                    *queue,
                                           const AiotQueueIteratorFuncs *funcs);
AiotQueue *aiot_queue_iterator_get_queue  (AiotQueueIterator            *self);
AiotReader *aiot_queue_iterator_get_reader (AiotQueueIterator           *self);
gboolean   aiot_queue_iterator_has_producer (AiotQueueIterator          *self);
AiotQueue *aiot_queue_iterator_start      (AiotQueueIterator            *self);

G_END_DECLS
