/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

/* --- a million calls --- */

#define N_IN_FLIGHT 1000

typedef struct
{
  TestLedger data;
  TestLedger results;
  guint n_left;
  int n_called;
  int n_run;
} Million;

static gboolean
make_result (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  Million *million = user_data;

  g_atomic_int_inc (&million->n_run);
  aiot_call_set_result_pointer (call, test_ledger_item (&million->results), test_item_free);
  return TRUE;
}

static void
free_data (gpointer user_data)
{
  test_item_free (&((Million *) user_data)->data);
}

static void million_called_cb (GObject      *source_object,
                               GAsyncResult *result,
                               gpointer      user_data);

static void
million_call (Million *million)
{
  if (million->n_left == 0)
    return;

  million->n_left--;
  test_ledger_item (&million->data);
  aiot_offload_async (NULL, make_result, million, free_data, NULL, million_called_cb, million);
}

static void
million_called_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Million *million = user_data;

  g_assert_true (g_thread_self () == million->data.home);
  g_assert_true (aiot_value_get_pointer (aiot_offload_finish (result, NULL)) == &million->results);
  million->n_called++;
  million_call (million);
}

static void
test_million (void)
{
  const int n = test_scaled (1000000);
  Million million = { .data.home = g_thread_self (), .results.home = g_thread_self (), .n_left = n };
  TestLoop loop;

  test_loop_open (&loop);
  for (int i = 0; i < N_IN_FLIGHT; i++)
    million_call (&million);
  test_iterate_until (loop.main_context, &million.data.n_freed, n);

  g_assert_cmpint (million.n_called, ==, n);
  g_assert_cmpint (million.n_run, ==, n);
  g_assert_cmpint (million.data.n_made, ==, n);
  g_assert_cmpint (million.data.n_freed, ==, n);
  g_assert_cmpint (million.data.n_freed_elsewhere, ==, 0);
  g_assert_cmpint (million.results.n_made, ==, n);
  g_assert_cmpint (million.results.n_freed, ==, n);
  g_assert_cmpint (million.results.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
}

/* --- one object, called from several main contexts at once --- */

typedef struct
{
  AiotThreaded *threaded;
  TestLedger ledger;
  guint n_left;
  int n_called;
  int n_expected;
} Program;

static gboolean
return_argument (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  aiot_call_set_result (call, aiot_call_get_argument (call));
  return TRUE;
}

static void program_called_cb (GObject      *source_object,
                               GAsyncResult *result,
                               gpointer      user_data);

static void
note_finalized (gpointer  ledger,
                GObject  *object)
{
  test_item_free (ledger);
}

static void
program_call (Program *program)
{
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_auto (GValue) argument = G_VALUE_INIT;

  if (program->n_left == 0)
    return;

  program->n_left--;
  g_object_weak_ref (object, note_finalized, test_ledger_item (&program->ledger));
  g_value_init (&argument, G_TYPE_OBJECT);
  g_value_set_object (&argument, object);
  aiot_threaded_call_async (program->threaded, &argument, NULL, program_called_cb, program);
}

static void
program_called_cb (GObject      *source_object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Program *program = user_data;

  g_assert_true (g_thread_self () == program->ledger.home);
  g_assert_true (G_IS_OBJECT (g_value_get_object (aiot_threaded_call_finish (program->threaded, result, NULL))));
  program->n_called++;
  program_call (program);
}

static gpointer
program_run (gpointer data)
{
  Program *program = data;
  TestLoop loop;

  test_loop_open (&loop);
  program->ledger.home = g_thread_self ();
  for (int i = 0; i < 100; i++)
    program_call (program);
  test_iterate_until (loop.main_context, &program->ledger.n_freed, program->n_expected);
  test_loop_close (&loop);
  return NULL;
}

static void
test_several_homes (void)
{
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (return_argument, NULL, NULL);
  const int n = test_scaled (50000);
  Program programs[4] = { 0 };
  GThread *threads[G_N_ELEMENTS (programs)];

  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      programs[i] = (Program) { .threaded = threaded, .n_left = n, .n_expected = n };
      threads[i] = g_thread_new ("program", program_run, &programs[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpint (programs[i].n_called, ==, n);
      g_assert_cmpint (programs[i].ledger.n_freed, ==, n);
      g_assert_cmpint (programs[i].ledger.n_freed_elsewhere, ==, 0);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/stress/calls/a-million", test_million);
  g_test_add_func ("/stress/calls/several-homes", test_several_homes);
  return g_test_run ();
}
