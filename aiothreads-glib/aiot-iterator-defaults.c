/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-iterator-defaults-private.h"

#include "aiot-batch-private.h"
#include "aiot-close-request-private.h"
#include "aiot-error.h"
#include "aiot-result-private.h"
#include "aiot-sync-await.h"
#include "aiot-value-private.h"

/*
 * All is made of next_async (), asked for again and again. A callback may therefore be given right away from within that of
 * next_async (), which comes later than the function that it was asked with.
 */

typedef struct
{
  AiotIterator *iterator;
  GCancellable *cancellable;
  gpointer source_tag;
  GAsyncReadyCallback callback;
  gpointer callback_data;
  GError *error;

  /* Several */
  GArray *values;
  guint min;
  AiotBatch *batch;

  /* All */
  AiotItemFunc func;
  gpointer user_data;
  GDestroyNotify user_data_destroy;
} Steps;

static void
steps_drop_data (Steps *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->user_data_destroy);

  if (destroy != NULL)
    destroy (self->user_data);
}

static void
steps_free (gpointer data)
{
  Steps *self = data;

  steps_drop_data (self);
  g_clear_pointer (&self->values, g_array_unref);
  g_clear_pointer (&self->batch, aiot_batch_unref);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->iterator);
  g_free (self);
}

static Steps *
steps_new (AiotIterator        *iterator,
           gpointer             source_tag,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             callback_data)
{
  Steps *self = g_new0 (Steps, 1);

  self->iterator = g_object_ref (iterator);
  self->source_tag = source_tag;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  self->callback = callback;
  self->callback_data = callback_data;
  return self;
}

/* Calls the caller back. Takes the steps. */
static void
steps_end (Steps *self)
{
  g_autoptr (AiotResult) result = aiot_result_new (self->iterator, self->source_tag, self->callback, self->callback_data,
                                                   self, steps_free);

  steps_drop_data (self);
  if (self->callback != NULL)
    aiot_result_call_back (result);
}

static Steps *
steps_finish (AiotIterator  *iterator,
              gpointer       source_tag,
              GAsyncResult  *result,
              GError       **error)
{
  Steps *self;

  g_return_val_if_fail (aiot_result_is_valid (result, iterator, source_tag), NULL);

  self = aiot_result_get_data (result);
  if (self->error == NULL)
    return self;

  if (error != NULL)
    *error = g_error_copy (self->error);
  return NULL;
}

/* --- Several ----------------------------------------------------------------- */

/* What came after items that were given first. It is told when nothing comes after it. */
typedef struct
{
  GError *error;          /* NULL: the end */
} Later;

static G_DEFINE_QUARK (aiot-iterator-later, later)

static void
later_free (gpointer data)
{
  Later *self = data;

  g_clear_error (&self->error);
  g_free (self);
}

static void
remember_for_later (Steps  *steps,
                    GError *error)
{
  Later *later = g_new (Later, 1);

  later->error = error;
  g_object_set_qdata_full (G_OBJECT (steps->iterator), later_quark (), later, later_free);
}

/* What is to be told in place of this error, or this end. Takes the error. */
static GError *
replace_by_earlier (Steps  *steps,
                    GError *error)
{
  Later *later = g_object_steal_qdata (G_OBJECT (steps->iterator), later_quark ());

  if (later == NULL)
    return error;

  g_clear_error (&error);
  error = g_steal_pointer (&later->error);
  later_free (later);
  return error;
}

static void
many_make_batch (Steps *self)
{
  g_autoptr (AiotHome) home = aiot_home_dup_thread_default ();
  guint n = self->values->len;

  self->batch = aiot_batch_new (home, n);
  memcpy (aiot_batch_get_values (self->batch), self->values->data, n * sizeof (GValue));
  g_array_set_clear_func (self->values, NULL);
}

/* There is no item any more, but an error or the end. Takes the error. */
static void
many_end (Steps  *self,
          GError *error)
{
  if (self->values->len == 0)
    {
      self->error = replace_by_earlier (self, error);
    }
  else
    {
      many_make_batch (self);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_clear_error (&error);
      else
        remember_for_later (self, error);
    }
  steps_end (self);
}

static void
many_next_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Steps *self = user_data;
  GError *error = NULL;
  const GValue *item = aiot_iterator_next_finish (self->iterator, result, &error);

  if (item == NULL)
    {
      many_end (self, error);
      return;
    }

  g_array_set_size (self->values, self->values->len + 1);
  aiot_value_init_copy (&g_array_index (self->values, GValue, self->values->len - 1), item);
  if (self->values->len < self->min)
    {
      aiot_iterator_next_async (self->iterator, self->cancellable, many_next_cb, self);
      return;
    }

  many_make_batch (self);
  steps_end (self);
}

static void
default_next_many_async (AiotIterator        *iterator,
                         guint                min,
                         guint                max,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             callback_data)
{
  Steps *self = steps_new (iterator, aiot_iterator_next_many_async, cancellable, callback, callback_data);

  self->min = min;
  self->values = g_array_new (FALSE, TRUE, sizeof (GValue));
  g_array_set_clear_func (self->values, (GDestroyNotify) g_value_unset);
  aiot_iterator_next_async (iterator, cancellable, many_next_cb, self);
}

static AiotBatch *
default_next_many_finish (AiotIterator  *iterator,
                          GAsyncResult  *result,
                          GError       **error)
{
  Steps *self = steps_finish (iterator, aiot_iterator_next_many_async, result, error);

  return self != NULL && self->batch != NULL ? aiot_batch_ref (self->batch) : NULL;
}

/* --- All --------------------------------------------------------------------- */

static void
foreach_next_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Steps *self = user_data;
  const GValue *item = aiot_iterator_next_finish (self->iterator, result, &self->error);

  if (item != NULL && self->func (item, self->user_data))
    {
      aiot_iterator_next_async (self->iterator, self->cancellable, foreach_next_cb, self);
      return;
    }

  if (item != NULL || self->error != NULL)
    aiot_iterator_close (self->iterator);
  steps_end (self);
}

static void
default_foreach_async (AiotIterator        *iterator,
                       AiotItemFunc         func,
                       gpointer             user_data,
                       GDestroyNotify       user_data_destroy,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             callback_data)
{
  Steps *self = steps_new (iterator, aiot_iterator_foreach_async, cancellable, callback, callback_data);

  self->func = func;
  self->user_data = user_data;
  self->user_data_destroy = user_data_destroy;
  aiot_iterator_next_async (iterator, cancellable, foreach_next_cb, self);
}

static gboolean
default_foreach_finish (AiotIterator  *iterator,
                        GAsyncResult  *result,
                        GError       **error)
{
  return steps_finish (iterator, aiot_iterator_foreach_async, result, error) != NULL;
}

/* --- At once ----------------------------------------------------------------- */

static gboolean
default_try_next (AiotIterator  *iterator,
                  GValue        *value,
                  GError       **error)
{
  /* Whoever tries again and again must hear of it. */
  if (aiot_iterator_is_closed (iterator))
    g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CLOSED, "The iterator was closed, or has been at its end");
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "This iterator can't tell without waiting");
  return FALSE;
}

static AiotBatch *
default_try_next_many (AiotIterator  *iterator,
                       guint          max,
                       GError       **error)
{
  default_try_next (iterator, NULL, error);
  return NULL;
}

/* --- For workers ------------------------------------------------------------- */

typedef struct
{
  AiotIterator *iterator;
  guint min;
  guint max;
} Question;

static void
ask_for_next (GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             callback_data,
              gpointer             user_data)
{
  Question *question = user_data;

  aiot_iterator_next_async (question->iterator, cancellable, callback, callback_data);
}

/* The end leaves the value as it is. */
static gboolean
finish_next (GObject       *source_object,
             GAsyncResult  *result,
             gpointer       user_data,
             GValue        *value,
             GError       **error)
{
  Question *question = user_data;
  GError *inner_error = NULL;
  const GValue *item = aiot_iterator_next_finish (question->iterator, result, &inner_error);

  if (inner_error != NULL)
    {
      g_propagate_error (error, inner_error);
      return FALSE;
    }

  if (item != NULL)
    aiot_value_init_copy (value, item);
  return TRUE;
}

static void
ask_for_many (GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             callback_data,
              gpointer             user_data)
{
  Question *question = user_data;

  aiot_iterator_next_many_async (question->iterator, question->min, question->max, cancellable, callback, callback_data);
}

static gboolean
finish_many (GObject       *source_object,
             GAsyncResult  *result,
             gpointer       user_data,
             GValue        *value,
             GError       **error)
{
  Question *question = user_data;
  GError *inner_error = NULL;
  AiotBatch *batch = aiot_iterator_next_many_finish (question->iterator, result, &inner_error);

  if (inner_error != NULL)
    {
      g_propagate_error (error, inner_error);
      return FALSE;
    }

  if (batch != NULL)
    {
      g_value_init (value, AIOT_TYPE_BATCH);
      g_value_take_boxed (value, batch);
    }
  return TRUE;
}

static void
question_free (gpointer data)
{
  Question *self = data;

  g_object_unref (self->iterator);
  g_free (self);
}

static Question *
question_new (AiotIterator *iterator,
              guint         min,
              guint         max)
{
  Question *self = g_new (Question, 1);

  *self = (Question) { g_object_ref (iterator), min, max };
  return self;
}

static gboolean
default_next_sync (AiotIterator  *iterator,
                   GValue        *value,
                   GCancellable  *cancellable,
                   GError       **error)
{
  return aiot_sync_await (ask_for_next, finish_next, question_new (iterator, 1, 1), question_free,
                          AIOT_TIMEOUT_NONE, cancellable, value, error) &&
         G_IS_VALUE (value);
}

static AiotBatch *
default_next_many_sync (AiotIterator  *iterator,
                        guint          min,
                        guint          max,
                        GCancellable  *cancellable,
                        GError       **error)
{
  GValue value = G_VALUE_INIT;

  if (!aiot_sync_await (ask_for_many, finish_many, question_new (iterator, min, max), question_free,
                        AIOT_TIMEOUT_NONE, cancellable, &value, error) ||
      !G_IS_VALUE (&value))
    return NULL;

  /* Moved out of the value, which is not unset. */
  return g_value_get_boxed (&value);
}

/* --- Closing ----------------------------------------------------------------- */

static void
default_close_async (AiotIterator        *iterator,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             callback_data)
{
  aiot_iterator_close (iterator);
  aiot_close_request_start (iterator, NULL, cancellable, callback, callback_data);
}

static gboolean
default_close_finish (AiotIterator  *iterator,
                      GAsyncResult  *result,
                      GError       **error)
{
  return aiot_close_request_finish (iterator, result, error);
}

void
aiot_iterator_set_defaults (AiotIteratorInterface *iface)
{
  iface->next_many_async = default_next_many_async;
  iface->next_many_finish = default_next_many_finish;
  iface->try_next = default_try_next;
  iface->try_next_many = default_try_next_many;
  iface->next_sync = default_next_sync;
  iface->next_many_sync = default_next_many_sync;
  iface->foreach_async = default_foreach_async;
  iface->foreach_finish = default_foreach_finish;
  iface->close_async = default_close_async;
  iface->close_finish = default_close_finish;
}
