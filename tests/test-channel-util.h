/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "test-items.h"

G_BEGIN_DECLS

#define TEST_N_ITEMS 400

/* A fixture: a channel, the main context that is its home, and what is sent to it. */
typedef struct
{
  TestLoop loop;
  AiotChannel *channel;
  TestItems items;
} TestChannel;

/* @data is the capacity. */
void     test_channel_setup          (TestChannel        *self,
                                      gconstpointer       data);
/* Checks that all is released, and that the channel never had more than it may. */
void     test_channel_teardown       (TestChannel        *self,
                                      gconstpointer       data);

/* In place of a channel of the fixture that nothing was done with yet. */
void     test_channel_replace        (TestChannel        *self,
                                      AiotChannel        *channel);
/* Checks that this was the last reference, once home has done what it was asked for. */
void     test_channel_drop           (TestChannel        *self);
/* All that can be done now. */
void     test_iterate_all            (GMainContext       *main_context);

/* --- on the calling thread, without waiting ------------------------------------ */

AiotSent test_try_send               (TestChannel        *self,
                                      guint               number,
                                      GError            **error);
void     test_send_items             (TestChannel        *self,
                                      guint               first,
                                      guint               n);
void     test_assert_refused         (TestChannel        *self,
                                      guint               number,
                                      GQuark              domain,
                                      int                 code);
void     test_assert_receives        (TestChannel        *self,
                                      guint               number);
/* Those with these numbers, in this order, and nothing after them. */
void     test_assert_has_only        (TestChannel        *self,
                                      guint               first,
                                      guint               n);
void     test_assert_has_nothing     (TestChannel        *self,
                                      GQuark              domain,
                                      int                 code);

/* --- answers, whose thread-default main context is iterated until they are there - */

void     test_send_async             (TestChannel        *self,
                                      guint               number,
                                      GCancellable       *cancellable,
                                      TestAnswer         *answer);
void     test_receive_async          (TestChannel        *self,
                                      GCancellable       *cancellable,
                                      TestAnswer         *answer);
void     test_assert_answer_sent     (TestAnswer         *answer,
                                      TestChannel        *self,
                                      AiotSent            sent);
void     test_assert_answer_not_sent (TestAnswer         *answer,
                                      TestChannel        *self,
                                      GQuark              domain,
                                      int                 code);
void     test_assert_answer_item     (TestAnswer         *answer,
                                      TestChannel        *self,
                                      guint               number);
void     test_assert_answer_error    (TestAnswer         *answer,
                                      TestChannel        *self,
                                      GQuark              domain,
                                      int                 code);

/* --- on a thread of its own ------------------------------------------------------ */

/* One item that is sent or received with a function that may sleep, by work on a pool of one. */
typedef struct
{
  TestChannel *channel;
  AiotThreadFunc func;
  guint number;
  int timeout_ms;
  GCancellable *cancellable;        /* of the function */
  GCancellable *work_cancellable;   /* of the work that calls it */
  AiotExecutor *executor;
  GThread *thread;
  TestGate running;
  int is_over;                      /* atomic */
  AiotSent sent;
  gboolean was_received;
  GValue value;
  GError *error;
} TestTransfer;

/* They return when the thread sleeps, or is done. */
void     test_start_sending          (TestTransfer       *transfer,
                                      TestChannel        *self,
                                      guint               number);
void     test_start_receiving        (TestTransfer       *transfer,
                                      TestChannel        *self,
                                      int                 timeout_ms);
gboolean test_transfer_is_over       (TestTransfer       *transfer);

/* What runs in this pool of one, or ran, sleeps in this library now, or has ended. */
void     test_wait_until_asleep      (AiotExecutor       *pool_of_one);

/* They wait for its end. */
void     test_assert_sent            (TestTransfer       *transfer);
void     test_assert_received        (TestTransfer       *transfer,
                                      guint               number);
void     test_assert_failed          (TestTransfer       *transfer,
                                      GQuark              domain,
                                      int                 code);

G_END_DECLS
