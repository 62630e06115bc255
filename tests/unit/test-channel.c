/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

/* What a channel holds, and what it says about itself. */

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)

/* --- capacity ------------------------------------------------------------------ */

typedef struct
{
  const char *text;    /* in the environment; NULL: not set */
  int given;
  guint capacity;
} Setting;

static void
test_capacity (gconstpointer data)
{
  const Setting *setting = data;

  if (g_test_subprocess ())
    {
      g_autoptr (AiotChannel) channel = NULL;

      if (setting->text != NULL)
        g_setenv ("THREADED_ITERABLE_DEFAULT_MAX_SIZE", setting->text, TRUE);
      else
        g_unsetenv ("THREADED_ITERABLE_DEFAULT_MAX_SIZE");
      channel = aiot_channel_new (setting->given);
      g_assert_cmpuint (aiot_channel_get_capacity (channel), ==, setting->capacity);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static void
test_holds_as_many (TestChannel   *self,
                    gconstpointer  data)
{
  guint capacity = GPOINTER_TO_UINT (data);

  for (int round = 0; round < 2; round++)
    {
      test_send_items (self, 0, capacity);
      test_assert_refused (self, capacity, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, capacity);
      g_assert_cmpuint (aiot_channel_get_peak_length (self->channel), ==, capacity);
      test_assert_has_only (self, 0, capacity);
    }

  /* The highest that it ever was. */
  test_send_items (self, 0, 1);
  test_assert_has_only (self, 0, 1);
  g_assert_cmpuint (aiot_channel_get_peak_length (self->channel), ==, capacity);
}

/* Sent on the home thread, where waiting for room would fail. */
static void
test_unbounded (TestChannel   *self,
                gconstpointer  data)
{
  const gint64 n = 10000;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (aiot_channel_get_capacity (self->channel), ==, 0);
  for (gint64 i = 0; i < n; i++)
    g_assert_cmpint (aiot_channel_send_int64 (self->channel, i, NULL, &error), ==, AIOT_SENT_ITEM);
  g_assert_cmpuint (aiot_channel_get_length (self->channel), ==, n);
  for (gint64 i = 0; i < n; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_assert_true (aiot_channel_try_receive (self->channel, &value, &error));
      g_assert_cmpint (g_value_get_int64 (&value), ==, i);
    }
  g_assert_no_error (error);
  g_assert_cmpuint (aiot_channel_get_peak_length (self->channel), ==, n);
}

/* --- order --------------------------------------------------------------------- */

/* So many come and go in turn that they pass any inner border at every place. */
static void
test_order (TestChannel   *self,
            gconstpointer  data)
{
  guint n_sent = 0, n_received = 0;

  for (guint round = 1; n_sent + round <= TEST_N_ITEMS; round++)
    {
      test_send_items (self, n_sent, round);
      n_sent += round;
      for (guint i = 0; i < round - 1; i++)
        test_assert_receives (self, n_received++);
    }
  test_assert_has_only (self, n_received, n_sent - n_received);
}

/* --- items that look like nothing ---------------------------------------------- */

typedef enum
{
  BY_TRYING,
  BY_WAITING,
  BY_CALLBACK,
  N_WAYS
} Way;

static void
assert_receives (TestChannel  *self,
                 Way           way,
                 const GValue *nothing)
{
  g_auto (GValue) taken = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;
  TestAnswer answer = { 0 };
  const GValue *value = &taken;

  if (way == BY_CALLBACK)
    {
      test_receive_async (self, NULL, &answer);
      test_answer_wait (&answer, self->loop.main_context);
      value = aiot_channel_receive_finish (self->channel, answer.result, &error);
    }
  else if (way == BY_WAITING)
    {
      g_assert_true (aiot_channel_receive_sync (self->channel, &taken, AIOT_TIMEOUT_NONE, NULL, &error));
    }
  else
    {
      g_assert_true (aiot_channel_try_receive (self->channel, &taken, &error));
    }

  g_assert_no_error (error);
  g_assert_nonnull (value);
  g_assert_true (G_VALUE_TYPE (value) == G_VALUE_TYPE (nothing));
  if (G_VALUE_HOLDS_STRING (nothing))
    g_assert_cmpstr (g_value_get_string (value), ==, g_value_get_string (nothing));
  else
    g_assert_cmpmem (value->data, sizeof value->data, nothing->data, sizeof nothing->data);
  test_answer_clear (&answer);
}

static void
test_nothings (TestChannel   *self,
               gconstpointer  data)
{
  const GType types[] = {
    G_TYPE_STRING, G_TYPE_OBJECT, G_TYPE_BYTES, G_TYPE_VARIANT, G_TYPE_POINTER,
    G_TYPE_BOOLEAN, G_TYPE_INT64, G_TYPE_UINT, G_TYPE_DOUBLE, G_TYPE_STRING,
  };

  for (Way way = 0; way < N_WAYS; way++)
    for (guint i = 0; i < G_N_ELEMENTS (types); i++)
      {
        g_auto (GValue) nothing = G_VALUE_INIT;
        g_autoptr (GError) error = NULL;

        g_value_init (&nothing, types[i]);
        if (i == G_N_ELEMENTS (types) - 1)
          g_value_set_static_string (&nothing, "");
        g_assert_cmpint (aiot_channel_send (self->channel, &nothing, NULL, &error), ==, AIOT_SENT_ITEM);
        g_assert_no_error (error);
        assert_receives (self, way, &nothing);
      }
}

/* --- properties ---------------------------------------------------------------- */

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              gpointer    n)
{
  g_atomic_int_inc ((int *) n);
}

static void
test_properties (TestChannel   *self,
                 gconstpointer  data)
{
  AiotWhenFull when_full;
  gboolean is_closed;
  guint length, peak;
  guint64 n_accepted, n_received, n_dropped, n_destroyed;
  int capacity, timeout_ms, n_notified = 0;

  test_channel_replace (self, aiot_channel_new_full (3, AIOT_WHEN_FULL_DROP_OLDEST, 500, NULL));
  g_signal_connect (self->channel, "notify::timeout", G_CALLBACK (count_notify), &n_notified);
  aiot_channel_set_timeout (self->channel, 500);
  g_assert_cmpint (n_notified, ==, 0);
  g_object_set (self->channel, "timeout", 250, NULL);
  g_assert_cmpint (n_notified, ==, 1);
  g_assert_cmpint (aiot_channel_get_timeout (self->channel), ==, 250);
  g_assert_cmpint (aiot_channel_get_when_full (self->channel), ==, AIOT_WHEN_FULL_DROP_OLDEST);

  test_send_items (self, 0, 3);
  g_assert_cmpint (test_try_send (self, 3, NULL), ==, AIOT_SENT_AND_DROPPED);
  test_assert_receives (self, 1);
  aiot_channel_close (self->channel);
  g_object_get (self->channel,
                "capacity", &capacity, "when-full", &when_full, "timeout", &timeout_ms, "closed", &is_closed,
                "length", &length, "peak-length", &peak, "n-accepted", &n_accepted, "n-received", &n_received,
                "n-dropped", &n_dropped, "n-destroyed", &n_destroyed, NULL);
  g_assert_cmpint (capacity, ==, 3);
  g_assert_cmpint (when_full, ==, AIOT_WHEN_FULL_DROP_OLDEST);
  g_assert_cmpint (timeout_ms, ==, 250);
  g_assert_true (is_closed);
  g_assert_cmpuint (length, ==, 2);
  g_assert_cmpuint (peak, ==, 3);
  g_assert_cmpuint (n_accepted, ==, 4);
  g_assert_cmpuint (n_received, ==, 1);
  g_assert_cmpuint (n_dropped, ==, 1);
  g_assert_cmpuint (n_destroyed, ==, 0);
}

/* As a language binding makes it. */
static void
test_made_of_properties (TestChannel   *self,
                         gconstpointer  data)
{
  test_channel_replace (self, g_object_new (AIOT_TYPE_CHANNEL, NULL));
  g_assert_cmpuint (aiot_channel_get_capacity (self->channel), ==, aiot_get_default_capacity ());
  g_assert_cmpint (aiot_channel_get_when_full (self->channel), ==, AIOT_WHEN_FULL_WAIT);
  g_assert_cmpint (aiot_channel_get_timeout (self->channel), ==, AIOT_TIMEOUT_NONE);
  test_channel_replace (self, g_object_new (AIOT_TYPE_CHANNEL, "capacity", 2, "timeout", 7, NULL));
  g_assert_cmpuint (aiot_channel_get_capacity (self->channel), ==, 2);
  g_assert_cmpint (aiot_channel_get_timeout (self->channel), ==, 7);
}

int
main (int    argc,
      char **argv)
{
  const struct { const char *path; Setting setting; } settings[] = {
    { "/channel/capacity/default", { NULL, AIOT_CAPACITY_DEFAULT, 1024 } },
    { "/channel/capacity/default-from-environment", { "7", AIOT_CAPACITY_DEFAULT, 7 } },
    { "/channel/capacity/no-limit-from-environment", { "0", AIOT_CAPACITY_DEFAULT, 0 } },
    { "/channel/capacity/given-wins", { "7", 3, 3 } },
    { "/channel/capacity/given-no-limit-wins", { "7", AIOT_CAPACITY_UNBOUNDED, 0 } },
  };

  test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    g_test_add_data_func (settings[i].path, &settings[i].setting, test_capacity);
  ADD ("/channel/capacity/holds-as-many/1", 1, test_holds_as_many);
  ADD ("/channel/capacity/holds-as-many/2", 2, test_holds_as_many);
  ADD ("/channel/capacity/holds-as-many/64", 64, test_holds_as_many);
  ADD ("/channel/capacity/holds-as-many/65", 65, test_holds_as_many);
  ADD ("/channel/capacity/unbounded", AIOT_CAPACITY_UNBOUNDED, test_unbounded);
  ADD ("/channel/order/first-in-first-out", AIOT_CAPACITY_DEFAULT, test_order);
  ADD ("/channel/items/that-look-like-nothing", AIOT_CAPACITY_DEFAULT, test_nothings);
  ADD ("/channel/properties/tell-what-it-is-like", 1, test_properties);
  ADD ("/channel/properties/make-one", 1, test_made_of_properties);
  return g_test_run ();
}
