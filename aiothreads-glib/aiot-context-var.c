/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-context-binding-private.h"

#include "aiot-value-private.h"

/**
 * AiotContextVar:
 *
 * A variable that goes along with the work that is started.
 *
 * It is for what would otherwise be handed through every function: the user that a request comes from, a transaction, a
 * prefix for the log. What is set on a thread is seen there by all that runs on it, and by all that it starts with this
 * library: in calls on every executor, in what they start in turn, and in the callback at the end. What a worker sets stays
 * with that piece of work.
 *
 * ```c
 * request_var = aiot_context_var_new ("request", G_TYPE_STRING, NULL);
 *
 * g_autoptr (AiotContextToken) token = aiot_context_var_set_string (request_var, "GET /index.html");
 *
 * aiot_offload_async (NULL, count_lines, g_strdup (path), g_free, NULL, on_counted, NULL);
 * aiot_context_var_reset (request_var, token);
 * ```
 *
 * Here `count_lines ()` and `on_counted ()` find the request with [method@ContextVar.get], although it is not set any more
 * where they were started.
 *
 * A variable is usually made once, and lives as long as the program. It may be used from any thread: each sees its own value.
 *
 * Since: 1.0
 */

struct _AiotContextVar
{
  GObject parent_instance;

  /* Set at construction */
  char *name;
  GType value_type;
  GValue default_value;
};

enum
{
  PROP_0,
  PROP_NAME,
  PROP_VALUE_TYPE,
  PROP_DEFAULT_VALUE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (AiotContextVar, aiot_context_var, G_TYPE_OBJECT)

/**
 * AiotContextToken: (ref-func aiot_context_token_ref) (unref-func aiot_context_token_unref)
 *
 * What a [class@ContextVar] was before it was set.
 *
 * [method@ContextVar.reset] takes it back to that, once.
 *
 * Since: 1.0
 */
struct _AiotContextToken
{
  gatomicrefcount ref_count;
  AiotContextVar *var;
  AiotBinding *before;    /* NULL: it was not set */
  int is_used;            /* atomic */
};

G_DEFINE_BOXED_TYPE (AiotContextToken, aiot_context_token, aiot_context_token_ref, aiot_context_token_unref)

AiotBinding *
aiot_binding_ref (AiotBinding *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
aiot_binding_unref (AiotBinding *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_value_unset (&self->value);
  g_object_unref (self->var);
  g_free (self);
}

static gboolean
is_right_type (AiotContextVar *self,
               const GValue   *value)
{
  GObject *object;

  if (!g_value_type_transformable (G_VALUE_TYPE (value), self->value_type))
    return FALSE;
  if (!G_VALUE_HOLDS_OBJECT (value) || !g_type_is_a (self->value_type, G_TYPE_OBJECT))
    return TRUE;

  /* GLib transforms an object of a class to one of any other, which gives NULL where it is none. */
  object = g_value_get_object (value);
  return object == NULL || G_TYPE_CHECK_INSTANCE_TYPE (object, self->value_type);
}

/* JavaScript has no other way to hand over NULL as a value than this. */
static gboolean
is_null (AiotContextVar *self,
         const GValue   *value)
{
  return value == NULL ||
         (G_VALUE_HOLDS_POINTER (value) && g_value_get_pointer (value) == NULL && self->value_type != G_TYPE_POINTER);
}

static void
init_default (AiotContextVar *self,
              const GValue   *value)
{
  if (is_null (self, value))
    return;

  if (!is_right_type (self, value))
    {
      g_critical ("The default of the context variable “%s” is a %s, which does not become a %s",
                  self->name, G_VALUE_TYPE_NAME (value), g_type_name (self->value_type));
      return;
    }
  g_value_init (&self->default_value, self->value_type);
  g_value_transform (value, &self->default_value);
}

static void
aiot_context_var_get_property (GObject    *object,
                               guint       property_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  AiotContextVar *self = AIOT_CONTEXT_VAR (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_VALUE_TYPE:
      g_value_set_gtype (value, self->value_type);
      break;
    case PROP_DEFAULT_VALUE:
      g_value_set_boxed (value, aiot_context_var_get_default_value (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_context_var_set_property (GObject      *object,
                               guint         property_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  AiotContextVar *self = AIOT_CONTEXT_VAR (object);

  switch (property_id)
    {
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_VALUE_TYPE:
      self->value_type = g_value_get_gtype (value);
      break;
    case PROP_DEFAULT_VALUE:
      /* Construct properties are set in the order in which they were installed, so its type is known. */
      init_default (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
aiot_context_var_finalize (GObject *object)
{
  AiotContextVar *self = AIOT_CONTEXT_VAR (object);

  aiot_value_clear (&self->default_value);
  g_free (self->name);

  G_OBJECT_CLASS (aiot_context_var_parent_class)->finalize (object);
}

static void
aiot_context_var_class_init (AiotContextVarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = aiot_context_var_get_property;
  object_class->set_property = aiot_context_var_set_property;
  object_class->finalize = aiot_context_var_finalize;

  /**
   * AiotContextVar:name: (getter get_name)
   *
   * What messages call the variable.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * AiotContextVar:value-type: (getter get_value_type)
   *
   * The type of its values.
   *
   * Since: 1.0
   */
  properties[PROP_VALUE_TYPE] = g_param_spec_gtype ("value-type", NULL, NULL, G_TYPE_NONE, flags);

  /**
   * AiotContextVar:default-value: (getter get_default_value)
   *
   * What it is where it is not set.
   *
   * Since: 1.0
   */
  properties[PROP_DEFAULT_VALUE] = g_param_spec_boxed ("default-value", NULL, NULL, G_TYPE_VALUE, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
aiot_context_var_init (AiotContextVar *self)
{
}

/**
 * aiot_context_var_new:
 * @name: what messages call it
 * @value_type: the type of its values
 * @default_value: (nullable): what it is where it is not set, or %NULL for nothing
 *
 * Makes a variable that goes along with the work that is started.
 *
 * Returns: (transfer full): a new variable
 *
 * Since: 1.0
 */
AiotContextVar *
aiot_context_var_new (const char   *name,
                      GType         value_type,
                      const GValue *default_value)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (G_TYPE_IS_VALUE (value_type), NULL);
  g_return_val_if_fail (default_value == NULL || G_IS_VALUE (default_value), NULL);

  return g_object_new (AIOT_TYPE_CONTEXT_VAR,
                       "name", name,
                       "value-type", value_type,
                       "default-value", default_value,
                       NULL);
}

/**
 * aiot_context_var_get_name: (get-property name)
 * @self: a variable
 *
 * Gets what messages call a variable.
 *
 * Returns: (transfer none): the name, valid as long as the variable
 *
 * Since: 1.0
 */
const char *
aiot_context_var_get_name (AiotContextVar *self)
{
  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);

  return self->name;
}

/**
 * aiot_context_var_get_value_type: (get-property value-type)
 * @self: a variable
 *
 * Gets the type of the values of a variable.
 *
 * Returns: a type
 *
 * Since: 1.0
 */
GType
aiot_context_var_get_value_type (AiotContextVar *self)
{
  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), G_TYPE_INVALID);

  return self->value_type;
}

/**
 * aiot_context_var_get_default_value: (get-property default-value)
 * @self: a variable
 *
 * Gets what a variable is where it is not set.
 *
 * Returns: (transfer none) (nullable): the default, valid as long as the variable, or %NULL if it has none
 *
 * Since: 1.0
 */
const GValue *
aiot_context_var_get_default_value (AiotContextVar *self)
{
  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);

  return aiot_value_is_set (&self->default_value) ? &self->default_value : NULL;
}

/**
 * aiot_context_var_get:
 * @self: a variable
 *
 * Gets what a variable is on the calling thread.
 *
 * Returns: (transfer none) (nullable): its value, or the default, or %NULL if it is not set and has no default; valid until
 *   the variable is set or reset on this thread, or the work or callback ends that runs now
 *
 * Since: 1.0
 */
const GValue *
aiot_context_var_get (AiotContextVar *self)
{
  AiotBinding *binding;

  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);

  binding = aiot_context_get_binding (self);
  return binding != NULL ? &binding->value : aiot_context_var_get_default_value (self);
}

/* Takes @binding. */
static AiotContextToken *
context_var_bind (AiotContextVar *self,
                  AiotBinding    *binding)
{
  AiotContextToken *token = g_new0 (AiotContextToken, 1);
  AiotBinding *before = aiot_context_get_binding (self);

  g_atomic_ref_count_init (&token->ref_count);
  token->var = g_object_ref (self);
  token->before = before != NULL ? aiot_binding_ref (before) : NULL;
  aiot_context_set_binding (self, binding);
  aiot_binding_unref (binding);
  return token;
}

static AiotBinding *
binding_new (AiotContextVar *var)
{
  AiotBinding *self = g_new0 (AiotBinding, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->var = g_object_ref (var);
  g_value_init (&self->value, var->value_type);
  return self;
}

/**
 * aiot_context_var_set:
 * @self: a variable
 * @value: (nullable): what it is from now on, which is copied, or %NULL for the empty value of its type
 *
 * Sets a variable on the calling thread, and in what it starts from now on.
 *
 * A value of another type is transformed where GLib knows how, as from one number to another. The empty value is %NULL for
 * strings, objects and the like, and zero for numbers: it hides the default.
 *
 * In a worker, and in a callback of this library, it ends with the work or the callback. Elsewhere it lasts until it is set
 * anew, or [method@ContextVar.reset].
 *
 * Returns: (transfer full): what takes the variable back to what it was
 *
 * Since: 1.0
 */
AiotContextToken *
aiot_context_var_set (AiotContextVar *self,
                      const GValue   *value)
{
  AiotBinding *binding;

  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);
  g_return_val_if_fail (value == NULL || G_IS_VALUE (value), NULL);
  g_return_val_if_fail (is_null (self, value) || is_right_type (self, value), NULL);

  binding = binding_new (self);
  if (!is_null (self, value))
    g_value_transform (value, &binding->value);
  return context_var_bind (self, binding);
}

/**
 * aiot_context_var_set_string: (skip)
 * @self: a variable of strings
 * @value: (nullable): what it is from now on
 *
 * Sets a variable to a string; see [method@ContextVar.set].
 *
 * Returns: (transfer full): what takes the variable back to what it was
 *
 * Since: 1.0
 */
AiotContextToken *
aiot_context_var_set_string (AiotContextVar *self,
                             const char     *value)
{
  AiotBinding *binding;

  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);
  g_return_val_if_fail (self->value_type == G_TYPE_STRING, NULL);

  binding = binding_new (self);
  g_value_set_string (&binding->value, value);
  return context_var_bind (self, binding);
}

/**
 * aiot_context_var_set_object: (skip)
 * @self: a variable of objects
 * @value: (type GObject.Object) (nullable): what it is from now on
 *
 * Sets a variable to an object; see [method@ContextVar.set].
 *
 * Returns: (transfer full): what takes the variable back to what it was
 *
 * Since: 1.0
 */
AiotContextToken *
aiot_context_var_set_object (AiotContextVar *self,
                             gpointer        value)
{
  AiotBinding *binding;

  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);
  g_return_val_if_fail (g_type_is_a (self->value_type, G_TYPE_OBJECT), NULL);
  g_return_val_if_fail (value == NULL || G_TYPE_CHECK_INSTANCE_TYPE (value, self->value_type), NULL);

  binding = binding_new (self);
  g_value_set_object (&binding->value, value);
  return context_var_bind (self, binding);
}

/**
 * aiot_context_var_set_int64: (skip)
 * @self: a variable of 64 bit numbers
 * @value: what it is from now on
 *
 * Sets a variable to a number; see [method@ContextVar.set].
 *
 * Returns: (transfer full): what takes the variable back to what it was
 *
 * Since: 1.0
 */
AiotContextToken *
aiot_context_var_set_int64 (AiotContextVar *self,
                            gint64          value)
{
  AiotBinding *binding;

  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);
  g_return_val_if_fail (self->value_type == G_TYPE_INT64, NULL);

  binding = binding_new (self);
  g_value_set_int64 (&binding->value, value);
  return context_var_bind (self, binding);
}

/**
 * aiot_context_var_set_boolean: (skip)
 * @self: a variable of booleans
 * @value: what it is from now on
 *
 * Sets a variable to a boolean; see [method@ContextVar.set].
 *
 * Returns: (transfer full): what takes the variable back to what it was
 *
 * Since: 1.0
 */
AiotContextToken *
aiot_context_var_set_boolean (AiotContextVar *self,
                              gboolean        value)
{
  AiotBinding *binding;

  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (self), NULL);
  g_return_val_if_fail (self->value_type == G_TYPE_BOOLEAN, NULL);

  binding = binding_new (self);
  g_value_set_boolean (&binding->value, value);
  return context_var_bind (self, binding);
}

/**
 * aiot_context_var_reset:
 * @self: a variable
 * @token: what [method@ContextVar.set] returned
 *
 * Takes a variable back to what it was before it was set, on the calling thread.
 *
 * Each token is good for one time. As with setting, other threads, and snapshots that were taken meanwhile, stay what they
 * are.
 *
 * Since: 1.0
 */
void
aiot_context_var_reset (AiotContextVar   *self,
                        AiotContextToken *token)
{
  g_return_if_fail (AIOT_IS_CONTEXT_VAR (self));
  g_return_if_fail (token != NULL);
  g_return_if_fail (token->var == self);
  g_return_if_fail (g_atomic_int_compare_and_exchange (&token->is_used, FALSE, TRUE));

  aiot_context_set_binding (self, token->before);
}

/**
 * aiot_context_token_ref:
 * @self: a token
 *
 * Takes a reference to a token.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
AiotContextToken *
aiot_context_token_ref (AiotContextToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * aiot_context_token_unref:
 * @self: (transfer full): a token
 *
 * Drops a reference to a token.
 *
 * Since: 1.0
 */
void
aiot_context_token_unref (AiotContextToken *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->before, aiot_binding_unref);
  g_object_unref (self->var);
  g_free (self);
}
