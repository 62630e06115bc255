/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

#include "aiot-clock-private.h"

/* What iterators are made of: an object that makes many, or a function that makes one; and what goes without any thread. */

#define FRAME (16 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  gint64 first;
  gboolean fails;
  TestLedger ledger;
} Count;

/* Emits as many as its argument says, then succeeds or fails as its data says. */
static gboolean
count_from (AiotGenerator  *generator,
            gpointer        user_data,
            GError        **error)
{
  gint64 n_items = g_value_get_int64 (aiot_generator_get_argument (generator));
  Count *count = user_data;

  for (gint64 i = 0; i < n_items; i++)
    if (!aiot_generator_emit_int64 (generator, count->first + i, error))
      return FALSE;

  if (count->fails)
    g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_IO, "broken");
  return !count->fails;
}

static void
count_free (gpointer user_data)
{
  test_item_free (&((Count *) user_data)->ledger);
}

static void
init_int64 (GValue *value,
            gint64  number)
{
  g_value_init (value, G_TYPE_INT64);
  g_value_set_int64 (value, number);
}

static void
assert_int64 (AiotIterator *iterator,
              gint64        number)
{
  TestAnswer answer;
  const GValue *value = test_next (iterator, &answer, NULL);

  g_assert_cmpint (g_value_get_int64 (value), ==, number);
  test_answer_clear (&answer);
}

/* --- properties --- */

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              gpointer    user_data)
{
  (*(int *) user_data)++;
}

static void
test_properties (void)
{
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (count_from, NULL, NULL);
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool (NULL, 1);
  g_autoptr (AiotExecutor) got_executor = NULL;
  g_autofree char *name = NULL;
  int n_notified = 0, priority, capacity;

  g_assert_null (aiot_threaded_iterable_get_name (iterable));
  g_assert_null (aiot_threaded_iterable_get_executor (iterable));
  g_assert_cmpint (aiot_threaded_iterable_get_capacity (iterable), ==, AIOT_CAPACITY_DEFAULT);
  g_assert_cmpint (aiot_threaded_iterable_get_priority (iterable), ==, G_PRIORITY_DEFAULT);

  g_signal_connect (iterable, "notify", G_CALLBACK (count_notify), &n_notified);
  for (int round = 0; round < 2; round++)
    {
      g_object_set (iterable, "name", "lines", "executor", executor, "capacity", 5, "priority", G_PRIORITY_LOW, NULL);
      g_assert_cmpint (n_notified, ==, 4);
    }
  g_object_get (iterable, "name", &name, "executor", &got_executor, "capacity", &capacity, "priority", &priority, NULL);
  g_assert_cmpstr (name, ==, "lines");
  g_assert_true (got_executor == executor);
  g_assert_cmpint (capacity, ==, 5);
  g_assert_cmpint (priority, ==, G_PRIORITY_LOW);

  aiot_threaded_iterable_set_name (iterable, NULL);
  aiot_threaded_iterable_set_executor (iterable, NULL);
  aiot_threaded_iterable_set_capacity (iterable, AIOT_CAPACITY_UNBOUNDED);
  aiot_threaded_iterable_set_priority (iterable, G_PRIORITY_HIGH);
  g_assert_cmpint (n_notified, ==, 8);
  g_assert_null (aiot_threaded_iterable_get_name (iterable));
  g_assert_null (aiot_threaded_iterable_get_executor (iterable));
  g_assert_cmpint (aiot_threaded_iterable_get_capacity (iterable), ==, AIOT_CAPACITY_UNBOUNDED);
  g_assert_cmpint (aiot_threaded_iterable_get_priority (iterable), ==, G_PRIORITY_HIGH);
  g_assert_finalize_object (g_steal_pointer (&iterable));
}

/* Each iterator keeps what was said when it was made. */
static void
test_changed_later (void)
{
  TestLoop loop;
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (count_from, NULL, NULL);
  AiotThreadedIterator *small, *unbounded, *by_default;

  test_loop_open (&loop);
  aiot_threaded_iterable_set_capacity (iterable, 3);
  small = aiot_threaded_iterable_iterate (iterable, NULL, NULL);
  aiot_threaded_iterable_set_capacity (iterable, AIOT_CAPACITY_UNBOUNDED);
  unbounded = aiot_threaded_iterable_iterate (iterable, NULL, NULL);
  aiot_threaded_iterable_set_capacity (iterable, AIOT_CAPACITY_DEFAULT);
  by_default = aiot_threaded_iterable_iterate (iterable, NULL, NULL);
  g_assert_cmpuint (aiot_threaded_iterator_get_capacity (small), ==, 3);
  g_assert_cmpuint (aiot_threaded_iterator_get_capacity (unbounded), ==, 0);
  g_assert_cmpuint (aiot_threaded_iterator_get_capacity (by_default), ==, aiot_get_default_capacity ());
  g_assert_finalize_object (small);
  g_assert_finalize_object (unbounded);
  g_assert_finalize_object (by_default);
  g_clear_object (&iterable);
  test_loop_close (&loop);
}

/* --- many of one --- */

#define N_ITERATORS 5

/* In turns, each with an argument of its own. */
static void
test_independent (void)
{
  TestLoop loop;
  Count count = { .first = 10, .ledger.home = g_thread_self () };
  AiotThreadedIterable *iterable;
  AiotIterator *iterators[N_ITERATORS];

  test_loop_open (&loop);
  iterable = aiot_threaded_iterable_new (count_from, &count, count_free);
  for (int i = 0; i < N_ITERATORS; i++)
    {
      g_auto (GValue) argument = G_VALUE_INIT;

      init_int64 (&argument, i + 1);
      iterators[i] = AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, &argument, NULL));
    }
  for (int round = 0; round < N_ITERATORS; round++)
    for (int i = round; i < N_ITERATORS; i++)
      assert_int64 (iterators[i], 10 + round);
  g_assert_cmpint (count.ledger.n_freed, ==, 0);
  g_object_unref (iterable);
  for (int i = 0; i < N_ITERATORS; i++)
    {
      test_assert_end (iterators[i]);
      test_drop (&iterators[i]);
    }
  /* The last one that uses it is the last one that keeps it. */
  test_iterate_until (loop.main_context, &count.ledger.n_freed, 1);
  g_assert_cmpint (count.ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
}

/* One is closed, another one is not. */
static void
test_closed_independently (void)
{
  TestLoop loop;
  Count count = { 0 };
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (count_from, &count, NULL);
  AiotIterator *closed, *other;
  g_auto (GValue) argument = G_VALUE_INIT;

  test_loop_open (&loop);
  init_int64 (&argument, 100);
  aiot_threaded_iterable_set_capacity (iterable, 2);
  closed = AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, &argument, NULL));
  other = AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, &argument, NULL));
  assert_int64 (closed, 0);
  assert_int64 (other, 0);
  aiot_iterator_close (closed);
  for (int i = 1; i < 100; i++)
    assert_int64 (other, i);
  test_assert_end (other);
  test_assert_closed (closed);
  test_drop (&closed);
  test_drop (&other);
  while (G_OBJECT (iterable)->ref_count > 1)
    g_main_context_iteration (loop.main_context, TRUE);
  g_assert_finalize_object (g_steal_pointer (&iterable));
  test_loop_close (&loop);
}

/* --- without a thread --- */

typedef struct
{
  GThread *thread;
  gint64 sum;
  int n_items;
  int stop_at;
} Sum;

static gboolean
add_up (const GValue *item,
        gpointer      user_data)
{
  Sum *sum = user_data;

  sum->thread = g_thread_self ();
  sum->sum += g_value_get_int64 (item);
  sum->n_items++;
  return sum->n_items != sum->stop_at;
}

static gboolean
iterate_sync (Count         *count,
              gint64         n_items,
              Sum           *sum,
              GCancellable  *cancellable,
              GError       **error)
{
  g_autoptr (AiotExecutor) unused = aiot_executor_new_pool (NULL, 1);
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (count_from, count, NULL);
  g_auto (GValue) argument = G_VALUE_INIT;
  gboolean succeeded;

  init_int64 (&argument, n_items);
  aiot_threaded_iterable_set_executor (iterable, unused);
  aiot_threaded_iterable_set_capacity (iterable, 1);
  succeeded = aiot_threaded_iterable_iterate_sync (iterable, &argument, add_up, sum, cancellable, error);
  g_assert_cmpuint (aiot_executor_get_n_threads (unused), ==, 0);
  g_assert_finalize_object (g_steal_pointer (&iterable));
  return succeeded;
}

static void
test_sync (void)
{
  Count count = { 0 };
  Sum sum = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (iterate_sync (&count, 100, &sum, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (sum.sum, ==, 4950);
  g_assert_true (sum.thread == g_thread_self ());
}

static void
test_sync_stop (void)
{
  Count count = { 0 };
  Sum sum = { .stop_at = 3 };
  g_autoptr (GError) error = NULL;

  g_assert_true (iterate_sync (&count, 100, &sum, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (sum.n_items, ==, 3);
}

static void
test_sync_error (void)
{
  Count count = { .fails = TRUE };
  Sum sum = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (iterate_sync (&count, 5, &sum, NULL, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpint (sum.n_items, ==, 5);
}

static gboolean
cancel_at_third (const GValue *item,
                 gpointer      user_data)
{
  if (g_value_get_int64 (item) == 2)
    g_cancellable_cancel (user_data);
  g_assert_cmpint (g_value_get_int64 (item), <=, 2);
  return TRUE;
}

static void
test_sync_cancel (void)
{
  Count count = { 0 };
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (count_from, &count, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (GValue) argument = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;
  Sum sum = { 0 };

  init_int64 (&argument, 100);
  g_assert_false (aiot_threaded_iterable_iterate_sync (iterable, &argument, cancel_at_third, cancellable, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* Cancelled before, it does not begin. */
  g_assert_false (iterate_sync (&count, 100, &sum, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (sum.n_items, ==, 0);
}

/* --- one that is used once --- */

static void
test_one_shot (void)
{
  TestLoop loop;
  TestBody body;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("once");
  AiotThreadedIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, 4);
  iterator = aiot_threaded_iterator_new (test_body_func, &body, test_body_free, executor, 2, NULL);
  g_assert_cmpuint (aiot_threaded_iterator_get_capacity (iterator), ==, 2);
  for (int i = 0; i < 4; i++)
    test_assert_next (AIOT_ITERATOR (iterator), i);
  test_assert_end (AIOT_ITERATOR (iterator));
  /* Its thread counts it when it has told everybody. */
  while (aiot_executor_get_n_done (executor) < 1)
    g_thread_yield ();
  g_assert_cmpuint (aiot_threaded_iterator_get_peak_length (iterator), <=, 2);
  g_assert_finalize_object (iterator);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* --- progress --- */

#define N_REPORTS 100

static gboolean
report_often (AiotGenerator  *generator,
              gpointer        user_data,
              GError        **error)
{
  TestGate *reported = user_data;

  for (int i = 1; i <= N_REPORTS; i++)
    {
      g_autofree char *text = g_strdup_printf ("%d of %d", i, N_REPORTS);

      aiot_generator_report_progress (generator, i / (double) N_REPORTS, text);
    }
  test_gate_open (reported);
  return aiot_generator_emit_int64 (generator, 1, error);
}

typedef struct
{
  GThread *home;
  int n_seen;
} Seen;

static void
seen_cb (AiotProgress *progress,
         GParamSpec   *pspec,
         Seen         *seen)
{
  g_assert_true (g_thread_self () == seen->home);
  seen->n_seen++;
}

/* No time passes in between, so only the first and the latest are seen, or the latest alone. */
static void
test_progress (void)
{
  TestLoop loop;
  TestGate reported = { 0 };
  Seen seen = { .home = g_thread_self () };
  AiotThreadedIterator *iterator;
  AiotProgress *progress;

  test_loop_open (&loop);
  aiot_clock_stop ();
  iterator = aiot_threaded_iterator_new (report_often, &reported, NULL, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  progress = aiot_threaded_iterator_get_progress (iterator);
  g_assert_true (progress == aiot_threaded_iterator_get_progress (iterator));
  g_assert_cmpfloat (aiot_progress_get_fraction (progress), ==, 0);
  g_signal_connect (progress, "notify::fraction", G_CALLBACK (seen_cb), &seen);
  assert_int64 (AIOT_ITERATOR (iterator), 1);
  test_gate_wait (&reported);
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  g_assert_cmpint (seen.n_seen, ==, 1);

  aiot_clock_advance (FRAME);
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  g_assert_cmpint (seen.n_seen, <=, 2);
  g_assert_cmpfloat (aiot_progress_get_fraction (progress), ==, 1);
  g_assert_cmpstr (aiot_progress_get_text (progress), ==, "100 of 100");
  test_assert_end (AIOT_ITERATOR (iterator));
  g_assert_finalize_object (iterator);
  aiot_clock_resume ();
  test_gate_clear (&reported);
  test_loop_close (&loop);
}

static gboolean
report_at_home (AiotGenerator  *generator,
                gpointer        user_data,
                GError        **error)
{
  aiot_generator_report_progress (generator, 0.5, "half");
  return TRUE;
}

/* With no thread there is nobody to tell, and no harm in telling. */
static void
test_progress_sync (void)
{
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (report_at_home, NULL, NULL);
  Sum sum = { 0 };

  g_assert_true (aiot_threaded_iterable_iterate_sync (iterable, NULL, add_up, &sum, NULL, NULL));
  g_assert_cmpint (sum.n_items, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/iterable/properties", test_properties);
  g_test_add_func ("/iterable/properties-of-iterators-stay", test_changed_later);
  g_test_add_func ("/iterable/iterators-are-independent", test_independent);
  g_test_add_func ("/iterable/iterators-close-independently", test_closed_independently);
  g_test_add_func ("/iterable/sync/runs-in-the-calling-thread", test_sync);
  g_test_add_func ("/iterable/sync/stop", test_sync_stop);
  g_test_add_func ("/iterable/sync/error", test_sync_error);
  g_test_add_func ("/iterable/sync/cancel", test_sync_cancel);
  g_test_add_func ("/iterable/one-shot", test_one_shot);
  g_test_add_func ("/iterable/progress/at-home-once-a-frame", test_progress);
  g_test_add_func ("/iterable/progress/without-a-thread", test_progress_sync);
  return g_test_run ();
}
