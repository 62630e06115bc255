/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

/* Bodies that have something else to do than to wait for room. */

#define CAPACITY 4

/* It goes on from each gate to the next. */
typedef struct
{
  TestLoop loop;
  TestGate may_start;
  TestGate is_full;
  TestGate may_go_on;
  TestGate ended;
  int n_emitted;
  GError *full_error;
  GError *last_error;
  AiotIterator *iterator;
} Fixture;

static gboolean
try_number (Fixture        *self,
            AiotGenerator  *generator,
            GError        **error)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT64);
  g_value_set_int64 (&value, self->n_emitted);
  if (!aiot_generator_try_emit (generator, &value, error))
    return FALSE;

  self->n_emitted++;
  return TRUE;
}

static gboolean
body (AiotGenerator  *generator,
      gpointer        user_data,
      GError        **error)
{
  Fixture *self = user_data;

  test_gate_wait (&self->may_start);
  while (try_number (self, generator, &self->full_error))
    continue;
  test_gate_open (&self->is_full);
  test_gate_wait (&self->may_go_on);
  while (try_number (self, generator, &self->last_error))
    continue;
  test_gate_open (&self->ended);
  return TRUE;
}

static void
setup (Fixture       *self,
       gconstpointer  data)
{
  test_loop_open (&self->loop);
  self->iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (body, self, NULL, NULL, CAPACITY, NULL));
}

static void
teardown (Fixture       *self,
          gconstpointer  data)
{
  TestAnswer closed = { 0 };

  aiot_iterator_close_async (self->iterator, NULL, test_answer_cb, &closed);
  test_answer_wait (&closed, self->loop.main_context);
  test_answer_clear (&closed);
  test_drop (&self->iterator);
  g_clear_error (&self->full_error);
  g_clear_error (&self->last_error);
  test_gate_clear (&self->may_start);
  test_gate_clear (&self->is_full);
  test_gate_clear (&self->may_go_on);
  test_gate_clear (&self->ended);
  test_loop_close (&self->loop);
}

static void
start (Fixture *self)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_iterator_try_next (self->iterator, &value, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_gate_open (&self->may_start);
  test_gate_wait (&self->is_full);
}

static void
assert_next (Fixture *self,
             int      number)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;
  const GValue *value = test_next (self->iterator, &answer, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int64 (value), ==, number);
  test_answer_clear (&answer);
}

/* As many as there is room for, and no wait for more. What found no room is not among the items. */
static void
test_full (Fixture       *self,
           gconstpointer  data)
{
  int i;

  start (self);
  g_assert_error (self->full_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpint (self->n_emitted, ==, CAPACITY);

  for (i = 0; i < CAPACITY; i++)
    assert_next (self, i);
  test_gate_open (&self->may_go_on);
  test_gate_wait (&self->ended);
  g_assert_error (self->last_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpint (self->n_emitted, ==, 2 * CAPACITY);
  for (i = CAPACITY; i < 2 * CAPACITY; i++)
    assert_next (self, i);
  test_assert_end (self->iterator);
}

/* It hears that nobody wants more, full or not. */
static void
test_closed (Fixture       *self,
             gconstpointer  data)
{
  start (self);
  aiot_iterator_close (self->iterator);
  test_gate_open (&self->may_go_on);
  test_gate_wait (&self->ended);
  g_assert_error (self->last_error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  g_assert_cmpint (self->n_emitted, ==, CAPACITY);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add ("/generator/try-emit/full", Fixture, NULL, setup, test_full, teardown);
  g_test_add ("/generator/try-emit/closed", Fixture, NULL, setup, test_closed, teardown);
  return g_test_run ();
}
