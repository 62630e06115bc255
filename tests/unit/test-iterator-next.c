/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/* Asking an iterator for items: one, many, at once, and waiting for it. The body goes on when the test says so. */

#define N_FIRST 2
#define N_ALL   5

typedef struct
{
  TestLoop loop;
  TestBody body;             /* of which only the numbers are used */
  AiotExecutor *executor;    /* a pool of one, which tells when the body is blocked */
  AiotIterator *iterator;
  TestGate may_start;
  TestGate paused;
  TestGate may_go_on;
  GString *log;
} Fixture;

static gboolean
emit_in_two_steps (AiotGenerator  *generator,
                   gpointer        user_data,
                   GError        **error)
{
  Fixture *fixture = user_data;

  test_gate_wait (&fixture->may_start);
  g_atomic_int_inc (&fixture->body.n_run);
  for (int i = 0; i < N_ALL; i++)
    {
      if (i == N_FIRST)
        {
          test_gate_open (&fixture->paused);
          test_gate_wait (&fixture->may_go_on);
        }
      if (!test_emit_number (generator, &fixture->body.items, i, error))
        break;
    }
  test_gate_open (&fixture->body.ended);
  return *error == NULL;
}

static void
free_body (gpointer user_data)
{
  test_body_free (&((Fixture *) user_data)->body);
}

static void
setup (Fixture       *fixture,
       gconstpointer  capacity)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, N_ALL);
  fixture->log = g_string_new (NULL);
  fixture->executor = aiot_executor_new_pool ("next", 1);
  fixture->iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_in_two_steps, fixture, free_body, fixture->executor,
                                                                 GPOINTER_TO_INT (capacity), NULL));
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_body_clear (&fixture->body);
  g_object_unref (fixture->executor);
  test_gate_clear (&fixture->may_start);
  test_gate_clear (&fixture->paused);
  test_gate_clear (&fixture->may_go_on);
  g_string_free (fixture->log, TRUE);
  test_loop_close (&fixture->loop);
}

static void
iterate_now (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
}

/* --- several at a time --- */

typedef struct
{
  Fixture *fixture;
  TestAnswer answer;
  char name;
} Named;

static void
named_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Named *named = user_data;

  g_string_append_c (named->fixture->log, named->name);
  test_answer_cb (source_object, result, &named->answer);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  Named named[7];

  for (guint i = 0; i < G_N_ELEMENTS (named); i++)
    {
      named[i] = (Named) { .fixture = fixture, .name = 'a' + i };
      aiot_iterator_next_async (fixture->iterator, NULL, named_cb, &named[i]);
    }
  iterate_now (fixture);
  g_assert_cmpuint (fixture->log->len, ==, 0);
  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  for (int i = 0; i < N_ALL; i++)
    test_assert_answer_number (&named[i].answer, fixture->iterator, i);
  for (guint i = N_ALL; i < G_N_ELEMENTS (named); i++)
    test_assert_answer_end (&named[i].answer, fixture->iterator);
  g_assert_cmpstr (fixture->log->str, ==, "abcdefg");
}

/* --- many --- */

static void
next_many (Fixture    *fixture,
           guint       min,
           guint       max,
           TestAnswer *answer)
{
  *answer = (TestAnswer) { 0 };
  aiot_iterator_next_many_async (fixture->iterator, min, max, NULL, test_answer_cb, answer);
  g_assert_cmpint (answer->n_called, ==, 0);
}

static void
assert_numbers (AiotBatch *batch,
                int        first,
                int        n)
{
  g_assert_nonnull (batch);
  g_assert_cmpuint (aiot_batch_get_length (batch), ==, n);
  for (int i = 0; i < n; i++)
    g_assert_cmpint (test_number (aiot_batch_get_item (batch, i)), ==, first + i);
}

static void
assert_many (Fixture    *fixture,
             TestAnswer *answer,
             int         first,
             int         n)
{
  g_autoptr (AiotBatch) batch = NULL;
  g_autoptr (GError) error = NULL;

  test_answer_wait (answer, fixture->loop.main_context);
  batch = aiot_iterator_next_many_finish (fixture->iterator, answer->result, &error);
  g_assert_no_error (error);
  if (n == 0)
    g_assert_null (batch);
  else
    assert_numbers (batch, first, n);
  test_answer_clear (answer);
}

static void
test_many_min (Fixture       *fixture,
               gconstpointer  data)
{
  TestAnswer answer;

  next_many (fixture, N_FIRST + 1, 10, &answer);
  test_gate_open (&fixture->may_start);
  test_gate_wait (&fixture->paused);
  iterate_now (fixture);
  g_assert_cmpint (answer.n_called, ==, 0);
  test_gate_open (&fixture->may_go_on);
  test_answer_wait (&answer, fixture->loop.main_context);
  {
    g_autoptr (AiotBatch) batch = aiot_iterator_next_many_finish (fixture->iterator, answer.result, NULL);

    g_assert_cmpuint (aiot_batch_get_length (batch), >=, N_FIRST + 1);
    assert_numbers (batch, 0, aiot_batch_get_length (batch));
  }
  test_answer_clear (&answer);
}

/* All that is there, but not one more than was asked for. */
static void
test_many_max (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (AiotBatch) at_once = NULL;
  TestAnswer answer;

  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  next_many (fixture, 1, 1, &answer);
  test_gate_wait (&fixture->body.ended);
  assert_many (fixture, &answer, 0, 1);
  next_many (fixture, 1, 2, &answer);
  assert_many (fixture, &answer, 1, 2);
  at_once = aiot_iterator_try_next_many (fixture->iterator, 10, NULL);
  assert_numbers (at_once, 3, 2);
  next_many (fixture, 1, 10, &answer);
  assert_many (fixture, &answer, 0, 0);
  test_assert_closed (fixture->iterator);
}

/* Nobody waits for what will never come. */
static void
test_many_end (Fixture       *fixture,
               gconstpointer  data)
{
  TestAnswer answer, behind, late;
  g_autoptr (GError) error = NULL;

  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  next_many (fixture, 10, 10, &answer);
  next_many (fixture, 10, 10, &behind);
  assert_many (fixture, &answer, 0, N_ALL);
  assert_many (fixture, &behind, 0, 0);

  next_many (fixture, 1, 1, &late);
  test_answer_wait (&late, fixture->loop.main_context);
  g_assert_null (aiot_iterator_next_many_finish (fixture->iterator, late.result, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_answer_clear (&late);
}

/* The queue never holds as many as that. */
static void
test_many_min_is_clamped (Fixture       *fixture,
                          gconstpointer  data)
{
  TestAnswer answer;

  test_gate_open (&fixture->may_start);
  test_gate_open (&fixture->may_go_on);
  next_many (fixture, 4, 10, &answer);
  assert_many (fixture, &answer, 0, 2);
  next_many (fixture, 4, 10, &answer);
  assert_many (fixture, &answer, 2, 2);
  next_many (fixture, 4, 10, &answer);
  assert_many (fixture, &answer, 4, 1);
  next_many (fixture, 4, 10, &answer);
  assert_many (fixture, &answer, 0, 0);
}

static void
test_many_error (void)
{
  TestLoop loop;
  TestBody body;
  Fixture fixture = { 0 };
  TestAnswer answer;
  g_autoptr (GError) error = NULL;

  test_loop_open (&loop);
  test_body_init (&body, 3);
  body.failure = "broken";
  fixture.loop = loop;
  fixture.iterator = test_body_iterate (&body, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  next_many (&fixture, 5, 10, &answer);
  assert_many (&fixture, &answer, 0, 3);
  next_many (&fixture, 5, 10, &answer);
  test_answer_wait (&answer, loop.main_context);
  g_assert_null (aiot_iterator_next_many_finish (fixture.iterator, answer.result, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_answer_clear (&answer);
  test_assert_closed (fixture.iterator);
  test_drop (&fixture.iterator);
  test_body_clear (&body);
  test_loop_close (&loop);
}

/* --- at once --- */

static gboolean
try_next (Fixture  *fixture,
          gint64   *number,
          GError  **error)
{
  g_auto (GValue) value = G_VALUE_INIT;

  if (!aiot_iterator_try_next (fixture->iterator, &value, error))
    return FALSE;

  *number = test_number (&value);
  return TRUE;
}

static void
test_try_next (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  gint64 number = -1;

  test_gate_open (&fixture->may_start);
  /* It may begin at that moment, and no sooner. */
  if (!try_next (fixture, &number, &error))
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      g_clear_error (&error);
      test_gate_wait (&fixture->paused);
      g_assert_true (try_next (fixture, &number, NULL));
    }
  g_assert_cmpint (number, ==, 0);
  test_gate_wait (&fixture->paused);
  g_assert_true (try_next (fixture, &number, NULL));
  g_assert_cmpint (number, ==, 1);
  g_assert_false (try_next (fixture, &number, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  test_gate_open (&fixture->may_go_on);
  test_gate_wait (&fixture->body.ended);
  for (int i = N_FIRST; i < N_ALL; i++)
    {
      g_assert_true (try_next (fixture, &number, NULL));
      g_assert_cmpint (number, ==, i);
    }
  /* The end is told after the body has returned. */
  test_wait_until_blocked (fixture->executor);
  g_assert_false (try_next (fixture, &number, &error));
  g_assert_no_error (error);
  g_assert_true (aiot_iterator_is_closed (fixture->iterator));
  g_assert_false (try_next (fixture, &number, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* What is promised to somebody who came first can't be taken. */
static void
test_try_next_queues_up (Fixture       *fixture,
                         gconstpointer  data)
{
  TestAnswer many, next = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 number = -1;

  test_gate_open (&fixture->may_start);
  next_many (fixture, N_FIRST + 1, N_FIRST + 1, &many);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &next);
  test_gate_wait (&fixture->paused);
  g_assert_false (try_next (fixture, &number, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_gate_open (&fixture->may_go_on);
  assert_many (fixture, &many, 0, N_FIRST + 1);
  test_assert_answer_number (&next, fixture->iterator, N_FIRST + 1);
}

/* --- an item that is there already --- */

/* The item after the first one waits for somebody. */
static void
receive_first (Fixture *fixture)
{
  test_gate_open (&fixture->may_start);
  test_assert_next (fixture->iterator, 0);
  test_gate_wait (&fixture->paused);
}

static void
test_ready (Fixture       *fixture,
            gconstpointer  data)
{
  TestAnswer answer = { 0 };

  receive_first (fixture);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  g_assert_cmpint (answer.n_called, ==, 0);
  /* It stays where it is until the callback. */
  g_assert_cmpuint (aiot_threaded_iterator_get_length (AIOT_THREADED_ITERATOR (fixture->iterator)), ==, 1);
  test_assert_answer_number (&answer, fixture->iterator, 1);
}

static void
test_ready_cancelled (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer left = { 0 }, behind = { 0 };

  receive_first (fixture);
  aiot_iterator_next_async (fixture->iterator, cancellable, test_answer_cb, &left);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &behind);
  g_cancellable_cancel (cancellable);
  test_assert_answer_number (&behind, fixture->iterator, 1);
  test_assert_answer_fails (&left, fixture->iterator, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_ready_closed (Fixture       *fixture,
                   gconstpointer  data)
{
  TestAnswer answer = { 0 };

  receive_first (fixture);
  aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answer);
  aiot_iterator_close (fixture->iterator);
  test_assert_answer_fails (&answer, fixture->iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

/* --- the result --- */

typedef struct
{
  GWeakRef weak_ref;
  int n_gone;
} Watched;

static void
watched_gone (gpointer  data,
              GObject  *where_it_was)
{
  ((Watched *) data)->n_gone++;
}

static void
watch_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Watched *watched = user_data;

  g_weak_ref_set (&watched->weak_ref, result);
  g_object_weak_ref (G_OBJECT (result), watched_gone, watched);
}

static void
test_result_watched (Fixture       *fixture,
                     gconstpointer  data)
{
  Watched watched = { .n_gone = 0 };

  g_weak_ref_init (&watched.weak_ref, NULL);
  test_gate_open (&fixture->may_start);
  aiot_iterator_next_async (fixture->iterator, NULL, watch_cb, &watched);
  test_iterate_until (fixture->loop.main_context, &watched.n_gone, 1);
  g_assert_null (g_weak_ref_get (&watched.weak_ref));
  g_weak_ref_clear (&watched.weak_ref);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, func) g_test_add (path, Fixture, GINT_TO_POINTER (AIOT_CAPACITY_DEFAULT), setup, func, teardown)
  ADD ("/iterator/next/first-come-first-served", test_order);
  ADD ("/iterator/next/ready/is-told-later", test_ready);
  ADD ("/iterator/next/ready/cancelled-passes-it-on", test_ready_cancelled);
  ADD ("/iterator/next/ready/closed", test_ready_closed);
  ADD ("/iterator/next/result-tells-that-it-goes", test_result_watched);
  ADD ("/iterator/next-many/waits-for-the-least", test_many_min);
  ADD ("/iterator/next-many/never-more-than-the-most", test_many_max);
  ADD ("/iterator/next-many/fewer-at-the-end", test_many_end);
  g_test_add ("/iterator/next-many/least-is-no-more-than-the-capacity", Fixture, GINT_TO_POINTER (2), setup,
              test_many_min_is_clamped, teardown);
  g_test_add_func ("/iterator/next-many/fewer-before-an-error", test_many_error);
  ADD ("/iterator/try-next/never-waits", test_try_next);
  ADD ("/iterator/try-next/takes-nothing-from-those-who-wait", test_try_next_queues_up);
  return g_test_run ();
}
