/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-runner-private.h"

#include "aiot-brief-lock-private.h"
#include "aiot-clock-private.h"
#include "aiot-error.h"
#include "aiot-process-private.h"

/*
 * What all kinds of executors have in common: threads that run work, counting it, and ending.
 *
 * An executor is the face of a runner. The runner lives longer: its threads hold references to it, and so does all work that
 * it was given. One mutex guards everything; work, hooks and notifications run without it.
 *
 * Work that runs can be cancelled by whoever shuts the executor down. For that it stands in its worker's `doing`, where
 * either the worker takes it back, when it has run, or somebody claims it, cancels it, and says so on `claims`.
 */

static AiotWork claimed;

/* Whose thread this is, its hooks included. */
static GPrivate this_runner;

void
aiot_runner_init (AiotRunner            *self,
                  const AiotRunnerFuncs *funcs,
                  const char            *name)
{
  self->funcs = funcs;
  self->name = g_strdup (name);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  aiot_runner_init_signals (self);
  g_cond_init (&self->claims);
}

AiotRunner *
aiot_runner_ref (AiotRunner *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* What threads call on themselves. A thread that does so holds a reference, so the data outlives that. */
typedef struct _AiotHook AiotHook;

struct _AiotHook
{
  gatomicrefcount ref_count;
  AiotThreadHook func;
  gpointer data;
  GDestroyNotify data_destroy;
  AiotHome *home;
};

static AiotHook *
hook_new (AiotThreadHook func,
          gpointer       data,
          GDestroyNotify data_destroy)
{
  AiotHook *self = g_new (AiotHook, 1);

  *self = (AiotHook) { .func = func, .data = data, .data_destroy = data_destroy, .home = aiot_home_dup_thread_default () };
  g_atomic_ref_count_init (&self->ref_count);
  return self;
}

static void
hook_unref (AiotHook *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  aiot_home_destroy (self->home, self->data, self->data_destroy);
  aiot_home_unref (self->home);
  g_free (self);
}

void
aiot_runner_unref (AiotRunner *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->hook, hook_unref);
  g_cond_clear (&self->claims);
  g_mutex_clear (&self->mutex);
  g_free (self->name);
  self->funcs->finalize (self);
}

/* --- Threads ---------------------------------------------------------------- */

static void
run_hook (AiotRunner      *self,
          AiotThreadPhase  phase)
{
  AiotHook *hook;

  g_mutex_lock (&self->mutex);
  hook = self->hook;
  if (hook != NULL)
    g_atomic_ref_count_inc (&hook->ref_count);
  g_mutex_unlock (&self->mutex);

  if (hook == NULL)
    return;

  if (hook->func != NULL)
    hook->func (phase, hook->data);
  hook_unref (hook);
}

static gboolean
has_ended_locked (AiotRunner *self)
{
  return self->is_closed && self->n_alive == 0;
}

static void
notify_ends (GQueue *ends)
{
  while (ends->head != NULL)
    {
      AiotRunnerEnd *end = g_queue_pop_head_link (ends)->data;

      end->ended (end);
    }
}

/* Those who wait for the end, if it has come. Whoever is linked no more is notified. */
static GQueue
take_ends_locked (AiotRunner *self)
{
  GQueue ends = G_QUEUE_INIT;

  if (!has_ended_locked (self))
    return ends;

  ends = self->ends;
  g_queue_init (&self->ends);
  for (GList *l = ends.head; l != NULL; l = l->next)
    ((AiotRunnerEnd *) l->data)->is_linked = FALSE;
  return ends;
}

static gpointer
worker_main (gpointer data)
{
  g_autofree AiotWorker *worker = data;
  AiotRunner *self = worker->runner;
  gboolean is_joined = self->is_joined;
  GQueue ends;

  if (is_joined)
    aiot_process_mark_joined ();
  g_private_set (&this_runner, self);
  aiot_cpu_meter_init (&worker->meter);
  run_hook (self, AIOT_THREAD_STARTS);
  aiot_worker_set_current (worker);

  g_mutex_lock (&self->mutex);
  worker->link = (GList) { .data = worker };
  g_queue_push_tail_link (&self->workers, &worker->link);
  self->funcs->work_locked (self, worker);
  g_queue_unlink (&self->workers, &worker->link);
  self->n_threads--;
  /* No longer one that others could need the place of */
  aiot_process_release_thread ();
  aiot_runner_unlock (self);

  aiot_worker_set_current (NULL);
  run_hook (self, AIOT_THREAD_ENDS);
  /* What is freed with the main contexts of this thread belongs to the program too. */
  aiot_home_thread_end ();

  g_mutex_lock (&self->mutex);
  self->n_alive--;
  ends = take_ends_locked (self);
  aiot_runner_unlock (self);

  notify_ends (&ends);
  g_private_set (&this_runner, NULL);
  aiot_runner_unref (self);
  if (is_joined)
    aiot_process_remove_joined ();
  return NULL;
}

/* Linux refuses a longer name of a thread as a whole, and so do some versions of GLib. */
#define THREAD_NAME_SIZE 16

static void
shorten_name (char       *short_name,
              const char *name)
{
  const char *end;

  g_strlcpy (short_name, name, THREAD_NAME_SIZE);
  if (!g_utf8_validate (short_name, -1, &end))
    short_name[end - short_name] = '\0';
}

gboolean
aiot_runner_has_this_thread (AiotRunner *self)
{
  return g_private_get (&this_runner) == self;
}

/* Takes the worker. FALSE where there is no thread to be had. */
gboolean
aiot_runner_start_thread_locked (AiotRunner *self,
                                 AiotWorker *worker,
                                 const char *name)
{
  char short_name[THREAD_NAME_SIZE];
  GThread *thread = NULL;

  aiot_process_use ();
  shorten_name (short_name, name);
  worker->runner = aiot_runner_ref (self);
  if (aiot_process_reserve_thread ())
    {
      if (self->is_joined)
        aiot_process_add_joined ();
      thread = g_thread_try_new (short_name, worker_main, worker, NULL);
      if (thread == NULL && self->is_joined)
        aiot_process_remove_joined ();
      if (thread == NULL)
        aiot_process_release_thread ();
    }
  if (thread == NULL)
    {
      g_free (worker);
      /* Never the last one: whoever starts a thread has one. */
      aiot_runner_unref (self);
      return FALSE;
    }

  g_thread_unref (thread);
  self->n_threads++;
  self->n_alive++;
  return TRUE;
}

/* Afterwards nobody can cancel the work by way of its worker. */
static void
worker_stop_doing (AiotWorker *self,
                   AiotWork   *work)
{
  if (g_atomic_pointer_compare_and_exchange (&self->doing, work, NULL))
    return;

  g_mutex_lock (&self->runner->mutex);
  while (g_atomic_pointer_get (&self->doing) != NULL)
    g_cond_wait (&self->runner->claims, &self->runner->mutex);
  g_mutex_unlock (&self->runner->mutex);
}

static void
worker_end_blocking (AiotWorker *self,
                     AiotWork   *work)
{
  if (G_LIKELY (self->n_blocking == 0))
    return;

  g_warning ("%s called aiot_blocking_begin () more often than aiot_blocking_end ()",
             work->name != NULL ? work->name : "A function");
  self->n_blocking = 0;
  aiot_runner_end_blocking (self->runner);
}

static void
count_locked (AiotRunner      *self,
              AiotWorkOutcome  outcome,
              gint64           took)
{
  self->n_done++;
  if (outcome == AIOT_WORK_FAILED)
    self->n_failed++;
  self->total_time += took;
  self->usual_time += (took - self->usual_time) / 8;
}

/* Unlocks while the work runs. Returns when it ended. */
gint64
aiot_runner_run_locked (AiotRunner *self,
                        AiotWorker *worker,
                        AiotWork   *work,
                        gint64      started)
{
  AiotWorkOutcome outcome;
  gint64 ended;

  worker->name = work->name;
  worker->since = started;
  g_atomic_pointer_set (&worker->doing, work);
  self->n_running++;
  aiot_runner_unlock (self);

  outcome = aiot_worker_run (worker, work);
  worker_end_blocking (worker, work);
  worker_stop_doing (worker, work);
  work->funcs->done (work, outcome);
  ended = aiot_clock_now ();

  aiot_brief_lock (&self->mutex);
  worker->since = 0;
  self->n_running--;
  if (outcome != AIOT_WORK_NEVER_RAN)
    count_locked (self, outcome, ended - started);
  return ended;
}

void
aiot_runner_set_hook (AiotRunner     *self,
                      AiotThreadHook  func,
                      gpointer        data,
                      GDestroyNotify  data_destroy)
{
  AiotHook *hook = func != NULL || data_destroy != NULL ? hook_new (func, data, data_destroy) : NULL;
  AiotHook *old;

  g_mutex_lock (&self->mutex);
  old = self->hook;
  self->hook = hook;
  g_mutex_unlock (&self->mutex);

  if (old != NULL)
    hook_unref (old);
}

void
aiot_runner_begin_blocking (AiotRunner *self)
{
  if (self->funcs->begin_blocking_locked == NULL)
    return;

  g_mutex_lock (&self->mutex);
  self->funcs->begin_blocking_locked (self);
  aiot_runner_unlock (self);
}

void
aiot_runner_end_blocking (AiotRunner *self)
{
  if (self->funcs->end_blocking_locked == NULL)
    return;

  g_mutex_lock (&self->mutex);
  self->funcs->end_blocking_locked (self);
  aiot_runner_unlock (self);
}

/* --- Work ------------------------------------------------------------------- */

GError *
aiot_runner_new_exhausted_error (AiotRunner *self)
{
  return g_error_new (AIOT_ERROR, AIOT_ERROR_EXHAUSTED,
                      "There is no thread for “%s”: the process has its limit of %u, see aiot_set_thread_limit (), "
                      "or the system gives no more, see ulimit -u",
                      self->name, aiot_process_get_thread_limit ());
}

static GError *
new_closed_error (AiotRunner *self)
{
  return g_error_new (AIOT_ERROR, AIOT_ERROR_CLOSED, "The executor “%s” was shut down and takes no more work", self->name);
}

static GError *
new_cancelled_error (AiotRunner *self)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The executor “%s” was shut down before this ran", self->name);
}

/* Unlocks for it. Work that a thread was just about to start. */
void
aiot_runner_refuse_locked (AiotRunner *self,
                           AiotWork   *work)
{
  g_autoptr (GError) error = new_cancelled_error (self);

  aiot_runner_unlock (self);
  work->funcs->refuse (work, error);
  g_mutex_lock (&self->mutex);
}

/* Takes all that is queued out of the list. */
void
aiot_runner_refuse_all (AiotRunner   *self,
                        GQueue       *works,
                        const GError *error)
{
  GList *link;

  while ((link = g_queue_pop_head_link (works)) != NULL)
    {
      AiotWork *work = link->data;

      work->funcs->refuse (work, error);
    }
}

/*
 * Any thread; does not block. Takes the reference of the work. The caller needs a reference to the runner of its own, because
 * the work may be done, and gone, when this returns.
 */
void
aiot_runner_submit (AiotRunner *self,
                    AiotWork   *work)
{
  g_autoptr (GError) error = NULL;
  gboolean is_cancelled;

  if (aiot_process_fails_if_forked (&error))
    {
      work->funcs->refuse (work, error);
      return;
    }

  aiot_brief_lock (&self->mutex);
  /* Whoever cancelled it before this found nothing to withdraw, and whoever does so after this finds it queued. */
  is_cancelled = aiot_work_is_cancelled (work);
  if (!is_cancelled && self->is_closed)
    error = new_closed_error (self);
  else if (!is_cancelled && !self->funcs->submit_locked (self, work))
    error = aiot_runner_new_exhausted_error (self);
  aiot_runner_postpone_locked (self);
  aiot_runner_unlock (self);

  if (is_cancelled)
    work->funcs->done (work, AIOT_WORK_NEVER_RAN);
  else if (error != NULL)
    work->funcs->refuse (work, error);
}

/* Any thread. TRUE when the work will not run; its reference is the caller's then. */
gboolean
aiot_runner_withdraw (AiotRunner *self,
                      AiotWork   *work)
{
  gboolean withdrawn;

  if (self->funcs->withdraw_locked == NULL)
    return FALSE;

  g_mutex_lock (&self->mutex);
  withdrawn = self->funcs->withdraw_locked (self, work);
  g_mutex_unlock (&self->mutex);

  return withdrawn;
}

void
aiot_runner_get_statistics (AiotRunner     *self,
                            AiotStatistics *statistics)
{
  *statistics = (AiotStatistics) { 0 };
  if (aiot_process_is_forked ())
    return;

  g_mutex_lock (&self->mutex);
  *statistics = (AiotStatistics) {
    .n_threads = self->n_threads,
    .n_running = self->n_running,
    .n_queued = self->funcs->get_n_queued_locked != NULL ? self->funcs->get_n_queued_locked (self) : 0,
    .n_done = self->n_done,
    .n_failed = self->n_failed,
    .total_time = self->total_time,
  };
  g_mutex_unlock (&self->mutex);
}

/* --- Ending ----------------------------------------------------------------- */

/* Nobody can submit any more: threads leave when all is done. */
void
aiot_runner_let_go (AiotRunner *self)
{
  /* A forked child has no threads to tell, and maybe a lock that nobody will unlock. */
  if (!aiot_process_is_forked ())
    {
      g_mutex_lock (&self->mutex);
      self->let_go = TRUE;
      aiot_runner_call_all_locked (self);
      aiot_runner_unlock (self);
    }

  aiot_runner_unref (self);
}

typedef struct
{
  AiotWorker *worker;
  AiotWork *work;
} Claim;

static GArray *
claim_running_locked (AiotRunner *self)
{
  GArray *claims = g_array_new (FALSE, FALSE, sizeof (Claim));

  for (GList *l = self->workers.head; l != NULL; l = l->next)
    {
      AiotWorker *worker = l->data;
      Claim claim = { worker, g_atomic_pointer_get (&worker->doing) };

      if (claim.work != NULL && claim.work != &claimed &&
          g_atomic_pointer_compare_and_exchange (&worker->doing, claim.work, &claimed))
        g_array_append_val (claims, claim);
    }
  return claims;
}

static void
cancel_running (AiotRunner *self,
                GArray     *claims)
{
  for (guint i = 0; i < claims->len; i++)
    {
      AiotWork *work = g_array_index (claims, Claim, i).work;

      work->funcs->cancel (work);
    }

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < claims->len; i++)
    g_atomic_pointer_set (&g_array_index (claims, Claim, i).worker->doing, NULL);
  g_cond_broadcast (&self->claims);
  g_mutex_unlock (&self->mutex);
}

/* Takes no more work. What is queued is answered with an error, and what runs is told to stop, if @cancel is set. */
void
aiot_runner_close (AiotRunner *self,
                   gboolean    cancel)
{
  g_autoptr (GArray) claims = NULL;
  g_autoptr (GError) error = NULL;
  GQueue queued = G_QUEUE_INIT;
  GQueue ends;
  AiotWork *work;

  g_mutex_lock (&self->mutex);
  self->is_closed = TRUE;
  if (cancel)
    {
      self->cancels = TRUE;
      claims = claim_running_locked (self);
      while (self->funcs->take_queued_locked != NULL && (work = self->funcs->take_queued_locked (self)) != NULL)
        g_queue_push_tail_link (&queued, &work->link);
    }
  ends = take_ends_locked (self);
  aiot_runner_call_all_locked (self);
  aiot_runner_unlock (self);

  error = new_cancelled_error (self);
  aiot_runner_refuse_all (self, &queued, error);
  if (claims != NULL)
    cancel_running (self, claims);
  notify_ends (&ends);
}

/* FALSE when it has ended already. Only for one that was closed. */
gboolean
aiot_runner_add_end (AiotRunner    *self,
                     AiotRunnerEnd *end)
{
  gboolean added;

  g_mutex_lock (&self->mutex);
  end->link = (GList) { .data = end };
  added = !has_ended_locked (self);
  end->is_linked = added;
  if (added)
    g_queue_push_tail_link (&self->ends, &end->link);
  g_mutex_unlock (&self->mutex);

  /* It may have been notified already, and is not ours then. */
  return added;
}

/* FALSE when it is notified, or was. */
gboolean
aiot_runner_remove_end (AiotRunner    *self,
                        AiotRunnerEnd *end)
{
  gboolean removed;

  g_mutex_lock (&self->mutex);
  removed = end->is_linked;
  if (removed)
    g_queue_unlink (&self->ends, &end->link);
  end->is_linked = FALSE;
  g_mutex_unlock (&self->mutex);

  return removed;
}

/* For people: what runs, and for how long. */
char **
aiot_runner_describe_running (AiotRunner *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gint64 now = aiot_clock_now ();

  if (aiot_process_is_forked ())
    return g_strv_builder_end (builder);

  g_mutex_lock (&self->mutex);
  for (GList *l = self->workers.head; l != NULL; l = l->next)
    {
      AiotWorker *worker = l->data;
      g_autofree char *text = NULL;

      if (worker->since == 0)
        continue;

      text = g_strdup_printf ("%s (%.1f s)", worker->name != NULL ? worker->name : "a function",
                              (now - worker->since) / (double) G_TIME_SPAN_SECOND);
      g_strv_builder_add (builder, text);
    }
  g_mutex_unlock (&self->mutex);

  return g_strv_builder_end (builder);
}
