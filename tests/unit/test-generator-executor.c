/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE

#include "test-body.h"

#include <string.h>

/* Where generators run: on executors of every kind, in the context of who asked for them, and with a home wherever they were asked for. */

#define NOT_SET -1

static AiotContextVar *number;

static gint64
get (void)
{
  const GValue *value = aiot_context_var_get (number);

  return value != NULL ? g_value_get_int64 (value) : NOT_SET;
}

/* For what ends with the context that it is set in, or is reset by an earlier token. */
static void
set (gint64 value)
{
  aiot_context_token_unref (aiot_context_var_set_int64 (number, value));
}

static AiotExecutor *
make_default (void)
{
  return NULL;
}

static AiotExecutor *
make_pool (void)
{
  return aiot_executor_new_pool ("pool", 1);
}

static AiotExecutor *
make_serial (void)
{
  return aiot_executor_new_serial ("serial");
}

static AiotExecutor *
make_separate (void)
{
  return aiot_executor_new_separate ("separate", FALSE);
}

static AiotExecutor *
make_detached (void)
{
  return aiot_executor_new_separate ("detached", TRUE);
}

typedef struct
{
  const char *name;
  AiotExecutor *(*make) (void);
  const char *thread_name;   /* as long as Linux lets it be; NULL: that of the pool */
} Kind;

static const Kind kinds[] = {
  { "default", make_default, NULL },
  { "pool", make_pool, NULL },
  { "serial", make_serial, NULL },
  { "separate", make_separate, "count-the-lines" },
  { "detached", make_detached, "count-the-lines" },
};

/* --- every kind --- */

typedef struct
{
  TestBody body;
  char thread_name[16];
  gint64 seen;
  gint64 seen_later;
} Note;

static gboolean
note_and_emit (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  Note *note = user_data;

  g_assert_cmpint (pthread_getname_np (pthread_self (), note->thread_name, sizeof note->thread_name), ==, 0);
  note->seen = get ();
  set (99);
  if (!test_body_func (generator, &note->body, error))
    return FALSE;

  /* It has slept and been woken meanwhile. */
  note->seen_later = get ();
  return TRUE;
}

static void
note_free (gpointer user_data)
{
  test_body_free (&((Note *) user_data)->body);
}

static AiotIterator *
note_iterate (Note         *note,
              AiotExecutor *executor)
{
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (note_and_emit, note, note_free);

  test_body_init (&note->body, 5);
  aiot_threaded_iterable_set_name (iterable, "count-the-lines-of-a-file");
  aiot_threaded_iterable_set_executor (iterable, executor);
  aiot_threaded_iterable_set_capacity (iterable, 1);
  return AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, NULL, NULL));
}

static void
note_take_all (Note         *note,
               AiotIterator *iterator)
{
  for (int i = 0; i < 5; i++)
    test_assert_next (iterator, i);
  test_assert_end (iterator);
  test_drop (&iterator);
  test_body_clear (&note->body);
}

static void
test_kind (gconstpointer data)
{
  const Kind *kind = data;
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = kind->make ();
  Note note = { 0 };

  test_loop_open (&loop);
  note_take_all (&note, note_iterate (&note, executor));
  if (kind->thread_name != NULL)
    g_assert_cmpstr (note.thread_name, ==, kind->thread_name);
  test_loop_close (&loop);
}

/* The variables are those of who asked for the iterator, at that time, and stay as they are; the next generator finds its own. */
static void
test_context (gconstpointer data)
{
  const Kind *kind = data;
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = kind->make ();

  test_loop_open (&loop);
  for (int i = 0; i < 3; i++)
    {
      /* Those with odd numbers come from where the variable is not set at all. */
      g_autoptr (AiotContextToken) token = i % 2 == 0 ? aiot_context_var_set_int64 (number, i) : NULL;
      Note note = { 0 };
      AiotIterator *iterator = note_iterate (&note, executor);
      g_autoptr (AiotContext) own = NULL, own_after = NULL;

      if (token != NULL)
        set (50);
      own = aiot_context_dup_current ();
      note_take_all (&note, iterator);
      own_after = aiot_context_dup_current ();

      g_assert_cmpint (note.seen, ==, i % 2 == 0 ? i : NOT_SET);
      g_assert_cmpint (note.seen_later, ==, 99);
      g_assert_true (own == own_after);
      if (token != NULL)
        aiot_context_var_reset (number, token);
    }
  g_assert_cmpint (get (), ==, NOT_SET);
  test_loop_close (&loop);
}

/* It is listed by its name while it runs, and counted when it has ended. */
static void
test_statistics (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = make_pool ();
  g_auto (GStrv) running = NULL;
  Note note = { 0 };
  AiotIterator *iterator;

  test_loop_open (&loop);
  iterator = note_iterate (&note, executor);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 0);
  test_assert_next (iterator, 0);
  running = aiot_executor_list_running (executor);
  g_assert_cmpuint (g_strv_length (running), ==, 1);
  g_assert_true (g_str_has_prefix (running[0], "count-the-lines-of-a-file ("));
  g_assert_cmpuint (aiot_executor_get_n_done (executor), ==, 0);

  for (int i = 1; i < 5; i++)
    test_assert_next (iterator, i);
  test_assert_end (iterator);
  test_drop (&iterator);
  test_body_clear (&note.body);
  /* Its thread counts it when it has told everybody. */
  while (aiot_executor_get_n_done (executor) < 1)
    g_thread_yield ();
  g_assert_cmpuint (aiot_executor_get_n_failed (executor), ==, 0);
  test_loop_close (&loop);
}

/* --- executors that take no work --- */

static void
test_shut_down_executor (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = make_pool ();
  TestBody body;
  AiotIterator *iterator;

  test_loop_open (&loop);
  test_body_init (&body, 5);
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  iterator = test_body_iterate (&body, executor, AIOT_CAPACITY_DEFAULT, NULL);
  test_assert_next_fails (iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_closed (iterator);
  test_drop (&iterator);
  g_assert_cmpint (body.n_run, ==, 0);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* --- home --- */

typedef struct
{
  TestBody body;
  TestLedger own;
  int sum;
} Inside;

static void
free_at_home (gpointer user_data)
{
  test_body_free (&((Inside *) user_data)->body);
}

static gboolean
run_body (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  return test_body_func (generator, &((Inside *) user_data)->body, error);
}

/* In a worker, home is that of the work which runs there, although this thread takes the items. */
static gboolean
iterate_in_worker (AiotCall  *call,
                   gpointer   user_data,
                   GError   **error)
{
  Inside *inside = user_data;
  g_autoptr (AiotThreadedIterator) iterator = NULL;

  iterator = aiot_threaded_iterator_new (run_body, inside, free_at_home, NULL, 2, NULL);
  while (TRUE)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      if (!aiot_iterator_next_sync (AIOT_ITERATOR (iterator), &value, NULL, error))
        break;

      inside->sum += test_number (&value);
      /* Whoever takes an item frees it where it likes. */
      inside->body.items.home = g_thread_self ();
    }
  g_assert_true (inside->body.worker != g_thread_self ());
  return *error == NULL;
}

static void
test_home_of_running_work (void)
{
  TestLoop loop;
  Inside inside = { 0 };
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  test_body_init (&inside.body, 10);
  aiot_offload_async (NULL, iterate_in_worker, &inside, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, loop.main_context);
  g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
  test_answer_clear (&answer);
  g_assert_cmpint (inside.sum, ==, 45);
  test_iterate_until (loop.main_context, &inside.body.n_freed, 1);
  test_body_clear (&inside.body);
  test_loop_close (&loop);
}

static gboolean
never_run (AiotGenerator  *generator,
           gpointer        user_data,
           GError        **error)
{
  g_assert_not_reached ();
}

static gpointer
drop_here (gpointer iterator)
{
  g_object_unref (iterator);
  return NULL;
}

/* Made for a main context that is gone when it is dropped: what it was given is freed where it is dropped, with a warning. */
static void
test_gone_before_start (void)
{
  TestLoop loop;
  TestLedger ledger = { 0 };
  AiotThreadedIterator *iterator;

  test_loop_open (&loop);
  iterator = aiot_threaded_iterator_new (never_run, test_ledger_item (&ledger), test_item_free, NULL, 1, NULL);
  aiot_main_context_abandon (loop.main_context);
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "A main context went away*");
  g_thread_join (g_thread_new ("dropper", drop_here, iterator));
  g_test_assert_expected_messages ();
  g_assert_cmpint (ledger.n_freed, ==, 1);
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  int status;

  test_init (&argc, &argv);
  number = aiot_context_var_new ("number", G_TYPE_INT64, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *kind = g_strconcat ("/generator/executor/", kinds[i].name, NULL);
      g_autofree char *context = g_strconcat ("/generator/context/", kinds[i].name, NULL);

      g_test_add_data_func (kind, &kinds[i], test_kind);
      g_test_add_data_func (context, &kinds[i], test_context);
    }
  g_test_add_func ("/generator/executor/statistics", test_statistics);
  g_test_add_func ("/generator/executor/shut-down", test_shut_down_executor);
  g_test_add_func ("/generator/home/of-the-running-work", test_home_of_running_work);
  g_test_add_func ("/generator/home/gone-before-the-start", test_gone_before_start);
  status = g_test_run ();
  g_object_unref (number);
  return status;
}
