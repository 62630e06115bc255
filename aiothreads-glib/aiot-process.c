/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-process-private.h"

#include "aiot-error.h"
#include "aiot-home-private.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What happens to a process as a whole: it forks, it ends, it has only so many threads.
 *
 * When it ends, nothing that belongs to the program is called or freed any more, because what it would need may be gone: not
 * even destroy functions. Who waits for a main context is woken, functions are told that they are cancelled, and the threads
 * that must be waited for are. Those of pools are not: whatever blocks in them ends with the process. A thread that is
 * waited for keeps its main context, because it may not end before that has brought what it waits for.
 *
 * A forked child has the memory of its parent, but none of its threads, and maybe locks that nobody will ever unlock. So it
 * touches nothing of this library, and every call fails.
 */

/* Far more than blocking work ever needs, and far fewer than what a system gives. */
#define DEFAULT_THREAD_LIMIT 512

/* Atomic */
static int is_forked;
static int is_ending;
static int n_threads;
static int thread_limit = DEFAULT_THREAD_LIMIT;

static GMutex joined_mutex;   /* guards all below */
static GCond joined_cond;
static guint n_joined;

/* A thread that ends the process itself would wait for itself. */
static GPrivate this_is_joined;

static void
process_end (void)
{
  guint n_left;

  if (g_atomic_int_get (&is_forked))
    return;

  g_atomic_int_set (&is_ending, TRUE);
  aiot_home_end_all ();

  g_mutex_lock (&joined_mutex);
  n_left = aiot_process_is_joined () ? 1 : 0;
  while (n_joined > n_left)
    g_cond_wait (&joined_cond, &joined_mutex);
  g_mutex_unlock (&joined_mutex);
}

static void
process_forked (void)
{
  g_atomic_int_set (&is_forked, TRUE);
}

/* Before the first home and the first thread; a process that never uses any is not bothered. */
void
aiot_process_use (void)
{
  static gsize is_used;

  if (g_once_init_enter (&is_used))
    {
      atexit (process_end);
      pthread_atfork (NULL, NULL, process_forked);
      g_once_init_leave (&is_used, 1);
    }
}

gboolean
aiot_process_is_forked (void)
{
  return g_atomic_int_get (&is_forked);
}

gboolean
aiot_process_is_ending (void)
{
  return g_atomic_int_get (&is_ending);
}

/* TRUE with @error set in a child. */
gboolean
aiot_process_fails_if_forked (GError **error)
{
  if (G_LIKELY (!g_atomic_int_get (&is_forked)))
    return FALSE;

  g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_FORKED,
                       "This process was forked from one that uses threads, and has none of them; "
                       "all that it can do is to execute another program");
  return TRUE;
}

/* Whether this is the thread that main () runs on. FALSE where the system doesn't tell. */
gboolean
aiot_process_is_main_thread (void)
{
#ifdef SYS_gettid
  return syscall (SYS_gettid) == getpid ();
#else
  return FALSE;
#endif
}

/* That it may use. Where GLib reads a file to tell, that takes as long as a call, so it is asked once. */
guint
aiot_process_count_processors (void)
{
  static gsize n_processors;

  if (g_once_init_enter (&n_processors))
    g_once_init_leave (&n_processors, g_get_num_processors ());
  return n_processors;
}

gboolean
aiot_process_reserve_thread (void)
{
  int n = g_atomic_int_get (&n_threads);

  /* Never counted for a moment only: somebody else would be refused the place that is left. */
  while (n < g_atomic_int_get (&thread_limit))
    if (g_atomic_int_compare_and_exchange_full (&n_threads, n, n + 1, &n))
      return TRUE;
  return FALSE;
}

void
aiot_process_release_thread (void)
{
  g_atomic_int_add (&n_threads, -1);
}

guint
aiot_process_get_thread_limit (void)
{
  return g_atomic_int_get (&thread_limit);
}

void
aiot_process_set_thread_limit (guint limit)
{
  g_atomic_int_set (&thread_limit, MIN (limit, G_MAXINT));
}

/* Before the thread starts; it is the thread itself that ends it. */
void
aiot_process_add_joined (void)
{
  g_mutex_lock (&joined_mutex);
  n_joined++;
  g_mutex_unlock (&joined_mutex);
}

void
aiot_process_mark_joined (void)
{
  g_private_set (&this_is_joined, GINT_TO_POINTER (TRUE));
}

gboolean
aiot_process_is_joined (void)
{
  return g_private_get (&this_is_joined) != NULL;
}

void
aiot_process_remove_joined (void)
{
  g_mutex_lock (&joined_mutex);
  n_joined--;
  g_cond_signal (&joined_cond);
  g_mutex_unlock (&joined_mutex);
}
