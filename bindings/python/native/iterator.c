/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/*
 * The consumer's side of an iteration. __anext__ takes what is there without a turn of the event loop; the rest is for the class that
 * is made of it in Python: _wait_next () where nothing is there, _ended () where nothing will be.
 */

typedef struct _AiotPyIterator AiotPyIterator;

struct _AiotPyIterator
{
  PyObject_HEAD
  AiotIterator *iterator;     /* NULL until it begins */
  AiotChannel *channel;       /* in place of it */
  AiotPyBody *body;           /* NULL where it is not one of Python */
  PyObject *stash;            /* items that were taken for somebody who went, or NULL */
  AiotPyIterator *next;       /* of all that have begun, for the end of the program */
  AiotPyIterator *previous;
};

static AiotPyIterator *iterators;
static PyObject *end_mark;
static PyObject *wait_next_name;
static PyObject *ended_name;

static void
iterator_link (AiotPyIterator *self)
{
  self->next = iterators;
  if (self->next != NULL)
    self->next->previous = self;
  iterators = self;
}

static void
iterator_unlink (AiotPyIterator *self)
{
  if (self->previous != NULL)
    self->previous->next = self->next;
  else if (iterators == self)
    iterators = self->next;
  if (self->next != NULL)
    self->next->previous = self->previous;
  self->next = self->previous = NULL;
}

/* list_iterators (): all that have begun, which are closed at the end of the program */
PyObject *
aiotpy_list_iterators (PyObject *module,
                       PyObject *nothing)
{
  PyObject *list = PyList_New (0);
  AiotPyIterator *self;

  /* One that is being freed is there until its attributes are, which may ask for this list. */
  for (self = iterators; list != NULL && self != NULL; self = self->next)
    if (Py_REFCNT (self) > 0 && PyList_Append (list, (PyObject *) self) != 0)
      Py_CLEAR (list);
  return list;
}

static int
iterator_clear (PyObject *object)
{
  Py_CLEAR (((AiotPyIterator *) object)->stash);
  Py_CLEAR (((AiotPyIterator *) object)->body);
  return 0;
}

static int
iterator_traverse (PyObject *object,
                   visitproc visit,
                   void     *arg)
{
  Py_VISIT (Py_TYPE (object));
  Py_VISIT (((AiotPyIterator *) object)->stash);
  Py_VISIT (((AiotPyIterator *) object)->body);
  return 0;
}

/* Whoever drops it wants no more items. */
static void
iterator_dealloc (PyObject *object)
{
  AiotPyIterator *self = (AiotPyIterator *) object;
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  iterator_unlink (self);
  if (self->iterator != NULL)
    aiot_iterator_close (self->iterator);
  g_clear_object (&self->iterator);
  g_clear_object (&self->channel);
  iterator_clear (object);
  type->tp_free (object);
  Py_DECREF (type);
}

/* _begin (home, source, context, capacity, executor, name, through) */
static PyObject *
iterator_begin (PyObject *object,
                PyObject *arguments)
{
  g_autoptr (AiotThreadedIterable) iterable = NULL;
  AiotPyIterator *self = (AiotPyIterator *) object;
  PyObject *source, *context, *executor, *name, *through;
  AiotPyHome *home;
  int capacity;
  gboolean has_entered;

  if (!PyArg_ParseTuple (arguments, "O!OOiOUO", aiotpy_home_type, &home, &source, &context, &capacity, &executor, &name,
                         &through))
    return NULL;
  if (executor != Py_None && aiotpy_get_gobject (executor, AIOT_TYPE_EXECUTOR) == NULL)
    return NULL;

  self->body = aiotpy_body_new (source, context, home->loop, name, through);
  if (self->body == NULL)
    return NULL;

  has_entered = aiotpy_home_enter (home);
  iterable = aiot_threaded_iterable_new (aiotpy_body_run, Py_NewRef (self->body), aiotpy_body_destroy);
  aiot_threaded_iterable_set_name (iterable, PyUnicode_AsUTF8 (name));
  aiot_threaded_iterable_set_capacity (iterable, capacity);
  if (executor != Py_None)
    aiot_threaded_iterable_set_executor (iterable, AIOT_EXECUTOR (pygobject_get (executor)));
  self->iterator = AIOT_ITERATOR (aiot_threaded_iterable_iterate (iterable, NULL, NULL));
  iterator_link (self);
  aiotpy_home_leave (home, has_entered);
  Py_RETURN_NONE;
}

/* _adopt (iterator): one that C made */
static PyObject *
iterator_adopt (PyObject *object,
                PyObject *iterator)
{
  AiotPyIterator *self = (AiotPyIterator *) object;
  GObject *gobject = aiotpy_get_gobject (iterator, AIOT_TYPE_ITERATOR);

  if (gobject == NULL)
    return NULL;

  self->iterator = AIOT_ITERATOR (g_object_ref (gobject));
  iterator_link (self);
  Py_RETURN_NONE;
}

/* _adopt_channel (channel): one whose items it shares with others */
static PyObject *
iterator_adopt_channel (PyObject *object,
                        PyObject *channel)
{
  GObject *gobject = aiotpy_get_gobject (channel, AIOT_TYPE_CHANNEL);

  if (gobject == NULL)
    return NULL;

  ((AiotPyIterator *) object)->channel = AIOT_CHANNEL (g_object_ref (gobject));
  Py_RETURN_NONE;
}

/* Takes the error. What a body raised is told once. */
static PyObject *
iterator_exception_of (AiotPyIterator *self,
                       GError         *error)
{
  if (self->body == NULL || self->body->error == NULL || !g_error_matches (error, AIOT_ERROR, AIOT_ERROR_FAILED))
    return aiotpy_exception_of (error);

  g_error_free (error);
  return g_steal_pointer (&self->body->error);
}

static PyObject *
iterator_tell_end (AiotPyIterator *self,
                   GError         *error)
{
  PyObject *exception = error != NULL ? iterator_exception_of (self, error) : Py_NewRef (Py_None);
  PyObject *answer = PyObject_CallMethodOneArg ((PyObject *) self, ended_name, exception);

  Py_DECREF (exception);
  return answer;
}

static PyObject *
stash_pop (AiotPyIterator *self)
{
  PyObject *item = Py_NewRef (PyList_GET_ITEM (self->stash, 0));

  if (PyList_GET_SIZE (self->stash) == 1)
    Py_CLEAR (self->stash);
  else
    PyList_SetSlice (self->stash, 0, 1, NULL);
  return item;
}

static gboolean
try_next (AiotPyIterator  *self,
          GValue          *value,
          GError         **error)
{
  if (self->channel != NULL)
    return aiot_channel_try_receive (self->channel, value, error);

  return aiot_iterator_try_next (self->iterator, value, error);
}

/* An item that is there; or NULL with what waits for one, or tells that nothing will be; or NULL with an exception. */
PyObject *
aiotpy_iterator_take (PyObject  *object,
                      PyObject **waiting)
{
  AiotPyIterator *self = (AiotPyIterator *) object;
  GValue value = G_VALUE_INIT;
  GError *error = NULL;
  PyObject *item;

  if (self->stash != NULL)
    return stash_pop (self);
  if (self->iterator == NULL && self->channel == NULL)
    {
      *waiting = PyObject_CallMethodNoArgs (object, wait_next_name);
      return NULL;
    }
  if (!try_next (self, &value, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          *waiting = iterator_tell_end (self, error);
          return NULL;
        }
      g_error_free (error);
      *waiting = PyObject_CallMethodNoArgs (object, wait_next_name);
      return NULL;
    }

  item = aiotpy_value_get_object (&value);
  g_value_unset (&value);
  return item;
}

/* --- Waiting ------------------------------------------------------------------- */

/* _operation's data while it waits: both are held by it. */
static AiotPyIterator *
waiting_iterator (AiotPyOperation *operation)
{
  return (AiotPyIterator *) operation->function;
}

static AiotPyOperation *
iterator_start (AiotPyIterator *self,
                PyObject       *home,
                PyObject       *on_done)
{
  AiotPyOperation *operation;

  if (!PyObject_TypeCheck (home, aiotpy_home_type))
    {
      PyErr_SetString (PyExc_TypeError, "a home is needed");
      return NULL;
    }

  operation = aiotpy_operation_new ((AiotPyHome *) home, on_done);
  if (operation != NULL)
    operation->function = Py_NewRef (self);
  return operation;
}

static void
next_ready_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      callback_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  AiotPyOperation *operation = callback_data;
  GError *error = NULL;
  const GValue *value = aiot_iterator_next_finish (AIOT_ITERATOR (source_object), result, &error);

  if (error != NULL)
    aiotpy_operation_end (operation, NULL, iterator_exception_of (waiting_iterator (operation), error));
  else
    aiotpy_operation_end (operation, value != NULL ? aiotpy_value_get_object (value) : Py_NewRef (end_mark), NULL);
  PyGILState_Release (state);
}

/* The arguments are a home and on_done. */
static PyObject *
iterator_start_with (AiotPyIterator      *self,
                     PyObject *const     *arguments,
                     Py_ssize_t           n_arguments,
                     void               (*start) (AiotIterator        *iterator,
                                                  GCancellable        *cancellable,
                                                  GAsyncReadyCallback  callback,
                                                  gpointer             callback_data),
                     GAsyncReadyCallback  ready_cb)
{
  AiotPyOperation *operation;
  gboolean has_entered;

  if (n_arguments != 2)
    return PyErr_Format (PyExc_TypeError, "a home and a function are needed");

  operation = iterator_start (self, arguments[0], arguments[1]);
  if (operation == NULL)
    return NULL;

  has_entered = aiotpy_home_enter ((AiotPyHome *) arguments[0]);
  start (self->iterator, operation->cancellable, ready_cb, operation);
  aiotpy_home_leave ((AiotPyHome *) arguments[0], has_entered);
  return (PyObject *) operation;
}

/* _next (home, on_done) */
static PyObject *
iterator_next (PyObject        *object,
               PyObject *const *arguments,
               Py_ssize_t       n_arguments)
{
  return iterator_start_with ((AiotPyIterator *) object, arguments, n_arguments, aiot_iterator_next_async, next_ready_cb);
}

static PyObject *
list_of_batch (AiotBatch *batch)
{
  guint i, n = batch != NULL ? aiot_batch_get_length (batch) : 0;
  PyObject *list = PyList_New (n);

  for (i = 0; list != NULL && i < n; i++)
    PyList_SET_ITEM (list, i, aiotpy_value_get_object (aiot_batch_get_item (batch, i)));
  return list;
}

static void
next_many_ready_cb (GObject      *source_object,
                    GAsyncResult *result,
                    gpointer      callback_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  AiotPyOperation *operation = callback_data;
  GError *error = NULL;
  g_autoptr (AiotBatch) batch = aiot_iterator_next_many_finish (AIOT_ITERATOR (source_object), result, &error);

  if (error != NULL)
    aiotpy_operation_end (operation, NULL, iterator_exception_of (waiting_iterator (operation), error));
  else
    aiotpy_operation_end (operation, list_of_batch (batch), NULL);
  PyGILState_Release (state);
}

/* _next_many (home, on_done, min, max): a list, which is empty at the end */
static PyObject *
iterator_next_many (PyObject *object,
                    PyObject *arguments)
{
  AiotPyIterator *self = (AiotPyIterator *) object;
  PyObject *home, *on_done;
  AiotPyOperation *operation;
  guint min, max;
  gboolean has_entered;

  if (!PyArg_ParseTuple (arguments, "OOII", &home, &on_done, &min, &max))
    return NULL;

  operation = iterator_start (self, home, on_done);
  if (operation == NULL)
    return NULL;

  has_entered = aiotpy_home_enter ((AiotPyHome *) home);
  aiot_iterator_next_many_async (self->iterator, min, max, operation->cancellable, next_many_ready_cb, operation);
  aiotpy_home_leave ((AiotPyHome *) home, has_entered);
  return (PyObject *) operation;
}

static void
closed_ready_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      callback_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  GError *error = NULL;

  if (aiot_iterator_close_finish (AIOT_ITERATOR (source_object), result, &error))
    aiotpy_operation_end (callback_data, Py_NewRef (Py_None), NULL);
  else
    aiotpy_operation_end (callback_data, NULL, aiotpy_exception_of (error));
  PyGILState_Release (state);
}

/* _wait_closed (home, on_done) */
static PyObject *
iterator_wait_closed (PyObject        *object,
                      PyObject *const *arguments,
                      Py_ssize_t       n_arguments)
{
  return iterator_start_with ((AiotPyIterator *) object, arguments, n_arguments, aiot_iterator_close_async, closed_ready_cb);
}

/* --- The rest ------------------------------------------------------------------- */

/* _put_back (items): those that were taken for somebody who went, in their order */
static PyObject *
iterator_put_back (PyObject *object,
                   PyObject *items)
{
  AiotPyIterator *self = (AiotPyIterator *) object;
  PyObject *list = PySequence_List (items);

  if (list == NULL)
    return NULL;
  if (self->stash != NULL && PyList_SetSlice (list, PyList_GET_SIZE (list), PyList_GET_SIZE (list), self->stash) != 0)
    {
      Py_DECREF (list);
      return NULL;
    }
  if (PyList_GET_SIZE (list) == 0)
    Py_CLEAR (list);
  Py_XSETREF (self->stash, list);
  Py_RETURN_NONE;
}

/* _take_back (max): what was put back, if anything was */
static PyObject *
iterator_take_back (PyObject *object,
                    PyObject *max)
{
  AiotPyIterator *self = (AiotPyIterator *) object;
  Py_ssize_t n = PyLong_AsSsize_t (max);
  PyObject *items;

  if (n == -1 && PyErr_Occurred ())
    return NULL;
  if (self->stash == NULL)
    return PyList_New (0);

  items = PyList_GetSlice (self->stash, 0, n);
  PyList_SetSlice (self->stash, 0, n, NULL);
  if (PyList_GET_SIZE (self->stash) == 0)
    Py_CLEAR (self->stash);
  return items;
}

static PyObject *
iterator_close (PyObject *object,
                PyObject *nothing)
{
  AiotPyIterator *self = (AiotPyIterator *) object;

  Py_CLEAR (self->stash);
  g_clear_object (&self->channel);
  if (self->iterator != NULL)
    aiot_iterator_close (self->iterator);
  Py_RETURN_NONE;
}

static PyObject *
iterator_get_iterator (PyObject *object,
                       void     *nothing)
{
  AiotPyIterator *self = (AiotPyIterator *) object;

  return self->iterator != NULL ? pygobject_new (G_OBJECT (self->iterator)) : Py_NewRef (Py_None);
}

static PyMethodDef iterator_methods[] = {
  { "_begin", iterator_begin, METH_VARARGS, NULL },
  { "_adopt", iterator_adopt, METH_O, NULL },
  { "_adopt_channel", iterator_adopt_channel, METH_O, NULL },
  { "_next", (PyCFunction) (void (*) (void)) iterator_next, METH_FASTCALL, NULL },
  { "_next_many", iterator_next_many, METH_VARARGS, NULL },
  { "_wait_closed", (PyCFunction) (void (*) (void)) iterator_wait_closed, METH_FASTCALL, NULL },
  { "_put_back", iterator_put_back, METH_O, NULL },
  { "_take_back", iterator_take_back, METH_O, NULL },
  { "_close", iterator_close, METH_NOARGS, NULL },
  { NULL }
};

static PyGetSetDef iterator_properties[] = {
  { "iterator", iterator_get_iterator, NULL, "The AioThreads.Iterator that the items come from; None until it begins." },
  { NULL }
};

static PyType_Slot iterator_slots[] = {
  { Py_tp_dealloc, iterator_dealloc },
  { Py_tp_traverse, iterator_traverse },
  { Py_tp_clear, iterator_clear },
  { Py_tp_methods, iterator_methods },
  { Py_tp_getset, iterator_properties },
  { Py_am_anext, aiotpy_anext_new },
  { 0 }
};

static PyType_Spec iterator_spec = {
  .name = "_gi_aiothreads.Iterator",
  .basicsize = sizeof (AiotPyIterator),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
  .slots = iterator_slots,
};

gboolean
aiotpy_iterator_setup (PyObject *module)
{
  PyTypeObject *type = (PyTypeObject *) PyType_FromSpec (&iterator_spec);

  wait_next_name = PyUnicode_InternFromString ("_wait_next");
  ended_name = PyUnicode_InternFromString ("_ended");
  end_mark = PyObject_CallNoArgs ((PyObject *) &PyBaseObject_Type);
  return type != NULL && wait_next_name != NULL && ended_name != NULL && end_mark != NULL &&
         PyModule_AddType (module, type) == 0 && PyModule_AddObjectRef (module, "END", end_mark) == 0;
}
