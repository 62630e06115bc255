/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-mapping-private.h"

#include "aiot-call-private.h"
#include "aiot-error.h"
#include "aiot-process-private.h"
#include "aiot-value-private.h"

/*
 * A pump that has a function called with each item, on workers.
 *
 * Each item that was taken from the source and that user code has not got yet counts, whether a call works on it, its
 * result waits for that of an earlier item, or it waits in the queue. There are never more than n_parallel, so the queue, which has
 * just that capacity, is never full.
 *
 * A job belongs to the list until its result leaves that, or until the pump has ended. Its call is what keeps the pump from ending:
 * the data of a call is destroyed when its function has ended and home was called back, or never will be.
 */

typedef struct
{
  AiotPump pump;

  /* Set when it is made, dropped at home when it has ended */
  AiotMappingKind kind;
  AiotCallOptions options;
  guint n_parallel;
  AiotOrder order;
  AiotThreadFunc func;
  gpointer user_data;
  GDestroyNotify user_data_destroy;

  GMutex mutex;           /* guards the list, which only home changes */
  GQueue jobs;            /* in the order of their items */

  gboolean has_failed;    /* home only: no more items are wanted, because a function has failed */
} Mapping;

typedef struct
{
  GList link;             /* in the list */
  Mapping *mapping;
  AiotCall *call;

  /* Home only */
  gboolean is_done;
  GValue value;           /* what comes of the item: a value, an error, or nothing */
  GError *error;
} Job;

static void
job_free (Job *self)
{
  aiot_value_clear (&self->value);
  g_clear_error (&self->error);
  aiot_call_unref (self->call);
  g_free (self);
}

/* Those after a job should stop, or all. Any thread. */
static void
mapping_cancel_after (Mapping *self,
                      Job     *job)
{
  g_autoptr (GPtrArray) calls = g_ptr_array_new_with_free_func ((GDestroyNotify) aiot_call_unref);

  g_mutex_lock (&self->mutex);
  for (GList *l = job != NULL ? job->link.next : self->jobs.head; l != NULL; l = l->next)
    g_ptr_array_add (calls, aiot_call_ref (((Job *) l->data)->call));
  g_mutex_unlock (&self->mutex);

  for (guint i = 0; i < calls->len; i++)
    aiot_call_cancel (calls->pdata[i]);
}

/* --- Out --------------------------------------------------------------------- */

static void
mapping_deliver (Mapping *self,
                 Job     *job)
{
  g_mutex_lock (&self->mutex);
  g_queue_unlink (&self->jobs, &job->link);
  g_mutex_unlock (&self->mutex);

  if (job->error != NULL)
    aiot_pump_end (&self->pump, g_steal_pointer (&job->error));
  else if (aiot_value_is_set (&job->value))
    aiot_queue_offer (self->pump.queue, &job->value, NULL);
  job_free (job);
}

static void
mapping_deliver_in_order (Mapping *self)
{
  while (self->jobs.head != NULL && !aiot_pump_is_stopped (&self->pump))
    {
      Job *job = self->jobs.head->data;

      if (!job->is_done)
        return;

      mapping_deliver (self, job);
    }
}

/* What comes after it will not be needed. What comes before it will. */
static void
mapping_note_failure (Mapping *self,
                      Job     *job)
{
  self->has_failed = TRUE;
  aiot_feed_close (&self->pump.feeds[0]);
  mapping_cancel_after (self, job);
}

static void
mapping_take_result (Mapping *self,
                     Job     *job)
{
  if (aiot_pump_is_stopped (&self->pump))
    return;

  if (self->order == AIOT_ORDER_READY)
    {
      mapping_deliver (self, job);
    }
  else
    {
      if (job->error != NULL)
        mapping_note_failure (self, job);
      mapping_deliver_in_order (self);
    }
  aiot_pump_turn (&self->pump);
}

/* --- Calls ------------------------------------------------------------------- */

static gboolean
job_run (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  Mapping *mapping = ((Job *) user_data)->mapping;

  return mapping->func (call, mapping->user_data, error);
}

static GError *
new_no_boolean_error (const GValue *value)
{
  return g_error_new (AIOT_ERROR, AIOT_ERROR_FAILED,
                      "The function of a filter has to say with a boolean whether an item stays, and gave %s",
                      aiot_value_is_no_value (value) ? "nothing" : G_VALUE_TYPE_NAME (value));
}

/* In place of what the function of a filter gave, the item is what comes of it. */
static void
job_judge (Job *self)
{
  g_auto (GValue) verdict = self->value;

  self->value = (GValue) G_VALUE_INIT;
  if (!G_VALUE_HOLDS_BOOLEAN (&verdict))
    self->error = new_no_boolean_error (&verdict);
  else if (g_value_get_boolean (&verdict))
    aiot_call_give_back_argument (self->call, &self->value);
}

static void
job_answered (AiotCall *call,
              gpointer  user_data)
{
  Job *self = user_data;

  self->is_done = TRUE;
  if (aiot_call_take_answer (call, &self->value, &self->error) && self->mapping->kind == AIOT_MAPPING_FILTERS)
    job_judge (self);
}

/* At home, directly after it was called back; where home has gone, on any thread. */
static void
job_call_ended (gpointer user_data)
{
  Job *self = user_data;
  Mapping *mapping = self->mapping;

  if (self->is_done)
    mapping_take_result (mapping, self);
  aiot_pump_leave (&mapping->pump);
}

/* Takes what is in @item. */
static void
mapping_start_job (Mapping *self,
                   GValue  *item)
{
  Job *job = g_new0 (Job, 1);
  AiotCall *call = aiot_call_new (job_run, job, job_call_ended, NULL);

  aiot_call_take_argument (call, item);
  job->link.data = job;
  job->mapping = self;
  job->call = aiot_call_ref (call);
  aiot_pump_enter (&self->pump);
  aiot_call_start_within (call, &self->options, job_answered, job);

  g_mutex_lock (&self->mutex);
  g_queue_push_tail_link (&self->jobs, &job->link);
  g_mutex_unlock (&self->mutex);
  /* Whoever stopped it meanwhile may have looked too early. */
  if (aiot_pump_is_stopped (&self->pump))
    aiot_call_cancel (job->call);
}

/* --- As a pump --------------------------------------------------------------- */

static void
mapping_answered (AiotPump *pump,
                  AiotFeed *feed)
{
  Mapping *self = (Mapping *) pump;
  GValue item;

  if (self->has_failed)
    return;

  while (aiot_feed_take (feed, &item))
    mapping_start_job (self, &item);
}

static void
mapping_turn (AiotPump *pump)
{
  Mapping *self = (Mapping *) pump;
  AiotFeed *feed = &pump->feeds[0];
  guint n_waiting = aiot_queue_get_length (pump->queue);
  guint n_taken = self->jobs.length + n_waiting;

  if (self->has_failed || g_atomic_int_get (&feed->is_asked))
    return;

  if (!feed->has_ended && n_taken < self->n_parallel)
    aiot_feed_ask (feed, self->n_parallel - n_taken);
  else if (!feed->has_ended)
    aiot_pump_wake_at (pump, (int) n_waiting - 1);
  else if (self->jobs.length == 0)
    aiot_pump_end (pump, g_steal_pointer (&feed->error));
}

static void
mapping_stop (AiotPump *pump)
{
  mapping_cancel_after ((Mapping *) pump, NULL);
}

static void
mapping_clear (AiotPump *pump)
{
  Mapping *self = (Mapping *) pump;
  GDestroyNotify destroy = g_steal_pointer (&self->user_data_destroy);
  GList *link;

  while ((link = g_queue_pop_head_link (&self->jobs)) != NULL)
    job_free (link->data);
  if (destroy != NULL)
    destroy (self->user_data);
  g_clear_object (&self->options.executor);
  g_mutex_clear (&self->mutex);
}

static const AiotPumpFuncs mapping_funcs = {
  .answered = mapping_answered,
  .turn = mapping_turn,
  .stop = mapping_stop,
  .clear = mapping_clear,
};

static const char *
get_name (AiotMappingKind kind)
{
  return kind == AIOT_MAPPING_FILTERS ? g_intern_static_string ("The function of a filter")
                                      : g_intern_static_string ("The function of a map");
}

AiotPump *
aiot_mapping_new (AiotMappingKind  kind,
                  AiotIterator    *source,
                  AiotExecutor    *executor,
                  guint            n_parallel,
                  AiotOrder        order,
                  AiotThreadFunc   func,
                  gpointer         user_data,
                  GDestroyNotify   user_data_destroy)
{
  Mapping *self = g_new0 (Mapping, 1);

  self->n_parallel = n_parallel != 0 ? n_parallel : aiot_process_count_processors ();
  self->kind = kind;
  self->options.executor = executor != NULL ? g_object_ref (executor) : NULL;
  self->options.name = get_name (kind);
  self->order = order;
  self->func = func;
  self->user_data = user_data;
  self->user_data_destroy = user_data_destroy;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->jobs);
  aiot_pump_init (&self->pump, &mapping_funcs, self->n_parallel, &source, 1);
  return &self->pump;
}
