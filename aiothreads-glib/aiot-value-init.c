/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-value-private.h"

/* A value from each kind of thing that results and items are made of: what their typed forms share. */

/* The type of the object itself tells bindings more than GObject would. */
static GType
type_of_object (gpointer object)
{
  return object != NULL ? G_OBJECT_TYPE (object) : G_TYPE_OBJECT;
}

void
aiot_value_init_boolean (GValue   *value,
                         gboolean  boolean)
{
  g_value_init (value, G_TYPE_BOOLEAN);
  g_value_set_boolean (value, boolean);
}

void
aiot_value_init_int64 (GValue *value,
                       gint64  number)
{
  g_value_init (value, G_TYPE_INT64);
  g_value_set_int64 (value, number);
}

void
aiot_value_init_double (GValue *value,
                        double  number)
{
  g_value_init (value, G_TYPE_DOUBLE);
  g_value_set_double (value, number);
}

void
aiot_value_init_string (GValue     *value,
                        const char *string)
{
  g_value_init (value, G_TYPE_STRING);
  g_value_set_string (value, string);
}

void
aiot_value_init_take_string (GValue *value,
                             char   *string)
{
  g_value_init (value, G_TYPE_STRING);
  g_value_take_string (value, string);
}

void
aiot_value_init_object (GValue   *value,
                        gpointer  object)
{
  g_value_init (value, type_of_object (object));
  g_value_set_object (value, object);
}

void
aiot_value_init_take_object (GValue   *value,
                             gpointer  object)
{
  g_value_init (value, type_of_object (object));
  g_value_take_object (value, object);
}

void
aiot_value_init_boxed (GValue        *value,
                       GType          boxed_type,
                       gconstpointer  boxed)
{
  g_value_init (value, boxed_type);
  g_value_set_boxed (value, boxed);
}

void
aiot_value_init_take_boxed (GValue   *value,
                            GType     boxed_type,
                            gpointer  boxed)
{
  g_value_init (value, boxed_type);
  g_value_take_boxed (value, boxed);
}

/* A floating reference is taken over. */
void
aiot_value_init_variant (GValue   *value,
                         GVariant *variant)
{
  g_value_init (value, G_TYPE_VARIANT);
  g_value_set_variant (value, variant);
}
