/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-runner-private.h"

#include "aiot-clock-private.h"

/* A new thread for each piece of work, which has its name. It is started before submit returns. */

static gboolean
separate_submit_locked (AiotRunner *self,
                        AiotWork   *work)
{
  AiotWorker *worker = g_new0 (AiotWorker, 1);

  worker->given = work;
  return aiot_runner_start_thread_locked (self, worker, work->name != NULL ? work->name : self->name);
}

static void
separate_work_locked (AiotRunner *self,
                      AiotWorker *worker)
{
  if (self->cancels)
    aiot_runner_refuse_locked (self, worker->given);
  else
    aiot_runner_run_locked (self, worker, worker->given, aiot_clock_now ());
}

static void
separate_finalize (AiotRunner *self)
{
  g_free (self);
}

static const AiotRunnerFuncs separate_funcs = {
  .submit_locked = separate_submit_locked,
  .work_locked = separate_work_locked,
  .finalize = separate_finalize,
};

AiotRunner *
aiot_separate_new (const char *name,
                   gboolean    is_joined)
{
  AiotRunner *self = g_new0 (AiotRunner, 1);

  aiot_runner_init (self, &separate_funcs, name);
  self->is_joined = is_joined;
  return self;
}
