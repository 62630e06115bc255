/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-call-private.h"

G_BEGIN_DECLS

/* What a call is made of: for its own files only. */

/*
 * A call has two sides that end independently: the function on its worker, and the answer to the caller. With
 * AIOT_ON_CANCEL_ABANDON, or when home goes, the answer ends first. The data of the call is dropped at home when both have.
 *
 * References are held by the result that the caller gets, by the executor and later the entry that goes home, by the
 * watch on home while it is linked, and by the handler on the caller's cancellable. Whoever sets `is_answered` ends the
 * answering side; whoever claims `outcome` decides what the answer is. Both happen once.
 *
 * A call whose caller waits for it has no home of its own, and its data never leaves the caller's thread.
 */

typedef enum
{
  AIOT_CALL_OPEN,
  AIOT_CALL_RETURNED,   /* by the function, or refused by the executor: see result and error */
  AIOT_CALL_CANCELLED,
  AIOT_CALL_NOBODY_ASKS,
} AiotCallOutcome;

struct _AiotCall
{
  AiotWork work;              /* the executor's */
  AiotHomeEntry answer;       /* both are home's once pushed */
  AiotHomeEntry release;
  AiotHomeWatch watch;
  AiotTicket ticket;          /* the limiter's */
  gatomicrefcount ref_count;

  /* Set before the call is handed over, then read by any thread */
  AiotHome *home;             /* where its data is dropped: that of the work, or NULL for the caller's own thread */
  AiotRunner *runner;
  AiotLimiter *limiter;
  AiotOnCancel on_cancel;
  GCancellable *cancellable;  /* the caller's */
  gulong cancelled_id;
  AiotThreadFunc func;
  GObject *source_object;
  gpointer source_tag;
  GAsyncReadyCallback callback;
  AiotCallAnswered answered;  /* in place of a callback */
  gpointer callback_data;
  AiotWaiter *waiter;         /* of a caller that waits */

  /* Dropped at home by the side that ends last */
  gpointer user_data;
  GDestroyNotify user_data_destroy;
  GValue argument;

  /* Atomic */
  int outcome;
  int n_sides;
  gboolean is_started;
  gboolean is_running;
  gboolean is_answered;
  GCancellable *own_cancellable;

  /* Written by the function's thread, read at home after the answer has travelled there */
  GValue result;
  GError *function_error;
  gboolean holds_slot;        /* of the limiter */
  gboolean answer_ends_function;

  /* Home only */
  GError *error;
  gboolean error_was_taken;
};

#define CALL_OF(member, pointer) ((AiotCall *) ((char *) (pointer) - G_STRUCT_OFFSET (AiotCall, member)))

/* aiot-call.c */
void             aiot_call_drop_data      (AiotCall              *self);
void             aiot_call_end_side       (AiotCall              *self);

/* aiot-call-work.c: the side of the function */
const char      *aiot_call_get_name       (AiotCall              *self);
void             aiot_call_set_options    (AiotCall              *self,
                                           const AiotCallOptions *options);
void             aiot_call_init_work      (AiotCall              *self,
                                           const char            *name,
                                           int                    priority);
gboolean         aiot_call_claim          (AiotCall              *self,
                                           AiotCallOutcome        outcome);
AiotLimiter     *aiot_call_leave_limiter  (AiotCall              *self);
void             aiot_call_hand_over      (AiotCall              *self);
gboolean         aiot_call_withdraw       (AiotCall              *self);
void             aiot_call_mark_cancelled (AiotCall              *self);
AiotWorkOutcome  aiot_call_run            (AiotWork              *work);
void             aiot_call_function_ended (AiotCall              *self,
                                           AiotCallOutcome        outcome);

/* aiot-call-answer.c: the side of the caller */
void             aiot_call_connect        (AiotCall              *self,
                                           GCancellable          *cancellable);
void             aiot_call_disconnect     (AiotCall              *self);

G_END_DECLS
