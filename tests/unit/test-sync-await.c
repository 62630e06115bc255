/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"

#include <glib/gstdio.h>
#include <string.h>

/* Runs a function in a worker while this main context is iterated. */
static void
in_worker (GMainContext   *main_context,
           AiotExecutor   *executor,
           AiotThreadFunc  func,
           gpointer        user_data)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_offload_async (executor, func, user_data, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, main_context);
  g_assert_nonnull (aiot_offload_finish (answer.result, &error));
  g_assert_no_error (error);
  test_answer_clear (&answer);
}

/* --- operations of GIO --- */

static void
start_query (GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             callback_data,
             gpointer             file)
{
  g_file_query_info_async (file, "standard::size", G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                           cancellable, callback, callback_data);
}

static gboolean
finish_query (GObject       *source_object,
              GAsyncResult  *result,
              gpointer       file,
              GValue        *value,
              GError       **error)
{
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source_object), result, error);

  if (info == NULL)
    return FALSE;

  g_value_init (value, G_TYPE_INT64);
  g_value_set_int64 (value, g_file_info_get_size (info));
  return TRUE;
}

static gboolean
query_file (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (user_data);
  g_auto (GValue) size = G_VALUE_INIT;

  if (!aiot_sync_await (start_query, finish_query, g_object_ref (file), g_object_unref,
                        AIOT_TIMEOUT_NONE, NULL, &size, error))
    return FALSE;

  g_assert_cmpint (g_value_get_int64 (&size), ==, 6);
  return TRUE;
}

static gboolean
query_missing_file (AiotCall  *call,
                    gpointer   user_data,
                    GError   **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (user_data);
  g_autoptr (GError) missing = NULL;
  g_auto (GValue) size = G_VALUE_INIT;

  g_assert_false (aiot_sync_await (start_query, finish_query, file, NULL, AIOT_TIMEOUT_NONE, NULL, &size, &missing));
  g_assert_error (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (G_IS_VALUE (&size));
  return TRUE;
}

static void
test_file (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("aiot-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, "six by", 6, NULL));
  in_worker (NULL, NULL, query_file, path);
  g_unlink (path);
  in_worker (NULL, NULL, query_missing_file, path);
}

#define GREETING "hello from the loopback\n"

static gboolean
greet_cb (GSocketService    *service,
          GSocketConnection *connection,
          GObject           *source_object,
          gpointer           user_data)
{
  GOutputStream *stream = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  g_assert_true (g_output_stream_write_all (stream, GREETING, strlen (GREETING), NULL, NULL, NULL));
  return TRUE;
}

typedef struct
{
  GSocketClient *client;
  guint16 port;
} Dial;

static void
start_connect (GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             callback_data,
               gpointer             user_data)
{
  Dial *dial = user_data;

  g_socket_client_connect_to_host_async (dial->client, "127.0.0.1", dial->port, cancellable, callback, callback_data);
}

static gboolean
finish_connect (GObject       *source_object,
                GAsyncResult  *result,
                gpointer       user_data,
                GValue        *value,
                GError       **error)
{
  g_autoptr (GSocketConnection) connection =
    g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source_object), result, error);

  if (connection == NULL)
    return FALSE;

  g_value_init (value, G_TYPE_SOCKET_CONNECTION);
  g_value_set_object (value, connection);
  return TRUE;
}

static void
start_read (GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             connection)
{
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (connection), 1000, G_PRIORITY_DEFAULT,
                                   cancellable, callback, callback_data);
}

static gboolean
finish_read (GObject       *source_object,
             GAsyncResult  *result,
             gpointer       connection,
             GValue        *value,
             GError       **error)
{
  GBytes *bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source_object), result, error);

  if (bytes == NULL)
    return FALSE;

  g_value_init (value, G_TYPE_BYTES);
  g_value_take_boxed (value, bytes);
  return TRUE;
}

static gboolean
talk (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  g_auto (GValue) connection = G_VALUE_INIT;
  g_auto (GValue) greeting = G_VALUE_INIT;
  GBytes *bytes;

  if (!aiot_sync_await (start_connect, finish_connect, user_data, NULL, AIOT_TIMEOUT_NONE, NULL, &connection, error))
    return FALSE;
  if (!aiot_sync_await (start_read, finish_read, g_value_dup_object (&connection), g_object_unref,
                        AIOT_TIMEOUT_NONE, NULL, &greeting, error))
    return FALSE;

  bytes = g_value_get_boxed (&greeting);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), GREETING, strlen (GREETING));
  return TRUE;
}

static void
test_socket (void)
{
  g_autoptr (GSocketService) service = g_socket_service_new ();
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any_port = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  Dial dial = { client, 0 };

  g_socket_client_set_enable_proxy (client, FALSE);
  g_assert_true (g_socket_listener_add_address (G_SOCKET_LISTENER (service), any_port, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, NULL, &address, &error));
  g_assert_no_error (error);
  dial.port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_signal_connect (service, "incoming", G_CALLBACK (greet_cb), NULL);
  g_socket_service_start (service);
  in_worker (NULL, NULL, talk, &dial);
  g_socket_service_stop (service);
  g_socket_listener_close (G_SOCKET_LISTENER (service));
}

static void
start_communicate (GCancellable        *cancellable,
                   GAsyncReadyCallback  callback,
                   gpointer             callback_data,
                   gpointer             subprocess)
{
  g_subprocess_communicate_utf8_async (subprocess, "through the cat", cancellable, callback, callback_data);
}

static gboolean
finish_communicate (GObject       *source_object,
                    GAsyncResult  *result,
                    gpointer       subprocess,
                    GValue        *value,
                    GError       **error)
{
  char *output = NULL;

  if (!g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source_object), result, &output, NULL, error))
    return FALSE;

  g_value_init (value, G_TYPE_STRING);
  g_value_take_string (value, output);
  return TRUE;
}

static gboolean
run_cat (AiotCall  *call,
         gpointer   subprocess,
         GError   **error)
{
  g_auto (GValue) output = G_VALUE_INIT;

  if (!aiot_sync_await (start_communicate, finish_communicate, subprocess, NULL, AIOT_TIMEOUT_NONE, NULL, &output, error))
    return FALSE;

  g_assert_cmpstr (g_value_get_string (&output), ==, "through the cat");
  return TRUE;
}

static void
test_subprocess (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) subprocess =
    g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "cat", NULL);

  g_assert_no_error (error);
  in_worker (NULL, NULL, run_cat, subprocess);
  g_assert_true (g_subprocess_wait (subprocess, NULL, NULL));
}

/* --- an operation that the test completes --- */

typedef struct
{
  TestLedger ledger;          /* of the data, and of the value */
  GMainContext *main_context;

  /* What it does */
  gboolean at_once;
  gboolean fails;
  gboolean says_why;

  /* What happened; home only */
  int n_started;
  int n_finished;
  GCancellable *cancellable;
  GTask *task;                /* to complete */
} Operation;

static void
operation_init (Operation    *self,
                GMainContext *main_context)
{
  *self = (Operation) { .ledger = { .home = g_thread_self () }, .main_context = main_context };
}

static gpointer
operation_data (Operation *self)
{
  test_ledger_item (&self->ledger);
  return self;
}

static void
operation_data_free (gpointer user_data)
{
  test_item_free (&((Operation *) user_data)->ledger);
}

static void
operation_complete (Operation *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  g_task_return_boolean (task, TRUE);
}

static void
start_operation (GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             callback_data,
                 gpointer             user_data)
{
  Operation *self = user_data;

  g_assert_true (g_thread_self () == self->ledger.home);
  g_assert_true (g_main_context_get_thread_default () == self->main_context);
  g_assert_true (G_IS_CANCELLABLE (cancellable));
  self->n_started++;
  g_set_object (&self->cancellable, cancellable);
  self->task = g_task_new (NULL, NULL, callback, callback_data);
  if (self->at_once)
    operation_complete (self);
}

static gboolean
finish_operation (GObject       *source_object,
                  GAsyncResult  *result,
                  gpointer       user_data,
                  GValue        *value,
                  GError       **error)
{
  Operation *self = user_data;

  g_assert_true (g_thread_self () == self->ledger.home);
  self->n_finished++;
  if (self->fails)
    {
      if (self->says_why)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "too much to do");
      return FALSE;
    }

  /* A value whose destruction is noticed */
  g_value_init (value, G_TYPE_INT);
  g_value_set_int (value, 7);
  return TRUE;
}

static void
operation_clear (Operation *self)
{
  g_assert_cmpint (self->ledger.n_freed, ==, self->ledger.n_made);
  g_assert_cmpint (self->ledger.n_freed_elsewhere, ==, 0);
  g_assert_null (self->task);
  g_clear_object (&self->cancellable);
}

/* What a worker asks for, and what it got. */
typedef struct
{
  Operation *operation;
  GMainContext *in;
  int timeout_ms;
  GCancellable *cancellable;
  TestGate running;
  TestGate answered;
  gboolean succeeded;
  int number;
  GError *error;
} Question;

static gboolean
ask (AiotCall  *call,
     gpointer   user_data,
     GError   **error)
{
  Question *self = user_data;
  g_auto (GValue) value = G_VALUE_INIT;

  test_gate_open (&self->running);
  self->succeeded = aiot_sync_await_in (self->in, start_operation, finish_operation,
                                        operation_data (self->operation), operation_data_free,
                                        self->timeout_ms, self->cancellable, &value, &self->error);
  g_assert_true (self->succeeded == (self->error == NULL));
  g_assert_true (self->succeeded == G_IS_VALUE (&value));
  if (self->succeeded)
    self->number = g_value_get_int (&value);
  test_gate_open (&self->answered);
  return TRUE;
}

static void
question_clear (Question *self)
{
  g_clear_error (&self->error);
  test_gate_clear (&self->running);
  test_gate_clear (&self->answered);
}

static void
test_at_home (gconstpointer data)
{
  gboolean at_once = GPOINTER_TO_INT (data);
  TestLoop loop;
  Operation operation;
  TestAnswer answer = { 0 };
  Question question = { .operation = &operation };

  test_loop_open (&loop);
  operation_init (&operation, loop.main_context);
  operation.at_once = at_once;
  aiot_offload_async (NULL, ask, &question, NULL, NULL, test_answer_cb, &answer);
  test_iterate_until (loop.main_context, &operation.n_started, 1);
  if (!at_once)
    {
      g_assert_cmpint (operation.ledger.n_freed, ==, 0);
      g_assert_cmpint (answer.n_called, ==, 0);
      operation_complete (&operation);
    }
  test_answer_wait (&answer, loop.main_context);
  test_answer_clear (&answer);
  g_assert_true (question.succeeded);
  g_assert_cmpint (question.number, ==, 7);
  g_assert_cmpint (operation.n_finished, ==, 1);
  operation_clear (&operation);
  question_clear (&question);
  test_loop_close (&loop);
}

static void
test_fails (gconstpointer data)
{
  gboolean says_why = GPOINTER_TO_INT (data);
  Operation operation;
  Question question = { .operation = &operation };

  operation_init (&operation, NULL);
  operation.at_once = operation.fails = TRUE;
  operation.says_why = says_why;
  in_worker (NULL, NULL, ask, &question);
  if (says_why)
    g_assert_error (question.error, G_IO_ERROR, G_IO_ERROR_BUSY);
  else
    g_assert_error (question.error, AIOT_ERROR, AIOT_ERROR_FAILED);
  operation_clear (&operation);
  question_clear (&question);
}

/* --- what ends the waiting --- */

typedef enum
{
  BY_TIME,
  BY_CANCELLABLE,
  BY_CALLER,
} EndedBy;

/* The operation has been started and goes on; the worker leaves. What comes late is dropped. */
static void
test_left (gconstpointer data)
{
  EndedBy ended_by = GPOINTER_TO_INT (data);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Operation operation;
  TestAnswer answer = { 0 };
  Question question = { .operation = &operation, .timeout_ms = 5000 };

  operation_init (&operation, NULL);
  question.cancellable = ended_by == BY_CANCELLABLE ? cancellable : NULL;
  aiot_clock_stop ();
  aiot_offload_async (NULL, ask, &question, NULL, ended_by == BY_CALLER ? cancellable : NULL, test_answer_cb, &answer);
  test_iterate_until (NULL, &operation.n_started, 1);
  if (ended_by == BY_TIME)
    aiot_clock_advance (4999 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (test_gate_is_open (&question.answered));

  if (ended_by != BY_TIME)
    g_cancellable_cancel (cancellable);
  while (!test_gate_is_open (&question.answered))
    {
      /* The worker may have begun to wait later than the operation was started. All idle threads hear of each step. */
      if (ended_by == BY_TIME)
        aiot_clock_advance (G_TIME_SPAN_SECOND);
      g_thread_yield ();
    }
  if (ended_by == BY_TIME)
    g_assert_error (question.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  else
    g_assert_error (question.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  while (!g_cancellable_is_cancelled (operation.cancellable))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (operation.ledger.n_freed, ==, 0);
  operation_complete (&operation);
  test_iterate_until (NULL, &operation.ledger.n_freed, 1);
  g_assert_cmpint (operation.n_finished, ==, 1);
  aiot_clock_resume ();
  operation_clear (&operation);
  question_clear (&question);
}

/* Nobody iterates the main context, so the operation does not even start; it never does, if the worker has left. */
static void
test_loop_stands_still (void)
{
  Operation operation;
  TestAnswer answer = { 0 };
  Question question = { .operation = &operation, .timeout_ms = 100 };

  operation_init (&operation, NULL);
  aiot_clock_stop ();
  aiot_offload_async (NULL, ask, &question, NULL, NULL, test_answer_cb, &answer);
  while (!test_gate_is_open (&question.answered))
    {
      /* It may not wait yet. */
      aiot_clock_advance (100 * G_TIME_SPAN_MILLISECOND);
      g_thread_yield ();
    }
  aiot_clock_resume ();
  g_assert_error (question.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  test_iterate_until (NULL, &operation.ledger.n_freed, 1);
  g_assert_cmpint (operation.n_started, ==, 0);
  operation_clear (&operation);
  question_clear (&question);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Operation operation;
  Question question = { .operation = &operation, .cancellable = cancellable };

  g_cancellable_cancel (cancellable);
  operation_init (&operation, NULL);
  in_worker (NULL, NULL, ask, &question);
  g_assert_error (question.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_iterate_until (NULL, &operation.ledger.n_freed, 1);
  g_assert_cmpint (operation.n_started, ==, 0);
  operation_clear (&operation);
  question_clear (&question);
}

/* What the worker waits for once it is cancelled returns at once too. */
static gboolean
ask_when_cancelled (AiotCall  *call,
                    gpointer   user_data,
                    GError   **error)
{
  Question *self = user_data;

  test_gate_open (&self->running);
  while (!aiot_call_is_cancelled (call))
    g_thread_yield ();
  return ask (call, user_data, error);
}

static void
test_caller_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Operation operation;
  TestAnswer answer = { 0 };
  Question question = { .operation = &operation };

  operation_init (&operation, NULL);
  aiot_offload_async (NULL, ask_when_cancelled, &question, NULL, cancellable, test_answer_cb, &answer);
  test_gate_wait (&question.running);
  g_cancellable_cancel (cancellable);
  test_answer_wait (&answer, NULL);
  test_answer_clear (&answer);
  g_assert_error (question.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_iterate_until (NULL, &operation.ledger.n_freed, 1);
  g_assert_cmpint (operation.n_started, ==, 0);
  operation_clear (&operation);
  question_clear (&question);
}

/* --- where it can't work --- */

static void
test_deadlock (void)
{
  Operation operation;
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GError) error = NULL;

  operation_init (&operation, NULL);
  g_assert_false (aiot_sync_await (start_operation, finish_operation, operation_data (&operation), operation_data_free,
                                   AIOT_TIMEOUT_NONE, NULL, &value, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);
  g_assert_false (aiot_sync_await_in (g_main_context_default (), start_operation, finish_operation,
                                      operation_data (&operation), operation_data_free,
                                      AIOT_TIMEOUT_NONE, NULL, &value, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  g_assert_cmpint (operation.n_started, ==, 0);
  g_assert_cmpint (operation.ledger.n_freed, ==, 2);
  operation_clear (&operation);
}

static void
ask_in_callback (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  int *n_called = user_data;
  Operation operation;
  g_autoptr (GMainContext) main_context = g_main_context_ref_thread_default ();
  g_autoptr (GError) error = NULL;

  operation_init (&operation, NULL);
  g_assert_false (aiot_sync_await_in (main_context, start_operation, finish_operation,
                                      operation_data (&operation), operation_data_free,
                                      AIOT_TIMEOUT_NONE, NULL, NULL, &error));
  g_assert_error (error, AIOT_ERROR, AIOT_ERROR_WOULD_DEADLOCK);
  operation_clear (&operation);
  (*n_called)++;
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
test_deadlock_in_callback (void)
{
  TestLoop loop;
  int n_called = 0;

  test_loop_open (&loop);
  aiot_offload_async (NULL, succeed, NULL, NULL, NULL, ask_in_callback, &n_called);
  test_iterate_until (loop.main_context, &n_called, 1);
  test_loop_close (&loop);
}

static gpointer
ask_in_thread (gpointer data)
{
  ask (NULL, data, NULL);
  return NULL;
}

static void
test_foreign_thread (void)
{
  TestLoop loop;
  Operation operation;
  Question without = { .operation = &operation }, with = { .operation = &operation };
  GThread *thread;

  test_loop_open (&loop);
  operation_init (&operation, loop.main_context);
  operation.ledger.home = NULL;
  thread = g_thread_new ("foreign", ask_in_thread, &without);
  g_thread_join (thread);
  g_assert_error (without.error, AIOT_ERROR, AIOT_ERROR_NO_ORIGIN);
  g_assert_nonnull (strstr (without.error->message, "aiot_sync_await_in ()"));
  g_assert_cmpint (operation.ledger.n_freed, ==, 1);

  operation_init (&operation, loop.main_context);
  operation.at_once = TRUE;
  with.in = loop.main_context;
  thread = g_thread_new ("foreign", ask_in_thread, &with);
  test_iterate_until (loop.main_context, &operation.ledger.n_freed, 1);
  g_thread_join (thread);
  g_assert_no_error (with.error);
  g_assert_cmpint (with.number, ==, 7);
  operation_clear (&operation);
  question_clear (&without);
  question_clear (&with);
  test_loop_close (&loop);
}

/* --- a home that goes away --- */

typedef struct
{
  Operation operation;
  Question question;
  AiotExecutor *executor;
  GMainContext *main_context;
  TestGate go_on;
  gboolean by_end_of_thread;
  gboolean is_started;
} Leaver;

/* A thread with a main context of its own asks, and then goes away while the worker waits. */
static gpointer
ask_and_leave (gpointer data)
{
  Leaver *self = data;
  GMainContext *main_context = self->main_context;

  g_main_context_push_thread_default (main_context);
  operation_init (&self->operation, main_context);
  aiot_offload_async (self->executor, ask, &self->question, NULL, NULL, NULL, NULL);
  if (self->is_started)
    test_iterate_until (main_context, &self->operation.n_started, 1);
  test_gate_wait (&self->go_on);
  if (!self->by_end_of_thread)
    {
      aiot_main_context_abandon (main_context);
      g_main_context_pop_thread_default (main_context);
    }
  return NULL;
}

static void
ignore_log (const char     *domain,
            GLogLevelFlags  level,
            const char     *message,
            gpointer        user_data)
{
}

static void
test_home_gone (gconstpointer data)
{
  guint how = GPOINTER_TO_UINT (data);
  Leaver leaver = { .by_end_of_thread = how & 1, .is_started = (how & 2) != 0, .main_context = g_main_context_new () };
  g_autoptr (AiotExecutor) executor = aiot_executor_new_serial ("waits");
  Operation *operation = &leaver.operation;
  guint handler = g_log_set_handler ("AioThreads", G_LOG_LEVEL_WARNING, ignore_log, NULL);
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  TestLoop loop;
  GThread *thread;

  test_loop_watch (&loop, leaver.main_context);
  leaver.executor = executor;
  leaver.question.operation = operation;
  thread = g_thread_new ("leaver", ask_and_leave, &leaver);
  test_gate_wait (&leaver.question.running);
  test_gate_open (&leaver.go_on);
  test_gate_wait (&leaver.question.answered);
  g_assert_error (leaver.question.error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE);
  g_thread_join (thread);

  if (leaver.is_started)
    {
      /* The operation goes on, and may use its data until it calls back; but it is told to stop. */
      g_assert_true (g_cancellable_is_cancelled (operation->cancellable));
      g_assert_cmpint (operation->ledger.n_freed, ==, 0);
      operation->ledger.home = g_thread_self ();
      operation_complete (operation);
      test_iterate_until (leaver.main_context, &operation->ledger.n_freed, 1);
      g_assert_cmpint (operation->n_finished, ==, 1);
      operation_clear (operation);
    }
  else
    {
      /* Whoever finds that it will never be started frees its data. */
      while (g_atomic_int_get (&operation->ledger.n_freed) < operation->ledger.n_made)
        g_thread_yield ();
      g_assert_cmpint (operation->ledger.n_freed, ==, 1);
      g_assert_cmpint (operation->n_started, ==, 0);
    }
  g_main_context_unref (leaver.main_context);
  /* The worker frees what is left of the call, and warns of it. */
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  g_assert_cmpint (loop.n_finalized, ==, 1);
  question_clear (&leaver.question);
  test_gate_clear (&leaver.go_on);
  g_log_set_always_fatal (fatal);
  g_log_remove_handler ("AioThreads", handler);
}

/* --- where work comes from --- */

static gboolean
compare_origin (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  g_autoptr (GMainContext) origin = aiot_ref_origin_context ();

  g_assert_true (origin == user_data);
  return TRUE;
}

static gboolean
compare_origin_inside (AiotCall  *call,
                       gpointer   user_data,
                       GError   **error)
{
  g_autoptr (AiotCall) inner = aiot_offload_sync (NULL, compare_origin, user_data, NULL, error);

  g_assert_nonnull (inner);
  return compare_origin (call, user_data, error);
}

static void
test_origin (void)
{
  TestLoop loop;

  g_assert_null (aiot_ref_origin_context ());
  in_worker (NULL, NULL, compare_origin, g_main_context_default ());
  test_loop_open (&loop);
  in_worker (loop.main_context, NULL, compare_origin, loop.main_context);
  in_worker (loop.main_context, NULL, compare_origin_inside, loop.main_context);
  test_loop_close (&loop);
}

/* --- nested --- */

typedef struct
{
  AiotExecutor *executor;
  int depth;
} Nested;

static gboolean go_deeper (AiotCall  *call,
                           gpointer   user_data,
                           GError   **error);

static void
start_deeper (GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             callback_data,
              gpointer             user_data)
{
  Nested *self = user_data;

  aiot_offload_async (self->executor, go_deeper, user_data, NULL, cancellable, callback, callback_data);
}

static gboolean
finish_deeper (GObject       *source_object,
               GAsyncResult  *result,
               gpointer       user_data,
               GValue        *value,
               GError       **error)
{
  const GValue *inner = aiot_offload_finish (result, error);

  if (inner == NULL)
    return FALSE;

  g_value_init (value, G_TYPE_INT64);
  g_value_set_int64 (value, g_value_get_int64 (inner));
  return TRUE;
}

static gboolean
go_deeper (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  Nested *self = user_data;
  Nested inner = { self->executor, self->depth - 1 };
  g_auto (GValue) value = G_VALUE_INIT;

  if (self->depth == 0)
    {
      aiot_call_set_result_int64 (call, 1);
      return TRUE;
    }
  if (!aiot_sync_await (start_deeper, finish_deeper, &inner, NULL, AIOT_TIMEOUT_NONE, NULL, &value, error))
    return FALSE;

  aiot_call_set_result_int64 (call, g_value_get_int64 (&value) + 1);
  return TRUE;
}

static gboolean
go_deeper_sync (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  Nested *self = user_data;
  Nested inner = { self->executor, self->depth - 1 };
  g_autoptr (AiotCall) done = NULL;

  if (self->depth == 0)
    {
      aiot_call_set_result_int64 (call, 1);
      return TRUE;
    }
  done = aiot_offload_sync (self->executor, go_deeper_sync, &inner, NULL, error);
  if (done == NULL)
    return FALSE;

  aiot_call_set_result_int64 (call, g_value_get_int64 (aiot_call_get_result (done)) + 1);
  return TRUE;
}

static void
test_nested (gconstpointer data)
{
  AiotThreadFunc func = (AiotThreadFunc) data;
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("one", 1);
  Nested outermost = { executor, 5 };
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;
  const GValue *value;

  /* No time passes, so it is not by waiting for a while that another thread is started. */
  aiot_clock_stop ();
  aiot_offload_async (executor, func, &outermost, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, NULL);
  value = aiot_offload_finish (answer.result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_value_get_int64 (value), ==, 6);
  test_answer_clear (&answer);
  aiot_clock_resume ();
}

/* A hundred on the default pool of 64 wait for the main loop; the next piece of work starts, though no time passes. */
static void
test_hundred (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_dup_default ();
  enum { N = 100 };
  g_autofree Operation *operations = g_new0 (Operation, N);
  g_autofree Question *questions = g_new0 (Question, N);
  g_autofree TestAnswer *answers = g_new0 (TestAnswer, N);

  aiot_clock_stop ();
  for (int i = 0; i < N; i++)
    {
      operation_init (&operations[i], NULL);
      questions[i].operation = &operations[i];
      aiot_offload_async (NULL, ask, &questions[i], NULL, NULL, test_answer_cb, &answers[i]);
    }
  for (int i = 0; i < N; i++)
    test_iterate_until (NULL, &operations[i].n_started, 1);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), >=, N);
  in_worker (NULL, NULL, succeed, NULL);
  aiot_clock_resume ();

  for (int i = 0; i < N; i++)
    {
      operation_complete (&operations[i]);
      test_answer_wait (&answers[i], NULL);
      test_answer_clear (&answers[i]);
      operation_clear (&operations[i]);
      question_clear (&questions[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/sync-await/gio/file", test_file);
  g_test_add_func ("/sync-await/gio/socket-client", test_socket);
  g_test_add_func ("/sync-await/gio/process", test_subprocess);
  g_test_add_data_func ("/sync-await/home/done-later", GINT_TO_POINTER (FALSE), test_at_home);
  g_test_add_data_func ("/sync-await/home/done-at-once", GINT_TO_POINTER (TRUE), test_at_home);
  g_test_add_data_func ("/sync-await/fails/with-reason", GINT_TO_POINTER (TRUE), test_fails);
  g_test_add_data_func ("/sync-await/fails/without-reason", GINT_TO_POINTER (FALSE), test_fails);
  g_test_add_data_func ("/sync-await/left/timeout", GINT_TO_POINTER (BY_TIME), test_left);
  g_test_add_data_func ("/sync-await/left/cancellable", GINT_TO_POINTER (BY_CANCELLABLE), test_left);
  g_test_add_data_func ("/sync-await/left/caller-cancelled", GINT_TO_POINTER (BY_CALLER), test_left);
  g_test_add_func ("/sync-await/left/loop-stands-still", test_loop_stands_still);
  g_test_add_func ("/sync-await/cancelled-before", test_cancelled_before);
  g_test_add_func ("/sync-await/caller-cancelled-before", test_caller_cancelled_before);
  g_test_add_func ("/sync-await/deadlock/refused", test_deadlock);
  g_test_add_func ("/sync-await/deadlock/refused-in-callback", test_deadlock_in_callback);
  g_test_add_func ("/sync-await/foreign-thread", test_foreign_thread);
  g_test_add_data_func ("/sync-await/gone/abandoned", GUINT_TO_POINTER (0), test_home_gone);
  g_test_add_data_func ("/sync-await/gone/thread-ended", GUINT_TO_POINTER (1), test_home_gone);
  g_test_add_data_func ("/sync-await/gone/abandoned-while-running", GUINT_TO_POINTER (2), test_home_gone);
  g_test_add_data_func ("/sync-await/gone/thread-ended-while-running", GUINT_TO_POINTER (3), test_home_gone);
  g_test_add_func ("/sync-await/origin", test_origin);
  g_test_add_data_func ("/sync-await/nested/five-deep-on-pool-of-one", go_deeper, test_nested);
  g_test_add_data_func ("/sync-await/nested/offload-sync-five-deep", go_deeper_sync, test_nested);
  g_test_add_func ("/sync-await/hundred-on-the-default-pool", test_hundred);
  return g_test_run ();
}
