/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <pthread.h>

/*
 * Main contexts that go away. Each test ends with test_loop_close (), which checks that the main context was finalized,
 * or does so itself.
 */

#define WARNING "A main context went away before the work that it had asked for was done*"

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

typedef struct
{
  TestGate running;
  TestGate cancelled;      /* the function saw it */
  TestGate leave;
  TestGate freed;
  GThread *worker;
  GThread *freed_in;
} Body;

/* Ends when it is cancelled and the gate is opened. */
static gboolean
run_until_cancelled (AiotCall  *call,
                     gpointer   user_data,
                     GError   **error)
{
  Body *body = user_data;
  GCancellable *cancellable = aiot_call_get_cancellable (call);
  GPollFD fd;

  body->worker = g_thread_self ();
  g_assert_true (g_cancellable_make_pollfd (cancellable, &fd));
  test_gate_open (&body->running);
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (cancellable);
  g_assert_true (aiot_call_is_cancelled (call));
  test_gate_open (&body->cancelled);
  test_gate_wait (&body->leave);
  return TRUE;
}

static void
body_free (gpointer user_data)
{
  Body *body = user_data;

  body->freed_in = g_thread_self ();
  test_gate_open (&body->freed);
}

static void
body_clear (Body *body)
{
  test_gate_clear (&body->running);
  test_gate_clear (&body->cancelled);
  test_gate_clear (&body->leave);
  test_gate_clear (&body->freed);
}

/* --- abandon --- */

/* The function runs, and goes on running: nobody is called back, and the main context can be finalized all the same. */
static void
test_abandon_running (void)
{
  TestLoop loop;
  Body body = { 0 };

  test_loop_open (&loop);
  aiot_offload_async (NULL, run_until_cancelled, &body, body_free, NULL, never_called_cb, NULL);
  test_gate_wait (&body.running);

  aiot_main_context_abandon (loop.main_context);
  test_gate_wait (&body.cancelled);
  test_loop_close (&loop);
  g_assert_false (test_gate_is_open (&body.freed));

  /* Its data is freed by the worker, with a warning. */
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  test_gate_open (&body.leave);
  test_gate_wait (&body.freed);
  g_assert_true (body.freed_in == body.worker);
  g_test_assert_expected_messages ();
  body_clear (&body);
}

/* The same, where it does not matter which thread frees it: warnings end this program. */
static void
test_abandon_quietly (void)
{
  TestLoop loop;
  Body body = { 0 };

  test_loop_open (&loop);
  aiot_offload_async (NULL, run_until_cancelled, &body, body_free, NULL, never_called_cb, NULL);
  test_gate_wait (&body.running);

  aiot_main_context_abandon_quietly (loop.main_context);
  test_gate_wait (&body.cancelled);
  test_loop_close (&loop);
  g_assert_false (test_gate_is_open (&body.freed));

  test_gate_open (&body.leave);
  test_gate_wait (&body.freed);
  g_assert_true (body.freed_in == body.worker);
  body_clear (&body);
}

static gpointer
abandon_in_thread (gpointer main_context)
{
  aiot_main_context_abandon (main_context);
  return NULL;
}

/* From another thread, and with a call of each kind: queued, running, done but not delivered. */
static void
test_abandon_from_another_thread (void)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  TestLoop loop;
  TestLedger done = { 0 }, queued = { 0 };
  Body running = { 0 };

  test_loop_open (&loop);
  done.home = queued.home = g_thread_self ();
  aiot_offload_async (one, succeed, test_ledger_item (&done), test_item_free, NULL, never_called_cb, NULL);
  aiot_offload_async (one, run_until_cancelled, &running, body_free, NULL, never_called_cb, NULL);
  aiot_offload_async (one, succeed, test_ledger_item (&queued), test_item_free, NULL, never_called_cb, NULL);
  test_gate_wait (&running.running);

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  g_thread_join (g_thread_new ("abandoner", abandon_in_thread, loop.main_context));
  g_assert_cmpint (done.n_freed, ==, 1);
  g_assert_cmpint (queued.n_freed, ==, 1);
  g_assert_cmpuint (aiot_executor_get_n_queued (one), ==, 0);
  test_loop_close (&loop);

  /* One warning for the main context, not one for each. */
  test_gate_open (&running.leave);
  test_gate_wait (&running.freed);
  g_test_assert_expected_messages ();
  body_clear (&running);
}

/* On its own thread, what is there is freed where it belongs. */
static void
test_abandon_at_home (void)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  TestLoop loop;
  TestLedger ledger = { 0 };
  TestHold hold = { 0 };

  test_loop_open (&loop);
  ledger.home = g_thread_self ();
  aiot_offload_async (one, succeed, test_ledger_item (&ledger), test_item_free, NULL, never_called_cb, NULL);
  aiot_offload_async (one, succeed, test_ledger_item (&ledger), test_item_free, NULL, never_called_cb, NULL);
  /* The only thread does one after another: when this one runs, the others are done. */
  aiot_offload_async (one, test_hold_func, &hold, NULL, NULL, never_called_cb, NULL);
  test_gate_wait (&hold.running);

  aiot_main_context_abandon (loop.main_context);
  g_assert_cmpint (ledger.n_freed, ==, 2);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  test_gate_open (&hold.leave);
  while (aiot_executor_get_n_done (one) < 3)
    g_thread_yield ();
  g_test_assert_expected_messages ();
  test_hold_clear (&hold);
}

static void
abandon_and_note_cb (GObject      *source_object,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  TestLedger *ledger = user_data;

  aiot_main_context_abandon (g_main_context_get_thread_default ());
  test_item_free (ledger);
}

/* A callback abandons the main context that calls it; the completions behind it are not called. */
static void
test_abandon_in_a_callback (void)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  TestLoop loop;
  TestLedger called = { 0 }, data = { 0 };

  test_loop_open (&loop);
  called.home = data.home = g_thread_self ();
  aiot_offload_async (one, succeed, test_ledger_item (&data), test_item_free, NULL, abandon_and_note_cb, &called);
  aiot_offload_async (one, succeed, test_ledger_item (&data), test_item_free, NULL, never_called_cb, NULL);
  while (aiot_executor_get_n_done (one) < 2)
    g_thread_yield ();
  while (called.n_freed == 0)
    g_main_context_iteration (loop.main_context, TRUE);

  g_assert_cmpint (data.n_freed, ==, 2);
  g_assert_cmpint (data.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
}

static void
answer_once (GMainContext *main_context)
{
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, succeed, NULL, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, main_context);
  g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
  test_answer_clear (&answer);
}

static void
test_abandon_and_use_again (void)
{
  TestLoop loop;

  test_loop_open (&loop);
  for (int i = 0; i < 3; i++)
    {
      answer_once (loop.main_context);
      aiot_main_context_abandon (loop.main_context);
      aiot_main_context_abandon (loop.main_context);
    }
  answer_once (loop.main_context);
  test_loop_close (&loop);
}

static void
test_abandon_with_cancellable (void)
{
  TestLoop loop;
  Body body = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  test_loop_open (&loop);
  aiot_offload_async (NULL, run_until_cancelled, &body, body_free, cancellable, never_called_cb, NULL);
  test_gate_wait (&body.running);
  aiot_main_context_abandon (loop.main_context);
  test_loop_close (&loop);

  /* The caller's own object is left as it is. */
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  g_cancellable_cancel (cancellable);

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  test_gate_open (&body.leave);
  test_gate_wait (&body.freed);
  g_test_assert_expected_messages ();
  body_clear (&body);
}

/*
 * The destroy function of one call cancels another one, whose main context is going too. That one is answered by nobody,
 * and its cancellable is not waited for while it calls its handlers.
 */
static void
test_abandon_cancels (gconstpointer data)
{
  AiotOnCancel on_cancel = GPOINTER_TO_INT (data);
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  AiotThreaded *threaded;
  TestLoop loop;
  TestLedger ledger = { .home = g_thread_self () };
  TestHold hold = { 0 };
  TestAnswer holding = { 0 };

  aiot_offload_async (one, test_hold_func, &hold, NULL, NULL, test_answer_cb, &holding);
  test_gate_wait (&hold.running);
  test_loop_open (&loop);
  aiot_offload_async (one, succeed, cancellable, (GDestroyNotify) g_cancellable_cancel, NULL, never_called_cb, NULL);
  threaded = aiot_threaded_new (succeed, test_ledger_item (&ledger), test_item_free);
  aiot_threaded_set_executor (threaded, one);
  aiot_threaded_set_on_cancel (threaded, on_cancel);
  aiot_threaded_call_async (threaded, NULL, cancellable, never_called_cb, NULL);
  g_object_unref (threaded);

  aiot_main_context_abandon (loop.main_context);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_cmpint (ledger.n_freed, ==, 1);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);

  test_gate_open (&hold.leave);
  test_answer_wait (&holding, NULL);
  test_answer_clear (&holding);
  test_hold_clear (&hold);
}

/* --- finalization --- */

static void
test_used_once_is_finalized (void)
{
  TestLoop loop;

  test_loop_open (&loop);
  answer_once (loop.main_context);
  test_loop_close (&loop);
}

/* malloc () gives the same addresses again and again; a new main context must not meet the home of an old one. */
static void
test_same_address (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  int n_again = 0;

  for (int i = 0; i < 200; i++)
    {
      TestLoop loop;

      test_loop_open (&loop);
      n_again += !g_hash_table_add (seen, loop.main_context);
      answer_once (loop.main_context);
      test_loop_close (&loop);
    }
  /* AddressSanitizer is there to see that no address comes back. */
#if !defined(__SANITIZE_ADDRESS__)
  g_assert_cmpint (n_again, >, 0);
#endif
}

/* --- the end of a thread --- */

typedef struct
{
  TestLoop loop;
  Body body;
  AiotExecutor *one;
  pthread_t thread;
  int n_freed;
} Program;

/* While a thread ends, g_thread_self () is not what it was. */
static void
free_in_ending_thread (gpointer user_data)
{
  Program *program = user_data;

  g_assert_true (pthread_equal (pthread_self (), program->thread));
  program->n_freed++;
}

static gpointer
end_with_work_in_flight (gpointer data)
{
  Program *program = data;
  GMainContext *main_context = g_main_context_new ();

  test_loop_watch (&program->loop, main_context);
  g_main_context_push_thread_default (main_context);
  program->thread = pthread_self ();
  aiot_offload_async (program->one, succeed, program, free_in_ending_thread, NULL, never_called_cb, NULL);
  aiot_offload_async (program->one, run_until_cancelled, &program->body, body_free, NULL, never_called_cb, NULL);
  test_gate_wait (&program->body.running);
  g_main_context_pop_thread_default (main_context);
  g_main_context_unref (main_context);
  return NULL;
}

static void
test_thread_ends (void)
{
  Program program = { .one = aiot_executor_new_pool ("one", 1) };

  g_thread_join (g_thread_new ("program", end_with_work_in_flight, &program));
  g_assert_cmpint (program.loop.n_finalized, ==, 1);
  g_assert_cmpint (program.n_freed, ==, 1);
  test_gate_wait (&program.body.cancelled);

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  test_gate_open (&program.body.leave);
  test_gate_wait (&program.body.freed);
  g_test_assert_expected_messages ();
  body_clear (&program.body);
  g_object_unref (program.one);
}

static gpointer
offload_for_the_default_context (gpointer answer)
{
  aiot_offload_async (NULL, succeed, NULL, NULL, NULL, test_answer_cb, answer);
  return NULL;
}

/* The global default context is nobody's own: a thread that used it may end. */
static void
test_thread_ends_default_context (void)
{
  TestAnswer answer = { 0 };

  g_thread_join (g_thread_new ("visitor", offload_for_the_default_context, &answer));
  test_answer_wait (&answer, NULL);
  g_assert_true (answer.thread == g_thread_self ());
  test_answer_clear (&answer);
}

typedef struct
{
  GMainContext *main_context;
  AiotExecutor *executor;
  TestAnswer answer;
} Handover;

static gpointer
start_for_another_thread (gpointer data)
{
  Handover *handover = data;

  g_main_context_push_thread_default (handover->main_context);
  aiot_offload_async (handover->executor, succeed, NULL, NULL, NULL, test_answer_cb, &handover->answer);
  while (aiot_executor_get_n_done (handover->executor) < 1)
    g_thread_yield ();
  g_main_context_pop_thread_default (handover->main_context);
  return NULL;
}

/* A thread that ends takes what it asked for with it, but another thread may go on with the main context. */
static void
test_thread_ends_after_handover (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("handover", 1);
  Handover handover = { .executor = executor };

  test_loop_open (&loop);
  answer_once (loop.main_context);
  g_main_context_pop_thread_default (loop.main_context);
  handover.main_context = loop.main_context;
  g_thread_join (g_thread_new ("starter", start_for_another_thread, &handover));
  g_main_context_push_thread_default (loop.main_context);

  /* That thread was the last one seen with it, and it has ended; what is asked for now is answered. */
  g_assert_cmpint (handover.answer.n_called, ==, 0);
  answer_once (loop.main_context);
  test_loop_close (&loop);
}

/* Where others may go on with it, they get what that thread had asked for. */
static void
test_thread_ends_and_others_go_on (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("handover", 1);
  Handover handover = { .executor = executor };

  test_loop_open (&loop);
  aiot_main_context_outlive_threads (loop.main_context);
  g_main_context_pop_thread_default (loop.main_context);
  handover.main_context = loop.main_context;
  g_thread_join (g_thread_new ("starter", start_for_another_thread, &handover));
  g_main_context_push_thread_default (loop.main_context);

  test_answer_wait (&handover.answer, loop.main_context);
  g_assert_true (handover.answer.thread == g_thread_self ());
  test_answer_clear (&handover.answer);
  test_loop_close (&loop);
}

/* A thread with two main contexts ends; what is freed with the first starts new work, on a third. */
typedef struct
{
  AiotExecutor *busy;
  TestGate running;
  TestGate may_look;
  TestGate looked;
  gboolean was_cancelled;
  int n_freed;
} Successive;

static gboolean
look_whether_cancelled (AiotCall  *call,
                        gpointer   user_data,
                        GError   **error)
{
  Successive *self = user_data;

  test_gate_open (&self->running);
  test_gate_wait (&self->may_look);
  self->was_cancelled = aiot_call_is_cancelled (call);
  test_gate_open (&self->looked);
  return TRUE;
}

static void
count_successive (gpointer user_data)
{
  g_atomic_int_inc (&((Successive *) user_data)->n_freed);
}

static void
ask_on_new_context (AiotExecutor   *executor,
                    AiotThreadFunc  func,
                    Successive     *self,
                    GDestroyNotify  destroy)
{
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  g_main_context_push_thread_default (main_context);
  aiot_offload_async (executor, func, self, destroy, NULL, never_called_cb, NULL);
  g_main_context_pop_thread_default (main_context);
}

static void
free_and_ask_again (gpointer user_data)
{
  Successive *self = user_data;

  ask_on_new_context (self->busy, succeed, self, count_successive);
  count_successive (self);
}

static gpointer
use_several_contexts (gpointer data)
{
  Successive *self = data;

  ask_on_new_context (self->busy, succeed, self, free_and_ask_again);
  ask_on_new_context (NULL, look_whether_cancelled, self, count_successive);
  test_gate_wait (&self->running);
  return NULL;
}

static void
test_thread_ends_and_asks_again (void)
{
  g_autoptr (AiotExecutor) busy = aiot_executor_new_pool ("busy", 1);
  Successive self = { .busy = busy };
  TestHold hold = { 0 };
  TestAnswer held = { 0 };

  aiot_offload_async (busy, test_hold_func, &hold, NULL, NULL, test_answer_cb, &held);
  test_gate_wait (&hold.running);
  g_thread_join (g_thread_new ("several", use_several_contexts, &self));
  /* What had not started is freed, the new work too; what runs is told to stop. */
  g_assert_cmpint (self.n_freed, ==, 2);
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  test_gate_open (&self.may_look);
  test_gate_wait (&self.looked);
  g_assert_true (self.was_cancelled);
  while (g_atomic_int_get (&self.n_freed) < 3)
    g_thread_yield ();
  g_test_assert_expected_messages ();

  test_gate_open (&hold.leave);
  test_answer_wait (&held, NULL);
  test_answer_clear (&held);
  test_hold_clear (&hold);
  test_gate_clear (&self.running);
  test_gate_clear (&self.may_look);
  test_gate_clear (&self.looked);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/gone/abandon/running-function", test_abandon_running);
  g_test_add_func ("/gone/abandon/quietly", test_abandon_quietly);
  g_test_add_func ("/gone/abandon/from-another-thread", test_abandon_from_another_thread);
  g_test_add_func ("/gone/abandon/at-home", test_abandon_at_home);
  g_test_add_func ("/gone/abandon/in-a-callback", test_abandon_in_a_callback);
  g_test_add_func ("/gone/abandon/and-use-again", test_abandon_and_use_again);
  g_test_add_func ("/gone/abandon/leaves-the-cancellable-alone", test_abandon_with_cancellable);
  g_test_add_data_func ("/gone/abandon/cancels-what-goes-too", GINT_TO_POINTER (AIOT_ON_CANCEL_WAIT), test_abandon_cancels);
  g_test_add_data_func ("/gone/abandon/cancels-and-leaves-what-goes-too", GINT_TO_POINTER (AIOT_ON_CANCEL_ABANDON),
                        test_abandon_cancels);
  g_test_add_func ("/gone/finalized/after-use", test_used_once_is_finalized);
  g_test_add_func ("/gone/finalized/new-context-at-the-same-address", test_same_address);
  g_test_add_func ("/gone/thread-end/work-in-flight", test_thread_ends);
  g_test_add_func ("/gone/thread-end/default-context-goes-on", test_thread_ends_default_context);
  g_test_add_func ("/gone/thread-end/used-again-afterwards", test_thread_ends_after_handover);
  g_test_add_func ("/gone/thread-end/others-go-on", test_thread_ends_and_others_go_on);
  g_test_add_func ("/gone/thread-end/starts-work-while-it-ends", test_thread_ends_and_asks_again);
  return g_test_run ();
}
