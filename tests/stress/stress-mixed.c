/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#include <stdlib.h>
#include <string.h>

/*
 * Everything at once, by a seed: several main contexts start work of many kinds on executors of all kinds; work starts other
 * work and waits for it, waits for its main context, says that it blocks, and tells home how far it is; calls are cancelled;
 * executors are shut down; main contexts go away. Then the books must balance, by what this program counted itself:
 *
 * - each piece of work ran at most once, called back exactly once (never more than once where home went away), and its
 *   data was freed exactly once; whoever heard of a success had run, and who had run without one heard of an error;
 * - all that was posted was called or freed, and each operation of sync_await was freed once;
 * - everybody saw the context variable of the one who asked;
 * - an executor did as much as ran on it.
 */

#define N_CLIENTS 4
#define N_PIECES  100
#define MOST_DEEP 3

/* Work may wait for work of an executor further down only, or of a pool, which goes on with another thread. */
typedef enum
{
  SEPARATE,
  POOL_OF_TWO,
  POOL_OF_EIGHT,
  SERIAL,
  LAST_SERIAL,
  N_EXECUTORS
} Which;

typedef enum
{
  SUCCEED,
  FAIL,
  WAIT_FOR_CANCELLATION,
  ASK_HOME,
  ASK_HOME_IN_VAIN,
  ASK_HOME_BRIEFLY,
  NEST,
  BLOCK,
  POST,
  N_KINDS
} Kind;

typedef struct
{
  AiotExecutor *executors[N_EXECUTORS];
  AiotLimiter *limiter;
  AiotContextVar *var;
  int n_ran[N_EXECUTORS];
} World;

typedef struct
{
  int n_freed;
  int n_made;
} Count;

typedef struct _Client Client;

typedef struct
{
  Client *client;
  Count count;
  int n_called;
} Posts;

typedef struct
{
  Client *client;
  Posts *posts;
  guint32 seed;
  Which which;
  guint depth;
  int n_ran;
  int n_succeeded;
  int n_called;
  int n_freed;
  gboolean heard_success;
} Piece;

struct _Client
{
  World *world;
  GRand *random;
  int number;
  TestLoop loop;
  gboolean leaves;
  Piece pieces[N_PIECES];
  int n_started;
  int n_called;            /* all together */
  int n_freed;
  Count operations;
  GPtrArray *soon;         /* of tasks to complete; home only */
  GPtrArray *in_vain;
  Posts posts;
  Posts posts_to_leavers;  /* who may be called back before the work ends, and hears nothing of it after that */
  int n_shutdowns;
  int n_shutdowns_answered;
};

static gboolean do_piece (AiotCall  *call,
                          gpointer   user_data,
                          GError   **error);

/* --- What home does for the work --- */

static void
count_freed (gpointer user_data)
{
  g_atomic_int_inc (&((Count *) user_data)->n_freed);
}

static Client *
client_of_operations (gpointer operations)
{
  return (Client *) ((char *) operations - G_STRUCT_OFFSET (Client, operations));
}

static gboolean
start_soon (GTask     *task,
            gpointer   user_data,
            GError   **error)
{
  g_ptr_array_add (client_of_operations (user_data)->soon, g_object_ref (task));
  return TRUE;
}

static gboolean
start_in_vain (GTask     *task,
               gpointer   user_data,
               GError   **error)
{
  g_ptr_array_add (client_of_operations (user_data)->in_vain, g_object_ref (task));
  return TRUE;
}

/* Completes all of one kind, and of the other what nobody waits for any more. */
static gboolean
serve_operations (Client *client)
{
  g_auto (GValue) value = G_VALUE_INIT;
  gboolean did_some = FALSE;

  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, 5);
  while (client->soon->len > 0)
    {
      g_autoptr (GTask) task = g_ptr_array_steal_index_fast (client->soon, client->soon->len - 1);

      g_task_return_value (task, &value);
      did_some = TRUE;
    }
  for (guint i = client->in_vain->len; i > 0; i--)
    {
      GTask *task = g_ptr_array_index (client->in_vain, i - 1);

      if (g_task_return_error_if_cancelled (task))
        {
          g_ptr_array_remove_index_fast (client->in_vain, i - 1);
          did_some = TRUE;
        }
    }
  return did_some;
}

static gboolean
iterate (Client   *client,
         gboolean  may_block)
{
  gboolean did_some = g_main_context_iteration (client->loop.main_context, may_block);

  return serve_operations (client) || did_some;
}

static gboolean
ask_home (Piece           *piece,
          AiotStartFunc    start,
          int              timeout_ms,
          GError         **error)
{
  g_autoptr (AiotCall) answer = NULL;

  g_atomic_int_inc (&piece->client->operations.n_made);
  answer = aiot_sync_await_task (start, &piece->client->operations, count_freed, timeout_ms, NULL, error);
  if (answer == NULL)
    return FALSE;

  g_assert_cmpint (g_value_get_int (aiot_call_get_result (answer)), ==, 5);
  return TRUE;
}

static void
posted (gpointer user_data)
{
  Posts *posts = user_data;
  Client *client = posts->client;

  g_assert_cmpint (g_value_get_int (aiot_context_var_get (client->world->var)), ==, client->number);
  posts->n_called++;
}

static void
post_freed (gpointer user_data)
{
  g_atomic_int_inc (&((Posts *) user_data)->count.n_freed);
}

/* --- Work --- */

static void
open_gate_cb (GCancellable *cancellable,
              gpointer      gate)
{
  test_gate_open (gate);
}

static void
wait_for_cancellation (AiotCall *call)
{
  GCancellable *cancellable = aiot_call_get_cancellable (call);
  TestGate cancelled = { 0 };
  gulong id = g_cancellable_connect (cancellable, G_CALLBACK (open_gate_cb), &cancelled, NULL);

  test_gate_wait (&cancelled);
  g_cancellable_disconnect (cancellable, id);
  test_gate_clear (&cancelled);
}

static gboolean
do_inner_piece (Piece   *piece,
                GRand   *random,
                GError **error)
{
  Which first = piece->which == POOL_OF_TWO || piece->which == POOL_OF_EIGHT ? POOL_OF_TWO : piece->which + 1;
  Piece inner = { .client = piece->client, .posts = piece->posts, .seed = g_rand_int (random), .depth = piece->depth + 1 };
  g_autoptr (AiotCall) call = NULL;

  if (first >= N_EXECUTORS || inner.depth > MOST_DEEP)
    return TRUE;

  inner.which = g_rand_int_range (random, first, N_EXECUTORS);
  call = aiot_offload_sync (piece->client->world->executors[inner.which], do_piece, &inner, NULL, error);
  g_assert_cmpint (inner.n_ran, <=, 1);
  g_assert_true ((call != NULL) == (inner.n_succeeded == 1));
  return call != NULL;
}

static gboolean
do_something (AiotCall  *call,
              Piece     *piece,
              GRand     *random,
              GError   **error)
{
  switch ((Kind) g_rand_int_range (random, 0, N_KINDS))
    {
    case FAIL:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "on purpose");
      return FALSE;
    case WAIT_FOR_CANCELLATION:
      /* An inner piece has no cancellable of its own: its turn comes with that of the outer one. */
      if (piece->depth > 0)
        return TRUE;
      wait_for_cancellation (call);
      return !aiot_call_set_error_if_cancelled (call, error);
    case ASK_HOME:
      return ask_home (piece, start_soon, AIOT_TIMEOUT_NONE, error);
    case ASK_HOME_IN_VAIN:
      return ask_home (piece, start_in_vain, AIOT_TIMEOUT_NONE, error);
    case ASK_HOME_BRIEFLY:
      return ask_home (piece, start_in_vain, 1, error);
    case NEST:
      return do_inner_piece (piece, random, error);
    case BLOCK:
      aiot_blocking_begin ();
      for (int i = g_rand_int_range (random, 0, 20); i > 0; i--)
        g_thread_yield ();
      aiot_blocking_end ();
      return TRUE;
    case POST:
      g_atomic_int_inc (&piece->posts->count.n_made);
      aiot_call_post (call, posted, piece->posts, post_freed);
      return TRUE;
    case SUCCEED:
    case N_KINDS:
    default:
      return TRUE;
    }
}

static gboolean
do_piece (AiotCall  *call,
          gpointer   user_data,
          GError   **error)
{
  Piece *piece = user_data;
  World *world = piece->client->world;
  g_autoptr (GRand) random = g_rand_new_with_seed (piece->seed);
  g_autoptr (AiotContextToken) token = NULL;
  g_auto (GValue) changed = G_VALUE_INIT;
  gboolean succeeded = TRUE;

  piece->n_ran++;
  g_atomic_int_inc (&world->n_ran[piece->which]);
  g_assert_cmpint (g_value_get_int (aiot_context_var_get (world->var)), ==, piece->client->number);

  for (int i = g_rand_int_range (random, 1, 4); i > 0 && succeeded; i--)
    succeeded = do_something (call, piece, random, error);

  /* Nobody else sees that. */
  g_value_init (&changed, G_TYPE_INT);
  g_value_set_int (&changed, -1);
  token = aiot_context_var_set (world->var, &changed);
  aiot_call_set_result_int64 (call, piece->seed);
  piece->n_succeeded += succeeded;
  return succeeded;
}

/* --- Who asks --- */

static void
called_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Piece *piece = user_data;
  Client *client = piece->client;
  g_autoptr (GError) error = NULL;
  const GValue *value = source_object != NULL ? aiot_threaded_call_finish (AIOT_THREADED (source_object), result, &error)
                                              : aiot_offload_finish (result, &error);

  g_assert_true (g_main_context_get_thread_default () == client->loop.main_context);
  g_assert_cmpint (g_value_get_int (aiot_context_var_get (client->world->var)), ==, client->number);
  g_assert_true ((value != NULL) == (error == NULL));
  if (value != NULL)
    g_assert_cmpint (g_value_get_int64 (value), ==, piece->seed);
  piece->heard_success = value != NULL;
  piece->n_called++;
  client->n_called++;
}

static void
piece_free (gpointer user_data)
{
  Piece *piece = user_data;

  g_atomic_int_inc (&piece->n_freed);
  g_atomic_int_inc (&piece->client->n_freed);
}

static void
start_piece (Client       *client,
             GCancellable *cancellable)
{
  Piece *piece = &client->pieces[client->n_started++];
  AiotExecutor *executor;
  g_autoptr (AiotThreaded) threaded = NULL;

  piece->client = client;
  piece->posts = &client->posts;
  piece->seed = g_rand_int (client->random);
  piece->which = g_rand_int_range (client->random, 0, N_EXECUTORS);
  executor = client->world->executors[piece->which];
  if (g_rand_boolean (client->random))
    {
      aiot_offload_async (executor, do_piece, piece, piece_free, cancellable, called_cb, piece);
      return;
    }

  threaded = aiot_threaded_new (do_piece, piece, piece_free);
  aiot_threaded_set_executor (threaded, executor);
  aiot_threaded_set_priority (threaded, g_rand_int_range (client->random, -5, 5));
  if (g_rand_int_range (client->random, 0, 4) == 0)
    aiot_threaded_set_limiter (threaded, client->world->limiter);
  if (g_rand_int_range (client->random, 0, 4) == 0)
    {
      aiot_threaded_set_on_cancel (threaded, AIOT_ON_CANCEL_ABANDON);
      piece->posts = &client->posts_to_leavers;
    }
  aiot_threaded_call_async (threaded, NULL, cancellable, called_cb, piece);
}

static void
shutdown_cb (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  if (!aiot_executor_shutdown_finish (AIOT_EXECUTOR (source_object), result, &error))
    g_assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                   g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  ((Client *) user_data)->n_shutdowns_answered++;
}

static void
shut_down_one (Client       *client,
               GCancellable *cancellable)
{
  Which which = g_rand_int_range (client->random, 0, N_EXECUTORS);

  client->n_shutdowns++;
  aiot_executor_shutdown_async (client->world->executors[which],
                                g_rand_boolean (client->random) ? AIOT_SHUTDOWN_WAIT : AIOT_SHUTDOWN_CANCEL,
                                g_rand_int_range (client->random, 0, 3),
                                g_rand_boolean (client->random) ? cancellable : NULL,
                                shutdown_cb, client);
}

static void
set_number (Client *client)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (AiotContextToken) token = NULL;

  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, client->number);
  token = aiot_context_var_set (client->world->var, &value);
}

static gpointer
run_client (gpointer data)
{
  Client *client = data;
  GMainContext *main_context = g_main_context_new ();
  GCancellable *cancellables[N_PIECES] = { NULL };
  int leave_at = client->leaves ? g_rand_int_range (client->random, 1, N_PIECES + 1) : -1;
  int shut_down_at = g_rand_int_range (client->random, N_PIECES / 2, 2 * N_PIECES);

  test_loop_watch (&client->loop, main_context);
  client->soon = g_ptr_array_new_with_free_func (g_object_unref);
  client->in_vain = g_ptr_array_new_with_free_func (g_object_unref);
  g_main_context_push_thread_default (main_context);
  set_number (client);
  for (int i = 0; i < N_PIECES && i != leave_at; i++)
    {
      cancellables[i] = g_cancellable_new ();
      start_piece (client, cancellables[i]);
      if (g_rand_boolean (client->random))
        iterate (client, FALSE);
      if (g_rand_int_range (client->random, 0, 4) == 0)
        g_cancellable_cancel (cancellables[g_rand_int_range (client->random, 0, i + 1)]);
      if (i == shut_down_at)
        shut_down_one (client, cancellables[g_rand_int_range (client->random, 0, i + 1)]);
    }

  if (client->leaves && g_rand_boolean (client->random))
    aiot_main_context_abandon (main_context);
  if (!client->leaves)
    {
      for (int i = 0; i < N_PIECES; i++)
        g_cancellable_cancel (cancellables[i]);
      while (client->n_called < client->n_started || g_atomic_int_get (&client->n_freed) < client->n_started ||
             client->n_shutdowns_answered < client->n_shutdowns)
        iterate (client, TRUE);
    }
  /* A task that was completed may be in a source of this main context, and keeps it alive until that has run. */
  while (iterate (client, FALSE))
    continue;
  for (int i = 0; i < N_PIECES; i++)
    g_clear_object (&cancellables[i]);
  g_ptr_array_unref (client->soon);
  g_ptr_array_unref (client->in_vain);
  g_main_context_unref (main_context);
  /* The end of the thread pops it, and ends this home. */
  return NULL;
}

static void
posts_check (Posts    *posts,
             gboolean  all_were_called)
{
  g_assert_cmpint (posts->count.n_freed, ==, posts->count.n_made);
  g_assert_cmpint (posts->n_called, <=, posts->count.n_made);
  if (all_were_called)
    g_assert_cmpint (posts->n_called, ==, posts->count.n_made);
}

static void
client_check (Client *client)
{
  for (int i = 0; i < client->n_started; i++)
    {
      Piece *piece = &client->pieces[i];

      g_assert_cmpint (piece->n_freed, ==, 1);
      g_assert_cmpint (piece->n_ran, <=, 1);
      g_assert_cmpint (piece->n_called, <=, 1);
      if (!client->leaves)
        g_assert_cmpint (piece->n_called, ==, 1);
      if (piece->heard_success)
        g_assert_cmpint (piece->n_succeeded, ==, 1);
    }
  g_assert_cmpint (client->operations.n_freed, ==, client->operations.n_made);
  posts_check (&client->posts, !client->leaves);
  posts_check (&client->posts_to_leavers, FALSE);
  g_assert_cmpint (client->loop.n_finalized, ==, 1);
}

static void
world_open (World *world)
{
  *world = (World) {
    .executors = {
      aiot_executor_new_separate ("apart", TRUE),
      aiot_executor_new_pool ("two", 2),
      aiot_executor_new_pool ("eight", 8),
      aiot_executor_new_serial ("serial"),
      aiot_executor_new_serial ("last"),
    },
    .limiter = aiot_limiter_new (3),
    .var = aiot_context_var_new ("number", G_TYPE_INT, NULL),
  };
}

/* Whoever lets go of it last does so on a thread that is just ending. */
static void
wait_for_finalization (gpointer object)
{
  GWeakRef weak;
  gpointer left;

  g_weak_ref_init (&weak, object);
  g_object_unref (object);
  while ((left = g_weak_ref_get (&weak)) != NULL)
    {
      g_object_unref (left);
      g_thread_yield ();
    }
  g_weak_ref_clear (&weak);
}

static void
world_close (World *world)
{
  for (int i = 0; i < N_EXECUTORS; i++)
    g_assert_true (aiot_executor_shutdown_sync (world->executors[i], AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
  for (int i = 0; i < N_EXECUTORS; i++)
    {
      g_assert_cmpuint (aiot_executor_get_n_done (world->executors[i]), ==, world->n_ran[i]);
      g_assert_cmpuint (aiot_executor_get_n_queued (world->executors[i]), ==, 0);
      wait_for_finalization (world->executors[i]);
    }
  g_assert_cmpuint (aiot_limiter_get_n_inside (world->limiter), ==, 0);
  g_assert_cmpuint (aiot_limiter_get_n_waiting (world->limiter), ==, 0);
  wait_for_finalization (world->limiter);
}

static void
run_round (void)
{
  World world;
  Client *clients = g_new0 (Client, N_CLIENTS);
  GThread *threads[N_CLIENTS];

  world_open (&world);
  for (int i = 0; i < N_CLIENTS; i++)
    {
      clients[i] = (Client) { .world = &world, .number = i + 1 };
      clients[i].posts.client = clients[i].posts_to_leavers.client = &clients[i];
      clients[i].random = g_rand_new_with_seed (g_test_rand_int ());
      clients[i].leaves = g_test_rand_int_range (0, 4) == 0;
      threads[i] = g_thread_new ("client", run_client, &clients[i]);
    }
  for (int i = 0; i < N_CLIENTS; i++)
    g_thread_join (threads[i]);
  world_close (&world);
  for (int i = 0; i < N_CLIENTS; i++)
    {
      while (g_atomic_int_get (&clients[i].n_freed) < clients[i].n_started)
        g_thread_yield ();
      client_check (&clients[i]);
      g_rand_free (clients[i].random);
    }
  wait_for_finalization (world.var);
  g_free (clients);
}

static void
test_mixed (void)
{
  const guint n_rounds = test_scaled (200);

  for (guint i = 0; i < n_rounds; i++)
    run_round ();
}

static int n_warnings;

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  test_count_gone_warnings (&n_warnings);
  g_test_add_func ("/stress/mixed", test_mixed);
  return g_test_run ();
}
