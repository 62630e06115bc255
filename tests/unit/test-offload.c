/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <glib/gstdio.h>

/* --- results --- */

static gboolean
double_it (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  aiot_call_set_result_int64 (call, 2 * GPOINTER_TO_INT (user_data));
  return TRUE;
}

static void
test_result (void)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;
  const GValue *value;

  aiot_offload_async (NULL, double_it, GINT_TO_POINTER (21), NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);

  value = aiot_offload_finish (answer.result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int64 (value), ==, 42);
  test_answer_clear (&answer);
}

/* One line for each setter: how a function sets it, and how the caller finds it. */
typedef struct
{
  const char *name;
  void (*set) (AiotCall *call);
  gboolean (*is_right) (const GValue *value);
} Kind;

static int n_pointers_freed;

static void
count_pointer_freed (gpointer pointer)
{
  g_assert_cmpstr (pointer, ==, "a pointer");
  n_pointers_freed++;
}

#define KIND(kind, set_statement, test_expression)                               \
  static void set_##kind (AiotCall *call) { set_statement; }                     \
  static gboolean is_##kind (const GValue *value) { return (test_expression); }

KIND (boolean, aiot_call_set_result_boolean (call, FALSE),
      G_VALUE_HOLDS_BOOLEAN (value) && !g_value_get_boolean (value))
KIND (int64, aiot_call_set_result_int64 (call, G_MININT64),
      G_VALUE_HOLDS_INT64 (value) && g_value_get_int64 (value) == G_MININT64)
KIND (zero, aiot_call_set_result_int64 (call, 0),
      G_VALUE_HOLDS_INT64 (value) && g_value_get_int64 (value) == 0)
KIND (double, aiot_call_set_result_double (call, 0.5),
      G_VALUE_HOLDS_DOUBLE (value) && g_value_get_double (value) == 0.5)
KIND (string, aiot_call_set_result_string (call, ""),
      G_VALUE_HOLDS_STRING (value) && g_str_equal (g_value_get_string (value), ""))
KIND (null_string, aiot_call_set_result_string (call, NULL),
      G_VALUE_HOLDS_STRING (value) && g_value_get_string (value) == NULL && !aiot_value_is_no_value (value))
KIND (take_string, aiot_call_set_result_take_string (call, g_strdup ("mine")),
      G_VALUE_HOLDS_STRING (value) && g_str_equal (g_value_get_string (value), "mine"))
KIND (take_object, aiot_call_set_result_take_object (call, g_cancellable_new ()),
      G_VALUE_HOLDS (value, G_TYPE_CANCELLABLE) && G_IS_CANCELLABLE (g_value_get_object (value)))
KIND (null_object, aiot_call_set_result_object (call, NULL),
      G_VALUE_HOLDS_OBJECT (value) && g_value_get_object (value) == NULL && !aiot_value_is_no_value (value))
KIND (boxed, aiot_call_set_result_boxed (call, G_TYPE_STRV, (const char *const[]){ "a", "b", NULL }),
      G_VALUE_HOLDS (value, G_TYPE_STRV) && g_strv_length (g_value_get_boxed (value)) == 2)
KIND (take_boxed, aiot_call_set_result_take_boxed (call, G_TYPE_STRV, g_strsplit ("a b c", " ", -1)),
      G_VALUE_HOLDS (value, G_TYPE_STRV) && g_strv_length (g_value_get_boxed (value)) == 3)
KIND (variant, aiot_call_set_result_variant (call, g_variant_new ("(is)", 7, "x")),
      G_VALUE_HOLDS_VARIANT (value) && g_variant_is_of_type (g_value_get_variant (value), G_VARIANT_TYPE ("(is)")))
KIND (pointer, aiot_call_set_result_pointer (call, (gpointer) "a pointer", count_pointer_freed),
      g_str_equal (aiot_value_get_pointer (value), "a pointer") && n_pointers_freed == 0)
KIND (bare_pointer, aiot_call_set_result_pointer (call, (gpointer) "bare", NULL),
      G_VALUE_HOLDS_POINTER (value) && g_str_equal (aiot_value_get_pointer (value), "bare"))
KIND (nothing, (void) call,
      aiot_value_is_no_value (value))
KIND (last_one, { aiot_call_set_result_string (call, "first"); aiot_call_set_result_int64 (call, 2); },
      G_VALUE_HOLDS_INT64 (value) && g_value_get_int64 (value) == 2)

static void
set_object (AiotCall *call)
{
  g_autoptr (GCancellable) object = g_cancellable_new ();

  aiot_call_set_result_object (call, object);
}

static void
set_any (AiotCall *call)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_UCHAR);
  g_value_set_uchar (&value, 200);
  aiot_call_set_result (call, &value);
}

static gboolean
is_any (const GValue *value)
{
  return G_VALUE_HOLDS_UCHAR (value) && g_value_get_uchar (value) == 200;
}

static const Kind kinds[] = {
  { "boolean", set_boolean, is_boolean },
  { "int64", set_int64, is_int64 },
  { "zero", set_zero, is_zero },
  { "double", set_double, is_double },
  { "empty-string", set_string, is_string },
  { "null-string", set_null_string, is_null_string },
  { "take-string", set_take_string, is_take_string },
  { "object", set_object, is_take_object },
  { "take-object", set_take_object, is_take_object },
  { "null-object", set_null_object, is_null_object },
  { "boxed", set_boxed, is_boxed },
  { "take-boxed", set_take_boxed, is_take_boxed },
  { "variant", set_variant, is_variant },
  { "pointer", set_pointer, is_pointer },
  { "bare-pointer", set_bare_pointer, is_bare_pointer },
  { "any-value", set_any, is_any },
  { "no-value", set_nothing, is_nothing },
  { "last-one-counts", set_last_one, is_last_one },
};

static gboolean
set_kind (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  const Kind *kind = user_data;

  kind->set (call);
  return TRUE;
}

static void
test_result_kind (gconstpointer data)
{
  const Kind *kind = data;
  TestAnswer answer = { 0 };
  const GValue *value;

  n_pointers_freed = 0;
  aiot_offload_async (NULL, set_kind, (gpointer) kind, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);

  value = aiot_offload_finish (answer.result, NULL);
  g_assert_nonnull (value);
  g_assert_true (kind->is_right (value));
  test_answer_clear (&answer);
  g_assert_cmpint (n_pointers_freed, ==, g_str_equal (kind->name, "pointer") ? 1 : 0);
}

static gboolean
keep_call (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  *(AiotCall **) user_data = aiot_call_ref (call);
  return TRUE;
}

static void
test_result_too_late (void)
{
  if (g_test_subprocess ())
    {
      TestAnswer answer = { 0 };
      AiotCall *call = NULL;

      aiot_offload_async (NULL, keep_call, &call, NULL, NULL, test_answer_cb, &answer);
      test_answer_wait (&answer, NULL);
      aiot_call_set_result_int64 (call, 1);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*set after its function had returned*");
}

static void
expect_too_late (void)
{
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_CRITICAL, "*set after its function had returned*");
}

/* What can be counted stands for the others, which are made into a value in the same way. */
static void
test_result_too_late_freed (void)
{
  TestAnswer answer = { 0 };
  AiotCall *call = NULL;
  GCancellable *object = g_cancellable_new ();

  n_pointers_freed = 0;
  g_object_add_weak_pointer (G_OBJECT (object), (gpointer *) &object);
  aiot_offload_async (NULL, keep_call, &call, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);

  expect_too_late ();
  aiot_call_set_result_take_object (call, object);
  expect_too_late ();
  aiot_call_set_result_pointer (call, (gpointer) "a pointer", count_pointer_freed);
  expect_too_late ();
  aiot_call_set_result_take_string (call, g_strdup ("mine"));
  expect_too_late ();
  aiot_call_set_result_variant (call, g_variant_new_string ("floating"));
  g_test_assert_expected_messages ();
  g_assert_null (object);
  g_assert_cmpint (n_pointers_freed, ==, 1);
  g_assert_true (aiot_value_is_no_value (aiot_offload_finish (answer.result, NULL)));

  test_answer_clear (&answer);
  aiot_call_unref (call);
}

static void
test_result_asked_twice (void)
{
  TestAnswer answer = { 0 };
  const GValue *value;

  aiot_offload_async (NULL, double_it, GINT_TO_POINTER (1), NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);

  value = aiot_offload_finish (answer.result, NULL);
  g_assert_true (aiot_offload_finish (answer.result, NULL) == value);
  g_assert_cmpint (g_value_get_int64 (value), ==, 2);
  test_answer_clear (&answer);
}

/* --- home --- */

typedef struct
{
  TestLedger ledger;
  GThread *worker;
  gboolean has_returned;
  gboolean was_called;
  gboolean was_destroyed;
  GMainContext *main_context;
} Trip;

static gboolean
note_worker (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  Trip *trip = user_data;

  trip->worker = g_thread_self ();
  aiot_call_set_result_pointer (call, test_ledger_item (&trip->ledger), test_item_free);
  return TRUE;
}

static void
trip_destroy (gpointer user_data)
{
  Trip *trip = user_data;

  g_assert_true (g_thread_self () == trip->ledger.home);
  g_assert_true (trip->was_called);
  trip->was_destroyed = TRUE;
}

static void
trip_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Trip *trip = user_data;

  g_assert_true (trip->has_returned);
  g_assert_false (trip->was_destroyed);
  g_assert_true (g_thread_self () == trip->ledger.home);
  g_assert_true (g_main_context_get_thread_default () == trip->main_context);
  g_assert_nonnull (aiot_offload_finish (result, NULL));
  trip->was_called = TRUE;
}

static void
test_home (void)
{
  TestLoop loop;
  Trip trip = { 0 };

  test_loop_open (&loop);
  trip.ledger.home = g_thread_self ();
  trip.main_context = loop.main_context;

  aiot_offload_async (NULL, note_worker, &trip, trip_destroy, NULL, trip_cb, &trip);
  trip.has_returned = TRUE;
  while (!trip.was_destroyed)
    g_main_context_iteration (loop.main_context, TRUE);

  g_assert_true (trip.worker != trip.ledger.home);
  g_assert_cmpint (trip.ledger.n_freed, ==, 1);
  g_assert_cmpint (trip.ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
}

/* The garbage collector of a language binding may run on any thread. */
static void
test_home_result_dropped_elsewhere (void)
{
  TestLoop loop;
  Trip trip = { 0 };
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  trip.ledger.home = g_thread_self ();

  aiot_offload_async (NULL, note_worker, &trip, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, loop.main_context);
  test_unref_in_another_thread (g_steal_pointer (&answer.result));
  g_assert_cmpint (trip.ledger.n_freed, ==, 0);
  test_iterate_until (loop.main_context, &trip.ledger.n_freed, 1);

  g_assert_cmpint (trip.ledger.n_freed, ==, 1);
  g_assert_cmpint (trip.ledger.n_freed_elsewhere, ==, 0);
  test_loop_close (&loop);
}

static void
fail_the_test_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_assert_not_reached ();
}

static gboolean
offload_once (gpointer user_data)
{
  GCancellable *cancelled = user_data;

  aiot_offload_async (NULL, double_it, NULL, NULL, cancelled, fail_the_test_cb, NULL);
  return G_SOURCE_REMOVE;
}

/* Even one that is answered at once, made within a dispatch, has to wait for the function to return. */
static void
test_home_never_called_back_at_once (void)
{
  TestLoop loop;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GSource) idle = g_idle_source_new ();

  g_cancellable_cancel (cancelled);
  test_loop_open (&loop);
  g_source_set_priority (idle, G_PRIORITY_HIGH);
  g_source_set_callback (idle, offload_once, cancelled, NULL);
  g_source_attach (idle, loop.main_context);
  /* fail_the_test_cb () is not called in this iteration ... */
  g_main_context_iteration (loop.main_context, FALSE);
  /* ... nor after the main context was abandoned. */
  aiot_main_context_abandon (loop.main_context);
  test_loop_close (&loop);
}

typedef struct
{
  int n_called;
  const char *source_name;
} SourceNote;

static void
note_source_cb (GObject      *source_object,
                GAsyncResult *result,
                gpointer      user_data)
{
  SourceNote *note = user_data;

  note->source_name = g_source_get_name (g_main_current_source ());
  note->n_called++;
}

static gboolean
offload_and_note (gpointer user_data)
{
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  g_cancellable_cancel (cancelled);
  aiot_offload_async (NULL, double_it, NULL, NULL, cancelled, note_source_cb, user_data);
  aiot_offload_async (NULL, double_it, NULL, NULL, NULL, note_source_cb, user_data);
  return G_SOURCE_REMOVE;
}

/* A source for each result would lie outside the budget. */
static void
test_home_no_source_of_its_own (void)
{
  TestLoop loop;
  SourceNote note = { 0 };
  g_autoptr (GSource) idle = g_idle_source_new ();

  test_loop_open (&loop);
  g_source_set_callback (idle, offload_and_note, &note, NULL);
  g_source_attach (idle, loop.main_context);
  for (int n = 1; n <= 2; n++)
    {
      while (note.n_called < n)
        g_main_context_iteration (loop.main_context, TRUE);
      g_assert_cmpstr (note.source_name, ==, "[aiothreads] completions");
    }
  test_loop_close (&loop);
}

static gboolean
offload_from_worker (AiotCall  *call,
                     gpointer   user_data,
                     GError   **error)
{
  aiot_offload_async (NULL, double_it, GINT_TO_POINTER (3), NULL, NULL, test_answer_cb, user_data);
  return TRUE;
}

/* A worker has no main context of its own: what it starts reports to the global default one. */
static void
test_home_of_a_worker (void)
{
  TestAnswer inner = { 0 };

  aiot_offload_async (NULL, offload_from_worker, &inner, NULL, NULL, NULL, NULL);
  test_answer_wait (&inner, NULL);

  g_assert_true (inner.thread == g_thread_self ());
  g_assert_cmpint (g_value_get_int64 (aiot_offload_finish (inner.result, NULL)), ==, 6);
  test_answer_clear (&inner);
}

/* --- errors --- */

static gboolean
fail_with_errno (AiotCall  *call,
                 gpointer   user_data,
                 GError   **error)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "no room for %d", GPOINTER_TO_INT (user_data));
  return FALSE;
}

static gboolean
fail_silently (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  aiot_call_set_result_int64 (call, 1);
  return FALSE;
}

static gboolean
succeed_with_error (AiotCall  *call,
                    gpointer   user_data,
                    GError   **error)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "not really");
  aiot_call_set_result_int64 (call, 1);
  return TRUE;
}

static void
test_error (void)
{
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, fail_with_errno, GINT_TO_POINTER (7), NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);

  for (int asked = 0; asked < 2; asked++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (aiot_offload_finish (answer.result, &error));
      g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
      g_assert_cmpstr (error->message, ==, "no room for 7");
    }
  g_assert_null (aiot_offload_finish (answer.result, NULL));
  test_answer_clear (&answer);
}

static void
test_error_not_set (void)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (NULL, fail_silently, NULL, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);

  g_assert_null (aiot_offload_finish (answer.result, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_FAILED);
  test_answer_clear (&answer);
}

static void
test_error_set_but_true (void)
{
  if (g_test_subprocess ())
    {
      TestAnswer answer = { 0 };

      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      aiot_offload_async (NULL, succeed_with_error, NULL, NULL, NULL, test_answer_cb, &answer);
      test_answer_wait (&answer, NULL);
      g_assert_cmpint (g_value_get_int64 (aiot_offload_finish (answer.result, NULL)), ==, 1);
      test_answer_clear (&answer);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*WARNING*returned TRUE and set an error*not really*");
}

typedef struct
{
  int n_called;
  guint seen;
} Failures;

static void
count_failure_cb (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Failures *failures = user_data;
  g_autoptr (GError) error = NULL;
  int number;

  g_assert_null (aiot_offload_finish (result, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
  g_assert_cmpint (sscanf (error->message, "no room for %d", &number), ==, 1);
  failures->seen += number;
  failures->n_called++;
}

static void
test_error_hundred (void)
{
  Failures failures = { 0 };

  for (int i = 1; i <= 100; i++)
    aiot_offload_async (NULL, fail_with_errno, GINT_TO_POINTER (i), NULL, NULL, count_failure_cb, &failures);
  test_iterate_until (NULL, &failures.n_called, 100);
  g_assert_cmpuint (failures.seen, ==, 5050);
}

static void
count_freed (gpointer user_data)
{
  g_atomic_int_inc ((int *) user_data);
}

static void
ignore_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
}

static gboolean
fail_plainly (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "no room");
  return FALSE;
}

static gboolean
fail_as_cancelled (AiotCall  *call,
                   gpointer   user_data,
                   GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
  return FALSE;
}

static void
offload_and_forget (AiotThreadFunc      func,
                    GAsyncReadyCallback callback)
{
  int n_freed = 0;

  aiot_offload_async (NULL, func, &n_freed, count_freed, NULL, callback, NULL);
  while (g_atomic_int_get (&n_freed) == 0)
    g_main_context_iteration (NULL, TRUE);
}

/* An error nobody took is logged, once, whether there was a callback or not; being cancelled is no error. */
static void
test_error_nobody_took (void)
{
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "*nobody asked*no room*");
  offload_and_forget (fail_plainly, NULL);
  g_test_assert_expected_messages ();

  g_test_expect_message ("AioThreads", G_LOG_LEVEL_WARNING, "*nobody asked*no room*");
  offload_and_forget (fail_plainly, ignore_cb);
  g_test_assert_expected_messages ();

  offload_and_forget (fail_as_cancelled, NULL);
}

/* --- without a callback --- */

static gboolean
count_run (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  g_atomic_int_inc (&((TestHold *) user_data)->n_run);
  return TRUE;
}

static void
open_leave (gpointer user_data)
{
  test_gate_open (&((TestHold *) user_data)->leave);
}

static void
test_without_callback (void)
{
  TestHold hold = { 0 };

  aiot_offload_async (NULL, count_run, &hold, open_leave, NULL, NULL, NULL);
  while (!test_gate_is_open (&hold.leave))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (hold.n_run, ==, 1);
  test_hold_clear (&hold);
}

/* --- cancellation --- */

static void
assert_cancelled (TestAnswer *answer)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (answer->n_called, ==, 1);
  g_assert_null (aiot_offload_finish (answer->result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_answer_clear (answer);
}

static void
test_cancelled_before (void)
{
  TestHold hold = { 0 };
  TestAnswer answer = { 0 };
  TestLedger ledger = { g_thread_self (), 0, 0, 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  aiot_offload_async (NULL, test_hold_func, &hold, NULL, cancellable, test_answer_cb, &answer);
  aiot_offload_async (NULL, test_hold_func, test_ledger_item (&ledger), test_item_free, cancellable, NULL, NULL);
  test_answer_wait (&answer, NULL);
  test_iterate_until (NULL, &ledger.n_freed, 1);

  g_assert_cmpint (hold.n_run, ==, 0);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 0);
  assert_cancelled (&answer);
}

/* The only thread is held, so the answer can't come from a thread that took the call. */
static void
test_cancelled_while_queued (void)
{
  g_autoptr (AiotExecutor) one = aiot_executor_new_pool ("one", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestHold first = { 0 }, second = { 0 };
  TestAnswer first_answer = { 0 }, second_answer = { 0 };

  aiot_offload_async (one, test_hold_func, &first, NULL, NULL, test_answer_cb, &first_answer);
  test_gate_wait (&first.running);
  aiot_offload_async (one, test_hold_func, &second, NULL, cancellable, test_answer_cb, &second_answer);
  g_assert_cmpuint (aiot_executor_get_n_queued (one), ==, 1);

  g_cancellable_cancel (cancellable);
  g_assert_cmpuint (aiot_executor_get_n_queued (one), ==, 0);
  test_answer_wait (&second_answer, NULL);
  assert_cancelled (&second_answer);

  test_gate_open (&first.leave);
  test_answer_wait (&first_answer, NULL);
  g_assert_cmpint (second.n_run, ==, 0);
  test_answer_clear (&first_answer);
  test_hold_clear (&first);
}

typedef struct
{
  TestGate running;
  gboolean saw_flag;
  gboolean succeeds;
} Poller;

/* Blocks in the way that GIO does: in poll () with the descriptor of the cancellable. */
static gboolean
poll_cancellable (AiotCall  *call,
                  gpointer   user_data,
                  GError   **error)
{
  Poller *poller = user_data;
  GCancellable *cancellable = aiot_call_get_cancellable (call);
  GPollFD fd;

  g_assert_true (g_cancellable_make_pollfd (cancellable, &fd));
  test_gate_open (&poller->running);
  g_assert_cmpint (g_poll (&fd, 1, -1), ==, 1);
  g_cancellable_release_fd (cancellable);

  poller->saw_flag = aiot_call_is_cancelled (call);
  if (poller->succeeds)
    {
      aiot_call_set_result_string (call, "done all the same");
      return TRUE;
    }
  return !aiot_call_set_error_if_cancelled (call, error);
}

static void
test_cancelled_while_running (gconstpointer succeeds)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Poller poller = { .succeeds = GPOINTER_TO_INT (succeeds) };
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, poll_cancellable, &poller, NULL, cancellable, test_answer_cb, &answer);
  test_gate_wait (&poller.running);
  g_cancellable_cancel (cancellable);
  test_answer_wait (&answer, NULL);

  g_assert_true (poller.saw_flag);
  if (poller.succeeds)
    g_assert_cmpstr (g_value_get_string (aiot_offload_finish (answer.result, NULL)), ==, "done all the same");
  else
    assert_cancelled (&answer);
  test_answer_clear (&answer);
  test_gate_clear (&poller.running);
}

static gpointer
cancel_in_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancelled_from_another_thread (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Poller poller = { 0 };
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, poll_cancellable, &poller, NULL, cancellable, test_answer_cb, &answer);
  test_gate_wait (&poller.running);
  g_thread_join (g_thread_new ("canceller", cancel_in_thread, cancellable));
  test_answer_wait (&answer, NULL);
  g_assert_true (answer.thread == g_thread_self ());
  assert_cancelled (&answer);
  test_gate_clear (&poller.running);
}

/* Cancelling after the answer changes nothing, and a cancellable may be used for many calls. */
static void
test_cancelled_too_late (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, double_it, GINT_TO_POINTER (1), NULL, cancellable, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (g_value_get_int64 (aiot_offload_finish (answer.result, NULL)), ==, 2);
  test_answer_clear (&answer);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* A handler of the program runs a main loop, and the answer arrives in there: nothing waits for that handler to end. */
static void
test_cancelled_nested_loop (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestAnswer answer = { 0 };

  aiot_offload_async (NULL, double_it, GINT_TO_POINTER (1), NULL, cancellable, test_answer_cb, &answer);
  g_cancellable_connect (cancellable, G_CALLBACK (test_answer_wait_in_handler), &answer, NULL);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (answer.n_called, ==, 1);
  test_answer_clear (&answer);
}

/* --- misuse --- */

static void
test_misuse (void)
{
  if (g_test_subprocess ())
    {
      aiot_offload_async (NULL, NULL, NULL, NULL, NULL, NULL, NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*func != NULL*");
}

static void
test_misuse_foreign_result (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

      aiot_offload_finish (G_ASYNC_RESULT (task), NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*aiot_offload_finish*");
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/offload/result/arrives", test_result);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/offload/result/kind/%s", kinds[i].name);

      g_test_add_data_func (path, &kinds[i], test_result_kind);
    }
  g_test_add_func ("/offload/result/set-too-late-is-refused", test_result_too_late);
  g_test_add_func ("/offload/result/set-too-late-is-freed", test_result_too_late_freed);
  g_test_add_func ("/offload/result/asked-twice", test_result_asked_twice);
  g_test_add_func ("/offload/home/callback-and-destroy", test_home);
  g_test_add_func ("/offload/home/result-dropped-on-another-thread", test_home_result_dropped_elsewhere);
  g_test_add_func ("/offload/home/never-called-back-at-once", test_home_never_called_back_at_once);
  g_test_add_func ("/offload/home/no-source-of-its-own", test_home_no_source_of_its_own);
  g_test_add_func ("/offload/home/of-a-worker", test_home_of_a_worker);
  g_test_add_func ("/offload/error/domain-code-and-message", test_error);
  g_test_add_func ("/offload/error/not-set", test_error_not_set);
  g_test_add_func ("/offload/error/set-but-true", test_error_set_but_true);
  g_test_add_func ("/offload/error/a-hundred-at-once", test_error_hundred);
  g_test_add_func ("/offload/error/nobody-took-is-logged-once", test_error_nobody_took);
  g_test_add_func ("/offload/without-callback", test_without_callback);
  g_test_add_func ("/offload/cancel/before-start-never-runs", test_cancelled_before);
  g_test_add_func ("/offload/cancel/while-queued-never-runs", test_cancelled_while_queued);
  g_test_add_data_func ("/offload/cancel/while-running-waits-for-the-function", GINT_TO_POINTER (FALSE),
                        test_cancelled_while_running);
  g_test_add_data_func ("/offload/cancel/success-in-spite-of-it-is-kept", GINT_TO_POINTER (TRUE),
                        test_cancelled_while_running);
  g_test_add_func ("/offload/cancel/from-another-thread", test_cancelled_from_another_thread);
  g_test_add_func ("/offload/cancel/too-late", test_cancelled_too_late);
  g_test_add_func ("/offload/cancel/nested-loop-in-handler", test_cancelled_nested_loop);
  g_test_add_func ("/offload/misuse/no-function", test_misuse);
  g_test_add_func ("/offload/misuse/foreign-result", test_misuse_foreign_result);
  return g_test_run ();
}
