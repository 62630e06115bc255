/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

#include "aiot-clock-private.h"

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

/* --- notifications -------------------------------------------------------------- */

typedef struct
{
  TestChannel *channel;
  int n_notified;
  GThread *thread;
  guint length;
} Observer;

static void
note_change (AiotChannel *channel,
             GParamSpec  *pspec,
             gpointer     user_data)
{
  Observer *observer = user_data;

  observer->thread = g_thread_self ();
  observer->length = aiot_channel_get_length (channel);
  g_atomic_int_inc (&observer->n_notified);
}

static gpointer
close_in_thread (gpointer channel)
{
  aiot_channel_close (channel);
  aiot_channel_close (channel);
  return NULL;
}

static void
test_notify_closed (TestChannel   *self,
                    gconstpointer  data)
{
  Observer observer = { 0 };

  g_signal_connect (self->channel, "notify::closed", G_CALLBACK (note_change), &observer);
  g_thread_join (g_thread_new ("closer", close_in_thread, self->channel));
  g_assert_true (aiot_channel_is_closed (self->channel));
  g_assert_cmpint (observer.n_notified, ==, 0);
  test_iterate_until (self->loop.main_context, &observer.n_notified, 1);
  g_assert_true (observer.thread == g_thread_self ());

  aiot_channel_close (self->channel);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (observer.n_notified, ==, 1);
}

static gpointer
send_in_thread (gpointer data)
{
  Observer *observer = data;

  for (guint i = 0; i < 100; i++)
    test_send_items (observer->channel, i, 1);
  return NULL;
}

/* However much happens within a frame of 16 ms, it is told once, at home. */
static void
test_notify_length (TestChannel   *self,
                    gconstpointer  data)
{
  Observer observer = { .channel = self };

  aiot_clock_stop ();
  g_signal_connect (self->channel, "notify::length", G_CALLBACK (note_change), &observer);
  g_thread_join (g_thread_new ("sender", send_in_thread, &observer));
  g_assert_cmpint (observer.n_notified, ==, 0);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (observer.n_notified, ==, 1);
  g_assert_true (observer.thread == g_thread_self ());
  g_assert_cmpuint (observer.length, ==, 100);

  for (guint i = 0; i < 50; i++)
    {
      test_assert_receives (self, i);
      test_iterate_all (self->loop.main_context);
    }
  g_assert_cmpint (observer.n_notified, ==, 1);
  aiot_clock_advance (15 * G_TIME_SPAN_MILLISECOND);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (observer.n_notified, ==, 1);
  aiot_clock_advance (G_TIME_SPAN_MILLISECOND);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (observer.n_notified, ==, 2);
  g_assert_cmpuint (observer.length, ==, 50);

  /* Nothing happens, so nothing is told. */
  aiot_clock_advance (G_TIME_SPAN_SECOND);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (observer.n_notified, ==, 2);
  aiot_clock_resume ();
}

static void
look_for_more (AiotChannel *channel,
               GParamSpec  *pspec,
               gpointer     n_notified)
{
  g_auto (GValue) value = G_VALUE_INIT;

  aiot_channel_try_receive (channel, &value, NULL);
  (*(int *) n_notified)++;
}

/* A handler that looks for items changes nothing when there are none, and is not called for ever. */
static void
test_notify_no_change (TestChannel   *self,
                       gconstpointer  data)
{
  int n_notified = 0;

  aiot_clock_stop ();
  g_signal_connect (self->channel, "notify::length", G_CALLBACK (look_for_more), &n_notified);
  test_send_items (self, 0, 2);
  for (guint frame = 0; frame < 10; frame++)
    {
      test_iterate_all (self->loop.main_context);
      aiot_clock_advance (16 * G_TIME_SPAN_MILLISECOND);
    }
  /* 2, 1 and 0. */
  g_assert_cmpint (n_notified, ==, 3);

  /* What happened while nobody looked is no reason to miss what happens next. */
  g_signal_handlers_disconnect_by_func (self->channel, look_for_more, &n_notified);
  test_send_items (self, 2, 1);
  g_signal_connect (self->channel, "notify::length", G_CALLBACK (count_notify), &n_notified);
  test_assert_receives (self, 2);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (n_notified, ==, 4);
  aiot_clock_resume ();
}

static void
note_name (GObject    *object,
           GParamSpec *pspec,
           gpointer    names)
{
  g_string_append_printf (names, "%s ", pspec->name);
}

/* Who watches all properties watches these, too. */
static void
test_notify_any (TestChannel   *self,
                 gconstpointer  data)
{
  g_autoptr (GString) names = g_string_new (NULL);

  g_signal_connect (self->channel, "notify", G_CALLBACK (note_name), names);
  test_send_items (self, 0, 1);
  test_iterate_all (self->loop.main_context);
  aiot_channel_close (self->channel);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpstr (names->str, ==, "length closed ");
}

/* Dropped with a report on its way, it goes when that has arrived. */
static void
test_notify_dropped (TestChannel   *self,
                     gconstpointer  data)
{
  Observer observer = { .channel = self };
  gpointer channel = self->channel;

  g_signal_connect (self->channel, "notify::length", G_CALLBACK (note_change), &observer);
  test_send_items (self, 0, 1);
  g_object_add_weak_pointer (channel, &channel);
  g_clear_object (&self->channel);
  test_iterate_all (self->loop.main_context);
  g_assert_cmpint (observer.n_notified, <=, 1);
  g_assert_null (channel);
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
  ADD ("/channel/notify/closed-once-at-home", 10, test_notify_closed);
  ADD ("/channel/notify/length-once-a-frame-at-home", AIOT_CAPACITY_DEFAULT, test_notify_length);
  ADD ("/channel/notify/length-when-it-has-changed", 10, test_notify_no_change);
  ADD ("/channel/notify/who-watches-all", 10, test_notify_any);
  ADD ("/channel/notify/dropped-before", 10, test_notify_dropped);
  return g_test_run ();
}
