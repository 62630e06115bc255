/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-context-private.h"

#include "aiot-context-binding-private.h"

/**
 * AiotContext: (ref-func aiot_context_ref) (unref-func aiot_context_unref)
 *
 * The values of all context variables at one moment.
 *
 * A context never changes: setting a [class@ContextVar] puts another in its place, so keeping the current one costs
 * nothing but a reference. Every call keeps the one of its caller, and is run in it. Take one by hand to run
 * something later as if it ran now:
 *
 * ```c
 * g_autoptr (AiotContext) context = aiot_context_dup_current ();
 *
 * aiot_context_run (context, log_something, NULL);
 * ```
 *
 * It may be used from any thread, by several at once.
 *
 * Since: 1.0
 */

/*
 * A program has a handful of variables, so a context is an array of what is bound, which is copied to change it. The bindings
 * themselves are shared. A thread in which nothing is set has none at all, and costs nothing.
 */
struct _AiotContext
{
  gatomicrefcount ref_count;
  guint n_bindings;
  AiotBinding *bindings[];
};

G_DEFINE_BOXED_TYPE (AiotContext, aiot_context, aiot_context_ref, aiot_context_unref)

static GPrivate current_context = G_PRIVATE_INIT ((GDestroyNotify) aiot_context_unref);

static AiotContext *
context_alloc (guint n_bindings)
{
  AiotContext *self = g_malloc0 (sizeof (AiotContext) + n_bindings * sizeof (AiotBinding *));

  g_atomic_ref_count_init (&self->ref_count);
  self->n_bindings = n_bindings;
  return self;
}

/**
 * aiot_context_ref:
 * @self: a context
 *
 * Takes a reference to a context.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
AiotContext *
aiot_context_ref (AiotContext *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * aiot_context_unref:
 * @self: (transfer full): a context
 *
 * Drops a reference to a context.
 *
 * The last one frees the values that no other context has, on the calling thread.
 *
 * Since: 1.0
 */
void
aiot_context_unref (AiotContext *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  for (guint i = 0; i < self->n_bindings; i++)
    aiot_binding_unref (self->bindings[i]);
  g_free (self);
}

static AiotBinding *
context_find (AiotContext    *self,
              AiotContextVar *var)
{
  for (guint i = 0; self != NULL && i < self->n_bindings; i++)
    if (self->bindings[i]->var == var)
      return self->bindings[i];
  return NULL;
}

/* A copy without what is bound to @var, and with @binding, if there is one. */
static AiotContext *
context_copy_with (AiotContext    *self,
                   AiotContextVar *var,
                   AiotBinding    *binding)
{
  guint n_kept = 0;
  guint n_others = self != NULL ? self->n_bindings - (context_find (self, var) != NULL ? 1 : 0) : 0;
  AiotContext *copy = context_alloc (n_others + (binding != NULL ? 1 : 0));

  for (guint i = 0; self != NULL && i < self->n_bindings; i++)
    if (self->bindings[i]->var != var)
      copy->bindings[n_kept++] = aiot_binding_ref (self->bindings[i]);
  if (binding != NULL)
    copy->bindings[n_kept] = aiot_binding_ref (binding);
  return copy;
}

/* NULL when nothing is set on this thread. */
AiotContext *
aiot_context_ref_or_null (void)
{
  AiotContext *current = g_private_get (&current_context);

  return current != NULL ? aiot_context_ref (current) : NULL;
}

/* Takes nothing; returns what aiot_context_leave () needs. */
AiotContext *
aiot_context_enter (AiotContext *context)
{
  AiotContext *previous = g_private_get (&current_context);

  if (previous != context || context != NULL)
    g_private_set (&current_context, context != NULL ? aiot_context_ref (context) : NULL);
  return previous;
}

void
aiot_context_leave (AiotContext *previous)
{
  AiotContext *current = g_private_get (&current_context);

  if (current == NULL && previous == NULL)
    return;

  g_private_set (&current_context, previous);
  if (current != NULL)
    aiot_context_unref (current);
}

AiotBinding *
aiot_context_get_binding (AiotContextVar *var)
{
  return context_find (g_private_get (&current_context), var);
}

/* Binds @var anew on this thread, or to nothing. */
void
aiot_context_set_binding (AiotContextVar *var,
                          AiotBinding    *binding)
{
  AiotContext *old = g_private_get (&current_context);

  g_private_set (&current_context, context_copy_with (old, var, binding));
  if (old != NULL)
    aiot_context_unref (old);
}

/**
 * aiot_context_dup_current:
 *
 * Gets what is set on the calling thread now.
 *
 * This takes the same short time however much is set.
 *
 * Returns: (transfer full): the current context
 *
 * Since: 1.0
 */
AiotContext *
aiot_context_dup_current (void)
{
  AiotContext *current = aiot_context_ref_or_null ();

  return current != NULL ? current : context_alloc (0);
}

/**
 * aiot_context_get_value:
 * @self: a context
 * @var: a variable
 *
 * Gets the value that a variable has in a context.
 *
 * Returns: (transfer none) (nullable): the value, valid as long as the context, or the default, valid as long as the variable,
 *   or %NULL if it is not set there and has no default
 *
 * Since: 1.0
 */
const GValue *
aiot_context_get_value (AiotContext    *self,
                        AiotContextVar *var)
{
  AiotBinding *binding;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (AIOT_IS_CONTEXT_VAR (var), NULL);

  binding = context_find (self, var);
  return binding != NULL ? &binding->value : aiot_context_var_get_default_value (var);
}

/**
 * aiot_context_run:
 * @self: a context
 * @func: (scope call) (closure user_data): what to run
 * @user_data: data for @func
 *
 * Calls a function in a context, on the calling thread.
 *
 * What the function sets ends with it: afterwards the thread has the context that it had before.
 *
 * Since: 1.0
 */
void
aiot_context_run (AiotContext     *self,
                  AiotContextFunc  func,
                  gpointer         user_data)
{
  AiotContext *previous;

  g_return_if_fail (self != NULL);
  g_return_if_fail (func != NULL);

  previous = aiot_context_enter (self);
  func (user_data);
  aiot_context_leave (previous);
}
