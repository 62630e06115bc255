/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-iterator.h"
#include "aiot-queue-private.h"

G_BEGIN_DECLS

typedef struct _AiotFeed AiotFeed;
typedef struct _AiotPump AiotPump;

/* One of the iterators that a pump takes items from. Part of the pump, and as long alive. */
struct _AiotFeed
{
  AiotHomeEntry closing;      /* home's once pushed */
  AiotEndWaiter end;          /* the queue's while it waits */

  /* Set when it is made */
  AiotPump *pump;
  AiotIterator *source;       /* dropped at home when the pump has ended */
  gboolean is_own;            /* the source is an iterator of this library */

  /* Atomic */
  gboolean is_asked;
  gboolean is_closed;
  gboolean is_ending;         /* it is called back when the source has ended */

  /* Home only */
  GList link;                 /* in a row of those that have something for the pump */
  GCancellable *cancellable;
  AiotBatch *batch;
  guint n_taken;              /* of the batch */
  gboolean has_ended;
  GError *error;              /* what it ended with, or NULL */
};

void     aiot_feed_init      (AiotFeed     *self,
                              AiotPump     *pump,
                              AiotIterator *source);
void     aiot_feed_clear     (AiotFeed     *self);

void     aiot_feed_ask       (AiotFeed     *self,
                              guint         max);
gboolean aiot_feed_take      (AiotFeed     *self,
                              GValue       *value);
gboolean aiot_feed_has_items (AiotFeed     *self);

void     aiot_feed_close     (AiotFeed     *self);
void     aiot_feed_give_up   (AiotFeed     *self);

G_END_DECLS
