/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-generator-private.h"

#include "aiot-error.h"
#include "aiot-process-private.h"
#include "aiot-progress-private.h"
#include "aiot-send-private.h"
#include "aiot-value-private.h"

/**
 * AiotGenerator:
 *
 * What a function that gives many results sees of its iteration; see [callback@GeneratorFunc].
 *
 * ```c
 * static gboolean
 * count (AiotGenerator  *generator,
 *        gpointer        user_data,
 *        GError        **error)
 * {
 *   for (gint64 i = 0; i < 1000; i++)
 *     if (!aiot_generator_emit_int64 (generator, i, error))
 *       return FALSE;
 *   return TRUE;
 * }
 * ```
 *
 * It is valid while the function runs; whoever keeps a reference for longer finds it closed. Its functions may be called from any
 * thread.
 *
 * Since: 1.0
 */

/*
 * The body of an iteration, from its start on a worker to its end. It starts at most once, and ends once, whether it ran or not:
 * `state` says how far it is. What belongs to the caller is dropped at home when it has ended.
 *
 * References are held by the iterator, by the executor while it has the work, by the watch on home while it is linked, by the
 * handler on the caller's cancellable, and by the entry that travels home.
 */

typedef enum
{
  STATE_NEW,
  STATE_STARTED,
  STATE_ENDED,
} State;

struct _AiotGenerator
{
  AiotWork work;              /* the executor's once it is started */
  AiotHomeEntry release;      /* home's once pushed */
  AiotHomeWatch watch;
  gatomicrefcount ref_count;

  /* Set before it is started, then read by any thread */
  AiotHome *home;             /* NULL where it runs on the thread of the caller */
  AiotQueue *queue;           /* likewise */
  AiotRunner *runner;         /* likewise */
  AiotGeneratorFunc func;
  AiotItemFunc item_func;     /* takes the items on the thread of the caller */
  gpointer item_func_data;

  /* Dropped at home when it has ended */
  GObject *owner;             /* of the data, or NULL */
  gpointer user_data;
  GDestroyNotify user_data_destroy;
  GValue argument;
  GCancellable *cancellable;  /* the caller's */
  gulong cancelled_id;

  /* Atomic */
  int state;
  gboolean was_stopped;       /* by item_func */
  gboolean has_warned;
  GCancellable *own_cancellable;
  AiotProgress *progress;

  GError *error;              /* written by the thread of the body, read after it */
};

#define GENERATOR_OF(member, pointer) \
  ((AiotGenerator *) ((char *) (pointer) - G_STRUCT_OFFSET (AiotGenerator, member)))

G_DEFINE_BOXED_TYPE (AiotGenerator, aiot_generator, aiot_generator_ref, aiot_generator_unref)

static const char *
generator_get_name (AiotGenerator *self)
{
  return self->work.name != NULL ? self->work.name : "A generator";
}

/* By whoever the data belongs to, after the body has ended. */
static void
generator_drop_data (AiotGenerator *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->user_data_destroy);

  if (self->cancelled_id != 0)
    g_signal_handler_disconnect (self->cancellable, self->cancelled_id);
  self->cancelled_id = 0;
  g_clear_object (&self->cancellable);
  if (destroy != NULL)
    destroy (self->user_data);
  aiot_value_clear (&self->argument);
  g_clear_object (&self->owner);
  aiot_work_clear (&self->work);
}

static void
generator_free (AiotGenerator *self)
{
  /* It may have handlers of the program. */
  if (self->progress != NULL)
    aiot_home_destroy (self->home, self->progress, g_object_unref);
  g_clear_object (&self->own_cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->runner, aiot_runner_unref);
  g_clear_pointer (&self->queue, aiot_queue_unref);
  g_clear_pointer (&self->home, aiot_home_unref);
  g_free (self);
}

/**
 * aiot_generator_ref:
 * @self: a generator
 *
 * Takes a reference.
 *
 * Returns: (transfer full): the generator
 *
 * Since: 1.0
 */
AiotGenerator *
aiot_generator_ref (AiotGenerator *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * aiot_generator_unref:
 * @self: (transfer full): a generator
 *
 * Drops a reference.
 *
 * Since: 1.0
 */
void
aiot_generator_unref (AiotGenerator *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    generator_free (self);
}

AiotQueue *
aiot_generator_get_queue (AiotGenerator *self)
{
  return self->queue;
}

/* --- Its end ----------------------------------------------------------------- */

static void
generator_release_run (AiotHomeEntry *entry)
{
  AiotGenerator *self = GENERATOR_OF (release, entry);

  generator_drop_data (self);
  aiot_generator_unref (self);
}

/* As urgent as an answer: who waits for the end finds the data freed. */
static const AiotHomeEntryFuncs release_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = generator_release_run,
  .release = generator_release_run,
};

static void
generator_release (AiotGenerator *self)
{
  aiot_generator_ref (self);
  if (aiot_home_needs_this_thread (self->home))
    generator_release_run (&self->release);
  else
    aiot_home_push (self->home, &self->release);
}

/* Any thread, once: its body has returned, or will never run. Takes the error. */
static void
generator_end (AiotGenerator *self,
               GError        *error)
{
  g_atomic_int_set (&self->state, STATE_ENDED);
  if (aiot_home_remove_watch (self->home, &self->watch))
    aiot_generator_unref (self);
  generator_release (self);
  aiot_queue_end (self->queue, error);
}

static GError *
new_cancelled_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
}

/* Any thread: its work should stop, and if it still waits for a thread it will not run any more. */
static void
generator_stop (AiotGenerator *self)
{
  aiot_work_cancel (&self->work, &self->own_cancellable);
  if (g_atomic_int_get (&self->state) == STATE_STARTED && self->runner != NULL &&
      aiot_runner_withdraw (self->runner, &self->work))
    {
      generator_end (self, new_cancelled_error ());
      aiot_generator_unref (self);
    }
}

/* Any thread: nobody wants its items any more. */
void
aiot_generator_close (AiotGenerator *self)
{
  aiot_queue_discard (self->queue);
  if (g_atomic_int_compare_and_exchange (&self->state, STATE_NEW, STATE_ENDED))
    generator_end (self, NULL);
  else
    generator_stop (self);
}

static void
generator_home_gone (AiotHomeWatch *watch)
{
  g_autoptr (AiotGenerator) self = GENERATOR_OF (watch, watch);

  if (aiot_process_is_ending ())
    {
      /*
       * What belongs to the program is left alone, but a thread that the process waits for must not wait for a consumer, nor take what
       * it got so far for all.
       */
      aiot_queue_close_with_error (self->queue, g_error_new_literal (AIOT_ERROR, AIOT_ERROR_CLOSED, "The process ends"));
      if (!self->runner->is_joined)
        aiot_work_mark_cancelled (&self->work);
      return;
    }

  aiot_work_drop_main_context (&self->work);
  aiot_queue_discard (self->queue);
  generator_stop (self);
}

static void
generator_cancelled_cb (GCancellable *cancellable,
                        gpointer      user_data)
{
  /* What is dropped at its end may be what holds it. */
  g_autoptr (AiotGenerator) self = aiot_generator_ref (user_data);

  if (!aiot_process_is_forked ())
    generator_stop (self);
}

/* --- Its work ---------------------------------------------------------------- */

static gboolean
is_about_closing (const GError *error)
{
  return g_error_matches (error, AIOT_ERROR, AIOT_ERROR_CLOSED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Nobody asks for it any more. */
static void
warn_of_late_error (AiotGenerator *self,
                    const GError  *error)
{
  if (error != NULL && !is_about_closing (error))
    g_warning ("%s failed after its iteration was closed: %s", generator_get_name (self), error->message);
}

static AiotWorkOutcome
generator_run (AiotWork *work)
{
  AiotGenerator *self = GENERATOR_OF (work, work);
  GError *error = NULL;
  gboolean succeeded;

  if (aiot_work_is_cancelled (work))
    return AIOT_WORK_NEVER_RAN;

  succeeded = self->func (self, self->user_data, &error);
  self->error = aiot_work_judge (generator_get_name (self), succeeded, error);
  return self->error == NULL ? AIOT_WORK_SUCCEEDED : AIOT_WORK_FAILED;
}

static void
generator_done (AiotWork        *work,
                AiotWorkOutcome  outcome)
{
  g_autoptr (AiotGenerator) self = GENERATOR_OF (work, work);
  GError *error = outcome == AIOT_WORK_NEVER_RAN ? new_cancelled_error () : g_steal_pointer (&self->error);

  if (aiot_queue_is_discarded (self->queue))
    warn_of_late_error (self, error);
  generator_end (self, error);
}

static void
generator_refuse (AiotWork     *work,
                  const GError *error)
{
  g_autoptr (AiotGenerator) self = GENERATOR_OF (work, work);

  generator_end (self, g_error_copy (error));
}

static void
generator_cancel_work (AiotWork *work)
{
  aiot_work_cancel (work, &GENERATOR_OF (work, work)->own_cancellable);
}

static GCancellable *
generator_get_work_cancellable (AiotWork *work)
{
  return aiot_generator_get_cancellable (GENERATOR_OF (work, work));
}

static const AiotWorkFuncs work_funcs = {
  .run = generator_run,
  .done = generator_done,
  .refuse = generator_refuse,
  .cancel = generator_cancel_work,
  .get_cancellable = generator_get_work_cancellable,
};

/* The data belongs to @owner, or is destroyed at home. */
AiotGenerator *
aiot_generator_new (AiotGeneratorFunc  func,
                    gpointer           user_data,
                    GDestroyNotify     user_data_destroy,
                    GObject           *owner,
                    const GValue      *argument)
{
  AiotGenerator *self = g_new0 (AiotGenerator, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->func = func;
  self->user_data = user_data;
  self->user_data_destroy = user_data_destroy;
  self->owner = owner != NULL ? g_object_ref (owner) : NULL;
  self->release.funcs = &release_funcs;
  self->watch.home_gone = generator_home_gone;
  if (argument != NULL)
    aiot_value_init_copy (&self->argument, argument);
  return self;
}

/* It can be started from now on, and must be closed. */
void
aiot_generator_prepare (AiotGenerator              *self,
                        const AiotGeneratorOptions *options,
                        GCancellable               *cancellable)
{
  AiotWork *origin = aiot_worker_get_origin ();

  aiot_work_init (&self->work, &work_funcs, options->name, options->priority);
  if (origin != NULL)
    aiot_work_come_from_work (&self->work, origin);
  else
    aiot_work_come_from_here (&self->work);
  self->home = aiot_home_ref (self->work.home);
  self->queue = aiot_queue_new (self->home, options->capacity, AIOT_WHEN_FULL_WAIT);
  self->runner = aiot_executor_dup_runner (options->executor);
  if (cancellable == NULL)
    return;

  self->cancellable = g_object_ref (cancellable);
  self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (generator_cancelled_cb),
                                              aiot_generator_ref (self), (GDestroyNotify) aiot_generator_unref);
}

/* Any thread; once is enough. */
void
aiot_generator_start (AiotGenerator *self)
{
  g_autoptr (AiotRunner) runner = aiot_runner_ref (self->runner);

  if (!g_atomic_int_compare_and_exchange (&self->state, STATE_NEW, STATE_STARTED))
    return;

  aiot_generator_ref (self);
  if (!aiot_home_add_watch (self->home, &self->watch))
    generator_home_gone (&self->watch);
  /* For the executor. What is cancelled already starts no thread. */
  aiot_runner_submit (runner, &aiot_generator_ref (self)->work);
}

/* --- On the thread of the caller --------------------------------------------- */

/* Runs the body right here, and hands each item to a function. */
gboolean
aiot_generator_run_here (AiotGenerator  *self,
                         const char     *name,
                         AiotItemFunc    item_func,
                         gpointer        item_func_data,
                         GCancellable   *cancellable,
                         GError        **error)
{
  AiotWorkOutcome outcome;
  GError *body_error;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      generator_drop_data (self);
      return FALSE;
    }

  aiot_work_init (&self->work, &work_funcs, name, G_PRIORITY_DEFAULT);
  self->item_func = item_func;
  self->item_func_data = item_func_data;
  self->state = STATE_STARTED;
  if (cancellable != NULL)
    self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (generator_cancelled_cb), self, NULL);
  outcome = aiot_worker_run_inline (&self->work);
  if (self->cancelled_id != 0)
    g_cancellable_disconnect (cancellable, self->cancelled_id);
  self->cancelled_id = 0;
  g_atomic_int_set (&self->state, STATE_ENDED);
  generator_drop_data (self);

  body_error = outcome == AIOT_WORK_NEVER_RAN ? new_cancelled_error () : g_steal_pointer (&self->error);
  if (g_atomic_int_get (&self->was_stopped))
    {
      warn_of_late_error (self, body_error);
      g_clear_error (&body_error);
    }
  if (body_error == NULL)
    return TRUE;

  g_propagate_error (error, body_error);
  return FALSE;
}

static gboolean
set_closed_error (GError **error)
{
  g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CLOSED, "The iteration was closed, and wants no more items");
  return FALSE;
}

static gboolean
generator_emit_here (AiotGenerator  *self,
                     GValue         *value,
                     GError        **error)
{
  gboolean goes_on = FALSE;

  if (!g_atomic_int_get (&self->was_stopped) && g_atomic_int_get (&self->state) == STATE_STARTED)
    {
      goes_on = self->item_func (value, self->item_func_data);
      g_atomic_int_set (&self->was_stopped, !goes_on);
    }
  g_value_unset (value);
  return goes_on || set_closed_error (error);
}

/* --- What the body does ------------------------------------------------------ */

/* A serial executor can do nothing else meanwhile, and whoever consumes the items may wait for just that. */
static void
generator_warn_of_waiting (gpointer data)
{
  AiotGenerator *self = data;
  AiotStatistics statistics;

  if (!aiot_runner_is_serial (self->runner) || g_atomic_int_get (&self->has_warned))
    return;

  aiot_runner_get_statistics (self->runner, &statistics);
  if (statistics.n_queued == 0 || !g_atomic_int_compare_and_exchange (&self->has_warned, FALSE, TRUE))
    return;

  g_warning ("%s waits for its consumer on the serial executor “%s”, where %u more wait behind it; "
             "do one call for each page there, or use another executor",
             generator_get_name (self), self->runner->name, statistics.n_queued);
}

/* Its own thread is woken when its work is cancelled. Any other one that the body has needs the cancellable for that; else NULL. */
static GCancellable *
get_emit_cancellable (AiotGenerator *self)
{
  for (AiotWork *work = aiot_worker_get_work (); work != NULL; work = work->outer)
    if (work == &self->work)
      return NULL;
  return aiot_generator_get_cancellable (self);
}

static AiotSent
generator_send (AiotGenerator  *self,
                GValue         *value,
                gboolean        may_wait,
                GError        **error)
{
  if (!may_wait)
    return aiot_queue_try_send (self->queue, value, error);

  return aiot_queue_send_sync (self->queue, value, get_emit_cancellable (self), generator_warn_of_waiting, self, error);
}

static gboolean
generator_emit (AiotGenerator  *self,
                GValue         *value,
                gboolean        may_wait,
                GError        **error)
{
  g_autoptr (GError) send_error = NULL;

  if (aiot_work_is_cancelled (&self->work))
    {
      if (self->queue != NULL)
        aiot_queue_destroy_value (self->queue, value);
      else
        g_value_unset (value);
      if (self->queue != NULL && aiot_queue_is_discarded (self->queue))
        return set_closed_error (error);
      g_propagate_error (error, new_cancelled_error ());
      return FALSE;
    }
  if (self->item_func != NULL)
    return generator_emit_here (self, value, error);

  if (generator_send (self, value, may_wait, &send_error) != AIOT_SENT_NOTHING)
    return TRUE;

  /* Closing also cancels the work, and either may be seen first. */
  if (is_about_closing (send_error) && aiot_queue_is_closed (self->queue))
    return set_closed_error (error);
  g_propagate_error (error, g_steal_pointer (&send_error));
  return FALSE;
}

gboolean
aiot_generator_emit_taken (AiotGenerator  *self,
                           GValue         *value,
                           GError        **error)
{
  return generator_emit (self, value, TRUE, error);
}

/**
 * aiot_generator_emit:
 * @self: a generator
 * @value: the item, which is copied
 * @error: return location for an error
 *
 * Gives an item to whoever iterates.
 *
 * When as many items wait as the capacity allows, it blocks until there is room: when half of them are taken, or somebody waits
 * for one. The body gives its place in a pool back meanwhile.
 *
 * Where it returns %FALSE, no more items are wanted: clean up, and return %FALSE with this error.
 *
 * Errors: %AIOT_ERROR_CLOSED when the iterator was closed or dropped, or its main context has gone; %G_IO_ERROR_CANCELLED when the
 * cancellable of the iteration was cancelled, or the executor shut down.
 *
 * Returns: %TRUE if the item will be received, or freed at home should the iterator be closed before that
 *
 * Since: 1.0
 */
gboolean
aiot_generator_emit (AiotGenerator  *self,
                     const GValue   *value,
                     GError        **error)
{
  GValue copy = G_VALUE_INIT;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  aiot_value_init_copy (&copy, value);
  return aiot_generator_emit_taken (self, &copy, error);
}

/**
 * aiot_generator_try_emit:
 * @self: a generator
 * @value: the item, which is copied
 * @error: return location for an error
 *
 * Gives an item to whoever iterates, if there is room for it.
 *
 * It does not block. It is for bodies that have something better to do than to wait, and for those that must let go of something
 * before they wait, such as the lock of an interpreter: they call [method@Generator.emit] where this finds no room.
 *
 * Errors: %G_IO_ERROR_WOULD_BLOCK when as many items wait as the capacity allows, and those of [method@Generator.emit].
 *
 * Returns: %TRUE if the item will be received, or freed at home should the iterator be closed before that
 *
 * Since: 1.0
 */
gboolean
aiot_generator_try_emit (AiotGenerator  *self,
                         const GValue   *value,
                         GError        **error)
{
  GValue copy = G_VALUE_INIT;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (G_IS_VALUE (value), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  aiot_value_init_copy (&copy, value);
  return generator_emit (self, &copy, FALSE, error);
}

/**
 * aiot_generator_get_argument:
 * @self: a generator
 *
 * Gets the argument of the iteration; see [method@ThreadedIterable.iterate].
 *
 * Returns: (transfer none) (nullable): the argument, valid while the function runs, or %NULL if there is none
 *
 * Since: 1.0
 */
const GValue *
aiot_generator_get_argument (AiotGenerator *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_int_get (&self->state) != STATE_ENDED && aiot_value_is_set (&self->argument) ? &self->argument : NULL;
}

/**
 * aiot_generator_get_cancellable:
 * @self: a generator
 *
 * Gets a cancellable for blocking functions that take one.
 *
 * It is cancelled when the iterator is closed, and when the iteration is cancelled.
 *
 * Returns: (transfer none): a cancellable, valid as long as the generator
 *
 * Since: 1.0
 */
GCancellable *
aiot_generator_get_cancellable (AiotGenerator *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return aiot_work_get_cancellable (&self->work, &self->own_cancellable);
}

/**
 * aiot_generator_is_closed:
 * @self: a generator
 *
 * Gets whether no more items are wanted, for functions that work long before they have one.
 *
 * Returns: %TRUE if [method@Generator.emit] would fail
 *
 * Since: 1.0
 */
gboolean
aiot_generator_is_closed (AiotGenerator *self)
{
  g_return_val_if_fail (self != NULL, TRUE);

  return aiot_work_is_cancelled (&self->work) || g_atomic_int_get (&self->was_stopped) ||
         g_atomic_int_get (&self->state) == STATE_ENDED ||
         (self->queue != NULL && aiot_queue_is_closed (self->queue));
}

/* What the iterator has as well; made when it is first needed. NULL where nobody could see it. */
AiotProgress *
aiot_generator_get_progress (AiotGenerator *self)
{
  g_autoptr (AiotProgress) progress = NULL;

  if (self->home == NULL || g_atomic_pointer_get (&self->progress) != NULL)
    return g_atomic_pointer_get (&self->progress);

  progress = aiot_progress_new_at (self->home);
  if (g_atomic_pointer_compare_and_exchange (&self->progress, NULL, progress))
    return g_steal_pointer (&progress);

  return g_atomic_pointer_get (&self->progress);
}

/**
 * aiot_generator_report_progress:
 * @self: a generator
 * @fraction: how much is done, from 0 to 1
 * @text: (nullable): what is being done
 *
 * Tells how far the function has come; see [method@ThreadedIterator.get_progress].
 *
 * It may be called as often as one likes, and does not block. Where the function runs on the thread of its caller nobody sees it.
 *
 * Since: 1.0
 */
void
aiot_generator_report_progress (AiotGenerator *self,
                                double         fraction,
                                const char    *text)
{
  AiotProgress *progress;

  g_return_if_fail (self != NULL);

  progress = aiot_generator_get_progress (self);
  if (progress != NULL)
    aiot_progress_report (progress, fraction, text);
}
