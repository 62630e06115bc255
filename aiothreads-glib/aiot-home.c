/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-home-internal.h"

#include "aiot-clock-private.h"
#include "aiot-home-table-private.h"
#include "aiot-process-private.h"
#include "aiot-turn-private.h"

/*
 * A home is where results come back to: one record and two sources for each main context that is used.
 *
 * Any thread pushes entries on `arrived`, a list with one atomic head. The thread that iterates the main context
 * collects them into lanes, in the order of arrival, and runs them one at a time. The head is also the state of home:
 *
 *   NULL          nothing arrived, and home looks again before it sleeps
 *   &sleeping     nothing arrived, and home may sleep: whoever pushes now must wake it
 *   &gone         home will never look again: whoever pushes keeps the entry and releases it
 *   anything else the entry that arrived last
 *
 * The mutex guards the lanes, so that whoever abandons a home can empty them, and the moment of waking: a main context may
 * be finalized by its owner while a worker wakes it. Its sources are destroyed on the way, and home_main_context_ended ()
 * waits for the mutex there, so the main context is alive as long as a worker that saw `gone` unset holds it. Locks are
 * taken in the order table, home, GMainContext, and no entry is run or released under any of them.
 */

typedef struct
{
  GSource source;
  AiotHome *home;         /* alive while the source is not destroyed */
  gboolean is_urgent;
} HomeSource;

/* GDK_PRIORITY_REDRAW is G_PRIORITY_HIGH_IDLE + 20. This is just below it, and above what a program does when idle. */
#define PRIORITY_BELOW_REDRAW (G_PRIORITY_HIGH_IDLE + 30)

/* Two moments that never come; see aiot_home_wake (). */
#define NEVER     (G_MAXINT64 / 2)
#define NEVER_TOO (G_MAXINT64 / 2 - G_TIME_SPAN_DAY)

static AiotHomeEntry sleeping;
static AiotHomeEntry gone;

/* What a process leaves behind when it ends; atomic. It is kept here so that tools find it. */
static AiotHomeEntry *left_behind;

AiotHome *
aiot_home_ref (AiotHome *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
aiot_home_unref (AiotHome *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->timers, g_sequence_free);
  g_source_unref (self->urgent);
  g_source_unref (self->background);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/*
 * The global default context is never finalized, so it can be woken at any moment, and without a lock: a loop that is woken
 * while a lock is held runs into it at once, which costs more than all the rest.
 *
 * Any other one is woken by setting a ready time. Unlike g_main_context_wakeup () this may be done while the last reference
 * to the main context is being dropped. Nothing has to be reset afterwards, because neither moment ever comes.
 */
void
aiot_home_wake (AiotHome *self)
{
  /* A child has its descriptors in common with its parent, and maybe a lock that nobody will unlock. */
  if (G_UNLIKELY (aiot_process_is_forked ()))
    return;

  if (self->is_global_default)
    {
      g_main_context_wakeup (self->main_context);
      return;
    }

  g_mutex_lock (&self->mutex);
  if (!self->gone)
    {
      self->alarm = self->alarm == NEVER ? NEVER_TOO : NEVER;
      g_source_set_ready_time (self->urgent, self->alarm);
    }
  g_mutex_unlock (&self->mutex);
}

static void
lane_append (Lane          *lane,
             AiotHomeEntry *entry)
{
  entry->next = NULL;
  if (lane->last != NULL)
    lane->last->next = entry;
  else
    lane->first = entry;
  lane->last = entry;
}

static AiotHomeEntry *
lane_take_first (Lane *lane)
{
  AiotHomeEntry *entry = lane->first;

  lane->first = entry->next;
  if (lane->first == NULL)
    lane->last = NULL;
  return entry;
}

/* The list of arrivals has the newest entry first; the lanes are in the order of arrival. */
void
aiot_home_sort_in_locked (AiotHome      *self,
                          AiotHomeEntry *newest)
{
  AiotHomeEntry *oldest = NULL;

  while (newest != NULL)
    {
      AiotHomeEntry *entry = newest;

      newest = entry->next;
      entry->next = oldest;
      oldest = entry;
    }

  while (oldest != NULL)
    {
      AiotHomeEntry *entry = oldest;

      oldest = entry->next;
      lane_append (&self->lanes[entry->funcs->lane], entry);
      g_atomic_int_inc (&self->n_waiting);
    }
}

static void
home_collect_locked (AiotHome *self)
{
  AiotHomeEntry *head = g_atomic_pointer_get (&self->arrived);

  if (head != NULL && head != &sleeping && head != &gone)
    aiot_home_sort_in_locked (self, g_atomic_pointer_exchange (&self->arrived, NULL));
}

/* Also decides, with one atomic step, that home may sleep. */
static gboolean
home_has_work (AiotHome *self)
{
  if (g_atomic_int_get (&self->n_waiting) > 0)
    return TRUE;

  if (g_atomic_pointer_compare_and_exchange (&self->arrived, NULL, &sleeping))
    return FALSE;

  return g_atomic_pointer_get (&self->arrived) != &sleeping;
}

/* Frees what can't be delivered; at the end of the process nothing is freed any more. */
void
aiot_home_release (AiotHome      *self,
                   AiotHomeEntry *entry)
{
  if (G_UNLIKELY (aiot_process_is_ending ()))
    {
      do
        entry->next = g_atomic_pointer_get (&left_behind);
      while (!g_atomic_pointer_compare_and_exchange (&left_behind, entry->next, entry));
      return;
    }

  if (!aiot_home_is_here (self) && g_atomic_int_compare_and_exchange (&self->warned, FALSE, TRUE))
    g_warning ("A main context went away before the work that it had asked for was done; "
               "data of that work is freed on another thread");

  entry->funcs->release (entry);
}

/* For who waits in place of the main context: milliseconds until there is work by time, 0 when there is some, -1 for none. */
int
aiot_home_get_timeout (AiotHome *self)
{
  int timeout = aiot_home_get_timer_timeout (self);

  return home_has_work (self) ? 0 : timeout;
}

/* --- The source ------------------------------------------------------------ */

static gboolean
home_source_is_ready (HomeSource *source)
{
  AiotHome *self = source->home;
  gboolean has_completions;
  gint64 now;

  if (!home_has_work (self))
    return FALSE;
  if (!source->is_urgent || g_atomic_int_get (&self->gone))
    return TRUE;

  g_mutex_lock (&self->mutex);
  home_collect_locked (self);
  has_completions = self->lanes[AIOT_HOME_LANE_COMPLETIONS].first != NULL;
  g_mutex_unlock (&self->mutex);

  now = aiot_clock_now ();
  aiot_frame_budget_note_work (&self->budget, now);
  return (has_completions && aiot_frame_budget_is_left (&self->budget, now)) ||
         aiot_frame_budget_is_overdue (&self->budget, now);
}

static gboolean
home_source_prepare (GSource *source,
                     int     *timeout)
{
  HomeSource *home_source = (HomeSource *) source;
  AiotHome *self = home_source->home;

  *timeout = -1;
  if (aiot_process_is_forked ())
    return FALSE;

  aiot_turn_settle ();
  if (home_source->is_urgent && g_atomic_int_get (&self->n_timers) > 0)
    *timeout = aiot_home_get_timer_timeout (self);
  return home_source_is_ready (home_source);
}

static gboolean
home_source_check (GSource *source)
{
  HomeSource *home_source = (HomeSource *) source;

  if (aiot_process_is_forked ())
    return FALSE;

  if (home_source->is_urgent && g_atomic_int_get (&home_source->home->n_timers) > 0)
    aiot_home_get_timer_timeout (home_source->home);
  return home_source_is_ready (home_source);
}

static AiotHomeEntry *
home_take_from_locked (AiotHome     *self,
                       AiotHomeLane  lane)
{
  if (self->lanes[lane].first == NULL)
    return NULL;

  g_atomic_int_add (&self->n_waiting, -1);
  return lane_take_first (&self->lanes[lane]);
}

/*
 * Where all lanes are served, one has its turn for a moment. What comes of the entries of one is often an entry of the other, which
 * can then do at once what there is for it to do.
 */
#define MOMENT 100 /* microseconds */
#define MANY   64

static void
home_choose_lane_locked (AiotHome *self,
                         gint64    now)
{
  if (self->lanes[self->lane].first != NULL && self->n_of_lane < MANY && now - self->lane_since < MOMENT)
    {
      self->n_of_lane++;
      return;
    }

  self->lane = (self->lane + 1) % AIOT_HOME_N_LANES;
  self->lane_since = now;
  self->n_of_lane = 1;
}

static AiotHomeEntry *
home_take (AiotHome *self,
           gboolean  every_lane,
           gint64    now)
{
  AiotHomeEntry *entry;

  g_mutex_lock (&self->mutex);
  home_collect_locked (self);
  if (every_lane)
    {
      home_choose_lane_locked (self, now);
      entry = home_take_from_locked (self, self->lane);
      if (entry == NULL)
        entry = home_take_from_locked (self, (self->lane + 1) % AIOT_HOME_N_LANES);
    }
  else
    {
      entry = home_take_from_locked (self, AIOT_HOME_LANE_COMPLETIONS);
    }
  g_mutex_unlock (&self->mutex);

  return entry;
}

/* Whether work is left. A loop that only watches the descriptor must see it there. */
static gboolean
home_settle (AiotHome *self)
{
  gboolean work_left = home_has_work (self);

  if (work_left && g_atomic_int_get (&self->serves_descriptor))
    aiot_home_wake (self);
  return work_left;
}

static void
home_run (AiotHome *self,
          gboolean  is_urgent)
{
  gint64 start = aiot_clock_now ();
  gint64 now = start;
  gboolean every_lane = !is_urgent || aiot_frame_budget_is_overdue (&self->budget, start);
  gint64 end = start + (every_lane ? aiot_home_get_budget (self) : aiot_frame_budget_get_left (&self->budget, start));
  AiotHomeEntry *entry;
  gboolean work_left;
  AiotTurn turn;

  aiot_turn_begin (&turn);
  while ((entry = home_take (self, every_lane, now)) != NULL)
    {
      entry->funcs->run (entry);
      now = aiot_clock_now ();
      if (now >= end)
        break;
      aiot_turn_pause (&turn, now, g_atomic_int_get (&self->n_waiting));
    }
  aiot_turn_end (&turn);

  aiot_frame_budget_spend (&self->budget, now - start, now);
  work_left = home_settle (self);
  if (every_lane || !work_left)
    aiot_frame_budget_note_served (&self->budget, work_left, now);
}

/* The thread that iterates a main context is the one that its data belongs to. */
static void
home_note_thread (AiotHome *self)
{
  gsize thread_id = aiot_home_thread_get_id ();

  if (aiot_home_get_thread_id (self) == thread_id)
    return;

  if (g_main_context_get_thread_default () == self->main_context &&
      self->main_context != g_main_context_default ())
    aiot_home_thread_claim (self);
  else
    aiot_home_set_thread_id (self, thread_id, FALSE);
}

static gboolean
home_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  HomeSource *home_source = (HomeSource *) source;
  g_autoptr (AiotHome) self = aiot_home_ref (home_source->home);

  if (g_atomic_int_get (&self->gone))
    return G_SOURCE_REMOVE;

  home_note_thread (self);
  home_run (self, home_source->is_urgent);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs home_source_funcs = {
  .prepare = home_source_prepare,
  .check = home_source_check,
  .dispatch = home_source_dispatch,
};

static void
home_end (AiotHome *self)
{
  Lane lanes[AIOT_HOME_N_LANES];
  GQueue watches;

  aiot_home_table_forget (self);

  g_mutex_lock (&self->mutex);
  if (self->gone)
    {
      g_mutex_unlock (&self->mutex);
      return;
    }
  g_atomic_int_set (&self->gone, TRUE);
  home_collect_locked (self);
  {
    AiotHomeEntry *late = g_atomic_pointer_exchange (&self->arrived, &gone);

    if (late != &sleeping)
      aiot_home_sort_in_locked (self, late);
  }
  aiot_home_collect_timers_locked (self, G_MAXINT64);
  memcpy (lanes, self->lanes, sizeof lanes);
  memset (self->lanes, 0, sizeof self->lanes);
  g_atomic_int_set (&self->n_waiting, 0);
  watches = self->watches;
  g_queue_init (&self->watches);
  for (GList *l = watches.head; l != NULL; l = l->next)
    ((AiotHomeWatch *) l->data)->is_linked = FALSE;
  g_mutex_unlock (&self->mutex);

  while (watches.head != NULL)
    {
      AiotHomeWatch *watch = g_queue_pop_head_link (&watches)->data;

      watch->home_gone (watch);
    }
  for (guint lane = 0; lane < AIOT_HOME_N_LANES; lane++)
    while (lanes[lane].first != NULL)
      aiot_home_release (self, lane_take_first (&lanes[lane]));
}

static void
home_main_context_ended (gpointer data)
{
  AiotHome *self = data;

  /* In a child it stays in the table, which may be locked for ever. */
  if (aiot_process_is_forked ())
    return;

  home_end (self);
  aiot_home_unref (self);
}

static GSource *
home_attach_source (AiotHome       *self,
                    const char     *name,
                    int             priority,
                    GDestroyNotify  destroyed)
{
  GSource *source = g_source_new (&home_source_funcs, sizeof (HomeSource));
  HomeSource *home_source = (HomeSource *) source;

  home_source->home = self;
  home_source->is_urgent = priority == G_PRIORITY_DEFAULT;
  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  /* A callback may run a nested main loop, and what finishes meanwhile must arrive in it. */
  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, NULL, aiot_home_ref (self), destroyed);
  g_source_attach (source, self->main_context);
  return source;
}

AiotHome *
aiot_home_new (GMainContext *main_context)
{
  AiotHome *self = g_new0 (AiotHome, 1);

  aiot_process_use ();
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  aiot_frame_budget_init (&self->budget);
  g_queue_init (&self->watches);
  self->main_context = main_context;
  self->is_global_default = main_context == g_main_context_default ();
  self->urgent = home_attach_source (self, "[aiothreads] completions", G_PRIORITY_DEFAULT,
                                     home_main_context_ended);
  self->background = home_attach_source (self, "[aiothreads] background", PRIORITY_BELOW_REDRAW,
                                         (GDestroyNotify) aiot_home_unref);
  return self;
}

gboolean
aiot_home_serves (AiotHome     *self,
                  GMainContext *main_context)
{
  return self->main_context == main_context && !g_atomic_int_get (&self->gone);
}

GMainContext *
aiot_home_get_address (AiotHome *self)
{
  return self->main_context;
}

gsize
aiot_home_get_thread_id (AiotHome *self)
{
  return (gsize) g_atomic_pointer_get (&self->thread_id);
}

void
aiot_home_set_thread_id (AiotHome *self,
                         gsize     thread_id,
                         gboolean  outlives_exit)
{
  g_atomic_pointer_set (&self->thread_id, thread_id);
  g_atomic_int_set (&self->outlives_exit, outlives_exit);
}

/* Whether it ends with its thread, which the end of the process waits for. */
gboolean
aiot_home_outlives_exit (AiotHome *self)
{
  return g_atomic_int_get (&self->outlives_exit);
}

/* Whether data of this home may be freed right here. */
gboolean
aiot_home_is_here (AiotHome *self)
{
  gsize thread_id = aiot_home_thread_peek_id ();

  return thread_id != 0 && aiot_home_get_thread_id (self) == thread_id;
}

/*
 * Whether this thread may not wait for home, because it would wait for itself. The global default main context is iterated by the
 * main thread, unless another one was seen to do so.
 */
gboolean
aiot_home_needs_this_thread (AiotHome *self)
{
  if (self->is_global_default && aiot_home_get_thread_id (self) == 0)
    return aiot_process_is_main_thread ();

  return aiot_home_is_here (self);
}

gboolean
aiot_home_is_gone (AiotHome *self)
{
  return g_atomic_int_get (&self->gone);
}

/* Any thread. Gives the entry away. */
void
aiot_home_push (AiotHome      *self,
                AiotHomeEntry *entry)
{
  g_autoptr (AiotHome) waking = NULL;
  AiotHomeEntry *head = g_atomic_pointer_get (&self->arrived);

  do
    {
      if (head == &gone)
        {
          aiot_home_release (self, entry);
          return;
        }

      /* Once pushed, the entry may take the last other reference with it before home is woken. */
      if (head == &sleeping && waking == NULL)
        waking = aiot_home_ref (self);
      entry->next = head == &sleeping ? NULL : head;
    }
  while (!g_atomic_pointer_compare_and_exchange_full (&self->arrived, head, entry, &head));

  if (head == &sleeping)
    aiot_home_wake (self);
}

/* FALSE when home is gone already. */
gboolean
aiot_home_add_watch (AiotHome      *self,
                     AiotHomeWatch *watch)
{
  gboolean added;

  watch->link.data = watch;
  g_mutex_lock (&self->mutex);
  /* A home that is made while the process ends may have missed that. */
  added = !self->gone && (!aiot_process_is_ending () || aiot_home_outlives_exit (self));
  watch->is_linked = added;
  if (added)
    g_queue_push_tail_link (&self->watches, &watch->link);
  g_mutex_unlock (&self->mutex);

  return added;
}

/* FALSE when home_gone is called, or was. */
gboolean
aiot_home_remove_watch (AiotHome      *self,
                        AiotHomeWatch *watch)
{
  gboolean removed;

  g_mutex_lock (&self->mutex);
  removed = watch->is_linked;
  if (removed)
    g_queue_unlink (&self->watches, &watch->link);
  watch->is_linked = FALSE;
  g_mutex_unlock (&self->mutex);

  return removed;
}

int
aiot_home_get_budget (AiotHome *self)
{
  return g_atomic_int_get (&self->budget.allowed);
}

void
aiot_home_set_budget (AiotHome *self,
                      int       budget_us)
{
  g_atomic_int_set (&self->budget.allowed, budget_us);
}

/* From now on, work that is left over shows at the descriptor that wakes the main context. */
void
aiot_home_serve_descriptor (AiotHome *self)
{
  g_atomic_int_set (&self->serves_descriptor, TRUE);
  if (home_has_work (self))
    aiot_home_wake (self);
}

/* No warning will be given of data that is freed elsewhere. */
void
aiot_home_forgive (AiotHome *self)
{
  g_atomic_int_set (&self->warned, TRUE);
}

/* It is not abandoned with a thread that had its main context. */
void
aiot_home_outlive_threads (AiotHome *self)
{
  g_atomic_int_set (&self->outlives_threads, TRUE);
}

gboolean
aiot_home_outlives_threads (AiotHome *self)
{
  return g_atomic_int_get (&self->outlives_threads);
}

void
aiot_home_abandon (AiotHome *self)
{
  if (!aiot_process_is_forked ())
    home_end (self);
}

/* While this runs at home: its main context becomes the thread-default one, if it is not. */
GMainContext *
aiot_home_enter_main_context (AiotHome *self)
{
  GMainContext *current = g_main_context_get_thread_default ();

  if (current == self->main_context || (current == NULL && self->is_global_default))
    return NULL;

  g_main_context_push_thread_default (self->main_context);
  return g_main_context_ref (self->main_context);
}

void
aiot_home_leave_main_context (GMainContext *pushed)
{
  if (pushed == NULL)
    return;

  g_main_context_pop_thread_default (pushed);
  g_main_context_unref (pushed);
}
