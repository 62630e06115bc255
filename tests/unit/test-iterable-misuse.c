/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/* What programs do wrong: it is told, and nothing breaks. */

static gboolean
succeed (AiotGenerator  *generator,
         gpointer        user_data,
         GError        **error)
{
  return TRUE;
}

static gboolean
never_called (const GValue *item,
              gpointer      user_data)
{
  g_assert_not_reached ();
}

/* g_object_new () alone gives it none. */
static void
misuse_made_without_function (void)
{
  g_autoptr (AiotThreadedIterable) iterable = g_object_new (AIOT_TYPE_THREADED_ITERABLE, NULL);

  aiot_threaded_iterable_iterate (iterable, NULL, NULL);
}

static void
misuse_made_without_function_sync (void)
{
  g_autoptr (AiotThreadedIterable) iterable = g_object_new (AIOT_TYPE_THREADED_ITERABLE, NULL);

  aiot_threaded_iterable_iterate_sync (iterable, NULL, never_called, NULL, NULL, NULL);
}

static void
misuse_capacity (void)
{
  g_autoptr (AiotThreadedIterable) iterable = aiot_threaded_iterable_new (succeed, NULL, NULL);

  aiot_threaded_iterable_set_capacity (iterable, -2);
}

static void
misuse_new_capacity (void)
{
  aiot_threaded_iterator_new (succeed, NULL, NULL, NULL, -2, NULL);
}

static void
misuse_no_function (void)
{
  aiot_threaded_iterator_new (NULL, NULL, NULL, NULL, AIOT_CAPACITY_DEFAULT, NULL);
}

static void
misuse_foreign_result (void)
{
  g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterator_new (succeed, NULL, NULL, NULL, 1, NULL);
  g_autoptr (AiotThreadedIterator) other = aiot_threaded_iterator_new (succeed, NULL, NULL, NULL, 1, NULL);
  TestAnswer answer;

  test_next (AIOT_ITERATOR (iterator), &answer, NULL);
  aiot_iterator_next_finish (AIOT_ITERATOR (other), answer.result, NULL);
}

static void
misuse_other_finish (void)
{
  g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterator_new (succeed, NULL, NULL, NULL, 1, NULL);
  TestAnswer answer;

  test_next (AIOT_ITERATOR (iterator), &answer, NULL);
  aiot_iterator_next_many_finish (AIOT_ITERATOR (iterator), answer.result, NULL);
}

static void
misuse_min_zero (void)
{
  g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterator_new (succeed, NULL, NULL, NULL, 1, NULL);

  aiot_iterator_next_many_async (AIOT_ITERATOR (iterator), 0, 1, NULL, NULL, NULL);
}

static void
misuse_max_below_min (void)
{
  g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterator_new (succeed, NULL, NULL, NULL, 1, NULL);

  aiot_iterator_next_many_async (AIOT_ITERATOR (iterator), 2, 1, NULL, NULL, NULL);
}

static gboolean
emit_no_value (AiotGenerator  *generator,
               gpointer        user_data,
               GError        **error)
{
  GValue value = G_VALUE_INIT;

  return aiot_generator_emit (generator, &value, error);
}

static void
misuse_emit_no_value (void)
{
  g_autoptr (AiotThreadedIterator) iterator = aiot_threaded_iterator_new (emit_no_value, NULL, NULL, NULL, 1, NULL);
  TestAnswer answer;

  test_next (AIOT_ITERATOR (iterator), &answer, NULL);
}

typedef struct
{
  const char *path;
  void (*misuse) (void);
} Misuse;

static const Misuse misuses[] = {
  { "/iterable/misuse/made-without-a-function", misuse_made_without_function },
  { "/iterable/misuse/made-without-a-function-here", misuse_made_without_function_sync },
  { "/iterable/misuse/capacity", misuse_capacity },
  { "/iterable/misuse/capacity-of-an-iterator", misuse_new_capacity },
  { "/iterable/misuse/no-function", misuse_no_function },
  { "/iterable/misuse/result-of-another-iterator", misuse_foreign_result },
  { "/iterable/misuse/result-of-another-function", misuse_other_finish },
  { "/iterable/misuse/least-of-none", misuse_min_zero },
  { "/iterable/misuse/most-below-the-least", misuse_max_below_min },
  { "/iterable/misuse/emit-without-a-value", misuse_emit_no_value },
};

static void
test_misuse (gconstpointer data)
{
  const Misuse *misuse = data;

  if (g_test_subprocess ())
    {
      misuse->misuse ();
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (misuses); i++)
    g_test_add_data_func (misuses[i].path, &misuses[i], test_misuse);
  return g_test_run ();
}
