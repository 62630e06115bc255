/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/* What runs in a thread runs in the context of whoever started it, with two variables more: what it is a part of, so that it can
 * find out that it was cancelled, and the event loop that it came from. */

static PyObject *current_variable;
static PyObject *loop_variable;

/* set_variables (current, event_loop) */
PyObject *
aiotpy_set_variables (PyObject *module,
                      PyObject *variables)
{
  PyObject *current, *loop;

  if (!PyArg_ParseTuple (variables, "OO", &current, &loop))
    return NULL;

  Py_XSETREF (current_variable, Py_NewRef (current));
  Py_XSETREF (loop_variable, Py_NewRef (loop));
  Py_RETURN_NONE;
}

static gboolean
set_variable (PyObject *variable,
              PyObject *value)
{
  PyObject *token = PyContextVar_Set (variable, value);

  Py_XDECREF (token);
  return token != NULL;
}

/* FALSE with an exception set. None is no context, and is not entered. */
gboolean
aiotpy_enter_context (PyObject *context,
                      PyObject *current,
                      PyObject *loop)
{
  if (context == NULL || context == Py_None)
    return TRUE;
  if (PyContext_Enter (context) != 0)
    return FALSE;
  if (set_variable (current_variable, current) && (loop == NULL || set_variable (loop_variable, loop)))
    return TRUE;

  PyContext_Exit (context);
  return FALSE;
}

void
aiotpy_leave_context (PyObject *context)
{
  PyObject *type, *value, *traceback;

  if (context == NULL || context == Py_None)
    return;

  PyErr_Fetch (&type, &value, &traceback);
  if (PyContext_Exit (context) != 0)
    PyErr_WriteUnraisable (context);
  PyErr_Restore (type, value, traceback);
}
