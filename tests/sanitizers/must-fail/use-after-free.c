/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads memory of the slice allocator after freeing it, which only
 * G_SLICE=always-malloc shows to the detector. REPAIRED reads it before.
 */

#include <glib.h>

typedef struct
{
  gint value;
  gchar padding[60];
} Item;

int
main (void)
{
  Item *item = g_slice_new0 (Item);
  gint value;

#ifdef REPAIRED
  value = item->value;
  g_slice_free (Item, item);
#else
  g_slice_free (Item, item);
  value = item->value;
#endif

  return value == -1;
}
