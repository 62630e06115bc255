/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "test-util.h"

G_BEGIN_DECLS

/* An item that knows its place, and that a ledger counts. */
typedef struct
{
  TestLedger *ledger;
  gint64 number;
} TestNumber;

#define TEST_FOR_EVER G_MAXINT64

/*
 * A generator's body: it emits numbers from 0 on, to an end or until it is told to stop, and then cleans up. Each is for one run, and
 * belongs to the thread that made it, which is the home of its items and of itself.
 */
typedef struct
{
  gint64 n_items;
  const char *failure;     /* what it says in the end when it has emitted all; NULL: it succeeds */
  gboolean cleans_up_slowly;
  GQuark clean_up_domain;  /* what it answers with when it was told to stop; 0: with what it was told */
  GThread *home;

  TestGate running;
  TestGate cleaning_up;
  TestGate may_clean_up;   /* waited for only where it cleans up slowly */
  TestGate ended;
  GThread *worker;
  GError *stopped_by;      /* what emit said */
  int n_run;               /* these are read atomically */
  int n_emitted;
  int n_freed;
  TestLedger items;
} TestBody;

void          test_body_init             (TestBody              *body,
                                          gint64                 n_items);
gboolean      test_body_func             (AiotGenerator         *generator,
                                          gpointer               body,
                                          GError               **error);
/* The destroy function of a body's data: it checks that this is home, and that the body has ended or never ran. */
void          test_body_free             (gpointer               body);
/* Waits for the end of it all, and checks that each item was freed once, and at home. */
void          test_body_clear            (TestBody              *body);

AiotIterator *test_body_iterate          (TestBody              *body,
                                          AiotExecutor          *executor,
                                          int                    capacity,
                                          GCancellable          *cancellable);

gboolean      test_emit_number           (AiotGenerator         *generator,
                                          TestLedger            *ledger,
                                          gint64                 number,
                                          GError               **error);
gint64        test_number                (const GValue          *value);

/* Work that has the thread of an executor of one until it is let go. */
typedef struct
{
  TestHold hold;
  TestAnswer answer;
} TestHeld;

void          test_held_start            (TestHeld              *held,
                                          AiotExecutor          *executor);
void          test_held_let_go           (TestHeld              *held);
/* The same, and waits for its answer on the thread-default main context. */
void          test_held_end              (TestHeld              *held);

/* What runs in this pool of one, or ran, waits in this library now, or has ended. */
void          test_wait_until_blocked    (AiotExecutor          *pool_of_one);

/* Ask on the thread-default main context, and iterate it until the answer is there. */
const GValue *test_next                  (AiotIterator          *iterator,
                                          TestAnswer            *answer,
                                          GError               **error);
void          test_assert_next           (AiotIterator          *iterator,
                                          gint64                 number);
void          test_assert_end            (AiotIterator          *iterator);
void          test_assert_next_fails     (AiotIterator          *iterator,
                                          GQuark                 domain,
                                          int                    code);
void          test_assert_closed         (AiotIterator          *iterator);

/* What a TestAnswer got that somebody else asked for. */
void          test_assert_answer_number  (TestAnswer            *answer,
                                          AiotIterator          *iterator,
                                          gint64                 number);
void          test_assert_answer_end     (TestAnswer            *answer,
                                          AiotIterator          *iterator);
void          test_assert_answer_fails   (TestAnswer            *answer,
                                          AiotIterator          *iterator,
                                          GQuark                 domain,
                                          int                    code);

/* Drops the last reference. */
void          test_drop                  (AiotIterator         **iterator);

G_END_DECLS
