/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-call-internal.h"

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
