/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-progress-private.h"

#include "aiot-frame-report-private.h"

/**
 * AiotProgress:
 *
 * How far work has come, told from any thread, and seen on one main context.
 *
 * It is to progress what a [class@Gio.Cancellable] is to cancellation: make one, hand it to the blocking function as its data or
 * argument, and bind its properties to what the user sees:
 *
 * ```c
 * g_autoptr (AiotProgress) progress = aiot_progress_new ();
 *
 * g_object_bind_property (progress, "fraction", progress_bar, "fraction", G_BINDING_DEFAULT);
 * g_object_bind_property (progress, "text", progress_bar, "text", G_BINDING_DEFAULT);
 * aiot_offload_async (NULL, read_everything, g_object_ref (progress), g_object_unref, NULL, on_read, self);
 * ```
 *
 * The function calls [method@Progress.report] as often as it likes: the properties change, and notify, at most once in 16
 * milliseconds, which is a frame, with the latest that was told. They do so on the main context that was the thread-default
 * one where the object was made; use them only there.
 *
 * Since: 1.0
 */

struct _AiotProgress
{
  GObject parent_instance;

  AiotHome *home;          /* set at construction */

  /* At home only */
  double fraction;
  char *text;

  AiotFrameReport report;

  GMutex mutex;            /* guards all below */
  double new_fraction;
  char *new_text;
};

enum
{
  PROP_0,
  PROP_FRACTION,
  PROP_TEXT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (AiotProgress, aiot_progress, G_TYPE_OBJECT)

static void
report (GObject *object)
{
  AiotProgress *self = AIOT_PROGRESS (object);
  g_autofree char *old_text = NULL;
  double old_fraction = self->fraction;

  g_mutex_lock (&self->mutex);
  self->fraction = self->new_fraction;
  old_text = self->text;
  self->text = g_strdup (self->new_text);
  g_mutex_unlock (&self->mutex);

  g_object_freeze_notify (G_OBJECT (self));
  if (self->fraction != old_fraction)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);
  if (g_strcmp0 (self->text, old_text) != 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXT]);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
aiot_progress_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  AiotProgress *self = AIOT_PROGRESS (object);

  switch (property_id)
    {
    case PROP_FRACTION:
      g_value_set_double (value, self->fraction);
      break;
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_progress_finalize (GObject *object)
{
  AiotProgress *self = AIOT_PROGRESS (object);

  g_clear_pointer (&self->home, aiot_home_unref);
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->new_text, g_free);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (aiot_progress_parent_class)->finalize (object);
}

static void
aiot_progress_class_init (AiotProgressClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = aiot_progress_get_property;
  object_class->finalize = aiot_progress_finalize;

  /**
   * AiotProgress:fraction: (getter get_fraction)
   *
   * How much is done, from 0 to 1.
   *
   * Since: 1.0
   */
  properties[PROP_FRACTION] =
    g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * AiotProgress:text: (getter get_text)
   *
   * What is being done, for people.
   *
   * Since: 1.0
   */
  properties[PROP_TEXT] =
    g_param_spec_string ("text", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_progress_init (AiotProgress *self)
{
  self->home = aiot_home_dup_thread_default ();
  aiot_frame_report_init (&self->report, self, report);
  g_mutex_init (&self->mutex);
}

/**
 * aiot_progress_new:
 *
 * Makes an object that is told of progress, and notifies on this main context.
 *
 * Returns: (transfer full): a new object
 *
 * Since: 1.0
 */
AiotProgress *
aiot_progress_new (void)
{
  return g_object_new (AIOT_TYPE_PROGRESS, NULL);
}

/* One that notifies at this home. */
AiotProgress *
aiot_progress_new_at (AiotHome *home)
{
  AiotProgress *self = aiot_progress_new ();

  aiot_home_unref (self->home);
  self->home = aiot_home_ref (home);
  return self;
}

/**
 * aiot_progress_get_fraction: (get-property fraction)
 * @self: a progress
 *
 * Gets how much is done, as far as its main context knows.
 *
 * Call it on the main context that made the object.
 *
 * Returns: a number from 0 to 1
 *
 * Since: 1.0
 */
double
aiot_progress_get_fraction (AiotProgress *self)
{
  g_return_val_if_fail (AIOT_IS_PROGRESS (self), 0);

  return self->fraction;
}

/**
 * aiot_progress_get_text: (get-property text)
 * @self: a progress
 *
 * Gets what is being done, as far as its main context knows.
 *
 * Call it on the main context that made the object.
 *
 * Returns: (transfer none) (nullable): a text for people, valid until it changes
 *
 * Since: 1.0
 */
const char *
aiot_progress_get_text (AiotProgress *self)
{
  g_return_val_if_fail (AIOT_IS_PROGRESS (self), NULL);

  return self->text;
}

/**
 * aiot_progress_report:
 * @self: a progress
 * @fraction: how much is done; below 0 counts as 0, as does what is no number, such as nothing of nothing, and above 1 as 1
 * @text: (nullable): what is being done
 *
 * Tells how far the work has come.
 *
 * It may be called from any thread, as often as one likes, and does not block. What is told within a frame after the last
 * notification is seen at the end of that frame, and only the latest of it.
 *
 * Since: 1.0
 */
void
aiot_progress_report (AiotProgress *self,
                      double        fraction,
                      const char   *text)
{
  g_return_if_fail (AIOT_IS_PROGRESS (self));

  g_mutex_lock (&self->mutex);
  /* NAN is not above 0 either. */
  self->new_fraction = fraction > 0 ? MIN (fraction, 1) : 0;
  if (g_strcmp0 (self->new_text, text) != 0)
    {
      g_free (self->new_text);
      self->new_text = g_strdup (text);
    }
  g_mutex_unlock (&self->mutex);

  aiot_frame_report_ask (&self->report, self->home);
}
