/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One way in which the items of a worker reach the main loop. */
typedef struct _FloodWay FloodWay;

/* A worker that sends items as fast as it can, and a main loop on which each of them costs some time. */
typedef struct _ItemFlood ItemFlood;

const FloodWay *flood_way_find              (const char     *name);
const FloodWay *flood_way_get               (guint           index);
const char     *flood_way_get_name          (const FloodWay *self);
const char     *flood_way_get_title         (const FloodWay *self);

ItemFlood      *item_flood_new              (const FloodWay *way,
                                             guint           n_items,
                                             gint64          cost);
void            item_flood_free             (ItemFlood      *self);

guint           item_flood_get_n_received   (ItemFlood      *self);
gboolean        item_flood_is_in_order      (ItemFlood      *self);
gboolean        item_flood_is_done          (ItemFlood      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ItemFlood, item_flood_free)

G_END_DECLS
