/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-home-private.h"

G_BEGIN_DECLS

#define AIOT_BLOCK_SIZE 64

/* Some items in a row: those from first up to end are there. */
typedef struct
{
  AiotHomeEntry entry;   /* travels home when the items are to be destroyed */
  guint first;
  guint end;
  GValue items[];         /* room for AIOT_BLOCK_SIZE, or for one */
} AiotBlock;

AiotBlock *aiot_block_new             (void);
AiotBlock *aiot_block_new_for         (GValue    *value);
void       aiot_block_free            (AiotBlock *self);

guint      aiot_block_get_length      (AiotBlock *self);
gboolean   aiot_block_is_full         (AiotBlock *self);
void       aiot_block_append          (AiotBlock *self,
                                       GValue    *value);
void       aiot_block_move            (AiotBlock *self,
                                       GValue    *values,
                                       guint      n);

void       aiot_block_destroy_at_home (AiotBlock *self,
                                       AiotHome  *home);

G_END_DECLS
