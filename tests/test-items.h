/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "test-util.h"

G_BEGIN_DECLS

typedef struct _TestItem  TestItem;
typedef struct _TestItems TestItems;

struct _TestItem
{
  TestItems *items;
  guint number;
  int n_made;              /* atomic */
  int n_freed;
};

/*
 * Things to be sent, with the numbers from 0 on. Each time that one of them is copied it is made, and it has to be freed as often:
 * where it belongs, if there is such a place.
 */
struct _TestItems
{
  guint n;
  TestItem *items;         /* by number */
  GThread *home;           /* NULL: they may be freed anywhere */
  int n_made;              /* atomic, like all below */
  int n_freed;
  int n_freed_elsewhere;
};

/* They belong to the calling thread. */
void  test_items_init      (TestItems    *self,
                            guint         n);
/* Checks that what was made was freed, each as often, and none elsewhere. */
void  test_items_clear     (TestItems    *self);

/* Only what copies the value makes an item. */
void  test_items_set_value (TestItems    *self,
                            guint         number,
                            GValue       *value);
guint test_item_number     (const GValue *value);

G_END_DECLS
