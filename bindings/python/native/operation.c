/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/*
 * One thing that was started at a home. While it is in flight the home has a reference, because the functions of GIO say nothing of
 * their data where nobody is called back any more: a home that is abandoned drops them.
 */

static PyTypeObject *operation_type;

static void
operation_link (AiotPyOperation *self,
                AiotPyHome      *home)
{
  self->home = (AiotPyHome *) Py_NewRef (home);
  self->previous = NULL;
  self->next = home->operations;
  if (self->next != NULL)
    self->next->previous = self;
  home->operations = (AiotPyOperation *) Py_NewRef (self);
}

/* On any thread that has the interpreter's lock: nothing more is to be waited for. */
void
aiotpy_operation_returned (AiotPyOperation *self)
{
  if (self->home == NULL || !self->is_counted)
    return;

  self->is_counted = FALSE;
  aiotpy_gathering_call_returned (&self->home->gathering);
}

/* Drops the reference of its home. */
static void
operation_unlink (AiotPyOperation *self)
{
  AiotPyHome *home;

  aiotpy_operation_returned (self);
  home = g_steal_pointer (&self->home);
  if (home == NULL)
    return;

  if (self->previous != NULL)
    self->previous->next = self->next;
  else
    home->operations = self->next;
  if (self->next != NULL)
    self->next->previous = self->previous;
  self->next = self->previous = NULL;
  Py_DECREF (self);
  Py_DECREF (home);
}

static int
operation_clear (PyObject *object)
{
  AiotPyOperation *self = (AiotPyOperation *) object;

  Py_CLEAR (self->on_done);
  Py_CLEAR (self->function);
  Py_CLEAR (self->arguments);
  Py_CLEAR (self->keywords);
  Py_CLEAR (self->context);
  Py_CLEAR (self->loop);
  Py_CLEAR (self->result);
  Py_CLEAR (self->error);
  return 0;
}

static int
operation_traverse (PyObject *object,
                    visitproc visit,
                    void     *arg)
{
  AiotPyOperation *self = (AiotPyOperation *) object;

  Py_VISIT (Py_TYPE (self));
  Py_VISIT (self->home);
  Py_VISIT (self->on_done);
  Py_VISIT (self->function);
  Py_VISIT (self->arguments);
  Py_VISIT (self->keywords);
  Py_VISIT (self->context);
  Py_VISIT (self->loop);
  Py_VISIT (self->result);
  Py_VISIT (self->error);
  return 0;
}

static void
operation_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  operation_clear (object);
  g_clear_object (&((AiotPyOperation *) object)->cancellable);
  PyObject_GC_Del (object);
  Py_DECREF (type);
}

AiotPyOperation *
aiotpy_operation_new (AiotPyHome *home,
                      PyObject   *on_done)
{
  AiotPyOperation *self = PyObject_GC_New (AiotPyOperation, operation_type);

  if (self == NULL)
    return NULL;

  memset ((char *) self + sizeof (PyObject), 0, sizeof (*self) - sizeof (PyObject));
  self->cancellable = g_cancellable_new ();
  self->on_done = Py_NewRef (on_done);
  operation_link (self, home);
  PyObject_GC_Track (self);
  return self;
}

/* Takes the result and the error, one of which is NULL; tells who waits, once. */
void
aiotpy_operation_end (AiotPyOperation *self,
                      PyObject        *result,
                      PyObject        *error)
{
  PyObject *on_done = g_steal_pointer (&self->on_done);
  AiotPyHome *home = (AiotPyHome *) Py_XNewRef (self->home);
  PyObject *arguments[] = { result != NULL ? result : Py_None, error != NULL ? error : Py_None };
  PyObject *answer;

  Py_INCREF (self);
  operation_unlink (self);
  if (on_done != NULL && on_done != Py_None)
    {
      answer = PyObject_Vectorcall (on_done, arguments, G_N_ELEMENTS (arguments), NULL);
      if (answer == NULL && (home == NULL || !aiotpy_home_interrupt (home)))
        PyErr_WriteUnraisable (on_done);
      Py_XDECREF (answer);
    }
  Py_XDECREF (on_done);
  Py_XDECREF (result);
  Py_XDECREF (error);
  Py_XDECREF (home);
  operation_clear ((PyObject *) self);
  Py_DECREF (self);
}

/* Nobody is told how it ends, and C will not call back either. */
void
aiotpy_operation_forget (AiotPyOperation *self)
{
  Py_INCREF (self);
  operation_unlink (self);
  operation_clear ((PyObject *) self);
  Py_DECREF (self);
}

static PyObject *
operation_cancel (PyObject *object,
                  PyObject *nothing)
{
  g_autoptr (GCancellable) cancellable = g_object_ref (((AiotPyOperation *) object)->cancellable);

  /* The handlers of others may want the interpreter's lock. */
  Py_BEGIN_ALLOW_THREADS
  g_cancellable_cancel (cancellable);
  Py_END_ALLOW_THREADS
  Py_RETURN_NONE;
}

static PyObject *
operation_get_is_cancelled (PyObject *object,
                            void     *nothing)
{
  AiotPyOperation *self = (AiotPyOperation *) object;

  if (self->call != NULL && aiot_call_is_cancelled (self->call))
    Py_RETURN_TRUE;

  return PyBool_FromLong (g_cancellable_is_cancelled (self->cancellable));
}

static PyObject *
operation_get_canceller (PyObject *object,
                         void     *nothing)
{
  return pygobject_new (G_OBJECT (((AiotPyOperation *) object)->cancellable));
}

static PyObject *
operation_get_cancellable (PyObject *object,
                           void     *nothing)
{
  AiotPyOperation *self = (AiotPyOperation *) object;

  return pygobject_new (G_OBJECT (self->call != NULL ? aiot_call_get_cancellable (self->call) : self->cancellable));
}

static PyMethodDef operation_methods[] = {
  { "cancel", operation_cancel, METH_NOARGS, "Cancels it, from any thread." },
  { NULL }
};

static PyGetSetDef operation_properties[] = {
  { "is_cancelled", operation_get_is_cancelled, NULL, "Whether it was cancelled." },
  { "canceller", operation_get_canceller, NULL, "What whoever started it cancels it with." },
  { "cancellable", operation_get_cancellable, NULL, "What tells its function so." },
  { NULL }
};

static PyType_Slot operation_slots[] = {
  { Py_tp_dealloc, operation_dealloc },
  { Py_tp_traverse, operation_traverse },
  { Py_tp_clear, operation_clear },
  { Py_tp_methods, operation_methods },
  { Py_tp_getset, operation_properties },
  { 0 }
};

static PyType_Spec operation_spec = {
  .name = "_gi_aiothreads.Operation",
  .basicsize = sizeof (AiotPyOperation),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = operation_slots,
};

gboolean
aiotpy_operation_setup (PyObject *module)
{
  operation_type = (PyTypeObject *) PyType_FromSpec (&operation_spec);
  return operation_type != NULL;
}
