/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/* Where the results of calls arrive: a main context that somebody else iterates, or one of its own for an event loop that is none. */

PyTypeObject *aiotpy_home_type;

static PyObject *
home_new (PyTypeObject *type,
          PyObject     *arguments,
          PyObject     *keywords)
{
  PyObject *main_context = Py_None;
  PyObject *loop = NULL;
  AiotPyHome *self;

  if (!PyArg_ParseTuple (arguments, "|OO", &main_context, &loop))
    return NULL;
  if (main_context != Py_None && !pyg_boxed_check (main_context, G_TYPE_MAIN_CONTEXT))
    return PyErr_Format (PyExc_TypeError, "a GLib.MainContext is needed, not %R", main_context);

  self = (AiotPyHome *) type->tp_alloc (type, 0);
  if (self == NULL)
    return NULL;

  aiotpy_gathering_init (&self->gathering);
  self->is_own = main_context == Py_None;
  self->loop = Py_XNewRef (loop);
  if (self->is_own)
    {
      /* Event loops may run in one thread after another. */
      self->main_context = g_main_context_new ();
      aiot_main_context_outlive_threads (self->main_context);
    }
  else
    {
      self->main_context = g_main_context_ref (pyg_boxed_get (main_context, GMainContext));
    }
  return (PyObject *) self;
}

/* C says nothing of what was in flight for a main context that was abandoned. One that others go on to iterate calls back. */
static void
home_end (AiotPyHome *self)
{
  if (!self->is_own)
    return;

  aiot_main_context_abandon_quietly (self->main_context);
  while (self->operations != NULL)
    aiotpy_operation_forget (self->operations);
}

static int
home_clear (PyObject *object)
{
  home_end ((AiotPyHome *) object);
  Py_CLEAR (((AiotPyHome *) object)->loop);
  Py_CLEAR (((AiotPyHome *) object)->interruption);
  return 0;
}

/* Where others iterate the main context, C has what is in flight, and calls back whoever has gone. */
static int
home_traverse (PyObject *object,
               visitproc visit,
               void     *arg)
{
  AiotPyHome *self = (AiotPyHome *) object;
  AiotPyOperation *operation;

  Py_VISIT (Py_TYPE (object));
  Py_VISIT (self->loop);
  Py_VISIT (self->interruption);
  for (operation = self->is_own ? self->operations : NULL; operation != NULL; operation = operation->next)
    Py_VISIT (operation);
  return 0;
}

/* What is in flight has a reference to its home, so nothing is. */
static void
home_dealloc (PyObject *object)
{
  AiotPyHome *self = (AiotPyHome *) object;
  PyTypeObject *type = Py_TYPE (self);

  PyObject_GC_UnTrack (self);
  home_clear (object);
  g_clear_pointer (&self->main_context, g_main_context_unref);
  aiotpy_gathering_clear (&self->gathering);
  type->tp_free (self);
  Py_DECREF (type);
}

/* In a forked child C refuses everything, but wakes nobody to tell so. */
static void
pump_soon (AiotPyHome *self)
{
  PyObject *pump, *handle;

  if (!self->is_own || self->loop == NULL)
    return;

  pump = PyObject_GetAttrString ((PyObject *) self, "pump");
  handle = PyObject_CallMethod (self->loop, "call_soon", "O", pump);
  if (handle == NULL)
    PyErr_WriteUnraisable (self->loop);
  Py_XDECREF (handle);
  Py_DECREF (pump);
}

/* What is started until home is left again comes back to it. */
gboolean
aiotpy_home_enter (AiotPyHome *self)
{
  GMainContext *current = g_main_context_get_thread_default ();

  if (self->main_context == (current != NULL ? current : g_main_context_default ()))
    return FALSE;

  g_main_context_push_thread_default (self->main_context);
  return TRUE;
}

void
aiotpy_home_leave (AiotPyHome *self,
                   gboolean    has_entered)
{
  if (has_entered)
    g_main_context_pop_thread_default (self->main_context);
  if (aiotpy_is_forked ())
    pump_soon (self);
}

/* An exception that ends an event loop, such as that of Ctrl-C, goes to the loop. FALSE where it stays set. */
gboolean
aiotpy_home_interrupt (AiotPyHome *self)
{
  if (!self->is_pumped || self->interruption != NULL ||
      !(PyErr_ExceptionMatches (PyExc_KeyboardInterrupt) || PyErr_ExceptionMatches (PyExc_SystemExit)))
    return FALSE;

  self->interruption = aiotpy_take_exception ();
  return TRUE;
}

static PyObject *
home_call (PyObject        *self,
           PyObject *const *arguments,
           Py_ssize_t       n_arguments)
{
  return aiotpy_home_call ((AiotPyHome *) self, arguments, n_arguments);
}

static PyObject *
home_receive (PyObject        *self,
              PyObject *const *arguments,
              Py_ssize_t       n_arguments)
{
  return aiotpy_home_receive ((AiotPyHome *) self, arguments, n_arguments);
}

static PyObject *
home_send (PyObject        *self,
           PyObject *const *arguments,
           Py_ssize_t       n_arguments)
{
  return aiotpy_home_send ((AiotPyHome *) self, arguments, n_arguments);
}

/* The lock is kept, but while many calls are about to return. It tells for as long as the budget allows; the descriptor can be read until all is told. */
static PyObject *
home_pump (PyObject *object,
           PyObject *nothing)
{
  AiotPyHome *self = (AiotPyHome *) Py_NewRef (object);
  PyObject *interruption;

  if (self->loop != NULL)
    aiotpy_gathering_wait (&self->gathering);
  self->is_pumped = TRUE;
  if (self->main_context != NULL)
    g_main_context_iteration (self->main_context, FALSE);
  self->is_pumped = FALSE;
  interruption = g_steal_pointer (&self->interruption);
  Py_DECREF (self);
  if (interruption == NULL)
    Py_RETURN_NONE;

  PyErr_SetObject ((PyObject *) Py_TYPE (interruption), interruption);
  Py_DECREF (interruption);
  return NULL;
}

static PyObject *
home_abandon (PyObject *object,
              PyObject *nothing)
{
  AiotPyHome *self = (AiotPyHome *) object;

  Py_INCREF (self);
  home_end (self);
  Py_DECREF (self);
  Py_RETURN_NONE;
}

static PyObject *
home_list_operations (PyObject *object,
                      PyObject *nothing)
{
  PyObject *list = PyList_New (0);
  AiotPyOperation *operation;

  for (operation = ((AiotPyHome *) object)->operations; list != NULL && operation != NULL; operation = operation->next)
    if (PyList_Append (list, (PyObject *) operation) != 0)
      Py_CLEAR (list);
  return list;
}

static PyObject *
home_get_fd (PyObject *object,
             void     *nothing)
{
  GError *error = NULL;
  int fd = aiot_main_context_get_fd (((AiotPyHome *) object)->main_context, &error);

  if (error == NULL)
    return PyLong_FromLong (fd);

  aiotpy_raise (error);
  return NULL;
}

static PyObject *
home_get_timeout (PyObject *object,
                  void     *nothing)
{
  return PyLong_FromLong (aiot_main_context_get_timeout (((AiotPyHome *) object)->main_context));
}

static PyObject *
home_get_main_context (PyObject *object,
                       void     *nothing)
{
  return pyg_boxed_new (G_TYPE_MAIN_CONTEXT, ((AiotPyHome *) object)->main_context, TRUE, TRUE);
}

static PyMethodDef home_methods[] = {
  { "call", (PyCFunction) (void (*) (void)) home_call, METH_FASTCALL,
    "Calls a function in a thread: call (runner, function, arguments, keywords, context, on_done)." },
  { "receive", (PyCFunction) (void (*) (void)) home_receive, METH_FASTCALL,
    "Waits for an item of a channel: receive (channel, timeout_ms, on_done)." },
  { "send", (PyCFunction) (void (*) (void)) home_send, METH_FASTCALL,
    "Waits until an item is in a channel: send (channel, item, on_done)." },
  { "pump", home_pump, METH_NOARGS, "Does what there is to do, without waiting." },
  { "abandon", home_abandon, METH_NOARGS, "Says that nobody will iterate it any more." },
  { "list_operations", home_list_operations, METH_NOARGS, "What is in flight." },
  { NULL }
};

static PyGetSetDef home_properties[] = {
  { "fd", home_get_fd, NULL, "A descriptor that can be read while there is something to do." },
  { "timeout", home_get_timeout, NULL, "Milliseconds until there will be, or -1." },
  { "main_context", home_get_main_context, NULL, "Its main context." },
  { NULL }
};

static PyType_Slot home_slots[] = {
  { Py_tp_new, home_new },
  { Py_tp_dealloc, home_dealloc },
  { Py_tp_traverse, home_traverse },
  { Py_tp_clear, home_clear },
  { Py_tp_methods, home_methods },
  { Py_tp_getset, home_properties },
  { 0 }
};

static PyType_Spec home_spec = {
  .name = "_gi_aiothreads.Home",
  .basicsize = sizeof (AiotPyHome),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
  .slots = home_slots,
};

gboolean
aiotpy_home_setup (PyObject *module)
{
  aiotpy_home_type = (PyTypeObject *) PyType_FromSpec (&home_spec);
  return aiotpy_home_type != NULL && PyModule_AddType (module, aiotpy_home_type) == 0;
}
