/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-pipeline-private.h"

#include "aiot-queue-iterator-private.h"

/* Iterates over what a pump gives. */

#define AIOT_TYPE_PIPELINE (aiot_pipeline_get_type ())

G_DECLARE_FINAL_TYPE (AiotPipeline, aiot_pipeline, AIOT, PIPELINE, AiotQueueIterator)

struct _AiotPipeline
{
  AiotQueueIterator parent_instance;

  AiotPump *pump;   /* set when it is made */
};

G_DEFINE_FINAL_TYPE (AiotPipeline, aiot_pipeline, AIOT_TYPE_QUEUE_ITERATOR)

static void
aiot_pipeline_start (AiotQueueIterator *iterator)
{
  aiot_pump_start (AIOT_PIPELINE (iterator)->pump);
}

static void
aiot_pipeline_closed (AiotQueueIterator *iterator)
{
  aiot_pump_close (AIOT_PIPELINE (iterator)->pump);
}

static const AiotQueueIteratorFuncs iterator_funcs = {
  .start = aiot_pipeline_start,
  .closed = aiot_pipeline_closed,
  .has_producer = TRUE,
};

static void
aiot_pipeline_finalize (GObject *object)
{
  g_clear_pointer (&AIOT_PIPELINE (object)->pump, aiot_pump_unref);

  G_OBJECT_CLASS (aiot_pipeline_parent_class)->finalize (object);
}

static void
aiot_pipeline_class_init (AiotPipelineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = aiot_pipeline_finalize;
}

static void
aiot_pipeline_init (AiotPipeline *self)
{
}

/* Takes the pump. */
AiotIterator *
aiot_pipeline_new (AiotPump *pump)
{
  AiotPipeline *self = g_object_new (AIOT_TYPE_PIPELINE, NULL);

  self->pump = pump;
  aiot_queue_iterator_set_queue (AIOT_QUEUE_ITERATOR (self), aiot_queue_ref (pump->queue), &iterator_funcs);
  return AIOT_ITERATOR (self);
}
