/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include "aiot-clock-private.h"
#include "aiot-executor-private.h"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* In a child nothing of the parent may keep it: one that hangs is killed by its alarm. */
#define SECONDS_IN_CHILD 60

#define STATUS 5

static gboolean is_child;

/* The leak detector looks for references on the stacks of all threads; in a child those of the parent are not seen. */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return is_child;
}

/* A thread sanitizer lets other threads go on for a second when a process ends, in case they have something to tell. */
const char *__tsan_default_options (void);

const char *
__tsan_default_options (void)
{
  return "atexit_sleep_ms=10";
}

static void
assert_exit_status (pid_t child,
                    int   expected)
{
  int status;

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (WIFSIGNALED (status))
    g_error ("The child was killed by the signal %d", WTERMSIG (status));
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, expected);
}

static pid_t
fork_child (void)
{
  pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child > 0)
    return child;

  is_child = TRUE;
  alarm (SECONDS_IN_CHILD);
  return 0;
}

/* Not _exit (): the handlers of the library run as well, and must not wait for threads that are not there. */
static void
run_in_child (void     (*func) (gpointer data),
              gpointer   data)
{
  pid_t child = fork_child ();

  if (child == 0)
    {
      func (data);
      exit (STATUS);
    }
  assert_exit_status (child, STATUS);
}

static gboolean
never_run (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  g_assert_not_reached ();
}

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static void
never_start (GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             callback_data,
             gpointer             user_data)
{
  g_assert_not_reached ();
}

static gboolean
never_start_task (GTask     *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_assert_not_reached ();
  return FALSE;
}

static gboolean
never_finish (GObject       *source_object,
              GAsyncResult  *result,
              gpointer       user_data,
              GValue        *value,
              GError       **error)
{
  g_assert_not_reached ();
}

static void
never_run_task (GTask        *task,
                gpointer      source_object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  g_assert_not_reached ();
}

static void
assert_forked (GError **error)
{
  g_assert_error (*error, AIOT_ERROR, AIOT_ERROR_FORKED);
  g_clear_error (error);
}

/* --- Calls in the child --- */

typedef struct
{
  AiotExecutor *executors[4];
  AiotThreaded *threaded;
  AiotLimiter *limiter;
} Objects;

static void
objects_init (Objects *objects)
{
  *objects = (Objects) {
    .executors = {
      aiot_executor_new_pool ("pool", 4),
      aiot_executor_new_serial ("serial"),
      aiot_executor_new_separate ("separate", TRUE),
      aiot_executor_new_separate ("joined", FALSE),
    },
    .threaded = aiot_threaded_new (never_run, NULL, NULL),
    .limiter = aiot_limiter_new (1),
  };
  aiot_threaded_set_limiter (objects->threaded, objects->limiter);
}

static void
objects_clear (Objects *objects)
{
  for (guint i = 0; i < G_N_ELEMENTS (objects->executors); i++)
    g_clear_object (&objects->executors[i]);
  g_clear_object (&objects->threaded);
  g_clear_object (&objects->limiter);
}

static void
wait_for_answer (TestAnswer *answer)
{
  g_assert_cmpint (answer->n_called, ==, 0);
  test_answer_wait (answer, g_main_context_get_thread_default ());
}

static void
call_on_executor (AiotExecutor *executor)
{
  TestLedger ledger = { g_thread_self (), 0, 0, 0 };
  TestAnswer answer = { 0 }, cancelled_answer = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;

  aiot_offload_async (executor, never_run, test_ledger_item (&ledger), test_item_free, NULL, test_answer_cb, &answer);
  wait_for_answer (&answer);
  g_assert_null (aiot_offload_finish (answer.result, &error));
  assert_forked (&error);
  test_answer_clear (&answer);
  g_assert_cmpint (ledger.n_freed, ==, 1);

  g_cancellable_cancel (cancellable);
  aiot_offload_async (executor, never_run, NULL, NULL, cancellable, test_answer_cb, &cancelled_answer);
  wait_for_answer (&cancelled_answer);
  g_assert_null (aiot_offload_finish (cancelled_answer.result, &error));
  assert_forked (&error);
  test_answer_clear (&cancelled_answer);

  g_assert_null (aiot_offload_sync (executor, never_run, NULL, NULL, &error));
  assert_forked (&error);

  task = g_task_new (NULL, NULL, NULL, NULL);
  aiot_executor_run_task (executor, task, never_run_task);
  g_assert_false (g_task_propagate_boolean (task, &error));
  assert_forked (&error);
}

static void
call_threaded (AiotThreaded *threaded,
               AiotExecutor *executor)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  aiot_threaded_set_executor (threaded, executor);
  aiot_threaded_call_async (threaded, NULL, NULL, test_answer_cb, &answer);
  wait_for_answer (&answer);
  g_assert_null (aiot_threaded_call_finish (threaded, answer.result, &error));
  assert_forked (&error);
  test_answer_clear (&answer);
}

static void
await_in_child (void)
{
  TestLedger ledger = { g_thread_self (), 0, 0, 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_sync_await (never_start, never_finish, test_ledger_item (&ledger), test_item_free,
                                   AIOT_TIMEOUT_NONE, NULL, NULL, &error));
  assert_forked (&error);
  g_assert_false (aiot_sync_await_in (g_main_context_default (), never_start, never_finish,
                                      test_ledger_item (&ledger), test_item_free,
                                      AIOT_TIMEOUT_NONE, NULL, NULL, &error));
  assert_forked (&error);
  g_assert_null (aiot_sync_await_task (never_start_task, test_ledger_item (&ledger), test_item_free,
                                       AIOT_TIMEOUT_NONE, NULL, &error));
  assert_forked (&error);
  g_assert_null (aiot_sync_await_task_in (g_main_context_default (), never_start_task,
                                          test_ledger_item (&ledger), test_item_free,
                                          AIOT_TIMEOUT_NONE, NULL, &error));
  assert_forked (&error);
  g_assert_cmpint (ledger.n_made, ==, 4);
  g_assert_cmpint (ledger.n_freed, ==, 4);
}

static void
shut_down_in_child (AiotExecutor *executor)
{
  TestAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, &error));
  assert_forked (&error);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_CANCEL, AIOT_TIMEOUT_NONE, NULL, test_answer_cb, &answer);
  wait_for_answer (&answer);
  g_assert_false (aiot_executor_shutdown_finish (executor, answer.result, &error));
  assert_forked (&error);
  test_answer_clear (&answer);
  aiot_executor_shutdown_async (executor, AIOT_SHUTDOWN_WAIT, 1, NULL, NULL, NULL);
}

/* Of an executor that has none of its threads here. */
static void
ask_executor (AiotExecutor *executor)
{
  g_auto (GStrv) running = aiot_executor_list_running (executor);

  g_assert_cmpuint (g_strv_length (running), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_threads (executor), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_running (executor), ==, 0);
  g_assert_cmpuint (aiot_executor_get_n_queued (executor), ==, 0);
  g_assert_cmpuint (aiot_executor_get_size (executor), >=, 1);
}

/* With a main context of the child's own: that of the parent has its descriptors in common with it. */
static void
call_everything (gpointer data)
{
  Objects *objects = data;
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  g_main_context_push_thread_default (main_context);
  for (guint i = 0; i < G_N_ELEMENTS (objects->executors); i++)
    {
      call_on_executor (objects->executors[i]);
      call_threaded (objects->threaded, objects->executors[i]);
      shut_down_in_child (objects->executors[i]);
      ask_executor (objects->executors[i]);
    }
  call_on_executor (NULL);
  call_threaded (objects->threaded, NULL);
  await_in_child ();
  objects_clear (objects);

  /* What is new has no threads either. */
  objects_init (objects);
  for (guint i = 0; i < G_N_ELEMENTS (objects->executors); i++)
    {
      call_on_executor (objects->executors[i]);
      call_threaded (objects->threaded, objects->executors[i]);
    }
  objects_clear (objects);
  g_main_context_pop_thread_default (main_context);
}

/* --- Work of the parent that is under way --- */

typedef struct
{
  Objects objects;
  AiotExecutor *one;         /* where work is queued */
  TestHold holds[8];
  TestAnswer answers[8 + 20];
  TestLedger ledger;
  GTask *awaited;
  TestAnswer await_answer;
  int n_started;
} Parent;

static void
start_awaited (GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             callback_data,
               gpointer             user_data)
{
  Parent *parent = user_data;

  parent->awaited = g_task_new (NULL, NULL, callback, callback_data);
  parent->n_started = 1;
}

static gboolean
finish_awaited (GObject       *source_object,
                GAsyncResult  *result,
                gpointer       user_data,
                GValue        *value,
                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
await_func (AiotCall  *call,
            gpointer   user_data,
            GError   **error)
{
  return aiot_sync_await (start_awaited, finish_awaited, user_data, NULL, AIOT_TIMEOUT_NONE, NULL, NULL, error);
}

/* Work that runs on each kind of executor, work that is queued, and a worker that awaits. */
static void
parent_start (Parent *parent)
{
  *parent = (Parent) { .ledger = { g_thread_self (), 0, 0, 0 } };
  objects_init (&parent->objects);
  parent->one = aiot_executor_new_pool ("one", 1);

  aiot_offload_async (NULL, await_func, parent, NULL, NULL, test_answer_cb, &parent->await_answer);
  test_iterate_until (NULL, &parent->n_started, 1);
  for (guint i = 0; i < G_N_ELEMENTS (parent->answers); i++)
    {
      gboolean is_held = i < G_N_ELEMENTS (parent->holds);
      AiotExecutor *executor = i % 5 == 4 || !is_held ? parent->one : parent->objects.executors[i % 5];

      aiot_offload_async (executor, is_held ? test_hold_func : succeed, is_held ? &parent->holds[i] : NULL, NULL,
                          NULL, test_answer_cb, &parent->answers[i]);
      if (is_held && i < 5)
        test_gate_wait (&parent->holds[i].running);
    }
  test_ledger_item (&parent->ledger);
  aiot_offload_async (parent->one, succeed, &parent->ledger, test_item_free, NULL, NULL, NULL);
}

/* It goes on as if nothing had been. */
static void
parent_end (Parent *parent)
{
  for (guint i = 0; i < G_N_ELEMENTS (parent->holds); i++)
    test_gate_open (&parent->holds[i].leave);
  g_task_return_boolean (parent->awaited, TRUE);
  g_clear_object (&parent->awaited);
  test_answer_wait (&parent->await_answer, NULL);
  g_assert_nonnull (aiot_offload_finish (parent->await_answer.result, NULL));
  test_answer_clear (&parent->await_answer);

  for (guint i = 0; i < G_N_ELEMENTS (parent->answers); i++)
    {
      test_answer_wait (&parent->answers[i], NULL);
      g_assert_nonnull (aiot_offload_finish (parent->answers[i].result, NULL));
      test_answer_clear (&parent->answers[i]);
    }
  test_iterate_until (NULL, &parent->ledger.n_freed, 1);
  g_assert_cmpint (parent->ledger.n_freed_elsewhere, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (parent->holds); i++)
    {
      g_assert_cmpint (parent->holds[i].n_run, ==, 1);
      test_hold_clear (&parent->holds[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (parent->objects.executors); i++)
    g_assert_true (aiot_executor_shutdown_sync (parent->objects.executors[i], AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE,
                                                NULL, NULL));
  g_assert_true (aiot_executor_shutdown_sync (parent->one, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  g_clear_object (&parent->one);
  objects_clear (&parent->objects);
}

static void
test_calls_fail (void)
{
  Parent parent;

  parent_start (&parent);
  run_in_child (call_everything, &parent.objects);
  run_in_child (call_everything, &parent.objects);
  parent_end (&parent);
}

static void
do_nothing (gpointer data)
{
}

/* With threads that the end of the parent waits for. */
static void
test_child_exits (void)
{
  Parent parent;

  parent_start (&parent);
  for (int i = 0; i < 5; i++)
    run_in_child (do_nothing, NULL);
  parent_end (&parent);
}

/* --- Other programs --- */

static void
run_other_program (void)
{
  pid_t child = fork_child ();

  if (child == 0)
    {
      execl ("/bin/sh", "sh", "-c", "exit 5", NULL);
      _exit (EXIT_FAILURE);
    }
  assert_exit_status (child, STATUS);
}

static void
wait_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      n_ended)
{
  g_assert_true (g_subprocess_wait_finish (G_SUBPROCESS (source_object), result, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (G_SUBPROCESS (source_object)), ==, STATUS);
  ++*(int *) n_ended;
}

static void
test_exec (void)
{
  char *arguments[] = { (char *) "sh", (char *) "-c", (char *) "exit 5", NULL };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  Parent parent;
  int n_ended = 0;

  parent_start (&parent);
  for (int i = 0; i < 5; i++)
    {
      pid_t child;

      run_other_program ();
      g_assert_cmpint (posix_spawn (&child, "/bin/sh", NULL, NULL, arguments, environ), ==, 0);
      assert_exit_status (child, STATUS);
    }

  /* GLib spawns in one way or in another; where there is something to do in the child, it forks. */
  for (int i = 0; i < 5; i++)
    {
      g_autoptr (GSubprocess) plain = g_subprocess_newv ((const char *const *) arguments, G_SUBPROCESS_FLAGS_NONE, NULL);
      g_autoptr (GSubprocess) forked = NULL;

      if (i == 0)
        g_subprocess_launcher_set_child_setup (launcher, do_nothing, NULL, NULL);
      forked = g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments, NULL);
      g_assert_nonnull (plain);
      g_assert_nonnull (forked);
      g_subprocess_wait_async (plain, NULL, wait_cb, &n_ended);
      g_subprocess_wait_async (forked, NULL, wait_cb, &n_ended);
    }
  test_iterate_until (NULL, &n_ended, 10);
  parent_end (&parent);
}

/* --- In a worker --- */

typedef struct
{
  AiotExecutor *executor;
  TestGate main_rests;
  TestGate ended;
} InWorker;

static gboolean
fork_in_worker (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  InWorker *in_worker = user_data;
  pid_t child;

  test_gate_wait (&in_worker->main_rests);
  child = fork_child ();
  if (child == 0)
    {
      g_autoptr (GMainContext) main_context = g_main_context_new ();
      GError *own_error = NULL;

      g_main_context_push_thread_default (main_context);
      /* Where it would run the function on its own thread, too. */
      g_assert_null (aiot_offload_sync (in_worker->executor, never_run, NULL, NULL, &own_error));
      assert_forked (&own_error);
      await_in_child ();
      shut_down_in_child (in_worker->executor);
      exit (STATUS);
    }
  assert_exit_status (child, STATUS);
  test_gate_open (&in_worker->ended);
  return TRUE;
}

static void
test_in_worker (void)
{
  Objects objects;

  objects_init (&objects);
  for (guint i = 0; i < G_N_ELEMENTS (objects.executors); i++)
    {
      InWorker in_worker = { .executor = objects.executors[i] };
      TestAnswer answer = { 0 };

      aiot_offload_async (objects.executors[i], fork_in_worker, &in_worker, NULL, NULL, test_answer_cb, &answer);
      /* No lock of GLib is held by this thread while the other forks. */
      test_gate_open (&in_worker.main_rests);
      test_gate_wait (&in_worker.ended);
      test_answer_wait (&answer, NULL);
      g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
      test_answer_clear (&answer);
    }
  objects_clear (&objects);
}

/* --- The main context of the parent --- */

static void
iterate_in_child (gpointer data)
{
  TestAnswer *answer = data;

  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpint (answer->n_called, ==, 0);
}

/* What arrived for the parent is delivered there, and not in the child. */
static void
test_main_context_of_the_parent (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("pool", 1);
  TestAnswer answer = { 0 };

  aiot_offload_async (executor, succeed, NULL, NULL, NULL, test_answer_cb, &answer);
  /* Its thread has ended when this returns, so the answer has arrived. */
  g_assert_true (aiot_executor_shutdown_sync (executor, AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  run_in_child (iterate_in_child, &answer);
  g_assert_cmpint (answer.n_called, ==, 0);
  test_answer_wait (&answer, NULL);
  g_assert_nonnull (aiot_offload_finish (answer.result, NULL));
  test_answer_clear (&answer);
}

/* --- Locks that nobody will unlock --- */

typedef struct
{
  AiotRunner *runner;
  TestGate is_locked;
  TestGate may_unlock;
} Locker;

static gpointer
lock_runner (gpointer data)
{
  Locker *locker = data;

  g_mutex_lock (&locker->runner->mutex);
  test_gate_open (&locker->is_locked);
  test_gate_wait (&locker->may_unlock);
  g_mutex_unlock (&locker->runner->mutex);
  return NULL;
}

/* Another thread was just about to do something with the executors when the process forked. */
static void
test_locked (void)
{
  Objects objects;
  Locker lockers[4] = { 0 };
  GThread *threads[4];

  objects_init (&objects);
  for (guint i = 0; i < G_N_ELEMENTS (lockers); i++)
    {
      g_autoptr (AiotCall) call = aiot_offload_sync (objects.executors[i], succeed, NULL, NULL, NULL);

      g_assert_nonnull (call);
      lockers[i].runner = aiot_executor_dup_runner (objects.executors[i]);
      threads[i] = g_thread_new ("locks", lock_runner, &lockers[i]);
      test_gate_wait (&lockers[i].is_locked);
    }

  run_in_child (call_everything, &objects);

  for (guint i = 0; i < G_N_ELEMENTS (lockers); i++)
    {
      test_gate_open (&lockers[i].may_unlock);
      g_thread_join (threads[i]);
      aiot_runner_unref (lockers[i].runner);
    }
  objects_clear (&objects);
}

/* --- In a callback --- */

/* So many calls that those which follow wait for each other. */
#define LOT 20

typedef struct
{
  AiotExecutor *executor;
  AiotRunner *runner;
  guint n_called;
  pid_t child;
} Forking;

static void
count_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  ((Forking *) user_data)->n_called++;
}

static void
make_lot_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Forking *self = user_data;

  for (guint i = 0; i < LOT; i++)
    aiot_offload_async (self->executor, succeed, NULL, NULL, NULL, count_cb, self);
  self->n_called++;
}

static void
wait_until_it_dozes (AiotRunner *runner)
{
  guint n_dozing;

  do
    {
      g_thread_yield ();
      g_mutex_lock (&runner->mutex);
      n_dozing = runner->n_dozing;
      g_mutex_unlock (&runner->mutex);
    }
  while (n_dozing == 0);
}

/* Its thread is to be woken for the call when home has a moment, and the lock that this takes stays locked in the child. */
static void
fork_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Forking *self = user_data;

  wait_until_it_dozes (self->runner);
  aiot_offload_async (self->executor, succeed, NULL, NULL, NULL, count_cb, self);
  g_mutex_lock (&self->runner->mutex);
  g_assert_cmpuint (self->runner->owed.n, ==, 1);
  self->child = fork_child ();
  if (self->child != 0)
    g_mutex_unlock (&self->runner->mutex);
  self->n_called++;
}

static void
test_in_a_callback (void)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_pool ("forking", 1);
  g_autoptr (AiotRunner) runner = aiot_executor_dup_runner (executor);
  Forking self = { executor, runner, 0, -1 };

  aiot_clock_stop ();
  aiot_offload_async (executor, succeed, NULL, NULL, NULL, make_lot_cb, &self);
  while (self.n_called < LOT + 1)
    g_main_context_iteration (NULL, TRUE);

  aiot_offload_async (executor, succeed, NULL, NULL, NULL, fork_cb, &self);
  while (self.n_called < LOT + 2)
    g_main_context_iteration (NULL, TRUE);
  if (self.child == 0)
    exit (STATUS);
  assert_exit_status (self.child, STATUS);

  while (self.n_called < LOT + 3)
    g_main_context_iteration (NULL, TRUE);
  aiot_clock_resume ();
}

/* --- At any moment --- */

typedef struct
{
  Objects *objects;
  AiotThreaded *threaded;
  int should_stop;
} Busy;

static gpointer
keep_busy (gpointer data)
{
  Busy *busy = data;
  g_autoptr (GMainContext) main_context = g_main_context_new ();

  g_main_context_push_thread_default (main_context);
  while (!g_atomic_int_get (&busy->should_stop))
    for (guint i = 0; i < G_N_ELEMENTS (busy->objects->executors); i++)
      {
        TestAnswer answer = { 0 };

        aiot_threaded_set_executor (busy->threaded, busy->objects->executors[i]);
        aiot_threaded_call_async (busy->threaded, NULL, NULL, test_answer_cb, &answer);
        test_answer_wait (&answer, main_context);
        g_assert_nonnull (aiot_threaded_call_finish (busy->threaded, answer.result, NULL));
        test_answer_clear (&answer);
      }
  g_main_context_pop_thread_default (main_context);
  return NULL;
}

/*
 * Whatever the threads of the parent are doing, the child may exit, and may become another program. More can't be promised:
 * GObject has locks of its own, which may be held as well.
 */
static void
test_at_any_moment (void)
{
  Objects objects;
  Busy busy[3];
  GThread *threads[3];

  objects_init (&objects);
  for (guint i = 0; i < G_N_ELEMENTS (busy); i++)
    {
      busy[i] = (Busy) { &objects, aiot_threaded_new (succeed, NULL, NULL), FALSE };
      threads[i] = g_thread_new ("busy", keep_busy, &busy[i]);
    }
  for (guint i = 0; i < test_scaled (200); i++)
    {
      run_in_child (do_nothing, NULL);
      if (i % 4 == 0)
        run_other_program ();
    }
  for (guint i = 0; i < G_N_ELEMENTS (busy); i++)
    {
      g_atomic_int_set (&busy[i].should_stop, TRUE);
      g_thread_join (threads[i]);
      g_object_unref (busy[i].threaded);
    }
  objects_clear (&objects);
}

/* --- Without use --- */

static void
use_in_child (gpointer data)
{
  g_autoptr (AiotCall) call = aiot_offload_sync (NULL, succeed, NULL, NULL, NULL);

  g_assert_nonnull (call);
}

/* A process that forks first and uses the library in both parts later. */
static void
test_before_use (void)
{
  if (g_test_subprocess ())
    {
      run_in_child (use_in_child, NULL);
      use_in_child (NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

#ifdef __SANITIZE_ADDRESS__
static void
skip (void)
{
  g_test_skip ("AddressSanitizer may have locked its memory for ever in a forked child");
}
#endif

/* glibc unlocks its memory after a fork, the sanitizer does not: a child whose parent was just allocating can't go on. */
static void
add (const char *path,
     GTestFunc   func)
{
#ifdef __SANITIZE_ADDRESS__
  func = skip;
#endif
  g_test_add_func (path, func);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  add ("/fork/before-use", test_before_use);
  add ("/fork/calls-fail-in-the-child", test_calls_fail);
  add ("/fork/child-exits", test_child_exits);
  add ("/fork/exec", test_exec);
  add ("/fork/in-a-worker", test_in_worker);
  add ("/fork/main-context-of-the-parent", test_main_context_of_the_parent);
  add ("/fork/in-a-callback", test_in_a_callback);
  add ("/fork/while-a-lock-is-held", test_locked);
  add ("/fork/at-any-moment", test_at_any_moment);
  return g_test_run ();
}
