/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-runner-private.h"

#include "aiot-clock-private.h"
#include "aiot-process-private.h"
#include "aiot-work-queue-private.h"

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

typedef enum
{
  ROLE_SERVE,
  ROLE_PARK,
  ROLE_LEAVE,
} Role;

typedef struct
{
  AiotWorker worker;

  /* Guarded by the lock of the pool */
  Role role;
  GList link;
  gboolean is_parked;      /* it sleeps, was not called, and does not watch */
} PoolWorker;

typedef struct
{
  AiotRunner runner;       /* its lock guards all below */

  AiotWorkQueue *queue;
  guint size;
  gboolean is_serial;      /* set at construction */

  guint n_serving;
  guint n_waiting;         /* that would serve if their work did not wait */
  GQueue parked;           /* who parked last comes first, so those that are not needed leave one day */
  PoolWorker *watcher;     /* while it sleeps, and was not called to serve */
  GSList *spare_conds;     /* of threads that have left: whoever called one may still be about to signal it */
  guint n_calls;           /* parked threads that were called to serve and did not wake up yet */
  gboolean watched;        /* somebody watches, or was called to */
  gboolean watch_call;     /* ... and did not wake up yet */
  guint64 n_taken;
} AiotPool;

/* Long enough that a moment's pause of the machine is not mistaken for blocking, short enough that nobody notices. */
#define WATCH_INTERVAL (2 * G_TIME_SPAN_MILLISECOND)

/* Starting a thread costs some 30 µs and a sleeping one 10 kB, so they may stay through the pauses of a user. */
#define IDLE_TIME (10 * G_TIME_SPAN_SECOND)

/* In microseconds; as long as a callback that waits for what it has just called may be held up. */
#define DOZE_TIME 200

/* Two threads on one queue cost each other about 1 µs a piece; above this much work in a piece it does not matter. */
#define WORTH_A_PROCESSOR 20

static gboolean start_thread_locked (AiotPool *self,
                                     Role      role);

/* Calls one that sleeps. FALSE when there is none. */
static gboolean
wake_parked_locked (AiotPool *self)
{
  GList *link = g_queue_pop_head_link (&self->parked);
  PoolWorker *worker = link != NULL ? link->data : NULL;

  if (worker == NULL)
    return FALSE;

  worker->is_parked = FALSE;
  aiot_runner_call_locked (&self->runner, &worker->worker);
  return TRUE;
}

/* It is called last, because then nobody watches. */
static gboolean
wake_watcher_locked (AiotPool *self)
{
  PoolWorker *watcher = g_steal_pointer (&self->watcher);

  if (watcher == NULL)
    return FALSE;

  aiot_runner_call_locked (&self->runner, &watcher->worker);
  return TRUE;
}

static gboolean
may_serve_more_locked (AiotPool *self)
{
  return self->n_serving + self->n_calls < self->size;
}

static gboolean
may_start_locked (AiotPool *self)
{
  return self->runner.n_threads - self->n_waiting < self->size;
}

/* FALSE when there is neither a parked thread nor a new one. */
static gboolean
call_one_locked (AiotPool *self)
{
  if (!may_serve_more_locked (self))
    return FALSE;

  if (!wake_parked_locked (self) && !wake_watcher_locked (self))
    return may_start_locked (self) && start_thread_locked (self, ROLE_SERVE);

  self->n_calls++;
  return TRUE;
}

static void
call_watcher_locked (AiotPool *self)
{
  if (self->watched || !may_serve_more_locked (self) || aiot_work_queue_get_length (self->queue) == 0)
    return;

  if (wake_parked_locked (self))
    self->watched = self->watch_call = TRUE;
  else if (may_start_locked (self))
    self->watched = self->watch_call = start_thread_locked (self, ROLE_PARK);
}

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
      call_watcher_locked (self);
      if (second_processor_pays_locked (self))
        call_one_locked (self);
      started = aiot_runner_run_locked (&self->runner, worker, work, started);
    }
  self->n_serving--;
}

/* How many of those that serve compute. Looks at all, so that the next look sees what happened since. */
static guint
count_busy_locked (AiotPool *self)
{
  guint n_busy = 0;

  for (GList *l = self->runner.workers.head; l != NULL; l = l->next)
    {
      PoolWorker *worker = l->data;

      if (aiot_cpu_meter_is_busy (&worker->worker.meter) && worker->role == ROLE_SERVE)
        n_busy++;
    }
  return n_busy;
}

/* This thread has just joined those that serve: bring as many more as sleep, if there is work for them. */
static void
grow_locked (AiotPool *self,
             guint     n_busy)
{
  guint n_asleep = self->n_serving - 1 - MIN (n_busy, self->n_serving - 1);

  for (guint i = 1; i < MIN (n_asleep, aiot_work_queue_get_length (self->queue)); i++)
    if (!call_one_locked (self))
      return;
}

/* Nobody serves what is queued: whoever did waits now, and may wait for that. */
static gboolean
is_queue_forsaken_locked (AiotPool *self)
{
  return self->n_serving + self->n_calls == 0 && aiot_work_queue_get_length (self->queue) > 0;
}

/* Whoever watched serves now, when no other thread had parked yet. */
static gboolean
needs_watcher_locked (AiotPool *self)
{
  return !self->watched && aiot_work_queue_get_length (self->queue) > 0 && may_serve_more_locked (self);
}

/* Whether there may be something to do for a thread that waits. */
static gboolean
is_called_locked (AiotPool *self)
{
  return self->n_calls > 0 || self->watch_call || needs_watcher_locked (self) || is_queue_forsaken_locked (self) ||
         self->runner.let_go || self->runner.is_closed;
}

/* FALSE when the time has come. */
static gboolean
sleep_locked (AiotPool   *self,
              PoolWorker *worker,
              gboolean    watching,
              gint64      until)
{
  gboolean in_time;

  worker->is_parked = !watching;
  if (watching)
    self->watcher = worker;
  else
    g_queue_push_head_link (&self->parked, &worker->link);

  in_time = aiot_runner_sleep_locked (&self->runner, &worker->worker, until);

  /* Nobody has called it, or another thread will find that it was called in vain. */
  if (worker->is_parked)
    g_queue_unlink (&self->parked, &worker->link);
  if (self->watcher == worker)
    self->watcher = NULL;
  return in_time;
}

/* Others may put off calling this thread meanwhile. */
static void
doze_locked (AiotPool   *self,
             PoolWorker *worker,
             gint64      until)
{
  aiot_runner_begin_doze_locked (&self->runner);
  while (!is_called_locked (self) && sleep_locked (self, worker, FALSE, until))
    ;
  aiot_runner_end_doze_locked (&self->runner, is_called_locked (self));
}

/* Waits until there is something to do for this thread; a watcher may find that it is needed itself. */
static Role
park_locked (AiotPool   *self,
             PoolWorker *worker,
             gboolean    has_worked)
{
  gboolean watching = FALSE, stuck = FALSE;
  gint64 now = aiot_clock_now ();
  gint64 leave_at = self->is_serial ? AIOT_RUNNER_NEVER : now + IDLE_TIME;
  guint64 n_taken_before = 0;
  guint n_busy = 0;
  Role role = ROLE_PARK;

  if (has_worked && aiot_runner_comes_in_lots_locked (&self->runner))
    doze_locked (self, worker, now + DOZE_TIME);
  while (role == ROLE_PARK)
    {
      gboolean timed_out;

      if (self->n_calls > 0)
        {
          self->n_calls--;
          role = ROLE_SERVE;
          break;
        }
      if (self->watch_call || needs_watcher_locked (self))
        {
          self->watch_call = FALSE;
          self->watched = watching = TRUE;
          n_taken_before = self->n_taken;
          count_busy_locked (self);
        }
      /* A thread that was started to watch is counted on; it may come late, when another has taken its call. */
      if (is_queue_forsaken_locked (self))
        {
          role = ROLE_SERVE;
          break;
        }
      if ((self->runner.let_go || self->runner.is_closed) && !(watching && aiot_work_queue_get_length (self->queue) > 0))
        {
          role = ROLE_LEAVE;
          break;
        }

      timed_out = !sleep_locked (self, worker, watching, watching ? aiot_clock_now () + WATCH_INTERVAL : leave_at);
      if (!timed_out || self->n_calls > 0 || self->watch_call || is_queue_forsaken_locked (self))
        continue;

      if (!watching)
        {
          role = ROLE_LEAVE;
        }
      else if (aiot_work_queue_get_length (self->queue) == 0 && self->n_taken != n_taken_before)
        {
          /* Whoever comes next would have to call it again. */
          n_taken_before = self->n_taken;
          count_busy_locked (self);
        }
      else if (aiot_work_queue_get_length (self->queue) == 0)
        {
          watching = self->watched = FALSE;
          leave_at = aiot_clock_now () + IDLE_TIME;
        }
      else
        {
          n_busy = count_busy_locked (self);
          stuck = self->n_taken == n_taken_before && n_busy < aiot_process_count_processors () && may_serve_more_locked (self);
          n_taken_before = self->n_taken;
          if (stuck)
            role = ROLE_SERVE;
        }
    }
  if (watching)
    self->watched = FALSE;
  if (role == ROLE_SERVE)
    self->n_serving++;
  if (stuck)
    grow_locked (self, n_busy);
  return role;
}

static void
take_cond_locked (AiotPool   *self,
                  PoolWorker *worker)
{
  GSList *link = self->spare_conds;

  if (link != NULL)
    {
      worker->worker.called = link->data;
      self->spare_conds = g_slist_delete_link (link, link);
    }
  else
    {
      worker->worker.called = g_new (GCond, 1);
      g_cond_init (worker->worker.called);
    }
}

static void
cond_free (gpointer cond)
{
  g_cond_clear (cond);
  g_free (cond);
}

static void
pool_work_locked (AiotRunner *runner,
                  AiotWorker *base)
{
  AiotPool *self = (AiotPool *) runner;
  PoolWorker *worker = (PoolWorker *) base;

  worker->link.data = worker;
  take_cond_locked (self, worker);
  while (worker->role != ROLE_LEAVE)
    {
      gboolean has_worked = worker->role == ROLE_SERVE;

      if (has_worked)
        serve_locked (self, base);
      worker->role = ROLE_PARK;
      worker->role = park_locked (self, worker, has_worked);
    }
  self->spare_conds = g_slist_prepend (self->spare_conds, g_steal_pointer (&base->called));
}

/* FALSE where there is no thread to be had. One that serves counts as serving before it runs. */
static gboolean
start_thread_locked (AiotPool *self,
                     Role      role)
{
  PoolWorker *worker = g_new0 (PoolWorker, 1);

  worker->role = role;
  if (!aiot_runner_start_thread_locked (&self->runner, &worker->worker, self->runner.name))
    return FALSE;

  if (role == ROLE_SERVE)
    self->n_serving++;
  return TRUE;
}

/* FALSE when all that is queued may have to wait for ever. */
static gboolean
see_to_queue_locked (AiotPool *self)
{
  if (aiot_work_queue_get_length (self->queue) == 0)
    return TRUE;

  if (self->n_serving + self->n_calls > 0)
    {
      call_watcher_locked (self);
      return TRUE;
    }
  return call_one_locked (self) || self->runner.n_threads > self->n_waiting;
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

  g_slist_free_full (self->spare_conds, cond_free);
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
  call_watcher_locked (self);
  aiot_runner_unlock (runner);
}
