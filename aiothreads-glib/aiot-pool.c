/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-pool-internal.h"

#include "aiot-clock-private.h"
#include "aiot-process-private.h"

/*
 * Threads that take work from one queue.
 *
 * Each thread has a role. A *serving* thread takes work until there is none. A *parked* one waits to be called. One of
 * the parked, the *watcher*, looks every 2 ms while work is queued whether any was taken since. If not, those that serve
 * are stuck. Where as many compute as there are processors, more threads would only take time from the main loop; else the
 * watcher serves as well, and calls as many more as sleep. So short work stays on few threads, which is the fastest way to
 * do it, and work that sleeps gets 64 threads within some 15 ms. Where nothing has been queued since the last look nobody
 * watches, and no timer runs.
 *
 * A second case for more threads is work that is long enough for a second processor to pay: then a thread that takes
 * work calls the next, up to the number of processors.
 *
 * A thread whose work *waits* in this library, or says that it does, does not serve meanwhile, so that another may. If that was
 * the last one that served, another one is called at once. Where there is none to be had, what is queued might be what
 * the others wait for, so it is refused: an error is better than waiting for ever. A thread that has waited goes on at once,
 * and while more serve than there should be, the next that is done parks.
 *
 * Where calls are made in lots, a thread that has worked dozes before it parks: it looks again soon, because who calls it may do so
 * once for a whole lot, and a little later. Then fewer threads have to be woken.
 *
 * A serial executor is a pool of one thread which stays for ever, because what it works on may belong to it.
 */

/* Two threads on one queue cost each other about 1 µs a piece; above this much work in a piece it does not matter. */
#define WORTH_A_PROCESSOR 20

static gboolean
second_processor_pays_locked (AiotPool *self)
{
  return self->runner.usual_time >= WORTH_A_PROCESSOR &&
         aiot_work_queue_get_length (self->queue) > self->n_calls &&
         self->n_serving + self->n_calls < aiot_process_count_processors ();
}

/* Returns with one thread fewer that serves. */
static void
serve_locked (AiotPool   *self,
              AiotWorker *worker)
{
  gint64 started = aiot_clock_now ();
  AiotWork *work;

  while (self->n_serving <= self->size && (work = aiot_work_queue_pop (self->queue)) != NULL)
    {
      self->n_taken++;
      aiot_pool_call_watcher_locked (self);
      if (second_processor_pays_locked (self))
        aiot_pool_call_one_locked (self);
      started = aiot_runner_run_locked (&self->runner, worker, work, started);
    }
  self->n_serving--;
}

static void
pool_work_locked (AiotRunner *runner,
                  AiotWorker *base)
{
  AiotPool *self = (AiotPool *) runner;
  AiotPoolWorker *worker = (AiotPoolWorker *) base;

  aiot_pool_add_worker_locked (self, worker);
  while (worker->role != AIOT_POOL_LEAVE)
    {
      gboolean has_worked = worker->role == AIOT_POOL_SERVE;

      if (has_worked)
        serve_locked (self, base);
      worker->role = AIOT_POOL_PARK;
      worker->role = aiot_pool_park_locked (self, worker, has_worked);
    }
  aiot_pool_remove_worker_locked (self, worker);
}

/* FALSE when all that is queued may have to wait for ever. */
static gboolean
see_to_queue_locked (AiotPool *self)
{
  if (aiot_work_queue_get_length (self->queue) == 0)
    return TRUE;

  if (self->n_serving + self->n_calls > 0)
    {
      aiot_pool_call_watcher_locked (self);
      return TRUE;
    }
  return aiot_pool_call_one_locked (self) || self->runner.n_threads > self->n_waiting;
}

static gboolean
pool_submit_locked (AiotRunner *runner,
                    AiotWork   *work)
{
  AiotPool *self = (AiotPool *) runner;

  if (self->is_serial)
    work->priority = G_PRIORITY_DEFAULT;
  aiot_work_queue_push (self->queue, work);
  if (see_to_queue_locked (self))
    return TRUE;

  aiot_work_queue_remove (self->queue, work);
  return FALSE;
}

static gboolean
pool_withdraw_locked (AiotRunner *runner,
                      AiotWork   *work)
{
  return aiot_work_queue_remove (((AiotPool *) runner)->queue, work);
}

static AiotWork *
pool_take_queued_locked (AiotRunner *runner)
{
  return aiot_work_queue_pop (((AiotPool *) runner)->queue);
}

static guint
pool_get_n_queued_locked (AiotRunner *runner)
{
  return aiot_work_queue_get_length (((AiotPool *) runner)->queue);
}

static void
pool_begin_blocking_locked (AiotRunner *runner)
{
  AiotPool *self = (AiotPool *) runner;
  g_autoptr (GError) error = NULL;
  GQueue refused = G_QUEUE_INIT;
  AiotWork *work;

  if (self->is_serial)
    return;

  self->n_serving--;
  self->n_waiting++;
  if (see_to_queue_locked (self))
    return;

  while ((work = aiot_work_queue_pop (self->queue)) != NULL)
    g_queue_push_tail_link (&refused, &work->link);
  aiot_runner_unlock (runner);
  error = aiot_runner_new_exhausted_error (runner);
  aiot_runner_refuse_all (runner, &refused, error);
  g_mutex_lock (&runner->mutex);
}

static void
pool_end_blocking_locked (AiotRunner *runner)
{
  AiotPool *self = (AiotPool *) runner;

  if (self->is_serial)
    return;

  self->n_waiting--;
  self->n_serving++;
}

static void
pool_finalize (AiotRunner *runner)
{
  AiotPool *self = (AiotPool *) runner;

  aiot_pool_clear_workers (self);
  aiot_work_queue_free (self->queue);
  g_free (self);
}

static const AiotRunnerFuncs pool_funcs = {
  .submit_locked = pool_submit_locked,
  .withdraw_locked = pool_withdraw_locked,
  .take_queued_locked = pool_take_queued_locked,
  .get_n_queued_locked = pool_get_n_queued_locked,
  .work_locked = pool_work_locked,
  .begin_blocking_locked = pool_begin_blocking_locked,
  .end_blocking_locked = pool_end_blocking_locked,
  .finalize = pool_finalize,
};

AiotRunner *
aiot_pool_new (const char *name,
               guint       size)
{
  AiotPool *self = g_new0 (AiotPool, 1);

  aiot_runner_init (&self->runner, &pool_funcs, name);
  self->queue = aiot_work_queue_new ();
  self->size = size;
  return &self->runner;
}

AiotRunner *
aiot_serial_new (const char *name)
{
  AiotPool *self = (AiotPool *) aiot_pool_new (name, 1);

  self->is_serial = TRUE;
  return &self->runner;
}

/* Of any kind. */
gboolean
aiot_runner_is_serial (AiotRunner *runner)
{
  return runner->funcs == &pool_funcs && ((AiotPool *) runner)->is_serial;
}

guint
aiot_pool_get_size (AiotRunner *runner)
{
  AiotPool *self = (AiotPool *) runner;
  guint size;

  if (aiot_process_is_forked ())
    return self->size;

  g_mutex_lock (&runner->mutex);
  size = self->size;
  g_mutex_unlock (&runner->mutex);

  return size;
}

void
aiot_pool_set_size (AiotRunner *runner,
                    guint       size)
{
  AiotPool *self = (AiotPool *) runner;

  if (aiot_process_is_forked ())
    return;

  g_mutex_lock (&runner->mutex);
  self->size = size;
  aiot_pool_call_watcher_locked (self);
  aiot_runner_unlock (runner);
}
