/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiotpy.h"

/*
 * The body of an iteration: goes through an iterable on a worker, in one go, so that there is no way between the languages for each
 * item. It keeps the interpreter's lock while there is room for its items.
 */

static PyTypeObject *body_type;

/* Those that run, each of which has a reference. They are changed with the interpreter's lock; the mutex is for whoever waits
 * without that. */
static GMutex bodies_mutex;
static GCond bodies_ended;
static GQueue bodies = G_QUEUE_INIT;

static void
add_body (AiotPyBody *self)
{
  g_mutex_lock (&bodies_mutex);
  g_queue_push_tail (&bodies, self);
  g_mutex_unlock (&bodies_mutex);
}

static void
remove_body (AiotPyBody *self)
{
  g_mutex_lock (&bodies_mutex);
  g_queue_remove (&bodies, self);
  g_cond_broadcast (&bodies_ended);
  g_mutex_unlock (&bodies_mutex);
}

/* None of them came along. */
void
aiotpy_body_forked (void)
{
  g_mutex_init (&bodies_mutex);
  g_cond_init (&bodies_ended);
  g_queue_init (&bodies);
}

static PyObject *
list_bodies (void)
{
  PyObject *list = PyList_New (0);
  GList *link;

  for (link = bodies.head; list != NULL && link != NULL; link = link->next)
    if (PyList_Append (list, ((AiotPyBody *) link->data)->name) != 0)
      Py_CLEAR (list);
  return list;
}

/* wait_for_bodies (seconds): the names of those that have not ended by then */
PyObject *
aiotpy_wait_for_bodies (PyObject *module,
                        PyObject *seconds)
{
  double timeout = PyFloat_AsDouble (seconds);
  gboolean has_time = TRUE;
  gint64 end;

  if (PyErr_Occurred ())
    return NULL;

  Py_BEGIN_ALLOW_THREADS
  end = g_get_monotonic_time () + (gint64) (timeout * G_TIME_SPAN_SECOND);
  g_mutex_lock (&bodies_mutex);
  while (bodies.length > 0 && has_time)
    has_time = g_cond_wait_until (&bodies_ended, &bodies_mutex, end);
  g_mutex_unlock (&bodies_mutex);
  Py_END_ALLOW_THREADS
  return list_bodies ();
}

/* FALSE when no more items are wanted. */
static gboolean
emit (AiotGenerator  *generator,
      PyObject       *item,
      GError        **error)
{
  g_autoptr (GError) full = NULL;
  GValue value = G_VALUE_INIT;
  gboolean succeeded;

  aiotpy_value_borrow (&value, item);
  if (aiot_generator_try_emit (generator, &value, &full))
    return TRUE;
  if (!g_error_matches (full, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_propagate_error (error, g_steal_pointer (&full));
      return FALSE;
    }

  Py_INCREF (item);
  Py_BEGIN_ALLOW_THREADS
  succeeded = aiot_generator_emit_take_boxed (generator, aiotpy_value_get_type (), item, error);
  Py_END_ALLOW_THREADS
  return succeeded;
}

/* A generator gets a GeneratorExit where it is, and cleans up. Others need not be told. */
static void
close_source (AiotPyBody *self,
              PyObject   *iterator)
{
  PyObject *close = PyObject_GetAttrString (iterator, "close");
  PyObject *answer = NULL;

  if (close == NULL || !PyGen_Check (iterator))
    {
      PyErr_Clear ();
      Py_XDECREF (close);
      return;
    }

  answer = PyObject_CallNoArgs (close);
  if (answer == NULL)
    aiotpy_report_exception (self->name);
  Py_XDECREF (answer);
  Py_DECREF (close);
}

static PyObject *
open_source (AiotPyBody *self)
{
  PyObject *iterable, *iterator;

  if (!PyCallable_Check (self->source) || PyIter_Check (self->source))
    return PyObject_GetIter (self->source);

  iterable = PyObject_CallNoArgs (self->source);
  if (iterable == NULL)
    return NULL;

  iterator = PyObject_GetIter (iterable);
  Py_DECREF (iterable);
  return iterator;
}

/* Ends with an exception set where the source raised one; with @error set where nobody wants more. */
static void
give_items (AiotPyBody     *self,
            AiotGenerator  *generator,
            GError        **error)
{
  PyObject *iterator = open_source (self);
  gboolean is_wanted = TRUE;
  PyObject *item;

  if (iterator == NULL)
    return;

  while (is_wanted && (item = PyIter_Next (iterator)) != NULL)
    {
      is_wanted = emit (generator, item, error);
      Py_DECREF (item);
    }
  if (!is_wanted)
    close_source (self, iterator);
  Py_DECREF (iterator);
}

/* _give (): goes through the items on the thread that it is called by */
static PyObject *
body_give (PyObject *object,
           PyObject *nothing)
{
  AiotPyBody *self = (AiotPyBody *) object;

  give_items (self, self->generator, &self->end);
  if (PyErr_Occurred ())
    return NULL;

  Py_RETURN_NONE;
}

static void
give_through (AiotPyBody  *self,
              GError     **error)
{
  PyObject *give = PyObject_GetAttrString ((PyObject *) self, "_give");
  PyObject *answer = give != NULL ? PyObject_CallOneArg (self->through, give) : NULL;

  Py_XDECREF (answer);
  Py_XDECREF (give);
  if (self->end != NULL)
    g_propagate_error (error, g_steal_pointer (&self->end));
}

static void
run (AiotPyBody     *self,
     AiotGenerator  *generator,
     GError        **error)
{
  self->generator = aiot_generator_ref (generator);
  if (aiotpy_enter_context (self->context, (PyObject *) self, self->loop))
    {
      if (self->through != Py_None)
        give_through (self, error);
      else
        give_items (self, generator, error);
      aiotpy_leave_context (self->context);
    }
  if (PyErr_Occurred ())
    {
      self->error = aiotpy_take_exception ();
      g_clear_error (error);
      g_set_error (error, AIOT_ERROR, AIOT_ERROR_FAILED, "%s", Py_TYPE (self->error)->tp_name);
    }
  g_clear_pointer (&self->generator, aiot_generator_unref);
}

gboolean
aiotpy_body_run (AiotGenerator  *generator,
                 gpointer        user_data,
                 GError        **error)
{
  PyGILState_STATE state = aiotpy_enter_worker ();
  AiotPyBody *self = (AiotPyBody *) Py_NewRef (user_data);
  g_autoptr (GError) own_error = NULL;

  add_body (self);
  run (self, generator, &own_error);
  remove_body (self);
  Py_DECREF (self);
  aiotpy_leave_worker (state);

  if (own_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

static void
clear_source (AiotPyBody *self)
{
  Py_CLEAR (self->source);
  Py_CLEAR (self->context);
  Py_CLEAR (self->loop);
  Py_CLEAR (self->through);
}

/* At home. It runs no more, and its context, which knows it, would keep it. */
void
aiotpy_body_destroy (gpointer user_data)
{
  PyGILState_STATE state = PyGILState_Ensure ();

  clear_source (user_data);
  Py_DECREF (user_data);
  PyGILState_Release (state);
}

static int
body_clear (PyObject *object)
{
  AiotPyBody *self = (AiotPyBody *) object;

  clear_source (self);
  Py_CLEAR (self->name);
  Py_CLEAR (self->error);
  return 0;
}

static int
body_traverse (PyObject *object,
               visitproc visit,
               void     *arg)
{
  AiotPyBody *self = (AiotPyBody *) object;

  Py_VISIT (Py_TYPE (self));
  Py_VISIT (self->source);
  Py_VISIT (self->context);
  Py_VISIT (self->loop);
  Py_VISIT (self->name);
  Py_VISIT (self->through);
  Py_VISIT (self->error);
  return 0;
}

static void
body_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  body_clear (object);
  g_clear_error (&((AiotPyBody *) object)->end);
  PyObject_GC_Del (object);
  Py_DECREF (type);
}

static PyObject *
body_get_is_cancelled (PyObject *object,
                       void     *nothing)
{
  AiotPyBody *self = (AiotPyBody *) object;

  return PyBool_FromLong (self->generator == NULL || aiot_generator_is_closed (self->generator));
}

static PyObject *
body_get_cancellable (PyObject *object,
                      void     *nothing)
{
  AiotPyBody *self = (AiotPyBody *) object;

  if (self->generator == NULL)
    Py_RETURN_NONE;

  return pygobject_new (G_OBJECT (aiot_generator_get_cancellable (self->generator)));
}

static PyGetSetDef body_properties[] = {
  { "is_cancelled", body_get_is_cancelled, NULL, "Whether no more items are wanted." },
  { "cancellable", body_get_cancellable, NULL, "Cancelled when no more items are wanted." },
  { NULL }
};

static PyMethodDef body_methods[] = {
  { "_give", body_give, METH_NOARGS, NULL },
  { NULL }
};

static PyType_Slot body_slots[] = {
  { Py_tp_dealloc, body_dealloc },
  { Py_tp_traverse, body_traverse },
  { Py_tp_clear, body_clear },
  { Py_tp_methods, body_methods },
  { Py_tp_getset, body_properties },
  { 0 }
};

static PyType_Spec body_spec = {
  .name = "_gi_aiothreads.Body",
  .basicsize = sizeof (AiotPyBody),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = body_slots,
};

gboolean
aiotpy_body_setup (PyObject *module)
{
  body_type = (PyTypeObject *) PyType_FromSpec (&body_spec);
  return body_type != NULL;
}

AiotPyBody *
aiotpy_body_new (PyObject *source,
                 PyObject *context,
                 PyObject *loop,
                 PyObject *name,
                 PyObject *through)
{
  AiotPyBody *self = PyObject_GC_New (AiotPyBody, body_type);

  if (self == NULL)
    return NULL;

  self->source = Py_NewRef (source);
  self->context = Py_NewRef (context);
  self->loop = Py_XNewRef (loop);
  self->name = Py_NewRef (name);
  self->through = Py_NewRef (through);
  self->error = NULL;
  self->generator = NULL;
  self->end = NULL;
  PyObject_GC_Track (self);
  return self;
}
