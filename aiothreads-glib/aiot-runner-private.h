/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-memory-private.h"
#include "aiot-turn-private.h"
#include "aiot-worker-private.h"

G_BEGIN_DECLS

typedef struct
{
  guint n_threads;
  guint n_running;
  guint n_queued;
  guint64 n_done;
  guint64 n_failed;
  gint64 total_time;
} AiotStatistics;

/* What differs between the kinds of executors. All are called with the lock held, and must leave it so. */
typedef struct
{
  /* FALSE when there is no thread for it and never will be. */
  gboolean (*submit_locked)         (AiotRunner *self,
                                     AiotWork   *work);
  /* FALSE when it runs, or ran. NULL where nothing ever waits, as all that follow. */
  gboolean (*withdraw_locked)       (AiotRunner *self,
                                     AiotWork   *work);
  AiotWork *(*take_queued_locked)   (AiotRunner *self);
  guint    (*get_n_queued_locked)   (AiotRunner *self);
  /* What a thread does until it leaves. Unlocks for what it runs. */
  void     (*work_locked)           (AiotRunner *self,
                                     AiotWorker *worker);
  void     (*begin_blocking_locked) (AiotRunner *self);
  void     (*end_blocking_locked)   (AiotRunner *self);
  void     (*finalize)              (AiotRunner *self);
} AiotRunnerFuncs;

/* Embedded in who wants to know that all threads of a runner that was closed have ended. */
typedef struct _AiotRunnerEnd AiotRunnerEnd;

struct _AiotRunnerEnd
{
  GList link;
  gboolean is_linked;
  void (*ended) (AiotRunnerEnd *end);   /* any thread, no lock held */
};

/* More threads than that are seldom called at once. */
typedef struct
{
  GCond *conds[4];
  guint n;
} AiotSignals;

struct _AiotRunner
{
  const AiotRunnerFuncs *funcs;
  gatomicrefcount ref_count;

  /* Set at construction */
  char *name;
  gboolean is_joined;       /* the end of the process waits for its threads */

  /* Who counts references does not wait for the line of the lock, which is exchanged all the time. */
  char apart_from_above[AIOT_APART];
  GMutex mutex;             /* guards all below, and all that the kinds of runners add */
  AiotSignals signals;      /* for those called; given after unlocking */
  AiotSignals owed;         /* those that were postponed; only while somebody dozes */
  guint n_dozing;           /* threads that sleep, and will look by themselves very soon */
  AiotErrand errand;        /* to give them; has a reference while it is postponed */
  guint turn_id;            /* of whoever submitted last while home called back */
  guint n_in_turn;          /* what was submitted in that one, */
  guint n_in_turn_before;   /* and in the one before */
  GCond claims;             /* some worker's work was cancelled */

  GQueue workers;           /* those that run */
  guint n_threads;          /* those that only start as well */
  guint n_alive;            /* those that clean up as well */
  guint n_running;
  guint64 n_done;
  guint64 n_failed;
  gint64 total_time;
  gint64 usual_time;        /* of a piece of work, a moving average */

  gboolean let_go;          /* nobody can submit any more */
  gboolean is_closed;       /* nobody may */
  gboolean cancels;         /* what has not started never will */
  GQueue ends;

  struct _AiotHook *hook;   /* NULL: none */
};

AiotRunner *aiot_pool_new                    (const char            *name,
                                              guint                  size);
AiotRunner *aiot_serial_new                  (const char            *name);
AiotRunner *aiot_separate_new                (const char            *name,
                                              gboolean               is_joined);

guint       aiot_pool_get_size               (AiotRunner            *runner);
void        aiot_pool_set_size               (AiotRunner            *runner,
                                              guint                  size);

AiotRunner *aiot_runner_ref                  (AiotRunner            *self);
void        aiot_runner_unref                (AiotRunner            *self);
void        aiot_runner_let_go               (AiotRunner            *self);

void        aiot_runner_submit               (AiotRunner            *self,
                                              AiotWork              *work);
gboolean    aiot_runner_is_serial            (AiotRunner            *self);
gboolean    aiot_runner_has_this_thread      (AiotRunner            *self);
gboolean    aiot_runner_withdraw             (AiotRunner            *self,
                                              AiotWork              *work);
void        aiot_runner_get_statistics       (AiotRunner            *self,
                                              AiotStatistics        *statistics);
void        aiot_runner_set_hook             (AiotRunner            *self,
                                              AiotThreadHook         hook,
                                              gpointer               data,
                                              GDestroyNotify         data_destroy);

void        aiot_runner_begin_blocking       (AiotRunner            *self);
void        aiot_runner_end_blocking         (AiotRunner            *self);

void        aiot_runner_close                (AiotRunner            *self,
                                              gboolean               cancel);
gboolean    aiot_runner_add_end              (AiotRunner            *self,
                                              AiotRunnerEnd         *end);
gboolean    aiot_runner_remove_end           (AiotRunner            *self,
                                              AiotRunnerEnd         *end);
char      **aiot_runner_describe_running     (AiotRunner            *self);

/* For the kinds of runners */
void        aiot_runner_init                 (AiotRunner            *self,
                                              const AiotRunnerFuncs *funcs,
                                              const char            *name);
gboolean    aiot_runner_start_thread_locked  (AiotRunner            *self,
                                              AiotWorker            *worker,
                                              const char            *name);
gint64      aiot_runner_run_locked           (AiotRunner            *self,
                                              AiotWorker            *worker,
                                              AiotWork              *work,
                                              gint64                 started);
void        aiot_runner_refuse_locked        (AiotRunner            *self,
                                              AiotWork              *work);
void        aiot_runner_refuse_all           (AiotRunner            *self,
                                              GQueue                *works,
                                              const GError          *error);
GError     *aiot_runner_new_exhausted_error  (AiotRunner            *self);

/* aiot-runner-signals.c */
void        aiot_runner_init_signals         (AiotRunner            *self);
void        aiot_runner_unlock               (AiotRunner            *self);
#define     AIOT_RUNNER_NEVER                0
gboolean    aiot_runner_sleep_locked         (AiotRunner            *self,
                                              AiotWorker            *worker,
                                              gint64                 until);
void        aiot_runner_call_locked          (AiotRunner            *self,
                                              AiotWorker            *worker);
void        aiot_runner_call_all_locked      (AiotRunner            *self);
void        aiot_runner_postpone_locked      (AiotRunner            *self);
gboolean    aiot_runner_comes_in_lots_locked (AiotRunner            *self);
void        aiot_runner_begin_doze_locked    (AiotRunner            *self);
void        aiot_runner_end_doze_locked      (AiotRunner            *self,
                                              gboolean               was_called);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotRunner, aiot_runner_unref)

G_END_DECLS
