/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-channel-private.h"

#include "aiot-queue-iterator-private.h"

/* Iterates over what a channel has. It takes no item before it hands it out, so leaving it loses none. */

#define AIOT_TYPE_CHANNEL_READER (aiot_channel_reader_get_type ())

G_DECLARE_FINAL_TYPE (AiotChannelReader, aiot_channel_reader, AIOT, CHANNEL_READER, AiotQueueIterator)

struct _AiotChannelReader
{
  AiotQueueIterator parent_instance;

  AiotChannel *channel;   /* set when it is made */
};

G_DEFINE_FINAL_TYPE (AiotChannelReader, aiot_channel_reader, AIOT_TYPE_QUEUE_ITERATOR)

static void
aiot_channel_reader_closed (AiotQueueIterator *self)
{
  aiot_queue_interrupt_reader (aiot_queue_iterator_get_queue (self), aiot_queue_iterator_get_reader (self));
}

static const AiotQueueIteratorFuncs iterator_funcs = {
  .closed = aiot_channel_reader_closed,
};

static void
aiot_channel_reader_finalize (GObject *object)
{
  g_clear_object (&AIOT_CHANNEL_READER (object)->channel);

  G_OBJECT_CLASS (aiot_channel_reader_parent_class)->finalize (object);
}

static void
aiot_channel_reader_class_init (AiotChannelReaderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = aiot_channel_reader_finalize;
}

static void
aiot_channel_reader_init (AiotChannelReader *self)
{
}

AiotIterator *
aiot_channel_reader_new (AiotChannel *channel)
{
  AiotChannelReader *self = g_object_new (AIOT_TYPE_CHANNEL_READER, NULL);

  self->channel = g_object_ref (channel);
  aiot_queue_iterator_set_queue (AIOT_QUEUE_ITERATOR (self), aiot_queue_ref (aiot_channel_get_queue (channel)),
                                 &iterator_funcs);
  return AIOT_ITERATOR (self);
}
