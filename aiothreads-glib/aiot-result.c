/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-result-private.h"

/*
 * The GAsyncResult that callers get: what it is about, and whom to call.
 *
 * A GTask does more than is needed here, and some of it stands in the way. It attaches a source of its own when it is
 * returned in the iteration that made it, its type starts a thread of GLib and aborts where none can be had, and it
 * complains when it is dropped unreturned, which is what happens to the results of a main context that went away.
 */

struct _AiotResult
{
  GObject parent_instance;

  /* Set when it is made */
  GObject *source_object;   /* alive as long as the data */
  gpointer source_tag;
  GAsyncReadyCallback callback;
  gpointer callback_data;
  gpointer data;
  GDestroyNotify data_free;
};

static gpointer
aiot_result_get_user_data (GAsyncResult *result)
{
  return AIOT_RESULT (result)->callback_data;
}

static GObject *
aiot_result_get_source_object (GAsyncResult *result)
{
  AiotResult *self = AIOT_RESULT (result);

  return self->source_object != NULL ? g_object_ref (self->source_object) : NULL;
}

static gboolean
aiot_result_is_tagged (GAsyncResult *result,
                       gpointer      source_tag)
{
  return AIOT_RESULT (result)->source_tag == source_tag;
}

static void
aiot_result_async_result_init (GAsyncResultIface *iface)
{
  iface->get_user_data = aiot_result_get_user_data;
  iface->get_source_object = aiot_result_get_source_object;
  iface->is_tagged = aiot_result_is_tagged;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (AiotResult, aiot_result, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, aiot_result_async_result_init))

/* What GObject's own does here is done by g_object_unref () once more directly after it: that is a tenth of what an item costs. */
static void
aiot_result_dispose (GObject *object)
{
}

static void
aiot_result_finalize (GObject *object)
{
  AiotResult *self = AIOT_RESULT (object);

  self->data_free (self->data);

  G_OBJECT_CLASS (aiot_result_parent_class)->finalize (object);
}

static void
aiot_result_class_init (AiotResultClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = aiot_result_dispose;
  G_OBJECT_CLASS (klass)->finalize = aiot_result_finalize;
}

static void
aiot_result_init (AiotResult *self)
{
}

/* Takes @data, which owns @source_object. */
AiotResult *
aiot_result_new (gpointer             source_object,
                 gpointer             source_tag,
                 GAsyncReadyCallback  callback,
                 gpointer             callback_data,
                 gpointer             data,
                 GDestroyNotify       data_free)
{
  AiotResult *self = g_object_new (AIOT_TYPE_RESULT, NULL);

  self->source_object = source_object;
  self->source_tag = source_tag;
  self->callback = callback;
  self->callback_data = callback_data;
  self->data = data;
  self->data_free = data_free;
  return self;
}

/* Whether it is what an asynchronous function gave to its caller. */
gboolean
aiot_result_is_valid (gpointer result,
                      gpointer source_object,
                      gpointer source_tag)
{
  AiotResult *self = result;

  return AIOT_IS_RESULT (result) && self->source_object == source_object && self->source_tag == source_tag;
}

/* @result was checked by the caller. */
gpointer
aiot_result_get_data (GAsyncResult *result)
{
  return AIOT_RESULT (result)->data;
}

void
aiot_result_call_back (AiotResult *self)
{
  self->callback (self->source_object, G_ASYNC_RESULT (self), self->callback_data);
}
