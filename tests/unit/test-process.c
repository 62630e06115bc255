/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * How programs start and end. Each test runs this program again, as another one that is told its part on the command line,
 * and looks at its status and at all that it says.
 *
 * A program sets an alarm when it begins to leave. One that hangs is killed by it, which is no status of its own.
 */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
# define SECONDS_TO_LEAVE 60
#else
# define SECONDS_TO_LEAVE 5
#endif

#define SECONDS_TO_RUN 100
#define STATUS 3
#define N_BLOCKED 10

#ifdef __SANITIZE_ADDRESS__
/* A thread that is just being started when the process ends has memory of the sanitizer's own on its stack. */
const char *__lsan_default_suppressions (void);

const char *
__lsan_default_suppressions (void)
{
  return "leak:__pthread_getattr_np\n";
}
#endif

typedef struct
{
  const char *name;
  int (*main) (void);
  const char *expected;    /* on its standard output */
} Program;

/* A thread sanitizer lets other threads go on for a second when a process ends, in case they have something to tell. */
const char *__tsan_default_options (void);

const char *
__tsan_default_options (void)
{
  return "atexit_sleep_ms=10";
}

/* --- In a program ------------------------------------------------------------ */

static TestGate never;
static AiotExecutor *pool;

/* From any thread, without a buffer that would have to be flushed. */
static void
say (const char *text)
{
  g_assert_cmpint (write (STDOUT_FILENO, text, strlen (text)), ==, (gssize) strlen (text));
}

static void
begin_to_leave (void)
{
  alarm (SECONDS_TO_LEAVE);
}

static void
must_not_be_called (gpointer data)
{
  g_printerr ("The data of “%s” was freed\n", (char *) data);
}

static void
must_not_be_called_back (GObject      *source_object,
                         GAsyncResult *result,
                         gpointer      data)
{
  g_printerr ("“%s” was answered\n", (char *) data);
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
say_end (void)
{
  say ("end\n");
}

/* Of a program that waits for nothing that could make it go on. */
static void
run_for_ever (void)
{
  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}

/* --- Workers that are blocked for ever --- */

static int n_blocked;

static void
count_blocked (gpointer user_data)
{
  n_blocked++;
}

static gboolean
block_at_gate (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  aiot_call_post (call, count_blocked, NULL, NULL);
  test_gate_wait (&never);
  return TRUE;
}

static gboolean
block_in_read (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  char byte;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  aiot_call_post (call, count_blocked, NULL, NULL);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  return TRUE;
}

/* An operation that nobody ever completes; it is kept, as whatever would complete it would do. */
static void
start_never (GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             callback_data,
             gpointer             user_data)
{
  static GPtrArray *kept;

  if (kept == NULL)
    kept = g_ptr_array_new ();
  g_ptr_array_add (kept, g_task_new (NULL, cancellable, callback, callback_data));
  n_blocked++;
}

static gboolean
finish_never (GObject       *source_object,
              GAsyncResult  *result,
              gpointer       user_data,
              GValue        *value,
              GError       **error)
{
  g_printerr ("An operation came to an end\n");
  return TRUE;
}

static gboolean
block_in_sync_await (AiotCall  *call,
                     gpointer   user_data,
                     GError   **error)
{
  return aiot_sync_await (start_never, finish_never, (gpointer) "an operation", must_not_be_called,
                          AIOT_TIMEOUT_NONE, NULL, NULL, error);
}

static void
block_workers (AiotThreadFunc block)
{
  for (int i = 0; i < N_BLOCKED; i++)
    aiot_offload_async (pool, block, (gpointer) "a blocked function", must_not_be_called, NULL,
                        must_not_be_called_back, (gpointer) "a blocked function");
  while (n_blocked < N_BLOCKED)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
never_run (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  g_printerr ("Work ran that had no thread\n");
  return TRUE;
}

static void
leave_work_in_queue (void)
{
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (never_run, (gpointer) "what limits", NULL);
  g_autoptr (AiotLimiter) limiter = aiot_limiter_new (1);

  aiot_executor_set_size (pool, N_BLOCKED);
  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();

      aiot_offload_async (pool, never_run, g_strdup ("a queued function"), must_not_be_called, cancellable,
                          must_not_be_called_back, (gpointer) "a queued function");
    }
  /* One of these is let through, and waits with the others for a thread; the rest waits to be let through. */
  aiot_threaded_set_executor (threaded, pool);
  aiot_threaded_set_limiter (threaded, limiter);
  for (int i = 0; i < 3; i++)
    aiot_threaded_call_async (threaded, NULL, NULL, must_not_be_called_back, (gpointer) "a limited function");
}

/* --- Ways to leave --- */

static TestGate may_exit;

static gboolean
exit_in_worker (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  test_gate_wait (&may_exit);
  begin_to_leave ();
  exit (STATUS);
}

static void
exit_in_callback (GObject      *source_object,
                  GAsyncResult *result,
                  gpointer      data)
{
  begin_to_leave ();
  exit (STATUS);
}

static void
exit_in_start (GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             callback_data,
               gpointer             user_data)
{
  begin_to_leave ();
  exit (STATUS);
}

static gboolean
await_exit (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return aiot_sync_await (exit_in_start, finish_never, NULL, NULL, AIOT_TIMEOUT_NONE, NULL, NULL, error);
}

static int
blocked_and_return (AiotThreadFunc block,
                    gboolean       with_queue)
{
  pool = aiot_executor_new_pool ("blocked", N_BLOCKED + 1);
  block_workers (block);
  if (with_queue)
    leave_work_in_queue ();
  begin_to_leave ();
  g_clear_object (&pool);
  return STATUS;
}

static int
blocked_and_exit_in_worker (AiotThreadFunc block,
                            gboolean       with_queue)
{
  pool = aiot_executor_new_pool ("blocked", N_BLOCKED + 1);
  aiot_offload_async (pool, exit_in_worker, NULL, NULL, NULL, NULL, NULL);
  block_workers (block);
  if (with_queue)
    leave_work_in_queue ();
  test_gate_open (&may_exit);
  run_for_ever ();
  return EXIT_FAILURE;
}

static int
blocked_and_exit_in_callback (AiotThreadFunc block)
{
  pool = aiot_executor_new_pool ("blocked", N_BLOCKED + 1);
  block_workers (block);
  aiot_offload_async (pool, succeed, NULL, NULL, NULL, exit_in_callback, NULL);
  run_for_ever ();
  return EXIT_FAILURE;
}

static int
blocked_and_exit_in_operation (AiotThreadFunc block)
{
  pool = aiot_executor_new_pool ("blocked", N_BLOCKED + 1);
  block_workers (block);
  aiot_offload_async (pool, await_exit, NULL, NULL, NULL, NULL, NULL);
  run_for_ever ();
  return EXIT_FAILURE;
}

static int main_gate_return (void) { return blocked_and_return (block_at_gate, FALSE); }
static int main_read_return (void) { return blocked_and_return (block_in_read, FALSE); }
static int main_await_return (void) { return blocked_and_return (block_in_sync_await, FALSE); }
static int main_gate_worker (void) { return blocked_and_exit_in_worker (block_at_gate, FALSE); }
static int main_read_worker (void) { return blocked_and_exit_in_worker (block_in_read, FALSE); }
static int main_await_worker (void) { return blocked_and_exit_in_worker (block_in_sync_await, FALSE); }
static int main_gate_callback (void) { return blocked_and_exit_in_callback (block_at_gate); }
static int main_await_callback (void) { return blocked_and_exit_in_callback (block_in_sync_await); }
static int main_gate_operation (void) { return blocked_and_exit_in_operation (block_at_gate); }
static int main_await_operation (void) { return blocked_and_exit_in_operation (block_in_sync_await); }
static int main_queue_return (void) { return blocked_and_return (block_at_gate, TRUE); }
static int main_queue_worker (void) { return blocked_and_exit_in_worker (block_at_gate, TRUE); }

/* --- Separate threads --- */

static TestGate process_ends;
static TestGate others_are_started;

/* Nothing but the end of the process makes this operation fail. */
static gboolean
wait_for_end_of_process (AiotCall  *call,
                         gpointer   user_data,
                         GError   **error)
{
  g_autoptr (GError) own_error = NULL;

  g_assert_false (aiot_sync_await (start_never, finish_never, (gpointer) "an operation", must_not_be_called,
                                   AIOT_TIMEOUT_NONE, NULL, NULL, &own_error));
  /* This function is told that it is cancelled, and its main context is gone. */
  g_assert_true (g_error_matches (own_error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                 g_error_matches (own_error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE));
  g_assert_true (aiot_call_is_cancelled (call));
  test_gate_open (&process_ends);
  return TRUE;
}

static gboolean
work_until_process_ends (AiotCall  *call,
                         gpointer   user_data,
                         GError   **error)
{
  test_gate_open (&others_are_started);
  test_gate_wait (&process_ends);
  say ("done\n");
  g_assert_false (aiot_call_is_cancelled (call));
  return TRUE;
}

/* What was registered before the library was used comes after its own end. */
static void
start_with_end (void)
{
  atexit (say_end);
  pool = aiot_executor_new_pool ("pool", 4);
}

static void
tell_when_process_ends (void)
{
  aiot_offload_async (pool, wait_for_end_of_process, NULL, NULL, NULL, NULL, NULL);
  while (n_blocked == 0)
    g_main_context_iteration (NULL, TRUE);
}

static int
main_joined (void)
{
  g_autoptr (AiotExecutor) separate = NULL;

  start_with_end ();
  separate = aiot_executor_new_separate ("joined", FALSE);
  tell_when_process_ends ();
  aiot_offload_async (separate, work_until_process_ends, (gpointer) "a separate thread", must_not_be_called, NULL,
                      must_not_be_called_back, (gpointer) "a separate thread");
  begin_to_leave ();
  return STATUS;
}

static gboolean
exit_here (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  test_gate_wait (&others_are_started);
  begin_to_leave ();
  exit (STATUS);
}

/* A thread that is waited for ends the process: it waits for the other one, and not for itself. */
static int
main_joined_exits (void)
{
  g_autoptr (AiotExecutor) separate = NULL;

  start_with_end ();
  separate = aiot_executor_new_separate ("joined", FALSE);
  tell_when_process_ends ();
  aiot_offload_async (separate, work_until_process_ends, NULL, NULL, NULL, NULL, NULL);
  aiot_offload_async (separate, exit_here, NULL, NULL, NULL, NULL, NULL);
  run_for_ever ();
  return EXIT_FAILURE;
}

static gboolean
ask_too_late (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  g_autoptr (GError) gone = NULL;

  test_gate_wait (&process_ends);
  g_assert_false (aiot_sync_await (start_never, finish_never, NULL, NULL, AIOT_TIMEOUT_NONE, NULL, NULL, &gone));
  g_assert_error (gone, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE);
  g_clear_error (&gone);
  g_assert_false (aiot_sync_await_in (g_main_context_default (), start_never, finish_never, NULL, NULL,
                                      AIOT_TIMEOUT_NONE, NULL, NULL, &gone));
  g_assert_error (gone, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE);
  say ("asked in vain\n");
  return TRUE;
}

/* Nobody iterates any main context any more, so a thread that is waited for must not wait for one. */
static int
main_joined_asks (void)
{
  g_autoptr (AiotExecutor) separate = NULL;

  start_with_end ();
  separate = aiot_executor_new_separate ("joined", FALSE);
  tell_when_process_ends ();
  aiot_offload_async (separate, ask_too_late, NULL, NULL, NULL, NULL, NULL);
  begin_to_leave ();
  return STATUS;
}

static AiotExecutor *starts_more;

static gboolean
start_another (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  int n_left = GPOINTER_TO_INT (user_data);

  test_gate_wait (&process_ends);
  say ("done\n");
  if (n_left > 0)
    aiot_offload_async (starts_more, start_another, GINT_TO_POINTER (n_left - 1), NULL, NULL, NULL, NULL);
  return TRUE;
}

/* What is started while the process ends is waited for as well. */
static int
main_joined_starts_more (void)
{
  start_with_end ();
  starts_more = aiot_executor_new_separate ("joined", FALSE);
  tell_when_process_ends ();
  aiot_offload_async (starts_more, start_another, GINT_TO_POINTER (3), NULL, NULL, NULL, NULL);
  begin_to_leave ();
  return STATUS;
}

static int
main_detached (void)
{
  g_autoptr (AiotExecutor) separate = NULL;

  start_with_end ();
  separate = aiot_executor_new_separate ("detached", TRUE);
  aiot_offload_async (separate, block_at_gate, (gpointer) "a separate thread", must_not_be_called, NULL,
                      must_not_be_called_back, (gpointer) "a separate thread");
  while (n_blocked == 0)
    g_main_context_iteration (NULL, TRUE);
  begin_to_leave ();
  return STATUS;
}

static gboolean
succeed_when_process_ends (AiotCall  *call,
                           gpointer   user_data,
                           GError   **error)
{
  test_gate_wait (&process_ends);
  return TRUE;
}

static void
note_answer (GObject      *source_object,
             GAsyncResult *result,
             gpointer      data)
{
  g_assert_nonnull (aiot_offload_finish (result, NULL));
  *(gboolean *) data = TRUE;
}

static gboolean
run_own_loop (AiotCall  *call,
              gpointer   user_data,
              GError   **error)
{
  g_autoptr (GMainContext) main_context = g_main_context_new ();
  gboolean answered = FALSE;

  g_main_context_push_thread_default (main_context);
  aiot_offload_async (user_data, succeed_when_process_ends, NULL, NULL, NULL, note_answer, &answered);
  test_gate_open (&others_are_started);
  while (!answered)
    g_main_context_iteration (main_context, TRUE);
  g_main_context_pop_thread_default (main_context);
  say ("done\n");
  return TRUE;
}

/* Its loop belongs to a thread that is waited for, so what it waits for arrives there. */
static int
main_joined_with_loop (void)
{
  g_autoptr (AiotExecutor) separate = NULL;

  start_with_end ();
  separate = aiot_executor_new_separate ("joined", FALSE);
  tell_when_process_ends ();
  aiot_offload_async (separate, run_own_loop, pool, NULL, NULL, NULL, NULL);
  test_gate_wait (&others_are_started);
  begin_to_leave ();
  return STATUS;
}

/* --- Calls at the end --- */

static gboolean
is_one_of_ours (const GError *error)
{
  return error != NULL && error->domain == AIOT_ERROR;
}

/* Each is done, fails, or is ignored; none waits for ever. */
static void
call_everything (gboolean in_worker)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("late", 2);
  g_autoptr (AiotExecutor) serial = aiot_executor_new_serial ("late");
  g_autoptr (AiotExecutor) separate = aiot_executor_new_separate ("late", TRUE);
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (succeed, NULL, NULL);
  g_autoptr (AiotLimiter) limiter = aiot_limiter_new (1);
  g_autoptr (AiotProgress) progress = aiot_progress_new ();
  AiotExecutor *executors[] = { executor, serial, separate, NULL };
  g_autoptr (GError) error = NULL;

  aiot_threaded_set_limiter (threaded, limiter);
  for (guint i = 0; i < G_N_ELEMENTS (executors); i++)
    {
      g_autoptr (AiotCall) call = aiot_offload_sync (executors[i], succeed, NULL, NULL, &error);

      g_assert_true (call != NULL || is_one_of_ours (error));
      g_clear_error (&error);
      aiot_offload_async (executors[i], succeed, NULL, NULL, NULL, must_not_be_called_back, (gpointer) "a late function");
      aiot_threaded_set_executor (threaded, executors[i]);
      aiot_threaded_call_async (threaded, NULL, NULL, must_not_be_called_back, (gpointer) "a late call");
      if (executors[i] == NULL)
        continue;

      g_assert_true (aiot_executor_shutdown_sync (executors[i], AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &error) ||
                     is_one_of_ours (error));
      g_clear_error (&error);
      aiot_executor_shutdown_async (executors[i], AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, NULL, NULL);
    }

  g_assert_false (aiot_sync_await (start_never, finish_never, NULL, NULL, AIOT_TIMEOUT_NONE, NULL, NULL, &error));
  if (in_worker)
    g_assert_error (error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE);
  else
    g_assert_true (is_one_of_ours (error));
  g_clear_error (&error);
  aiot_progress_report (progress, 0.5, "late");
}

static void
call_in_exit_handler (void)
{
  call_everything (FALSE);
  say ("called\n");
}

/* Once after the end of the library, and once before. */
static int
main_calls_in_exit_handlers (void)
{
  atexit (call_in_exit_handler);
  pool = aiot_executor_new_pool ("blocked", N_BLOCKED + 1);
  block_workers (block_in_sync_await);
  atexit (call_in_exit_handler);
  begin_to_leave ();
  return STATUS;
}

static gboolean
call_while_process_ends (AiotCall  *call,
                         gpointer   user_data,
                         GError   **error)
{
  test_gate_open (&others_are_started);
  test_gate_wait (&process_ends);
  aiot_call_post (call, must_not_be_called, (gpointer) "a post", must_not_be_called);
  call_everything (TRUE);
  say ("called\n");
  return TRUE;
}

static int
main_calls_in_worker (void)
{
  g_autoptr (AiotExecutor) separate = NULL;

  start_with_end ();
  separate = aiot_executor_new_separate ("late", FALSE);
  tell_when_process_ends ();
  aiot_offload_async (separate, call_while_process_ends, NULL, NULL, NULL, NULL, NULL);
  begin_to_leave ();
  return STATUS;
}

/* --- Before the first use --- */

static void
assert_no_thread (void)
{
  static guint n_at_first;

  if (n_at_first == 0)
    n_at_first = test_count_threads ();
  g_assert_cmpuint (test_count_threads (), ==, n_at_first);
#ifndef __SANITIZE_THREAD__
  g_assert_cmpuint (n_at_first, ==, 1);
#endif
}

static int
main_without_threads (void)
{
  g_autoptr (AiotExecutor) pool_executor = NULL, serial = NULL, separate = NULL, joined = NULL, by_default = NULL;
  g_autoptr (AiotThreaded) threaded = NULL;
  g_autoptr (AiotLimiter) limiter = NULL;
  g_autoptr (AiotProgress) progress = NULL;
  g_autoptr (AiotContextVar) variable = NULL;
  g_autoptr (AiotContext) context = NULL;
  g_autoptr (AiotCall) call = NULL;
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  assert_no_thread ();
  pool_executor = aiot_executor_new_pool ("pool", 8);
  serial = aiot_executor_new_serial ("serial");
  separate = aiot_executor_new_separate ("separate", TRUE);
  joined = aiot_executor_new_separate ("joined", FALSE);
  by_default = aiot_executor_dup_default ();
  aiot_set_default_executor (pool_executor);
  threaded = aiot_threaded_new (succeed, NULL, NULL);
  limiter = aiot_limiter_new (1);
  aiot_threaded_set_limiter (threaded, limiter);
  aiot_threaded_set_executor (threaded, serial);
  progress = aiot_progress_new ();
  aiot_progress_report (progress, 0.5, "half");
  variable = aiot_context_var_new ("variable", G_TYPE_STRING, NULL);
  context = aiot_context_dup_current ();
  assert_no_thread ();

  g_assert_cmpint (aiot_main_context_get_fd (main_context, NULL), >=, 0);
  aiot_main_context_set_budget (NULL, 1000);
  aiot_main_context_abandon (main_context);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  assert_no_thread ();

  /* The function runs right here; and what has nothing to end ends at once. */
  call = aiot_threaded_call_sync (threaded, NULL, NULL, NULL);
  g_assert_nonnull (call);
  g_assert_true (aiot_executor_shutdown_sync (joined, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  assert_no_thread ();
  begin_to_leave ();
  return STATUS;
}

static const Program programs[] = {
  { "/process/exit/main-returns/while-workers-wait-at-a-gate", main_gate_return, "" },
  { "/process/exit/main-returns/while-workers-read", main_read_return, "" },
  { "/process/exit/main-returns/while-workers-await", main_await_return, "" },
  { "/process/exit/main-returns/while-work-is-queued", main_queue_return, "" },
  { "/process/exit/in-a-worker/while-workers-wait-at-a-gate", main_gate_worker, "" },
  { "/process/exit/in-a-worker/while-workers-read", main_read_worker, "" },
  { "/process/exit/in-a-worker/while-workers-await", main_await_worker, "" },
  { "/process/exit/in-a-worker/while-work-is-queued", main_queue_worker, "" },
  { "/process/exit/in-a-callback/while-workers-wait-at-a-gate", main_gate_callback, "" },
  { "/process/exit/in-a-callback/while-workers-await", main_await_callback, "" },
  { "/process/exit/in-an-operation/while-workers-wait-at-a-gate", main_gate_operation, "" },
  { "/process/exit/in-an-operation/while-workers-await", main_await_operation, "" },
  { "/process/exit/separate/is-waited-for", main_joined, "done\nend\n" },
  { "/process/exit/separate/ends-the-process-itself", main_joined_exits, "done\nend\n" },
  { "/process/exit/separate/asks-too-late", main_joined_asks, "asked in vain\nend\n" },
  { "/process/exit/separate/starts-more", main_joined_starts_more, "done\ndone\ndone\ndone\nend\n" },
  { "/process/exit/separate/with-a-main-loop", main_joined_with_loop, "done\nend\n" },
  { "/process/exit/separate/detached-is-not-waited-for", main_detached, "end\n" },
  { "/process/exit/calls/in-exit-handlers", main_calls_in_exit_handlers, "called\ncalled\n" },
  { "/process/exit/calls/in-a-worker", main_calls_in_worker, "called\nend\n" },
  { "/process/start/no-thread-before-work", main_without_threads, "" },
};

/* --- Looking at it ------------------------------------------------------------ */

#define PROGRAM_OPTION "--program="

static void
test_program (gconstpointer data)
{
  const Program *program = data;
  g_autofree char *option = g_strconcat (PROGRAM_OPTION, program->name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *said = NULL, *complained = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error,
                              "/proc/self/exe", option, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &said, &complained, &error);
  g_assert_no_error (error);

  g_assert_cmpstr (complained, ==, "");
  if (!g_subprocess_get_if_exited (process))
    g_error ("It was killed by the signal %d", g_subprocess_get_term_sig (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, STATUS);
  g_assert_cmpstr (said, ==, program->expected);
}

int
main (int    argc,
      char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    if (argc == 2 && g_str_has_prefix (argv[1], PROGRAM_OPTION) &&
        g_str_equal (argv[1] + strlen (PROGRAM_OPTION), programs[i].name))
      {
        alarm (SECONDS_TO_RUN);
        return programs[i].main ();
      }

  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    g_test_add_data_func (programs[i].name, &programs[i], test_program);
  return g_test_run ();
}
