/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

#define NOT_SET -1

static gint64
get_int64 (AiotContextVar *var)
{
  const GValue *value = aiot_context_var_get (var);

  return value != NULL ? g_value_get_int64 (value) : NOT_SET;
}

static gint64
get_int64_in (AiotContext    *context,
              AiotContextVar *var)
{
  const GValue *value = aiot_context_get_value (context, var);

  return value != NULL ? g_value_get_int64 (value) : NOT_SET;
}

static AiotContextVar *
new_number (void)
{
  return aiot_context_var_new ("number", G_TYPE_INT64, NULL);
}

/* Until the context ends that it is set in. */
static void
set_int64 (AiotContextVar *var,
           gint64          value)
{
  aiot_context_token_unref (aiot_context_var_set_int64 (var, value));
}

/* An object that the ledger counts when it is finalized. */
static GObject *
new_counted (TestLedger *ledger)
{
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  g_object_set_data_full (object, "item", test_ledger_item (ledger), test_item_free);
  return object;
}

static AiotContextToken *
set_counted (AiotContextVar *var,
             TestLedger     *ledger)
{
  g_autoptr (GObject) object = new_counted (ledger);

  return aiot_context_var_set_object (var, object);
}

static void
assert_freed (const TestLedger *ledger,
              int               n)
{
  g_assert_cmpint (ledger->n_freed, ==, n);
  g_assert_cmpint (ledger->n_freed_elsewhere, ==, 0);
}

/* What a thread function does, on a thread that ends before this returns. */
static void
run_in_thread (GThreadFunc func,
               gpointer    data)
{
  g_thread_join (g_thread_new ("other", func, data));
}

/* --- snapshots --- */

static void
test_snapshot_never_changes (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextVar) other = new_number ();
  g_autoptr (AiotContext) before = aiot_context_dup_current ();
  g_autoptr (AiotContextToken) first = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContext) snapshot = aiot_context_dup_current ();
  g_autoptr (AiotContextToken) second = aiot_context_var_set_int64 (var, 2);
  g_autoptr (AiotContextToken) third = aiot_context_var_set_int64 (other, 3);

  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (get_int64_in (before, var), ==, NOT_SET);
      g_assert_cmpint (get_int64_in (snapshot, var), ==, 1);
      g_assert_cmpint (get_int64_in (snapshot, other), ==, NOT_SET);
      if (i == 0)
        {
          aiot_context_var_reset (other, third);
          aiot_context_var_reset (var, second);
          aiot_context_var_reset (var, first);
        }
    }
}

#define MANY 500

/* Neither the array of what is set nor any value is copied. */
static void
test_snapshot_copies_nothing (void)
{
  AiotContextVar *vars[MANY];
  AiotContextToken *tokens[MANY];
  g_autoptr (AiotContext) first = NULL;
  g_autoptr (AiotContext) second = NULL;
  g_autoptr (AiotContext) changed = NULL;

  for (int i = 0; i < MANY; i++)
    {
      vars[i] = new_number ();
      tokens[i] = aiot_context_var_set_int64 (vars[i], i);
    }
  first = aiot_context_dup_current ();
  second = aiot_context_dup_current ();
  g_assert_true (first == second);

  aiot_context_var_reset (vars[0], tokens[0]);
  changed = aiot_context_dup_current ();
  g_assert_true (changed != first);
  g_assert_cmpint (get_int64_in (first, vars[0]), ==, 0);
  g_assert_null (aiot_context_get_value (changed, vars[0]));
  for (int i = 1; i < MANY; i++)
    {
      g_assert_cmpint (get_int64_in (first, vars[i]), ==, i);
      g_assert_true (aiot_context_get_value (first, vars[i]) == aiot_context_get_value (changed, vars[i]));
      g_assert_true (aiot_context_get_value (first, vars[i]) == aiot_context_var_get (vars[i]));
      aiot_context_var_reset (vars[i], tokens[i]);
    }

  for (int i = 0; i < MANY; i++)
    {
      aiot_context_token_unref (tokens[i]);
      g_object_unref (vars[i]);
    }
}

static void
test_snapshot_has_defaults (void)
{
  g_auto (GValue) default_value = G_VALUE_INIT;
  g_autoptr (AiotContextVar) var = NULL;
  g_autoptr (AiotContext) empty = aiot_context_dup_current ();

  g_value_init (&default_value, G_TYPE_INT64);
  g_value_set_int64 (&default_value, 5);
  var = aiot_context_var_new ("number", G_TYPE_INT64, &default_value);
  g_assert_cmpint (get_int64_in (empty, var), ==, 5);
}

/* --- run --- */

typedef struct
{
  AiotContextVar *var;
  AiotContext *inner;
  gint64 seen;
  gint64 seen_after;
  int n_run;
} Run;

static void
look_and_set (gpointer data)
{
  Run *run = data;

  run->n_run++;
  run->seen = get_int64 (run->var);
  set_int64 (run->var, 99);
  run->seen_after = get_int64 (run->var);
}

static void
test_run (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContext) empty = aiot_context_dup_current ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContext) snapshot = aiot_context_dup_current ();
  g_autoptr (AiotContext) own = NULL;
  g_autoptr (AiotContext) own_after = NULL;
  Run run = { .var = var };

  set_int64 (var, 2);
  own = aiot_context_dup_current ();
  for (int i = 0; i < 2; i++)
    {
      aiot_context_run (snapshot, look_and_set, &run);
      g_assert_cmpint (run.seen, ==, 1);
      g_assert_cmpint (run.seen_after, ==, 99);
    }
  aiot_context_run (empty, look_and_set, &run);
  g_assert_cmpint (run.seen, ==, NOT_SET);
  g_assert_cmpint (run.n_run, ==, 3);

  g_assert_cmpint (get_int64 (var), ==, 2);
  own_after = aiot_context_dup_current ();
  g_assert_true (own == own_after);
  g_assert_cmpint (get_int64_in (snapshot, var), ==, 1);
  g_assert_cmpint (get_int64_in (empty, var), ==, NOT_SET);
  aiot_context_var_reset (var, token);
}

static void
run_inner (gpointer data)
{
  Run *run = data;

  g_assert_cmpint (get_int64 (run->var), ==, 1);
  set_int64 (run->var, 11);
  aiot_context_run (run->inner, look_and_set, run);
  g_assert_cmpint (get_int64 (run->var), ==, 11);
}

static void
test_run_nested (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContext) outer = aiot_context_dup_current ();
  g_autoptr (AiotContext) inner = NULL;
  Run run = { .var = var };

  set_int64 (var, 2);
  inner = aiot_context_dup_current ();
  set_int64 (var, 3);
  run.inner = inner;
  aiot_context_run (outer, run_inner, &run);
  g_assert_cmpint (run.seen, ==, 2);

  /* In itself as well. */
  run.inner = outer;
  aiot_context_run (outer, run_inner, &run);
  g_assert_cmpint (run.seen, ==, 1);
  g_assert_cmpint (get_int64 (var), ==, 3);
  aiot_context_var_reset (var, token);
}

static void
drop_inner (gpointer data)
{
  Run *run = data;

  g_clear_pointer (&run->inner, aiot_context_unref);
  run->seen = get_int64 (run->var);
}

static void
test_run_drops_its_context (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);
  Run run = { .var = var, .inner = aiot_context_dup_current () };

  aiot_context_var_reset (var, token);
  aiot_context_run (run.inner, drop_inner, &run);
  g_assert_cmpint (run.seen, ==, 1);
  g_assert_null (aiot_context_var_get (var));
}

typedef struct
{
  AiotContext *context;
  AiotContextVar *var;
} Shared;

static gpointer
run_shared (gpointer data)
{
  Shared *shared = data;

  for (int i = 0; i < 200; i++)
    {
      Run run = { .var = shared->var };

      g_assert_cmpint (get_int64_in (shared->context, shared->var), ==, 1);
      aiot_context_run (shared->context, look_and_set, &run);
      g_assert_cmpint (run.seen, ==, 1);
      g_assert_null (aiot_context_var_get (shared->var));
    }
  return NULL;
}

static void
test_run_on_many_threads (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContext) context = aiot_context_dup_current ();
  Shared shared = { context, var };
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("runner", run_shared, &shared);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (get_int64 (var), ==, 1);
  aiot_context_var_reset (var, token);
}

/* --- what is freed --- */

static void
test_free_when_nothing_has_it (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  TestLedger ledgers[3] = { { g_thread_self () }, { g_thread_self () }, { g_thread_self () } };
  g_autoptr (AiotContextToken) first = set_counted (var, &ledgers[0]);
  g_autoptr (AiotContextToken) second = set_counted (var, &ledgers[1]);
  g_autoptr (AiotContext) snapshot = aiot_context_dup_current ();

  aiot_context_token_unref (set_counted (var, &ledgers[2]));
  assert_freed (&ledgers[2], 0);
  /* Nobody can get back to the third. */
  aiot_context_var_reset (var, second);
  assert_freed (&ledgers[2], 1);

  /* The token had the first one only as long as it could be needed; the snapshot has the second one. */
  aiot_context_var_reset (var, first);
  g_clear_pointer (&first, aiot_context_token_unref);
  assert_freed (&ledgers[0], 0);
  g_clear_pointer (&second, aiot_context_token_unref);
  assert_freed (&ledgers[0], 1);
  assert_freed (&ledgers[1], 0);
  g_clear_pointer (&snapshot, aiot_context_unref);
  for (guint i = 0; i < G_N_ELEMENTS (ledgers); i++)
    assert_freed (&ledgers[i], 1);
}

static void
set_counted_in_run (gpointer data)
{
  gpointer *args = data;

  aiot_context_token_unref (set_counted (args[0], args[1]));
  assert_freed (args[1], 0);
}

static void
test_free_at_the_end_of_a_run (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  g_autoptr (AiotContext) context = aiot_context_dup_current ();
  TestLedger ledger = { g_thread_self () };
  gpointer args[] = { var, &ledger };

  aiot_context_run (context, set_counted_in_run, args);
  assert_freed (&ledger, 1);
}

/* Nobody can have the variable mistaken for another one at the same address. */
static void
test_free_variable_after_its_values (void)
{
  AiotContextVar *var = new_number ();
  gpointer watched = var;
  AiotContextToken *token = aiot_context_var_set_int64 (var, 1);
  AiotContext *snapshot = aiot_context_dup_current ();
  Run run = { .var = var };

  g_object_add_weak_pointer (G_OBJECT (var), &watched);
  aiot_context_var_reset (var, token);
  aiot_context_token_unref (token);
  g_object_unref (var);
  g_assert_nonnull (watched);

  g_assert_cmpint (get_int64_in (snapshot, watched), ==, 1);
  aiot_context_run (snapshot, look_and_set, &run);
  g_assert_cmpint (run.seen, ==, 1);
  aiot_context_unref (snapshot);
  g_assert_null (watched);
}

static void
test_free_token_later (void)
{
  AiotContextVar *var = new_number ();
  gpointer watched = var;
  AiotContextToken *token = aiot_context_var_set_int64 (var, 1);
  AiotContextToken *other = g_boxed_copy (AIOT_TYPE_CONTEXT_TOKEN, token);

  g_object_add_weak_pointer (G_OBJECT (var), &watched);
  g_assert_true (other == token);
  aiot_context_token_unref (token);
  aiot_context_var_reset (var, other);
  g_object_unref (var);
  g_assert_nonnull (watched);
  aiot_context_token_unref (other);
  g_assert_null (watched);
}

/* --- what is freed may use the library --- */

typedef struct
{
  AiotContextVar *var;
  AiotContextToken *token;
  gint64 seen;
  int n_left;
  int n_freed;
} Reentry;

static void set_reentering (Reentry *reentry);

/* The destroy notify of a value. */
static void
reenter (gpointer data)
{
  Reentry *reentry = data;
  g_autoptr (AiotContext) context = aiot_context_dup_current ();

  g_assert_null (aiot_context_get_value (context, reentry->var));
  g_assert_null (aiot_context_var_get (reentry->var));
  reentry->n_freed++;
  if (reentry->n_left-- > 0)
    set_reentering (reentry);
}

static void
set_reentering (Reentry *reentry)
{
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  AiotContextToken *token;

  g_object_set_data_full (object, "reentry", reentry, reenter);
  token = aiot_context_var_set_object (reentry->var, object);
  g_clear_pointer (&reentry->token, aiot_context_token_unref);
  reentry->token = token;
}

/* A destroy notify finds the context as it is afterwards, and may set the very variable whose value is freed. */
static void
test_reentry_from_reset (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  Reentry reentry = { .var = var, .n_left = 3 };

  set_reentering (&reentry);
  for (int i = 1; i <= 4; i++)
    {
      g_assert_nonnull (aiot_context_var_get (var));
      aiot_context_var_reset (var, reentry.token);
      g_assert_cmpint (reentry.n_freed, ==, i);
    }
  g_assert_null (aiot_context_var_get (var));
  g_clear_pointer (&reentry.token, aiot_context_token_unref);
}

static void
set_reentering_in_run (gpointer data)
{
  set_reentering (data);
}

static void
test_reentry_from_the_end_of_a_run (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  g_autoptr (AiotContext) context = aiot_context_dup_current ();
  Reentry reentry = { .var = var, .n_left = 1 };

  aiot_context_run (context, set_reentering_in_run, &reentry);
  g_assert_cmpint (reentry.n_freed, ==, 1);
  /* It set the variable when the run had ended, so this was not in the run. */
  g_assert_nonnull (aiot_context_var_get (var));
  aiot_context_var_reset (var, reentry.token);
  g_assert_cmpint (reentry.n_freed, ==, 2);
  g_clear_pointer (&reentry.token, aiot_context_token_unref);
}

/* --- the end of a thread --- */

static gpointer
set_and_end (gpointer data)
{
  gpointer *args = data;
  TestLedger *ledger = args[1];

  ledger->home = g_thread_self ();
  aiot_context_token_unref (set_counted (args[0], ledger));
  return NULL;
}

/* g_thread_self () is gone already when the data of a thread is freed, so the ledger can't say where it is. */
static void
test_thread_end_frees (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  TestLedger ledger = { 0 };
  gpointer args[] = { var, &ledger };

  run_in_thread (set_and_end, args);
  g_assert_cmpint (ledger.n_freed, ==, 1);
}

static gpointer
set_reentering_and_end (gpointer data)
{
  Reentry *reentry = data;

  set_reentering (reentry);
  g_clear_pointer (&reentry->token, aiot_context_token_unref);
  return NULL;
}

static void
test_thread_end_may_set (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  Reentry reentry = { .var = var, .n_left = 1 };

  run_in_thread (set_reentering_and_end, &reentry);
  g_clear_pointer (&reentry.token, aiot_context_token_unref);
  g_assert_cmpint (reentry.n_freed, ==, 2);
}

static gpointer
end_with_the_last (gpointer data)
{
  AiotContext **context = data;

  aiot_context_unref (g_steal_pointer (context));
  return NULL;
}

/* What the documentation says: on the thread that drops the last reference. */
static void
test_free_where_the_last_reference_is_dropped (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  TestLedger ledger = { g_thread_self () };
  AiotContextToken *token = set_counted (var, &ledger);
  AiotContext *context = aiot_context_dup_current ();

  aiot_context_var_reset (var, token);
  aiot_context_token_unref (token);
  assert_freed (&ledger, 0);
  run_in_thread (end_with_the_last, &context);
  g_assert_cmpint (ledger.n_freed, ==, 1);
  g_assert_cmpint (ledger.n_freed_elsewhere, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/context/snapshot/never-changes", test_snapshot_never_changes);
  g_test_add_func ("/context/snapshot/copies-nothing", test_snapshot_copies_nothing);
  g_test_add_func ("/context/snapshot/has-defaults", test_snapshot_has_defaults);
  g_test_add_func ("/context/run/changes-end-with-it", test_run);
  g_test_add_func ("/context/run/nested", test_run_nested);
  g_test_add_func ("/context/run/drops-its-context", test_run_drops_its_context);
  g_test_add_func ("/context/run/on-many-threads", test_run_on_many_threads);
  g_test_add_func ("/context/free/when-nothing-has-it", test_free_when_nothing_has_it);
  g_test_add_func ("/context/free/at-the-end-of-a-run", test_free_at_the_end_of_a_run);
  g_test_add_func ("/context/free/variable-after-its-values", test_free_variable_after_its_values);
  g_test_add_func ("/context/free/token-later", test_free_token_later);
  g_test_add_func ("/context/free/where-the-last-reference-is-dropped", test_free_where_the_last_reference_is_dropped);
  g_test_add_func ("/context/free/notify-may-set/after-reset", test_reentry_from_reset);
  g_test_add_func ("/context/free/notify-may-set/after-run", test_reentry_from_the_end_of_a_run);
  g_test_add_func ("/context/free/notify-may-set/at-the-end-of-a-thread", test_thread_end_may_set);
  g_test_add_func ("/context/free/at-the-end-of-a-thread", test_thread_end_frees);
  return g_test_run ();
}
