/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-queue-internal.h"

/* Where the items are: counted, and in blocks. */

/* It may be less already. */
guint
aiot_queue_get_length_locked (AiotQueue *self)
{
  return self->n_in - (guint) g_atomic_int_get (&self->n_out);
}

/* At least the length: what has left since n_out was looked at is counted still. */
static guint
get_greatest_length_locked (AiotQueue *self)
{
  return self->n_in - self->n_out_seen;
}

static void
look_what_has_left_locked (AiotQueue *self)
{
  self->n_out_seen = g_atomic_int_get (&self->n_out);
}

gboolean
aiot_queue_has_room_locked (AiotQueue *self)
{
  if (self->capacity != 0 && get_greatest_length_locked (self) >= self->capacity)
    look_what_has_left_locked (self);
  return self->capacity == 0 || get_greatest_length_locked (self) < self->capacity;
}

static void
count_in_locked (AiotQueue *self)
{
  self->n_in++;
  if (get_greatest_length_locked (self) > self->peak_length)
    look_what_has_left_locked (self);
  self->peak_length = MAX (self->peak_length, get_greatest_length_locked (self));
}

/* What went out and comes back, room or not. */
void
aiot_queue_count_in_again_locked (AiotQueue *self)
{
  self->n_in++;
}

/* Needs no lock. Returns what n_out is then. */
guint
aiot_queue_count_out (AiotQueue *self,
                      guint      n)
{
  return (guint) g_atomic_int_add (&self->n_out, n) + n;
}

/* Only where the length changes: whoever does that keeps the observer. */
void
aiot_queue_note_change_locked (AiotQueue          *self,
                               gboolean            is_due,
                               AiotQueueAftermath *aftermath)
{
  aftermath->has_changed |= is_due || g_atomic_int_get (&self->changed_always);
}

static AiotBlock *
take_spare_locked (AiotQueue *self)
{
  return self->spare != NULL ? g_steal_pointer (&self->spare) : aiot_block_new ();
}

static void
append_block_locked (AiotQueue *self)
{
  AiotBlock *block = take_spare_locked (self);

  if (self->tail != NULL)
    self->tail->entry.next = &block->entry;
  else
    self->head = block;
  self->tail = block;
}

/* In front of the others. */
void
aiot_queue_prepend_block_locked (AiotQueue *self,
                                 AiotBlock *block)
{
  block->entry.next = (AiotHomeEntry *) self->head;
  self->head = block;
  if (self->tail == NULL)
    self->tail = block;
}

static AiotBlock *
remove_head_locked (AiotQueue *self)
{
  AiotBlock *block = self->head;

  self->head = (AiotBlock *) block->entry.next;
  if (self->head == NULL)
    self->tail = NULL;
  block->entry.next = NULL;
  return block;
}

void
aiot_queue_append_locked (AiotQueue          *self,
                          GValue             *value,
                          AiotQueueAftermath *aftermath)
{
  if (self->tail == NULL || aiot_block_is_full (self->tail))
    {
      append_block_locked (self);
      aiot_queue_note_change_locked (self, TRUE, aftermath);
    }
  aiot_block_append (self->tail, value);
  aiot_queue_note_change_locked (self, self->n_items == 0, aftermath);
  self->n_items++;
  self->n_accepted++;
  count_in_locked (self);
}

void
aiot_queue_recycle_locked (AiotQueue *self,
                           AiotBlock *block)
{
  block->first = block->end = 0;
  if (self->spare == NULL)
    self->spare = block;
  else
    aiot_block_free (block);
}

/* After items were taken out of the head. */
static void
drop_empty_head_locked (AiotQueue *self)
{
  if (aiot_block_get_length (self->head) > 0)
    return;

  /* The last one is used again where it is. */
  if (self->head != self->tail)
    aiot_queue_recycle_locked (self, remove_head_locked (self));
}

void
aiot_queue_remove_locked (AiotQueue *self,
                          GValue    *values,
                          guint      n)
{
  self->n_items -= n;
  while (n > 0)
    {
      guint n_of_head = MIN (n, aiot_block_get_length (self->head));

      aiot_block_move (self->head, values, n_of_head);
      drop_empty_head_locked (self);
      values += n_of_head;
      n -= n_of_head;
    }
}

/* As many as are there and the head has, in a block of their own. */
AiotBlock *
aiot_queue_remove_block_locked (AiotQueue *self,
                                guint      n)
{
  AiotBlock *block;

  if (aiot_block_get_length (self->head) <= n)
    {
      self->n_items -= aiot_block_get_length (self->head);
      return remove_head_locked (self);
    }

  block = take_spare_locked (self);
  aiot_queue_remove_locked (self, block->items, n);
  block->end = n;
  return block;
}
