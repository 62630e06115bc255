/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "item-flood.h"

#include <aiothreads-glib/aiothreads-glib.h>

/*
 * The worker and what waits on the main loop have references of their own: a flood that is freed early leaves them alone until they
 * notice.
 */

/* So many items wait at most, where that can be bounded. */
#define CAPACITY 1024

/* What a main loop may do in one go without being missed. */
#define SLICE G_TIME_SPAN_MILLISECOND

struct _FloodWay
{
  const char *name;
  const char *title;
  void (*start) (ItemFlood *self);
};

struct _ItemFlood
{
  const FloodWay *way;        /* these are set at construction */
  guint n_items;
  gint64 cost;                /* microseconds */
  GMainContext *home;

  int is_stopped;             /* read atomically by the worker */
  AiotChannel *channel;

  AiotIterator *items;        /* this and all below belongs to the main loop */
  guint n_received;
  gboolean is_out_of_order;
};

static void
clear (gpointer data)
{
  ItemFlood *self = data;

  g_clear_object (&self->channel);
  g_main_context_unref (self->home);
}

static void
unref (gpointer self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static gboolean
is_stopped (ItemFlood *self)
{
  return g_atomic_int_get (&self->is_stopped);
}

static void
work (gint64 microseconds)
{
  gint64 end = g_get_monotonic_time () + microseconds;

  while (g_get_monotonic_time () < end)
    ;
}

static void
receive (ItemFlood *self,
         gint64     number)
{
  work (self->cost);
  self->is_out_of_order |= number != self->n_received;
  self->n_received++;
}

/* --- Iterators --- */

static gboolean
receive_item (const GValue *item,
              gpointer      user_data)
{
  receive (user_data, g_value_get_int64 (item));
  return TRUE;
}

static void
received_all_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  /* Closed it is where the flood was freed before its end. */
  if (!aiot_iterator_foreach_finish (AIOT_ITERATOR (source_object), result, &error) &&
      !g_error_matches (error, AIOT_ERROR, AIOT_ERROR_CLOSED))
    g_warning ("%s", error->message);
}

static void
iterate (ItemFlood *self)
{
  aiot_iterator_foreach_async (self->items, receive_item, g_atomic_rc_box_acquire (self), unref, NULL, received_all_cb, NULL);
}

static gboolean
emit_all (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  ItemFlood *self = user_data;

  for (gint64 i = 0; i < self->n_items; i++)
    if (!aiot_generator_emit_int64 (generator, i, error))
      return FALSE;
  return TRUE;
}

static void
start_generator (ItemFlood *self)
{
  self->items = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_all, g_atomic_rc_box_acquire (self), unref, NULL, CAPACITY, NULL));
  iterate (self);
}

/* Nobody receives any more when sending fails. */
static gpointer
send_all (gpointer user_data)
{
  ItemFlood *self = user_data;
  gboolean is_sent = TRUE;

  for (gint64 i = 0; i < self->n_items && is_sent; i++)
    is_sent = aiot_channel_send_int64 (self->channel, i, NULL, NULL) == AIOT_SENT_ITEM;
  aiot_channel_close (self->channel);
  unref (self);
  return NULL;
}

static void
start_thread (ItemFlood   *self,
              GThreadFunc  func)
{
  g_thread_unref (g_thread_new ("flood", func, g_atomic_rc_box_acquire (self)));
}

static void
start_channel (ItemFlood *self)
{
  self->channel = aiot_channel_new (CAPACITY);
  self->items = aiot_channel_iterate (self->channel);
  iterate (self);
  start_thread (self, send_all);
}

/* --- A source of GLib's for each item --- */

typedef struct
{
  ItemFlood *flood;
  gint64 number;
} Item;

static Item *
item_new (ItemFlood *flood,
          gint64     number)
{
  Item *item = g_new (Item, 1);

  *item = (Item) { g_atomic_rc_box_acquire (flood), number };
  return item;
}

static void
item_free (gpointer data)
{
  Item *item = data;

  unref (item->flood);
  g_free (item);
}

static gboolean
receive_source (gpointer data)
{
  Item *item = data;

  if (!is_stopped (item->flood))
    receive (item->flood, item->number);
  return G_SOURCE_REMOVE;
}

static gpointer
invoke_all (gpointer user_data)
{
  ItemFlood *self = user_data;

  for (gint64 i = 0; i < self->n_items && !is_stopped (self); i++)
    g_main_context_invoke_full (self->home, G_PRIORITY_DEFAULT, receive_source, item_new (self, i), item_free);
  unref (self);
  return NULL;
}

static void
start_invoke (ItemFlood *self)
{
  start_thread (self, invoke_all);
}

static gpointer
add_all_idles (gpointer user_data)
{
  ItemFlood *self = user_data;

  for (gint64 i = 0; i < self->n_items && !is_stopped (self); i++)
    g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, receive_source, item_new (self, i), item_free);
  unref (self);
  return NULL;
}

static void
start_idle (ItemFlood *self)
{
  start_thread (self, add_all_idles);
}

/* --- No worker at all: what can't be done better, with all items there from the start --- */

static gboolean
receive_slice (gpointer user_data)
{
  ItemFlood *self = user_data;
  gint64 end = g_get_monotonic_time () + SLICE;

  while (self->n_received < self->n_items && !is_stopped (self) && g_get_monotonic_time () < end)
    receive (self, self->n_received);
  return self->n_received < self->n_items && !is_stopped (self);
}

static void
start_alone (ItemFlood *self)
{
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, receive_slice, g_atomic_rc_box_acquire (self), unref);
}

/* --- The ways --- */

static const FloodWay ways[] = {
  { "generator", "AiotThreadedIterator", start_generator },
  { "channel", "AiotChannel", start_channel },
  { "invoke", "g_main_context_invoke ()", start_invoke },
  { "idle", "g_idle_add ()", start_idle },
  { "alone", "No worker", start_alone },
};

const FloodWay *
flood_way_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (g_str_equal (ways[i].name, name))
      return &ways[i];
  return NULL;
}

/* NULL behind the last one. */
const FloodWay *
flood_way_get (guint index)
{
  return index < G_N_ELEMENTS (ways) ? &ways[index] : NULL;
}

const char *
flood_way_get_name (const FloodWay *self)
{
  return self->name;
}

const char *
flood_way_get_title (const FloodWay *self)
{
  return self->title;
}

/* --- A flood --- */

/* It starts at once, and its items come to the default main context. */
ItemFlood *
item_flood_new (const FloodWay *way,
                guint           n_items,
                gint64          cost)
{
  ItemFlood *self = g_atomic_rc_box_new0 (ItemFlood);

  self->way = way;
  self->n_items = n_items;
  self->cost = cost;
  self->home = g_main_context_ref (g_main_context_default ());
  way->start (self);
  return self;
}

void
item_flood_free (ItemFlood *self)
{
  g_atomic_int_set (&self->is_stopped, TRUE);
  if (self->channel != NULL)
    aiot_channel_close (self->channel);
  if (self->items != NULL)
    aiot_iterator_close (self->items);
  g_clear_object (&self->items);
  unref (self);
}

guint
item_flood_get_n_received (ItemFlood *self)
{
  return self->n_received;
}

gboolean
item_flood_is_in_order (ItemFlood *self)
{
  return !self->is_out_of_order;
}

gboolean
item_flood_is_done (ItemFlood *self)
{
  return self->n_received == self->n_items;
}
