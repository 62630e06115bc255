/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-queue-private.h"

/*
 * All orders in which a few senders, receivers, those who interrupt them and one who closes the queue can come.
 *
 * What each of them does between two waits is one step. The steps that are possible are made one after the other on this thread, and
 * all again with another choice, until there is none left. Nobody may be left asleep then who could go on.
 */

#define MAX_ACTORS 3
#define MAX_STEPS 16

/* --- Orders ------------------------------------------------------------------ */

typedef struct
{
  guint choices[MAX_STEPS];
  guint n_options[MAX_STEPS];
  guint n_known;
  guint n_made;
} Order;

static guint
order_choose (Order *self,
              guint  n_options)
{
  guint i = self->n_made++;

  g_assert_cmpuint (i, <, MAX_STEPS);
  if (i == self->n_known)
    self->choices[self->n_known++] = 0;
  self->n_options[i] = n_options;
  return self->choices[i];
}

/* FALSE when all have been seen. */
static gboolean
order_next (Order *self)
{
  self->n_known = self->n_made;
  self->n_made = 0;
  while (self->n_known > 0 && self->choices[self->n_known - 1] + 1 == self->n_options[self->n_known - 1])
    self->n_known--;
  if (self->n_known == 0)
    return FALSE;

  self->choices[self->n_known - 1]++;
  return TRUE;
}

/* --- Who takes part ---------------------------------------------------------- */

typedef struct
{
  guint capacity;
  guint n_senders;
  guint n_receivers;
  guint min;                      /* items for each receiver */
  gboolean reserves;              /* a receiver gets in line only where there is nothing for it already */
  gboolean interrupts_sender;     /* the first one */
  gboolean interrupts_receiver;
  AiotInterruption interruption;
  gboolean closes;
} Cast;

typedef enum
{
  ACTOR_COMES,
  ACTOR_SLEEPS,
  ACTOR_WAKES,
  ACTOR_LEFT,
} ActorState;

typedef struct
{
  AiotSender sender;
  ActorState state;
  gboolean is_interrupted;
  gboolean was_accepted;
} Sender;

typedef struct
{
  AiotReceiver receiver;
  ActorState state;
  gboolean is_interrupted;
  AiotTaken taken;
} Receiver;

typedef struct
{
  const Cast *cast;
  AiotQueue *queue;
  Sender senders[MAX_ACTORS];
  Receiver receivers[MAX_ACTORS];
  gboolean is_closed;
  guint n_received[MAX_ACTORS];   /* the item of each sender */
} Play;

static void
sender_notify (AiotQueueWaiter *waiter)
{
  Sender *self = (Sender *) waiter;

  g_assert_cmpint (self->state, ==, ACTOR_SLEEPS);
  self->state = ACTOR_WAKES;
}

static void
receiver_notify (AiotQueueWaiter *waiter)
{
  Receiver *self = (Receiver *) waiter;

  g_assert_cmpint (self->state, ==, ACTOR_SLEEPS);
  self->state = ACTOR_WAKES;
}

/* --- Their steps ------------------------------------------------------------- */

static void
sender_step (Play  *play,
             guint  number)
{
  Sender *self = &play->senders[number];
  g_auto (GValue) value = G_VALUE_INIT;
  AiotOffer offer;

  if (self->state == ACTOR_WAKES)
    {
      self->was_accepted = self->sender.was_accepted;
      g_assert_true (self->was_accepted || play->is_closed);
      self->state = ACTOR_LEFT;
      return;
    }

  g_value_init (&value, G_TYPE_UINT);
  g_value_set_uint (&value, number);
  self->sender.waiter.notify = sender_notify;
  self->state = ACTOR_SLEEPS;
  offer = aiot_queue_offer (play->queue, &value, &self->sender);
  if (offer == AIOT_OFFER_WAITS)
    return;

  g_assert_true (offer != AIOT_OFFER_CLOSED || play->is_closed);
  g_assert_true (offer != AIOT_OFFER_INTERRUPTED || self->is_interrupted);
  self->was_accepted = offer == AIOT_OFFER_ACCEPTED;
  self->state = ACTOR_LEFT;
}

static void
sender_be_interrupted (Play  *play,
                       guint  number)
{
  Sender *self = &play->senders[number];

  self->is_interrupted = TRUE;
  if (aiot_queue_interrupt_sender (play->queue, &self->sender, play->cast->interruption))
    self->state = ACTOR_LEFT;
}

static void
count_items (Play      *play,
             AiotBatch *batch)
{
  for (guint i = 0; i < aiot_batch_get_length (batch); i++)
    play->n_received[g_value_get_uint (aiot_batch_get_item (batch, i))]++;
}

static void
receiver_step (Play  *play,
               guint  number)
{
  Receiver *self = &play->receivers[number];
  g_autoptr (AiotBatch) batch = NULL;

  if (self->state == ACTOR_COMES)
    {
      self->receiver.waiter.notify = receiver_notify;
      self->receiver.min = self->receiver.max = play->cast->min;
      self->state = ACTOR_SLEEPS;
      if ((play->cast->reserves && aiot_queue_reserve (play->queue, &self->receiver)) ||
          !aiot_queue_add_receiver (play->queue, &self->receiver))
        self->state = ACTOR_WAKES;
      return;
    }

  self->taken = aiot_queue_take_batch (play->queue, &self->receiver, NULL, &batch, NULL);
  self->state = ACTOR_LEFT;
  if (self->taken == AIOT_TAKEN_ITEMS)
    count_items (play, batch);
  else if (self->taken == AIOT_TAKEN_END)
    g_assert_true (play->is_closed);
  else
    g_assert_true (self->taken == AIOT_TAKEN_INTERRUPTION && self->is_interrupted);
}

static void
receiver_be_interrupted (Play  *play,
                         guint  number)
{
  Receiver *self = &play->receivers[number];

  self->is_interrupted = TRUE;
  if (aiot_queue_interrupt_receiver (play->queue, &self->receiver, play->cast->interruption))
    self->state = ACTOR_WAKES;
}

static void
close_queue (Play  *play,
             guint  number)
{
  play->is_closed = TRUE;
  aiot_queue_close (play->queue);
}

/* --- All of them ------------------------------------------------------------- */

typedef struct
{
  void (*make) (Play  *play,
                guint  number);
  guint number;
} Step;

static gboolean
is_awake (ActorState state)
{
  return state == ACTOR_COMES || state == ACTOR_WAKES;
}

static guint
find_steps (Play *play,
            Step *steps)
{
  const Cast *cast = play->cast;
  guint n = 0;

  for (guint i = 0; i < cast->n_senders; i++)
    if (is_awake (play->senders[i].state))
      steps[n++] = (Step) { sender_step, i };
  for (guint i = 0; i < cast->n_receivers; i++)
    if (is_awake (play->receivers[i].state))
      steps[n++] = (Step) { receiver_step, i };
  if (cast->interrupts_sender && !play->senders[0].is_interrupted && play->senders[0].state != ACTOR_LEFT)
    steps[n++] = (Step) { sender_be_interrupted, 0 };
  if (cast->interrupts_receiver && !play->receivers[0].is_interrupted && play->receivers[0].state != ACTOR_LEFT)
    steps[n++] = (Step) { receiver_be_interrupted, 0 };
  if (cast->closes && !play->is_closed)
    steps[n++] = (Step) { close_queue, 0 };
  return n;
}

static void
play_on (Play  *play,
         Order *order)
{
  Step steps[2 * MAX_ACTORS + 3];
  guint n;

  while ((n = find_steps (play, steps)) > 0)
    {
      Step *step = &steps[order_choose (order, n)];

      step->make (play, step->number);
      g_assert_cmpuint (aiot_queue_get_length (play->queue), <=, play->cast->capacity);
    }
}

/* Nobody sleeps beside what it waits for. */
static void
assert_rest (Play *play)
{
  guint length = aiot_queue_get_length (play->queue);

  for (guint i = 0; i < play->cast->n_receivers; i++)
    if (play->receivers[i].state == ACTOR_SLEEPS)
      g_assert_cmpuint (length, <, play->cast->min);
  for (guint i = 0; i < play->cast->n_senders; i++)
    if (play->senders[i].state == ACTOR_SLEEPS)
      g_assert_cmpuint (length, >, play->cast->capacity / 2);
}

static void
assert_nobody_sleeps (Play *play)
{
  for (guint i = 0; i < play->cast->n_receivers; i++)
    g_assert_cmpint (play->receivers[i].state, !=, ACTOR_SLEEPS);
  for (guint i = 0; i < play->cast->n_senders; i++)
    g_assert_cmpint (play->senders[i].state, !=, ACTOR_SLEEPS);
}

/* What was accepted and not received is still there. */
static void
receive_rest (Play *play)
{
  AiotReceiver receiver = { .min = 1, .max = MAX_ACTORS };
  g_autoptr (AiotBatch) batch = NULL;

  if (aiot_queue_get_length (play->queue) > 0)
    {
      g_assert_cmpint (aiot_queue_take_batch (play->queue, &receiver, NULL, &batch, NULL), ==, AIOT_TAKEN_ITEMS);
      count_items (play, batch);
    }
  for (guint i = 0; i < play->cast->n_senders; i++)
    g_assert_cmpuint (play->n_received[i], ==, play->senders[i].was_accepted ? 1 : 0);
  g_assert_cmpuint (aiot_queue_get_length (play->queue), ==, 0);
}

static void
play_in_order (const Cast *cast,
               AiotHome   *home,
               Order      *order)
{
  g_autoptr (AiotQueue) queue = aiot_queue_new (home, cast->capacity, AIOT_WHEN_FULL_WAIT);
  Play play = { .cast = cast, .queue = queue };

  play_on (&play, order);
  if (!play.is_closed)
    {
      assert_rest (&play);
      close_queue (&play, 0);
    }
  assert_nobody_sleeps (&play);
  play_on (&play, order);
  receive_rest (&play);
}

static void
test_all_orders (gconstpointer cast)
{
  g_autoptr (AiotHome) home = aiot_home_dup_thread_default ();
  Order order = { .n_known = 0 };
  guint n_orders = 0;

  do
    {
      play_in_order (cast, home, &order);
      n_orders++;
    }
  while (order_next (&order));
  g_test_message ("%u orders", n_orders);
  g_assert_cmpuint (n_orders, >, 100);
}

/* What is promised to a receiver that is interrupted passes to the other one. */
static const Cast interrupted_receiver = {
  .capacity = 1, .n_senders = 2, .n_receivers = 2, .min = 1,
  .interrupts_receiver = TRUE, .interruption = AIOT_INTERRUPTION_CANCELLED,
};

static const Cast interrupted_reservation = {
  .capacity = 1, .n_senders = 2, .n_receivers = 2, .min = 1, .reserves = TRUE,
  .interrupts_receiver = TRUE, .interruption = AIOT_INTERRUPTION_CANCELLED,
};

static const Cast timed_out_reservation = {
  .capacity = 2, .n_senders = 3, .n_receivers = 2, .min = 2, .reserves = TRUE,
  .interrupts_receiver = TRUE, .interruption = AIOT_INTERRUPTION_TIMED_OUT,
};

static const Cast timed_out_receiver = {
  .capacity = 2, .n_senders = 3, .n_receivers = 2, .min = 2,
  .interrupts_receiver = TRUE, .interruption = AIOT_INTERRUPTION_TIMED_OUT,
};

/* A sender that is interrupted keeps its item, or has sent it. */
static const Cast interrupted_sender = {
  .capacity = 1, .n_senders = 3, .n_receivers = 1, .min = 1,
  .interrupts_sender = TRUE, .interruption = AIOT_INTERRUPTION_CANCELLED,
};

static const Cast closed = {
  .capacity = 1, .n_senders = 3, .n_receivers = 1, .min = 1,
  .closes = TRUE,
};

static const Cast closed_and_receiver = {
  .capacity = 1, .n_senders = 2, .n_receivers = 2, .min = 1,
  .interrupts_receiver = TRUE, .interruption = AIOT_INTERRUPTION_CANCELLED,
  .closes = TRUE,
};

static const Cast closed_and_reservation = {
  .capacity = 1, .n_senders = 2, .n_receivers = 2, .min = 1, .reserves = TRUE,
  .interrupts_receiver = TRUE, .interruption = AIOT_INTERRUPTION_CANCELLED,
  .closes = TRUE,
};

static const Cast closed_and_sender = {
  .capacity = 1, .n_senders = 3, .n_receivers = 1, .min = 1,
  .interrupts_sender = TRUE, .interruption = AIOT_INTERRUPTION_CANCELLED,
  .closes = TRUE,
};

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_data_func ("/queue/all-orders/promise-passes-on", &interrupted_receiver, test_all_orders);
  g_test_add_data_func ("/queue/all-orders/reservation-passes-on", &interrupted_reservation, test_all_orders);
  g_test_add_data_func ("/queue/all-orders/time-out-gets-what-is-there", &timed_out_receiver, test_all_orders);
  g_test_add_data_func ("/queue/all-orders/time-out-keeps-reservation", &timed_out_reservation, test_all_orders);
  g_test_add_data_func ("/queue/all-orders/interrupted-sender-keeps-its-item-or-has-sent-it", &interrupted_sender,
                        test_all_orders);
  g_test_add_data_func ("/queue/all-orders/close-wakes-everybody", &closed, test_all_orders);
  g_test_add_data_func ("/queue/all-orders/close-meets-interrupted-receiver", &closed_and_receiver, test_all_orders);
  g_test_add_data_func ("/queue/all-orders/close-meets-interrupted-reservation", &closed_and_reservation, test_all_orders);
  g_test_add_data_func ("/queue/all-orders/close-meets-interrupted-sender", &closed_and_sender, test_all_orders);
  return g_test_run ();
}
