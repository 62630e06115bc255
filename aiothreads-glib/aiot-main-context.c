/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-main-context.h"

#include "aiot-home-private.h"

static GMainContext *
or_default (GMainContext *main_context)
{
  return main_context != NULL ? main_context : g_main_context_default ();
}

/**
 * aiot_main_context_get_budget:
 * @main_context: (nullable): a main context, or %NULL for the global default one
 *
 * Gets how long this library may work on a main context at default priority in each 16 milliseconds.
 *
 * See [func@main_context_set_budget]. It may be called from any thread.
 *
 * Returns: the budget in microseconds
 *
 * Since: 1.0
 */
gint64
aiot_main_context_get_budget (GMainContext *main_context)
{
  g_autoptr (AiotHome) home = aiot_home_dup_for (or_default (main_context));

  return aiot_home_get_budget (home);
}

/**
 * aiot_main_context_set_budget:
 * @main_context: (nullable): a main context, or %NULL for the global default one
 * @budget_us: microseconds, more than 0
 *
 * Sets how long this library may work on a main context at default priority in each 16 milliseconds.
 *
 * Work is what callbacks of this library do. It may take up the budget while events and redraws wait; what is left after
 * that waits at a priority below the redraws of GTK, so that no flood of results stops the frame clock, and still runs
 * whenever nothing more urgent does. Nothing waits longer than 100 milliseconds, even when redraws take all the time. A
 * single callback is never cut short.
 *
 * The default is 4000, a quarter of a frame at 60 Hz: measured to keep all frames while a worker floods the main
 * loop. A program without a window may set more; that saves some iterations of its loop.
 *
 * It may be called from any thread, and holds for as long as the main context lives.
 *
 * Since: 1.0
 */
void
aiot_main_context_set_budget (GMainContext *main_context,
                              gint64        budget_us)
{
  g_autoptr (AiotHome) home = NULL;

  g_return_if_fail (budget_us > 0);

  home = aiot_home_dup_for (or_default (main_context));
  aiot_home_set_budget (home, MIN (budget_us, G_MAXINT));
}

/* The descriptor that wakes a main context is the only one of a main context that has no descriptors of its own. */
static int
find_wakeup_fd (GMainContext *main_context)
{
  GPollFD fds[2];
  int timeout;

  return g_main_context_query (main_context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds)) == 1 ? fds[0].fd : -1;
}

/**
 * aiot_main_context_get_fd:
 * @main_context: a main context that nobody else iterates
 * @error: return location for an error
 *
 * Gets a file descriptor that can be read while this library has work for a main context.
 *
 * It is for event loops that are not a GMainLoop, such as a poll () loop, or asyncio: watch the descriptor for reading, and
 * call [method@GLib.MainContext.iteration] without blocking each time it can be read. Never read from it.
 * Make the main context the thread-default one of the thread of that loop before work is started there:
 *
 * ```c
 * g_autoptr (GMainContext) main_context = g_main_context_new ();
 * struct pollfd work = { aiot_main_context_get_fd (main_context, NULL), POLLIN, 0 };
 *
 * g_main_context_push_thread_default (main_context);
 * start_some_work ();
 * while (work_is_unfinished ())
 *   {
 *     poll (&work, 1, aiot_main_context_get_timeout (main_context));
 *     g_main_context_iteration (main_context, FALSE);
 *   }
 * g_main_context_pop_thread_default (main_context);
 * ```
 *
 * Take a main context of its own for this, because the descriptor says nothing of the time-outs and descriptors that others
 * attach. It must be asked for while the main context has no source with a descriptor, and stays the same after that. What
 * this library does at a certain time does not show there: see [func@main_context_get_timeout].
 *
 * This function does not block. Call it from the thread that will iterate the main context. The descriptor belongs to the
 * main context and is closed with it; this library opens none.
 *
 * Errors: %G_IO_ERROR_BUSY when another thread iterates the main context, %G_IO_ERROR_NOT_SUPPORTED when
 * it has sources with descriptors, so that the right one can't be told.
 *
 * Returns: the file descriptor, or -1 with @error set
 *
 * Since: 1.0
 */
int
aiot_main_context_get_fd (GMainContext  *main_context,
                          GError       **error)
{
  g_autoptr (AiotHome) home = NULL;
  int fd;

  g_return_val_if_fail (main_context != NULL, -1);

  if (!g_main_context_acquire (main_context))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                           "Another thread iterates this main context; "
                           "give the other event loop a main context of its own");
      return -1;
    }
  fd = find_wakeup_fd (main_context);
  g_main_context_release (main_context);

  if (fd == -1)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "This main context has file descriptors of its own; "
                           "ask for the one of this library before attaching other sources");
      return -1;
    }

  home = aiot_home_dup_for (main_context);
  aiot_home_serve_descriptor (home);
  return fd;
}

/**
 * aiot_main_context_get_timeout:
 * @main_context: a main context that nobody else iterates
 *
 * Gets how long an event loop that is not a GMainLoop may wait at most.
 *
 * Some things are done at a certain time: a [class@Progress] notifies once a frame, and [method@Executor.shutdown_async] has
 * a deadline. A loop that watches the descriptor of [func@main_context_get_fd] iterates the main context when this time has
 * passed, too. What is planned while it waits wakes it by the descriptor, so it need only ask before it waits.
 *
 * It does not block. Call it from the thread that iterates the main context.
 *
 * Returns: milliseconds, 0 when there is something to do now, or -1 when nothing is planned, as for poll ()
 *
 * Since: 1.0
 */
int
aiot_main_context_get_timeout (GMainContext *main_context)
{
  g_autoptr (AiotHome) home = NULL;

  g_return_val_if_fail (main_context != NULL, -1);

  home = aiot_home_dup_for (main_context);
  return aiot_home_get_timeout (home);
}

/**
 * aiot_main_context_abandon:
 * @main_context: (nullable): a main context, or %NULL for the global default one
 *
 * Says that a main context will not be iterated any more.
 *
 * What is in flight for it ends: work that has not started never runs, running functions are cancelled, and nobody is
 * called back. What has come back already is freed by this call. Functions that still run free their data later on
 * their own thread, with one warning for the main context. After this, nothing of this library keeps the main context alive.
 *
 * It is not needed where a thread ends that has the main context as its thread-default one: this happens by itself then.
 * It is for loops that are closed earlier, and for a main context whose loop stopped for good. Should the main context be
 * used again, it is as good as new.
 *
 * It may be called from any thread, best from the one that iterated the main context, because that is where the data
 * belongs. It does not block, except that it runs the destroy functions of what it frees.
 *
 * Since: 1.0
 */
void
aiot_main_context_abandon (GMainContext *main_context)
{
  g_autoptr (AiotHome) home = aiot_home_dup_for (or_default (main_context));

  aiot_home_abandon (home);
}

/**
 * aiot_main_context_abandon_quietly:
 * @main_context: (nullable): a main context, or %NULL for the global default one
 *
 * Says that a main context will not be iterated any more, and that it does not matter which thread frees its data.
 *
 * It does what [func@main_context_abandon] does, without the warning for data that functions which still run free on their own thread.
 * It is for event loops of languages whose objects may be freed on any thread, and which are closed at any time.
 *
 * Since: 1.0
 */
void
aiot_main_context_abandon_quietly (GMainContext *main_context)
{
  g_autoptr (AiotHome) home = aiot_home_dup_for (or_default (main_context));

  aiot_home_forgive (home);
  aiot_home_abandon (home);
}

/**
 * aiot_main_context_outlive_threads:
 * @main_context: (nullable): a main context, or %NULL for the global default one
 *
 * Says that a main context does not end with the thread that has it as its thread-default one.
 *
 * When a thread ends, what it has asked for is given up, because nobody will iterate its main contexts any more. This is for a main
 * context that other threads go on with: an event loop that runs in one thread after another, or one that no thread owns. Whoever
 * says so says by [func@main_context_abandon] when it has come to its end, or drops its last reference.
 *
 * It may be called from any thread, and does not block.
 *
 * Since: 1.0
 */
void
aiot_main_context_outlive_threads (GMainContext *main_context)
{
  g_autoptr (AiotHome) home = aiot_home_dup_for (or_default (main_context));

  aiot_home_outlive_threads (home);
}
