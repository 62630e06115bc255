/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

#include <pthread.h>

G_BEGIN_DECLS

/* Like g_test_init (), with a watchdog: the process is killed when it runs longer than it ever should. */
void     test_init              (int          *argc,
                                 char       ***argv);

/* How much a stress test does, in percent of what it says; AIOT_TEST_SCALE in the environment. */
guint    test_scaled            (guint         count);

/* Threads of this process, whoever started them. */
guint    test_count_threads     (void);

/*
 * For tests whose main contexts go away with work in flight, which each may warn of once: counts that, and ends the process when
 * anything else is said.
 */
void     test_count_gone_warnings (int        *n_warnings);

/* A door that is opened once: waiting for it needs no time, only somebody who opens it. Zeroed memory is a closed one. */
typedef struct
{
  pthread_mutex_t mutex;
  pthread_cond_t cond;
  gboolean is_open;
} TestGate;

void     test_gate_open         (TestGate     *gate);
void     test_gate_wait         (TestGate     *gate);
gboolean test_gate_is_open      (TestGate     *gate);
void     test_gate_clear        (TestGate     *gate);

/* Iterates until *number, which is read atomically, is at least this. */
void     test_iterate_until     (GMainContext *main_context,
                                 int          *number,
                                 int           at_least);

/* A main context of its own that is the thread-default one until it is closed, which checks that it is finalized. */
typedef struct
{
  GMainContext *main_context;
  int n_finalized;
} TestLoop;

void     test_loop_open         (TestLoop     *loop);
void     test_loop_close        (TestLoop     *loop);
void     test_loop_watch        (TestLoop     *loop,
                                 GMainContext *main_context);

/* Counts what is freed, and what is freed on another thread than it should be. */
typedef struct
{
  GThread *home;
  int n_made;
  int n_freed;
  int n_freed_elsewhere;
} TestLedger;

gpointer test_ledger_item       (TestLedger   *ledger);
void     test_item_free         (gpointer      item);

/* As the garbage collector of a language may do. */
void     test_unref_in_another_thread (gpointer object);

/* A GAsyncReadyCallback that keeps what it got; its data is a TestAnswer. */
typedef struct
{
  int n_called;
  GThread *thread;
  GMainContext *main_context;
  GAsyncResult *result;
} TestAnswer;

void     test_answer_cb         (GObject      *source_object,
                                 GAsyncResult *result,
                                 gpointer      answer);
void     test_answer_wait       (TestAnswer   *answer,
                                 GMainContext *main_context);
void     test_answer_clear      (TestAnswer   *answer);

/* A handler of GCancellable::cancelled that runs a main loop until the answer has come. */
void     test_answer_wait_in_handler (GCancellable *cancellable,
                                 gpointer      answer);

/* A thread function that says that it runs and then waits at a gate; its data is a TestHold. */
typedef struct
{
  TestGate running;
  TestGate leave;
  int n_run;
} TestHold;

gboolean test_hold_func         (AiotCall     *call,
                                 gpointer      hold,
                                 GError      **error);
void     test_hold_clear        (TestHold     *hold);

G_END_DECLS
