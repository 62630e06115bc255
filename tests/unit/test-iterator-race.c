/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define _GNU_SOURCE

#include "test-body.h"

#include <dlfcn.h>

/*
 * A consumer takes an item, and by that lets in the last one, which the next in line is to get. It has woken the producer, but not yet told
 * the next in line, when the producer ends: those behind in line are told of the end then, but not before the one that has an item.
 *
 * This program's own g_mutex_trylock () and g_mutex_unlock () come before those of GLib, and find that moment: only queues try.
 */

static _Thread_local AiotExecutor *wait_for;   /* until it has done two pieces of work */
static _Thread_local GMutex *queue_mutex;
static _Thread_local gboolean takes_item;

gboolean
g_mutex_trylock (GMutex *mutex)
{
  static _Thread_local gboolean (*real) (GMutex *);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "g_mutex_trylock");
  queue_mutex = mutex;
  return real (mutex);
}

void
g_mutex_unlock (GMutex *mutex)
{
  static void (*real) (GMutex *);
  AiotExecutor *executor = wait_for;

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "g_mutex_unlock");
  real (mutex);
  if (mutex == queue_mutex)
    {
      takes_item = executor != NULL;
      return;
    }
  if (!takes_item)
    return;

  takes_item = FALSE;
  wait_for = NULL;
  while (aiot_executor_get_n_done (executor) < 2)
    g_thread_yield ();
}

static gboolean
emit_two (AiotGenerator  *generator,
          gpointer        user_data,
          GError        **error)
{
  gboolean succeeded = aiot_generator_emit_int64 (generator, 0, error) && aiot_generator_emit_int64 (generator, 1, error);

  if (succeeded && user_data != NULL)
    g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_IO, user_data);
  return succeeded && user_data == NULL;
}

static void
order_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  GString *log = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, &error);

  if (value != NULL)
    g_string_append_printf (log, "%d", (int) g_value_get_int64 (value));
  else
    g_string_append (log, error != NULL ? "!" : ".");
}

static void
test_end (gconstpointer failure)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("race", 1);
  g_autoptr (GString) log = g_string_new (NULL);
  AiotIterator *iterator;
  TestLoop loop;

  test_loop_open (&loop);
  iterator = AIOT_ITERATOR (aiot_threaded_iterator_new (emit_two, (gpointer) failure, NULL, executor, 1, NULL));
  for (int i = 0; i < 4; i++)
    aiot_iterator_next_async (iterator, NULL, order_cb, log);
  /* One of its two is done when the body is blocked; the other one is the body. */
  test_wait_until_blocked (executor);
  wait_for = executor;
  while (log->len < 4)
    g_main_context_iteration (loop.main_context, TRUE);
  g_assert_null (wait_for);

  g_assert_cmpstr (log->str, ==, failure != NULL ? "01!." : "01..");
  test_drop (&iterator);
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_data_func ("/iterator/race/end-after-the-last-item", NULL, test_end);
  g_test_add_data_func ("/iterator/race/error-after-the-last-item", "broken", test_end);
  return g_test_run ();
}
