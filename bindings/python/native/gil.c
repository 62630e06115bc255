/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/* The thread state of a worker lives as long as the thread. One for each callback would cost more than many a callback does,
 * and a threading.local would be empty each time. */

static gboolean is_finalizing;   /* guarded by the interpreter's lock */
static gboolean is_forked;       /* set while there is one thread */

#ifdef HAVE_CXA_THREAD_ATEXIT_IMPL

extern int __cxa_thread_atexit_impl (void (*func) (gpointer), gpointer data, gpointer dso);
extern void *__dso_handle __attribute__ ((visibility ("hidden")));

static void
thread_state_free (gpointer state)
{
  /* Nobody gets the lock of an interpreter that has gone, and its memory goes with it. */
  if (is_finalizing || _Py_IsFinalizing ())
    return;

  PyEval_RestoreThread (state);
  PyGILState_Release (PyGILState_UNLOCKED);
}

/* As thread_local objects of other languages do it: before the thread loses its other data, that of Python among them, which is what
 * the destructor of a GPrivate would find. */
static gboolean
call_at_thread_exit (PyThreadState *state)
{
  return __cxa_thread_atexit_impl (thread_state_free, state, &__dso_handle) == 0;
}

#else

/* Each callback has a state of its own then. */
static gboolean
call_at_thread_exit (PyThreadState *state)
{
  return FALSE;
}

#endif

static GPrivate has_thread_state = G_PRIVATE_INIT (NULL);

PyGILState_STATE
aiotpy_enter_worker (void)
{
  PyGILState_STATE state = PyGILState_Ensure ();

  /* A thread that Python knew before keeps its own. */
  if (state == PyGILState_UNLOCKED && g_private_get (&has_thread_state) == NULL &&
      PyGILState_GetThisThreadState ()->gilstate_counter == 1 && call_at_thread_exit (PyGILState_GetThisThreadState ()))
    {
      PyGILState_Ensure ();
      g_private_set (&has_thread_state, GINT_TO_POINTER (TRUE));
    }
  return state;
}

void
aiotpy_leave_worker (PyGILState_STATE state)
{
  PyGILState_Release (state);
}

/* Before the interpreter goes. */
void
aiotpy_forget_threads (void)
{
  is_finalizing = TRUE;
}

/* In a child, which has none of the threads. */
void
aiotpy_forked (void)
{
  is_forked = TRUE;
  aiotpy_body_forked ();
}

gboolean
aiotpy_is_forked (void)
{
  return is_forked;
}
