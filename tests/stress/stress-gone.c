/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <stdlib.h>
#include <string.h>

/*
 * Main contexts that go away in any way and at any moment, with calls in flight: their thread ends, they are abandoned from
 * home or from another thread, or simply dropped. Nobody is called back twice, all data is freed once, and all main
 * contexts are finalized.
 */

#define N_AT_ONCE 4
#define N_CALLS   12

typedef enum
{
  END_THREAD,
  ABANDON_AT_HOME,
  ABANDON_ELSEWHERE,
  END_ALL_IS_DONE,
  N_ENDS
} End;

typedef struct
{
  GRand *random;
  TestLoop loop;
  pthread_mutex_t freed_mutex;
  pthread_cond_t freed_cond;
  int n_made;
  int n_freed;
  int n_answered;
  End end;
} Program;

static int n_warnings;

static gboolean
quick (AiotCall  *call,
       gpointer   user_data,
       GError   **error)
{
  aiot_call_set_result_string (call, "quick");
  return TRUE;
}

static gboolean
until_cancelled (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  GCancellable *cancellable = aiot_call_get_cancellable (call);
  GPollFD fd;

  g_assert_true (g_cancellable_make_pollfd (cancellable, &fd));
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (cancellable);
  return !aiot_call_set_error_if_cancelled (call, error);
}

static void
free_data (gpointer user_data)
{
  Program *program = user_data;

  pthread_mutex_lock (&program->freed_mutex);
  program->n_freed++;
  pthread_cond_broadcast (&program->freed_cond);
  pthread_mutex_unlock (&program->freed_mutex);
}

static void
answered_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  aiot_offload_finish (result, NULL);
  g_atomic_int_inc ((int *) user_data);
}

static gpointer
abandon (gpointer main_context)
{
  aiot_main_context_abandon (main_context);
  g_main_context_unref (main_context);
  return NULL;
}

static void
start_calls (Program      *program,
             GCancellable *cancellable)
{
  for (int i = 0; i < N_CALLS; i++)
    {
      gboolean waits = program->end != END_ALL_IS_DONE && g_rand_boolean (program->random);

      g_atomic_int_inc (&program->n_made);
      aiot_offload_async (NULL, waits ? until_cancelled : quick, program, free_data,
                          g_rand_boolean (program->random) ? cancellable : NULL,
                          answered_cb, &program->n_answered);
    }
}

static gpointer
run_program (gpointer data)
{
  Program *program = data;
  GMainContext *main_context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GThread) abandoner = NULL;

  test_loop_watch (&program->loop, main_context);
  g_main_context_push_thread_default (main_context);
  start_calls (program, cancellable);

  if (program->end == END_ALL_IS_DONE)
    test_iterate_until (main_context, &program->n_answered, N_CALLS);
  if (program->end == ABANDON_ELSEWHERE)
    abandoner = g_thread_new ("abandoner", abandon, g_main_context_ref (main_context));
  for (int i = g_rand_int_range (program->random, 0, 20); i > 0; i--)
    g_main_context_iteration (main_context, FALSE);
  if (program->end == ABANDON_AT_HOME)
    aiot_main_context_abandon (main_context);

  g_main_context_pop_thread_default (main_context);
  g_main_context_unref (main_context);
  if (abandoner != NULL)
    g_thread_join (g_steal_pointer (&abandoner));
  return NULL;
}

static void
finish_program (Program *program)
{
  pthread_mutex_lock (&program->freed_mutex);
  while (program->n_freed < N_CALLS)
    pthread_cond_wait (&program->freed_cond, &program->freed_mutex);
  pthread_mutex_unlock (&program->freed_mutex);

  g_assert_cmpint (program->n_made, ==, N_CALLS);
  g_assert_cmpint (program->n_freed, ==, N_CALLS);
  g_assert_cmpint (g_atomic_int_get (&program->n_answered), <=, N_CALLS);
  /* A worker may be a moment behind with its last reference to a task. */
  while (g_atomic_int_get (&program->loop.n_finalized) == 0)
    g_thread_yield ();
  g_rand_free (program->random);
  pthread_mutex_destroy (&program->freed_mutex);
  pthread_cond_destroy (&program->freed_cond);
}

static void
test_any_end (void)
{
  const guint n_rounds = test_scaled (1000);
  int n_warnings_before = g_atomic_int_get (&n_warnings);

  for (guint round = 0; round < n_rounds; round++)
    {
      Program programs[N_AT_ONCE] = { 0 };
      GThread *threads[N_AT_ONCE];

      for (guint i = 0; i < N_AT_ONCE; i++)
        {
          programs[i].random = g_rand_new_with_seed (g_test_rand_int ());
          programs[i].end = g_rand_int_range (programs[i].random, 0, N_ENDS);
          threads[i] = g_thread_new ("program", run_program, &programs[i]);
        }
      for (guint i = 0; i < N_AT_ONCE; i++)
        g_thread_join (threads[i]);
      for (guint i = 0; i < N_AT_ONCE; i++)
        finish_program (&programs[i]);
    }
  g_assert_cmpint (g_atomic_int_get (&n_warnings) - n_warnings_before, <=, n_rounds * N_AT_ONCE);
}

/* --- a worker that wakes a main context while it is finalized --- */

typedef struct
{
  AiotThreaded *threaded;
  TestGate drop;
  int n_freed;
} Race;

static void
count_freed (gpointer user_data)
{
  g_atomic_int_inc (&((Race *) user_data)->n_freed);
}

static gpointer
drop_threaded (gpointer data)
{
  Race *race = data;

  test_gate_wait (&race->drop);
  /* Its data travels home, with nothing that would keep the main context alive. */
  g_object_unref (race->threaded);
  return NULL;
}

static void
test_wake_while_finalized (void)
{
  const guint n_rounds = test_scaled (20000);

  for (guint round = 0; round < n_rounds; round++)
    {
      Race race = { 0 };
      GThread *dropper;
      TestLoop loop;

      test_loop_open (&loop);
      race.threaded = aiot_threaded_new (quick, &race, count_freed);
      dropper = g_thread_new ("dropper", drop_threaded, &race);
      test_gate_open (&race.drop);
      for (guint i = round % 7; i > 0; i--)
        g_thread_yield ();
      test_loop_close (&loop);
      g_thread_join (dropper);
      g_assert_cmpint (g_atomic_int_get (&race.n_freed), ==, 1);
      test_gate_clear (&race.drop);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_count_gone_warnings (&n_warnings);
  g_test_add_func ("/stress/gone/in-any-way", test_any_end);
  g_test_add_func ("/stress/gone/woken-while-finalized", test_wake_while_finalized);
  return g_test_run ();
}
