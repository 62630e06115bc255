/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-stage.h"

void
test_stage_init (TestStage *stage)
{
  *stage = (TestStage) {
    .home = g_thread_self (),
    .main_context = g_main_context_get_thread_default (),
    .results.home = g_thread_self (),
  };
}

static int
get_number (AiotCall *call)
{
  const GValue *item = aiot_call_get_argument (call);

  return G_VALUE_HOLDS_INT (item) ? g_value_get_int (item) : test_number (item);
}

static void
number_free (gpointer data)
{
  TestNumber *number = data;

  test_item_free (number->ledger);
  g_free (number);
}

static void
set_number (TestStage *stage,
            AiotCall  *call,
            int        number)
{
  TestNumber *result = g_new (TestNumber, 1);

  *result = (TestNumber) { test_ledger_item (&stage->results), number };
  aiot_call_set_result_pointer (call, result, number_free);
}

static void
note_peak (int *peak,
           int  n)
{
  int known = g_atomic_int_get (peak);

  while (n > known && !g_atomic_int_compare_and_exchange (peak, known, n))
    known = g_atomic_int_get (peak);
}

typedef struct
{
  TestStage *stage;
  int number;
} Held;

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  Held *held = user_data;

  test_gate_open (&held->stage->told[held->number]);
  if (!held->stage->is_stubborn)
    test_gate_open (&held->stage->may_end[held->number]);
}

static void
be_held (TestStage *stage,
         AiotCall  *call,
         int        number)
{
  GCancellable *cancellable = aiot_call_get_cancellable (call);
  Held held = { stage, number };
  gulong id = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), &held, NULL);

  g_atomic_int_inc (&stage->n_were_held);
  g_main_context_wakeup (stage->main_context);
  test_gate_open (&stage->running[number]);
  test_gate_wait (&stage->may_end[number]);
  g_cancellable_disconnect (cancellable, id);
}

static gboolean
stage_run (TestStage  *stage,
           AiotCall   *call,
           int         number,
           GError    **error)
{
  if (number < stage->n_held)
    be_held (stage, call, number);
  if (aiot_call_set_error_if_cancelled (call, error))
    {
      g_atomic_int_inc (&stage->n_cancelled);
      return FALSE;
    }
  if (number < 32 && (stage->failing & 1u << number) != 0)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_IO, "%d is broken", number);
      return FALSE;
    }

  if (stage->keeps_even)
    aiot_call_set_result_boolean (call, number % 2 == 0);
  else
    set_number (stage, call, number);
  return TRUE;
}

gboolean
test_stage_func (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  TestStage *stage = user_data;
  gboolean succeeded;

  g_atomic_int_inc (&stage->n_started);
  note_peak (&stage->peak_running, g_atomic_int_add (&stage->n_running, 1) + 1);
  succeeded = stage_run (stage, call, get_number (call), error);
  g_atomic_int_add (&stage->n_running, -1);
  return succeeded;
}

void
test_stage_free (gpointer user_data)
{
  TestStage *stage = user_data;

  g_assert_true (g_thread_self () == stage->home);
  g_assert_cmpint (g_atomic_int_get (&stage->n_running), ==, 0);
  g_atomic_int_inc (&stage->n_freed);
}

void
test_stage_clear (TestStage *stage)
{
  GMainContext *main_context = g_main_context_get_thread_default ();

  test_iterate_until (main_context, &stage->n_freed, 1);
  test_iterate_until (main_context, &stage->results.n_freed, stage->results.n_made);
  g_assert_cmpint (stage->n_freed, ==, 1);
  g_assert_cmpint (stage->results.n_freed, ==, stage->results.n_made);
  g_assert_cmpint (stage->results.n_freed_elsewhere, ==, 0);
  for (guint i = 0; i < TEST_N_HELD; i++)
    {
      test_gate_clear (&stage->running[i]);
      test_gate_clear (&stage->may_end[i]);
      test_gate_clear (&stage->told[i]);
    }
}

void
test_stage_let_go (TestStage *stage,
                   int        number)
{
  test_gate_open (&stage->may_end[number]);
}

void
test_stage_wait_held (TestStage *stage)
{
  test_iterate_until (stage->main_context, &stage->n_were_held, stage->n_held);
  /* The main context may go when nobody wakes it any more. */
  for (int i = 0; i < stage->n_held; i++)
    test_gate_wait (&stage->running[i]);
}

void
test_end_and_drop (AiotIterator **iterator)
{
  TestAnswer closed = { 0 };

  aiot_iterator_close_async (*iterator, NULL, test_answer_cb, &closed);
  test_answer_wait (&closed, g_main_context_get_thread_default ());
  g_assert_true (aiot_iterator_close_finish (*iterator, closed.result, NULL));
  test_answer_clear (&closed);
  test_drop (iterator);
}

AiotIterator *
test_stage_map (TestStage    *stage,
                AiotIterator *source,
                AiotExecutor *executor,
                guint         n_parallel,
                AiotOrder     order)
{
  return aiot_iterator_map (source, executor, n_parallel, order, test_stage_func, stage, test_stage_free);
}

AiotIterator *
test_stage_filter (TestStage    *stage,
                   AiotIterator *source,
                   AiotExecutor *executor,
                   guint         n_parallel,
                   AiotOrder     order)
{
  stage->keeps_even = TRUE;
  return aiot_iterator_filter (source, executor, n_parallel, order, test_stage_func, stage, test_stage_free);
}
