/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-home-private.h"

typedef struct
{
  AiotHomeEntry entry;
  gpointer data;
  GDestroyNotify destroy;
} HomeData;

static void
home_data_free (AiotHomeEntry *entry)
{
  HomeData *self = (HomeData *) entry;

  self->destroy (self->data);
  g_free (self);
}

static const AiotHomeEntryFuncs home_data_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = home_data_free,
  .release = home_data_free,
};

/* Any thread: has the data destroyed at home. @destroy may be NULL. */
void
aiot_home_destroy (AiotHome       *self,
                   gpointer        data,
                   GDestroyNotify  destroy)
{
  HomeData *home_data;

  if (destroy == NULL)
    return;

  home_data = g_new (HomeData, 1);
  *home_data = (HomeData) { { NULL, &home_data_funcs }, data, destroy };
  aiot_home_push (self, &home_data->entry);
}
