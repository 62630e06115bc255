/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-pump-private.h"

#include "aiot-error.h"
#include "aiot-process-private.h"
#include "aiot-worker-private.h"

/*
 * A pump works at home, in turns: whenever a source has answered, something that ran has ended, or its consumer has taken items. Only
 * the queue is shared with the consumer, so dropping the iterator closes the pump, and does not wait for it.
 *
 * It ends in two steps. First it is stopped, once: because it was closed, home has gone, or all is done. From then on nothing new
 * is begun, the sources are closed, and what runs is told. Whatever still runs, or may call back, has entered the pump and has not
 * left it. When the last one leaves, the pump has ended: what belongs to the program is dropped at home, and those who wait for
 * the end hear of it. Until it is stopped, it is in itself.
 *
 * Whoever has entered it has a reference; so have the iterator, the watch on home while it is linked, and what travels home.
 */

#define PUMP_OF(member, pointer) ((AiotPump *) ((char *) (pointer) - G_STRUCT_OFFSET (AiotPump, member)))

AiotPump *
aiot_pump_ref (AiotPump *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
aiot_pump_unref (AiotPump *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  aiot_queue_observe_always (self->queue, FALSE);
  aiot_queue_set_observer (self->queue, NULL, NULL);
  g_clear_pointer (&self->queue, aiot_queue_unref);
  g_clear_pointer (&self->home, aiot_home_unref);
  g_free (self->feeds);
  g_free (self);
}

/* --- Its end ----------------------------------------------------------------- */

static void
pump_release_run (AiotHomeEntry *entry)
{
  g_autoptr (AiotPump) self = PUMP_OF (release, entry);

  self->funcs->clear (self);
  for (gsize i = 0; i < self->n_feeds; i++)
    aiot_feed_clear (&self->feeds[i]);
  g_clear_pointer (&self->context, aiot_context_unref);
}

/* As urgent as an answer: who waits for the end finds the data freed. */
static const AiotHomeEntryFuncs release_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = pump_release_run,
  .release = pump_release_run,
};

/* Any thread, once: nothing of it runs any more. */
static void
pump_ended (AiotPump *self)
{
  if (aiot_home_remove_watch (self->home, &self->watch))
    aiot_pump_unref (self);

  aiot_pump_ref (self);
  if (aiot_home_needs_this_thread (self->home))
    pump_release_run (&self->release);
  else
    aiot_home_push (self->home, &self->release);
  aiot_queue_end (self->queue, NULL);
}

/* By who is in it already. */
void
aiot_pump_enter (AiotPump *self)
{
  aiot_pump_ref (self);
  g_atomic_int_inc (&self->n_busy);
}

/* FALSE where it has ended. */
static gboolean
pump_try_enter (AiotPump *self)
{
  int n_busy = g_atomic_int_get (&self->n_busy);

  while (n_busy > 0)
    {
      if (g_atomic_int_compare_and_exchange (&self->n_busy, n_busy, n_busy + 1))
        {
          aiot_pump_ref (self);
          return TRUE;
        }
      n_busy = g_atomic_int_get (&self->n_busy);
    }
  return FALSE;
}

/* Any thread. */
void
aiot_pump_leave (AiotPump *self)
{
  if (g_atomic_int_dec_and_test (&self->n_busy))
    pump_ended (self);
  aiot_pump_unref (self);
}

gboolean
aiot_pump_is_stopped (AiotPump *self)
{
  return g_atomic_int_get (&self->is_stopped);
}

/* Any thread. */
static void
pump_stop (AiotPump *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->is_stopped, FALSE, TRUE))
    return;

  for (gsize i = 0; i < self->n_feeds; i++)
    aiot_feed_close (&self->feeds[i]);
  if (self->funcs->stop != NULL)
    self->funcs->stop (self);
  aiot_pump_leave (self);
}

/* At home: no more items come. Takes the error that comes after those that did, or NULL. */
void
aiot_pump_end (AiotPump *self,
               GError   *error)
{
  aiot_queue_close_with_error (self->queue, error);
  pump_stop (self);
}

/* Any thread: nobody wants its items any more. */
void
aiot_pump_close (AiotPump *self)
{
  aiot_queue_discard (self->queue);
  pump_stop (self);
}

static void
pump_home_gone (AiotHomeWatch *watch)
{
  g_autoptr (AiotPump) self = PUMP_OF (watch, watch);

  if (aiot_process_is_ending ())
    {
      /*
       * What belongs to the program is left alone, but a thread that the process waits for must not wait for an item, nor take what
       * it got so far for all.
       */
      aiot_queue_close_with_error (self->queue, g_error_new_literal (AIOT_ERROR, AIOT_ERROR_CLOSED, "The process ends"));
      return;
    }

  if (!pump_try_enter (self))
    return;

  aiot_pump_close (self);
  for (gsize i = 0; i < self->n_feeds; i++)
    aiot_feed_give_up (&self->feeds[i]);
  aiot_pump_leave (self);
}

/* --- Its turns --------------------------------------------------------------- */

static void
pump_do_turn (AiotPump *self)
{
  GList *link;

  while (!aiot_pump_is_stopped (self) && (link = g_queue_pop_head_link (&self->answers)) != NULL)
    self->funcs->answered (self, link->data);
  if (!aiot_pump_is_stopped (self))
    {
      /* Where the consumer takes items meanwhile, it sees that for itself. */
      g_atomic_int_set (&self->wake_length, -1);
      aiot_queue_observe_always (self->queue, FALSE);
      self->funcs->turn (self);
    }
}

/* At home, by who has entered it. */
void
aiot_pump_turn (AiotPump *self)
{
  GMainContext *pushed;
  AiotContext *previous;

  /* A source, or what destroys an item, may do anything, and be in a turn. */
  self->has_news = TRUE;
  if (self->has_turn || aiot_pump_is_stopped (self))
    return;

  self->has_turn = TRUE;
  pushed = aiot_home_enter_main_context (self->home);
  previous = aiot_context_enter (self->context);
  while (self->has_news)
    {
      self->has_news = FALSE;
      pump_do_turn (self);
    }
  aiot_context_leave (previous);
  aiot_home_leave_main_context (pushed);
  self->has_turn = FALSE;
}

/* At home. */
void
aiot_pump_take_answer (AiotPump *self,
                       AiotFeed *feed)
{
  g_queue_push_tail_link (&self->answers, &feed->link);
  aiot_pump_turn (self);
}

static void
pump_waking_run (AiotHomeEntry *entry)
{
  g_autoptr (AiotPump) self = PUMP_OF (waking, entry);

  g_atomic_int_set (&self->is_waking, FALSE);
  if (!pump_try_enter (self))
    return;

  aiot_pump_turn (self);
  aiot_pump_leave (self);
}

static void
pump_waking_release (AiotHomeEntry *entry)
{
  aiot_pump_unref (PUMP_OF (waking, entry));
}

static const AiotHomeEntryFuncs waking_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = pump_waking_run,
  .release = pump_waking_release,
};

/* Any thread: it will have a turn. */
static void
pump_wake (AiotPump *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->is_waking, FALSE, TRUE))
    return;

  aiot_pump_ref (self);
  aiot_home_push (self->home, &self->waking);
}

/* By who takes items, on any thread. */
static void
pump_queue_changed (gpointer data)
{
  AiotPump *self = data;
  int wake_length = g_atomic_int_get (&self->wake_length);

  if (wake_length >= (int) aiot_queue_get_length (self->queue) &&
      g_atomic_int_compare_and_exchange (&self->wake_length, wake_length, -1))
    pump_wake (self);
}

/* In a turn: there will be another one when the queue is no longer than this. Where it can't be, there is nothing to do. */
void
aiot_pump_wake_at (AiotPump *self,
                   int       length)
{
  if (length < 0)
    return;

  g_atomic_int_set (&self->wake_length, length);
  aiot_queue_observe_always (self->queue, TRUE);
  /* Whoever took items just before that may not have seen it. */
  pump_queue_changed (self);
}

/* Any thread, once. */
void
aiot_pump_start (AiotPump *self)
{
  if (aiot_process_is_forked () || !pump_try_enter (self))
    return;

  aiot_pump_ref (self);
  if (!aiot_home_add_watch (self->home, &self->watch))
    pump_home_gone (&self->watch);
  pump_wake (self);
  aiot_pump_leave (self);
}

/* Of zeroed memory, which it frees. */
void
aiot_pump_init (AiotPump             *self,
                const AiotPumpFuncs  *funcs,
                guint                 capacity,
                AiotIterator        **sources,
                gsize                 n_sources)
{
  AiotWork *origin = aiot_worker_get_origin ();

  g_atomic_ref_count_init (&self->ref_count);
  self->waking.funcs = &waking_funcs;
  self->release.funcs = &release_funcs;
  self->watch.home_gone = pump_home_gone;
  self->funcs = funcs;
  self->home = origin != NULL ? aiot_home_ref (origin->home) : aiot_home_dup_thread_default ();
  self->context = aiot_context_ref_or_null ();
  self->queue = aiot_queue_new (self->home, capacity, AIOT_WHEN_FULL_WAIT);
  aiot_queue_set_observer (self->queue, pump_queue_changed, self);
  self->wake_length = -1;
  g_queue_init (&self->answers);
  self->n_feeds = n_sources;
  self->feeds = g_new0 (AiotFeed, n_sources);
  for (gsize i = 0; i < n_sources; i++)
    aiot_feed_init (&self->feeds[i], self, sources[i]);

  aiot_pump_ref (self);
  self->n_busy = 1;
}
