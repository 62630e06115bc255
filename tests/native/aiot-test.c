/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-test.h"

/**
 * AiotTestItem:
 *
 * An object that is counted.
 */
struct _AiotTestItem
{
  GObject parent_instance;
};

/* A wait that will never end is better an error that says so than a test that meson kills. */
#define WATCHDOG_SECONDS 60

static GThread *home_thread;

/* Atomic */
static int n_alive;
static int n_finalized;
static int n_finalized_elsewhere;
static int n_threads_started;
static int n_threads_ended;

G_DEFINE_FINAL_TYPE (AiotTestItem, aiot_test_item, G_TYPE_OBJECT)

static void
aiot_test_item_finalize (GObject *object)
{
  if (g_thread_self () != home_thread)
    g_atomic_int_inc (&n_finalized_elsewhere);
  g_atomic_int_inc (&n_finalized);
  g_atomic_int_add (&n_alive, -1);

  G_OBJECT_CLASS (aiot_test_item_parent_class)->finalize (object);
}

static void
aiot_test_item_class_init (AiotTestItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = aiot_test_item_finalize;
}

static void
aiot_test_item_init (AiotTestItem *self)
{
  g_atomic_int_inc (&n_alive);
}

/**
 * aiot_test_item_new:
 *
 * Returns: (transfer full): an item
 */
AiotTestItem *
aiot_test_item_new (void)
{
  return g_object_new (AIOT_TEST_TYPE_ITEM, NULL);
}

/**
 * aiot_test_item_get_n_alive:
 *
 * Returns: how many items there are
 */
guint
aiot_test_item_get_n_alive (void)
{
  return g_atomic_int_get (&n_alive);
}

/**
 * aiot_test_item_get_n_finalized:
 *
 * Returns: how many items were finalized so far
 */
guint
aiot_test_item_get_n_finalized (void)
{
  return g_atomic_int_get (&n_finalized);
}

/**
 * aiot_test_item_get_n_finalized_elsewhere:
 *
 * Returns: how many were finalized on another thread than the one that asked for them
 */
guint
aiot_test_item_get_n_finalized_elsewhere (void)
{
  return g_atomic_int_get (&n_finalized_elsewhere);
}

/* From now on it counts which items are finalized on another thread than the calling one. */
void
aiot_test_item_free_here (void)
{
  home_thread = g_thread_self ();
}

static gboolean
add_one (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  g_auto (GValue) number = G_VALUE_INIT;

  g_value_init (&number, G_TYPE_INT64);
  if (!g_value_transform (aiot_call_get_argument (call), &number))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "not a number");
      return FALSE;
    }
  aiot_call_set_result_int64 (call, g_value_get_int64 (&number) + 1);
  return TRUE;
}

static gboolean
echo (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  const GValue *argument = aiot_call_get_argument (call);

  if (argument != NULL)
    aiot_call_set_result (call, argument);
  return TRUE;
}

static gboolean
nothing (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static gboolean
null_string (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  aiot_call_set_result_string (call, NULL);
  return TRUE;
}

static gboolean
make_item (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  aiot_call_set_result_take_object (call, aiot_test_item_new ());
  return TRUE;
}

static gboolean
is_home (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  aiot_call_set_result_boolean (call, g_thread_self () == home_thread);
  return TRUE;
}

static gboolean
fail (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no such thing");
  return FALSE;
}

static gboolean
fail_silently (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  return FALSE;
}

/* One gate: closed, reached by a function that waits at it, and opened. */
static GMutex gate_mutex;
static GCond gate_cond;
static gboolean gate_is_reached;
static gboolean gate_is_open;

static void
wait_at_gate_locked (gint64 deadline)
{
  if (!g_cond_wait_until (&gate_cond, &gate_mutex, deadline))
    g_error ("Nothing happened at the gate for a minute");
}

static gint64
watchdog (void)
{
  return g_get_monotonic_time () + WATCHDOG_SECONDS * G_TIME_SPAN_SECOND;
}

static void
wake_gate (GCancellable *cancellable,
           gpointer      user_data)
{
  g_mutex_lock (&gate_mutex);
  g_cond_broadcast (&gate_cond);
  g_mutex_unlock (&gate_mutex);
}

static gboolean
wait_for_gate (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  GCancellable *cancellable = aiot_call_get_cancellable (call);
  gulong id = g_cancellable_connect (cancellable, G_CALLBACK (wake_gate), NULL, NULL);
  gint64 deadline = watchdog ();

  g_mutex_lock (&gate_mutex);
  gate_is_reached = TRUE;
  g_cond_broadcast (&gate_cond);
  while (!gate_is_open && !g_cancellable_is_cancelled (cancellable))
    wait_at_gate_locked (deadline);
  g_mutex_unlock (&gate_mutex);

  g_cancellable_disconnect (cancellable, id);
  return !aiot_call_set_error_if_cancelled (call, error);
}

static gboolean
make_item_at_gate (AiotCall  *call,
                   gpointer   user_data,
                   GError   **error)
{
  gint64 deadline = watchdog ();

  g_mutex_lock (&gate_mutex);
  gate_is_reached = TRUE;
  g_cond_broadcast (&gate_cond);
  while (!gate_is_open)
    wait_at_gate_locked (deadline);
  g_mutex_unlock (&gate_mutex);

  return make_item (call, user_data, error);
}

/* What others are handed: a function and its data, or an object. */
typedef struct
{
  AiotContextVar *var;
  AiotProgress *progress;
  AiotPostFunc post;
  AiotStartFunc start;
  int timeout_ms;
  gpointer user_data;
  GDestroyNotify user_data_destroy;
} Given;

static void
given_free (gpointer data)
{
  Given *self = data;

  if (self->user_data_destroy != NULL)
    self->user_data_destroy (self->user_data);
  g_clear_object (&self->var);
  g_clear_object (&self->progress);
  g_free (self);
}

static void
set_result_from_var (AiotCall       *call,
                     AiotContextVar *var)
{
  const GValue *value = aiot_context_var_get (var);

  if (value != NULL)
    aiot_call_set_result (call, value);
}

static gboolean
read_var (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  set_result_from_var (call, ((Given *) user_data)->var);
  return TRUE;
}

static gboolean
set_var (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  AiotContextVar *var = ((Given *) user_data)->var;
  g_autoptr (AiotContextToken) token = aiot_context_var_set (var, aiot_call_get_argument (call));

  set_result_from_var (call, var);
  return token != NULL;
}

static gboolean
post (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  Given *given = user_data;

  aiot_call_post (call, given->post, given->user_data, NULL);
  return TRUE;
}

static gboolean
ask (AiotCall  *call,
     gpointer   user_data,
     GError   **error)
{
  Given *given = user_data;
  g_autoptr (AiotCall) answer = aiot_sync_await_task (given->start, given->user_data, NULL, given->timeout_ms, NULL, error);

  if (answer == NULL)
    return FALSE;

  aiot_call_set_result (call, aiot_call_get_result (answer));
  return TRUE;
}

static gboolean
report (AiotCall  *call,
        gpointer   user_data,
        GError   **error)
{
  Given *given = user_data;

  for (int i = 0; i <= 100; i++)
    aiot_progress_report (given->progress, i / 100.0, i < 100 ? "working" : "done");
  return TRUE;
}

static gboolean
block_at_gate (AiotCall  *call,
               gpointer   user_data,
               GError   **error)
{
  gboolean succeeded;

  aiot_blocking_begin ();
  succeeded = wait_for_gate (call, user_data, error);
  aiot_blocking_end ();

  return succeeded;
}

static gboolean
tell_thread (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  aiot_call_set_result_take_string (call, g_strdup_printf ("%p", (gpointer) g_thread_self ()));
  return TRUE;
}

static gboolean
tell_origin (AiotCall  *call,
             gpointer   user_data,
             GError   **error)
{
  g_autoptr (GMainContext) origin = aiot_ref_origin_context ();

  aiot_call_set_result_boolean (call, origin == g_main_context_default ());
  return TRUE;
}

static void
thread_hook (AiotThreadPhase phase,
             gpointer        user_data)
{
  g_atomic_int_inc (phase == AIOT_THREAD_STARTS ? &n_threads_started : &n_threads_ended);
}

static AiotThreaded *
new_threaded_with (AiotThreadFunc  func,
                   const char     *name,
                   Given           given)
{
  AiotThreaded *threaded = aiot_threaded_new (func, g_memdup2 (&given, sizeof given), given_free);

  aiot_test_item_free_here ();
  aiot_threaded_set_name (threaded, name);
  return threaded;
}

static AiotThreaded *
new_threaded (AiotThreadFunc  func,
              const char     *name)
{
  AiotThreaded *threaded = aiot_threaded_new (func, NULL, NULL);

  aiot_test_item_free_here ();
  aiot_threaded_set_name (threaded, name);
  return threaded;
}

/**
 * aiot_test_new_add_one:
 *
 * Returns: (transfer full): adds 1 to its argument
 */
AiotThreaded *
aiot_test_new_add_one (void)
{
  return new_threaded (add_one, "add-one");
}

/**
 * aiot_test_new_echo:
 *
 * Returns: (transfer full): returns its argument
 */
AiotThreaded *
aiot_test_new_echo (void)
{
  return new_threaded (echo, "echo");
}

/**
 * aiot_test_new_nothing:
 *
 * Returns: (transfer full): returns no value
 */
AiotThreaded *
aiot_test_new_nothing (void)
{
  return new_threaded (nothing, "nothing");
}

/**
 * aiot_test_new_null_string:
 *
 * Returns: (transfer full): returns a string that is NULL
 */
AiotThreaded *
aiot_test_new_null_string (void)
{
  return new_threaded (null_string, "null-string");
}

/**
 * aiot_test_new_make_item:
 *
 * Returns: (transfer full): returns an item that the worker made
 */
AiotThreaded *
aiot_test_new_make_item (void)
{
  return new_threaded (make_item, "make-item");
}

/**
 * aiot_test_new_is_home:
 *
 * Returns: (transfer full): tells whether it runs on the thread that made it
 */
AiotThreaded *
aiot_test_new_is_home (void)
{
  return new_threaded (is_home, "is-home");
}

/**
 * aiot_test_new_fail:
 *
 * Returns: (transfer full): fails with G_IO_ERROR_NOT_FOUND, "no such thing"
 */
AiotThreaded *
aiot_test_new_fail (void)
{
  return new_threaded (fail, "fail");
}

/**
 * aiot_test_new_fail_silently:
 *
 * Returns: (transfer full): fails without an error
 */
AiotThreaded *
aiot_test_new_fail_silently (void)
{
  return new_threaded (fail_silently, "fail-silently");
}

/**
 * aiot_test_new_wait_for_gate:
 *
 * Returns: (transfer full): waits until the gate is open, or it is cancelled
 */
AiotThreaded *
aiot_test_new_wait_for_gate (void)
{
  return new_threaded (wait_for_gate, "wait-for-gate");
}

/**
 * aiot_test_new_make_item_at_gate:
 *
 * Returns: (transfer full): waits until the gate is open, cancelled or not, and returns an item that the worker made
 */
AiotThreaded *
aiot_test_new_make_item_at_gate (void)
{
  return new_threaded (make_item_at_gate, "make-item-at-gate");
}

/**
 * aiot_test_new_read_var:
 * @var: a context variable
 *
 * Returns: (transfer full): returns what @var is in the worker
 */
AiotThreaded *
aiot_test_new_read_var (AiotContextVar *var)
{
  return new_threaded_with (read_var, "read-var", (Given) { .var = g_object_ref (var) });
}

/**
 * aiot_test_new_set_var:
 * @var: a context variable
 *
 * Returns: (transfer full): sets @var to its argument in the worker, and returns what it is then
 */
AiotThreaded *
aiot_test_new_set_var (AiotContextVar *var)
{
  return new_threaded_with (set_var, "set-var", (Given) { .var = g_object_ref (var) });
}

/**
 * aiot_test_new_post:
 * @func: (scope notified) (closure user_data) (destroy user_data_destroy): what it posts
 * @user_data: data for @func
 * @user_data_destroy: called with @user_data when it is gone
 *
 * Returns: (transfer full): posts @func home
 */
AiotThreaded *
aiot_test_new_post (AiotPostFunc    func,
                    gpointer        user_data,
                    GDestroyNotify  user_data_destroy)
{
  return new_threaded_with (post, "post", (Given) {
    .post = func, .user_data = user_data, .user_data_destroy = user_data_destroy });
}

/**
 * aiot_test_new_ask:
 * @timeout_ms: how long it waits
 * @start: (scope notified) (closure user_data) (destroy user_data_destroy): what it runs at home
 * @user_data: data for @start
 * @user_data_destroy: called with @user_data when it is gone
 *
 * Returns: (transfer full): awaits what @start starts on the main context of its caller, and returns what that gives
 */
AiotThreaded *
aiot_test_new_ask (int             timeout_ms,
                   AiotStartFunc   start,
                   gpointer        user_data,
                   GDestroyNotify  user_data_destroy)
{
  return new_threaded_with (ask, "ask", (Given) {
    .start = start, .timeout_ms = timeout_ms, .user_data = user_data, .user_data_destroy = user_data_destroy });
}

/**
 * aiot_test_new_report:
 * @progress: what it tells
 *
 * Returns: (transfer full): reports a hundred steps to @progress
 */
AiotThreaded *
aiot_test_new_report (AiotProgress *progress)
{
  return new_threaded_with (report, "report", (Given) { .progress = g_object_ref (progress) });
}

/**
 * aiot_test_new_block_at_gate:
 *
 * Returns: (transfer full): waits like aiot_test_new_wait_for_gate(), and says that it blocks
 */
AiotThreaded *
aiot_test_new_block_at_gate (void)
{
  return new_threaded (block_at_gate, "block-at-gate");
}

/**
 * aiot_test_new_tell_thread:
 *
 * Returns: (transfer full): returns a text that stands for its thread
 */
AiotThreaded *
aiot_test_new_tell_thread (void)
{
  return new_threaded (tell_thread, "tell-thread");
}

/**
 * aiot_test_new_tell_origin:
 *
 * Returns: (transfer full): tells whether it reports to the global default main context
 */
AiotThreaded *
aiot_test_new_tell_origin (void)
{
  return new_threaded (tell_origin, "tell-origin");
}

/**
 * aiot_test_count_threads:
 * @executor: an executor
 *
 * Counts the threads of @executor that start and end from now on.
 */
void
aiot_test_count_threads (AiotExecutor *executor)
{
  g_atomic_int_set (&n_threads_started, 0);
  g_atomic_int_set (&n_threads_ended, 0);
  aiot_executor_set_thread_hook (executor, thread_hook, NULL, NULL);
}

/**
 * aiot_test_get_n_threads_started:
 *
 * Returns: how many threads have started
 */
guint
aiot_test_get_n_threads_started (void)
{
  return g_atomic_int_get (&n_threads_started);
}

/**
 * aiot_test_get_n_threads_ended:
 *
 * Returns: how many threads have ended
 */
guint
aiot_test_get_n_threads_ended (void)
{
  return g_atomic_int_get (&n_threads_ended);
}

/**
 * aiot_test_close_gate:
 *
 * Closes the gate, which nobody has reached then.
 */
void
aiot_test_close_gate (void)
{
  g_mutex_lock (&gate_mutex);
  gate_is_reached = gate_is_open = FALSE;
  g_mutex_unlock (&gate_mutex);
}

/**
 * aiot_test_wait_until_gate_is_reached:
 *
 * Blocks until a function waits at the gate.
 */
void
aiot_test_wait_until_gate_is_reached (void)
{
  gint64 deadline = watchdog ();

  g_mutex_lock (&gate_mutex);
  while (!gate_is_reached)
    wait_at_gate_locked (deadline);
  g_mutex_unlock (&gate_mutex);
}

/**
 * aiot_test_get_gate_is_reached:
 *
 * Returns: whether a function waits at the gate, or waited there since it was closed
 */
gboolean
aiot_test_get_gate_is_reached (void)
{
  gboolean is_reached;

  g_mutex_lock (&gate_mutex);
  is_reached = gate_is_reached;
  g_mutex_unlock (&gate_mutex);

  return is_reached;
}

/**
 * aiot_test_open_gate:
 *
 * Lets those pass that wait at the gate.
 */
void
aiot_test_open_gate (void)
{
  g_mutex_lock (&gate_mutex);
  gate_is_open = TRUE;
  g_cond_broadcast (&gate_cond);
  g_mutex_unlock (&gate_mutex);
}
