/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"

#include "aiot-clock-private.h"

/* What a channel tells of its changes: at home, and of its length once a frame. */

#define ADD(path, capacity, func) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), test_channel_setup, func, test_channel_teardown)

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
  g_signal_connect (self->channel, "notify::length", G_CALLBACK (look_for_more), &n_notified);
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
  test_init (&argc, &argv);

  ADD ("/channel/notify/closed-once-at-home", 10, test_notify_closed);
  ADD ("/channel/notify/length-once-a-frame-at-home", AIOT_CAPACITY_DEFAULT, test_notify_length);
  ADD ("/channel/notify/length-when-it-has-changed", 10, test_notify_no_change);
  ADD ("/channel/notify/who-watches-all", 10, test_notify_any);
  ADD ("/channel/notify/dropped-before", 10, test_notify_dropped);
  return g_test_run ();
}
