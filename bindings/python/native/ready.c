/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/* What __anext__ returns for an item that is there. It never suspends, so that a loop over items that have come already is a loop
 * without a coroutine, a future or a turn of the event loop. */

typedef struct
{
  PyObject_HEAD
  PyObject *value;   /* NULL once it was awaited */
} AiotPyReady;

static PyTypeObject *ready_type;

static PyObject *
ready_take (AiotPyReady *self)
{
  if (self->value == NULL)
    PyErr_SetString (PyExc_RuntimeError, "what __anext__ () returned was awaited already");
  return g_steal_pointer (&self->value);
}

static PySendResult
ready_send_value (PyObject  *object,
                  PyObject  *sent,
                  PyObject **result)
{
  *result = ready_take ((AiotPyReady *) object);
  return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
}

/* As coroutines do it: whatever the value is, a tuple or an exception as well. */
static PyObject *
stop_with (PyObject *value)
{
  PyObject *stop;

  if (value == NULL)
    return NULL;

  stop = PyObject_CallOneArg (PyExc_StopIteration, value);
  Py_DECREF (value);
  if (stop != NULL)
    PyErr_SetObject (PyExc_StopIteration, stop);
  Py_XDECREF (stop);
  return NULL;
}

static PyObject *
ready_next (PyObject *object)
{
  return stop_with (ready_take ((AiotPyReady *) object));
}

static PyObject *
ready_send (PyObject *object,
            PyObject *sent)
{
  return ready_next (object);
}

/* throw (exception), or throw (type, exception, traceback). The item is lost, as that of a coroutine would be. */
static PyObject *
ready_throw (PyObject *object,
             PyObject *arguments)
{
  PyObject *type, *value = NULL, *traceback = NULL;

  if (!PyArg_UnpackTuple (arguments, "throw", 1, 3, &type, &value, &traceback))
    return NULL;

  Py_CLEAR (((AiotPyReady *) object)->value);
  if (PyExceptionInstance_Check (type))
    PyErr_SetObject ((PyObject *) Py_TYPE (type), type);
  else
    PyErr_SetObject (type, value);
  return NULL;
}

static PyObject *
ready_close (PyObject *object,
             PyObject *nothing)
{
  Py_CLEAR (((AiotPyReady *) object)->value);
  Py_RETURN_NONE;
}

static void
ready_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  Py_CLEAR (((AiotPyReady *) object)->value);
  PyObject_Free (object);
  Py_DECREF (type);
}

static PyMethodDef ready_methods[] = {
  { "send", ready_send, METH_O, NULL },
  { "throw", ready_throw, METH_VARARGS, NULL },
  { "close", ready_close, METH_NOARGS, NULL },
  { NULL }
};

static PyType_Slot ready_slots[] = {
  { Py_tp_dealloc, ready_dealloc },
  { Py_tp_iter, PyObject_SelfIter },
  { Py_tp_iternext, ready_next },
  { Py_tp_methods, ready_methods },
  { Py_am_await, PyObject_SelfIter },
  { Py_am_send, ready_send_value },
  { 0 }
};

static PyType_Spec ready_spec = {
  .name = "_gi_aiothreads.Ready",
  .basicsize = sizeof (AiotPyReady),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = ready_slots,
};

gboolean
aiotpy_ready_setup (PyObject *module)
{
  ready_type = (PyTypeObject *) PyType_FromSpec (&ready_spec);
  return ready_type != NULL;
}

/* Takes a reference. */
PyObject *
aiotpy_ready_new_take (PyObject *value)
{
  AiotPyReady *self = PyObject_New (AiotPyReady, ready_type);

  if (self != NULL)
    self->value = value;
  else
    Py_DECREF (value);
  return (PyObject *) self;
}
