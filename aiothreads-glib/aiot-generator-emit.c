/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-generator-private.h"

#include "aiot-value-private.h"

/* The typed forms of aiot_generator_emit (): each makes a value of what it got, and gives that away. */

/* In each form, so that a critical has the name that its caller knows. The value is freed then, because nobody has taken it. */
#define RETURN_EMITTED(self, item, error)                          \
  G_STMT_START {                                                   \
    g_return_val_if_fail (self != NULL, FALSE);                    \
    g_return_val_if_fail (error == NULL || *error == NULL, FALSE); \
                                                                   \
    return aiot_generator_emit_taken (self, item, error);          \
  } G_STMT_END

/**
 * aiot_generator_emit_boolean: (skip)
 * @self: a generator
 * @value: the item
 * @error: return location for an error
 *
 * Gives a boolean as the next item.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_boolean (AiotGenerator  *self,
                             gboolean        value,
                             GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_boolean (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_int64: (skip)
 * @self: a generator
 * @value: the item
 * @error: return location for an error
 *
 * Gives an integer as the next item.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_int64 (AiotGenerator  *self,
                           gint64          value,
                           GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_int64 (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_double: (skip)
 * @self: a generator
 * @value: the item
 * @error: return location for an error
 *
 * Gives a floating point number as the next item.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_double (AiotGenerator  *self,
                            double          value,
                            GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_double (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_string: (skip)
 * @self: a generator
 * @value: (nullable): the item
 * @error: return location for an error
 *
 * Gives a copy of a string as the next item.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_string (AiotGenerator  *self,
                            const char     *value,
                            GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_string (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_take_string: (skip)
 * @self: a generator
 * @value: (nullable) (transfer full): the item
 * @error: return location for an error
 *
 * Gives a string as the next item; it will be freed with g_free ().
 *
 * It is taken in any case. When nobody wants it, it is freed on the main context of the iterator.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_take_string (AiotGenerator  *self,
                                 char           *value,
                                 GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_take_string (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_object: (skip)
 * @self: a generator
 * @value: (nullable) (type GObject.Object): the item
 * @error: return location for an error
 *
 * Gives an object as the next item, and takes a reference to it.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_object (AiotGenerator  *self,
                            gpointer        value,
                            GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (value == NULL || G_IS_OBJECT (value), FALSE);

  aiot_value_init_object (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_take_object: (skip)
 * @self: a generator
 * @value: (nullable) (transfer full) (type GObject.Object): the item
 * @error: return location for an error
 *
 * Gives an object as the next item, and takes over the reference of the caller.
 *
 * It is taken in any case. When nobody wants it, it is freed on the main context of the iterator.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_take_object (AiotGenerator  *self,
                                 gpointer        value,
                                 GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (value == NULL || G_IS_OBJECT (value), FALSE);

  aiot_value_init_take_object (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_boxed: (skip)
 * @self: a generator
 * @boxed_type: the type of @value, derived from %G_TYPE_BOXED
 * @value: (nullable): the item
 * @error: return location for an error
 *
 * Gives a copy of a boxed value as the next item.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_boxed (AiotGenerator  *self,
                           GType           boxed_type,
                           gconstpointer   value,
                           GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (G_TYPE_IS_BOXED (boxed_type), FALSE);

  aiot_value_init_boxed (&item, boxed_type, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_take_boxed: (skip)
 * @self: a generator
 * @boxed_type: the type of @value, derived from %G_TYPE_BOXED
 * @value: (nullable) (transfer full): the item
 * @error: return location for an error
 *
 * Gives a boxed value as the next item; it will be freed with g_boxed_free ().
 *
 * It is taken in any case. When nobody wants it, it is freed on the main context of the iterator.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_take_boxed (AiotGenerator  *self,
                                GType           boxed_type,
                                gpointer        value,
                                GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  g_return_val_if_fail (G_TYPE_IS_BOXED (boxed_type), FALSE);

  aiot_value_init_take_boxed (&item, boxed_type, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_variant: (skip)
 * @self: a generator
 * @value: (nullable): the item
 * @error: return location for an error
 *
 * Gives a variant as the next item; a floating reference is taken over.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_variant (AiotGenerator  *self,
                             GVariant       *value,
                             GError        **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_variant (&item, value);
  RETURN_EMITTED (self, &item, error);
}

/**
 * aiot_generator_emit_pointer: (skip)
 * @self: a generator
 * @value: (nullable): the item
 * @destroy: (nullable): called with @value, on the main context of the iterator, when the item is not needed any more
 * @error: return location for an error
 *
 * Gives a pointer as the next item; see [func@value_get_pointer].
 *
 * When nobody wants the item, it is not needed any more.
 *
 * Errors: those of [method@Generator.emit], which also says when it waits.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit_pointer (AiotGenerator   *self,
                             gpointer         value,
                             GDestroyNotify   destroy,
                             GError         **error)
{
  g_auto (GValue) item = G_VALUE_INIT;

  aiot_value_init_pointer (&item, value, destroy);
  RETURN_EMITTED (self, &item, error);
}
