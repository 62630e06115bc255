/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#define NOT_SET -1

/* One variable for all tests, which leave it as they find it: not set. */
static AiotContextVar *number;

static gint64
get (void)
{
  const GValue *value = aiot_context_var_get (number);

  return value != NULL ? g_value_get_int64 (value) : NOT_SET;
}

/* For what ends with the context that it is set in, or is reset by an earlier token. */
static void
set (gint64 value)
{
  aiot_context_token_unref (aiot_context_var_set_int64 (number, value));
}

/* --- executors of all kinds --- */

static AiotExecutor *
make_pool (void)
{
  return aiot_executor_new_pool ("pool", 1);
}

static AiotExecutor *
make_serial (void)
{
  return aiot_executor_new_serial ("serial");
}

static AiotExecutor *
make_separate (void)
{
  return aiot_executor_new_separate ("separate", FALSE);
}

static AiotExecutor *
make_detached (void)
{
  return aiot_executor_new_separate ("detached", TRUE);
}

static AiotExecutor *
make_none (void)
{
  return NULL;
}

typedef struct
{
  const char *name;
  AiotExecutor *(*make) (void);
  gboolean reuses_thread;
} Kind;

static const Kind kinds[] = {
  { "pool", make_pool, TRUE },
  { "serial", make_serial, TRUE },
  { "separate", make_separate, FALSE },
  { "detached", make_detached, FALSE },
  { "default", make_none, FALSE },
};

/* --- what a function and its callback see --- */

typedef struct
{
  GThread *worker;
  gint64 in_function;
  gint64 in_callback;
  int n_called;
  int n_freed;            /* of tasks */
} Note;

static void
note_here (Note *note)
{
  note->worker = g_thread_self ();
  note->in_function = get ();
  set (99);
  g_assert_cmpint (get (), ==, 99);
}

static gboolean
note_func (AiotCall  *call,
           gpointer   note,
           GError   **error)
{
  note_here (note);
  return TRUE;
}

static gboolean
note_argument_func (AiotCall  *call,
                    gpointer   user_data,
                    GError   **error)
{
  note_here (g_value_get_pointer (aiot_call_get_argument (call)));
  return TRUE;
}

static void
note_task_func (GTask        *task,
                gpointer      source_object,
                gpointer      note,
                GCancellable *cancellable)
{
  note_here (note);
  g_task_return_boolean (task, TRUE);
}

static void
note_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Note *note = user_data;

  note->in_callback = get ();
  set (98);
  note->n_called++;
}

/* Like note_cb (), where what is set would stay. */
static void
note_task_cb (GObject      *source_object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Note *note = user_data;

  note->in_callback = get ();
  note->n_called++;
}

static void
start_offload (AiotExecutor *executor,
               Note         *note)
{
  aiot_offload_async (executor, note_func, note, NULL, NULL, note_cb, note);
}

static void
start_threaded (AiotExecutor *executor,
                Note         *note)
{
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (note_argument_func, NULL, NULL);
  g_auto (GValue) argument = G_VALUE_INIT;

  g_value_init (&argument, G_TYPE_POINTER);
  g_value_set_pointer (&argument, note);
  aiot_threaded_set_executor (threaded, executor);
  aiot_threaded_call_async (threaded, &argument, NULL, note_cb, note);
}

static void
note_task_freed (gpointer note)
{
  ((Note *) note)->n_freed++;
}

static void
start_task_on (AiotExecutor *executor,
               Note         *note)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, note_task_cb, note);

  g_task_set_task_data (task, note, note_task_freed);
  aiot_executor_run_task (executor, task, note_task_func);
}

typedef struct
{
  const char *name;
  void (*start) (AiotExecutor *executor,
                 Note         *note);
  gboolean is_called_in_context;  /* GTask delivers its tasks itself */
} Way;

static const Way ways[] = {
  { "offload", start_offload, TRUE },
  { "threaded", start_threaded, TRUE },
  { "run-task", start_task_on, FALSE },
};

typedef struct
{
  const Way *way;
  const Kind *kind;
} Case;

static void
wait_for (const Case   *self,
          GMainContext *main_context,
          Note         *note)
{
  test_iterate_until (main_context, &note->n_called, 1);
  /* The reference that the worker had may arrive later. */
  if (!self->way->is_called_in_context)
    test_iterate_until (main_context, &note->n_freed, 1);
}

/* Makes a call, which must leave the context of the caller alone. */
static void
start (const Case   *self,
       AiotExecutor *executor,
       Note         *note)
{
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (number, get ());
  g_autoptr (AiotContext) before = aiot_context_dup_current ();
  g_autoptr (AiotContext) after = NULL;

  self->way->start (executor, note);
  after = aiot_context_dup_current ();
  g_assert_true (before == after);
  aiot_context_var_reset (number, token);
}

static void
test_seen (gconstpointer data)
{
  const Case *self = data;
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = self->kind->make ();
  g_autoptr (AiotContextToken) token = NULL;
  g_autoptr (AiotContext) own = NULL;
  g_autoptr (AiotContext) own_after = NULL;
  Note note = { 0 };

  test_loop_open (&loop);
  token = aiot_context_var_set_int64 (number, 1);
  start (self, executor, &note);
  set (2);
  own = aiot_context_dup_current ();
  wait_for (self, loop.main_context, &note);

  g_assert_true (note.worker != g_thread_self ());
  g_assert_cmpint (note.in_function, ==, 1);
  g_assert_cmpint (note.in_callback, ==, self->way->is_called_in_context ? 1 : 2);
  own_after = aiot_context_dup_current ();
  g_assert_true (own == own_after);
  g_assert_cmpint (get (), ==, 2);
  aiot_context_var_reset (number, token);
  test_loop_close (&loop);
}

/* The first piece of work finds a new worker; whatever it sets, the next ones find the same as if theirs were new. */
static void
test_reused (gconstpointer data)
{
  const Case *self = data;
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = self->kind->make ();
  Note notes[4] = { { 0 } };

  test_loop_open (&loop);
  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      g_autoptr (AiotContextToken) token = NULL;

      /* Those with odd numbers come from where the variable is not set at all. */
      if (i % 2 == 0)
        token = aiot_context_var_set_int64 (number, i);
      self->way->start (executor, &notes[i]);
      if (token != NULL)
        aiot_context_var_reset (number, token);
      wait_for (self, loop.main_context, &notes[i]);
      g_assert_cmpint (notes[i].in_function, ==, i % 2 == 0 ? (int) i : NOT_SET);
      if (self->way->is_called_in_context)
        g_assert_cmpint (notes[i].in_callback, ==, notes[i].in_function);
      if (self->kind->reuses_thread)
        g_assert_true (notes[i].worker == notes[0].worker);
      g_assert_cmpint (get (), ==, NOT_SET);
    }
  test_loop_close (&loop);
}

static void
set_in_hook (AiotThreadPhase phase,
             gpointer        user_data)
{
  set (50);
}

/* So that it does not matter whether a thread is the executor's or the caller's. */
static void
test_thread_hook (void)
{
  g_autoptr (AiotExecutor) executor = make_serial ();
  Note notes[2] = { { 0 } };

  aiot_executor_set_thread_hook (executor, set_in_hook, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      start_offload (executor, &notes[i]);
      test_iterate_until (NULL, &notes[i].n_called, 1);
      g_assert_cmpint (notes[i].in_function, ==, NOT_SET);
    }
}

/* --- calls that wait --- */

typedef struct
{
  AiotExecutor *executor;
  Note inner;
  int n_called;
} Nest;

/* Starts with what the caller set, which was 1. */
static gboolean
offload_sync_from_work (AiotCall  *call,
                        gpointer   user_data,
                        GError   **error)
{
  Nest *nest = user_data;
  g_autoptr (AiotCall) inner = NULL;

  g_assert_cmpint (get (), ==, 1);
  set (5);
  inner = aiot_offload_sync (nest->executor, note_func, &nest->inner, NULL, error);
  g_assert_cmpint (get (), ==, 5);
  g_assert_cmpint (nest->inner.in_function, ==, 5);
  aiot_call_set_result_boolean (call, nest->inner.worker == g_thread_self ());
  return inner != NULL;
}

static void
nest_in (AiotExecutor *outer,
         AiotExecutor *inner,
         gboolean      is_inline)
{
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (number, 1);
  g_autoptr (AiotCall) call = NULL;
  Nest nest = { .executor = inner };

  call = aiot_offload_sync (outer, offload_sync_from_work, &nest, NULL, NULL);
  g_assert_cmpint (g_value_get_boolean (aiot_call_get_result (call)), ==, is_inline);
  g_assert_cmpint (get (), ==, 1);
  aiot_context_var_reset (number, token);
}

static void
test_offload_sync_elsewhere (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (AiotExecutor) outer = make_pool ();
      g_autoptr (AiotExecutor) inner = kinds[i].make ();

      nest_in (outer, inner, FALSE);
    }
}

static void
test_offload_sync_in_place (void)
{
  g_autoptr (AiotExecutor) serial = make_serial ();

  nest_in (serial, serial, TRUE);
}

static void
test_threaded_sync (void)
{
  Note note = { 0 };
  g_autoptr (AiotThreaded) threaded = aiot_threaded_new (note_func, &note, NULL);
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (number, 1);
  g_autoptr (AiotCall) call = NULL;

  call = aiot_threaded_call_sync (threaded, NULL, NULL, NULL);
  g_assert_true (note.worker == g_thread_self ());
  g_assert_cmpint (note.in_function, ==, 1);
  g_assert_cmpint (get (), ==, 1);
  aiot_context_var_reset (number, token);
}

/* --- work that starts work --- */

static gboolean
start_more (AiotCall  *call,
            gpointer   note,
            GError   **error)
{
  set (5);
  start_offload (NULL, note);
  set (6);
  return TRUE;
}

static void
test_work_starts_work (void)
{
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (number, 1);
  Note note = { 0 };

  aiot_offload_async (NULL, start_more, &note, NULL, NULL, NULL, NULL);
  test_iterate_until (NULL, &note.n_called, 1);
  g_assert_cmpint (note.in_function, ==, 5);
  g_assert_cmpint (note.in_callback, ==, 5);
  g_assert_cmpint (get (), ==, 1);
  aiot_context_var_reset (number, token);
}

/* --- sync_await --- */

static void
return_nothing (GTask *task)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_BOOLEAN);
  g_task_return_value (task, &value);
}

static void
note_start (GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, callback_data);

  note_here (user_data);
  g_task_return_boolean (task, TRUE);
}

static gboolean
note_finish (GObject       *source_object,
             GAsyncResult  *result,
             gpointer       user_data,
             GValue        *value,
             GError       **error)
{
  note_cb (source_object, result, user_data);
  return TRUE;
}

static gboolean
note_start_task (GTask     *task,
                 gpointer   note,
                 GError   **error)
{
  note_here (note);
  note_cb (NULL, NULL, note);
  return_nothing (task);
  return TRUE;
}

static gboolean
await (AiotCall  *call,
       gpointer   user_data,
       GError   **error)
{
  Note *notes = user_data;
  g_autoptr (AiotCall) awaited = NULL;
  gboolean succeeded;

  g_assert_cmpint (get (), ==, 1);
  set (5);
  succeeded = aiot_sync_await (note_start, note_finish, &notes[0], NULL, AIOT_TIMEOUT_NONE, NULL, NULL, error);
  g_assert_cmpint (get (), ==, 5);
  set (6);
  awaited = aiot_sync_await_task (note_start_task, &notes[1], NULL, AIOT_TIMEOUT_NONE, NULL, error);
  g_assert_cmpint (get (), ==, 6);
  return succeeded && awaited != NULL;
}

static void
test_sync_await (gconstpointer data)
{
  const Kind *kind = data;
  TestLoop loop;
  g_autoptr (AiotExecutor) executor = kind->make ();
  g_autoptr (AiotContextToken) token = NULL;
  Note notes[2] = { { 0 } };
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  token = aiot_context_var_set_int64 (number, 1);
  aiot_offload_async (executor, await, notes, NULL, NULL, test_answer_cb, &answer);
  set (2);
  test_answer_wait (&answer, loop.main_context);
  g_assert_nonnull (aiot_offload_finish (answer.result, NULL));

  g_assert_true (notes[0].worker == g_thread_self ());
  g_assert_cmpint (notes[0].in_function, ==, 5);
  g_assert_cmpint (notes[0].in_callback, ==, 5);
  g_assert_true (notes[1].worker == g_thread_self ());
  g_assert_cmpint (notes[1].in_function, ==, 6);
  g_assert_cmpint (get (), ==, 2);
  aiot_context_var_reset (number, token);
  test_answer_clear (&answer);
  test_loop_close (&loop);
}

#define DEPTH 5

static gboolean descend (AiotCall  *call,
                         gpointer   user_data,
                         GError   **error);

static void
returned_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;

  g_assert_nonnull (aiot_offload_finish (result, NULL));
  g_assert_cmpint (get (), ==, GPOINTER_TO_INT (g_task_get_task_data (task)));
  return_nothing (task);
}

static gboolean
start_deeper (GTask     *task,
              gpointer   pool,
              GError   **error)
{
  gint64 level = get ();

  g_task_set_task_data (task, GINT_TO_POINTER (level), NULL);
  aiot_offload_async (pool, descend, pool, NULL, NULL, returned_cb, g_object_ref (task));
  g_assert_cmpint (get (), ==, level);
  return TRUE;
}

static gboolean
descend (AiotCall  *call,
         gpointer   pool,
         GError   **error)
{
  gint64 level = get () + 1;
  g_autoptr (AiotCall) awaited = NULL;

  set (level);
  if (level < DEPTH)
    awaited = aiot_sync_await_task (start_deeper, pool, NULL, AIOT_TIMEOUT_NONE, NULL, error);
  g_assert_cmpint (get (), ==, level);
  g_assert_true ((awaited != NULL) == (level < DEPTH));
  return TRUE;
}

static void
test_five_levels (void)
{
  TestLoop loop;
  g_autoptr (AiotExecutor) pool = make_pool ();
  g_autoptr (AiotContextToken) token = NULL;
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  token = aiot_context_var_set_int64 (number, 0);
  aiot_offload_async (pool, descend, pool, NULL, NULL, test_answer_cb, &answer);
  test_answer_wait (&answer, loop.main_context);
  g_assert_cmpuint (aiot_executor_get_n_done (pool), >=, DEPTH - 1);
  g_assert_cmpint (get (), ==, 0);
  aiot_context_var_reset (number, token);
  test_answer_clear (&answer);
  test_loop_close (&loop);
}

/* --- post --- */

static void
note_post (gpointer note)
{
  note_here (note);
}

static gboolean
post (AiotCall  *call,
      gpointer   user_data,
      GError   **error)
{
  Note *notes = user_data;

  aiot_call_post (call, note_post, &notes[0], NULL);
  set (5);
  aiot_call_post (call, note_post, &notes[1], NULL);
  set (6);
  return TRUE;
}

static void
test_post (void)
{
  TestLoop loop;
  g_autoptr (AiotContextToken) token = NULL;
  Note notes[2] = { { 0 } };
  TestAnswer answer = { 0 };

  test_loop_open (&loop);
  token = aiot_context_var_set_int64 (number, 1);
  aiot_offload_async (NULL, post, notes, NULL, NULL, test_answer_cb, &answer);
  set (2);
  test_answer_wait (&answer, loop.main_context);
  g_assert_true (notes[0].worker == g_thread_self ());
  g_assert_cmpint (notes[0].in_function, ==, 1);
  g_assert_cmpint (notes[1].in_function, ==, 5);
  g_assert_cmpint (get (), ==, 2);
  aiot_context_var_reset (number, token);
  test_answer_clear (&answer);
  test_loop_close (&loop);
}

int
main (int    argc,
      char **argv)
{
  static Case cases[G_N_ELEMENTS (ways) * G_N_ELEMENTS (kinds)];
  Case *next = cases;
  int status;

  test_init (&argc, &argv);
  number = aiot_context_var_new ("number", G_TYPE_INT64, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    for (guint j = 0; j < G_N_ELEMENTS (kinds); j++)
      {
        g_autofree char *seen = g_strdup_printf ("/context/flow/%s/%s", ways[i].name, kinds[j].name);
        g_autofree char *reused = g_strdup_printf ("/context/flow/next-work/%s/%s", ways[i].name, kinds[j].name);

        *next = (Case) { &ways[i], &kinds[j] };
        g_test_add_data_func (seen, next, test_seen);
        g_test_add_data_func (reused, next, test_reused);
        next++;
      }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/context/flow/sync-await/%s", kinds[i].name);

      g_test_add_data_func (path, &kinds[i], test_sync_await);
    }
  g_test_add_func ("/context/flow/sync-await/five-levels", test_five_levels);
  g_test_add_func ("/context/flow/offload-sync/elsewhere", test_offload_sync_elsewhere);
  g_test_add_func ("/context/flow/offload-sync/in-place", test_offload_sync_in_place);
  g_test_add_func ("/context/flow/threaded-sync", test_threaded_sync);
  g_test_add_func ("/context/flow/work-starts-work", test_work_starts_work);
  g_test_add_func ("/context/flow/post", test_post);
  g_test_add_func ("/context/flow/next-work/thread-hook-is-not-seen", test_thread_hook);
  status = g_test_run ();
  g_object_unref (number);
  return status;
}
