/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-test.h"

/* Atomic */
static int n_bodies_started;
static int n_bodies_cleaned_up;

/* All functions here take how many items are wanted as their argument. */
static gint64
get_number (const GValue *argument)
{
  g_auto (GValue) number = G_VALUE_INIT;

  g_value_init (&number, G_TYPE_INT64);
  return argument != NULL && g_value_transform (argument, &number) ? g_value_get_int64 (&number) : 0;
}

static gboolean
count (AiotGenerator  *generator,
       gpointer        user_data,
       GError        **error)
{
  gint64 end = get_number (aiot_generator_get_argument (generator));

  for (gint64 i = 0; i < end; i++)
    if (!aiot_generator_emit_int64 (generator, i, error))
      return FALSE;
  aiot_generator_report_progress (generator, 1, "counted");
  return TRUE;
}

static gboolean
count_for_ever (AiotGenerator  *generator,
                gpointer        user_data,
                GError        **error)
{
  gint64 i = 0;

  g_atomic_int_inc (&n_bodies_started);
  while (aiot_generator_emit_int64 (generator, i, error))
    i++;
  g_atomic_int_inc (&n_bodies_cleaned_up);
  return FALSE;
}

static gboolean
look_like_nothing (AiotGenerator  *generator,
                   gpointer        user_data,
                   GError        **error)
{
  return aiot_generator_emit_boolean (generator, FALSE, error) &&
         aiot_generator_emit_int64 (generator, 0, error) &&
         aiot_generator_emit_double (generator, 0, error) &&
         aiot_generator_emit_string (generator, "", error) &&
         aiot_generator_emit_string (generator, NULL, error) &&
         aiot_generator_emit_object (generator, NULL, error) &&
         aiot_generator_emit_boxed (generator, G_TYPE_BYTES, NULL, error) &&
         aiot_generator_emit_variant (generator, NULL, error);
}

static gboolean
count_and_fail (AiotGenerator  *generator,
                gpointer        user_data,
                GError        **error)
{
  if (!count (generator, user_data, error))
    return FALSE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such thing");
  return FALSE;
}

static gboolean
count_and_fail_silently (AiotGenerator  *generator,
                         gpointer        user_data,
                         GError        **error)
{
  count (generator, user_data, error);
  return FALSE;
}

static gboolean
make_items (AiotGenerator  *generator,
            gpointer        user_data,
            GError        **error)
{
  gint64 end = get_number (aiot_generator_get_argument (generator));

  for (gint64 i = 0; i < end; i++)
    if (!aiot_generator_emit_take_object (generator, aiot_test_item_new (), error))
      return FALSE;
  return TRUE;
}

static gboolean
give_argument (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  const GValue *argument = aiot_generator_get_argument (generator);

  return argument == NULL || aiot_generator_emit (generator, argument, error);
}

static gboolean
send_numbers (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  gint64 end = get_number (aiot_call_get_argument (call));

  for (gint64 i = 0; i < end; i++)
    if (aiot_channel_send_int64 (user_data, i, NULL, error) == AIOT_SENT_NOTHING)
      return FALSE;
  aiot_call_set_result_int64 (call, end);
  return TRUE;
}

static gboolean
send_items (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  gint64 end = get_number (aiot_call_get_argument (call));

  for (gint64 i = 0; i < end; i++)
    if (aiot_channel_send_take_object (user_data, aiot_test_item_new (), NULL, error) == AIOT_SENT_NOTHING)
      return FALSE;
  return TRUE;
}

static AiotThreadedIterable *
new_iterable (AiotGeneratorFunc  func,
              const char        *name)
{
  AiotThreadedIterable *iterable = aiot_threaded_iterable_new (func, NULL, NULL);

  aiot_test_item_free_here ();
  aiot_threaded_iterable_set_name (iterable, name);
  return iterable;
}

static AiotThreaded *
new_sender (AiotThreadFunc  func,
            const char     *name,
            AiotChannel    *channel)
{
  AiotThreaded *threaded = aiot_threaded_new (func, g_object_ref (channel), g_object_unref);

  aiot_test_item_free_here ();
  aiot_threaded_set_name (threaded, name);
  return threaded;
}

/**
 * aiot_test_new_count:
 *
 * Returns: (transfer full): gives as many numbers as its argument says, from 0, and reports that it has
 */
AiotThreadedIterable *
aiot_test_new_count (void)
{
  return new_iterable (count, "count");
}

/**
 * aiot_test_new_count_for_ever:
 *
 * Returns: (transfer full): gives numbers from 0 until it is closed
 */
AiotThreadedIterable *
aiot_test_new_count_for_ever (void)
{
  return new_iterable (count_for_ever, "count-for-ever");
}

/**
 * aiot_test_get_n_bodies_started:
 *
 * Returns: how many times something began to count for ever
 */
guint
aiot_test_get_n_bodies_started (void)
{
  return g_atomic_int_get (&n_bodies_started);
}

/**
 * aiot_test_get_n_bodies_cleaned_up:
 *
 * Returns: how many of them have noticed that nobody wants more, and cleaned up
 */
guint
aiot_test_get_n_bodies_cleaned_up (void)
{
  return g_atomic_int_get (&n_bodies_cleaned_up);
}

/**
 * aiot_test_new_look_like_nothing:
 *
 * Returns: (transfer full): gives %FALSE, 0, 0.0, an empty string, and a string, an object, a boxed and a variant that are %NULL
 */
AiotThreadedIterable *
aiot_test_new_look_like_nothing (void)
{
  return new_iterable (look_like_nothing, "look-like-nothing");
}

/**
 * aiot_test_new_count_and_fail:
 *
 * Returns: (transfer full): gives as many numbers as its argument says, and fails with G_IO_ERROR_NOT_FOUND, "no such thing"
 */
AiotThreadedIterable *
aiot_test_new_count_and_fail (void)
{
  return new_iterable (count_and_fail, "count-and-fail");
}

/**
 * aiot_test_new_count_and_fail_silently:
 *
 * Returns: (transfer full): gives as many numbers as its argument says, and fails without an error
 */
AiotThreadedIterable *
aiot_test_new_count_and_fail_silently (void)
{
  return new_iterable (count_and_fail_silently, "count-and-fail-silently");
}

/**
 * aiot_test_new_make_items:
 *
 * Returns: (transfer full): gives as many items as its argument says, which the worker makes
 */
AiotThreadedIterable *
aiot_test_new_make_items (void)
{
  return new_iterable (make_items, "make-items");
}

/**
 * aiot_test_new_give_argument:
 *
 * Returns: (transfer full): gives its argument, if it has one
 */
AiotThreadedIterable *
aiot_test_new_give_argument (void)
{
  return new_iterable (give_argument, "give-argument");
}

/**
 * aiot_test_new_send_numbers:
 * @channel: where they go
 *
 * Returns: (transfer full): sends as many numbers as its argument says, from 0, and returns how many
 */
AiotThreaded *
aiot_test_new_send_numbers (AiotChannel *channel)
{
  return new_sender (send_numbers, "send-numbers", channel);
}

/**
 * aiot_test_new_send_items:
 * @channel: where they go
 *
 * Returns: (transfer full): sends as many items as its argument says, which the worker makes
 */
AiotThreaded *
aiot_test_new_send_items (AiotChannel *channel)
{
  return new_sender (send_items, "send-items", channel);
}
