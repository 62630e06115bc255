/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-pool-internal.h"

/* The threads of a pool: each sleeps on a condition of its own, so that whoever calls can choose. */

/* Calls one that sleeps. FALSE when there is none. */
static gboolean
wake_parked_locked (AiotPool *self)
{
  GList *link = g_queue_pop_head_link (&self->parked);
  AiotPoolWorker *worker = link != NULL ? link->data : NULL;

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
  AiotPoolWorker *watcher = g_steal_pointer (&self->watcher);

  if (watcher == NULL)
    return FALSE;

  aiot_runner_call_locked (&self->runner, &watcher->worker);
  return TRUE;
}

gboolean
aiot_pool_may_serve_more_locked (AiotPool *self)
{
  return self->n_serving + self->n_calls < self->size;
}

static gboolean
may_start_locked (AiotPool *self)
{
  return self->runner.n_threads - self->n_waiting < self->size;
}

/* FALSE where there is no thread to be had. One that serves counts as serving before it runs. */
static gboolean
start_thread_locked (AiotPool    *self,
                     AiotPoolRole role)
{
  AiotPoolWorker *worker = g_new0 (AiotPoolWorker, 1);

  worker->role = role;
  if (!aiot_runner_start_thread_locked (&self->runner, &worker->worker, self->runner.name))
    return FALSE;

  if (role == AIOT_POOL_SERVE)
    self->n_serving++;
  return TRUE;
}

/* FALSE when there is neither a parked thread nor a new one. */
gboolean
aiot_pool_call_one_locked (AiotPool *self)
{
  if (!aiot_pool_may_serve_more_locked (self))
    return FALSE;

  if (!wake_parked_locked (self) && !wake_watcher_locked (self))
    return may_start_locked (self) && start_thread_locked (self, AIOT_POOL_SERVE);

  self->n_calls++;
  return TRUE;
}

void
aiot_pool_call_watcher_locked (AiotPool *self)
{
  if (self->watched || !aiot_pool_may_serve_more_locked (self) || aiot_work_queue_get_length (self->queue) == 0)
    return;

  if (wake_parked_locked (self))
    self->watched = self->watch_call = TRUE;
  else if (may_start_locked (self))
    self->watched = self->watch_call = start_thread_locked (self, AIOT_POOL_PARK);
}

/* By the worker itself, when it begins and when it ends. */
void
aiot_pool_add_worker_locked (AiotPool       *self,
                             AiotPoolWorker *worker)
{
  GSList *link = self->spare_conds;

  worker->link.data = worker;
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

void
aiot_pool_remove_worker_locked (AiotPool       *self,
                                AiotPoolWorker *worker)
{
  self->spare_conds = g_slist_prepend (self->spare_conds, g_steal_pointer (&worker->worker.called));
}

static void
cond_free (gpointer cond)
{
  g_cond_clear (cond);
  g_free (cond);
}

void
aiot_pool_clear_workers (AiotPool *self)
{
  g_slist_free_full (g_steal_pointer (&self->spare_conds), cond_free);
}
