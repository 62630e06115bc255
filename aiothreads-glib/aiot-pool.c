/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-pool-private.h"

#include "aiot-clock-private.h"
#include "aiot-cpu-meter-private.h"
#include "aiot-error.h"
#include "aiot-work-queue-private.h"

/*
 * Threads that take work from one queue. One mutex guards everything; work runs without it.
 *
 * Each thread has a role. A *serving* thread takes work until there is none. A *parked* one waits to be called. One of
 * the parked, the *watcher*, looks every 2 ms while work is queued whether any was taken since. If not, those that serve
 * are stuck. Where as many compute as there are processors, more threads would only take time from the main loop; else the
 * watcher serves as well, and calls as many more as sleep. So short work stays on few threads, which is the fastest way to
 * do it, and work that sleeps gets 64 threads within some 15 ms. Where nothing is queued nobody watches, and no timer runs.
 *
 * A second case for more threads is work that is long enough for a second processor to pay: then a thread that takes
 * work calls the next, up to the number of processors.
 */

typedef enum
{
  ROLE_SERVE,
  ROLE_PARK,
  ROLE_LEAVE,
} Role;

typedef struct
{
  AiotPool *pool;
  Role role;           /* guarded by the mutex of the pool, as is all below */
  GList link;
  AiotCpuMeter meter;
} Worker;

struct _AiotPool
{
  gatomicrefcount ref_count;
  char *name;              /* set at construction */

  GMutex mutex;            /* guards all below */
  GCond called;
  AiotWorkQueue *queue;
  guint size;
  gboolean let_go;         /* nobody can submit any more */

  GQueue workers;          /* those that run */
  guint n_threads;         /* those that only start or end as well */
  guint n_serving;
  guint n_parked;
  guint n_calls;           /* parked threads that were called to serve and did not wake up yet */
  gboolean watched;        /* somebody watches, or was called to */
  gboolean watch_call;     /* ... and did not wake up yet */
  guint n_signals;         /* for those called; given after unlocking */
  guint64 n_taken;

  guint n_running;
  guint64 n_done;
  guint64 n_failed;
  gint64 total_time;
  gint64 usual_time;       /* of a piece of work, a moving average */
};

/* Long enough that a moment's pause of the machine is not mistaken for blocking, short enough that nobody notices. */
#define WATCH_INTERVAL (2 * G_TIME_SPAN_MILLISECOND)

/* Starting a thread costs some 30 µs and a sleeping one 10 kB, so they may stay through the pauses of a user. */
#define IDLE_TIME (10 * G_TIME_SPAN_SECOND)

/* Two threads on one queue cost each other about 1 µs a piece; above this much work in a piece it does not matter. */
#define WORTH_A_PROCESSOR 20

AiotPool *
aiot_pool_new (const char *name,
               guint       size)
{
  AiotPool *self = g_new0 (AiotPool, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->called);
  self->name = g_strdup (name);
  self->queue = aiot_work_queue_new ();
  self->size = size;
  return self;
}

AiotPool *
aiot_pool_ref (AiotPool *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
aiot_pool_unref (AiotPool *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  aiot_work_queue_free (self->queue);
  g_cond_clear (&self->called);
  g_mutex_clear (&self->mutex);
  g_free (self->name);
  g_free (self);
}

static gboolean start_thread_locked (AiotPool *self,
                                     Role      role);

/* A thread that is woken while the lock is held would run into it at once. */
static void
pool_unlock (AiotPool *self)
{
  guint n_signals = self->n_signals;

  self->n_signals = 0;
  g_mutex_unlock (&self->mutex);
  while (n_signals-- > 0)
    g_cond_signal (&self->called);
}

static guint
n_free_locked (AiotPool *self)
{
  guint n_bespoken = self->n_calls + (self->watch_call ? 1 : 0);

  return self->n_parked > n_bespoken ? self->n_parked - n_bespoken : 0;
}

static gboolean
may_serve_more_locked (AiotPool *self)
{
  return self->n_serving + self->n_calls < self->size;
}

/* FALSE when there is neither a parked thread nor a new one. */
static gboolean
call_one_locked (AiotPool *self)
{
  if (!may_serve_more_locked (self))
    return FALSE;

  if (n_free_locked (self) == 0)
    return self->n_threads < self->size && start_thread_locked (self, ROLE_SERVE);

  self->n_calls++;
  self->n_signals++;
  return TRUE;
}

static void
call_watcher_locked (AiotPool *self)
{
  if (self->watched || !may_serve_more_locked (self) || aiot_work_queue_get_length (self->queue) == 0)
    return;

  if (n_free_locked (self) > 0)
    {
      self->watched = self->watch_call = TRUE;
      self->n_signals++;
    }
  else if (self->n_threads < self->size)
    {
      self->watched = self->watch_call = start_thread_locked (self, ROLE_PARK);
    }
}

static gboolean
second_processor_pays_locked (AiotPool *self)
{
  return self->usual_time >= WORTH_A_PROCESSOR &&
         aiot_work_queue_get_length (self->queue) > self->n_calls &&
         self->n_serving + self->n_calls < g_get_num_processors ();
}

static void
count_locked (AiotPool        *self,
              AiotWorkOutcome  outcome,
              gint64           took)
{
  self->n_done++;
  if (outcome == AIOT_WORK_FAILED)
    self->n_failed++;
  self->total_time += took;
  self->usual_time += (took - self->usual_time) / 8;
}

/* Returns with one thread fewer that serves. */
static void
serve_locked (AiotPool *self)
{
  gint64 started = aiot_clock_now ();
  AiotWork *work;

  while (self->n_serving <= self->size && (work = aiot_work_queue_pop (self->queue)) != NULL)
    {
      AiotWorkOutcome outcome;
      gint64 ended;

      self->n_taken++;
      self->n_running++;
      call_watcher_locked (self);
      if (second_processor_pays_locked (self))
        call_one_locked (self);
      pool_unlock (self);

      outcome = work->funcs->run (work);
      ended = aiot_clock_now ();

      g_mutex_lock (&self->mutex);
      self->n_running--;
      if (outcome != AIOT_WORK_NEVER_RAN)
        count_locked (self, outcome, ended - started);
      started = ended;
    }
  self->n_serving--;
}

/* How many of those that serve compute. Looks at all, so that the next look sees what happened since. */
static guint
count_busy_locked (AiotPool *self)
{
  guint n_busy = 0;

  for (GList *l = self->workers.head; l != NULL; l = l->next)
    {
      Worker *worker = l->data;

      if (aiot_cpu_meter_is_busy (&worker->meter) && worker->role == ROLE_SERVE)
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

/* Waits until there is something to do for this thread; a watcher may find that it is needed itself. */
static Role
park_locked (AiotPool *self)
{
  gint64 leave_at = aiot_clock_now () + IDLE_TIME;
  gboolean watching = FALSE, stuck = FALSE;
  guint64 n_taken_before = 0;
  guint n_busy = 0;
  Role role = ROLE_PARK;

  self->n_parked++;
  while (role == ROLE_PARK)
    {
      gboolean timed_out;

      if (self->n_calls > 0)
        {
          self->n_calls--;
          role = ROLE_SERVE;
          break;
        }
      if (self->watch_call)
        {
          self->watch_call = FALSE;
          watching = TRUE;
          n_taken_before = self->n_taken;
          count_busy_locked (self);
        }
      if (self->let_go && !watching)
        {
          role = ROLE_LEAVE;
          break;
        }

      while (self->n_signals > 0 && self->n_signals--)
        g_cond_signal (&self->called);
      timed_out = !aiot_clock_wait_until (&self->called, &self->mutex,
                                          watching ? aiot_clock_now () + WATCH_INTERVAL : leave_at);
      if (!timed_out || self->n_calls > 0 || self->watch_call)
        continue;

      if (!watching)
        {
          role = ROLE_LEAVE;
        }
      else if (aiot_work_queue_get_length (self->queue) == 0)
        {
          watching = self->watched = FALSE;
          leave_at = aiot_clock_now () + IDLE_TIME;
        }
      else
        {
          n_busy = count_busy_locked (self);
          stuck = self->n_taken == n_taken_before && n_busy < g_get_num_processors () && may_serve_more_locked (self);
          n_taken_before = self->n_taken;
          if (stuck)
            role = ROLE_SERVE;
        }
    }
  self->n_parked--;
  if (watching)
    self->watched = FALSE;
  if (role == ROLE_SERVE)
    self->n_serving++;
  if (stuck)
    grow_locked (self, n_busy);
  return role;
}

static gpointer
worker_main (gpointer data)
{
  g_autofree Worker *worker = data;
  AiotPool *self = worker->pool;

  g_mutex_lock (&self->mutex);
  worker->link = (GList) { .data = worker };
  aiot_cpu_meter_init (&worker->meter);
  g_queue_push_tail_link (&self->workers, &worker->link);
  while (worker->role != ROLE_LEAVE)
    {
      if (worker->role == ROLE_SERVE)
        serve_locked (self);
      worker->role = ROLE_PARK;
      worker->role = park_locked (self);
    }
  g_queue_unlink (&self->workers, &worker->link);
  self->n_threads--;
  g_mutex_unlock (&self->mutex);

  aiot_pool_unref (self);
  return NULL;
}

/* FALSE where the system gives no thread. One that serves counts as serving before it runs. */
static gboolean
start_thread_locked (AiotPool *self,
                     Role      role)
{
  Worker *worker = g_new (Worker, 1);
  GThread *thread;

  *worker = (Worker) { .pool = aiot_pool_ref (self), .role = role };
  thread = g_thread_try_new (self->name, worker_main, worker, NULL);
  if (thread == NULL)
    {
      g_free (worker);
      /* Never the last one: whoever starts a thread has one. */
      aiot_pool_unref (self);
      return FALSE;
    }

  g_thread_unref (thread);
  self->n_threads++;
  if (role == ROLE_SERVE)
    self->n_serving++;
  return TRUE;
}

/* Nobody can submit any more: threads leave when all is done. */
void
aiot_pool_let_go (AiotPool *self)
{
  g_mutex_lock (&self->mutex);
  self->let_go = TRUE;
  g_cond_broadcast (&self->called);
  g_mutex_unlock (&self->mutex);

  aiot_pool_unref (self);
}

const char *
aiot_pool_get_name (AiotPool *self)
{
  return self->name;
}

guint
aiot_pool_get_size (AiotPool *self)
{
  guint size;

  g_mutex_lock (&self->mutex);
  size = self->size;
  g_mutex_unlock (&self->mutex);

  return size;
}

void
aiot_pool_set_size (AiotPool *self,
                    guint     size)
{
  g_mutex_lock (&self->mutex);
  self->size = size;
  call_watcher_locked (self);
  pool_unlock (self);
}

void
aiot_pool_get_statistics (AiotPool           *self,
                          AiotPoolStatistics *statistics)
{
  g_mutex_lock (&self->mutex);
  *statistics = (AiotPoolStatistics) {
    .n_threads = self->n_threads,
    .n_running = self->n_running,
    .n_queued = aiot_work_queue_get_length (self->queue),
    .n_done = self->n_done,
    .n_failed = self->n_failed,
    .total_time = self->total_time,
  };
  g_mutex_unlock (&self->mutex);
}

/*
 * Any thread; does not block. Takes the reference of the work. The caller needs a reference to the pool of its own, because
 * the work may be done, and gone, when this returns.
 */
void
aiot_pool_submit (AiotPool *self,
                  AiotWork *work)
{
  gboolean refused = FALSE;

  g_mutex_lock (&self->mutex);
  aiot_work_queue_push (self->queue, work);
  if (self->n_serving + self->n_calls > 0)
    call_watcher_locked (self);
  else if (!call_one_locked (self) && self->n_threads == 0)
    refused = aiot_work_queue_remove (self->queue, work);
  pool_unlock (self);

  if (refused)
    {
      g_autoptr (GError) error = g_error_new (AIOT_ERROR, AIOT_ERROR_EXHAUSTED,
                                              "The system gives no thread to “%s”, and it has none yet; "
                                              "end other threads, or raise the limit of processes (ulimit -u)",
                                              self->name);

      work->funcs->refuse (work, error);
    }
}

/* Any thread. TRUE when the work will not run; its reference is the caller's then. */
gboolean
aiot_pool_withdraw (AiotPool *self,
                    AiotWork *work)
{
  gboolean withdrawn;

  g_mutex_lock (&self->mutex);
  withdrawn = aiot_work_queue_remove (self->queue, work);
  g_mutex_unlock (&self->mutex);

  return withdrawn;
}
