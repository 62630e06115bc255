/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE

#include "test-channel-util.h"

#include "aiot-clock-private.h"

#include <sys/resource.h>

/*
 * Who waits is woken for what it waits for, and for nothing else. What a thread does is counted by itself: how often it gave its
 * processor away, from before it went to sleep until after it was woken. For a main loop, its polls are.
 */

#define ADD(path, capacity, func) g_test_add (path, TestChannel, GINT_TO_POINTER (capacity), setup, func, teardown)

#define N_TIMES 1000

/* A lock that somebody else has just now may make a thread sleep as well. */
#define FEW 20

typedef struct
{
  int n;
  int n_ready;             /* those that found something to do */
  int timeout;             /* of the last one */
} Polls;

static Polls polls;

/* The clock goes on while a main context sleeps, and as long as it wants to. */
static int
poll_by_stopped_clock (GPollFD *fds,
                       guint    n_fds,
                       int      timeout)
{
  int n_ready = g_poll (fds, n_fds, 0);

  polls.n++;
  polls.n_ready += n_ready > 0;
  polls.timeout = timeout;
  if (n_ready == 0 && timeout > 0)
    aiot_clock_advance (timeout * G_TIME_SPAN_MILLISECOND);
  return n_ready;
}

static void
setup (TestChannel   *self,
       gconstpointer  data)
{
  test_channel_setup (self, data);
  aiot_clock_stop ();
  g_main_context_set_poll_func (self->loop.main_context, poll_by_stopped_clock);
}

static void
teardown (TestChannel   *self,
          gconstpointer  data)
{
  aiot_clock_resume ();
  test_channel_teardown (self, data);
}

/* What was done before is no longer seen. */
static void
begin_counting_polls (TestChannel *self)
{
  test_iterate_all (self->loop.main_context);
  polls = (Polls) { 0 };
}

static long
count_sleeps (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_THREAD, &usage), ==, 0);
  return usage.ru_nvcsw;
}

/* --- main loops ------------------------------------------------------------------------ */

/* Time passes, others look and leave; the main loop sleeps. */
static void
test_loop_and_empty_channel (TestChannel   *self,
                             gconstpointer  data)
{
  TestAnswer waits = { 0 }, leaves = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  test_receive_async (self, NULL, &waits);
  begin_counting_polls (self);
  for (guint i = 0; i < N_TIMES; i++)
    {
      test_assert_has_nothing (self, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      aiot_clock_advance (100 * G_TIME_SPAN_MILLISECOND);
      g_assert_false (g_main_context_iteration (self->loop.main_context, FALSE));
    }
  g_assert_cmpint (polls.n_ready, ==, 0);

  g_assert_cmpint (waits.n_called, ==, 0);
  aiot_channel_receive_async (self->channel, AIOT_TIMEOUT_NONE, cancellable, test_answer_cb, &leaves);
  g_cancellable_cancel (cancellable);
  test_assert_answer_error (&leaves, self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_send_items (self, 0, 1);
  test_assert_answer_item (&waits, self, 0);
}

static void
test_loop_and_full_channel (TestChannel   *self,
                            gconstpointer  data)
{
  TestAnswer waits = { 0 };
  guint capacity = GPOINTER_TO_UINT (data);

  test_send_items (self, 0, capacity);
  test_send_async (self, capacity, NULL, &waits);
  begin_counting_polls (self);
  for (guint i = 0; i < N_TIMES; i++)
    {
      if (i < capacity / 2 - 1)
        test_assert_receives (self, i);
      test_assert_refused (self, capacity, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      aiot_clock_advance (100 * G_TIME_SPAN_MILLISECOND);
      g_assert_false (g_main_context_iteration (self->loop.main_context, FALSE));
    }
  g_assert_cmpint (polls.n_ready, ==, 0);

  test_assert_receives (self, capacity / 2 - 1);
  test_assert_answer_sent (&waits, self, AIOT_SENT_ITEM);
}

/* It sleeps in one go until the time is over. */
static void
test_loop_and_timeout (TestChannel   *self,
                       gconstpointer  data)
{
  TestAnswer waits = { 0 };

  aiot_channel_receive_async (self->channel, 3600 * 1000, NULL, test_answer_cb, &waits);
  begin_counting_polls (self);
  g_main_context_iteration (self->loop.main_context, TRUE);
  g_assert_cmpint (polls.n, ==, 1);
  g_assert_cmpint (polls.timeout, ==, 3600 * 1000);
  test_assert_answer_error (&waits, self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* --- threads ----------------------------------------------------------------------------- */

typedef struct
{
  TestChannel *channel;
  AiotExecutor *executor;  /* a pool of one */
  TestGate running;
  guint n;                 /* items */
  long n_sleeps;
  TestAnswer answer;
} Sleeper;

static void
start_sleeper (Sleeper        *sleeper,
               TestChannel    *self,
               AiotThreadFunc  func,
               guint           n)
{
  *sleeper = (Sleeper) { .channel = self, .executor = aiot_executor_new_pool ("sleeper", 1), .n = n };
  aiot_offload_async (sleeper->executor, func, sleeper, NULL, NULL, test_answer_cb, &sleeper->answer);
  test_gate_wait (&sleeper->running);
  test_wait_until_asleep (sleeper->executor);
}

static void
join_sleeper (Sleeper *sleeper)
{
  test_answer_wait (&sleeper->answer, sleeper->channel->loop.main_context);
  test_answer_clear (&sleeper->answer);
  test_gate_clear (&sleeper->running);
  g_object_unref (sleeper->executor);
}

static gboolean
send_several (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  Sleeper *sleeper = user_data;
  long n_before = count_sleeps ();

  test_gate_open (&sleeper->running);
  for (guint i = 0; i < sleeper->n; i++)
    g_assert_cmpint (aiot_channel_send_boolean (sleeper->channel->channel, TRUE, NULL, NULL), ==, AIOT_SENT_ITEM);
  sleeper->n_sleeps = count_sleeps () - n_before;
  return TRUE;
}

static gboolean
receive_several (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  Sleeper *sleeper = user_data;
  long n_before = count_sleeps ();
  AiotBatch *batch;

  test_gate_open (&sleeper->running);
  batch = aiot_channel_receive_many_sync (sleeper->channel->channel, sleeper->n, sleeper->n, AIOT_TIMEOUT_NONE, NULL, NULL);
  sleeper->n_sleeps = count_sleeps () - n_before;
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, sleeper->n);
  aiot_batch_unref (batch);
  return TRUE;
}

/* Items leave, but not half of them; others try in vain; time passes. */
static void
test_thread_and_full_channel (TestChannel   *self,
                              gconstpointer  data)
{
  Sleeper sleeper;
  guint capacity = GPOINTER_TO_UINT (data);

  test_send_items (self, 0, capacity);
  start_sleeper (&sleeper, self, send_several, 1);
  for (guint i = 0; i < N_TIMES; i++)
    {
      if (i < capacity / 2 - 1)
        test_assert_receives (self, i);
      test_assert_refused (self, capacity, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      aiot_clock_advance (100 * G_TIME_SPAN_MILLISECOND);
      g_thread_yield ();
    }
  test_assert_receives (self, capacity / 2 - 1);
  join_sleeper (&sleeper);
  g_assert_cmpint (sleeper.n_sleeps, >=, 1);
  g_assert_cmpint (sleeper.n_sleeps, <=, FEW);
}

/* Items come, but not enough of them; others look in vain; time passes. */
static void
test_thread_and_empty_channel (TestChannel   *self,
                               gconstpointer  data)
{
  Sleeper sleeper;

  self->items.home = NULL;
  start_sleeper (&sleeper, self, receive_several, TEST_N_ITEMS);
  for (guint i = 0; i < N_TIMES; i++)
    {
      if (i < TEST_N_ITEMS - 1)
        test_send_items (self, i, 1);
      test_assert_has_nothing (self, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      aiot_clock_advance (100 * G_TIME_SPAN_MILLISECOND);
      g_thread_yield ();
    }
  test_send_items (self, TEST_N_ITEMS - 1, 1);
  join_sleeper (&sleeper);
  g_assert_cmpint (sleeper.n_sleeps, >=, 1);
  g_assert_cmpint (sleeper.n_sleeps, <=, FEW);
}

/* A producer that is faster sleeps until half of its items are gone, and not for each. */
static void
test_thread_sleeps_for_many (TestChannel   *self,
                             gconstpointer  data)
{
  Sleeper sleeper;
  guint capacity = GPOINTER_TO_UINT (data), n_items = 100 * capacity;

  start_sleeper (&sleeper, self, send_several, n_items);
  for (guint n = 0; n < n_items;)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if (aiot_channel_try_receive (self->channel, &value, NULL))
        n++;
      else
        g_thread_yield ();
    }
  join_sleeper (&sleeper);
  g_test_message ("%ld sleeps for %u items", sleeper.n_sleeps, n_items);
  g_assert_cmpint (sleeper.n_sleeps, <, n_items / 4);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  ADD ("/channel/wake-ups/main-loop-and-empty-channel", 10, test_loop_and_empty_channel);
  ADD ("/channel/wake-ups/main-loop-and-full-channel", 100, test_loop_and_full_channel);
  ADD ("/channel/wake-ups/main-loop-until-the-time-is-over", 10, test_loop_and_timeout);
  ADD ("/channel/wake-ups/thread-and-full-channel", 100, test_thread_and_full_channel);
  ADD ("/channel/wake-ups/thread-and-empty-channel", AIOT_CAPACITY_UNBOUNDED, test_thread_and_empty_channel);
  ADD ("/channel/wake-ups/thread-sleeps-for-many-items", 64, test_thread_sleeps_for_many);
  return g_test_run ();
}
