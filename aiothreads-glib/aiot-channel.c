/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-channel-private.h"

#include "aiot-enum-types.h"
#include "aiot-environment.h"
#include "aiot-frame-report-private.h"
#include "aiot-process-private.h"

/**
 * AiotChannel:
 *
 * A bounded queue between threads: any number of senders, and receivers on any number of main contexts.
 *
 * Workers send with [method@Channel.send], which blocks while the channel is full; a main loop receives with
 * [method@Channel.receive_async], or iterates over [method@Channel.iterate]:
 *
 * ```c
 * g_autoptr (AiotChannel) channel = aiot_channel_new (AIOT_CAPACITY_DEFAULT);
 * g_autoptr (AiotIterator) items = aiot_channel_iterate (channel);
 *
 * aiot_iterator_foreach_async (items, on_item, self, NULL, NULL, on_closed, self);
 * aiot_offload_async (NULL, produce, g_object_ref (channel), g_object_unref, NULL, on_produced, self);
 * ```
 *
 * It goes the other way as well: [method@Channel.send_async] for main loops, and [method@Channel.receive_sync] for workers.
 *
 * Each item is received once. Whoever waits is served first come first served; waiting costs nothing, and is ended by a time-out, a
 * cancellable, or [method@Channel.close]. What is in a closed channel is still received; then receivers get %AIOT_ERROR_CLOSED.
 * A receiver that is cancelled or timed out takes no item with it.
 *
 * What happens when the channel is full can be chosen, see [enum@WhenFull]: to wait, or to drop items, which are counted.
 * At all times [property@Channel:n-accepted] is the sum of [property@Channel:n-received], [property@Channel:n-dropped],
 * [property@Channel:n-destroyed] and [property@Channel:length].
 *
 * A channel belongs to the main context that was the thread-default one where it was made, or that it was given. Items that
 * are dropped, or still there when the last reference is gone, are freed there, and its properties notify there. When that main
 * context goes away, the channel is closed.
 *
 * All functions may be called from any thread. Only those block that say so.
 *
 * Since: 1.0
 */

struct _AiotChannel
{
  GObject parent_instance;

  /* Set at construction, then read by any thread */
  AiotQueue *queue;
  AiotHome *home;
  AiotWhenFull when_full;

  /* Construction only */
  int capacity;
  GMainContext *main_context;

  /* Atomic */
  int timeout_ms;
  gboolean length_is_watched;
  guint reported_length;        /* UNKNOWN_LENGTH: any will be news */

  AiotFrameReport length_report;
  AiotFrameReport closed_report;
};

enum
{
  PROP_0,
  PROP_CAPACITY,
  PROP_WHEN_FULL,
  PROP_TIMEOUT,
  PROP_MAIN_CONTEXT,
  PROP_CLOSED,
  PROP_LENGTH,
  PROP_PEAK_LENGTH,
  PROP_N_ACCEPTED,
  PROP_N_RECEIVED,
  PROP_N_DROPPED,
  PROP_N_DESTROYED,
  N_PROPS
};

#define UNKNOWN_LENGTH G_MAXUINT

static GParamSpec *properties[N_PROPS];
static guint notify_signal;

G_DEFINE_FINAL_TYPE (AiotChannel, aiot_channel, G_TYPE_OBJECT)

static gboolean
is_property_watched (AiotChannel *self,
                     GParamSpec  *property)
{
  return g_signal_has_handler_pending (self, notify_signal, g_param_spec_get_name_quark (property), TRUE) ||
         g_signal_has_handler_pending (self, notify_signal, 0, TRUE);
}

/* Whether anybody wants to know is looked up now and then only, because that costs more than an item. */
static void
length_changed (gpointer data)
{
  AiotChannel *self = data;
  gboolean is_watched = is_property_watched (self, properties[PROP_LENGTH]);

  aiot_queue_observe_always (self->queue, is_watched);
  if (g_atomic_int_exchange (&self->length_is_watched, is_watched) != is_watched)
    g_atomic_int_set (&self->reported_length, UNKNOWN_LENGTH);
  if (is_watched && aiot_queue_get_length (self->queue) != (guint) g_atomic_int_get (&self->reported_length))
    aiot_frame_report_ask (&self->length_report, self->home);
}

static void
report_length (GObject *object)
{
  AiotChannel *self = AIOT_CHANNEL (object);
  guint length;

  /* What changes from here on is news. */
  g_atomic_int_set (&self->reported_length, UNKNOWN_LENGTH);
  length = aiot_queue_get_length (self->queue);
  g_atomic_int_compare_and_exchange (&self->reported_length, UNKNOWN_LENGTH, length);
  g_object_notify_by_pspec (object, properties[PROP_LENGTH]);
}

static void
report_closed (GObject *object)
{
  g_object_notify_by_pspec (object, properties[PROP_CLOSED]);
}

static void
aiot_channel_get_property (GObject    *object,
                           guint       property_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  AiotChannel *self = AIOT_CHANNEL (object);

  switch (property_id)
    {
    case PROP_CAPACITY:
      g_value_set_int (value, MIN (aiot_channel_get_capacity (self), G_MAXINT));
      break;
    case PROP_WHEN_FULL:
      g_value_set_enum (value, self->when_full);
      break;
    case PROP_TIMEOUT:
      g_value_set_int (value, aiot_channel_get_timeout (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, aiot_channel_is_closed (self));
      break;
    case PROP_LENGTH:
      g_value_set_uint (value, aiot_channel_get_length (self));
      break;
    case PROP_PEAK_LENGTH:
      g_value_set_uint (value, aiot_channel_get_peak_length (self));
      break;
    case PROP_N_ACCEPTED:
      g_value_set_uint64 (value, aiot_channel_get_n_accepted (self));
      break;
    case PROP_N_RECEIVED:
      g_value_set_uint64 (value, aiot_channel_get_n_received (self));
      break;
    case PROP_N_DROPPED:
      g_value_set_uint64 (value, aiot_channel_get_n_dropped (self));
      break;
    case PROP_N_DESTROYED:
      g_value_set_uint64 (value, aiot_channel_get_n_destroyed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_channel_set_property (GObject      *object,
                           guint         property_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  AiotChannel *self = AIOT_CHANNEL (object);

  switch (property_id)
    {
    case PROP_CAPACITY:
      self->capacity = g_value_get_int (value);
      break;
    case PROP_WHEN_FULL:
      self->when_full = g_value_get_enum (value);
      break;
    case PROP_TIMEOUT:
      aiot_channel_set_timeout (self, g_value_get_int (value));
      break;
    case PROP_MAIN_CONTEXT:
      self->main_context = g_value_dup_boxed (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_channel_constructed (GObject *object)
{
  AiotChannel *self = AIOT_CHANNEL (object);
  guint capacity = self->capacity == AIOT_CAPACITY_DEFAULT ? aiot_get_default_capacity () : (guint) self->capacity;

  G_OBJECT_CLASS (aiot_channel_parent_class)->constructed (object);

  self->home = self->main_context != NULL ? aiot_home_dup_for (self->main_context) : aiot_home_dup_thread_default ();
  /* It must not keep it alive. */
  g_clear_pointer (&self->main_context, g_main_context_unref);
  self->queue = aiot_queue_new (self->home, capacity, self->when_full);
  aiot_queue_set_observer (self->queue, length_changed, self);
  aiot_queue_close_with_home (self->queue);
  aiot_frame_report_init (&self->length_report, self, report_length);
  aiot_frame_report_init (&self->closed_report, self, report_closed);
}

static void
aiot_channel_finalize (GObject *object)
{
  AiotChannel *self = AIOT_CHANNEL (object);

  if (!aiot_process_is_forked ())
    {
      aiot_queue_observe_always (self->queue, FALSE);
      aiot_queue_forget_home (self->queue);
      aiot_queue_discard (self->queue);
    }
  g_clear_pointer (&self->queue, aiot_queue_unref);
  g_clear_pointer (&self->home, aiot_home_unref);

  G_OBJECT_CLASS (aiot_channel_parent_class)->finalize (object);
}

static GParamSpec *
statistic (const char *name)
{
  return g_param_spec_uint64 (name, NULL, NULL, 0, G_MAXUINT64, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
aiot_channel_class_init (AiotChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = aiot_channel_get_property;
  object_class->set_property = aiot_channel_set_property;
  object_class->constructed = aiot_channel_constructed;
  object_class->finalize = aiot_channel_finalize;
  notify_signal = g_signal_lookup ("notify", G_TYPE_OBJECT);

  /**
   * AiotChannel:capacity: (getter get_capacity)
   *
   * How many items wait at most; 0 is no limit. It may be made with %AIOT_CAPACITY_DEFAULT.
   *
   * Since: 1.0
   */
  properties[PROP_CAPACITY] =
    g_param_spec_int ("capacity", NULL, NULL, AIOT_CAPACITY_DEFAULT, G_MAXINT, AIOT_CAPACITY_DEFAULT,
                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotChannel:when-full: (getter get_when_full)
   *
   * What happens when an item is sent while the channel is full.
   *
   * Since: 1.0
   */
  properties[PROP_WHEN_FULL] =
    g_param_spec_enum ("when-full", NULL, NULL, AIOT_TYPE_WHEN_FULL, AIOT_WHEN_FULL_WAIT,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotChannel:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How many milliseconds a receiver waits that says %AIOT_TIMEOUT_DEFAULT; %AIOT_TIMEOUT_NONE for as long as it takes.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_int ("timeout", NULL, NULL, AIOT_TIMEOUT_NONE, G_MAXINT, AIOT_TIMEOUT_NONE,
                      G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotChannel:main-context:
   *
   * The main context that it belongs to; %NULL is the thread-default one. The channel does not keep it alive.
   *
   * Since: 1.0
   */
  properties[PROP_MAIN_CONTEXT] =
    g_param_spec_boxed ("main-context", NULL, NULL, G_TYPE_MAIN_CONTEXT,
                        G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotChannel:closed: (getter is_closed)
   *
   * Whether nothing can be sent any more. It notifies on the main context of the channel.
   *
   * Since: 1.0
   */
  properties[PROP_CLOSED] =
    g_param_spec_boolean ("closed", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotChannel:length: (getter get_length)
   *
   * How many items wait. It notifies on the main context of the channel, at most once a frame; a handler that is connected while
   * items pass is noticed after 64 of them at the latest, or when the channel is empty.
   *
   * Since: 1.0
   */
  properties[PROP_LENGTH] =
    g_param_spec_uint ("length", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotChannel:peak-length: (getter get_peak_length)
   *
   * How many items have waited at most so far.
   *
   * Since: 1.0
   */
  properties[PROP_PEAK_LENGTH] =
    g_param_spec_uint ("peak-length", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotChannel:n-accepted: (getter get_n_accepted)
   *
   * How many items were sent with success, those included that were dropped at once.
   *
   * Since: 1.0
   */
  properties[PROP_N_ACCEPTED] = statistic ("n-accepted");

  /**
   * AiotChannel:n-received: (getter get_n_received)
   *
   * How many items were received.
   *
   * Since: 1.0
   */
  properties[PROP_N_RECEIVED] = statistic ("n-received");

  /**
   * AiotChannel:n-dropped: (getter get_n_dropped)
   *
   * How many items were dropped because the channel was full.
   *
   * Since: 1.0
   */
  properties[PROP_N_DROPPED] = statistic ("n-dropped");

  /**
   * AiotChannel:n-destroyed: (getter get_n_destroyed)
   *
   * How many items were freed unread because nobody could receive them any more. Nobody who has a reference ever sees but 0.
   *
   * Since: 1.0
   */
  properties[PROP_N_DESTROYED] = statistic ("n-destroyed");

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_channel_init (AiotChannel *self)
{
}

AiotQueue *
aiot_channel_get_queue (AiotChannel *self)
{
  return self->queue;
}

/**
 * aiot_channel_new:
 * @capacity: how many items wait at most, %AIOT_CAPACITY_DEFAULT or %AIOT_CAPACITY_UNBOUNDED
 *
 * Makes a channel that belongs to the thread-default main context, and where senders wait while it is full.
 *
 * Returns: (transfer full): a new channel
 *
 * Since: 1.0
 */
AiotChannel *
aiot_channel_new (int capacity)
{
  return aiot_channel_new_full (capacity, AIOT_WHEN_FULL_WAIT, AIOT_TIMEOUT_NONE, NULL);
}

/**
 * aiot_channel_new_full:
 * @capacity: how many items wait at most, %AIOT_CAPACITY_DEFAULT or %AIOT_CAPACITY_UNBOUNDED
 * @when_full: what happens when an item is sent while it is full
 * @timeout_ms: how many milliseconds receivers wait that say %AIOT_TIMEOUT_DEFAULT, or %AIOT_TIMEOUT_NONE
 * @main_context: (nullable): the main context that it belongs to, or %NULL for the thread-default one
 *
 * Makes a channel, with all that can be said about it.
 *
 * Returns: (transfer full): a new channel
 *
 * Since: 1.0
 */
AiotChannel *
aiot_channel_new_full (int           capacity,
                       AiotWhenFull  when_full,
                       int           timeout_ms,
                       GMainContext *main_context)
{
  g_return_val_if_fail (capacity >= AIOT_CAPACITY_DEFAULT, NULL);
  g_return_val_if_fail (when_full <= AIOT_WHEN_FULL_KEEP_LATEST, NULL);
  g_return_val_if_fail (timeout_ms >= AIOT_TIMEOUT_NONE, NULL);

  return g_object_new (AIOT_TYPE_CHANNEL,
                       "capacity", capacity,
                       "when-full", when_full,
                       "timeout", timeout_ms,
                       "main-context", main_context,
                       NULL);
}

/* --- What it is like --------------------------------------------------------- */

/**
 * aiot_channel_get_capacity: (get-property capacity)
 * @self: a channel
 *
 * Gets how many items wait at most.
 *
 * Returns: a number of items; 0 is no limit
 *
 * Since: 1.0
 */
guint
aiot_channel_get_capacity (AiotChannel *self)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), 0);

  return aiot_queue_get_capacity (self->queue);
}

/**
 * aiot_channel_get_when_full: (get-property when-full)
 * @self: a channel
 *
 * Gets what happens when an item is sent while the channel is full.
 *
 * Returns: what happens
 *
 * Since: 1.0
 */
AiotWhenFull
aiot_channel_get_when_full (AiotChannel *self)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), AIOT_WHEN_FULL_WAIT);

  return self->when_full;
}

/**
 * aiot_channel_get_timeout: (get-property timeout)
 * @self: a channel
 *
 * Gets how long receivers wait that say nothing else.
 *
 * Returns: milliseconds, or %AIOT_TIMEOUT_NONE
 *
 * Since: 1.0
 */
int
aiot_channel_get_timeout (AiotChannel *self)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), AIOT_TIMEOUT_NONE);

  return g_atomic_int_get (&self->timeout_ms);
}

/**
 * aiot_channel_set_timeout: (set-property timeout)
 * @self: a channel
 * @timeout_ms: milliseconds, or %AIOT_TIMEOUT_NONE
 *
 * Sets how long receivers wait from now on that say nothing else.
 *
 * Since: 1.0
 */
void
aiot_channel_set_timeout (AiotChannel *self,
                          int          timeout_ms)
{
  g_return_if_fail (AIOT_IS_CHANNEL (self));
  g_return_if_fail (timeout_ms >= AIOT_TIMEOUT_NONE);

  if (g_atomic_int_exchange (&self->timeout_ms, timeout_ms) != timeout_ms)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * aiot_channel_is_closed: (get-property closed)
 * @self: a channel
 *
 * Gets whether nothing can be sent any more. There may still be items to be received.
 *
 * Returns: %TRUE if it was closed
 *
 * Since: 1.0
 */
gboolean
aiot_channel_is_closed (AiotChannel *self)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), TRUE);

  return aiot_queue_is_closed (self->queue);
}

/**
 * aiot_channel_get_length: (get-property length)
 * @self: a channel
 *
 * Gets how many items wait now.
 *
 * Returns: a number of items, never more than the capacity
 *
 * Since: 1.0
 */
guint
aiot_channel_get_length (AiotChannel *self)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), 0);

  return aiot_queue_get_length (self->queue);
}

static AiotQueueStatistics
get_statistics (AiotChannel *self)
{
  AiotQueueStatistics statistics = { 0 };

  g_return_val_if_fail (AIOT_IS_CHANNEL (self), statistics);

  aiot_queue_get_statistics (self->queue, &statistics);
  return statistics;
}

/**
 * aiot_channel_get_peak_length: (get-property peak-length)
 * @self: a channel
 *
 * Gets how many items have waited at most so far.
 *
 * Returns: a number of items, never more than the capacity
 *
 * Since: 1.0
 */
guint
aiot_channel_get_peak_length (AiotChannel *self)
{
  return get_statistics (self).peak_length;
}

/**
 * aiot_channel_get_n_accepted: (get-property n-accepted)
 * @self: a channel
 *
 * Gets how many items were sent with success, those included that were dropped at once.
 *
 * Returns: a number of items
 *
 * Since: 1.0
 */
guint64
aiot_channel_get_n_accepted (AiotChannel *self)
{
  return get_statistics (self).n_accepted;
}

/**
 * aiot_channel_get_n_received: (get-property n-received)
 * @self: a channel
 *
 * Gets how many items were received.
 *
 * Returns: a number of items
 *
 * Since: 1.0
 */
guint64
aiot_channel_get_n_received (AiotChannel *self)
{
  return get_statistics (self).n_received;
}

/**
 * aiot_channel_get_n_dropped: (get-property n-dropped)
 * @self: a channel
 *
 * Gets how many items were dropped because the channel was full.
 *
 * Returns: a number of items
 *
 * Since: 1.0
 */
guint64
aiot_channel_get_n_dropped (AiotChannel *self)
{
  return get_statistics (self).n_dropped;
}

/**
 * aiot_channel_get_n_destroyed: (get-property n-destroyed)
 * @self: a channel
 *
 * Gets how many items were freed because nobody could receive them any more.
 *
 * Returns: a number of items
 *
 * Since: 1.0
 */
guint64
aiot_channel_get_n_destroyed (AiotChannel *self)
{
  return get_statistics (self).n_destroyed;
}

/* --- Its end ----------------------------------------------------------------- */

/**
 * aiot_channel_close:
 * @self: a channel
 *
 * Ends the sending.
 *
 * Who waits for room gets %AIOT_ERROR_CLOSED, and so does who sends from now on. What is in the channel is still received; then
 * receivers get %AIOT_ERROR_CLOSED, and iterations end.
 *
 * All this is in effect when it returns. It does not block, may be called from any thread, and again.
 *
 * Since: 1.0
 */
void
aiot_channel_close (AiotChannel *self)
{
  g_return_if_fail (AIOT_IS_CHANNEL (self));

  if (aiot_process_is_forked ())
    return;

  if (aiot_queue_close (self->queue) && is_property_watched (self, properties[PROP_CLOSED]))
    aiot_frame_report_ask (&self->closed_report, self->home);
}

/**
 * aiot_channel_iterate:
 * @self: a channel
 *
 * Makes an iterator over what is received from the channel.
 *
 * It ends when the channel is closed and empty. Closing it, or dropping it, ends nothing but the iterator, and loses no item. Several
 * iterators, and others who receive, share the items: each gets those that it asks for first. What one leaves behind in a closed
 * channel, when others were told the end already, is there for whoever asks anew.
 *
 * Workers that share the items make an iterator each: one and the same is over for all when it has told one of them the end.
 *
 * Returns: (transfer full): a new iterator
 *
 * Since: 1.0
 */
AiotIterator *
aiot_channel_iterate (AiotChannel *self)
{
  g_return_val_if_fail (AIOT_IS_CHANNEL (self), NULL);

  return aiot_channel_reader_new (self);
}
