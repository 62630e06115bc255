/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-block-private.h"

#include "aiot-value-private.h"

static void
block_destroy (AiotHomeEntry *entry)
{
  AiotBlock *self = (AiotBlock *) entry;

  while (self->first < self->end)
    aiot_value_clear (&self->items[self->first++]);
  g_free (self);
}

static const AiotHomeEntryFuncs destroy_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = block_destroy,
  .release = block_destroy,
};

static AiotBlock *
block_new_with_room (guint n_items)
{
  AiotBlock *self = g_malloc (sizeof (AiotBlock) + n_items * sizeof (GValue));

  self->entry.next = NULL;
  self->entry.funcs = &destroy_funcs;
  self->first = 0;
  self->end = 0;
  return self;
}

AiotBlock *
aiot_block_new (void)
{
  return block_new_with_room (AIOT_BLOCK_SIZE);
}

/* Has just this item, and room for no other; takes what is in @value. */
AiotBlock *
aiot_block_new_for (GValue *value)
{
  AiotBlock *self = block_new_with_room (1);

  aiot_block_append (self, value);
  return self;
}

/* Of an empty one. */
void
aiot_block_free (AiotBlock *self)
{
  g_assert (self->first == self->end);
  g_free (self);
}

guint
aiot_block_get_length (AiotBlock *self)
{
  return self->end - self->first;
}

gboolean
aiot_block_is_full (AiotBlock *self)
{
  return self->end == AIOT_BLOCK_SIZE;
}

/* Takes what is in @value. */
void
aiot_block_append (AiotBlock *self,
                   GValue    *value)
{
  self->items[self->end++] = *value;
  *value = (GValue) G_VALUE_INIT;
}

/* Gives what it has first. An empty block starts again from its beginning. */
void
aiot_block_move (AiotBlock *self,
                 GValue    *values,
                 guint      n)
{
  memcpy (values, &self->items[self->first], n * sizeof (GValue));
  self->first += n;
  if (self->first == self->end)
    self->first = self->end = 0;
}

/* Any thread, no lock held. One entry each, so that home can do other things in between. */
void
aiot_block_destroy_at_home (AiotBlock *self,
                            AiotHome  *home)
{
  aiot_home_push (home, &self->entry);
}
