/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"

/* What a function posts while it runs: numbered letters, which are read at home. */

#define MS G_TIME_SPAN_MILLISECOND

/* GDK_PRIORITY_REDRAW */
#define REDRAW (G_PRIORITY_HIGH_IDLE + 20)

#define WARNING "A main context went away before the work that it had asked for was done*"

typedef struct
{
  TestLoop loop;
  TestLedger ledger;       /* of the letters */
  int n_read;
  gint64 cost;             /* of reading each, by the stopped clock */
} Fixture;

static void
setup (Fixture       *fixture,
       gconstpointer  data)
{
  test_loop_open (&fixture->loop);
  fixture->ledger = (TestLedger) { .home = g_thread_self () };
}

static void
teardown (Fixture       *fixture,
          gconstpointer  data)
{
  test_loop_close (&fixture->loop);
  g_assert_cmpint (fixture->ledger.n_freed, ==, fixture->ledger.n_made);
}

typedef struct
{
  Fixture *fixture;
  int n_letters;
  gboolean posts_later;    /* when it may leave, and not when it starts */

  /* At home only */
  int n_read;
  gboolean is_answered;

  TestGate running;        /* when it starts, it posts before that */
  TestGate leave;
  TestGate left;
} Sender;

typedef struct
{
  Sender *sender;
  int number;
} Letter;

static void
letter_read (gpointer data)
{
  Letter *letter = data;
  Sender *sender = letter->sender;
  Fixture *fixture = sender->fixture;

  g_assert_true (g_thread_self () == fixture->ledger.home);
  g_assert_true (g_main_context_is_owner (fixture->loop.main_context));
  g_assert_cmpint (letter->number, ==, sender->n_read);
  g_assert_false (sender->is_answered);
  /* The one before was freed as soon as it was read. */
  g_assert_cmpint (fixture->ledger.n_freed, ==, fixture->n_read);
  sender->n_read++;
  fixture->n_read++;
  if (fixture->cost > 0)
    aiot_clock_advance (fixture->cost);
}

static void
letter_free (gpointer data)
{
  Letter *letter = data;

  test_item_free (&letter->sender->fixture->ledger);
  g_free (letter);
}

static void
post_letters (Sender   *sender,
              AiotCall *call)
{
  for (int i = 0; i < sender->n_letters; i++)
    {
      Letter *letter = g_new (Letter, 1);

      *letter = (Letter) { sender, i };
      test_ledger_item (&sender->fixture->ledger);
      aiot_call_post (call, letter_read, letter, letter_free);
    }
}

static gboolean
send_letters (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  Sender *sender = user_data;

  if (!sender->posts_later)
    post_letters (sender, call);
  test_gate_open (&sender->running);
  test_gate_wait (&sender->leave);
  if (sender->posts_later)
    post_letters (sender, call);
  test_gate_open (&sender->left);
  return TRUE;
}

static void
sender_clear (Sender *sender)
{
  test_gate_clear (&sender->running);
  test_gate_clear (&sender->leave);
  test_gate_clear (&sender->left);
}

static void
answered_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Sender *sender = user_data;

  g_assert_cmpint (sender->n_read, ==, sender->n_letters);
  g_assert_false (sender->is_answered);
  sender->is_answered = TRUE;
}

static void
never_called_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_assert_not_reached ();
}

static void
iterate_until_answered (Sender *sender)
{
  while (!sender->is_answered)
    g_main_context_iteration (sender->fixture->loop.main_context, TRUE);
}

/* --- order --- */

/* The only thread does one after another: when this is answered, elsewhere, what came before is done, and on its way home. */
static void
wait_for_executor (AiotExecutor *one)
{
  TestLoop loop;
  TestHold hold = { 0 };
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  test_gate_open (&hold.leave);
  aiot_offload_async (one, test_hold_func, &hold, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, loop.main_context);
  test_answer_clear (&answer);
  test_hold_clear (&hold);
  test_loop_close (&loop);
}

/* All are there at once, with the answer, and more than fit in a frame: some wait below redraw. The answer is the last. */
static void
test_order (Fixture       *fixture,
            gconstpointer  priority)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  Sender sender = { .fixture = fixture, .n_letters = 100 };
  AiotThreaded *threaded = aiot_threaded_new (send_letters, &sender, NULL);

  aiot_clock_stop ();
  fixture->cost = MS;
  aiot_threaded_set_executor (threaded, one);
  aiot_threaded_set_priority (threaded, GPOINTER_TO_INT (priority));
  test_gate_open (&sender.leave);
  aiot_threaded_call_async (threaded, NULL, NULL, answered_cb, &sender);
  g_object_unref (threaded);
  wait_for_executor (one);
  g_assert_cmpint (fixture->n_read, ==, 0);

  iterate_until_answered (&sender);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
  aiot_clock_resume ();
  sender_clear (&sender);
}

/* They are read while the function runs, and nothing else has to happen for that. */
static void
test_while_running (Fixture       *fixture,
                    gconstpointer  data)
{
  Sender sender = { .fixture = fixture, .n_letters = 10 };

  aiot_offload_async (NULL, send_letters, &sender, NULL, NULL, answered_cb, &sender);
  while (sender.n_read < 10)
    g_main_context_iteration (fixture->loop.main_context, TRUE);
  g_assert_cmpint (fixture->ledger.n_freed, ==, 10);
  g_assert_false (sender.is_answered);

  test_gate_open (&sender.leave);
  iterate_until_answered (&sender);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
  sender_clear (&sender);
}

static void
test_several_workers (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (AiotExecutor) separate = aiot_executor_new_separate ("separate", FALSE);
  Sender senders[4];

  for (gsize i = 0; i < G_N_ELEMENTS (senders); i++)
    {
      senders[i] = (Sender) { .fixture = fixture, .n_letters = test_scaled (5000), .posts_later = i % 2 == 1 };
      aiot_offload_async (separate, send_letters, &senders[i], NULL, NULL, answered_cb, &senders[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (senders); i++)
    test_gate_open (&senders[i].leave);
  for (gsize i = 0; i < G_N_ELEMENTS (senders); i++)
    {
      iterate_until_answered (&senders[i]);
      sender_clear (&senders[i]);
    }
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
}

/* --- frames --- */

/* With a budget of 4 ms, four fit in an iteration. The others wait until time has passed, or nothing else is to be done. */
static void
test_budget (Fixture       *fixture,
             gconstpointer  data)
{
  Sender sender = { .fixture = fixture, .n_letters = 50 };
  int n_iterations = 0;

  aiot_clock_stop ();
  fixture->cost = MS;
  aiot_offload_async (NULL, send_letters, &sender, NULL, NULL, answered_cb, &sender);
  test_gate_wait (&sender.running);
  while (sender.n_read < 50)
    {
      int n_before = sender.n_read;

      g_main_context_iteration (fixture->loop.main_context, TRUE);
      g_assert_cmpint (sender.n_read - n_before, <=, 4);
      n_iterations++;
    }
  g_assert_cmpint (n_iterations, >=, 13);
  aiot_clock_resume ();
  test_gate_open (&sender.leave);
  iterate_until_answered (&sender);
  sender_clear (&sender);
}

static int n_frames;

static gboolean
draw_frame (GSource     *source,
            GSourceFunc  callback,
            gpointer     user_data)
{
  n_frames++;
  aiot_clock_advance (10 * MS);
  return G_SOURCE_CONTINUE;
}

/* A program that draws all the time, 10 ms each: neither stops the other. */
static void
test_drawing (Fixture       *fixture,
              gconstpointer  data)
{
  GSourceFuncs draw_funcs = { .dispatch = draw_frame };
  GSource *redraw = g_source_new (&draw_funcs, sizeof (GSource));
  Sender sender = { .fixture = fixture, .n_letters = 100 };

  n_frames = 0;
  aiot_clock_stop ();
  fixture->cost = MS;
  g_source_set_priority (redraw, REDRAW);
  g_source_set_ready_time (redraw, 0);
  g_source_attach (redraw, fixture->loop.main_context);
  aiot_offload_async (NULL, send_letters, &sender, NULL, NULL, answered_cb, &sender);
  test_gate_wait (&sender.running);
  while (sender.n_read < 100)
    g_main_context_iteration (fixture->loop.main_context, TRUE);

  /* 4 ms come back in 16, so the letters take 400, of which three quarters are for drawing. */
  g_assert_cmpint (n_frames, >=, 25);
  g_assert_cmpint (n_frames, <=, 50);
  g_source_destroy (redraw);
  g_source_unref (redraw);
  aiot_clock_resume ();
  test_gate_open (&sender.leave);
  iterate_until_answered (&sender);
  sender_clear (&sender);
}

/* --- gone --- */

/* What has arrived is freed by who abandons the main context, which is home here; there is nothing to warn of. */
static void
test_gone_arrived (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  Sender sender = { .fixture = fixture, .n_letters = 10 };

  test_gate_open (&sender.leave);
  aiot_offload_async (one, send_letters, &sender, NULL, NULL, never_called_cb, NULL);
  wait_for_executor (one);
  aiot_main_context_abandon (fixture->loop.main_context);
  g_assert_cmpint (sender.n_read, ==, 0);
  g_assert_cmpint (fixture->ledger.n_freed, ==, 10);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
  sender_clear (&sender);
}

/* What is posted too late is freed at once by the function that posts it, with one warning. */
static void
test_gone_before (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  Sender sender = { .fixture = fixture, .n_letters = 10, .posts_later = TRUE };

  aiot_offload_async (one, send_letters, &sender, NULL, NULL, never_called_cb, NULL);
  test_gate_wait (&sender.running);
  aiot_main_context_abandon (fixture->loop.main_context);

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, WARNING);
  test_gate_open (&sender.leave);
  test_gate_wait (&sender.left);
  g_test_assert_expected_messages ();
  g_assert_cmpint (sender.n_read, ==, 0);
  g_assert_cmpint (fixture->ledger.n_freed, ==, 10);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 10);
  wait_for_executor (one);
  sender_clear (&sender);
}

/* --- whose main context --- */

static gboolean
send_from_another (AiotCall  *call,
                   gpointer   user_data,
                   GError   **error)
{
  g_autoptr (AiotExecutor) serial = aiot_executor_new_serial ("serial");
  g_autoptr (AiotCall) inner = aiot_offload_sync (serial, send_letters, user_data, NULL, error);

  return inner != NULL;
}

/* A function that a worker waits for posts to where the worker's caller is, and before that is answered. */
static void
test_within_another (Fixture       *fixture,
                     gconstpointer  priority)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  Sender sender = { .fixture = fixture, .n_letters = 100 };
  AiotThreaded *threaded = aiot_threaded_new (send_from_another, &sender, NULL);

  aiot_clock_stop ();
  fixture->cost = MS;
  aiot_threaded_set_executor (threaded, one);
  aiot_threaded_set_priority (threaded, GPOINTER_TO_INT (priority));
  test_gate_open (&sender.leave);
  aiot_threaded_call_async (threaded, NULL, NULL, answered_cb, &sender);
  g_object_unref (threaded);
  test_gate_wait (&sender.left);
  wait_for_executor (one);

  iterate_until_answered (&sender);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
  aiot_clock_resume ();
  sender_clear (&sender);
}

/* Where nobody could hear it, it is freed by the function. */
static void
test_nobody_hears (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (AiotThreaded) threaded = NULL;
  g_autoptr (AiotCall) here = NULL, there = NULL;
  Sender sender = { .fixture = fixture, .n_letters = 10 };

  threaded = aiot_threaded_new (send_letters, &sender, NULL);
  test_gate_open (&sender.leave);
  here = aiot_threaded_call_sync (threaded, NULL, NULL, NULL);
  g_assert_nonnull (here);
  g_assert_cmpint (fixture->ledger.n_freed, ==, 10);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
  there = aiot_offload_sync (NULL, send_letters, &sender, NULL, NULL);
  g_assert_nonnull (there);
  g_assert_cmpint (fixture->ledger.n_freed, ==, 20);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 10);
  g_assert_cmpint (sender.n_read, ==, 0);
  sender_clear (&sender);
}

/* --- small things --- */

static void
increment (gpointer number)
{
  (*(int *) number)++;
}

static gboolean
post_bare (AiotCall  *call,
           gpointer   number,
           GError   **error)
{
  aiot_call_post (call, increment, number, NULL);
  aiot_call_post (call, increment, number, NULL);
  return TRUE;
}

static void
test_without_destroy (void)
{
  TestAnswer answer = { 0 };
  int number = 0;

  aiot_offload_async (NULL, post_bare, &number, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  g_assert_cmpint (number, ==, 2);
  test_answer_clear (&answer);
}

static gboolean
post_nothing (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  aiot_call_post (call, NULL, NULL, NULL);
  return TRUE;
}

static void
test_misuse_no_function (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (AiotThreaded) threaded = aiot_threaded_new (post_nothing, NULL, NULL);
      AiotCall *call = aiot_threaded_call_sync (threaded, NULL, NULL, NULL);

      aiot_call_unref (call);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*aiot_call_post: assertion 'func != NULL' failed*");
}

/* --- a caller that has left --- */

static void
left_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Sender *sender = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_null (aiot_threaded_call_finish (AIOT_THREADED (source_object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  sender->is_answered = TRUE;
}

/* It was called back, and may have freed all that a letter would be read with. */
static void
test_left (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Sender sender = { .fixture = fixture, .n_letters = 5, .posts_later = TRUE };
  AiotThreaded *threaded = aiot_threaded_new (send_letters, &sender, NULL);

  aiot_threaded_set_on_cancel (threaded, AIOT_ON_CANCEL_ABANDON);
  aiot_threaded_call_async (threaded, NULL, cancellable, left_cb, &sender);
  g_object_unref (threaded);
  test_gate_wait (&sender.running);
  g_cancellable_cancel (cancellable);
  iterate_until_answered (&sender);

  test_gate_open (&sender.leave);
  test_iterate_until (fixture->loop.main_context, &fixture->ledger.n_freed, 5);
  g_assert_cmpint (fixture->ledger.n_freed_elsewhere, ==, 0);
  g_assert_cmpint (fixture->n_read, ==, 0);
  test_gate_wait (&sender.left);
  sender_clear (&sender);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/call-post/order/before-the-answer", GINT_TO_POINTER (G_PRIORITY_DEFAULT), test_order);
  ADD ("/call-post/order/before-a-patient-answer", GINT_TO_POINTER (G_PRIORITY_LOW), test_order);
  ADD ("/call-post/order/of-several-workers", NULL, test_several_workers);
  ADD ("/call-post/while-the-function-runs", NULL, test_while_running);
  ADD ("/call-post/frames/in-the-budget", NULL, test_budget);
  ADD ("/call-post/frames/neither-stops-the-other", NULL, test_drawing);
  ADD ("/call-post/gone/what-has-arrived-is-freed-at-home", NULL, test_gone_arrived);
  ADD ("/call-post/gone/what-comes-too-late-is-freed-there", NULL, test_gone_before);
  ADD ("/call-post/home/within-another-call", GINT_TO_POINTER (G_PRIORITY_DEFAULT), test_within_another);
  ADD ("/call-post/home/within-another-patient-call", GINT_TO_POINTER (G_PRIORITY_LOW), test_within_another);
  ADD ("/call-post/home/nobody-hears", NULL, test_nobody_hears);
  ADD ("/call-post/home/not-after-an-abandoned-call", NULL, test_left);
  g_test_add_func ("/call-post/without-destroy-function", test_without_destroy);
  g_test_add_func ("/call-post/misuse/no-function", test_misuse_no_function);
  return g_test_run ();
}
