/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-executor-private.h"

#include "aiot-process-private.h"

/* A GTask that runs on an executor. GTask itself delivers it; only the reference that the worker had goes home. */
typedef struct
{
  AiotWork work;
  AiotHomeEntry entry;
  GTask *task;
  GTaskThreadFunc func;
} TaskWork;

static void
task_work_free (AiotHomeEntry *entry)
{
  TaskWork *self = (TaskWork *) ((char *) entry - G_STRUCT_OFFSET (TaskWork, entry));

  g_clear_object (&self->task);
  aiot_work_clear (&self->work);
  g_free (self);
}

static const AiotHomeEntryFuncs task_work_entry_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = task_work_free,
  .release = task_work_free,
};

static AiotWorkOutcome
task_work_run (AiotWork *work)
{
  TaskWork *self = (TaskWork *) work;
  GTask *task = self->task;

  if (g_task_get_check_cancellable (task) && g_task_return_error_if_cancelled (task))
    return AIOT_WORK_NEVER_RAN;

  self->func (task, g_task_get_source_object (task), g_task_get_task_data (task), g_task_get_cancellable (task));
  return AIOT_WORK_SUCCEEDED;
}

static void
task_work_send_home (TaskWork *self)
{
  g_autoptr (AiotHome) home = aiot_home_ref (self->work.home);

  aiot_home_push (home, &self->entry);
}

static void
task_work_done (AiotWork        *work,
                AiotWorkOutcome  outcome)
{
  task_work_send_home ((TaskWork *) work);
}

static void
task_work_refuse (AiotWork     *work,
                  const GError *error)
{
  TaskWork *self = (TaskWork *) work;

  g_task_return_error (self->task, g_error_copy (error));
  task_work_send_home (self);
}

static GCancellable *
task_work_get_cancellable (AiotWork *work)
{
  return g_task_get_cancellable (((TaskWork *) work)->task);
}

/* A GTask is cancelled by its own cancellable only; what waits in this library returns. */
static const AiotWorkFuncs task_work_funcs = {
  .run = task_work_run,
  .done = task_work_done,
  .refuse = task_work_refuse,
  .cancel = aiot_work_mark_cancelled,
  .get_cancellable = task_work_get_cancellable,
};

/**
 * aiot_executor_run_task: (skip)
 * @self: (nullable): an executor, or %NULL for the default one
 * @task: a task
 * @func: the function to run in a thread
 *
 * Runs a task in place of [method@Gio.Task.run_in_thread].
 *
 * It is the first step for a program that has `GTask`s already: their functions need no change, and run on a pool that
 * grows when work blocks, where that of GTask starves. The task is delivered by GTask in its own way: with a source
 * for each, outside of the frame budget. [func@offload_async] is faster. Unlike there, the last reference to the
 * task, and with it its data, is released on the main context of the task even when the worker was the last to use it.
 *
 * @func sees the context variables of the caller. The callback of the task does not, because it is GTask that calls it: it sees
 * those of the main loop.
 *
 * As in GTask, a task that checks its cancellable and was cancelled before a thread took it never runs.
 * `g_task_set_return_on_cancel ()` has no effect. When no thread can be had the task returns %AIOT_ERROR_EXHAUSTED.
 *
 * It may be called from any thread, and does not block.
 *
 * Since: 1.0
 */
void
aiot_executor_run_task (AiotExecutor    *self,
                        GTask           *task,
                        GTaskThreadFunc  func)
{
  g_autoptr (AiotRunner) runner = NULL;
  TaskWork *work;

  g_return_if_fail (self == NULL || AIOT_IS_EXECUTOR (self));
  g_return_if_fail (G_IS_TASK (task));
  g_return_if_fail (func != NULL);

  if (aiot_process_is_forked ())
    {
      GError *error = NULL;

      aiot_process_fails_if_forked (&error);
      g_task_return_error (task, error);
      return;
    }

  work = g_new0 (TaskWork, 1);
  aiot_work_init (&work->work, &task_work_funcs, g_intern_string (g_task_get_name (task)), g_task_get_priority (task));
  aiot_work_come_from_main_context (&work->work, g_task_get_context (task));
  work->entry.funcs = &task_work_entry_funcs;
  work->task = g_object_ref (task);
  work->func = func;

  runner = aiot_executor_dup_runner (self);
  aiot_runner_submit (runner, &work->work);
}
