/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-limiter-private.h"

/**
 * AiotLimiter:
 *
 * At most so many pieces of work of a kind at once.
 *
 * The size of an executor limits its threads. A limiter limits work, whatever executors it is done on: no more than two
 * downloads from one server, no more than one job that fills the memory. Several [class@Threaded] can share one:
 *
 * ```c
 * g_autoptr (AiotLimiter) per_server = aiot_limiter_new (2);
 *
 * aiot_threaded_set_limiter (downloader, per_server);
 * aiot_threaded_set_limiter (uploader, per_server);
 * ```
 *
 * A call that may not start yet takes no thread. Calls are let through in the order in which they were made, and one that is
 * cancelled while it waits never runs. All functions may be called from any thread, and none blocks.
 *
 * Since: 1.0
 */

struct _AiotLimiter
{
  GObject parent_instance;

  GMutex mutex;             /* guards all below */
  guint capacity;
  guint n_inside;
  GQueue waiting;           /* of AiotTicket */
  gboolean is_admitting;    /* some thread lets in all that may enter */
};

enum
{
  PROP_0,
  PROP_CAPACITY,
  PROP_N_INSIDE,
  PROP_N_WAITING,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (AiotLimiter, aiot_limiter, G_TYPE_OBJECT)

static void
aiot_limiter_get_property (GObject    *object,
                           guint       property_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  AiotLimiter *self = AIOT_LIMITER (object);

  switch (property_id)
    {
    case PROP_CAPACITY:
      g_value_set_uint (value, aiot_limiter_get_capacity (self));
      break;
    case PROP_N_INSIDE:
      g_value_set_uint (value, aiot_limiter_get_n_inside (self));
      break;
    case PROP_N_WAITING:
      g_value_set_uint (value, aiot_limiter_get_n_waiting (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_limiter_set_property (GObject      *object,
                           guint         property_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  AiotLimiter *self = AIOT_LIMITER (object);

  switch (property_id)
    {
    case PROP_CAPACITY:
      aiot_limiter_set_capacity (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_limiter_finalize (GObject *object)
{
  AiotLimiter *self = AIOT_LIMITER (object);

  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (aiot_limiter_parent_class)->finalize (object);
}

static void
aiot_limiter_class_init (AiotLimiterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = aiot_limiter_get_property;
  object_class->set_property = aiot_limiter_set_property;
  object_class->finalize = aiot_limiter_finalize;

  /**
   * AiotLimiter:capacity: (getter get_capacity) (setter set_capacity)
   *
   * How much may be under way at once.
   *
   * Since: 1.0
   */
  properties[PROP_CAPACITY] =
    g_param_spec_uint ("capacity", NULL, NULL, 1, G_MAXINT, 1,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotLimiter:n-inside: (getter get_n_inside)
   *
   * How much is under way now; it changes all the time and gives no notification.
   *
   * Since: 1.0
   */
  properties[PROP_N_INSIDE] =
    g_param_spec_uint ("n-inside", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * AiotLimiter:n-waiting: (getter get_n_waiting)
   *
   * How much waits to be let through; it changes all the time and gives no notification.
   *
   * Since: 1.0
   */
  properties[PROP_N_WAITING] =
    g_param_spec_uint ("n-waiting", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_limiter_init (AiotLimiter *self)
{
  g_mutex_init (&self->mutex);
}

/**
 * aiot_limiter_new:
 * @capacity: how much may be under way at once, at least 1
 *
 * Makes a limiter.
 *
 * Returns: (transfer full): a new limiter
 *
 * Since: 1.0
 */
AiotLimiter *
aiot_limiter_new (guint capacity)
{
  g_return_val_if_fail (capacity >= 1 && capacity <= G_MAXINT, NULL);

  return g_object_new (AIOT_TYPE_LIMITER, "capacity", capacity, NULL);
}

/**
 * aiot_limiter_get_capacity: (get-property capacity)
 * @self: a limiter
 *
 * Gets how much may be under way at once.
 *
 * Returns: a number of calls
 *
 * Since: 1.0
 */
guint
aiot_limiter_get_capacity (AiotLimiter *self)
{
  guint capacity;

  g_return_val_if_fail (AIOT_IS_LIMITER (self), 0);

  g_mutex_lock (&self->mutex);
  capacity = self->capacity;
  g_mutex_unlock (&self->mutex);

  return capacity;
}

/*
 * Lets in all that may enter. Being let in may end at once in leaving, so only one thread does this at a time, in a loop
 * and not by recursion.
 */
static void
limiter_admit_locked (AiotLimiter *self)
{
  if (self->is_admitting)
    return;

  self->is_admitting = TRUE;
  while (self->n_inside < self->capacity && self->waiting.length > 0)
    {
      AiotTicket *ticket = g_queue_pop_head_link (&self->waiting)->data;

      ticket->is_queued = FALSE;
      self->n_inside++;
      g_mutex_unlock (&self->mutex);
      ticket->admitted (ticket);
      g_mutex_lock (&self->mutex);
    }
  self->is_admitting = FALSE;
}

/**
 * aiot_limiter_set_capacity: (set-property capacity)
 * @self: a limiter
 * @capacity: how much may be under way at once, at least 1
 *
 * Sets how much may be under way at once.
 *
 * When it is raised, what waits may start at once. When it is lowered, what is under way goes on, and less is let through.
 *
 * Since: 1.0
 */
void
aiot_limiter_set_capacity (AiotLimiter *self,
                           guint        capacity)
{
  gboolean changed;

  g_return_if_fail (AIOT_IS_LIMITER (self));
  g_return_if_fail (capacity >= 1 && capacity <= G_MAXINT);

  g_mutex_lock (&self->mutex);
  changed = self->capacity != capacity;
  self->capacity = capacity;
  limiter_admit_locked (self);
  g_mutex_unlock (&self->mutex);

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPACITY]);
}

/**
 * aiot_limiter_get_n_inside: (get-property n-inside)
 * @self: a limiter
 *
 * Gets how much is under way now.
 *
 * Returns: a number of calls
 *
 * Since: 1.0
 */
guint
aiot_limiter_get_n_inside (AiotLimiter *self)
{
  guint n_inside;

  g_return_val_if_fail (AIOT_IS_LIMITER (self), 0);

  g_mutex_lock (&self->mutex);
  n_inside = self->n_inside;
  g_mutex_unlock (&self->mutex);

  return n_inside;
}

/**
 * aiot_limiter_get_n_waiting: (get-property n-waiting)
 * @self: a limiter
 *
 * Gets how much waits to be let through.
 *
 * Returns: a number of calls
 *
 * Since: 1.0
 */
guint
aiot_limiter_get_n_waiting (AiotLimiter *self)
{
  guint n_waiting;

  g_return_val_if_fail (AIOT_IS_LIMITER (self), 0);

  g_mutex_lock (&self->mutex);
  n_waiting = self->waiting.length;
  g_mutex_unlock (&self->mutex);

  return n_waiting;
}

/* Any thread, no lock held. Whoever enters holds the limiter until it has left. */
void
aiot_limiter_enter (AiotLimiter *self,
                    AiotTicket  *ticket)
{
  g_object_ref (self);
  ticket->link = (GList) { .data = ticket };
  g_mutex_lock (&self->mutex);
  ticket->is_queued = TRUE;
  g_queue_push_tail_link (&self->waiting, &ticket->link);
  limiter_admit_locked (self);
  g_mutex_unlock (&self->mutex);
  g_object_unref (self);
}

/* FALSE when it was admitted, or never entered. */
gboolean
aiot_limiter_withdraw (AiotLimiter *self,
                       AiotTicket  *ticket)
{
  gboolean withdrawn;

  g_mutex_lock (&self->mutex);
  withdrawn = ticket->is_queued;
  if (withdrawn)
    g_queue_unlink (&self->waiting, &ticket->link);
  ticket->is_queued = FALSE;
  g_mutex_unlock (&self->mutex);

  return withdrawn;
}

/*
 * Any thread, no lock held. TRUE when others may come in now: whoever left sees to that with aiot_limiter_let_in (). It may take
 * long, when others leave meanwhile, so whoever waits for this one comes first.
 */
gboolean
aiot_limiter_leave (AiotLimiter *self)
{
  gboolean may_enter;

  g_mutex_lock (&self->mutex);
  self->n_inside--;
  may_enter = !self->is_admitting && self->n_inside < self->capacity && self->waiting.length > 0;
  g_mutex_unlock (&self->mutex);

  return may_enter;
}

/* Any thread, no lock held. The caller holds a reference. */
void
aiot_limiter_let_in (AiotLimiter *self)
{
  g_mutex_lock (&self->mutex);
  limiter_admit_locked (self);
  g_mutex_unlock (&self->mutex);
}
