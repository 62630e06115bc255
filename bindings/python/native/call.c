/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/* Calling a Python function on a thread of the library. */

/* The arguments stay, because they belong to home, and are freed there. But somebody who abandons it may be faster. */
static void
call_run (AiotPyOperation *self)
{
  PyObject *function = Py_XNewRef (self->function);
  PyObject *arguments = Py_XNewRef (self->arguments);
  PyObject *keywords = Py_XNewRef (self->keywords);
  PyObject *context = Py_XNewRef (self->context);
  PyObject *result = NULL;

  if (function != NULL && aiotpy_enter_context (context, (PyObject *) self, self->loop))
    {
      result = PyObject_Call (function, arguments, keywords);
      if (result == NULL)
        self->error = aiotpy_take_exception ();
      aiotpy_leave_context (context);
    }
  else if (PyErr_Occurred ())
    {
      self->error = aiotpy_take_exception ();
    }
  self->result = result;
  Py_XDECREF (function);
  Py_XDECREF (arguments);
  Py_XDECREF (keywords);
  Py_XDECREF (context);
}

static gboolean
call_body (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  PyGILState_STATE state = aiotpy_enter_worker ();
  AiotPyOperation *self = (AiotPyOperation *) Py_NewRef (g_value_get_boxed (aiot_call_get_argument (call)));
  gboolean succeeded;

  /* An executor that is shut down cancels the work without asking whoever started it. */
  self->call = aiot_call_ref (call);
  call_run (self);
  g_clear_pointer (&self->call, aiot_call_unref);
  succeeded = self->error == NULL;
  if (!succeeded)
    g_set_error (error, AIOT_ERROR, AIOT_ERROR_FAILED, "%s", Py_TYPE (self->error)->tp_name);
  aiotpy_operation_returned (self);
  Py_DECREF (self);
  aiotpy_leave_worker (state);
  return succeeded;
}

/* What a call that has come back gives: the exception of its function is better than the error that stands for it. */
static PyObject *
call_steal_error (AiotPyOperation *self,
                  GError          *error)
{
  if (self->error == NULL || !g_error_matches (error, AIOT_ERROR, AIOT_ERROR_FAILED))
    return aiotpy_exception_of (error);

  g_error_free (error);
  return g_steal_pointer (&self->error);
}

static void
call_ready_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      callback_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  AiotPyOperation *self = callback_data;
  GError *error = NULL;

  if (aiot_threaded_call_finish (AIOT_THREADED (source_object), result, &error) != NULL)
    aiotpy_operation_end (self, g_steal_pointer (&self->result), NULL);
  else
    aiotpy_operation_end (self, NULL, call_steal_error (self, error));
  PyGILState_Release (state);
}

static void
start_call (GObject         *runner,
            GValue          *argument,
            AiotPyOperation *operation)
{
  aiot_threaded_call_async (AIOT_THREADED (runner), argument, operation->cancellable, call_ready_cb, operation);
}

/*
 * A thread that is woken for a call finds the interpreter's lock free, and need not sleep again to wait for it: that halves what a
 * lone call costs. Of many calls each would take its turn like this, which costs more than to start them all and wait then.
 */
static void
start_call_unlocked (GObject         *runner,
                     GValue          *argument,
                     AiotPyOperation *operation)
{
  Py_BEGIN_ALLOW_THREADS
  start_call (runner, argument, operation);
  Py_END_ALLOW_THREADS
}

/* call (runner, function, arguments, keywords or None, context or None, on_done) */
PyObject *
aiotpy_home_call (AiotPyHome      *self,
                  PyObject *const *arguments,
                  Py_ssize_t       n_arguments)
{
  GValue argument = G_VALUE_INIT;
  AiotPyOperation *operation;
  GObject *runner;
  gboolean is_alone, has_entered;

  if (n_arguments != 6)
    return PyErr_Format (PyExc_TypeError, "call () takes 6 arguments");

  runner = aiotpy_get_gobject (arguments[0], AIOT_TYPE_THREADED);
  if (runner == NULL)
    return NULL;

  is_alone = self->operations == NULL;
  operation = aiotpy_operation_new (self, arguments[5]);
  if (operation == NULL)
    return NULL;

  operation->function = Py_NewRef (arguments[1]);
  operation->arguments = Py_NewRef (arguments[2]);
  operation->keywords = arguments[3] != Py_None ? Py_NewRef (arguments[3]) : NULL;
  operation->context = Py_NewRef (arguments[4]);
  operation->loop = Py_XNewRef (self->loop);
  operation->is_counted = TRUE;
  aiotpy_gathering_call_started (&self->gathering);

  aiotpy_value_borrow (&argument, (PyObject *) operation);
  has_entered = aiotpy_home_enter (self);
  if (is_alone)
    start_call_unlocked (runner, &argument, operation);
  else
    start_call (runner, &argument, operation);
  aiotpy_home_leave (self, has_entered);
  return (PyObject *) operation;
}

/* runner_new (executor or None, name): what call () takes */
PyObject *
aiotpy_runner_new (PyObject        *module,
                   PyObject *const *arguments,
                   Py_ssize_t       n_arguments)
{
  g_autoptr (AiotThreaded) runner = NULL;
  GObject *executor = NULL;
  const char *name;

  if (n_arguments != 2)
    return PyErr_Format (PyExc_TypeError, "runner_new () takes 2 arguments");
  if (arguments[0] != Py_None && (executor = aiotpy_get_gobject (arguments[0], AIOT_TYPE_EXECUTOR)) == NULL)
    return NULL;
  name = PyUnicode_AsUTF8 (arguments[1]);
  if (name == NULL)
    return NULL;

  runner = aiot_threaded_new (call_body, NULL, NULL);
  aiot_threaded_set_name (runner, name);
  aiot_threaded_set_on_cancel (runner, AIOT_ON_CANCEL_ABANDON);
  if (executor != NULL)
    aiot_threaded_set_executor (runner, AIOT_EXECUTOR (executor));
  return pygobject_new (G_OBJECT (runner));
}
