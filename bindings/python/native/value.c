/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/* A Python object travels in a value of the boxed type that PyGObject has for it, so that whoever takes it there gets the same
 * object, None as well. */

static GType object_type;
static PyObject *translator;
static PyObject *reporter;

gboolean
aiotpy_value_setup (void)
{
  object_type = g_type_from_name ("PyObject");
  if (object_type != G_TYPE_INVALID)
    return TRUE;

  PyErr_SetString (PyExc_ImportError, "PyGObject has no type for Python objects");
  return FALSE;
}

GType
aiotpy_value_get_type (void)
{
  return object_type;
}

/* For as long as the object is there. A copy of the value has a reference. */
void
aiotpy_value_borrow (GValue   *value,
                     PyObject *object)
{
  g_value_init (value, object_type);
  g_value_set_static_boxed (value, object);
}

/* Returns: a new reference */
PyObject *
aiotpy_value_get_object (const GValue *value)
{
  PyObject *object;

  if (!G_VALUE_HOLDS (value, object_type))
    return pyg_value_as_pyobject (value, TRUE);

  object = g_value_get_boxed (value);
  return Py_NewRef (object != NULL ? object : Py_None);
}

/* The exception that is set, with its traceback. Returns: a new reference */
PyObject *
aiotpy_take_exception (void)
{
  PyObject *type, *value, *traceback;

  PyErr_Fetch (&type, &value, &traceback);
  PyErr_NormalizeException (&type, &value, &traceback);
  if (traceback != NULL)
    PyException_SetTraceback (value, traceback);
  Py_XDECREF (type);
  Py_XDECREF (traceback);
  return value;
}

/* Takes the error. Returns: a new reference to the exception that a Python program expects */
PyObject *
aiotpy_exception_of (GError *error)
{
  PyObject *plain, *exception;

  pyg_error_check (&error);
  plain = aiotpy_take_exception ();
  exception = PyObject_CallOneArg (translator, plain);
  if (exception == NULL)
    exception = aiotpy_take_exception ();
  Py_DECREF (plain);
  return exception;
}

/* Takes the error. */
void
aiotpy_raise (GError *error)
{
  PyObject *exception = aiotpy_exception_of (error);

  PyErr_SetObject ((PyObject *) Py_TYPE (exception), exception);
  Py_DECREF (exception);
}

/* What makes exceptions of those that PyGObject makes of errors. */
void
aiotpy_set_translator (PyObject *new_translator)
{
  Py_XSETREF (translator, Py_NewRef (new_translator));
}

/* Raises a TypeError where it is none. */
GObject *
aiotpy_get_gobject (PyObject *object,
                    GType     type)
{
  GObject *gobject = pygobject_check (object, &PyGObject_Type) ? pygobject_get (object) : NULL;

  if (gobject != NULL && g_type_is_a (G_OBJECT_TYPE (gobject), type))
    return gobject;

  PyErr_Format (PyExc_TypeError, "a %s is needed, not %R", g_type_name (type), object);
  return NULL;
}

/* What tells people of exceptions that nobody gets. */
void
aiotpy_set_reporter (PyObject *new_reporter)
{
  Py_XSETREF (reporter, Py_NewRef (new_reporter));
}

/* Takes the exception that is set. */
void
aiotpy_report_exception (PyObject *name)
{
  PyObject *exception = aiotpy_take_exception ();
  PyObject *answer = PyObject_CallFunctionObjArgs (reporter, name, exception, NULL);

  if (answer == NULL)
    PyErr_WriteUnraisable (name);
  Py_XDECREF (answer);
  Py_DECREF (exception);
}
