/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/*
 * An iterator that a program makes itself, with no thread behind it and as little as an iterator can have: numbers come from sources of the
 * main loop, from 0 on, to an end or an error.
 */

#define TEST_TYPE_COUNTER (test_counter_get_type ())

G_DECLARE_FINAL_TYPE (TestCounter, test_counter, TEST, COUNTER, GObject)

struct _TestCounter
{
  GObject parent_instance;
  GThread *home;
  int n_items;
  int fails_at;              /* 0: never */
  int n_asked;
  int n_given;
  int n_closed;
  gboolean is_closed;
};

/* What tests of one have in common: it gives the numbers from 0 to 6. */
typedef struct
{
  TestLoop loop;
  TestCounter *counter;
  AiotIterator *iterator;    /* the same */
  TestAnswer answer;
} TestCounting;

void test_counting_setup       (TestCounting  *fixture,
                                gconstpointer  data);
void test_counting_teardown    (TestCounting  *fixture,
                                gconstpointer  data);
void test_counting_wait        (TestCounting  *fixture);
void test_counting_assert_next (TestCounting  *fixture,
                                int            number);

G_END_DECLS
