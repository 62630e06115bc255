/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-work-queue-private.h"

static AiotWork *
push_new (AiotWorkQueue *queue,
          AiotWork      *work,
          int            priority)
{
  aiot_work_init (work, NULL, NULL, priority);
  aiot_work_queue_push (queue, work);
  return work;
}

static void
test_order (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  const int priorities[] = { 0, 200, -100, 0, 200, -100, 0 };
  const guint expected[] = { 2, 5, 0, 3, 6, 1, 4 };
  AiotWork works[G_N_ELEMENTS (priorities)];

  g_assert_null (aiot_work_queue_pop (queue));
  for (gsize i = 0; i < G_N_ELEMENTS (priorities); i++)
    push_new (queue, &works[i], priorities[i]);
  g_assert_cmpuint (aiot_work_queue_get_length (queue), ==, 7);

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_true (aiot_work_queue_pop (queue) == &works[expected[i]]);
  g_assert_null (aiot_work_queue_pop (queue));
  g_assert_cmpuint (aiot_work_queue_get_length (queue), ==, 0);
}

static void
test_remove (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  AiotWork works[3], never_pushed;

  aiot_work_init (&never_pushed, NULL, NULL, 0);
  g_assert_false (aiot_work_queue_remove (queue, &never_pushed));

  for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
    push_new (queue, &works[i], 0);
  g_assert_true (aiot_work_queue_remove (queue, &works[1]));
  g_assert_false (aiot_work_queue_remove (queue, &works[1]));
  g_assert_cmpuint (aiot_work_queue_get_length (queue), ==, 2);

  g_assert_true (aiot_work_queue_pop (queue) == &works[0]);
  g_assert_false (aiot_work_queue_remove (queue, &works[0]));
  g_assert_true (aiot_work_queue_pop (queue) == &works[2]);
  g_assert_null (aiot_work_queue_pop (queue));
}

/* --- ageing --- */

#define URGENT (-100)
#define USUAL 0
#define LOW 200

/* Enough work of one priority that there always is some. */
typedef struct
{
  AiotWork works[1000];
  guint n_taken;
} Flood;

static Flood *
flood_new (AiotWorkQueue *queue,
           int            priority)
{
  Flood *self = g_new0 (Flood, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (self->works); i++)
    push_new (queue, &self->works[i], priority);
  return self;
}

/* First come, first served, whatever was taken in between. */
static gboolean
flood_took (Flood    *self,
            AiotWork *work)
{
  if (work != &self->works[self->n_taken])
    return FALSE;

  self->n_taken++;
  return TRUE;
}

static void
flood_free (Flood         *self,
            AiotWorkQueue *queue)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->works); i++)
    aiot_work_queue_remove (queue, &self->works[i]);
  g_free (self);
}

/* One that others are preferred to has its turn after fifteen of them, and so has the next. */
static void
test_ages (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  Flood *urgent = flood_new (queue, URGENT);
  AiotWork low[2];

  for (gsize i = 0; i < G_N_ELEMENTS (low); i++)
    push_new (queue, &low[i], LOW);
  for (gsize i = 0; i < G_N_ELEMENTS (low); i++)
    {
      for (int turn = 1; turn < 16; turn++)
        g_assert_true (flood_took (urgent, aiot_work_queue_pop (queue)));
      g_assert_true (aiot_work_queue_pop (queue) == &low[i]);
    }
  g_assert_true (flood_took (urgent, aiot_work_queue_pop (queue)));
  flood_free (urgent, queue);
}

/* A heap of work that may wait takes a sixteenth from what is urgent. */
static void
test_share (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  Flood *urgent = flood_new (queue, URGENT);
  Flood *low = flood_new (queue, LOW);

  for (int i = 0; i < 800; i++)
    {
      AiotWork *work = aiot_work_queue_pop (queue);

      g_assert_true (flood_took (urgent, work) || flood_took (low, work));
    }
  g_assert_cmpuint (urgent->n_taken, ==, 750);
  g_assert_cmpuint (low->n_taken, ==, 50);
  flood_free (urgent, queue);
  flood_free (low, queue);
}

/* Of two that wait, the more urgent goes first, and the other one directly after it. */
static void
test_ages_of_two (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  Flood *urgent = flood_new (queue, URGENT);
  AiotWork usual, low;

  push_new (queue, &low, LOW);
  push_new (queue, &usual, USUAL);
  for (int turn = 1; turn < 16; turn++)
    g_assert_true (flood_took (urgent, aiot_work_queue_pop (queue)));
  g_assert_true (aiot_work_queue_pop (queue) == &usual);
  g_assert_true (aiot_work_queue_pop (queue) == &low);
  flood_free (urgent, queue);
}

/* However many kinds of work there are, none waits for ever. */
static void
test_ages_of_many (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  Flood *floods[30];

  for (gsize i = 0; i < G_N_ELEMENTS (floods); i++)
    floods[i] = flood_new (queue, i);
  for (int i = 0; i < 900; i++)
    {
      AiotWork *work = aiot_work_queue_pop (queue);

      g_assert_true (flood_took (floods[work->priority], work));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      g_assert_cmpuint (floods[i]->n_taken, >, 0);
      flood_free (floods[i], queue);
    }
}

/* Work alone, and work that is the most urgent, does not age: there is nothing to catch up with. */
static void
test_does_not_age_alone (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  Flood *low = flood_new (queue, LOW);
  AiotWork urgent;

  for (int i = 0; i < 100; i++)
    g_assert_true (flood_took (low, aiot_work_queue_pop (queue)));
  push_new (queue, &urgent, URGENT);
  g_assert_true (aiot_work_queue_pop (queue) == &urgent);
  flood_free (low, queue);
}

/* --- withdrawing --- */

/* The first, one in the middle and the last: the others keep their order, and can be withdrawn to the last one. */
static void
test_remove_any (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  AiotWork works[6], urgent;

  for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
    push_new (queue, &works[i], LOW);
  push_new (queue, &urgent, URGENT);
  g_assert_true (aiot_work_queue_remove (queue, &works[0]));
  g_assert_true (aiot_work_queue_remove (queue, &works[3]));
  g_assert_true (aiot_work_queue_remove (queue, &works[5]));
  g_assert_true (aiot_work_queue_remove (queue, &urgent));
  g_assert_cmpuint (aiot_work_queue_get_length (queue), ==, 3);
  g_assert_true (aiot_work_queue_pop (queue) == &works[1]);

  /* What was withdrawn may come again, at the end. */
  push_new (queue, &works[0], LOW);
  g_assert_true (aiot_work_queue_pop (queue) == &works[2]);
  g_assert_true (aiot_work_queue_remove (queue, &works[4]));
  g_assert_true (aiot_work_queue_pop (queue) == &works[0]);
  g_assert_null (aiot_work_queue_pop (queue));
  g_assert_cmpuint (aiot_work_queue_get_length (queue), ==, 0);
}

/* What waited long and was withdrawn leaves nothing to what comes after it. */
static void
test_remove_aged (void)
{
  g_autoptr (AiotWorkQueue) queue = aiot_work_queue_new ();
  Flood *urgent = flood_new (queue, URGENT);
  AiotWork old, young;

  push_new (queue, &old, LOW);
  for (int turn = 1; turn < 16; turn++)
    g_assert_true (flood_took (urgent, aiot_work_queue_pop (queue)));
  g_assert_true (aiot_work_queue_remove (queue, &old));
  push_new (queue, &young, LOW);
  for (int turn = 1; turn < 16; turn++)
    g_assert_true (flood_took (urgent, aiot_work_queue_pop (queue)));
  g_assert_true (aiot_work_queue_pop (queue) == &young);
  flood_free (urgent, queue);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/work-queue/order", test_order);
  g_test_add_func ("/work-queue/ageing/has-its-turn-within-sixteen", test_ages);
  g_test_add_func ("/work-queue/ageing/takes-a-sixteenth", test_share);
  g_test_add_func ("/work-queue/ageing/of-two", test_ages_of_two);
  g_test_add_func ("/work-queue/ageing/of-many", test_ages_of_many);
  g_test_add_func ("/work-queue/ageing/not-alone", test_does_not_age_alone);
  g_test_add_func ("/work-queue/remove", test_remove);
  g_test_add_func ("/work-queue/withdraw/any", test_remove_any);
  g_test_add_func ("/work-queue/withdraw/what-has-aged", test_remove_aged);
  return g_test_run ();
}
