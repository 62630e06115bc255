/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-value-private.h"

/*
 * What GValue itself does not have: "a success without a value", and a pointer that knows how to be freed.
 *
 * Both are boxed types. A NULL boxed value arrives as None in Python and as null in JavaScript, which is what a
 * function without a result gives there.
 */

typedef struct _AiotNoValue AiotNoValue;
typedef struct _AiotPointer AiotPointer;

struct _AiotPointer
{
  gatomicrefcount ref_count;
  gpointer pointer;
  GDestroyNotify destroy;
};

static AiotPointer *
pointer_ref (AiotPointer *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
pointer_unref (AiotPointer *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->destroy != NULL)
    self->destroy (self->pointer);
  g_free (self);
}

static AiotNoValue *
no_value_copy (AiotNoValue *self)
{
  return self;
}

static void
no_value_free (AiotNoValue *self)
{
}

static GType aiot_no_value_get_type (void);
static GType aiot_pointer_get_type (void);

G_DEFINE_BOXED_TYPE (AiotNoValue, aiot_no_value, no_value_copy, no_value_free)
G_DEFINE_BOXED_TYPE (AiotPointer, aiot_pointer, pointer_ref, pointer_unref)

void
aiot_value_init_no_value (GValue *value)
{
  g_value_init (value, aiot_no_value_get_type ());
}

void
aiot_value_init_pointer (GValue         *value,
                         gpointer        pointer,
                         GDestroyNotify  destroy)
{
  AiotPointer *box;

  if (destroy == NULL)
    {
      g_value_init (value, G_TYPE_POINTER);
      g_value_set_pointer (value, pointer);
      return;
    }

  box = g_new (AiotPointer, 1);
  g_atomic_ref_count_init (&box->ref_count);
  box->pointer = pointer;
  box->destroy = destroy;

  g_value_init (value, aiot_pointer_get_type ());
  g_value_take_boxed (value, box);
}

void
aiot_value_init_copy (GValue       *value,
                      const GValue *source)
{
  g_value_init (value, G_VALUE_TYPE (source));
  g_value_copy (source, value);
}

/**
 * aiot_value_is_no_value:
 * @value: a result
 *
 * Whether a result stands for a function that succeeded and set no result.
 *
 * Such a result is a value of its own, and not %NULL, because %NULL says that there was an error. In Python it is
 * `None`, in JavaScript `null`. It may be called from any thread.
 *
 * Returns: %TRUE if the function set nothing
 *
 * Since: 1.0
 */
gboolean
aiot_value_is_no_value (const GValue *value)
{
  g_return_val_if_fail (G_IS_VALUE (value), FALSE);

  return G_VALUE_HOLDS (value, aiot_no_value_get_type ());
}

/**
 * aiot_value_get_pointer: (skip)
 * @value: a result set by [method@Call.set_result_pointer]
 *
 * Gets the pointer of a value that was set as a pointer, with or without a destroy function.
 *
 * (g_value_get_pointer () knows only those without.) The pointer is valid as long as the value. It may be called from any
 * thread.
 *
 * Returns: (transfer none) (nullable): the pointer
 *
 * Since: 1.0
 */
gpointer
aiot_value_get_pointer (const GValue *value)
{
  g_return_val_if_fail (G_IS_VALUE (value), NULL);

  if (G_VALUE_HOLDS (value, aiot_pointer_get_type ()))
    return ((AiotPointer *) g_value_get_boxed (value))->pointer;

  g_return_val_if_fail (G_VALUE_HOLDS_POINTER (value), NULL);
  return g_value_get_pointer (value);
}
