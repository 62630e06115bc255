/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/* What generators give, how they end, and what becomes of what they were given. */

typedef struct
{
  TestLoop loop;
  TestBody body;
  AiotIterator *iterator;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  test_body_init (&fixture->body, 3);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->iterator != NULL)
    test_drop (&fixture->iterator);
  test_body_clear (&fixture->body);
  test_loop_close (&fixture->loop);
}

/* --- items --- */

static void
test_in_order (Fixture       *fixture,
               gconstpointer  capacity)
{
  fixture->body.n_items = 1000;
  fixture->iterator = test_body_iterate (&fixture->body, NULL, GPOINTER_TO_INT (capacity), NULL);
  for (int i = 0; i < 1000; i++)
    test_assert_next (fixture->iterator, i);
  g_assert_false (aiot_iterator_is_closed (fixture->iterator));
  test_assert_end (fixture->iterator);
  g_assert_true (fixture->body.worker != g_thread_self ());
  g_assert_cmpint (fixture->body.n_run, ==, 1);
}

/* Every type that has a form of its own, in this order, and a value of any type. */
static gboolean
emit_every_type (AiotGenerator  *generator,
                 gpointer        user_data,
                 GError        **error)
{
  TestLedger *ledger = user_data;
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autofree char *string = g_strdup ("copied");
  const char *const strv[] = { "a", "b", NULL };
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_GTYPE);
  g_value_set_gtype (&value, G_TYPE_OBJECT);
  return aiot_generator_emit_boolean (generator, TRUE, error) &&
         aiot_generator_emit_int64 (generator, G_MININT64, error) &&
         aiot_generator_emit_double (generator, 0.5, error) &&
         aiot_generator_emit_string (generator, string, error) &&
         aiot_generator_emit_take_string (generator, g_strdup ("taken"), error) &&
         aiot_generator_emit_object (generator, object, error) &&
         aiot_generator_emit_take_object (generator, g_object_ref (object), error) &&
         aiot_generator_emit_boxed (generator, G_TYPE_STRV, strv, error) &&
         aiot_generator_emit_take_boxed (generator, G_TYPE_STRV, g_strdupv ((char **) strv), error) &&
         aiot_generator_emit_variant (generator, g_variant_new_int32 (7), error) &&
         aiot_generator_emit_pointer (generator, test_ledger_item (ledger), test_item_free, error) &&
         aiot_generator_emit (generator, &value, error);
}

static void
test_every_type (void)
{
  TestLoop loop;
  TestLedger ledger = { .home = g_thread_self () };
  TestAnswer answers[12];
  const GValue *values[12];
  AiotIterator *iterator;

  test_loop_open (&loop);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_every_type, &ledger, NULL, NULL, 2, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      values[i] = test_next (iterator, &answers[i], NULL);
      g_assert_nonnull (values[i]);
    }
  test_assert_end (iterator);

  g_assert_true (g_value_get_boolean (values[0]));
  g_assert_cmpint (g_value_get_int64 (values[1]), ==, G_MININT64);
  g_assert_cmpfloat (g_value_get_double (values[2]), ==, 0.5);
  g_assert_cmpstr (g_value_get_string (values[3]), ==, "copied");
  g_assert_cmpstr (g_value_get_string (values[4]), ==, "taken");
  g_assert_true (G_IS_OBJECT (g_value_get_object (values[5])));
  g_assert_true (g_value_get_object (values[5]) == g_value_get_object (values[6]));
  g_assert_cmpstr (((char **) g_value_get_boxed (values[7]))[1], ==, "b");
  g_assert_cmpstr (((char **) g_value_get_boxed (values[8]))[1], ==, "b");
  g_assert_cmpint (g_variant_get_int32 (g_value_get_variant (values[9])), ==, 7);
  g_assert_true (aiot_value_get_pointer (values[10]) == &ledger);
  g_assert_cmpint (ledger.n_freed, ==, 0);
  g_assert_true (g_value_get_gtype (values[11]) == G_TYPE_OBJECT);

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    test_answer_clear (&answers[i]);
  g_assert_cmpint (ledger.n_freed, ==, 1);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  test_drop (&iterator);
  test_loop_close (&loop);
}

static gboolean
emit_nothings (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  return aiot_generator_emit_string (generator, NULL, error) &&
         aiot_generator_emit_object (generator, NULL, error) &&
         aiot_generator_emit_take_boxed (generator, G_TYPE_STRV, NULL, error) &&
         aiot_generator_emit_pointer (generator, NULL, NULL, error) &&
         aiot_generator_emit_boolean (generator, FALSE, error) &&
         aiot_generator_emit_int64 (generator, 0, error) &&
         aiot_generator_emit_double (generator, 0, error) &&
         aiot_generator_emit_string (generator, "", error);
}

/* None of these is the end: that is told by no value at all. */
static void
test_nothings_are_items (void)
{
  TestLoop loop;
  AiotIterator *iterator;
  TestAnswer answer;
  const GValue *value;

  test_loop_open (&loop);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_nothings, NULL, NULL, NULL, 1, NULL));
  for (int i = 0; i < 8; i++)
    {
      g_autoptr (GError) error = NULL;

      value = test_next (iterator, &answer, &error);
      g_assert_no_error (error);
      g_assert_true (G_IS_VALUE (value));
      g_assert_false (aiot_value_is_no_value (value));
      if (i == 0)
        g_assert_null (g_value_get_string (value));
      if (i == 1)
        g_assert_null (g_value_get_object (value));
      if (i == 2)
        g_assert_null (g_value_get_boxed (value));
      if (i == 3)
        g_assert_null (aiot_value_get_pointer (value));
      if (i == 4)
        g_assert_false (g_value_get_boolean (value));
      if (i == 5)
        g_assert_cmpint (g_value_get_int64 (value), ==, 0);
      if (i == 6)
        g_assert_cmpfloat (g_value_get_double (value), ==, 0);
      if (i == 7)
        g_assert_cmpstr (g_value_get_string (value), ==, "");
      test_answer_clear (&answer);
    }
  test_assert_end (iterator);
  test_drop (&iterator);
  test_loop_close (&loop);
}

/* --- ends --- */

static void
test_end_once (Fixture       *fixture,
               gconstpointer  data)
{
  fixture->body.n_items = 0;
  fixture->iterator = test_body_iterate (&fixture->body, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  test_assert_end (fixture->iterator);
  test_assert_closed (fixture->iterator);
  test_assert_closed (fixture->iterator);
}

static void
test_error_after_items (Fixture       *fixture,
                        gconstpointer  data)
{
  TestAnswer answer;
  g_autoptr (GError) error = NULL;

  fixture->body.failure = "broken";
  fixture->iterator = test_body_iterate (&fixture->body, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  test_assert_next (fixture->iterator, 0);
  test_gate_wait (&fixture->body.ended);
  test_assert_next (fixture->iterator, 1);
  test_assert_next (fixture->iterator, 2);

  g_assert_null (test_next (fixture->iterator, &answer, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
  g_assert_cmpstr (error->message, ==, "broken");
  test_answer_clear (&answer);
  test_assert_closed (fixture->iterator);
}

/* Of several that wait, one is told what went wrong, and those behind it only that there is nothing more. */
static void
test_error_once (Fixture       *fixture,
                 gconstpointer  data)
{
  TestAnswer answers[6] = { { 0 } };

  fixture->body.failure = "broken";
  fixture->iterator = test_body_iterate (&fixture->body, NULL, AIOT_CAPACITY_DEFAULT, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    aiot_iterator_next_async (fixture->iterator, NULL, test_answer_cb, &answers[i]);
  for (guint i = 0; i < 3; i++)
    test_assert_answer_number (&answers[i], fixture->iterator, i);
  test_assert_answer_fails (&answers[3], fixture->iterator, G_FILE_ERROR, G_FILE_ERROR_IO);
  test_assert_answer_end (&answers[4], fixture->iterator);
  test_assert_answer_end (&answers[5], fixture->iterator);
  test_assert_closed (fixture->iterator);
}

static gboolean
fail_silently (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  return !aiot_generator_emit_int64 (generator, 1, error);
}

static void
test_silent_failure (void)
{
  TestLoop loop;
  AiotIterator *iterator;
  TestAnswer answer;

  test_loop_open (&loop);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (fail_silently, NULL, NULL, NULL, 1, NULL));
  g_assert_nonnull (test_next (iterator, &answer, NULL));
  test_answer_clear (&answer);
  test_assert_next_fails (iterator, AIOT_ERROR, AIOT_ERROR_FAILED);
  test_assert_closed (iterator);
  test_drop (&iterator);
  test_loop_close (&loop);
}

static gboolean
succeed_with_error (AiotGenerator  *generator,
                    gpointer        user_data,
                    GError        **error)
{
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_IO, "not that bad");
  return TRUE;
}

static void
test_success_with_error (void)
{
  TestLoop loop;
  AiotIterator *iterator;

  test_loop_open (&loop);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (succeed_with_error, NULL, NULL, NULL, 1, NULL));
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "*returned TRUE and set an error*not that bad*");
  test_assert_end (iterator);
  g_test_assert_expected_messages ();
  test_drop (&iterator);
  test_loop_close (&loop);
}

/* --- arguments and data --- */

static void
note_finalized (gpointer  user_data,
                GObject  *object)
{
  TestBody *body = user_data;

  g_assert_true (g_thread_self () == body->home);
  g_assert_true (test_gate_is_open (&body->ended));
  g_atomic_int_inc (&body->items.n_freed);
}

static gboolean
take_argument (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  const GValue *argument = aiot_generator_get_argument (generator);
  GObject *object = g_value_get_object (argument);

  g_assert_true (G_IS_CANCELLABLE (object));
  return test_body_func (generator, user_data, error) && aiot_generator_emit_object (generator, object, error);
}

/* The last reference to the argument is dropped at home, and not before the body has ended. */
static void
test_argument (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (take_argument, &fixture->body, test_body_free);
  GObject *object = g_object_new (G_TYPE_CANCELLABLE, NULL);
  g_auto (GValue) argument = G_VALUE_INIT;

  fixture->body.n_items = TEST_FOR_EVER;
  fixture->body.cleans_up_slowly = TRUE;
  g_atomic_int_inc (&fixture->body.items.n_made);
  g_object_weak_ref (object, note_finalized, &fixture->body);
  g_value_init (&argument, G_TYPE_OBJECT);
  g_value_take_object (&argument, object);
  aiot_threaded_iterable_set_capacity (iterable, 1);
  fixture->iterator = AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, &argument, NULL));
  g_value_unset (&argument);
  g_clear_object (&iterable);

  test_assert_next (fixture->iterator, 0);
  test_drop (&fixture->iterator);
  test_gate_wait (&fixture->body.cleaning_up);
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    continue;
  g_assert_cmpint (fixture->body.n_freed, ==, 0);
  g_assert_true (G_IS_OBJECT (object));
  test_gate_open (&fixture->body.may_clean_up);
}

static gboolean
look_for_argument (AiotGenerator  *generator,
                   gpointer        user_data,
                   GError        **error)
{
  g_autoptr (AiotGenerator) generator_ref = aiot_generator_ref (generator);

  g_assert_null (aiot_generator_get_argument (generator_ref));
  g_assert_false (g_cancellable_is_cancelled (aiot_generator_get_cancellable (generator_ref)));
  g_assert_false (aiot_generator_is_closed (generator_ref));
  return TRUE;
}

static void
test_no_argument (void)
{
  TestLoop loop;
  AiotIterator *iterator;

  test_loop_open (&loop);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (look_for_argument, NULL, NULL, NULL, 1, NULL));
  test_assert_end (iterator);
  test_drop (&iterator);
  test_loop_close (&loop);
}

/* What the body leaves behind, when it is dropped while it still holds a reference to its generator. */
static gboolean
keep_generator (AiotGenerator  *generator,
                gpointer        user_data,
                GError        **error)
{
  *(AiotGenerator **) user_data = aiot_generator_ref (generator);
  return aiot_generator_emit_int64 (generator, 1, error);
}

/* Nothing comes out of a body that has returned, and nothing that it kept can hurt. */
static void
test_kept_generator (void)
{
  TestLoop loop;
  AiotIterator *iterator;
  AiotGenerator *kept = NULL;
  TestAnswer answer;

  test_loop_open (&loop);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (keep_generator, &kept, NULL, NULL, 1, NULL));
  g_assert_nonnull (test_next (iterator, &answer, NULL));
  test_answer_clear (&answer);
  test_assert_end (iterator);
  test_drop (&iterator);
  aiot_generator_unref (kept);
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/generator/items/in-order/capacity-1", GINT_TO_POINTER (1), test_in_order);
  ADD ("/generator/items/in-order/capacity-10", GINT_TO_POINTER (10), test_in_order);
  ADD ("/generator/items/in-order/unbounded", GINT_TO_POINTER (AIOT_CAPACITY_UNBOUNDED), test_in_order);
  g_test_add_func ("/generator/items/of-every-type", test_every_type);
  g_test_add_func ("/generator/items/null-and-empty-are-not-the-end", test_nothings_are_items);
  ADD ("/generator/end/told-once-then-closed", NULL, test_end_once);
  ADD ("/generator/error/after-the-items-before-it", NULL, test_error_after_items);
  ADD ("/generator/error/told-to-one-of-many", NULL, test_error_once);
  g_test_add_func ("/generator/error/false-without-an-error", test_silent_failure);
  g_test_add_func ("/generator/error/true-with-an-error-warns", test_success_with_error);
  ADD ("/generator/argument/freed-at-home-after-the-body", NULL, test_argument);
  g_test_add_func ("/generator/argument/may-be-left-out", test_no_argument);
  g_test_add_func ("/generator/kept-after-its-body", test_kept_generator);
  return g_test_run ();
}
