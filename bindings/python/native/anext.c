/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/*
 * What __anext__ returns. It takes an item when it is awaited and not before, so that one that is dropped, or cancelled before its
 * task began, loses nothing. Where an item is there it never suspends: a loop over items that have come already is a loop without
 * a coroutine, a future or a turn of the event loop.
 */

typedef struct
{
  PyObject_HEAD
  PyObject *iterator;   /* NULL once it was awaited */
  PyObject *waiting;    /* the coroutine that waits where nothing is there, or NULL */
} AiotPyAnext;

static PyTypeObject *anext_type;

static PySendResult
anext_wait (AiotPyAnext  *self,
            PyObject     *sent,
            PyObject    **result)
{
  PyObject *waiting = Py_NewRef (self->waiting);
  PySendResult sent_result = PyIter_Send (waiting, sent, result);

  if (sent_result != PYGEN_NEXT)
    Py_CLEAR (self->waiting);
  Py_DECREF (waiting);
  return sent_result;
}

static PySendResult
anext_send_value (PyObject  *object,
                  PyObject  *sent,
                  PyObject **result)
{
  AiotPyAnext *self = (AiotPyAnext *) object;
  PyObject *iterator;

  *result = NULL;
  if (self->waiting != NULL)
    return anext_wait (self, sent, result);
  if (self->iterator == NULL)
    {
      PyErr_SetString (PyExc_RuntimeError, "what __anext__ () returned was awaited already");
      return PYGEN_ERROR;
    }

  iterator = g_steal_pointer (&self->iterator);
  *result = aiotpy_iterator_take (iterator, &self->waiting);
  Py_DECREF (iterator);
  if (self->waiting != NULL)
    return anext_wait (self, sent, result);
  return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
}

/* As coroutines do it: whatever the value is, a tuple or an exception as well. Takes the value. */
static PyObject *
stop_with (PyObject *value)
{
  PyObject *stop = PyObject_CallOneArg (PyExc_StopIteration, value);

  Py_DECREF (value);
  if (stop != NULL)
    PyErr_SetObject (PyExc_StopIteration, stop);
  Py_XDECREF (stop);
  return NULL;
}

static PyObject *
anext_send (PyObject *object,
            PyObject *sent)
{
  PyObject *result;

  return anext_send_value (object, sent, &result) == PYGEN_RETURN ? stop_with (result) : result;
}

static PyObject *
anext_next (PyObject *object)
{
  return anext_send (object, Py_None);
}

/* throw (exception), or throw (type, exception, traceback) */
static PyObject *
anext_throw (PyObject *object,
             PyObject *arguments)
{
  AiotPyAnext *self = (AiotPyAnext *) object;
  PyObject *type, *value = NULL, *traceback = NULL;
  PyObject *throw, *result;

  if (!PyArg_UnpackTuple (arguments, "throw", 1, 3, &type, &value, &traceback))
    return NULL;

  if (self->waiting != NULL)
    {
      throw = PyObject_GetAttrString (self->waiting, "throw");
      result = throw != NULL ? PyObject_CallObject (throw, arguments) : NULL;
      Py_XDECREF (throw);
      return result;
    }

  Py_CLEAR (self->iterator);
  if (PyExceptionInstance_Check (type))
    PyErr_SetObject ((PyObject *) Py_TYPE (type), type);
  else
    PyErr_SetObject (type, value);
  return NULL;
}

static PyObject *
anext_close (PyObject *object,
             PyObject *nothing)
{
  AiotPyAnext *self = (AiotPyAnext *) object;

  Py_CLEAR (self->iterator);
  if (self->waiting != NULL)
    return PyObject_CallMethod (self->waiting, "close", NULL);

  Py_RETURN_NONE;
}

static int
anext_clear (PyObject *object)
{
  Py_CLEAR (((AiotPyAnext *) object)->iterator);
  Py_CLEAR (((AiotPyAnext *) object)->waiting);
  return 0;
}

static int
anext_traverse (PyObject *object,
                visitproc visit,
                void     *arg)
{
  Py_VISIT (Py_TYPE (object));
  Py_VISIT (((AiotPyAnext *) object)->iterator);
  Py_VISIT (((AiotPyAnext *) object)->waiting);
  return 0;
}

static void
anext_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  anext_clear (object);
  PyObject_GC_Del (object);
  Py_DECREF (type);
}

static PyMethodDef anext_methods[] = {
  { "send", anext_send, METH_O, NULL },
  { "throw", anext_throw, METH_VARARGS, NULL },
  { "close", anext_close, METH_NOARGS, NULL },
  { NULL }
};

static PyType_Slot anext_slots[] = {
  { Py_tp_dealloc, anext_dealloc },
  { Py_tp_traverse, anext_traverse },
  { Py_tp_clear, anext_clear },
  { Py_tp_iter, PyObject_SelfIter },
  { Py_tp_iternext, anext_next },
  { Py_tp_methods, anext_methods },
  { Py_am_await, PyObject_SelfIter },
  { Py_am_send, anext_send_value },
  { 0 }
};

static PyType_Spec anext_spec = {
  .name = "_gi_aiothreads.Anext",
  .basicsize = sizeof (AiotPyAnext),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = anext_slots,
};

gboolean
aiotpy_anext_setup (PyObject *module)
{
  anext_type = (PyTypeObject *) PyType_FromSpec (&anext_spec);
  return anext_type != NULL;
}

PyObject *
aiotpy_anext_new (PyObject *iterator)
{
  AiotPyAnext *self = PyObject_GC_New (AiotPyAnext, anext_type);

  if (self == NULL)
    return NULL;

  self->iterator = Py_NewRef (iterator);
  self->waiting = NULL;
  PyObject_GC_Track (self);
  return (PyObject *) self;
}
