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

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/work-queue/order", test_order);
  g_test_add_func ("/work-queue/remove", test_remove);
  return g_test_run ();
}
