/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-items.h"

static GType test_item_get_type (void);

static TestItem *
item_copy (TestItem *item)
{
  TestItems *items = item->items;
  TestItem *copy = g_new0 (TestItem, 1);

  g_atomic_int_inc (&items->items[item->number].n_made);
  g_atomic_int_inc (&items->n_made);
  copy->items = items;
  copy->number = item->number;
  return copy;
}

static void
item_free (TestItem *item)
{
  TestItems *items = item->items;

  if (items->home != NULL && items->home != g_thread_self ())
    g_atomic_int_inc (&items->n_freed_elsewhere);
  g_atomic_int_inc (&items->items[item->number].n_freed);
  g_free (item);
  /* Whoever waits for the last one may go on now. */
  g_atomic_int_inc (&items->n_freed);
}

G_DEFINE_BOXED_TYPE (TestItem, test_item, item_copy, item_free)

void
test_items_init (TestItems *self,
                 guint      n)
{
  *self = (TestItems) { .n = n, .items = g_new0 (TestItem, n), .home = g_thread_self () };
  for (guint i = 0; i < n; i++)
    self->items[i] = (TestItem) { self, i };
}

void
test_items_clear (TestItems *self)
{
  for (guint i = 0; i < self->n; i++)
    g_assert_cmpint (g_atomic_int_get (&self->items[i].n_freed), ==, g_atomic_int_get (&self->items[i].n_made));
  g_assert_cmpint (g_atomic_int_get (&self->n_freed_elsewhere), ==, 0);
  g_clear_pointer (&self->items, g_free);
}

void
test_items_set_value (TestItems *self,
                      guint      number,
                      GValue    *value)
{
  g_assert_cmpuint (number, <, self->n);
  g_value_init (value, test_item_get_type ());
  g_value_set_static_boxed (value, &self->items[number]);
}

guint
test_item_number (const GValue *value)
{
  g_assert_true (G_VALUE_HOLDS (value, test_item_get_type ()));
  return ((TestItem *) g_value_get_boxed (value))->number;
}
