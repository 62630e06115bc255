/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifndef AIOTPY_MODULE
# define NO_IMPORT_PYGOBJECT
#endif
#include <pygobject.h>

#include <aiothreads-glib/aiothreads-glib.h>

/*
 * What the Python face needs of C: everything that is done once a call or once an item. PyGObject would give the interpreter's
 * lock away in each of these functions, and where two threads want it, each time costs a change of threads. Here it is kept, and
 * given away only for what really waits.
 *
 * Nothing of the library waits for the interpreter's lock while it holds a lock of its own, so its functions may be called with it.
 */

/* --- gil.c: the interpreter's lock, on threads of the library --------------- */

PyGILState_STATE aiotpy_enter_worker       (void);
void             aiotpy_leave_worker       (PyGILState_STATE state);
void             aiotpy_forget_threads     (void);
void             aiotpy_forked             (void);
gboolean         aiotpy_is_forked          (void);

/* --- value.c: Python objects in values, and errors as exceptions ------------ */

gboolean         aiotpy_value_setup        (void);
GType            aiotpy_value_get_type     (void);
void             aiotpy_value_borrow       (GValue       *value,
                                            PyObject     *object);
PyObject        *aiotpy_value_get_object   (const GValue *value);
PyObject        *aiotpy_exception_of       (GError       *error);
void             aiotpy_raise              (GError       *error);
PyObject        *aiotpy_take_exception     (void);
void             aiotpy_set_translator     (PyObject     *translator);
void             aiotpy_set_reporter       (PyObject     *reporter);
void             aiotpy_report_exception   (PyObject     *name);
GObject         *aiotpy_get_gobject        (PyObject     *object,
                                            GType         type);

/* --- context.c: context variables -------------------------------------------- */

PyObject        *aiotpy_set_variables      (PyObject     *module,
                                            PyObject     *variables);
gboolean         aiotpy_enter_context      (PyObject     *context,
                                            PyObject     *current,
                                            PyObject     *loop);
void             aiotpy_leave_context      (PyObject     *context);

/* --- home.c: where results arrive -------------------------------------------- */

typedef struct _AiotPyOperation AiotPyOperation;

typedef struct
{
  guint n_calls;                   /* whose functions have not returned, and which nobody abandoned */
  guint n_to_skip;                 /* so many times it is not waited for them */
  guint n_skipped;                 /* before that */
  gboolean is_waiting;
  GMutex mutex;                    /* guards the following */
  GCond cond;
  gboolean is_complete;            /* nothing is left to wait for */
} AiotPyGathering;

typedef struct
{
  PyObject_HEAD
  GMainContext *main_context;
  gboolean is_own;                 /* it is iterated by pump () */
  PyObject *loop;                  /* what EVENT_LOOP is in what runs for it, or NULL */
  AiotPyOperation *operations;     /* those in flight; each has a reference */
  AiotPyGathering gathering;
  gboolean is_pumped;
  PyObject *interruption;          /* what pump () raises, or NULL */
} AiotPyHome;

extern PyTypeObject *aiotpy_home_type;

gboolean         aiotpy_home_setup         (PyObject     *module);
gboolean         aiotpy_home_enter         (AiotPyHome   *self);
void             aiotpy_home_leave         (AiotPyHome   *self,
                                            gboolean      has_entered);
gboolean         aiotpy_home_interrupt     (AiotPyHome   *self);

/* --- gather.c: letting more than one call return ------------------------------ */

void             aiotpy_gathering_init     (AiotPyGathering *self);
void             aiotpy_gathering_clear    (AiotPyGathering *self);
void             aiotpy_gathering_call_started (AiotPyGathering *self);
void             aiotpy_gathering_call_returned (AiotPyGathering *self);
void             aiotpy_gathering_wait     (AiotPyGathering *self);

/* --- operation.c: what was started at a home, and is told how it ended ------- */

struct _AiotPyOperation
{
  PyObject_HEAD
  AiotPyHome *home;                /* while it is in flight */
  AiotPyOperation *next;
  AiotPyOperation *previous;
  GCancellable *cancellable;
  AiotCall *call;                  /* while its function runs */
  PyObject *on_done;               /* called with a result and an error, one of which is None */

  /* Of a call */
  gboolean is_counted;             /* by its home, as one whose function has not returned */
  PyObject *function;
  PyObject *arguments;
  PyObject *keywords;
  PyObject *context;
  PyObject *loop;
  PyObject *result;
  PyObject *error;
};

gboolean         aiotpy_operation_setup    (PyObject     *module);
AiotPyOperation *aiotpy_operation_new      (AiotPyHome   *home,
                                            PyObject     *on_done);
void             aiotpy_operation_end      (AiotPyOperation *self,
                                            PyObject     *result,
                                            PyObject     *error);
void             aiotpy_operation_forget   (AiotPyOperation *self);
void             aiotpy_operation_returned (AiotPyOperation *self);

/* --- call.c: functions in threads ---------------------------------------------- */

PyObject        *aiotpy_home_call          (AiotPyHome   *self,
                                            PyObject *const *arguments,
                                            Py_ssize_t    n_arguments);
PyObject        *aiotpy_runner_new         (PyObject     *module,
                                            PyObject *const *arguments,
                                            Py_ssize_t    n_arguments);

/* --- body.c: a generator's body, on a worker --------------------------------- */

typedef struct
{
  PyObject_HEAD
  PyObject *source;                /* an iterable, or what returns one */
  PyObject *context;               /* None: that of the thread */
  PyObject *loop;                  /* or NULL */
  PyObject *name;                  /* for messages */
  PyObject *through;               /* calls a function on a thread of somebody else; None: this one will do */
  PyObject *error;                 /* what it ended with, or NULL */
  AiotGenerator *generator;        /* while it runs */
  GError *end;                     /* why it gave no more, of what runs through somebody else */
} AiotPyBody;

gboolean         aiotpy_body_setup         (PyObject     *module);
AiotPyBody      *aiotpy_body_new           (PyObject     *source,
                                            PyObject     *context,
                                            PyObject     *loop,
                                            PyObject     *name,
                                            PyObject     *through);
gboolean         aiotpy_body_run           (AiotGenerator *generator,
                                            gpointer      user_data,
                                            GError      **error);
void             aiotpy_body_destroy       (gpointer      user_data);
void             aiotpy_body_forked        (void);
PyObject        *aiotpy_wait_for_bodies    (PyObject     *module,
                                            PyObject     *seconds);

/* --- anext.c: an awaitable of the next item ------------------------------------ */

gboolean         aiotpy_anext_setup        (PyObject     *module);
PyObject        *aiotpy_anext_new          (PyObject     *iterator);

/* --- iterator.c, channel.c, bridge.c ------------------------------------------ */

gboolean         aiotpy_iterator_setup     (PyObject     *module);
PyObject        *aiotpy_iterator_take      (PyObject     *iterator,
                                            PyObject    **waiting);
PyObject        *aiotpy_list_iterators     (PyObject     *module,
                                            PyObject     *nothing);
PyObject        *aiotpy_home_receive       (AiotPyHome   *self,
                                            PyObject *const *arguments,
                                            Py_ssize_t    n_arguments);
PyObject        *aiotpy_home_send          (AiotPyHome   *self,
                                            PyObject *const *arguments,
                                            Py_ssize_t    n_arguments);
extern PyMethodDef aiotpy_channel_functions[];
gboolean         aiotpy_bridge_setup       (PyObject     *module);
