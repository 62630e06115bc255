/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/* Channels: what can be done at once is done with the interpreter's lock held, and it is given away only to wait. */

static AiotChannel *
get_channel (PyObject *object)
{
  return (AiotChannel *) aiotpy_get_gobject (object, AIOT_TYPE_CHANNEL);
}

/* put (channel, item, cancellable or None): blocks while it is full */
static PyObject *
channel_put (PyObject        *module,
             PyObject *const *arguments,
             Py_ssize_t       n_arguments)
{
  g_autoptr (AiotChannel) channel = NULL;
  g_autoptr (GCancellable) cancellable = NULL;
  GValue value = G_VALUE_INIT;
  GError *error = NULL;
  AiotSent sent;

  if (n_arguments != 3)
    return PyErr_Format (PyExc_TypeError, "put () takes 3 arguments");
  channel = get_channel (arguments[0]);
  if (channel == NULL)
    return NULL;
  g_object_ref (channel);

  aiotpy_value_borrow (&value, arguments[1]);
  sent = aiot_channel_try_send (channel, &value, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      if (arguments[2] != Py_None)
        cancellable = G_CANCELLABLE (aiotpy_get_gobject (arguments[2], G_TYPE_CANCELLABLE));
      if (cancellable != NULL)
        g_object_ref (cancellable);
      Py_INCREF (arguments[1]);
      Py_BEGIN_ALLOW_THREADS
      sent = aiot_channel_send_take_boxed (channel, aiotpy_value_get_type (), arguments[1], cancellable, &error);
      Py_END_ALLOW_THREADS
    }
  if (error == NULL)
    return PyLong_FromLong (sent);

  aiotpy_raise (error);
  return NULL;
}

/* try_put (channel, item): what became of it, or 0 where there is no room */
static PyObject *
channel_try_put (PyObject        *module,
                 PyObject *const *arguments,
                 Py_ssize_t       n_arguments)
{
  AiotChannel *channel;
  GValue value = G_VALUE_INIT;
  GError *error = NULL;
  AiotSent sent;

  if (n_arguments != 2)
    return PyErr_Format (PyExc_TypeError, "try_put () takes 2 arguments");
  channel = get_channel (arguments[0]);
  if (channel == NULL)
    return NULL;

  aiotpy_value_borrow (&value, arguments[1]);
  sent = aiot_channel_try_send (channel, &value, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&error);
  if (error == NULL)
    return PyLong_FromLong (sent);

  aiotpy_raise (error);
  return NULL;
}

static PyObject *
take_value (GValue *value)
{
  PyObject *item = aiotpy_value_get_object (value);

  g_value_unset (value);
  return item;
}

/* try_get (channel, otherwise) */
static PyObject *
channel_try_get (PyObject        *module,
                 PyObject *const *arguments,
                 Py_ssize_t       n_arguments)
{
  AiotChannel *channel;
  GValue value = G_VALUE_INIT;
  GError *error = NULL;

  if (n_arguments != 2)
    return PyErr_Format (PyExc_TypeError, "try_get () takes 2 arguments");
  channel = get_channel (arguments[0]);
  if (channel == NULL)
    return NULL;

  if (aiot_channel_try_receive (channel, &value, &error))
    return take_value (&value);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (error);
      return Py_NewRef (arguments[1]);
    }

  aiotpy_raise (error);
  return NULL;
}

/* get_sync (channel, timeout_ms, cancellable or None) */
static PyObject *
channel_get_sync (PyObject *module,
                  PyObject *arguments)
{
  g_autoptr (AiotChannel) channel = NULL;
  g_autoptr (GCancellable) cancellable = NULL;
  PyObject *object, *cancellable_object;
  GValue value = G_VALUE_INIT;
  GError *error = NULL;
  gboolean succeeded;
  int timeout_ms;

  if (!PyArg_ParseTuple (arguments, "OiO", &object, &timeout_ms, &cancellable_object))
    return NULL;
  channel = get_channel (object);
  if (channel == NULL)
    return NULL;
  g_object_ref (channel);
  if (cancellable_object != Py_None)
    cancellable = G_CANCELLABLE (aiotpy_get_gobject (cancellable_object, G_TYPE_CANCELLABLE));
  if (cancellable != NULL)
    g_object_ref (cancellable);

  Py_BEGIN_ALLOW_THREADS
  succeeded = aiot_channel_receive_sync (channel, &value, timeout_ms, cancellable, &error);
  Py_END_ALLOW_THREADS
  if (succeeded)
    return take_value (&value);

  aiotpy_raise (error);
  return NULL;
}

/* put_back (channel, item) */
static PyObject *
channel_put_back (PyObject        *module,
                  PyObject *const *arguments,
                  Py_ssize_t       n_arguments)
{
  AiotChannel *channel;
  GValue value = G_VALUE_INIT;

  if (n_arguments != 2)
    return PyErr_Format (PyExc_TypeError, "put_back () takes 2 arguments");
  channel = get_channel (arguments[0]);
  if (channel == NULL)
    return NULL;

  aiotpy_value_borrow (&value, arguments[1]);
  aiot_channel_put_back (channel, &value);
  Py_RETURN_NONE;
}

/* --- Waiting at home -------------------------------------------------------------- */

static void
receive_ready_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      callback_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  GError *error = NULL;
  const GValue *value = aiot_channel_receive_finish (AIOT_CHANNEL (source_object), result, &error);

  if (value != NULL)
    aiotpy_operation_end (callback_data, aiotpy_value_get_object (value), NULL);
  else
    aiotpy_operation_end (callback_data, NULL, aiotpy_exception_of (error));
  PyGILState_Release (state);
}

PyObject *
aiotpy_home_receive (AiotPyHome      *self,
                     PyObject *const *arguments,
                     Py_ssize_t       n_arguments)
{
  AiotChannel *channel;
  AiotPyOperation *operation;
  gboolean has_entered;
  long timeout_ms;

  if (n_arguments != 3)
    return PyErr_Format (PyExc_TypeError, "receive () takes 3 arguments");
  channel = get_channel (arguments[0]);
  timeout_ms = PyLong_AsLong (arguments[1]);
  if (channel == NULL || PyErr_Occurred ())
    return NULL;

  operation = aiotpy_operation_new (self, arguments[2]);
  if (operation == NULL)
    return NULL;

  has_entered = aiotpy_home_enter (self);
  aiot_channel_receive_async (channel, timeout_ms, operation->cancellable, receive_ready_cb, operation);
  aiotpy_home_leave (self, has_entered);
  return (PyObject *) operation;
}

static void
send_ready_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      callback_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();
  GError *error = NULL;
  AiotSent sent = aiot_channel_send_finish (AIOT_CHANNEL (source_object), result, &error);

  if (error == NULL)
    aiotpy_operation_end (callback_data, PyLong_FromLong (sent), NULL);
  else
    aiotpy_operation_end (callback_data, NULL, aiotpy_exception_of (error));
  PyGILState_Release (state);
}

PyObject *
aiotpy_home_send (AiotPyHome      *self,
                  PyObject *const *arguments,
                  Py_ssize_t       n_arguments)
{
  AiotChannel *channel;
  AiotPyOperation *operation;
  GValue value = G_VALUE_INIT;
  gboolean has_entered;

  if (n_arguments != 3)
    return PyErr_Format (PyExc_TypeError, "send () takes 3 arguments");
  channel = get_channel (arguments[0]);
  if (channel == NULL)
    return NULL;

  operation = aiotpy_operation_new (self, arguments[2]);
  if (operation == NULL)
    return NULL;

  aiotpy_value_borrow (&value, arguments[1]);
  has_entered = aiotpy_home_enter (self);
  aiot_channel_send_async (channel, &value, operation->cancellable, send_ready_cb, operation);
  aiotpy_home_leave (self, has_entered);
  return (PyObject *) operation;
}

PyMethodDef aiotpy_channel_functions[] = {
  { "put", (PyCFunction) (void (*) (void)) channel_put, METH_FASTCALL, NULL },
  { "try_put", (PyCFunction) (void (*) (void)) channel_try_put, METH_FASTCALL, NULL },
  { "try_get", (PyCFunction) (void (*) (void)) channel_try_get, METH_FASTCALL, NULL },
  { "get_sync", channel_get_sync, METH_VARARGS, NULL },
  { "put_back", (PyCFunction) (void (*) (void)) channel_put_back, METH_FASTCALL, NULL },
  { NULL }
};
