/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-private.h"

#include "aiot-error.h"
#include "aiot-process-private.h"
#include "aiot-result-private.h"
#include "aiot-value-private.h"

/**
 * AiotCall: (ref-func aiot_call_ref) (unref-func aiot_call_unref)
 *
 * What a blocking function sees of the call that it works on.
 *
 * A function of type [callback@ThreadFunc] finds its argument here, can ask whether it was cancelled, hands the
 * cancellable of the call to blocking functions of GIO, and sets its result:
 *
 * ```c
 * static gboolean
 * count_lines (AiotCall *call, gpointer user_data, GError **error)
 * {
 *   const char *path = g_value_get_string (aiot_call_get_argument (call));
 *   g_autoptr (GFile) file = g_file_new_for_path (path);
 *   g_autofree char *text = NULL;
 *   gint64 n_lines = 0;
 *
 *   if (!g_file_load_contents (file, aiot_call_get_cancellable (call), &text, NULL, NULL, error))
 *     return FALSE;
 *
 *   for (const char *c = text; *c != '\0'; c++)
 *     n_lines += *c == '\n';
 *   aiot_call_set_result_int64 (call, n_lines);
 *   return TRUE;
 * }
 * ```
 *
 * The functions that set the result are for the function itself, while it runs; it may set one several times, and the last one
 * counts. All functions of a call may be used from any thread, and none blocks. What a call holds is freed on the main
 * context that made it, wherever the last reference is dropped.
 *
 * Since: 1.0
 */

/*
 * A call has two sides that end independently: the function on its worker, and the answer to the caller. With
 * AIOT_ON_CANCEL_ABANDON, or when home goes, the answer ends first. The data of the call is dropped at home when both have.
 *
 * References are held by the result that the caller gets, by the executor and later the entry that goes home, by the
 * watch on home while it is linked, and by the handler on the caller's cancellable. Whoever sets `is_answered` ends the
 * answering side; whoever claims `outcome` decides what the answer is. Both happen once.
 *
 * A call whose caller waits for it has no home of its own, and its data never leaves the caller's thread.
 */

typedef enum
{
  OUTCOME_OPEN,
  OUTCOME_RETURNED,   /* by the function, or refused by the executor: see result and error */
  OUTCOME_CANCELLED,
  OUTCOME_NOBODY_ASKS,
} Outcome;

struct _AiotCall
{
  AiotWork work;              /* the executor's */
  AiotHomeEntry answer;       /* both are home's once pushed */
  AiotHomeEntry release;
  AiotHomeWatch watch;
  AiotTicket ticket;          /* the limiter's */
  gatomicrefcount ref_count;

  /* Set before the call is handed over, then read by any thread */
  AiotHome *home;             /* where its data is dropped: that of the work, or NULL for the caller's own thread */
  AiotRunner *runner;
  AiotLimiter *limiter;
  AiotOnCancel on_cancel;
  GCancellable *cancellable;  /* the caller's */
  gulong cancelled_id;
  AiotThreadFunc func;
  GObject *source_object;
  gpointer source_tag;
  GAsyncReadyCallback callback;
  gpointer callback_data;
  AiotWaiter *waiter;         /* of a caller that waits */

  /* Dropped at home by the side that ends last */
  gpointer user_data;
  GDestroyNotify user_data_destroy;
  GValue argument;

  /* Atomic */
  int outcome;
  int n_sides;
  gboolean is_started;
  gboolean is_running;
  gboolean is_answered;
  GCancellable *own_cancellable;

  /* Written by the function's thread, read at home after the answer has travelled there */
  GValue result;
  GError *function_error;
  gboolean holds_slot;        /* of the limiter */
  gboolean answer_ends_function;

  /* Home only */
  GError *error;
  gboolean error_was_taken;
};

G_DEFINE_BOXED_TYPE (AiotCall, aiot_call, aiot_call_ref, aiot_call_unref)

#define CALL_OF(member, pointer) ((AiotCall *) ((char *) (pointer) - G_STRUCT_OFFSET (AiotCall, member)))

static const char *
call_get_name (AiotCall *self)
{
  return self->work.name != NULL ? self->work.name : "An offloaded function";
}

static void
call_drop_data (AiotCall *self)
{
  GDestroyNotify destroy = g_steal_pointer (&self->user_data_destroy);

  if (destroy != NULL)
    destroy (g_steal_pointer (&self->user_data));
  if (G_IS_VALUE (&self->argument))
    g_value_unset (&self->argument);
}

static void
call_end_side (AiotCall *self)
{
  if (g_atomic_int_dec_and_test (&self->n_sides))
    call_drop_data (self);
}

static void
call_warn_of_lost_error (AiotCall *self)
{
  if (self->error == NULL || self->error_was_taken ||
      g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_warning ("%s failed, and nobody asked for the error: %s",
             call_get_name (self), self->error->message);
}

static void
call_free (AiotCall *self)
{
  if (g_atomic_int_get (&self->outcome) == OUTCOME_RETURNED)
    call_warn_of_lost_error (self);
  call_drop_data (self);
  if (G_IS_VALUE (&self->result))
    g_value_unset (&self->result);
  g_clear_error (&self->error);
  g_clear_error (&self->function_error);
  g_clear_object (&self->source_object);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->own_cancellable);
  g_clear_object (&self->limiter);
  g_clear_pointer (&self->runner, aiot_runner_unref);
  aiot_work_clear (&self->work);
  g_free (self);
}

/**
 * aiot_call_ref:
 * @self: a call
 *
 * Takes a reference to a call.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
AiotCall *
aiot_call_ref (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * aiot_call_unref:
 * @self: (transfer full): a call
 *
 * Drops a reference to a call.
 *
 * The last one frees what the call holds, on the main context that made it.
 *
 * Since: 1.0
 */
void
aiot_call_unref (AiotCall *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->home == NULL || aiot_home_is_here (self->home))
    {
      call_free (self);
      return;
    }

  /* The entry that travels home has the last reference instead; both sides have ended already. */
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_int_set (&self->n_sides, 1);
  aiot_home_push (self->home, &self->release);
}

static gboolean
call_claim (AiotCall *self,
            Outcome   outcome)
{
  return g_atomic_int_compare_and_exchange (&self->outcome, OUTCOME_OPEN, outcome);
}

/* Returns the limiter when others may come in now. */
static AiotLimiter *
call_leave_limiter (AiotCall *self)
{
  return self->holds_slot && aiot_limiter_leave (self->limiter) ? g_object_ref (self->limiter) : NULL;
}

/* The function has ended, or will never run. Gives the executor's reference away. */
static void
call_function_ended (AiotCall *self,
                     Outcome   outcome)
{
  gboolean is_answer = call_claim (self, outcome);
  g_autoptr (AiotLimiter) limiter = call_leave_limiter (self);

  if (is_answer)
    self->answer_ends_function = TRUE;
  if (self->waiter != NULL)
    {
      AiotWaiter *waiter = self->waiter;

      /* Never the last one: whoever waits has another. */
      aiot_call_unref (self);
      aiot_waiter_finish_last (waiter);
    }
  else
    {
      aiot_home_push (self->home, is_answer ? &self->answer : &self->release);
    }

  if (limiter != NULL)
    aiot_limiter_let_in (limiter);
}

static gboolean
call_run_function (AiotCall  *self,
                   GError   **error)
{
  g_autoptr (GError) own_error = NULL;
  gboolean succeeded;

  g_atomic_int_set (&self->is_running, TRUE);
  succeeded = self->func (self, self->user_data, &own_error);
  g_atomic_int_set (&self->is_running, FALSE);

  if (succeeded)
    {
      if (own_error != NULL)
        g_warning ("%s returned TRUE and set an error, which is ignored: %s",
                   call_get_name (self), own_error->message);
      if (!G_IS_VALUE (&self->result))
        aiot_value_init_no_value (&self->result);
      return TRUE;
    }

  if (own_error == NULL)
    own_error = g_error_new (AIOT_ERROR, AIOT_ERROR_FAILED, "%s failed without saying why",
                             call_get_name (self));
  g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

static AiotWorkOutcome
call_run (AiotWork *work)
{
  AiotCall *self = CALL_OF (work, work);

  if (aiot_work_is_cancelled (work))
    return AIOT_WORK_NEVER_RAN;

  return call_run_function (self, &self->function_error) ? AIOT_WORK_SUCCEEDED : AIOT_WORK_FAILED;
}

static void
call_done (AiotWork        *work,
           AiotWorkOutcome  outcome)
{
  call_function_ended (CALL_OF (work, work), outcome == AIOT_WORK_NEVER_RAN ? OUTCOME_CANCELLED : OUTCOME_RETURNED);
}

static void
call_refuse (AiotWork     *work,
             const GError *error)
{
  AiotCall *self = CALL_OF (work, work);

  self->function_error = g_error_copy (error);
  call_function_ended (self, OUTCOME_RETURNED);
}

static void
call_mark_cancelled (AiotCall *self)
{
  GCancellable *own;

  aiot_work_mark_cancelled (&self->work);
  own = g_atomic_pointer_get (&self->own_cancellable);
  if (own != NULL)
    g_cancellable_cancel (own);
}

static void
call_cancel_work (AiotWork *work)
{
  call_mark_cancelled (CALL_OF (work, work));
}

static GCancellable *
call_get_work_cancellable (AiotWork *work)
{
  return aiot_call_get_cancellable (CALL_OF (work, work));
}

static const AiotWorkFuncs work_funcs = {
  .run = call_run,
  .done = call_done,
  .refuse = call_refuse,
  .cancel = call_cancel_work,
  .get_cancellable = call_get_work_cancellable,
};

/* TRUE when the function will not run; the executor's reference is the caller's then. */
static gboolean
call_withdraw (AiotCall *self)
{
  if (self->limiter != NULL && aiot_limiter_withdraw (self->limiter, &self->ticket))
    return TRUE;

  return aiot_runner_withdraw (self->runner, &self->work);
}

/* Any thread. The function was told already; this is about the answer. */
static void
call_answer_cancellation (AiotCall *self)
{
  if (call_withdraw (self))
    {
      call_function_ended (self, OUTCOME_CANCELLED);
    }
  else if (self->on_cancel == AIOT_ON_CANCEL_ABANDON && call_claim (self, OUTCOME_CANCELLED))
    {
      aiot_call_ref (self);
      aiot_home_push (self->home, &self->answer);
    }
}

static void
call_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  AiotCall *self = user_data;

  if (aiot_process_is_forked ())
    return;

  call_mark_cancelled (self);
  /* Until the call is started, aiot_call_start () sees to the answer. */
  if (self->home != NULL && g_atomic_int_get (&self->is_started))
    call_answer_cancellation (self);
}

static void
call_connect (AiotCall     *self,
              GCancellable *cancellable)
{
  self->cancellable = g_object_ref (cancellable);
  self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (call_cancelled_cb),
                                              aiot_call_ref (self), (GDestroyNotify) aiot_call_unref);
}

/*
 * A handler that runs elsewhere is not waited for where home answers: it has a reference of its own, and this may be inside of
 * another handler of the same cancellable, which would wait for itself. A caller that has waited goes on with what the handler uses.
 */
static void
call_disconnect (AiotCall *self)
{
  gulong id = self->cancelled_id;

  self->cancelled_id = 0;
  if (id == 0)
    return;

  if (self->home != NULL)
    g_signal_handler_disconnect (self->cancellable, id);
  else
    g_cancellable_disconnect (self->cancellable, id);
}

static void
call_back (AiotCall *self)
{
  g_autoptr (AiotResult) result = NULL;
  AiotContext *previous;

  if (g_atomic_int_get (&self->outcome) == OUTCOME_CANCELLED)
    self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  else
    self->error = g_steal_pointer (&self->function_error);

  if (self->callback == NULL)
    return;

  result = aiot_result_new (self->source_object, self->source_tag, self->callback, self->callback_data,
                            aiot_call_ref (self), (GDestroyNotify) aiot_call_unref);
  previous = aiot_context_enter (self->work.context);
  aiot_result_call_back (result);
  aiot_context_leave (previous);
}

static void
call_end_answer (AiotCall *self,
                 gboolean  somebody_asks)
{
  if (!g_atomic_int_compare_and_exchange (&self->is_answered, FALSE, TRUE))
    return;

  if (aiot_home_remove_watch (self->home, &self->watch))
    aiot_call_unref (self);
  call_disconnect (self);
  aiot_work_drop_main_context (&self->work);
  if (somebody_asks)
    call_back (self);
  call_end_side (self);
}

static void
call_answered (AiotCall *self)
{
  if (self->answer_ends_function)
    call_end_side (self);
  aiot_call_unref (self);
}

static void
call_answer_run (AiotHomeEntry *entry)
{
  AiotCall *self = CALL_OF (answer, entry);

  call_end_answer (self, TRUE);
  call_answered (self);
}

/*
 * Home is gone, and the watch on it ends the answering side, or did. Here this can't be done: a handler of the cancellable may
 * have pushed the answer, and waiting for that handler from within it would never end.
 */
static void
call_answer_release (AiotHomeEntry *entry)
{
  call_answered (CALL_OF (answer, entry));
}

static void
call_release_run (AiotHomeEntry *entry)
{
  AiotCall *self = CALL_OF (release, entry);

  /* The caller has left, so nobody will ask for what the function returned. */
  if (g_atomic_int_get (&self->outcome) != OUTCOME_RETURNED && G_IS_VALUE (&self->result))
    g_value_unset (&self->result);
  call_end_side (self);
  if (g_atomic_ref_count_dec (&self->ref_count))
    call_free (self);
}

static const AiotHomeEntryFuncs answer_funcs[AIOT_HOME_N_LANES] = {
  { AIOT_HOME_LANE_COMPLETIONS, call_answer_run, call_answer_release },
  { AIOT_HOME_LANE_BACKGROUND, call_answer_run, call_answer_release },
};

static const AiotHomeEntryFuncs release_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = call_release_run,
  .release = call_release_run,
};

/* Owns the reference of the watch. Nobody will be called back, so the function may as well stop. */
static void
call_home_gone (AiotHomeWatch *watch)
{
  AiotCall *self = CALL_OF (watch, watch);
  g_autoptr (AiotLimiter) limiter = NULL;

  /* When the process ends, what belongs to the program is left alone. */
  if (aiot_process_is_ending ())
    {
      if (!self->runner->is_joined)
        aiot_work_mark_cancelled (&self->work);
      return;
    }

  call_mark_cancelled (self);
  call_claim (self, OUTCOME_NOBODY_ASKS);
  if (call_withdraw (self))
    {
      limiter = call_leave_limiter (self);
      if (limiter != NULL)
        aiot_limiter_let_in (limiter);
      call_end_side (self);
      aiot_call_unref (self);
    }
  call_end_answer (self, FALSE);
  aiot_call_unref (self);
}

AiotCall *
aiot_call_new (AiotThreadFunc  func,
               gpointer        user_data,
               GDestroyNotify  user_data_destroy,
               const GValue   *argument)
{
  AiotCall *self = g_new0 (AiotCall, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->func = func;
  self->user_data = user_data;
  self->user_data_destroy = user_data_destroy;
  self->n_sides = 2;
  self->release.funcs = &release_funcs;
  self->watch.home_gone = call_home_gone;
  if (argument != NULL)
    aiot_value_init_copy (&self->argument, argument);
  return self;
}

/* Takes what is in @result. */
AiotCall *
aiot_call_new_done (GValue *result)
{
  AiotCall *self = aiot_call_new (NULL, NULL, NULL, NULL);

  self->result = *result;
  *result = (GValue) G_VALUE_INIT;
  self->outcome = OUTCOME_RETURNED;
  return self;
}

/* Its time has come: a limiter lets it through, or there is none. */
static void
call_submit (AiotCall *self)
{
  g_autoptr (AiotRunner) runner = aiot_runner_ref (self->runner);

  aiot_runner_submit (runner, &self->work);
}

/* Whether nobody will be called back. When the process ends, what belongs to the program is left alone. */
static gboolean
call_is_forlorn (AiotCall *self)
{
  return self->home != NULL && aiot_home_is_gone (self->home) && !aiot_process_is_ending ();
}

/* Once it is submitted, it may be answered and gone: holding it here could drop it last, and elsewhere than at home. */
static void
call_admitted (AiotTicket *ticket)
{
  AiotCall *self = CALL_OF (ticket, ticket);

  self->holds_slot = TRUE;
  /* Home may just be going, and may not have told this call yet. Nothing is started for it then. */
  if (call_is_forlorn (self))
    call_function_ended (self, OUTCOME_CANCELLED);
  else
    call_submit (self);
}

static void
call_hand_over (AiotCall *self)
{
  if (self->limiter == NULL)
    call_submit (self);
  else
    aiot_limiter_enter (self->limiter, &self->ticket);
}

/* The rest of starting a call that can be cancelled. Holds a reference, because it may be answered at any moment. */
static void
call_hand_over_cancellable (AiotCall     *self,
                            GCancellable *cancellable)
{
  aiot_call_ref (self);
  call_connect (self, cancellable);
  if (!aiot_home_add_watch (self->home, &self->watch))
    call_home_gone (&self->watch);
  /* What is cancelled already starts no thread. */
  if (aiot_work_is_cancelled (&self->work))
    call_function_ended (self, OUTCOME_CANCELLED);
  else
    call_hand_over (self);

  g_atomic_int_set (&self->is_started, TRUE);
  if (aiot_work_is_cancelled (&self->work))
    call_answer_cancellation (self);
  aiot_call_unref (self);
}

static void
call_set_options (AiotCall              *self,
                  const AiotCallOptions *options)
{
  aiot_work_init (&self->work, &work_funcs, options->name, options->priority);
  self->ticket.admitted = call_admitted;
  self->runner = aiot_executor_dup_runner (options->executor);
  self->limiter = options->limiter != NULL ? g_object_ref (options->limiter) : NULL;
  self->on_cancel = options->on_cancel;
  self->work.lane = options->priority <= G_PRIORITY_DEFAULT ? AIOT_HOME_LANE_COMPLETIONS : AIOT_HOME_LANE_BACKGROUND;
  self->answer.funcs = &answer_funcs[self->work.lane];
}

/* Where homes can't be used, any source will do. */
static gboolean
call_back_in_fork (gpointer user_data)
{
  AiotCall *self = user_data;

  call_claim (self, OUTCOME_RETURNED);
  call_back (self);
  call_drop_data (self);
  return G_SOURCE_REMOVE;
}

static void
call_start_in_fork (AiotCall *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  aiot_process_fails_if_forked (&self->function_error);
  self->work.context = aiot_context_ref_or_null ();
  g_source_set_callback (source, call_back_in_fork, self, (GDestroyNotify) aiot_call_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* Takes the caller's reference. */
void
aiot_call_start (AiotCall              *self,
                 const AiotCallOptions *options,
                 gpointer               source_object,
                 gpointer               source_tag,
                 GCancellable          *cancellable,
                 GAsyncReadyCallback    callback,
                 gpointer               callback_data)
{
  self->source_object = source_object != NULL ? g_object_ref (source_object) : NULL;
  self->source_tag = source_tag;
  self->callback = callback;
  self->callback_data = callback_data;
  if (G_UNLIKELY (aiot_process_is_forked ()))
    {
      call_start_in_fork (self);
      return;
    }

  call_set_options (self, options);
  aiot_work_come_from_here (&self->work);
  self->home = self->work.home;

  /* The watch owns a reference. */
  aiot_call_ref (self);
  if (cancellable != NULL)
    {
      call_hand_over_cancellable (self, cancellable);
      return;
    }
  if (!aiot_home_add_watch (self->home, &self->watch))
    call_home_gone (&self->watch);
  call_hand_over (self);
}

/* The result, or NULL with an error. @result is checked by the caller. */
const GValue *
aiot_call_finish (GAsyncResult  *result,
                  GError       **error)
{
  AiotCall *self = aiot_result_get_data (result);

  if (self->error == NULL)
    return &self->result;

  self->error_was_taken = TRUE;
  if (error != NULL)
    *error = g_error_copy (self->error);
  return NULL;
}

/* Runs it as part of what this thread does. */
static AiotWorkOutcome
call_run_inline (AiotCall *self)
{
  AiotWorker *worker = aiot_worker_get_current ();
  AiotContext *previous;
  AiotWorkOutcome outcome;

  aiot_work_come_from_work (&self->work, aiot_worker_get_work ());
  if (worker != NULL)
    return aiot_worker_run (worker, &self->work);

  previous = aiot_context_enter (self->work.context);
  outcome = call_run (&self->work);
  aiot_context_leave (previous);
  return outcome;
}

/* The same for a caller that would else wait: what tells its work to stop, tells the function. */
static AiotWorkOutcome
call_run_in_place (AiotCall *self)
{
  AiotWork *outer = aiot_worker_get_work ();
  GCancellable *cancellable = outer->funcs->get_cancellable (outer);
  AiotWorkOutcome outcome;
  gulong id = 0;

  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (call_cancelled_cb), self, NULL);
  outcome = call_run_inline (self);
  if (id != 0)
    g_cancellable_disconnect (cancellable, id);
  return outcome;
}

/* What a caller gets that has waited. */
static gboolean
call_conclude (AiotCall         *self,
               AiotWorkOutcome   outcome,
               GError          **error)
{
  call_disconnect (self);
  call_drop_data (self);

  if (outcome == AIOT_WORK_SUCCEEDED)
    return call_claim (self, OUTCOME_RETURNED);

  if (outcome == AIOT_WORK_NEVER_RAN)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  else
    g_propagate_error (error, g_steal_pointer (&self->function_error));
  return FALSE;
}

/* Runs the function on this thread. */
gboolean
aiot_call_run_here (AiotCall      *self,
                    const char    *name,
                    GCancellable  *cancellable,
                    GError       **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  aiot_work_init (&self->work, &work_funcs, name, G_PRIORITY_DEFAULT);
  if (cancellable != NULL)
    call_connect (self, cancellable);
  return call_conclude (self, call_run_inline (self), error);
}

/* Hands the function to the executor, and sleeps until it has ended. */
static AiotWorkOutcome
call_run_there (AiotCall     *self,
                GCancellable *cancellable)
{
  AiotWaiter waiter;
  AiotWorkOutcome outcome;

  aiot_waiter_init (&waiter);
  self->waiter = &waiter;
  aiot_work_come_from_work (&self->work, aiot_worker_get_work ());
  aiot_call_ref (self);
  call_hand_over (self);

  if (aiot_waiter_wait (&waiter, AIOT_TIMEOUT_NONE, cancellable) != AIOT_INTERRUPTION_NONE)
    {
      call_mark_cancelled (self);
      if (call_withdraw (self))
        call_function_ended (self, OUTCOME_CANCELLED);
      aiot_waiter_wait_done (&waiter);
    }
  aiot_waiter_clear (&waiter);
  self->waiter = NULL;

  if (g_atomic_int_get (&self->outcome) == OUTCOME_CANCELLED)
    outcome = AIOT_WORK_NEVER_RAN;
  else
    outcome = self->function_error != NULL ? AIOT_WORK_FAILED : AIOT_WORK_SUCCEEDED;
  g_atomic_int_set (&self->outcome, OUTCOME_OPEN);
  return outcome;
}

/* Runs the function on an executor while this thread waits. */
gboolean
aiot_call_run_and_wait (AiotCall              *self,
                        const AiotCallOptions *options,
                        GCancellable          *cancellable,
                        GError               **error)
{
  AiotWorker *worker = aiot_worker_get_current ();

  if (aiot_process_fails_if_forked (error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  call_set_options (self, options);
  if (worker != NULL && worker->runner == self->runner && aiot_runner_is_serial (self->runner))
    {
      if (cancellable != NULL)
        call_connect (self, cancellable);
      return call_conclude (self, call_run_in_place (self), error);
    }
  return call_conclude (self, call_run_there (self, cancellable), error);
}

/**
 * aiot_call_get_argument:
 * @self: a call
 *
 * Gets what the call was made with.
 *
 * It is for the function that works on the call. When both the function has ended and the caller was called back, the
 * argument is gone.
 *
 * Returns: (transfer none) (nullable): the argument, or %NULL if there is none
 *
 * Since: 1.0
 */
const GValue *
aiot_call_get_argument (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return G_IS_VALUE (&self->argument) ? &self->argument : NULL;
}

/**
 * aiot_call_get_result:
 * @self: a call
 *
 * Gets the result of a call that succeeded.
 *
 * It is for [method@Threaded.call_sync], which returns the call itself. The result is valid as long as the call.
 *
 * Returns: (transfer none) (nullable): the result, or %NULL if the call has not succeeded yet
 *
 * Since: 1.0
 */
const GValue *
aiot_call_get_result (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_int_get (&self->outcome) == OUTCOME_RETURNED && self->error == NULL ? &self->result : NULL;
}

/**
 * aiot_call_get_cancellable:
 * @self: a call
 *
 * Gets a cancellable to hand to blocking functions.
 *
 * It is cancelled when the caller cancels the call, and when the main context of the caller goes away. It is not the
 * object that the caller gave; cancelling it does not reach the caller.
 *
 * Returns: (transfer none): a cancellable, valid as long as the call
 *
 * Since: 1.0
 */
GCancellable *
aiot_call_get_cancellable (AiotCall *self)
{
  GCancellable *own;

  g_return_val_if_fail (self != NULL, NULL);

  own = g_atomic_pointer_get (&self->own_cancellable);
  if (own != NULL)
    return own;

  own = g_cancellable_new ();
  if (!g_atomic_pointer_compare_and_exchange (&self->own_cancellable, NULL, own))
    g_object_unref (own);

  /* Whoever cancelled meanwhile may have looked for it too early. */
  own = g_atomic_pointer_get (&self->own_cancellable);
  if (aiot_work_is_cancelled (&self->work))
    g_cancellable_cancel (own);
  return own;
}

/**
 * aiot_call_is_cancelled:
 * @self: a call
 *
 * Whether the function should stop because nobody wants its result any more.
 *
 * That is so when the caller cancelled the call, and when the main context of the caller went away. A function that
 * takes long asks from time to time; asking costs next to nothing.
 *
 * Returns: %TRUE if the call was cancelled
 *
 * Since: 1.0
 */
gboolean
aiot_call_is_cancelled (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return aiot_work_is_cancelled (&self->work);
}

/**
 * aiot_call_set_error_if_cancelled:
 * @self: a call
 * @error: return location for an error
 *
 * Like [method@Call.is_cancelled], and sets %G_IO_ERROR_CANCELLED if so.
 *
 * ```c
 * if (aiot_call_set_error_if_cancelled (call, error))
 *   return FALSE;
 * ```
 *
 * Returns: (skip): %TRUE if the call was cancelled and @error is set
 *
 * Since: 1.0
 */
gboolean
aiot_call_set_error_if_cancelled (AiotCall  *self,
                                  GError   **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (!aiot_work_is_cancelled (&self->work))
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  return TRUE;
}

/* Where the result goes, if it still can. */
GValue *
aiot_call_empty_result (AiotCall *self)
{
  if (!g_atomic_int_get (&self->is_running))
    return NULL;

  if (G_IS_VALUE (&self->result))
    g_value_unset (&self->result);
  return &self->result;
}

/* What the function posts home. */
typedef struct
{
  AiotHomeEntry entry;
  AiotCall *call;
  AiotContext *context;
  AiotPostFunc func;
  gpointer user_data;
  GDestroyNotify user_data_destroy;
} Post;

static void
post_free (AiotHomeEntry *entry)
{
  Post *self = (Post *) entry;

  if (self->user_data_destroy != NULL)
    self->user_data_destroy (self->user_data);
  g_clear_pointer (&self->context, aiot_context_unref);
  aiot_call_unref (self->call);
  g_free (self);
}

/* A caller that has left the function alone has had its answer, and may have freed what the post would use. */
static void
post_run (AiotHomeEntry *entry)
{
  Post *self = (Post *) entry;

  if (!g_atomic_int_get (&self->call->is_answered))
    {
      AiotContext *previous = aiot_context_enter (self->context);

      self->func (self->user_data);
      aiot_context_leave (previous);
    }
  post_free (entry);
}

static const AiotHomeEntryFuncs post_funcs[AIOT_HOME_N_LANES] = {
  { AIOT_HOME_LANE_COMPLETIONS, post_run, post_free },
  { AIOT_HOME_LANE_BACKGROUND, post_run, post_free },
};

/**
 * aiot_call_post:
 * @self: a call
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): what to call
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data after @func, on the same thread
 *
 * Calls a function on the main context of the caller, and does not wait for it.
 *
 * It is for what a blocking function wants to show while it goes on. What is posted is called in order, and before the
 * caller is called back. It is called in the frame budget, but each costs its time there: a function that has much to tell
 * should tell it in portions; how far it is goes best into an [class@Progress].
 *
 * When the main context is gone @func is not called, and @user_data is freed on this thread. When the caller left the function
 * alone, see %AIOT_ON_CANCEL_ABANDON, @func is not called after the caller was called back, and @user_data is freed there.
 *
 * Call it from the thread of the function, while it runs.
 *
 * Since: 1.0
 */
void
aiot_call_post (AiotCall       *self,
                AiotPostFunc    func,
                gpointer        user_data,
                GDestroyNotify  user_data_destroy)
{
  Post *post;

  g_return_if_fail (self != NULL);
  g_return_if_fail (func != NULL);

  post = g_new (Post, 1);
  /* In the lane of the answer, which must not overtake it. */
  *post = (Post) { { NULL, &post_funcs[self->work.lane] }, aiot_call_ref (self), aiot_context_ref_or_null (),
                   func, user_data, user_data_destroy };
  if (self->work.home != NULL)
    aiot_home_push (self->work.home, &post->entry);
  else
    post_free (&post->entry);
}
