/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#define AIOTPY_MODULE
#include "aiotpy.h"

#include <pthread.h>

/* The part of the Python face that is not written in Python. It is private to that: nobody else imports it. */

static PyObject *
set_hooks (PyObject *module,
           PyObject *arguments)
{
  PyObject *translate, *report;

  if (!PyArg_ParseTuple (arguments, "OO", &translate, &report))
    return NULL;

  aiotpy_set_translator (translate);
  aiotpy_set_reporter (report);
  Py_RETURN_NONE;
}

static PyObject *
forget_threads (PyObject *module,
                PyObject *nothing)
{
  aiotpy_forget_threads ();
  Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
  { "set_hooks", set_hooks, METH_VARARGS, "Takes what makes exceptions of errors, and what reports those that nobody gets." },
  { "set_variables", aiotpy_set_variables, METH_VARARGS, "Takes the context variables that are set in threads." },
  { "runner_new", (PyCFunction) (void (*) (void)) aiotpy_runner_new, METH_FASTCALL, "Makes what Home.call () takes." },
  { "list_iterators", aiotpy_list_iterators, METH_NOARGS, "All iterators that have begun." },
  { "wait_for_bodies", aiotpy_wait_for_bodies, METH_O, "Waits until the bodies of all iterators have ended; names those that have not." },
  { "forget_threads", forget_threads, METH_NOARGS, "Says that the interpreter ends." },
  { NULL }
};

static PyModuleDef definition = {
  PyModuleDef_HEAD_INIT,
  .m_name = "_gi_aiothreads",
  .m_size = -1,
  .m_methods = functions,
};

PyMODINIT_FUNC
PyInit__gi_aiothreads (void)
{
  PyObject *gobject = pygobject_init (3, 42, 0);
  PyObject *module;

  if (gobject == NULL)
    return NULL;
  Py_DECREF (gobject);
  pthread_atfork (NULL, NULL, aiotpy_forked);

  module = PyModule_Create (&definition);
  if (module != NULL && aiotpy_value_setup () && aiotpy_home_setup (module) && aiotpy_operation_setup (module) &&
      aiotpy_body_setup (module) && aiotpy_anext_setup (module) && aiotpy_iterator_setup (module) &&
      aiotpy_bridge_setup (module) && PyModule_AddFunctions (module, aiotpy_channel_functions) == 0)
    return module;

  Py_XDECREF (module);
  return NULL;
}
