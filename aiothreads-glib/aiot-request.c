/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-request-private.h"

#include "aiot-clock-private.h"
#include "aiot-process-private.h"

/*
 * What all asynchronous functions that wait for something have in common: the caller is called back once, on the main context
 * that it called from, and may be so early, by a cancellable, by a deadline, or not at all, because that main context has gone.
 *
 * Whoever begins a request gives its reference to whoever answers it, which is done once; the entry that travels home has it
 * then, and later the result. While they may interrupt it, the handler on the cancellable, the timer and the watch have one
 * each. What can be answered at once needs no timer, and no watch: if home goes, the entry is dropped with it. Wherever the
 * last one is dropped, all is freed at home.
 */

#define REQUEST_OF(member, pointer) ((AiotRequest *) ((char *) (pointer) - G_STRUCT_OFFSET (AiotRequest, member)))

static AiotRequest *
request_ref (AiotRequest *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
request_free_run (AiotHomeEntry *entry)
{
  AiotRequest *self = REQUEST_OF (answer, entry);

  self->funcs->free (self);
}

static const AiotHomeEntryFuncs free_funcs = {
  .lane = AIOT_HOME_LANE_BACKGROUND,
  .run = request_free_run,
  .release = request_free_run,
};

static void
request_unref (gpointer data)
{
  AiotRequest *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* The entry is not on its way: it would have a reference. */
  self->answer.funcs = &free_funcs;
  if (self->home == NULL || aiot_home_is_here (self->home))
    request_free_run (&self->answer);
  else
    aiot_home_push (self->home, &self->answer);
}

/* By the function that frees a request. */
void
aiot_request_free (AiotRequest *self)
{
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->source_object);
  g_clear_pointer (&self->context, aiot_context_unref);
  g_clear_pointer (&self->home, aiot_home_unref);
  g_free (self);
}

AiotHome *
aiot_request_get_home (AiotRequest *self)
{
  return self->home;
}

/* --- What interrupts it ------------------------------------------------------ */

static void
request_cancelled_cb (GCancellable *cancellable,
                      gpointer      user_data)
{
  AiotRequest *self = user_data;

  if (!aiot_process_is_forked ())
    self->funcs->interrupt (self, AIOT_INTERRUPTION_CANCELLED);
}

static void
request_timer_run (AiotHomeEntry *entry)
{
  AiotRequest *self = REQUEST_OF (timer, entry);

  self->funcs->interrupt (self, AIOT_INTERRUPTION_TIMED_OUT);
  request_unref (self);
}

static void
request_timer_release (AiotHomeEntry *entry)
{
  request_unref (REQUEST_OF (timer, entry));
}

static const AiotHomeEntryFuncs timer_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = request_timer_run,
  .release = request_timer_release,
};

static void
request_home_gone (AiotHomeWatch *watch)
{
  AiotRequest *self = REQUEST_OF (watch, watch);

  /* When the process ends, what belongs to the program is left alone. */
  if (aiot_process_is_ending ())
    return;

  self->funcs->interrupt (self, AIOT_INTERRUPTION_CONTEXT_GONE);
  request_unref (self);
}

/* Nothing of it is left but the answer. */
static void
request_stop (AiotRequest *self)
{
  if (self->timer.entry.funcs != NULL && aiot_home_remove_timer (self->home, &self->timer))
    request_unref (self);
  if (self->watch.home_gone != NULL && aiot_home_remove_watch (self->home, &self->watch))
    request_unref (self);
  /* Not waiting for a handler that runs: it has a reference of its own, and this may be inside of another one. */
  if (self->cancelled_id != 0)
    g_signal_handler_disconnect (self->cancellable, self->cancelled_id);
  self->cancelled_id = 0;
}

/* --- The answer ------------------------------------------------------------- */

static void
request_call_back (AiotRequest *self)
{
  g_autoptr (AiotResult) result = NULL;

  if (self->callback == NULL)
    {
      request_unref (self);
      return;
    }

  result = aiot_result_new (self->source_object, self->source_tag, self->callback, self->callback_data,
                            self, request_unref);
  aiot_result_call_back (result);
}

static void
request_answer_run (AiotHomeEntry *entry)
{
  AiotRequest *self = REQUEST_OF (answer, entry);
  AiotContext *previous = aiot_context_enter (self->context);

  if (self->funcs->conclude (self))
    {
      request_stop (self);
      /* It may have gone while this was concluded. */
      if (aiot_home_is_gone (self->home))
        request_unref (self);
      else
        request_call_back (self);
    }
  aiot_context_leave (previous);
}

static void
request_answer_release (AiotHomeEntry *entry)
{
  AiotRequest *self = REQUEST_OF (answer, entry);

  self->funcs->drop (self);
  request_stop (self);
  request_unref (self);
}

static const AiotHomeEntryFuncs answer_funcs[AIOT_HOME_N_LANES] = {
  { AIOT_HOME_LANE_COMPLETIONS, request_answer_run, request_answer_release },
  { AIOT_HOME_LANE_BACKGROUND, request_answer_run, request_answer_release },
};

/* Any thread, once: what it waits for has happened. Takes the reference. */
void
aiot_request_answer (AiotRequest *self)
{
  aiot_home_push (self->home, &self->answer);
}

/* Where homes can't be used, any source will do. */
static gboolean
request_call_back_in_fork (gpointer user_data)
{
  request_call_back (request_ref (user_data));
  return G_SOURCE_REMOVE;
}

static void
request_fail_in_fork (AiotRequest *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, request_call_back_in_fork, self, request_unref);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/*
 * Of that memory. It must be answered from now on, and hears of nothing else yet. FALSE when it was answered already, because
 * nothing can be waited for in this process.
 */
gboolean
aiot_request_prepare (AiotRequest            *self,
                      const AiotRequestFuncs *funcs,
                      AiotHomeLane            lane,
                      gpointer                source_object,
                      gpointer                source_tag,
                      GAsyncReadyCallback     callback,
                      gpointer                callback_data)
{
  g_atomic_ref_count_init (&self->ref_count);
  self->funcs = funcs;
  self->answer.funcs = &answer_funcs[lane];
  self->source_object = g_object_ref (source_object);
  self->source_tag = source_tag;
  self->callback = callback;
  self->callback_data = callback_data;
  if (aiot_process_fails_if_forked (&self->error))
    {
      request_fail_in_fork (self);
      return FALSE;
    }

  /* Unlike a function that runs, this may wait for ever, and does not keep its main context for that. */
  self->home = aiot_home_dup_thread_default ();
  self->context = aiot_context_ref_or_null ();
  return TRUE;
}

/* It may be cancelled from now on. NULL is none. */
void
aiot_request_heed_cancellable (AiotRequest  *self,
                               GCancellable *cancellable)
{
  if (cancellable == NULL)
    return;

  self->cancellable = g_object_ref (cancellable);
  self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (request_cancelled_cb),
                                              request_ref (self), request_unref);
}

/* It may be interrupted from now on, by all that interrupts who waits. */
void
aiot_request_heed_all (AiotRequest  *self,
                       int           timeout_ms,
                       GCancellable *cancellable)
{
  self->watch.home_gone = request_home_gone;
  request_ref (self);
  if (!aiot_home_add_watch (self->home, &self->watch))
    request_home_gone (&self->watch);
  if (timeout_ms > 0)
    {
      self->timer.entry.funcs = &timer_funcs;
      request_ref (self);
      aiot_home_add_timer (self->home, &self->timer, aiot_clock_now () + timeout_ms * G_TIME_SPAN_MILLISECOND);
    }
  aiot_request_heed_cancellable (self, cancellable);
}

/* Both: for what has to wait. */
gboolean
aiot_request_begin (AiotRequest            *self,
                    const AiotRequestFuncs *funcs,
                    AiotHomeLane            lane,
                    gpointer                source_object,
                    gpointer                source_tag,
                    int                     timeout_ms,
                    GCancellable           *cancellable,
                    GAsyncReadyCallback     callback,
                    gpointer                callback_data)
{
  if (!aiot_request_prepare (self, funcs, lane, source_object, source_tag, callback, callback_data))
    return FALSE;

  aiot_request_heed_all (self, timeout_ms, cancellable);
  return TRUE;
}

/* What its result has, or NULL with an error. @result was checked by the caller. */
AiotRequest *
aiot_request_finish (GAsyncResult  *result,
                     GError       **error)
{
  AiotRequest *self = aiot_result_get_data (result);

  if (self->error == NULL)
    return self;

  if (error != NULL)
    *error = g_error_copy (self->error);
  return NULL;
}
