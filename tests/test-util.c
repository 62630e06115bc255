/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCHDOG_SECONDS 300

void
test_init (int    *argc,
           char ***argv)
{
  g_test_init (argc, argv, NULL);
  alarm (WATCHDOG_SECONDS);
}

guint
test_scaled (guint count)
{
  const char *scale = g_getenv ("AIOT_TEST_SCALE");

  return scale != NULL ? MAX ((guint64) count * atoi (scale) / 100, 1) : count;
}

guint
test_count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static GLogWriterOutput
count_gone_warning (GLogLevelFlags   level,
                    const GLogField *fields,
                    gsize            n_fields,
                    gpointer         n_warnings)
{
  if (level > G_LOG_LEVEL_WARNING)
    return G_LOG_WRITER_HANDLED;

  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0 && strstr (fields[i].value, "A main context went away") == NULL)
      {
        g_printerr ("%s\n", (const char *) fields[i].value);
        abort ();
      }
  g_atomic_int_inc ((int *) n_warnings);
  return G_LOG_WRITER_HANDLED;
}

void
test_count_gone_warnings (int *n_warnings)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (count_gone_warning, n_warnings, NULL);
}

void
test_gate_open (TestGate *gate)
{
  pthread_mutex_lock (&gate->mutex);
  gate->is_open = TRUE;
  pthread_cond_broadcast (&gate->cond);
  pthread_mutex_unlock (&gate->mutex);
}

void
test_gate_wait (TestGate *gate)
{
  pthread_mutex_lock (&gate->mutex);
  while (!gate->is_open)
    pthread_cond_wait (&gate->cond, &gate->mutex);
  pthread_mutex_unlock (&gate->mutex);
}

gboolean
test_gate_is_open (TestGate *gate)
{
  gboolean is_open;

  pthread_mutex_lock (&gate->mutex);
  is_open = gate->is_open;
  pthread_mutex_unlock (&gate->mutex);

  return is_open;
}

void
test_gate_clear (TestGate *gate)
{
  pthread_mutex_destroy (&gate->mutex);
  pthread_cond_destroy (&gate->cond);
}

void
test_iterate_until (GMainContext *main_context,
                    int          *number,
                    int           at_least)
{
  while (g_atomic_int_get (number) < at_least)
    g_main_context_iteration (main_context, TRUE);
}

static gboolean
never_called (gpointer data)
{
  g_assert_not_reached ();
}

static void
count_finalized (gpointer data)
{
  g_atomic_int_inc ((int *) data);
}

void
test_loop_watch (TestLoop     *loop,
                 GMainContext *main_context)
{
  g_autoptr (GSource) witness = g_timeout_source_new (G_MAXINT);

  loop->main_context = main_context;
  loop->n_finalized = 0;
  g_source_set_callback (witness, never_called, &loop->n_finalized, count_finalized);
  g_source_attach (witness, main_context);
}

void
test_loop_open (TestLoop *loop)
{
  test_loop_watch (loop, g_main_context_new ());
  g_main_context_push_thread_default (loop->main_context);
}

void
test_loop_close (TestLoop *loop)
{
  g_main_context_pop_thread_default (loop->main_context);
  g_main_context_unref (loop->main_context);
  g_assert_cmpint (g_atomic_int_get (&loop->n_finalized), ==, 1);
}

gpointer
test_ledger_item (TestLedger *ledger)
{
  g_atomic_int_inc (&ledger->n_made);
  return ledger;
}

void
test_item_free (gpointer item)
{
  TestLedger *ledger = item;

  if (g_thread_self () != ledger->home)
    g_atomic_int_inc (&ledger->n_freed_elsewhere);
  g_atomic_int_inc (&ledger->n_freed);
}

static gpointer
unref_in_thread (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

void
test_unref_in_another_thread (gpointer object)
{
  g_thread_join (g_thread_new ("collector", unref_in_thread, object));
}

void
test_answer_cb (GObject      *source_object,
                GAsyncResult *result,
                gpointer      user_data)
{
  TestAnswer *answer = user_data;

  answer->thread = g_thread_self ();
  answer->main_context = g_main_context_get_thread_default ();
  g_set_object (&answer->result, result);
  g_atomic_int_inc (&answer->n_called);
}

void
test_answer_wait (TestAnswer   *answer,
                  GMainContext *main_context)
{
  test_iterate_until (main_context, &answer->n_called, 1);
}

void
test_answer_clear (TestAnswer *answer)
{
  g_clear_object (&answer->result);
}

void
test_answer_wait_in_handler (GCancellable *cancellable,
                             gpointer      answer)
{
  test_answer_wait (answer, NULL);
}

gboolean
test_hold_func (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  TestHold *hold = user_data;

  g_atomic_int_inc (&hold->n_run);
  test_gate_open (&hold->running);
  test_gate_wait (&hold->leave);
  return TRUE;
}

void
test_hold_clear (TestHold *hold)
{
  test_gate_clear (&hold->running);
  test_gate_clear (&hold->leave);
}
