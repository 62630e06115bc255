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

/*
 * The value of a number has nothing but the number. To ask the type system for that, once to make the value and once to clear it,
 * is a good part of what an item costs all together.
 */
void
aiot_value_init_boolean (GValue   *value,
                         gboolean  boolean)
{
  *value = (GValue) { .g_type = G_TYPE_BOOLEAN, .data[0].v_int = !!boolean };
}

void
aiot_value_init_int64 (GValue *value,
                       gint64  number)
{
  *value = (GValue) { .g_type = G_TYPE_INT64, .data[0].v_int64 = number };
}

void
aiot_value_init_double (GValue *value,
                        double  number)
{
  *value = (GValue) { .g_type = G_TYPE_DOUBLE, .data[0].v_double = number };
}

/* Whether it holds something. G_IS_VALUE () asks the type system, for which there is one lock in the process. */
gboolean
aiot_value_is_set (const GValue *value)
{
  return G_VALUE_TYPE (value) != G_TYPE_INVALID;
}

/* Empties one, if it is not empty already. From G_TYPE_CHAR to G_TYPE_DOUBLE all are numbers. */
void
aiot_value_clear (GValue *value)
{
  if (G_VALUE_TYPE (value) == G_TYPE_INVALID)
    return;

  if (G_VALUE_TYPE (value) >= G_TYPE_CHAR && G_VALUE_TYPE (value) <= G_TYPE_DOUBLE)
    *value = (GValue) G_VALUE_INIT;
  else
    g_value_unset (value);
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
