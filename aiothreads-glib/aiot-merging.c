/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-merging-private.h"

/*
 * A pump that hands on the items of several sources, as they come.
 *
 * Each source is asked for a few items, and again when all of them are in the queue. Where that is full, those that have items
 * stand in a row, and put in one each when their turn comes, so none is kept waiting by another that has more.
 */

/* How many items are taken of each source at a time, and wait in the queue. */
#define AHEAD 8

typedef struct
{
  AiotPump pump;

  /* Home only */
  gboolean has_begun;
  GQueue row;          /* of feeds with items */
  gsize n_open;        /* sources that have not ended */
  GError *error;       /* the first one; no more items are wanted then */
} Merging;

static void
merging_close_sources (Merging *self)
{
  for (gsize i = 0; i < self->pump.n_feeds; i++)
    aiot_feed_close (&self->pump.feeds[i]);
}

static void
merging_answered (AiotPump *pump,
                  AiotFeed *feed)
{
  Merging *self = (Merging *) pump;

  if (!feed->has_ended)
    {
      g_queue_push_tail_link (&self->row, &feed->link);
      return;
    }

  self->n_open--;
  if (feed->error == NULL || self->error != NULL)
    return;

  self->error = g_steal_pointer (&feed->error);
  merging_close_sources (self);
}

static void
merging_begin (Merging *self)
{
  if (self->has_begun)
    return;

  self->has_begun = TRUE;
  for (gsize i = 0; i < self->pump.n_feeds; i++)
    aiot_feed_ask (&self->pump.feeds[i], AHEAD);
}

/* Puts one item into the queue, and the feed in its place in the row. */
static void
merging_advance (Merging  *self,
                 AiotFeed *feed)
{
  GValue item;

  aiot_feed_take (feed, &item);
  if (aiot_queue_offer (self->pump.queue, &item, NULL) != AIOT_OFFER_ACCEPTED)
    g_value_unset (&item);
  if (aiot_feed_has_items (feed))
    g_queue_push_tail_link (&self->row, &feed->link);
  else if (self->error == NULL)
    aiot_feed_ask (feed, AHEAD);
}

static void
merging_turn (AiotPump *pump)
{
  Merging *self = (Merging *) pump;

  merging_begin (self);
  while (self->row.head != NULL && aiot_queue_get_length (pump->queue) < AHEAD)
    merging_advance (self, g_queue_pop_head_link (&self->row)->data);

  if (self->row.head != NULL)
    aiot_pump_wake_at (pump, AHEAD / 2);
  else if (self->n_open == 0 || self->error != NULL)
    aiot_pump_end (pump, g_steal_pointer (&self->error));
}

static void
merging_clear (AiotPump *pump)
{
  g_clear_error (&((Merging *) pump)->error);
}

static const AiotPumpFuncs merging_funcs = {
  .answered = merging_answered,
  .turn = merging_turn,
  .clear = merging_clear,
};

AiotPump *
aiot_merging_new (AiotIterator **sources,
                  gsize          n_sources)
{
  Merging *self = g_new0 (Merging, 1);

  g_queue_init (&self->row);
  self->n_open = n_sources;
  aiot_pump_init (&self->pump, &merging_funcs, AHEAD, sources, n_sources);
  return &self->pump;
}
