/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE

#include "test-util.h"

#include <dlfcn.h>

/*
 * The last thread of an executor ends at each moment at which whoever shuts it down has just let go of its last lock.
 *
 * This program's own g_mutex_lock (), _trylock () and _unlock () come before those of GLib, and find these moments.
 */

typedef struct
{
  TestGate may_end;
  TestGate ended;
  TestAnswer answer;
} Race;

static _Thread_local int n_held;
static _Thread_local int n_until_hold;   /* 0 where nothing is to be held */
static _Thread_local Race *race;

void
g_mutex_lock (GMutex *mutex)
{
  static void (*real) (GMutex *);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "g_mutex_lock");
  real (mutex);
  n_held++;
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  static gboolean (*real) (GMutex *);
  gboolean locked;

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "g_mutex_trylock");
  locked = real (mutex);
  if (locked)
    n_held++;
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  static void (*real) (GMutex *);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "g_mutex_unlock");
  real (mutex);
  if (--n_held == 0 && n_until_hold > 0 && --n_until_hold == 0)
    {
      test_gate_open (&race->may_end);
      test_gate_wait (&race->ended);
    }
}

static GPrivate thread_end = G_PRIVATE_INIT ((GDestroyNotify) test_gate_open);

static void
thread_hook (AiotThreadPhase phase,
             gpointer        user_data)
{
  Race *self = user_data;

  if (phase == AIOT_THREAD_ENDS)
    test_gate_wait (&self->may_end);
  else
    g_private_set (&thread_end, &self->ended);
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static AiotExecutor *
start_thread (Race *self)
{
  AiotExecutor *executor = aiot_executor_new_pool ("ending", 1);
  TestAnswer answer = { 0 };

  aiot_executor_set_thread_hook (executor, thread_hook, self, NULL);
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  return executor;
}

static void
begin (Race *self,
       int   n)
{
  race = self;
  n_until_hold = n;
}

/* FALSE when there were fewer moments; the thread ends now. */
static gboolean
end (Race *self)
{
  gboolean was_held = n_until_hold == 0;

  n_until_hold = 0;
  test_gate_open (&self->may_end);
  test_gate_wait (&self->ended);
  return was_held;
}

static void
clear (Race *self)
{
  test_gate_clear (&self->may_end);
  test_gate_clear (&self->ended);
}

static gboolean
shut_down_async (int n)
{
  Race self = { 0 };
  g_autoptr (AiotExecutor) executor = start_thread (&self);
  g_autoptr (GError) error = NULL;
  gboolean was_held;

  begin (&self, n);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &self.answer);
  was_held = end (&self);
  test_answer_wait (&self.answer, NULL);
  g_assert_true (aiot_executor_shutdown_finish (executor, self.answer.result, &error));
  g_assert_no_error (error);
  test_answer_clear (&self.answer);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (self.answer.n_called, ==, 1);
  clear (&self);
  return was_held;
}

static void
test_async (void)
{
  int n = 1;

  while (shut_down_async (n))
    n++;
  /* Closing it, asking whether it has ended, and what else there may be. */
  g_assert_cmpint (n, >, 2);
}

/* It sleeps until the thread has ended, so its moments are those in which it still does not: it closes it, and then asks. */
static void
test_sync (void)
{
  for (int n = 1; n <= 2; n++)
    {
      Race self = { 0 };
      g_autoptr (AiotExecutor) executor = start_thread (&self);
      g_autoptr (GError) error = NULL;

      begin (&self, n);
      g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &error));
      g_assert_no_error (error);
      g_assert_true (end (&self));
      clear (&self);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/shutdown/race/async", test_async);
  g_test_add_func ("/shutdown/race/sync", test_sync);
  return g_test_run ();
}
