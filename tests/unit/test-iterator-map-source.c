/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-channel-util.h"
#include "test-stage.h"

/* What is mapped and filtered: iterators that a program makes itself, and readers of channels. */

/* --- one that has no more than it must --- */

typedef struct
{
  TestLoop loop;
  TestCounter *counter;
  TestStage stage;
  AiotIterator *iterator;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_stage_init (&fixture->stage);
  fixture->counter = g_object_new (TEST_TYPE_COUNTER, NULL);
  fixture->counter->n_items = 12;
  fixture->iterator = test_stage_map (&fixture->stage, AIOT_ITERATOR (fixture->counter), NULL, 3, AIOT_ORDER_GIVEN);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_stage_clear (&fixture->stage);
  /* A task that was completed may be in a source of this main context. */
  test_iterate_all (fixture->loop.main_context);
  g_assert_finalize_object (fixture->counter);
  test_loop_close (&fixture->loop);
}

static void
test_custom (Fixture       *fixture,
             gconstpointer  data)
{
  for (int i = 0; i < 12; i++)
    test_assert_next (fixture->iterator, i);
  test_assert_end (fixture->iterator);
  test_assert_closed (fixture->iterator);
}

static void
test_custom_error (Fixture       *fixture,
                   gconstpointer  data)
{
  fixture->counter->fails_at = 5;
  for (int i = 0; i < 5; i++)
    test_assert_next (fixture->iterator, i);
  test_assert_next_fails (fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
}

static gpointer
close_in_thread (gpointer iterator)
{
  aiot_iterator_close (iterator);
  return NULL;
}

/* It may know but one thread: from another one it is closed a little later. */
static void
test_custom_closed_elsewhere (Fixture       *fixture,
                              gconstpointer  data)
{
  TestAnswer answer = { 0 };

  test_assert_next (fixture->iterator, 0);
  g_thread_join (g_thread_new ("closer", close_in_thread, fixture->iterator));
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  g_assert_cmpint (fixture->counter->n_closed, ==, 0);
  aiot_iterator_close_async (fixture->iterator, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, fixture->loop.main_context);
  g_assert_true (fixture->counter->is_closed);
  test_answer_clear (&answer);
}

static void
test_custom_closed_here (Fixture       *fixture,
                         gconstpointer  data)
{
  test_assert_next (fixture->iterator, 0);
  aiot_iterator_close (fixture->iterator);
  g_assert_true (fixture->counter->is_closed);
}

static void
test_custom_never_started (Fixture       *fixture,
                           gconstpointer  data)
{
  test_unref_in_another_thread (g_steal_pointer (&fixture->iterator));
  g_assert_false (fixture->counter->is_closed);
  test_iterate_until (fixture->loop.main_context, &fixture->stage.n_freed, 1);
  g_assert_true (fixture->counter->is_closed);
  g_assert_cmpint (fixture->counter->n_given, ==, 0);
}

/* Nobody can be called back any more: what it was asked for, and that it has ended, is not waited for. */
static void
test_custom_gone (Fixture       *fixture,
                  gconstpointer  data)
{
  g_assert_null (aiot_iterator_try_next_many (fixture->iterator, 1, NULL));
  while (fixture->counter->n_asked == 0)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
  aiot_main_context_abandon (fixture->loop.main_context);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  g_assert_true (fixture->counter->is_closed);
  g_assert_cmpint (fixture->stage.n_freed, ==, 1);
  /* Its answer may come all the same. */
  test_iterate_all (fixture->loop.main_context);
  g_assert_cmpint (fixture->stage.n_started, ==, 0);
}

/* --- one that never answers unless it is told, and takes its time to end --- */

#define TEST_TYPE_SLOW (test_slow_get_type ())

G_DECLARE_FINAL_TYPE (TestSlow, test_slow, TEST, SLOW, GObject)

struct _TestSlow
{
  GObject parent_instance;
  GTask *closing;
  gboolean is_closed;
};

static gboolean
answer_cancelled (GCancellable *cancellable,
                  gpointer      task)
{
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
test_slow_next_async (AiotIterator        *iterator,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             callback_data)
{
  g_autoptr (GTask) task = g_task_new (iterator, cancellable, callback, callback_data);
  g_autoptr (GSource) source = g_cancellable_source_new (cancellable);

  g_task_attach_source (task, source, G_SOURCE_FUNC (answer_cancelled));
}

static const GValue *
test_slow_next_finish (AiotIterator  *iterator,
                       GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_slow_close (AiotIterator *iterator)
{
  TEST_SLOW (iterator)->is_closed = TRUE;
}

static void
test_slow_close_async (AiotIterator        *iterator,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             callback_data)
{
  test_slow_close (iterator);
  g_assert_null (TEST_SLOW (iterator)->closing);
  TEST_SLOW (iterator)->closing = g_task_new (iterator, cancellable, callback, callback_data);
}

static gboolean
test_slow_close_finish (AiotIterator  *iterator,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
test_slow_is_closed (AiotIterator *iterator)
{
  return TEST_SLOW (iterator)->is_closed;
}

static void
test_slow_iterator_init (AiotIteratorInterface *iface)
{
  iface->next_async = test_slow_next_async;
  iface->next_finish = test_slow_next_finish;
  iface->close = test_slow_close;
  iface->close_async = test_slow_close_async;
  iface->close_finish = test_slow_close_finish;
  iface->is_closed = test_slow_is_closed;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestSlow, test_slow, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AIOT_TYPE_ITERATOR, test_slow_iterator_init))

static void
test_slow_class_init (TestSlowClass *klass)
{
}

static void
test_slow_init (TestSlow *self)
{
}

/* The end waits for that of the source, however that was made. */
static void
test_slow_end (void)
{
  TestLoop loop;
  TestStage stage;
  TestSlow *slow;
  AiotIterator *iterator;
  TestAnswer next = { 0 }, closed = { 0 };

  test_loop_open (&loop);
  test_stage_init (&stage);
  slow = g_object_new (TEST_TYPE_SLOW, NULL);
  iterator = test_stage_map (&stage, AIOT_ITERATOR (slow), NULL, 3, AIOT_ORDER_GIVEN);
  aiot_iterator_next_async (iterator, NULL, test_answer_cb, &next);
  test_iterate_all (loop.main_context);
  aiot_iterator_close_async (iterator, NULL, test_answer_cb, &closed);
  test_assert_answer_fails (&next, iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_iterate_all (loop.main_context);
  g_assert_cmpint (closed.n_called, ==, 0);
  g_assert_cmpint (stage.n_freed, ==, 0);

  g_task_return_boolean (slow->closing, TRUE);
  g_clear_object (&slow->closing);
  test_answer_wait (&closed, loop.main_context);
  test_answer_clear (&closed);
  test_stage_clear (&stage);
  test_drop (&iterator);
  test_iterate_all (loop.main_context);
  g_assert_finalize_object (slow);
  test_loop_close (&loop);
}

/* --- channels --- */

static gboolean
copy_argument (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  aiot_call_set_result (call, aiot_call_get_argument (call));
  return TRUE;
}

static gboolean
keep (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  aiot_call_set_result_boolean (call, TRUE);
  return TRUE;
}

static void
take_all (AiotIterator *iterator,
          guint         n)
{
  TestAnswer answer;

  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (test_item_number (test_next (iterator, &answer, NULL)), ==, i);
      test_answer_clear (&answer);
    }
}

/* On its way an item is only moved. */
static void
test_channel_moves (TestChannel   *channel,
                    gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (channel->channel);
  g_autoptr (AiotIterator) kept = aiot_iterator_filter (reader, NULL, 4, AIOT_ORDER_GIVEN, keep, NULL, NULL);
  AiotIterator *merged = aiot_iterator_merge (&kept, 1);

  test_send_items (channel, 0, 20);
  aiot_channel_close (channel->channel);
  take_all (merged, 20);
  test_assert_end (merged);
  g_assert_cmpint (channel->items.n_made, ==, 20);
  test_end_and_drop (&merged);
}

/* What makes a result makes the only one. */
static void
test_channel_results_move (TestChannel   *channel,
                           gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (channel->channel);
  AiotIterator *copies = aiot_iterator_map (reader, NULL, 4, AIOT_ORDER_GIVEN, copy_argument, NULL, NULL);

  test_send_items (channel, 0, 20);
  aiot_channel_close (channel->channel);
  take_all (copies, 20);
  test_assert_end (copies);
  g_assert_cmpint (channel->items.n_made, ==, 40);
  test_end_and_drop (&copies);
}

/* No more than can be worked on are taken from others that read it as well; and leaving it leaves it open. */
static void
test_channel_shared (TestChannel   *channel,
                     gconstpointer  data)
{
  g_autoptr (AiotIterator) reader = aiot_channel_iterate (channel->channel);
  AiotIterator *copies = aiot_iterator_map (reader, NULL, 4, AIOT_ORDER_GIVEN, copy_argument, NULL, NULL);

  test_send_items (channel, 0, 20);
  take_all (copies, 1);
  test_iterate_all (channel->loop.main_context);
  g_assert_cmpuint (aiot_channel_get_length (channel->channel), >=, 20 - 5);
  test_end_and_drop (&copies);
  g_assert_false (aiot_channel_is_closed (channel->channel));
  g_assert_true (aiot_iterator_is_closed (reader));
}

#define add(path, test) g_test_add (path, Fixture, NULL, setup, test, teardown)
#define add_channel(path, test) \
  g_test_add (path, TestChannel, GINT_TO_POINTER (64), test_channel_setup, test, test_channel_teardown)

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  add ("/map/custom-source/all-come", test_custom);
  add ("/map/custom-source/error", test_custom_error);
  add ("/map/custom-source/closed-at-home-from-another-thread", test_custom_closed_elsewhere);
  add ("/map/custom-source/closed-at-once-at-home", test_custom_closed_here);
  add ("/map/custom-source/never-started", test_custom_never_started);
  add ("/map/custom-source/home-gone-while-asked", test_custom_gone);
  g_test_add_func ("/map/custom-source/takes-its-time-to-end", test_slow_end);

  add_channel ("/map/channel/items-are-only-moved", test_channel_moves);
  add_channel ("/map/channel/results-are-only-moved", test_channel_results_move);
  add_channel ("/map/channel/shares-with-others", test_channel_shared);

  return g_test_run ();
}
