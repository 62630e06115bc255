/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

/*
 * Several main contexts start calls in lots, each from within a callback, by a seed. Threads of executors doze meanwhile, and
 * signals are owed to them. Many a callback then waits for one of the calls that it has just started, in a way in which nobody can
 * know that it does; or drops or shuts down the executor that has them. All use the same executors, one of which changes its size.
 * Each has another one of its own, where the first call of a lot waits for the last, so that a second thread is needed.
 *
 * A wake-up that is lost shows in a program that hangs, which is killed then. Each call must run once, and come back once.
 */

#define N_CLIENTS 4
#define N_CALLS   120000
#define N_CHAINS  3

/* A lot is recognized as such from 16 calls on. */
#define MOST_IN_LOT 40

#define MOST_DEEP 3
#define MOST_THREADS 6

typedef enum
{
  POOL,
  POOL_OF_ONE,
  SERIAL,
  N_SHARED
} Shared;

typedef enum
{
  WAIT_AT_GATE,
  WAIT_FOR_THREAD,
  WAIT_IN_NESTED_LOOP,
  WAIT_FOR_ANOTHER,
  N_WAITS
} Wait;

typedef struct
{
  AiotExecutor *shared[N_SHARED];
  AiotExecutor *own;
  GRand *random;
  TestLoop loop;
  int n_left;
  int n_started;
  int n_called;
  guint depth;             /* of nested loops */
  TestGate meeting;        /* of two calls */
  guint n_meeting;         /* of these that did not come back yet */
} Client;

typedef struct
{
  Client *client;
  TestGate has_run;
  int n_run;               /* atomic */
  int microseconds;
  AiotExecutor *asks;      /* what it waits for something of, or NULL */
  gboolean waits;          /* for the one that opens the gate of its client */
  gboolean opens;
  gboolean goes_on;        /* its callback starts the next lot */
  gboolean may_not_run;
  gboolean *is_called;     /* somebody waits for that, or NULL */
} Piece;

static void start_lot (Client *client);

static gboolean
succeed (AiotCall  *call,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

static gboolean
run_piece (AiotCall  *call,
           gpointer   user_data,
           GError   **error)
{
  Piece *piece = user_data;

  if (piece->microseconds > 0)
    g_usleep (piece->microseconds);
  if (piece->asks != NULL)
    {
      g_autoptr (AiotCall) answer = aiot_offload_sync (piece->asks, succeed, NULL, NULL, NULL);

      g_assert_true (answer != NULL || piece->may_not_run);
    }
  if (piece->waits)
    test_gate_wait (&piece->client->meeting);
  if (piece->opens)
    test_gate_open (&piece->client->meeting);
  g_atomic_int_inc (&piece->n_run);
  test_gate_open (&piece->has_run);
  return TRUE;
}

static void
piece_free (Piece *piece)
{
  Client *client = piece->client;

  if ((piece->waits || piece->opens) && --client->n_meeting == 0)
    test_gate_clear (&client->meeting);
  test_gate_clear (&piece->has_run);
  g_free (piece);
}

static void
called_cb (GObject      *source_object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Piece *piece = user_data;
  Client *client = piece->client;
  g_autoptr (GError) error = NULL;
  gboolean goes_on = piece->goes_on;

  g_assert_true (g_main_context_get_thread_default () == client->loop.main_context);
  if (aiot_offload_finish (result, &error) != NULL)
    g_assert_cmpint (g_atomic_int_get (&piece->n_run), ==, 1);
  else
    g_assert_true (piece->may_not_run && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  if (piece->is_called != NULL)
    *piece->is_called = TRUE;
  /* If it came back a second time, that would use what is freed here, or count too much. */
  piece_free (piece);
  client->n_called++;

  if (goes_on)
    start_lot (client);
}

static Piece *
piece_new (Client   *client,
           gboolean  may_not_run)
{
  Piece *piece = g_new (Piece, 1);

  *piece = (Piece) { .client = client, .may_not_run = may_not_run };
  if (g_rand_int_range (client->random, 0, 50) == 0)
    piece->microseconds = g_rand_int_range (client->random, 1, 400);
  if (g_rand_int_range (client->random, 0, 50) == 0)
    piece->asks = client->shared[POOL];
  return piece;
}

static void
start_piece (Piece        *piece,
             AiotExecutor *executor)
{
  piece->client->n_started++;
  piece->client->n_left--;
  aiot_offload_async (executor, run_piece, piece, NULL, NULL, called_cb, piece);
}

/* --- Waiting for what was just started --- */

static gpointer
wait_at_gate (gpointer gate)
{
  test_gate_wait (gate);
  return NULL;
}

static void
wait_in_nested_loop (Client *client,
                     Piece  *piece)
{
  gboolean is_called = FALSE;

  if (client->depth == MOST_DEEP)
    return;

  client->depth++;
  piece->is_called = &is_called;
  while (!is_called)
    g_main_context_iteration (client->loop.main_context, TRUE);
  client->depth--;
}

static void
wait_for_another (AiotExecutor *executor)
{
  g_autoptr (AiotCall) call = aiot_offload_sync (executor, succeed, NULL, NULL, NULL);

  g_assert_nonnull (call);
}

/* Not before it came back can the piece be freed, which needs this thread. */
static void
wait_for_piece (Client       *client,
                AiotExecutor *executor,
                Piece        *piece)
{
  switch ((Wait) g_rand_int_range (client->random, 0, 2 * N_WAITS))
    {
    case WAIT_AT_GATE:
      test_gate_wait (&piece->has_run);
      break;
    case WAIT_FOR_THREAD:
      g_thread_join (g_thread_new ("waiting", wait_at_gate, &piece->has_run));
      break;
    case WAIT_IN_NESTED_LOOP:
      wait_in_nested_loop (client, piece);
      break;
    case WAIT_FOR_ANOTHER:
      wait_for_another (executor);
      break;
    case N_WAITS:
    default:
      /* It goes on at once. */
      break;
    }
}

/* --- Lots --- */

/* Two threads are enough for one such pair at a time. */
static gboolean
may_meet (Client       *client,
          AiotExecutor *executor)
{
  if (executor != client->own || client->n_meeting > 0 || g_rand_int_range (client->random, 0, 4) != 0)
    return FALSE;

  client->meeting = (TestGate) { 0 };
  client->n_meeting = 2;
  return TRUE;
}

/* Returns one of them, to be waited for. The last but one goes on, so that one is left when its callback waits. */
static Piece *
start_pieces (Client       *client,
              AiotExecutor *executor,
              gboolean      may_not_run)
{
  int n = g_rand_int_range (client->random, 2, MOST_IN_LOT + 1);
  int chosen = g_rand_int_range (client->random, 0, n);
  gboolean meet = may_meet (client, executor);
  Piece *waited_for = NULL;

  for (int i = 0; i < n; i++)
    {
      Piece *piece = piece_new (client, may_not_run);

      piece->waits = meet && i == 0;
      piece->opens = meet && i == n - 1;
      piece->goes_on = i == n - 2;
      start_piece (piece, executor);
      if (i == chosen)
        waited_for = piece;
    }
  return waited_for;
}

/* Nobody but this lot has the executor. */
static void
start_lot_and_drop (Client *client)
{
  g_autoptr (AiotExecutor) executor = NULL;
  AiotShutdown how = g_rand_boolean (client->random) ? AIOT_SHUTDOWN_WAIT : AIOT_SHUTDOWN_CANCEL;
  gboolean shuts_down = g_rand_boolean (client->random);
  Piece *piece;

  executor = g_rand_boolean (client->random) ? aiot_executor_new_serial ("brief") : aiot_executor_new_pool ("brief", 2);
  piece = start_pieces (client, executor, shuts_down && how == AIOT_SHUTDOWN_CANCEL);
  if (shuts_down)
    g_assert_true (aiot_executor_shutdown_sync (executor, how, AIOT_TIMEOUT_NONE, NULL, NULL));
  else
    wait_for_piece (client, executor, piece);
}

static void
start_lot (Client *client)
{
  int which = g_rand_int_range (client->random, 0, N_SHARED + 1);
  AiotExecutor *executor = which < N_SHARED ? client->shared[which] : client->own;

  if (client->n_left <= 0)
    return;

  if (g_rand_int_range (client->random, 0, 4) == 0)
    aiot_executor_set_size (client->shared[POOL], g_rand_int_range (client->random, 1, MOST_THREADS + 1));
  if (g_rand_int_range (client->random, 0, 8) == 0)
    start_lot_and_drop (client);
  else
    wait_for_piece (client, executor, start_pieces (client, executor, FALSE));
}

static gpointer
run_client (gpointer data)
{
  Client *client = data;

  client->own = aiot_executor_new_pool ("own", 2);
  test_loop_open (&client->loop);
  for (guint i = 0; i < N_CHAINS; i++)
    start_lot (client);
  while (client->n_called < client->n_started)
    g_main_context_iteration (client->loop.main_context, TRUE);
  g_assert_cmpint (client->n_called, ==, client->n_started);
  g_assert_cmpint (client->n_left, <=, 0);
  test_loop_close (&client->loop);
  g_object_unref (client->own);
  return NULL;
}

static void
test_lots (void)
{
  AiotExecutor *shared[N_SHARED] = {
    [POOL] = aiot_executor_new_pool ("pool", MOST_THREADS),
    [POOL_OF_ONE] = aiot_executor_new_pool ("one", 1),
    [SERIAL] = aiot_executor_new_serial ("serial"),
  };
  Client clients[N_CLIENTS];
  GThread *threads[N_CLIENTS];

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      clients[i] = (Client) { .random = g_rand_new_with_seed (g_test_rand_int ()), .n_left = test_scaled (N_CALLS) };
      memcpy (clients[i].shared, shared, sizeof shared);
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    threads[i] = g_thread_new ("client", run_client, &clients[i]);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_thread_join (threads[i]);
      g_rand_free (clients[i].random);
    }
  for (guint i = 0; i < N_SHARED; i++)
    {
      /* All that came back was counted, and nothing is left. */
      g_assert_true (aiot_executor_shutdown_sync (shared[i], AIOT_SHUTDOWN_WAIT, AIOT_TIMEOUT_NONE, NULL, NULL));
      g_object_unref (shared[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/stress/lots/callbacks-that-wait", test_lots);
  return g_test_run ();
}
