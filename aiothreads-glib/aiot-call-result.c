/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-private.h"

#include "aiot-value-private.h"

/* How a function sets the result of its call: one line for each kind of value. */

/* Moves what is in @value, or leaves it there when it is too late for a result. */
static void
call_take_result (AiotCall *self,
                  GValue   *value)
{
  GValue *result;

  g_return_if_fail (self != NULL);

  result = aiot_call_empty_result (self);
  if (result == NULL)
    {
      g_critical ("The result of a call was set after its function had returned");
      return;
    }

  *result = *value;
  *value = (GValue) G_VALUE_INIT;
}

/**
 * aiot_call_set_result:
 * @self: a call
 * @value: (nullable): the result, which is copied, or %NULL for no value
 *
 * Sets the result of a call.
 *
 * Since: 1.0
 */
void
aiot_call_set_result (AiotCall     *self,
                      const GValue *value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  g_return_if_fail (value == NULL || G_IS_VALUE (value));

  if (value != NULL)
    aiot_value_init_copy (&result, value);
  else
    aiot_value_init_no_value (&result);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_boolean: (skip)
 * @self: a call
 * @value: the result
 *
 * Sets a boolean as the result of a call.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_boolean (AiotCall *self,
                              gboolean  value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_boolean (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_int64: (skip)
 * @self: a call
 * @value: the result
 *
 * Sets an integer as the result of a call.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_int64 (AiotCall *self,
                            gint64    value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_int64 (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_double: (skip)
 * @self: a call
 * @value: the result
 *
 * Sets a floating point number as the result of a call.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_double (AiotCall *self,
                             double    value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_double (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_string: (skip)
 * @self: a call
 * @value: (nullable): the result
 *
 * Sets a copy of a string as the result of a call.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_string (AiotCall   *self,
                             const char *value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_string (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_take_string: (skip)
 * @self: a call
 * @value: (nullable) (transfer full): the result
 *
 * Sets a string as the result of a call; it will be freed with g_free ().
 *
 * Since: 1.0
 */
void
aiot_call_set_result_take_string (AiotCall *self,
                                  char     *value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_take_string (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_object: (skip)
 * @self: a call
 * @value: (nullable) (type GObject.Object): the result
 *
 * Sets an object as the result of a call, and takes a reference to it.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_object (AiotCall *self,
                             gpointer  value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_object (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_take_object: (skip)
 * @self: a call
 * @value: (nullable) (transfer full) (type GObject.Object): the result
 *
 * Sets an object as the result of a call, and takes over the reference of the function.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_take_object (AiotCall *self,
                                  gpointer  value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_take_object (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_boxed: (skip)
 * @self: a call
 * @boxed_type: the type of @value, derived from %G_TYPE_BOXED
 * @value: (nullable): the result
 *
 * Sets a copy of a boxed value as the result of a call.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_boxed (AiotCall      *self,
                            GType          boxed_type,
                            gconstpointer  value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_boxed (&result, boxed_type, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_take_boxed: (skip)
 * @self: a call
 * @boxed_type: the type of @value, derived from %G_TYPE_BOXED
 * @value: (nullable) (transfer full): the result
 *
 * Sets a boxed value as the result of a call; it will be freed with g_boxed_free ().
 *
 * Since: 1.0
 */
void
aiot_call_set_result_take_boxed (AiotCall *self,
                                 GType     boxed_type,
                                 gpointer  value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_take_boxed (&result, boxed_type, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_variant: (skip)
 * @self: a call
 * @value: (nullable): the result
 *
 * Sets a variant as the result of a call; a floating reference is taken over.
 *
 * Since: 1.0
 */
void
aiot_call_set_result_variant (AiotCall *self,
                              GVariant *value)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_variant (&result, value);
  call_take_result (self, &result);
}

/**
 * aiot_call_set_result_pointer: (skip)
 * @self: a call
 * @value: (nullable): the result
 * @destroy: (nullable): called with @value, on the main context of the caller, when the result is not needed any more
 *
 * Sets a pointer as the result of a call; see [func@value_get_pointer].
 *
 * Since: 1.0
 */
void
aiot_call_set_result_pointer (AiotCall       *self,
                              gpointer        value,
                              GDestroyNotify  destroy)
{
  g_auto (GValue) result = G_VALUE_INIT;

  aiot_value_init_pointer (&result, value, destroy);
  call_take_result (self, &result);
}
