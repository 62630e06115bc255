/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/*
 * From a thread back to an event loop. The thread waits in C; at home a Python function gets the bridge, starts something, and
 * finishes the bridge when that is done.
 *
 * References: the thread has one, and C has one until it drops its data. Fields are guarded by the interpreter's lock.
 */

typedef struct
{
  PyObject_HEAD
  PyObject *start;
  PyObject *on_cancel;                /* set by start */
  PyObject *result;
  PyObject *error;
  GAsyncReadyCallback callback;       /* until it is finished, and never before it was started */
  gpointer callback_data;
  GCancellable *cancellable;
  gulong cancelled_id;
} AiotPyBridge;

static PyTypeObject *bridge_type;

static void
bridge_destroy (gpointer user_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();

  Py_DECREF (user_data);
  PyGILState_Release (state);
}

static void
bridge_closure_destroy (gpointer  user_data,
                        GClosure *closure)
{
  bridge_destroy (user_data);
}

/* At home, or where that has gone on any thread. */
static void
bridge_cancelled_cb (GCancellable *cancellable,
                     gpointer      user_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  AiotPyBridge *self = user_data;
  PyObject *on_cancel = Py_XNewRef (self->on_cancel);
  PyObject *answer;

  if (on_cancel != NULL)
    {
      answer = PyObject_CallNoArgs (on_cancel);
      if (answer == NULL)
        PyErr_WriteUnraisable (on_cancel);
      Py_XDECREF (answer);
    }
  Py_XDECREF (on_cancel);
  PyGILState_Release (state);
}

static void
bridge_end (AiotPyBridge *self,
            PyObject     *result,
            PyObject     *error)
{
  GAsyncReadyCallback callback = g_steal_pointer (&self->callback);
  gpointer callback_data;

  if (callback == NULL)
    return;

  Py_XSETREF (self->result, Py_XNewRef (result));
  Py_XSETREF (self->error, Py_XNewRef (error));
  Py_CLEAR (self->on_cancel);
  g_clear_signal_handler (&self->cancelled_id, self->cancellable);
  g_clear_object (&self->cancellable);
  callback_data = g_steal_pointer (&self->callback_data);
  /* The thread that is woken finds the interpreter's lock free, and need not sleep again to wait for it. */
  Py_BEGIN_ALLOW_THREADS
  callback (NULL, NULL, callback_data);
  Py_END_ALLOW_THREADS
}

static void
bridge_start (GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             callback_data,
              gpointer             user_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  AiotPyBridge *self = (AiotPyBridge *) Py_NewRef (user_data);
  PyObject *answer, *error;

  self->callback = callback;
  self->callback_data = callback_data;
  self->cancellable = g_object_ref (cancellable);
  self->cancelled_id = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (bridge_cancelled_cb),
                                              Py_NewRef (self), bridge_closure_destroy, 0);
  answer = PyObject_CallOneArg (self->start, (PyObject *) self);
  if (answer == NULL)
    {
      error = aiotpy_take_exception ();
      bridge_end (self, NULL, error);
      Py_DECREF (error);
    }
  Py_XDECREF (answer);
  Py_DECREF (self);
  PyGILState_Release (state);
}

static gboolean
bridge_finish (GObject       *source_object,
               GAsyncResult  *result,
               gpointer       user_data,
               GValue        *value,
               GError       **error)
{
  AiotPyBridge *self = user_data;

  if (self->error == NULL)
    return TRUE;

  g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_FAILED, "The operation raised an exception");
  return FALSE;
}

/* finish (result, error): once; what comes later does nothing */
static PyObject *
bridge_finish_method (PyObject *object,
                      PyObject *arguments)
{
  PyObject *result, *error;

  if (!PyArg_ParseTuple (arguments, "OO", &result, &error))
    return NULL;

  Py_INCREF (object);
  bridge_end ((AiotPyBridge *) object, result, error != Py_None ? error : NULL);
  Py_DECREF (object);
  Py_RETURN_NONE;
}

static int
bridge_set_on_cancel (PyObject *object,
                      PyObject *on_cancel,
                      void     *nothing)
{
  Py_XSETREF (((AiotPyBridge *) object)->on_cancel, Py_XNewRef (on_cancel));
  return 0;
}

static int
bridge_clear (PyObject *object)
{
  AiotPyBridge *self = (AiotPyBridge *) object;

  Py_CLEAR (self->start);
  Py_CLEAR (self->on_cancel);
  Py_CLEAR (self->result);
  Py_CLEAR (self->error);
  return 0;
}

static int
bridge_traverse (PyObject *object,
                 visitproc visit,
                 void     *arg)
{
  AiotPyBridge *self = (AiotPyBridge *) object;

  Py_VISIT (Py_TYPE (self));
  Py_VISIT (self->start);
  Py_VISIT (self->on_cancel);
  Py_VISIT (self->result);
  Py_VISIT (self->error);
  return 0;
}

static void
bridge_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  bridge_clear (object);
  g_clear_object (&((AiotPyBridge *) object)->cancellable);
  PyObject_GC_Del (object);
  Py_DECREF (type);
}

static PyMethodDef bridge_methods[] = {
  { "finish", bridge_finish_method, METH_VARARGS, "Wakes the thread, with a result or an error." },
  { NULL }
};

static PyGetSetDef bridge_properties[] = {
  { "on_cancel", NULL, bridge_set_on_cancel, "What to call when the thread waits no more." },
  { NULL }
};

static PyType_Slot bridge_slots[] = {
  { Py_tp_dealloc, bridge_dealloc },
  { Py_tp_traverse, bridge_traverse },
  { Py_tp_clear, bridge_clear },
  { Py_tp_methods, bridge_methods },
  { Py_tp_getset, bridge_properties },
  { 0 }
};

static PyType_Spec bridge_spec = {
  .name = "_gi_aiothreads.Bridge",
  .basicsize = sizeof (AiotPyBridge),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = bridge_slots,
};

static AiotPyBridge *
bridge_new (PyObject *start)
{
  AiotPyBridge *self = PyObject_GC_New (AiotPyBridge, bridge_type);

  if (self == NULL)
    return NULL;

  memset ((char *) self + sizeof (PyObject), 0, sizeof (*self) - sizeof (PyObject));
  self->start = Py_NewRef (start);
  PyObject_GC_Track (self);
  return self;
}

static PyObject *
bridge_conclude (AiotPyBridge *self,
                 GError       *error)
{
  if (error == NULL)
    return Py_NewRef (self->result);

  if (self->error == NULL || !g_error_matches (error, AIOT_ERROR, AIOT_ERROR_FAILED))
    {
      aiotpy_raise (error);
      return NULL;
    }

  g_error_free (error);
  PyErr_SetObject ((PyObject *) Py_TYPE (self->error), self->error);
  return NULL;
}

/* sync_await (home, start, timeout_ms, cancellable or None) */
static PyObject *
sync_await (PyObject *module,
            PyObject *arguments)
{
  g_autoptr (GMainContext) main_context = NULL;
  g_autoptr (GCancellable) cancellable = NULL;
  PyObject *start, *cancellable_object, *result;
  GValue value = G_VALUE_INIT;
  GError *error = NULL;
  AiotPyBridge *self;
  AiotPyHome *home;
  int timeout_ms;

  if (!PyArg_ParseTuple (arguments, "O!OiO", aiotpy_home_type, &home, &start, &timeout_ms, &cancellable_object))
    return NULL;
  if (cancellable_object != Py_None)
    cancellable = G_CANCELLABLE (aiotpy_get_gobject (cancellable_object, G_TYPE_CANCELLABLE));
  if (PyErr_Occurred ())
    return NULL;
  if (cancellable != NULL)
    g_object_ref (cancellable);

  self = bridge_new (start);
  if (self == NULL)
    return NULL;

  main_context = g_main_context_ref (home->main_context);
  Py_INCREF (self);
  Py_BEGIN_ALLOW_THREADS
  aiot_sync_await_in (main_context, bridge_start, bridge_finish, self, bridge_destroy, timeout_ms, cancellable, &value, &error);
  Py_END_ALLOW_THREADS
  result = bridge_conclude (self, error);
  Py_DECREF (self);
  return result;
}

static PyMethodDef bridge_functions[] = {
  { "sync_await", sync_await, METH_VARARGS, NULL },
  { NULL }
};

gboolean
aiotpy_bridge_setup (PyObject *module)
{
  bridge_type = (PyTypeObject *) PyType_FromSpec (&bridge_spec);
  return bridge_type != NULL && PyModule_AddFunctions (module, bridge_functions) == 0;
}
