/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-body.h"

void
test_body_init (TestBody *body,
                gint64    n_items)
{
  *body = (TestBody) { .n_items = n_items, .home = g_thread_self (), .items.home = g_thread_self () };
}

static void
number_free (gpointer data)
{
  TestNumber *item = data;

  test_item_free (item->ledger);
  g_free (item);
}

gboolean
test_emit_number (AiotGenerator  *generator,
                  TestLedger     *ledger,
                  gint64          number,
                  GError        **error)
{
  TestNumber *item = g_new (TestNumber, 1);

  *item = (TestNumber) { test_ledger_item (ledger), number };
  return aiot_generator_emit_pointer (generator, item, number_free, error);
}

gint64
test_number (const GValue *value)
{
  return ((TestNumber *) aiot_value_get_pointer (value))->number;
}

static gboolean
clean_up (TestBody  *body,
          GError   **error)
{
  test_gate_open (&body->cleaning_up);
  if (body->cleans_up_slowly)
    test_gate_wait (&body->may_clean_up);

  if (body->stopped_by == NULL && body->failure != NULL)
    g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_IO, body->failure);
  else if (body->stopped_by != NULL && body->clean_up_domain != 0)
    g_set_error_literal (error, body->clean_up_domain, 0, "the clean-up failed");
  else if (body->stopped_by != NULL)
    g_propagate_error (error, g_error_copy (body->stopped_by));
  return body->stopped_by == NULL && body->failure == NULL;
}

gboolean
test_body_func (AiotGenerator  *generator,
                gpointer        user_data,
                GError        **error)
{
  TestBody *body = user_data;
  gboolean succeeded;

  body->worker = g_thread_self ();
  g_atomic_int_inc (&body->n_run);
  test_gate_open (&body->running);
  for (gint64 i = 0; i < body->n_items && test_emit_number (generator, &body->items, i, &body->stopped_by); i++)
    g_atomic_int_inc (&body->n_emitted);

  succeeded = clean_up (body, error);
  test_gate_open (&body->ended);
  return succeeded;
}

void
test_body_free (gpointer user_data)
{
  TestBody *body = user_data;

  g_assert_true (g_thread_self () == body->home);
  g_assert_true (g_atomic_int_get (&body->n_run) == 0 || test_gate_is_open (&body->ended));
  g_atomic_int_inc (&body->n_freed);
}

void
test_body_clear (TestBody *body)
{
  GMainContext *main_context = g_main_context_get_thread_default ();

  test_iterate_until (main_context, &body->n_freed, 1);
  test_iterate_until (main_context, &body->items.n_freed, body->items.n_made);
  g_assert_cmpint (body->n_run, <=, 1);
  g_assert_cmpint (body->n_freed, ==, 1);
  g_assert_cmpint (body->items.n_freed, ==, body->items.n_made);
  g_assert_cmpint (body->items.n_freed_elsewhere, ==, 0);
  g_clear_error (&body->stopped_by);
  test_gate_clear (&body->running);
  test_gate_clear (&body->cleaning_up);
  test_gate_clear (&body->may_clean_up);
  test_gate_clear (&body->ended);
}

AiotIterator *
test_body_iterate (TestBody     *body,
                   AiotExecutor *executor,
                   int           capacity,
                   GCancellable *cancellable)
{
  return AIOT_ITERATOR (aiot_threaded_iterator_new (test_body_func, body, test_body_free, executor, capacity, cancellable));
}

void
test_held_start (TestHeld     *held,
                 AiotExecutor *executor)
{
  *held = (TestHeld) { 0 };
  aiot_offload_async (executor, test_hold_func, &held->hold, NULL, NULL, test_answer_cb, &held->answer);
  test_gate_wait (&held->hold.running);
}

void
test_held_let_go (TestHeld *held)
{
  test_gate_open (&held->hold.leave);
}

void
test_held_end (TestHeld *held)
{
  test_held_let_go (held);
  test_answer_wait (&held->answer, g_main_context_get_thread_default ());
  test_answer_clear (&held->answer);
  test_hold_clear (&held->hold);
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

void
test_wait_until_blocked (AiotExecutor *pool_of_one)
{
  g_autoptr (AiotCall) call = aiot_offload_sync (pool_of_one, succeed, NULL, NULL, NULL);

  g_assert_nonnull (call);
}

const GValue *
test_next (AiotIterator  *iterator,
           TestAnswer    *answer,
           GError       **error)
{
  GMainContext *main_context = g_main_context_get_thread_default ();

  *answer = (TestAnswer) { 0 };
  aiot_iterator_next_async (iterator, NULL, test_answer_cb, answer);
  g_assert_cmpint (answer->n_called, ==, 0);
  test_answer_wait (answer, main_context);
  g_assert_true (answer->thread == g_thread_self ());
  g_assert_true (answer->main_context == main_context);
  return aiot_iterator_next_finish (iterator, answer->result, error);
}

void
test_assert_next (AiotIterator *iterator,
                  gint64        number)
{
  TestAnswer answer;
  g_autoptr (GError) error = NULL;
  const GValue *value = test_next (iterator, &answer, &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
  g_assert_cmpint (test_number (value), ==, number);
  test_answer_clear (&answer);
}

void
test_assert_end (AiotIterator *iterator)
{
  TestAnswer answer;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_next (iterator, &answer, &error));
  g_assert_no_error (error);
  test_answer_clear (&answer);
}

void
test_assert_next_fails (AiotIterator *iterator,
                        GQuark        domain,
                        int           code)
{
  TestAnswer answer;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_next (iterator, &answer, &error));
  g_assert_error (error, domain, code);
  test_answer_clear (&answer);
}

void
test_assert_closed (AiotIterator *iterator)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (aiot_iterator_is_closed (iterator));
  g_assert_false (aiot_iterator_try_next (iterator, &value, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CLOSED);
  test_assert_next_fails (iterator, AIOT_ERROR, AIOT_ERROR_CLOSED);
}

void
test_assert_answer_number (TestAnswer   *answer,
                           AiotIterator *iterator,
                           gint64        number)
{
  g_autoptr (GError) error = NULL;
  const GValue *value;

  test_answer_wait (answer, g_main_context_get_thread_default ());
  g_assert_cmpint (answer->n_called, ==, 1);
  value = aiot_iterator_next_finish (iterator, answer->result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (value);
  g_assert_cmpint (test_number (value), ==, number);
  test_answer_clear (answer);
}

void
test_assert_answer_end (TestAnswer   *answer,
                        AiotIterator *iterator)
{
  g_autoptr (GError) error = NULL;

  test_answer_wait (answer, g_main_context_get_thread_default ());
  g_assert_cmpint (answer->n_called, ==, 1);
  g_assert_null (aiot_iterator_next_finish (iterator, answer->result, &error));
  g_assert_no_error (error);
  test_answer_clear (answer);
}

void
test_assert_answer_fails (TestAnswer   *answer,
                          AiotIterator *iterator,
                          GQuark        domain,
                          int           code)
{
  g_autoptr (GError) error = NULL;

  test_answer_wait (answer, g_main_context_get_thread_default ());
  g_assert_cmpint (answer->n_called, ==, 1);
  g_assert_null (aiot_iterator_next_finish (iterator, answer->result, &error));
  g_assert_error (error, domain, code);
  test_answer_clear (answer);
}

void
test_drop (AiotIterator **iterator)
{
  g_assert_finalize_object (g_steal_pointer (iterator));
}
