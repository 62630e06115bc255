/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"

#include <glib-unix.h>
#include <unistd.h>

static gboolean
answer_42 (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  aiot_call_set_result_int64 (call, 42);
  return TRUE;
}

/* A program whose loop is poll (), and that has calls under way all the time. */
static void
test_fd_calls (void)
{
  TestLoop loop;
  GPollFD fd;
  g_autoptr (GError) error = NULL;

  test_loop_open (&loop);
  fd = (GPollFD) { aiot_main_context_get_fd (loop.main_context, &error), G_IO_IN, 0 };
  g_assert_no_error (error);

  for (int i = 0; i < 100; i++)
    {
      TestAnswer answer = { 0 };

      aiot_offload_async (NULL, answer_42, NULL, NULL, NULL, test_answer_cb, &answer);
      while (answer.n_called == 0)
        {
          g_assert_cmpint (g_poll (&fd, 1, -1), ==, 1);
          g_main_context_iteration (loop.main_context, FALSE);
        }
      g_assert_cmpint (g_value_get_int64 (aiot_offload_finish (answer.result, NULL)), ==, 42);
      test_answer_clear (&answer);
    }

  g_assert_cmpint (aiot_main_context_get_fd (loop.main_context, NULL), ==, fd.fd);
  test_loop_close (&loop);
}

static gboolean
unreachable_fd_cb (int          fd,
                   GIOCondition condition,
                   gpointer     user_data)
{
  g_assert_not_reached ();
}

/* --- what has its time --- */

static void
count_notified (GObject    *object,
                GParamSpec *pspec,
                gpointer    n_notified)
{
  (*(int *) n_notified)++;
}

static gpointer
report_the_end (gpointer progress)
{
  aiot_progress_report (progress, 1.0, NULL);
  return NULL;
}

/* What is planned by another thread wakes the loop, which asks for how long it may sleep then. */
static void
test_fd_timers (void)
{
  TestLoop loop;
  GPollFD fd;
  AiotProgress *progress;
  int n_notified = 0;

  test_loop_open (&loop);
  fd = (GPollFD) { aiot_main_context_get_fd (loop.main_context, NULL), G_IO_IN, 0 };
  progress = aiot_progress_new ();
  g_signal_connect (progress, "notify::fraction", G_CALLBACK (count_notified), &n_notified);
  g_assert_cmpint (aiot_main_context_get_timeout (loop.main_context), ==, -1);

  aiot_clock_stop ();
  aiot_progress_report (progress, 0.5, NULL);
  while (n_notified == 0)
    {
      g_poll (&fd, 1, aiot_main_context_get_timeout (loop.main_context));
      g_main_context_iteration (loop.main_context, FALSE);
    }
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  g_assert_cmpint (aiot_main_context_get_timeout (loop.main_context), ==, -1);

  g_thread_join (g_thread_new ("reporter", report_the_end, progress));
  g_assert_cmpint (g_poll (&fd, 1, -1), ==, 1);
  g_main_context_iteration (loop.main_context, FALSE);
  g_assert_cmpint (n_notified, ==, 1);
  g_assert_cmpint (aiot_main_context_get_timeout (loop.main_context), ==, 16);
  aiot_clock_advance (15 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (aiot_main_context_get_timeout (loop.main_context), ==, 1);
  aiot_clock_advance (G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (aiot_main_context_get_timeout (loop.main_context), ==, 0);
  g_main_context_iteration (loop.main_context, FALSE);
  g_assert_cmpint (n_notified, ==, 2);
  while (g_main_context_iteration (loop.main_context, FALSE))
    continue;
  g_assert_cmpint (aiot_main_context_get_timeout (loop.main_context), ==, -1);
  aiot_clock_resume ();

  g_object_unref (progress);
  test_loop_close (&loop);
}

static void
test_fd_with_other_descriptors (void)
{
  g_autoptr (GMainContext) main_context = g_main_context_new ();
  g_autoptr (GSource) source = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, &error));
  g_assert_no_error (error);
  source = g_unix_fd_source_new (fds[0], G_IO_IN);
  g_source_set_callback (source, G_SOURCE_FUNC (unreachable_fd_cb), NULL, NULL);
  g_source_attach (source, main_context);

  g_assert_cmpint (aiot_main_context_get_fd (main_context, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_source_destroy (source);
  close (fds[0]);
  close (fds[1]);
}

typedef struct
{
  GMainContext *main_context;
  TestGate owned;
  TestGate leave;
} Owner;

static gpointer
own_main_context (gpointer data)
{
  Owner *owner = data;

  g_assert_true (g_main_context_acquire (owner->main_context));
  test_gate_open (&owner->owned);
  test_gate_wait (&owner->leave);
  g_main_context_release (owner->main_context);
  return NULL;
}

static void
test_fd_of_a_busy_context (void)
{
  g_autoptr (GMainContext) main_context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  Owner owner = { .main_context = main_context };
  GThread *thread = g_thread_new ("owner", own_main_context, &owner);

  test_gate_wait (&owner.owned);
  g_assert_cmpint (aiot_main_context_get_fd (main_context, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  test_gate_open (&owner.leave);
  g_thread_join (thread);
}

static void
test_budget (void)
{
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  g_assert_cmpint (aiot_main_context_get_budget (main_context), ==, 4000);
  aiot_main_context_set_budget (main_context, 1);
  g_assert_cmpint (aiot_main_context_get_budget (main_context), ==, 1);
  aiot_main_context_set_budget (main_context, G_MAXINT64);
  g_assert_cmpint (aiot_main_context_get_budget (main_context), ==, G_MAXINT);
  g_assert_cmpint (aiot_main_context_get_budget (NULL), ==, 4000);
}

static void
test_budget_misuse (void)
{
  if (g_test_subprocess ())
    {
      aiot_main_context_set_budget (NULL, 0);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*budget_us > 0*");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/main-context/fd/calls-under-poll", test_fd_calls);
  g_test_add_func ("/main-context/fd/timers-under-poll", test_fd_timers);
  g_test_add_func ("/main-context/fd/other-descriptors", test_fd_with_other_descriptors);
  g_test_add_func ("/main-context/fd/owned-by-another-thread", test_fd_of_a_busy_context);
  g_test_add_func ("/main-context/budget", test_budget);
  g_test_add_func ("/main-context/misuse/budget", test_budget_misuse);
  return g_test_run ();
}
