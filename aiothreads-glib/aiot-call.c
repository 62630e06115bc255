/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-private.h"

#include "aiot-error.h"
#include "aiot-home-private.h"
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
 * References are held by the GTask (its task data), by the executor and later the entry that goes home, by the
 * watch on home while it is linked, and by the handler on the caller's cancellable. Whoever takes `task` out of the
 * call ends the answering side; whoever claims `outcome` decides what the answer is. Both happen once.
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
  gatomicrefcount ref_count;

  /* Set before the call is handed over, then read by any thread */
  AiotHome *home;             /* NULL: a call that runs on the caller's own thread */
  AiotPool *pool;
  const char *name;           /* interned */
  gint64 made_in;             /* the main loop iteration */
  AiotOnCancel on_cancel;
  GCancellable *cancellable;  /* the caller's */
  gulong cancelled_id;
  AiotThreadFunc func;
  GAsyncReadyCallback callback;

  /* Dropped at home by the side that ends last */
  gpointer user_data;
  GDestroyNotify user_data_destroy;
  GValue argument;

  /* Atomic */
  int outcome;
  int n_sides;
  gboolean is_started;
  gboolean is_cancelled;
  gboolean is_running;
  gboolean nobody_asks;
  GTask *task;
  GCancellable *own_cancellable;

  /* Written by the function's thread, read at home after the answer has travelled there */
  GValue result;
  GError *error;
  gboolean answer_ends_function;

  /* Home only */
  gboolean error_was_taken;
};

G_DEFINE_BOXED_TYPE (AiotCall, aiot_call, aiot_call_ref, aiot_call_unref)

#define CALL_OF(member, pointer) ((AiotCall *) ((char *) (pointer) - G_STRUCT_OFFSET (AiotCall, member)))

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
             self->name != NULL ? self->name : "An offloaded function", self->error->message);
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
  g_clear_object (&self->cancellable);
  g_clear_object (&self->own_cancellable);
  g_clear_pointer (&self->pool, aiot_pool_unref);
  g_clear_pointer (&self->home, aiot_home_unref);
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

/* The function has ended, or will never run. Gives the executor's reference away. */
static void
call_function_ended (AiotCall *self,
                     Outcome   outcome,
                     GError   *error)
{
  if (call_claim (self, outcome))
    {
      self->error = error;
      self->answer_ends_function = TRUE;
      aiot_home_push (self->home, &self->answer);
    }
  else
    {
      g_clear_error (&error);
      aiot_home_push (self->home, &self->release);
    }
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
                   self->name != NULL ? self->name : "An offloaded function", own_error->message);
      if (!G_IS_VALUE (&self->result))
        aiot_value_init_no_value (&self->result);
      return TRUE;
    }

  if (own_error == NULL)
    own_error = g_error_new (AIOT_ERROR, AIOT_ERROR_FAILED, "%s failed without saying why",
                             self->name != NULL ? self->name : "An offloaded function");
  g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

static AiotWorkOutcome
call_run (AiotWork *work)
{
  AiotCall *self = CALL_OF (work, work);
  GError *error = NULL;
  gboolean succeeded;

  if (g_atomic_int_get (&self->is_cancelled))
    {
      call_function_ended (self, OUTCOME_CANCELLED, NULL);
      return AIOT_WORK_NEVER_RAN;
    }

  succeeded = call_run_function (self, &error);
  call_function_ended (self, OUTCOME_RETURNED, error);
  return succeeded ? AIOT_WORK_SUCCEEDED : AIOT_WORK_FAILED;
}

static void
call_refuse (AiotWork     *work,
             const GError *error)
{
  call_function_ended (CALL_OF (work, work), OUTCOME_RETURNED, g_error_copy (error));
}

static const AiotWorkFuncs work_funcs = {
  .run = call_run,
  .refuse = call_refuse,
};

static void
call_mark_cancelled (AiotCall *self)
{
  GCancellable *own;

  g_atomic_int_set (&self->is_cancelled, TRUE);
  own = g_atomic_pointer_get (&self->own_cancellable);
  if (own != NULL)
    g_cancellable_cancel (own);
}

/* Any thread. The function was told already; this is about the answer. */
static void
call_answer_cancellation (AiotCall *self)
{
  if (aiot_pool_withdraw (self->pool, &self->work))
    {
      call_function_ended (self, OUTCOME_CANCELLED, NULL);
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

/* Waits for a handler that runs on another thread, so no lock may be held. */
static void
call_disconnect (AiotCall *self)
{
  if (self->cancelled_id != 0)
    g_cancellable_disconnect (self->cancellable, self->cancelled_id);
  self->cancelled_id = 0;
}

static void
call_return_task (AiotCall *self,
                  GTask    *task)
{
  if (g_atomic_int_get (&self->outcome) == OUTCOME_CANCELLED)
    self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");

  if (self->error != NULL)
    g_task_return_error (task, g_error_copy (self->error));
  else
    g_task_return_boolean (task, TRUE);
}

/* What the GTask calls, so that one that is dropped calls nobody. */
static void
call_task_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      callback_data)
{
  AiotCall *self = g_task_get_task_data (G_TASK (result));

  if (!g_atomic_int_get (&self->nobody_asks))
    self->callback (source_object, result, callback_data);
}

/*
 * Since 2.76 GLib may complain of a task that was never returned. Returning one from anywhere but a later iteration of its own
 * main context makes GTask attach a source there, which would keep the main context and the task alive for each other. So
 * that source is taken away again, with the reference that it would have dropped. This needs to own the main context; where
 * another thread owns it, that complaint is the lesser evil.
 */
static void
call_drop_task (AiotCall *self,
                GTask    *task)
{
  GMainContext *main_context = g_task_get_context (task);
  GSource *source;

  g_atomic_int_set (&self->nobody_asks, TRUE);
  if (glib_check_version (2, 76, 0) != NULL || !g_main_context_acquire (main_context))
    return;

  g_task_return_boolean (task, FALSE);
  source = g_main_context_find_source_by_user_data (main_context, task);
  if (source != NULL)
    {
      g_source_destroy (source);
      g_object_unref (task);
    }
  g_main_context_release (main_context);
}

static void
call_end_answer (AiotCall *self,
                 gboolean  somebody_asks)
{
  g_autoptr (GTask) task = g_atomic_pointer_exchange (&self->task, NULL);

  if (task == NULL)
    return;

  if (aiot_home_remove_watch (self->home, &self->watch))
    aiot_call_unref (self);
  call_disconnect (self);
  if (somebody_asks)
    call_return_task (self, task);
  else
    call_drop_task (self, task);
  g_clear_object (&task);
  call_end_side (self);
}

static void
call_answer (AiotCall *self,
             gboolean  somebody_asks)
{
  gboolean ends_function = self->answer_ends_function;

  call_end_answer (self, somebody_asks);
  if (ends_function)
    call_end_side (self);
  aiot_call_unref (self);
}

static void
call_answer_run (AiotHomeEntry *entry)
{
  call_answer (CALL_OF (answer, entry), TRUE);
}

static void
call_answer_release (AiotHomeEntry *entry)
{
  call_answer (CALL_OF (answer, entry), FALSE);
}

static gboolean
call_answer_is_too_young (AiotHomeEntry *entry,
                          gint64         iteration_time)
{
  return CALL_OF (answer, entry)->made_in >= iteration_time;
}

static void
call_release_run (AiotHomeEntry *entry)
{
  AiotCall *self = CALL_OF (release, entry);

  call_end_side (self);
  if (g_atomic_ref_count_dec (&self->ref_count))
    call_free (self);
}

static const AiotHomeEntryFuncs answer_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .is_too_young = call_answer_is_too_young,
  .run = call_answer_run,
  .release = call_answer_release,
};

static const AiotHomeEntryFuncs patient_answer_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .is_too_young = call_answer_is_too_young,
  .run = call_answer_run,
  .release = call_answer_release,
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

  call_mark_cancelled (self);
  call_claim (self, OUTCOME_NOBODY_ASKS);
  if (aiot_pool_withdraw (self->pool, &self->work))
    {
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

static GTask *
call_new_task (AiotCall            *self,
               gpointer             source_object,
               gpointer             source_tag,
               GAsyncReadyCallback  callback,
               gpointer             callback_data)
{
  /* With a cancellable, GTask would go its own ways; see home. Cancelling is the call's business. */
  GTask *task = g_task_new (source_object, NULL, callback != NULL ? call_task_cb : NULL, callback_data);

  self->callback = callback;

  (g_task_set_source_tag) (task, source_tag);
  g_task_set_priority (task, self->work.priority);
#if GLIB_CHECK_VERSION (2, 76, 0)
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  g_task_set_static_name (task, self->name);
  G_GNUC_END_IGNORE_DEPRECATIONS
#else
  g_task_set_name (task, self->name);
#endif
  g_task_set_task_data (task, aiot_call_ref (self), (GDestroyNotify) aiot_call_unref);
  return task;
}

/* The rest of starting a call that can be cancelled. Holds a reference, because it may be answered at any moment. */
static void
call_submit_cancellable (AiotCall     *self,
                         GCancellable *cancellable)
{
  aiot_call_ref (self);
  call_connect (self, cancellable);
  if (!aiot_home_add_watch (self->home, &self->watch))
    call_home_gone (&self->watch);
  aiot_pool_submit (self->pool, &self->work);

  g_atomic_int_set (&self->is_started, TRUE);
  if (g_atomic_int_get (&self->is_cancelled))
    call_answer_cancellation (self);
  aiot_call_unref (self);
}

/* Takes the caller's reference. */
void
aiot_call_start (AiotCall            *self,
                 AiotExecutor        *executor,
                 int                  priority,
                 AiotOnCancel         on_cancel,
                 gpointer             source_object,
                 gpointer             source_tag,
                 const char          *name,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             callback_data)
{
  g_autoptr (AiotPool) pool = aiot_executor_dup_pool (executor);

  aiot_work_init (&self->work, &work_funcs, priority);
  self->answer.funcs = priority <= G_PRIORITY_DEFAULT ? &answer_funcs : &patient_answer_funcs;
  self->home = aiot_home_dup_thread_default ();
  self->pool = aiot_pool_ref (pool);
  self->name = name;
  self->on_cancel = on_cancel;
  self->task = call_new_task (self, source_object, source_tag, callback, callback_data);
  self->made_in = aiot_home_iteration_time ();

  /* The watch owns a reference. */
  aiot_call_ref (self);
  if (cancellable == NULL)
    {
      if (!aiot_home_add_watch (self->home, &self->watch))
        call_home_gone (&self->watch);
      aiot_pool_submit (pool, &self->work);
    }
  else
    {
      call_submit_cancellable (self, cancellable);
    }
}

/* The result, or NULL with an error. @result is checked by the caller. */
const GValue *
aiot_call_finish (GAsyncResult  *result,
                  GError       **error)
{
  AiotCall *self = g_task_get_task_data (G_TASK (result));

  if (self->error == NULL)
    return &self->result;

  self->error_was_taken = TRUE;
  if (error != NULL)
    *error = g_error_copy (self->error);
  return NULL;
}

/* Runs the function on this thread. */
gboolean
aiot_call_run_here (AiotCall      *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  gboolean succeeded;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (cancellable != NULL)
    call_connect (self, cancellable);
  succeeded = call_run_function (self, error);
  call_disconnect (self);
  call_drop_data (self);

  if (succeeded)
    call_claim (self, OUTCOME_RETURNED);
  return succeeded;
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
  if (g_atomic_int_get (&self->is_cancelled))
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

  return g_atomic_int_get (&self->is_cancelled);
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

  if (!g_atomic_int_get (&self->is_cancelled))
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  return TRUE;
}

/* The empty place for a result, or NULL when it is too late for one. */
GValue *
aiot_call_empty_result (AiotCall *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (g_atomic_int_get (&self->is_running), NULL);

  if (G_IS_VALUE (&self->result))
    g_value_unset (&self->result);
  return &self->result;
}
