/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-limiter-private.h"

#include <pthread.h>

/*
 * Limiters. What is inside is counted by the functions themselves, in a crowd where each stays until the test lets one out.
 */

typedef struct
{
  pthread_mutex_t mutex;   /* guards all below */
  pthread_cond_t cond;
  int n_inside;
  int max_inside;
  int n_ever;
  int n_may_leave;
  GString *order;          /* of their names */
} Crowd;

static void
crowd_init (Crowd *self)
{
  *self = (Crowd) { .order = g_string_new (NULL) };
  pthread_mutex_init (&self->mutex, NULL);
  pthread_cond_init (&self->cond, NULL);
}

static void
crowd_clear (Crowd *self)
{
  g_assert_cmpint (self->n_inside, ==, 0);
  pthread_mutex_destroy (&self->mutex);
  pthread_cond_destroy (&self->cond);
  g_string_free (self->order, TRUE);
}

static void
crowd_enter (Crowd *self,
             char   name)
{
  pthread_mutex_lock (&self->mutex);
  self->n_inside++;
  self->n_ever++;
  self->max_inside = MAX (self->max_inside, self->n_inside);
  g_string_append_c (self->order, name);
  pthread_cond_broadcast (&self->cond);
  pthread_mutex_unlock (&self->mutex);
}

static void
crowd_leave (Crowd *self)
{
  pthread_mutex_lock (&self->mutex);
  while (self->n_may_leave == 0)
    pthread_cond_wait (&self->cond, &self->mutex);
  self->n_may_leave--;
  self->n_inside--;
  pthread_mutex_unlock (&self->mutex);
}

static void
crowd_wait (Crowd *self,
            int    n_ever)
{
  pthread_mutex_lock (&self->mutex);
  while (self->n_ever < n_ever)
    pthread_cond_wait (&self->cond, &self->mutex);
  pthread_mutex_unlock (&self->mutex);
}

static void
crowd_let_out (Crowd *self,
               int    n)
{
  pthread_mutex_lock (&self->mutex);
  self->n_may_leave += n;
  pthread_cond_broadcast (&self->cond);
  pthread_mutex_unlock (&self->mutex);
}

static int
crowd_get (Crowd *self,
           int   *number)
{
  int n;

  pthread_mutex_lock (&self->mutex);
  n = *number;
  pthread_mutex_unlock (&self->mutex);

  return n;
}

/* What the calls are made with. Each copy is on the ledger, so the argument of each call is freed once, and at home. */
typedef struct
{
  Crowd *crowd;
  TestLedger *ledger;
  char name;
} Visitor;

static GType visitor_get_type (void);

static gpointer
visitor_copy (gpointer boxed)
{
  Visitor *copy = g_memdup2 (boxed, sizeof (Visitor));

  test_ledger_item (copy->ledger);
  return copy;
}

static void
visitor_free (gpointer boxed)
{
  test_item_free (((Visitor *) boxed)->ledger);
  g_free (boxed);
}

G_DEFINE_BOXED_TYPE (Visitor, visitor, visitor_copy, visitor_free)

static gboolean
visit (AiotCall  *call,
       gpointer   user_data,
       GError   **error)
{
  Visitor *visitor = g_value_get_boxed (aiot_call_get_argument (call));

  crowd_enter (visitor->crowd, visitor->name);
  crowd_leave (visitor->crowd);
  return TRUE;
}

typedef struct
{
  TestLoop loop;
  Crowd crowd;
  TestLedger ledger;
  AiotLimiter *limiter;
  AiotExecutor *pool;
  AiotExecutor *separate;
  AiotThreaded *pooled;
  AiotThreaded *apart;
  int n_answered;
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  crowd_init (&fixture->crowd);
  fixture->ledger = (TestLedger) { .home = g_thread_self () };
  fixture->limiter = aiot_limiter_new (GPOINTER_TO_UINT (data));
  fixture->pool = aiot_executor_new_pool ("pool", 4);
  fixture->separate = aiot_executor_new_separate ("separate", FALSE);
  fixture->pooled = aiot_threaded_new (visit, NULL, NULL);
  fixture->apart = aiot_threaded_new (visit, NULL, NULL);
  aiot_threaded_set_executor (fixture->pooled, fixture->pool);
  aiot_threaded_set_executor (fixture->apart, fixture->separate);
  aiot_threaded_set_limiter (fixture->pooled, fixture->limiter);
  aiot_threaded_set_limiter (fixture->apart, fixture->limiter);
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  if (fixture->limiter != NULL)
    {
      g_assert_cmpuint (aiot_limiter_get_n_inside (fixture->limiter), ==, 0);
      g_assert_cmpuint (aiot_limiter_get_n_waiting (fixture->limiter), ==, 0);
    }
  g_clear_object (&fixture->pooled);
  g_clear_object (&fixture->apart);
  g_clear_object (&fixture->limiter);
  g_clear_object (&fixture->pool);
  g_clear_object (&fixture->separate);
  crowd_clear (&fixture->crowd);
  test_loop_close (&fixture->loop);
  g_assert_cmpint (fixture->ledger.n_freed, ==, fixture->ledger.n_made);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
}

static void
count_answer_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  aiot_threaded_call_finish (AIOT_THREADED (source_object), result, &error);
  g_assert_no_error (error);
  fixture->n_answered++;
}

static void
call_named (Fixture             *fixture,
            AiotThreaded        *threaded,
            char                 name,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data)
{
  Visitor visitor = { &fixture->crowd, &fixture->ledger, name };
  g_auto (GValue) argument = G_VALUE_INIT;

  g_value_init (&argument, visitor_get_type ());
  g_value_set_static_boxed (&argument, &visitor);
  aiot_threaded_call_async (threaded, &argument, cancellable, callback, callback_data);
}

static void
call_counted (Fixture      *fixture,
              AiotThreaded *threaded,
              char          name)
{
  call_named (fixture, threaded, name, NULL, count_answer_cb, fixture);
}

static void
iterate_until_answered (Fixture *fixture,
                        int      n)
{
  test_iterate_until (fixture->loop.main_context, &fixture->n_answered, n);
}

static void
assert_counts (Fixture *fixture,
               guint    n_inside,
               guint    n_waiting)
{
  guint inside, waiting;

  g_object_get (fixture->limiter, "n-inside", &inside, "n-waiting", &waiting, NULL);
  g_assert_cmpuint (inside, ==, n_inside);
  g_assert_cmpuint (waiting, ==, n_waiting);
  g_assert_cmpuint (aiot_limiter_get_n_inside (fixture->limiter), ==, n_inside);
  g_assert_cmpuint (aiot_limiter_get_n_waiting (fixture->limiter), ==, n_waiting);
}

static void
assert_answer_is_error (AiotThreaded *threaded,
                        TestAnswer   *answer,
                        GQuark        domain,
                        int           code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (answer->n_called, ==, 1);
  g_assert_null (aiot_threaded_call_finish (threaded, answer->result, &error));
  g_assert_error (error, domain, code);
  test_answer_clear (answer);
}

/* --- capacity --- */

/* Of a pool and of an executor with a thread for each call: whenever one leaves, one comes in, and never more. */
static void
test_shared (Fixture       *fixture,
             gconstpointer  data)
{
  const int capacity = GPOINTER_TO_INT (data), n_calls = 30;

  for (int i = 0; i < n_calls; i++)
    call_counted (fixture, i % 2 == 0 ? fixture->pooled : fixture->apart, 'x');

  for (int i = 0; i < n_calls; i++)
    {
      int n_inside = MIN (capacity, n_calls - i);

      crowd_wait (&fixture->crowd, i + n_inside);
      assert_counts (fixture, n_inside, n_calls - i - n_inside);
      crowd_let_out (&fixture->crowd, 1);
      /* Whoever is answered has left. */
      iterate_until_answered (fixture, i + 1);
    }
  g_assert_cmpint (fixture->crowd.max_inside, ==, capacity);
  g_assert_cmpint (fixture->crowd.n_ever, ==, n_calls);
}

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              gpointer    user_data)
{
  (*(int *) user_data)++;
}

static void
test_changed (Fixture       *fixture,
              gconstpointer  data)
{
  int n_notified = 0;

  g_assert_cmpuint (aiot_limiter_get_capacity (fixture->limiter), ==, 1);
  g_signal_connect (fixture->limiter, "notify::capacity", G_CALLBACK (count_notify), &n_notified);
  for (int i = 0; i < 8; i++)
    call_counted (fixture, fixture->apart, 'x');
  assert_counts (fixture, 1, 7);

  /* Raised: so many more are let in, without anybody leaving. */
  aiot_limiter_set_capacity (fixture->limiter, 4);
  g_assert_cmpint (n_notified, ==, 1);
  assert_counts (fixture, 4, 4);
  crowd_wait (&fixture->crowd, 4);

  /* Lowered: they go on, and nobody follows until less than that are left. */
  g_object_set (fixture->limiter, "capacity", 2, NULL);
  g_object_set (fixture->limiter, "capacity", 2, NULL);
  g_assert_cmpint (n_notified, ==, 2);
  assert_counts (fixture, 4, 4);
  crowd_let_out (&fixture->crowd, 1);
  iterate_until_answered (fixture, 1);
  assert_counts (fixture, 3, 4);
  crowd_let_out (&fixture->crowd, 1);
  iterate_until_answered (fixture, 2);
  assert_counts (fixture, 2, 4);
  g_assert_cmpint (crowd_get (&fixture->crowd, &fixture->crowd.n_ever), ==, 4);
  crowd_let_out (&fixture->crowd, 1);
  iterate_until_answered (fixture, 3);
  crowd_wait (&fixture->crowd, 5);
  assert_counts (fixture, 2, 3);

  crowd_let_out (&fixture->crowd, 5);
  iterate_until_answered (fixture, 8);
  g_assert_cmpint (fixture->crowd.max_inside, ==, 4);
}

/* --- order --- */

/* With one place they run one after another, whatever executor each runs on. */
static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  const char *names = "abcdefghijklmnopqrstuvwxyz";

  for (const char *name = names; *name != '\0'; name++)
    call_counted (fixture, (*name - 'a') % 3 == 0 ? fixture->pooled : fixture->apart, *name);
  crowd_let_out (&fixture->crowd, strlen (names));
  iterate_until_answered (fixture, strlen (names));
  g_assert_cmpstr (fixture->crowd.order->str, ==, names);
  g_assert_cmpint (fixture->crowd.max_inside, ==, 1);
}

/* With several places they reach their executor in order; a serial one runs them as they come. */
static void
test_order_of_several (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (AiotExecutor) serial = aiot_executor_new_serial ("serial");
  const char *names = "abcdefghijklmnopqrstuvwxyz";

  aiot_threaded_set_executor (fixture->pooled, serial);
  for (const char *name = names; *name != '\0'; name++)
    call_counted (fixture, fixture->pooled, *name);
  crowd_let_out (&fixture->crowd, strlen (names));
  iterate_until_answered (fixture, strlen (names));
  g_assert_cmpstr (fixture->crowd.order->str, ==, names);
}

/* --- waiting --- */

static void
test_takes_no_thread (Fixture       *fixture,
                      gconstpointer  data)
{
  call_counted (fixture, fixture->apart, 'a');
  for (int i = 0; i < 20; i++)
    call_counted (fixture, i % 2 == 0 ? fixture->pooled : fixture->apart, 'b');
  crowd_wait (&fixture->crowd, 1);
  assert_counts (fixture, 1, 20);
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->separate), ==, 1);
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->pool), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_queued (fixture->pool), ==, 0);

  crowd_let_out (&fixture->crowd, 21);
  iterate_until_answered (fixture, 21);
}

/* --- cancelling --- */

static gpointer
cancel_in_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
cancel (GCancellable *cancellable,
        gboolean      in_thread)
{
  if (in_thread)
    g_thread_join (g_thread_new ("canceller", cancel_in_thread, cancellable));
  else
    g_cancellable_cancel (cancellable);
}

/* Nobody leaves until the cancelled ones are answered. Those before and behind them keep their places. */
static void
test_cancelled_while_waiting (Fixture       *fixture,
                              gconstpointer  data)
{
  static const AiotOnCancel on_cancel[] = { AIOT_ON_CANCEL_WAIT, AIOT_ON_CANCEL_ABANDON };

  call_counted (fixture, fixture->apart, 'a');
  call_counted (fixture, fixture->apart, 'b');
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (on_cancel); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      TestAnswer answer = { 0 };

      aiot_threaded_set_on_cancel (fixture->pooled, on_cancel[i / 2]);
      call_named (fixture, fixture->pooled, 'X', cancellable, test_answer_cb, &answer);
      if (i == 0)
        call_counted (fixture, fixture->apart, 'c');
      assert_counts (fixture, 1, 3);
      cancel (cancellable, i % 2 == 1);
      assert_counts (fixture, 1, 2);
      g_assert_cmpint (answer.n_called, ==, 0);
      test_answer_wait (&answer, fixture->loop.main_context);
      g_assert_true (answer.thread == g_thread_self ());
      assert_answer_is_error (fixture->pooled, &answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }

  crowd_let_out (&fixture->crowd, 3);
  iterate_until_answered (fixture, 3);
  g_assert_cmpstr (fixture->crowd.order->str, ==, "abc");
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->pool), ==, 0);
}

/* Such a call neither enters nor waits. */
static void
test_cancelled_before (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answer = { 0 };

  g_cancellable_cancel (cancellable);
  call_named (fixture, fixture->pooled, 'X', cancellable, test_answer_cb, &answer);
  assert_counts (fixture, 0, 0);
  test_answer_wait (&answer, fixture->loop.main_context);
  assert_answer_is_error (fixture->pooled, &answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (fixture->crowd.n_ever, ==, 0);
}

/* A call that was let in, and is cancelled while it is queued, gives its place back. */
static void
test_cancelled_while_queued (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr (AiotExecutor) serial = aiot_executor_new_serial ("serial");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestHold hold = { 0 };
  TestAnswer holding = { 0 }, answer = { 0 };

  aiot_offload_async (serial, test_hold_func, &hold, NULL, NULL, test_answer_cb, &holding);
  aiot_threaded_set_executor (fixture->pooled, serial);
  call_named (fixture, fixture->pooled, 'X', cancellable, test_answer_cb, &answer);
  call_counted (fixture, fixture->apart, 'a');
  assert_counts (fixture, 1, 1);

  g_cancellable_cancel (cancellable);
  assert_counts (fixture, 1, 0);
  crowd_let_out (&fixture->crowd, 1);
  iterate_until_answered (fixture, 1);
  test_answer_wait (&answer, fixture->loop.main_context);
  assert_answer_is_error (fixture->pooled, &answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (fixture->crowd.order->str, ==, "a");

  test_gate_open (&hold.leave);
  test_answer_wait (&holding, fixture->loop.main_context);
  test_answer_clear (&holding);
  test_hold_clear (&hold);
}

/* --- lifetime --- */

static void
open_gate (gpointer  gate,
           GObject  *where_the_object_was)
{
  test_gate_open (gate);
}

/* Neither the limiter nor what it was set for is held by anybody but the calls. */
static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  TestGate limiter_gone = { 0 }, threaded_gone = { 0 };

  for (int i = 0; i < 5; i++)
    call_counted (fixture, fixture->apart, 'a' + i);
  g_object_weak_ref (G_OBJECT (fixture->limiter), open_gate, &limiter_gone);
  g_object_weak_ref (G_OBJECT (fixture->apart), open_gate, &threaded_gone);
  g_clear_object (&fixture->pooled);
  g_clear_object (&fixture->apart);
  g_clear_object (&fixture->limiter);

  crowd_let_out (&fixture->crowd, 5);
  iterate_until_answered (fixture, 5);
  g_assert_cmpstr (fixture->crowd.order->str, ==, "abcde");
  while (g_main_context_iteration (fixture->loop.main_context, FALSE))
    ;
  test_gate_wait (&threaded_gone);
  test_gate_wait (&limiter_gone);
  test_gate_clear (&threaded_gone);
  test_gate_clear (&limiter_gone);
}

/* --- refused --- */

/* So many, one behind the other, that letting each in from within the one before would not end well. */
static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  const int n_refused = 60000;
  g_autoptr (GError) error = NULL;
  TestAnswer *answers = g_new0 (TestAnswer, n_refused);

  call_counted (fixture, fixture->apart, 'a');
  for (int i = 0; i < n_refused; i++)
    call_named (fixture, fixture->pooled, 'X', NULL, test_answer_cb, &answers[i]);
  call_counted (fixture, fixture->apart, 'b');
  g_assert_true (aiot_executor_shutdown_sync (fixture->pool, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &error));
  g_assert_no_error (error);
  /* It does not know of those that wait elsewhere. */
  assert_counts (fixture, 1, n_refused + 1);

  crowd_let_out (&fixture->crowd, 2);
  iterate_until_answered (fixture, 2);
  g_assert_cmpstr (fixture->crowd.order->str, ==, "ab");
  for (int i = 0; i < n_refused; i++)
    {
      test_answer_wait (&answers[i], fixture->loop.main_context);
      assert_answer_is_error (fixture->pooled, &answers[i], AIOT_ERROR, AIOT_ERROR_CLOSED);
    }
  g_free (answers);
}

/* What is queued and refused by a shut-down has its place taken by who waits. */
static void
test_refused_while_queued (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr (AiotExecutor) serial = aiot_executor_new_serial ("serial");
  TestHold hold = { 0 };
  TestAnswer holding = { 0 }, answer = { 0 }, ending = { 0 };

  aiot_offload_async (serial, test_hold_func, &hold, NULL, NULL, test_answer_cb, &holding);
  test_gate_wait (&hold.running);
  aiot_threaded_set_executor (fixture->pooled, serial);
  call_named (fixture, fixture->pooled, 'X', NULL, test_answer_cb, &answer);
  call_counted (fixture, fixture->apart, 'a');
  assert_counts (fixture, 1, 1);

  aiot_executor_shutdown_async (serial, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &ending);
  assert_counts (fixture, 1, 0);
  crowd_let_out (&fixture->crowd, 1);
  iterate_until_answered (fixture, 1);
  test_answer_wait (&answer, fixture->loop.main_context);
  assert_answer_is_error (fixture->pooled, &answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (fixture->crowd.order->str, ==, "a");

  test_gate_open (&hold.leave);
  test_answer_wait (&ending, fixture->loop.main_context);
  test_answer_wait (&holding, fixture->loop.main_context);
  test_answer_clear (&ending);
  test_answer_clear (&holding);
  test_hold_clear (&hold);
}

/* --- home --- */

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

/* The main context of some that wait goes away. They never run, and those of another one move up. */
static void
test_gone (Fixture       *fixture,
           gconstpointer  data)
{
  TestLoop other;

  call_counted (fixture, fixture->apart, 'a');
  test_loop_open (&other);
  for (int i = 0; i < 3; i++)
    call_named (fixture, i == 0 ? fixture->pooled : fixture->apart, 'X', NULL, never_called_cb, NULL);
  g_main_context_push_thread_default (fixture->loop.main_context);
  call_counted (fixture, fixture->apart, 'b');
  g_main_context_pop_thread_default (fixture->loop.main_context);
  assert_counts (fixture, 1, 4);

  aiot_main_context_abandon (other.main_context);
  assert_counts (fixture, 1, 1);
  g_assert_cmpint (fixture->ledger.n_freed, ==, 3);
  test_loop_close (&other);

  crowd_let_out (&fixture->crowd, 2);
  iterate_until_answered (fixture, 2);
  g_assert_cmpstr (fixture->crowd.order->str, ==, "ab");
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->pool), ==, 0);
}

/*
 * A main context goes away with one call that is queued, and holds the only place, and one that waits for it. The first gives
 * its place back, but not to the second, which would start although nobody asks for it any more.
 */
static void
test_gone_while_queued (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr (AiotExecutor) serial = aiot_executor_new_serial ("serial");
  TestHold hold = { 0 };
  TestAnswer holding = { 0 };
  TestLoop other;

  aiot_offload_async (serial, test_hold_func, &hold, NULL, NULL, test_answer_cb, &holding);
  test_gate_wait (&hold.running);
  aiot_threaded_set_executor (fixture->apart, serial);
  test_loop_open (&other);
  call_named (fixture, fixture->apart, 'X', NULL, never_called_cb, NULL);
  call_named (fixture, fixture->pooled, 'Y', NULL, never_called_cb, NULL);
  assert_counts (fixture, 1, 1);

  aiot_main_context_abandon (other.main_context);
  assert_counts (fixture, 0, 0);
  g_assert_cmpuint (aiot_executor_get_n_threads (fixture->pool), ==, 0);
  g_assert_cmpint (fixture->ledger.n_freed, ==, 2);
  test_loop_close (&other);

  test_gate_open (&hold.leave);
  test_answer_wait (&holding, fixture->loop.main_context);
  test_answer_clear (&holding);
  test_hold_clear (&hold);
  g_assert_cmpint (fixture->crowd.n_ever, ==, 0);
}

/* --- letting in --- */

typedef struct
{
  AiotTicket ticket;
  TestGate admitted;
  TestGate leave;
} HeldTicket;

static void
hold_admitter (AiotTicket *ticket)
{
  HeldTicket *held = (HeldTicket *) ticket;

  test_gate_open (&held->admitted);
  test_gate_wait (&held->leave);
}

/*
 * Whoever leaves lets in those that wait, and while more leave meanwhile that may take long. It must not hold up the
 * answer: here a ticket holds the thread until the call is answered.
 */
static void
test_answered_first (Fixture       *fixture,
                     gconstpointer  data)
{
  HeldTicket held = { .ticket.admitted = hold_admitter };

  call_counted (fixture, fixture->apart, 'a');
  aiot_limiter_enter (fixture->limiter, &held.ticket);
  assert_counts (fixture, 1, 1);
  crowd_let_out (&fixture->crowd, 1);
  test_gate_wait (&held.admitted);
  /* The place of the call is taken; no lock is held. */
  assert_counts (fixture, 1, 0);
  iterate_until_answered (fixture, 1);

  /* Who comes meanwhile is let in when that thread goes on. */
  call_counted (fixture, fixture->apart, 'b');
  assert_counts (fixture, 1, 1);
  g_assert_false (aiot_limiter_leave (fixture->limiter));
  assert_counts (fixture, 0, 1);
  test_gate_open (&held.leave);
  crowd_let_out (&fixture->crowd, 1);
  iterate_until_answered (fixture, 2);
  test_gate_clear (&held.admitted);
  test_gate_clear (&held.leave);
}

/* --- misuse --- */

static void
test_misuse_capacity (gconstpointer data)
{
  guint capacity = GPOINTER_TO_UINT (data);

  if (g_test_subprocess ())
    {
      g_autoptr (AiotLimiter) limiter = NULL;

      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      g_assert_null (aiot_limiter_new (capacity));
      limiter = aiot_limiter_new (7);
      aiot_limiter_set_capacity (limiter, capacity);
      g_assert_cmpuint (aiot_limiter_get_capacity (limiter), ==, 7);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*CRITICAL*aiot_limiter_new: assertion*CRITICAL*aiot_limiter_set_capacity: assertion*");
}

/* --- everything at once --- */

#define STRESS_CAPACITY 5
#define STRESS_THREADS 3

typedef struct
{
  Fixture *fixture;
  guint32 seed;
  guint n_calls;
  TestLedger ledger;
  int n_done;
  int n_cancelled;
} Stress;

/* Does not stay, but gives others the time to come in. */
static gboolean
pass_through (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  Visitor *visitor = g_value_get_boxed (aiot_call_get_argument (call));

  crowd_enter (visitor->crowd, visitor->name);
  for (int i = 0; i < 10; i++)
    g_thread_yield ();
  crowd_leave (visitor->crowd);
  return !aiot_call_set_error_if_cancelled (call, error);
}

static void
stress_answer_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Stress *stress = user_data;
  g_autoptr (GError) error = NULL;

  if (aiot_threaded_call_finish (AIOT_THREADED (source_object), result, &error) != NULL)
    {
      stress->n_done++;
      return;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  stress->n_cancelled++;
}

static gpointer
stress_thread (gpointer data)
{
  Stress *stress = data;
  Fixture *fixture = stress->fixture;
  g_autoptr (GRand) rand = g_rand_new_with_seed (stress->seed);
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  AiotThreaded *threaded[] = { fixture->pooled, fixture->apart };
  TestLoop loop;

  stress->ledger = (TestLedger) { .home = g_thread_self () };
  test_loop_open (&loop);
  for (guint i = 0; i < stress->n_calls; i++)
    {
      Visitor visitor = { &fixture->crowd, &stress->ledger, 'x' };
      GCancellable *cancellable = g_rand_boolean (rand) ? g_cancellable_new () : NULL;
      g_auto (GValue) argument = G_VALUE_INIT;

      g_value_init (&argument, visitor_get_type ());
      g_value_set_static_boxed (&argument, &visitor);
      if (cancellable != NULL)
        g_ptr_array_add (cancellables, cancellable);
      aiot_threaded_call_async (threaded[g_rand_int_range (rand, 0, G_N_ELEMENTS (threaded))], &argument, cancellable,
                                stress_answer_cb, stress);

      if (cancellables->len > 0 && g_rand_int_range (rand, 0, 4) == 0)
        g_cancellable_cancel (g_ptr_array_index (cancellables, g_rand_int_range (rand, 0, cancellables->len)));
      if (g_rand_int_range (rand, 0, 8) == 0)
        aiot_limiter_set_capacity (fixture->limiter, g_rand_int_range (rand, 1, STRESS_CAPACITY + 1));
      if (g_rand_int_range (rand, 0, 8) == 0)
        g_main_context_iteration (loop.main_context, FALSE);
    }

  /* The argument goes last, and when it is gone, so is the call. */
  test_iterate_until (loop.main_context, &stress->ledger.n_freed, stress->n_calls);
  test_loop_close (&loop);
  return NULL;
}

static void
test_stress (Fixture       *fixture,
             gconstpointer  data)
{
  Stress stress[STRESS_THREADS] = { 0 };
  GThread *threads[STRESS_THREADS];
  int n_done = 0, n_cancelled = 0, n_calls = 0;
  guint32 seed = g_test_rand_int ();

  g_clear_object (&fixture->pooled);
  g_clear_object (&fixture->apart);
  fixture->pooled = aiot_threaded_new (pass_through, NULL, NULL);
  fixture->apart = aiot_threaded_new (pass_through, NULL, NULL);
  aiot_threaded_set_executor (fixture->pooled, fixture->pool);
  aiot_threaded_set_executor (fixture->apart, fixture->separate);
  aiot_threaded_set_limiter (fixture->pooled, fixture->limiter);
  aiot_threaded_set_limiter (fixture->apart, fixture->limiter);
  aiot_threaded_set_on_cancel (fixture->apart, AIOT_ON_CANCEL_ABANDON);
  crowd_let_out (&fixture->crowd, G_MAXINT);

  for (int i = 0; i < STRESS_THREADS; i++)
    {
      stress[i].fixture = fixture;
      stress[i].seed = seed + i;
      stress[i].n_calls = test_scaled (1500);
      threads[i] = g_thread_new ("caller", stress_thread, &stress[i]);
    }
  for (int i = 0; i < STRESS_THREADS; i++)
    {
      g_thread_join (threads[i]);
      n_done += stress[i].n_done;
      n_cancelled += stress[i].n_cancelled;
      n_calls += stress[i].n_calls;
      g_assert_cmpint (stress[i].ledger.n_made, ==, stress[i].n_calls);
      g_assert_cmpint (stress[i].ledger.n_freed, ==, stress[i].n_calls);
      g_assert_cmpint (stress[i].ledger.n_freed_elsewhere, ==, 0);
    }

  g_test_message ("%d done and %d cancelled; %d ran, at most %d at once", n_done, n_cancelled, fixture->crowd.n_ever,
                  fixture->crowd.max_inside);
  g_assert_cmpint (n_done + n_cancelled, ==, n_calls);
  g_assert_cmpint (fixture->crowd.n_ever, >=, n_done);
  g_assert_cmpint (fixture->crowd.n_ever, <=, n_calls);
  g_assert_cmpint (fixture->crowd.max_inside, <=, STRESS_CAPACITY);
  /* The threads took their main contexts along, so that nothing is left here. */
  assert_counts (fixture, 0, 0);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, capacity, func) g_test_add (path, Fixture, GUINT_TO_POINTER (capacity), setup, func, teardown)
  ADD ("/limiter/capacity/of-one", 1, test_shared);
  ADD ("/limiter/capacity/shared-by-executors", 3, test_shared);
  ADD ("/limiter/capacity/raised-and-lowered", 1, test_changed);
  ADD ("/limiter/order/of-calls", 1, test_order);
  ADD ("/limiter/order/of-calls-with-several-places", 3, test_order_of_several);
  ADD ("/limiter/waiting/takes-no-thread", 1, test_takes_no_thread);
  ADD ("/limiter/cancel/while-waiting-never-runs", 1, test_cancelled_while_waiting);
  ADD ("/limiter/cancel/before-never-enters", 1, test_cancelled_before);
  ADD ("/limiter/cancel/while-queued-gives-the-place-back", 1, test_cancelled_while_queued);
  ADD ("/limiter/dropped/while-calls-wait", 1, test_dropped);
  ADD ("/limiter/refused/gives-the-place-back", 1, test_refused);
  ADD ("/limiter/refused/while-queued-gives-the-place-back", 1, test_refused_while_queued);
  ADD ("/limiter/gone/while-waiting-never-runs", 1, test_gone);
  ADD ("/limiter/gone/starts-nothing", 1, test_gone_while_queued);
  ADD ("/limiter/answer/before-others-are-let-in", 1, test_answered_first);
  ADD ("/limiter/at-random", STRESS_CAPACITY, test_stress);
  g_test_add_data_func ("/limiter/misuse/capacity-of-zero", GUINT_TO_POINTER (0), test_misuse_capacity);
  g_test_add_data_func ("/limiter/misuse/capacity-of-too-many", GUINT_TO_POINTER (G_MAXINT + 1u), test_misuse_capacity);
  return g_test_run ();
}
