/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loses memory of the slice allocator, which only G_SLICE=always-malloc shows
 * to the leak detector. REPAIRED frees it.
 */

#include <glib.h>

typedef struct
{
  gint value;
  gchar padding[60];
} Item;

/* Several items, because a pointer left over in a register would hide one. */
static G_GNUC_NO_INLINE void
lose_items (void)
{
  for (gint i = 0; i < 16; i++)
    {
      Item *item = g_slice_new0 (Item);

      item->value = i;
#ifdef REPAIRED
      g_slice_free (Item, item);
#endif
    }
}

int
main (void)
{
  lose_items ();

  return 0;
}
