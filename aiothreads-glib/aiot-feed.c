/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-feed-private.h"

#include "aiot-batch-private.h"
#include "aiot-pump-private.h"
#include "aiot-queue-iterator-private.h"
#include "aiot-request-private.h"
#include "aiot-value-private.h"

/*
 * Asking an iterator for items, closing it, and learning when it has ended. The pump is told of an answer by its being in the row of
 * those that have answered. Until there is one, and until the source has ended, the pump counts as busy.
 *
 * Where the source is an iterator of this library, its queue is asked directly: that costs less, gives several items at once, and
 * tells when there will be no answer, because home has gone. It can be closed from any thread.
 *
 * Any other one is touched at home only, because it may be written in a language that knows but one thread. When home goes, an
 * answer may come all the same, or may not. So the pump does not wait for it then, but what the answer would use is kept.
 */

void
aiot_feed_clear (AiotFeed *self)
{
  g_clear_pointer (&self->batch, aiot_batch_unref);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->source);
}

/* --- Items ------------------------------------------------------------------- */

gboolean
aiot_feed_has_items (AiotFeed *self)
{
  return self->batch != NULL;
}

/* Moves the next item into an empty value. FALSE: there is none left. */
gboolean
aiot_feed_take (AiotFeed *self,
                GValue   *value)
{
  GValue *values;

  if (self->batch == NULL)
    return FALSE;

  values = aiot_batch_get_values (self->batch);
  *value = values[self->n_taken];
  values[self->n_taken++] = (GValue) G_VALUE_INIT;
  if (self->n_taken == aiot_batch_get_length (self->batch))
    g_clear_pointer (&self->batch, aiot_batch_unref);
  return TRUE;
}

/* At home. Takes the batch, or there is none, and the error, which may be NULL. */
static void
feed_answered (AiotFeed  *self,
               AiotBatch *batch,
               GError    *error)
{
  AiotPump *pump = self->pump;

  self->batch = batch;
  self->n_taken = 0;
  self->has_ended = batch == NULL;
  self->error = error;
  aiot_pump_take_answer (pump, self);
  aiot_pump_leave (pump);
}

/* --- Asking an iterator of this library -------------------------------------- */

typedef struct
{
  AiotRequest request;
  AiotReceiver receiver;

  /* Set when it is made */
  AiotFeed *feed;         /* valid until it was answered or dropped */
  AiotQueue *queue;
  AiotReader *reader;     /* of the source */
} Question;

static void
question_notify (AiotQueueWaiter *waiter)
{
  Question *self = (Question *) ((char *) waiter - G_STRUCT_OFFSET (Question, receiver.waiter));

  aiot_request_answer (&self->request);
}

static void
question_interrupt (AiotRequest      *request,
                    AiotInterruption  why)
{
  Question *self = (Question *) request;

  if (aiot_queue_interrupt_receiver (self->queue, &self->receiver, why))
    aiot_request_answer (request);
}

static gboolean
question_conclude (AiotRequest *request)
{
  Question *self = (Question *) request;
  AiotBatch *batch = NULL;
  GError *end_error = NULL, *error = NULL;
  AiotTaken taken;

  if (aiot_reader_is_closed (self->reader))
    aiot_queue_interrupt_receiver (self->queue, &self->receiver, AIOT_INTERRUPTION_CLOSED);

  taken = aiot_queue_take_batch (self->queue, &self->receiver, NULL, &batch, &end_error);
  aiot_reader_conclude (self->reader, taken, self->receiver.interruption, end_error, &error);
  g_atomic_int_set (&self->feed->is_asked, FALSE);
  feed_answered (self->feed, batch, error);
  return TRUE;
}

static void
question_drop (AiotRequest *request)
{
  Question *self = (Question *) request;

  aiot_queue_interrupt_receiver (self->queue, &self->receiver, AIOT_INTERRUPTION_CONTEXT_GONE);
  aiot_pump_leave (self->feed->pump);
}

static void
question_free (AiotRequest *request)
{
  g_clear_pointer (&((Question *) request)->queue, aiot_queue_unref);
  aiot_request_free (request);
}

static const AiotRequestFuncs question_funcs = {
  .interrupt = question_interrupt,
  .conclude = question_conclude,
  .drop = question_drop,
  .free = question_free,
};

static void
feed_ask_queue (AiotFeed *self,
                guint     max)
{
  AiotQueueIterator *source = AIOT_QUEUE_ITERATOR (self->source);
  Question *question = aiot_alloc_zeroed (sizeof (Question));

  question->feed = self;
  question->queue = aiot_queue_ref (aiot_queue_iterator_start (source));
  question->reader = aiot_queue_iterator_get_reader (source);
  question->receiver.reader = question->reader;
  question->receiver.min = 1;
  question->receiver.max = max;
  question->receiver.waiter.notify = question_notify;
  if (!aiot_reader_is_open (question->reader))
    question->receiver.interruption = AIOT_INTERRUPTION_CLOSED;
  if (!aiot_request_begin (&question->request, &question_funcs, AIOT_HOME_LANE_COMPLETIONS, source, aiot_feed_ask,
                           AIOT_TIMEOUT_NONE, NULL, NULL, NULL))
    return;

  if (!aiot_reader_wait (question->reader, question->queue, &question->receiver))
    aiot_request_answer (&question->request);
}

/* --- Asking any other -------------------------------------------------------- */

/* TRUE for whoever sets it back: who is called back, or who no longer waits for that. */
static gboolean
is_still (gboolean *waiting)
{
  return g_atomic_int_compare_and_exchange (waiting, TRUE, FALSE);
}

static void
feed_take_answer (AiotFeed     *self,
                  GAsyncResult *result)
{
  AiotBatch *batch = NULL;
  GError *error = NULL;
  const GValue *item = aiot_iterator_next_finish (self->source, result, &error);

  if (item != NULL)
    {
      batch = aiot_batch_new (NULL, 1);
      aiot_batch_get_values (batch)[0] = (GValue) G_VALUE_INIT;
      aiot_value_init_copy (aiot_batch_get_values (batch), item);
    }
  feed_answered (self, batch, error);
}

static void
feed_next_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  AiotFeed *self = user_data;
  AiotPump *pump = self->pump;

  if (is_still (&self->is_asked))
    feed_take_answer (self, result);
  aiot_pump_unref (pump);
}

/* When home has just gone, nobody else may notice that this one waits. */
static void
feed_check_home (AiotFeed *self)
{
  if (aiot_home_is_gone (self->pump->home))
    aiot_feed_give_up (self);
}

static void
feed_ask_other (AiotFeed *self)
{
  g_autoptr (AiotPump) pump = aiot_pump_ref (self->pump);

  if (self->cancellable == NULL)
    self->cancellable = g_cancellable_new ();
  aiot_pump_ref (pump);
  aiot_iterator_next_async (self->source, self->cancellable, feed_next_cb, self);
  feed_check_home (self);
}

/* --- Its end ----------------------------------------------------------------- */

static void
feed_source_ended (AiotQueueWaiter *waiter)
{
  AiotFeed *self = (AiotFeed *) ((char *) waiter - G_STRUCT_OFFSET (AiotFeed, end.waiter));

  aiot_pump_leave (self->pump);
}

static void
feed_close_queue (AiotFeed *self)
{
  AiotQueueIterator *source = AIOT_QUEUE_ITERATOR (self->source);

  aiot_iterator_close (self->source);
  if (!aiot_queue_iterator_has_producer (source) ||
      !aiot_queue_add_end_waiter (aiot_queue_iterator_get_queue (source), &self->end))
    aiot_pump_leave (self->pump);
}

static void
feed_closed_cb (GObject      *source_object,
                GAsyncResult *result,
                gpointer      user_data)
{
  AiotFeed *self = user_data;
  g_autoptr (AiotPump) pump = self->pump;

  if (!is_still (&self->is_ending))
    return;

  aiot_iterator_close_finish (self->source, result, NULL);
  aiot_pump_leave (pump);
}

static void
feed_closing_run (AiotHomeEntry *entry)
{
  AiotFeed *self = (AiotFeed *) ((char *) entry - G_STRUCT_OFFSET (AiotFeed, closing));
  g_autoptr (AiotPump) pump = aiot_pump_ref (self->pump);
  GMainContext *pushed = aiot_home_enter_main_context (pump->home);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_atomic_int_set (&self->is_ending, TRUE);
  aiot_pump_ref (pump);
  aiot_iterator_close_async (self->source, NULL, feed_closed_cb, self);
  aiot_home_leave_main_context (pushed);
  feed_check_home (self);
}

/* Nobody is left who could be called back. */
static void
feed_closing_release (AiotHomeEntry *entry)
{
  AiotFeed *self = (AiotFeed *) ((char *) entry - G_STRUCT_OFFSET (AiotFeed, closing));

  aiot_iterator_close (self->source);
  aiot_pump_leave (self->pump);
}

static const AiotHomeEntryFuncs closing_funcs = {
  .lane = AIOT_HOME_LANE_COMPLETIONS,
  .run = feed_closing_run,
  .release = feed_closing_release,
};

/* Any thread, while the pump is busy, and again. */
void
aiot_feed_close (AiotFeed *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->is_closed, FALSE, TRUE))
    return;

  aiot_pump_enter (self->pump);
  if (self->is_own)
    {
      feed_close_queue (self);
      return;
    }

  if (aiot_home_needs_this_thread (self->pump->home))
    aiot_iterator_close (self->source);
  aiot_home_push (self->pump->home, &self->closing);
}

/* Any thread: home has gone, so there may be no answer. */
void
aiot_feed_give_up (AiotFeed *self)
{
  if (!self->is_own && is_still (&self->is_asked))
    aiot_pump_leave (self->pump);
  if (is_still (&self->is_ending))
    aiot_pump_leave (self->pump);
}

/* At home, when it was not asked, or has answered. @max is a wish that not every source knows. */
void
aiot_feed_ask (AiotFeed *self,
               guint     max)
{
  g_atomic_int_set (&self->is_asked, TRUE);
  aiot_pump_enter (self->pump);
  if (self->is_own)
    feed_ask_queue (self, max);
  else
    feed_ask_other (self);
}

/* Of zeroed memory. */
void
aiot_feed_init (AiotFeed     *self,
                AiotPump     *pump,
                AiotIterator *source)
{
  self->pump = pump;
  self->source = g_object_ref (source);
  self->is_own = AIOT_IS_QUEUE_ITERATOR (source);
  self->link.data = self;
  self->closing.funcs = &closing_funcs;
  self->end.waiter.notify = feed_source_ended;
}
