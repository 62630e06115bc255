/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-batch-private.h"

#include "aiot-value-private.h"

/**
 * AiotBatch:
 *
 * Several items that were received at once; see [method@Iterator.next_many_async] and
 * [method@Channel.receive_many_async].
 *
 * It has at least one item, and does not change. It may be used from any thread; the items are freed on the main context that
 * received them, wherever the last reference is dropped.
 *
 * Since: 1.0
 */

struct _AiotBatch
{
  AiotHomeEntry entry;     /* travels home with the last reference */
  gatomicrefcount ref_count;

  /* Set when it is made */
  AiotHome *home;          /* NULL: it is freed wherever it is dropped */
  guint length;
  GValue values[];
};

G_DEFINE_BOXED_TYPE (AiotBatch, aiot_batch, aiot_batch_ref, aiot_batch_unref)

static void
batch_free (AiotHomeEntry *entry)
{
  AiotBatch *self = (AiotBatch *) entry;

  for (guint i = 0; i < self->length; i++)
    aiot_value_clear (&self->values[i]);
  g_clear_pointer (&self->home, aiot_home_unref);
  g_free (self);
}

static const AiotHomeEntryFuncs free_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = batch_free,
  .release = batch_free,
};

/* With room for so many values, which whoever makes it fills in. */
AiotBatch *
aiot_batch_new (AiotHome *home,
                guint     length)
{
  AiotBatch *self = g_malloc (sizeof (AiotBatch) + length * sizeof (GValue));

  self->entry.funcs = &free_funcs;
  g_atomic_ref_count_init (&self->ref_count);
  self->home = home != NULL ? aiot_home_ref (home) : NULL;
  self->length = length;
  return self;
}

GValue *
aiot_batch_get_values (AiotBatch *self)
{
  return self->values;
}

/* The others were never filled in. */
void
aiot_batch_keep_first (AiotBatch *self,
                       guint      length)
{
  self->length = length;
}

/**
 * aiot_batch_ref:
 * @self: a batch
 *
 * Takes a reference.
 *
 * Returns: (transfer full): the batch
 *
 * Since: 1.0
 */
AiotBatch *
aiot_batch_ref (AiotBatch *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * aiot_batch_unref:
 * @self: (transfer full): a batch
 *
 * Drops a reference. It may be called from any thread.
 *
 * Since: 1.0
 */
void
aiot_batch_unref (AiotBatch *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->home == NULL || aiot_home_needs_this_thread (self->home))
    batch_free (&self->entry);
  else
    aiot_home_push (self->home, &self->entry);
}

/**
 * aiot_batch_get_length:
 * @self: a batch
 *
 * Gets how many items a batch has.
 *
 * Returns: a number of items, at least 1
 *
 * Since: 1.0
 */
guint
aiot_batch_get_length (AiotBatch *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->length;
}

/**
 * aiot_batch_get_item:
 * @self: a batch
 * @index: which one, from 0
 *
 * Gets one of the items of a batch.
 *
 * Returns: (transfer none): the item, valid as long as the batch
 *
 * Since: 1.0
 */
const GValue *
aiot_batch_get_item (AiotBatch *self,
                     guint      index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (index < self->length, NULL);

  return &self->values[index];
}
