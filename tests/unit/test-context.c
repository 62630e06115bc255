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

static void
expect_critical (const char *text)
{
  g_test_expect_message ("AioThreads", G_LOG_LEVEL_CRITICAL, text);
}

/* What a thread function does, on a thread that ends before this returns. */
static void
run_in_thread (GThreadFunc func,
               gpointer    data)
{
  g_thread_join (g_thread_new ("other", func, data));
}

/* --- defaults --- */

static void
test_properties (void)
{
  g_auto (GValue) default_value = G_VALUE_INIT;
  g_autoptr (AiotContextVar) var = NULL;
  g_autofree char *name = NULL;
  GValue *given = NULL;
  GType type;

  g_value_init (&default_value, G_TYPE_STRING);
  g_value_set_static_string (&default_value, "nobody");
  var = aiot_context_var_new ("user", G_TYPE_STRING, &default_value);
  g_assert_cmpstr (aiot_context_var_get_name (var), ==, "user");
  g_assert_true (aiot_context_var_get_value_type (var) == G_TYPE_STRING);
  g_assert_cmpstr (g_value_get_string (aiot_context_var_get_default_value (var)), ==, "nobody");

  g_object_get (var, "name", &name, "value-type", &type, "default-value", &given, NULL);
  g_assert_cmpstr (name, ==, "user");
  g_assert_true (type == G_TYPE_STRING);
  g_assert_cmpstr (g_value_get_string (given), ==, "nobody");
  g_boxed_free (G_TYPE_VALUE, given);
}

static void
test_default (void)
{
  g_auto (GValue) default_value = G_VALUE_INIT;
  g_autoptr (AiotContextVar) var = NULL;
  g_autoptr (AiotContextToken) token = NULL;

  g_value_init (&default_value, G_TYPE_INT64);
  g_value_set_int64 (&default_value, 5);
  var = aiot_context_var_new ("number", G_TYPE_INT64, &default_value);
  g_value_set_int64 (&default_value, 6);
  g_assert_cmpint (get_int64 (var), ==, 5);

  token = aiot_context_var_set_int64 (var, 7);
  g_assert_cmpint (get_int64 (var), ==, 7);
  aiot_context_var_reset (var, token);
  g_assert_cmpint (get_int64 (var), ==, 5);
  g_assert_true (aiot_context_var_get (var) == aiot_context_var_get_default_value (var));
}

static void
test_no_default (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContext) context = aiot_context_dup_current ();
  GValue *given = NULL;

  g_assert_null (aiot_context_var_get (var));
  g_assert_null (aiot_context_var_get_default_value (var));
  g_assert_null (aiot_context_get_value (context, var));
  g_object_get (var, "default-value", &given, NULL);
  g_assert_null (given);
}

static void
test_default_of_another_type (void)
{
  g_auto (GValue) default_value = G_VALUE_INIT;
  g_autoptr (AiotContextVar) var = NULL;

  g_value_init (&default_value, G_TYPE_INT);
  g_value_set_int (&default_value, 5);
  var = aiot_context_var_new ("number", G_TYPE_INT64, &default_value);
  g_assert_true (G_VALUE_HOLDS_INT64 (aiot_context_var_get_default_value (var)));
  g_assert_cmpint (get_int64 (var), ==, 5);
}

static void
test_default_of_wrong_type (void)
{
  g_auto (GValue) default_value = G_VALUE_INIT;
  g_autoptr (AiotContextVar) var = NULL;

  g_value_init (&default_value, G_TYPE_STRV);
  expect_critical ("*default*“number”*GStrv*gint64*");
  var = aiot_context_var_new ("number", G_TYPE_INT64, &default_value);
  g_test_assert_expected_messages ();
  g_assert_null (aiot_context_var_get (var));
}

/* --- set --- */

static void
test_set (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);

  g_assert_cmpint (get_int64 (var), ==, 1);
  set_int64 (var, 2);
  g_assert_cmpint (get_int64 (var), ==, 2);
  aiot_context_var_reset (var, token);
  g_assert_null (aiot_context_var_get (var));
}

static void
test_set_string (void)
{
  g_auto (GValue) default_value = G_VALUE_INIT;
  g_autoptr (AiotContextVar) var = NULL;
  g_autoptr (AiotContextToken) first = NULL;
  g_autoptr (AiotContextToken) second = NULL;
  char text[] = "alice";

  g_value_init (&default_value, G_TYPE_STRING);
  g_value_set_static_string (&default_value, "nobody");
  var = aiot_context_var_new ("user", G_TYPE_STRING, &default_value);

  first = aiot_context_var_set_string (var, text);
  text[0] = 'A';
  g_assert_cmpstr (g_value_get_string (aiot_context_var_get (var)), ==, "alice");

  /* To be set to NULL is to be set. */
  second = aiot_context_var_set_string (var, NULL);
  g_assert_true (G_VALUE_HOLDS_STRING (aiot_context_var_get (var)));
  g_assert_null (g_value_get_string (aiot_context_var_get (var)));
  aiot_context_var_reset (var, second);
  g_assert_cmpstr (g_value_get_string (aiot_context_var_get (var)), ==, "alice");
  aiot_context_var_reset (var, first);
}

static void
test_set_object (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("object", G_TYPE_OBJECT, NULL);
  g_autoptr (GCancellable) object = g_cancellable_new ();
  g_autoptr (AiotContextToken) first = aiot_context_var_set_object (var, object);
  g_autoptr (AiotContextToken) second = NULL;

  g_assert_true (g_value_get_object (aiot_context_var_get (var)) == object);
  second = aiot_context_var_set_object (var, NULL);
  g_assert_nonnull (aiot_context_var_get (var));
  g_assert_null (g_value_get_object (aiot_context_var_get (var)));
  aiot_context_var_reset (var, second);
  g_assert_true (g_value_get_object (aiot_context_var_get (var)) == object);
  aiot_context_var_reset (var, first);
  g_clear_pointer (&second, aiot_context_token_unref);
  g_assert_finalize_object (g_steal_pointer (&object));
}

static void
test_set_interface (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("file", G_TYPE_FILE, NULL);
  g_autoptr (GFile) file = g_file_new_for_path ("/");
  g_autoptr (AiotContextToken) token = aiot_context_var_set_object (var, file);

  g_assert_true (g_value_get_object (aiot_context_var_get (var)) == file);
  aiot_context_var_reset (var, token);
}

static void
test_set_int64 (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, G_MININT64);

  g_assert_cmpint (get_int64 (var), ==, G_MININT64);
  aiot_context_var_reset (var, token);
}

static void
test_set_boolean (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("flag", G_TYPE_BOOLEAN, NULL);
  g_autoptr (AiotContextToken) first = aiot_context_var_set_boolean (var, TRUE);
  g_autoptr (AiotContextToken) second = NULL;

  g_assert_true (g_value_get_boolean (aiot_context_var_get (var)));
  second = aiot_context_var_set_boolean (var, FALSE);
  g_assert_false (g_value_get_boolean (aiot_context_var_get (var)));
  aiot_context_var_reset (var, second);
  aiot_context_var_reset (var, first);
}

static AiotContextToken *
set_as_object_value (AiotContextVar *var,
                     GType           type,
                     gpointer        object)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, type);
  g_value_set_object (&value, object);
  return aiot_context_var_set (var, &value);
}

static void
test_set_derived (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("stream", G_TYPE_INPUT_STREAM, NULL);
  g_autoptr (GInputStream) stream = g_memory_input_stream_new ();
  g_autoptr (AiotContextToken) token = set_as_object_value (var, G_TYPE_MEMORY_INPUT_STREAM, stream);
  g_autoptr (AiotContextToken) narrowed = NULL;

  g_assert_true (g_value_get_object (aiot_context_var_get (var)) == stream);
  g_assert_true (G_VALUE_HOLDS (aiot_context_var_get (var), G_TYPE_INPUT_STREAM));
  aiot_context_var_reset (var, token);

  /* What the value was declared as does not matter. */
  narrowed = set_as_object_value (var, G_TYPE_OBJECT, stream);
  g_assert_true (g_value_get_object (aiot_context_var_get (var)) == stream);
  aiot_context_var_reset (var, narrowed);
}

static void
test_set_transforms (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (AiotContextToken) token = NULL;

  g_value_init (&value, G_TYPE_UINT);
  g_value_set_uint (&value, G_MAXUINT);
  token = aiot_context_var_set (var, &value);
  g_assert_true (G_VALUE_HOLDS_INT64 (aiot_context_var_get (var)));
  g_assert_cmpint (get_int64 (var), ==, G_MAXUINT);
  aiot_context_var_reset (var, token);
}

static void
test_value_stays (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextVar) other = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);
  const GValue *value = aiot_context_var_get (var);
  g_autoptr (AiotContextToken) other_token = aiot_context_var_set_int64 (other, 2);

  g_assert_true (aiot_context_var_get (var) == value);
  aiot_context_var_reset (other, other_token);
  g_assert_true (aiot_context_var_get (var) == value);
  g_assert_cmpint (g_value_get_int64 (value), ==, 1);
  aiot_context_var_reset (var, token);
}

static gpointer
find_nothing_then_set (gpointer var)
{
  g_assert_null (aiot_context_var_get (var));
  set_int64 (var, 2);
  g_assert_cmpint (get_int64 (var), ==, 2);
  return NULL;
}

/* A thread that this library did not start begins with nothing, and keeps what it sets for itself. */
static void
test_threads_have_their_own (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);

  run_in_thread (find_nothing_then_set, var);
  g_assert_cmpint (get_int64 (var), ==, 1);
  aiot_context_var_reset (var, token);
}

/* --- reset --- */

static void
test_reset_nested (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  AiotContextToken *tokens[5];

  for (int i = 0; i < 5; i++)
    tokens[i] = aiot_context_var_set_int64 (var, i);
  for (int i = 5; i-- > 0;)
    {
      g_assert_cmpint (get_int64 (var), ==, i);
      aiot_context_var_reset (var, tokens[i]);
      aiot_context_token_unref (tokens[i]);
    }
  g_assert_null (aiot_context_var_get (var));
}

/* Each token knows what was before it, whatever came after. */
static void
test_reset_out_of_order (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) first = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContextToken) second = aiot_context_var_set_int64 (var, 2);

  aiot_context_var_reset (var, first);
  g_assert_null (aiot_context_var_get (var));
  aiot_context_var_reset (var, second);
  g_assert_cmpint (get_int64 (var), ==, 1);
  set_int64 (var, 3);
  g_clear_pointer (&second, aiot_context_token_unref);
  second = aiot_context_var_set_int64 (var, 4);
  aiot_context_var_reset (var, second);
  g_assert_cmpint (get_int64 (var), ==, 3);
}

static void
test_reset_leaves_others (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextVar) other = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContextToken) other_token = aiot_context_var_set_int64 (other, 2);

  aiot_context_var_reset (var, token);
  g_assert_null (aiot_context_var_get (var));
  g_assert_cmpint (get_int64 (other), ==, 2);
  aiot_context_var_reset (other, other_token);
}

typedef struct
{
  AiotContextVar *var;
  AiotContextToken *token;
} Reset;

static gpointer
reset_elsewhere (gpointer data)
{
  Reset *reset = data;

  set_int64 (reset->var, 3);
  aiot_context_var_reset (reset->var, reset->token);
  g_assert_cmpint (get_int64 (reset->var), ==, 1);
  return NULL;
}

/* As with setting, it is about the calling thread. */
static void
test_reset_on_another_thread (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) first = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContextToken) second = aiot_context_var_set_int64 (var, 2);
  Reset reset = { var, second };

  run_in_thread (reset_elsewhere, &reset);
  g_assert_cmpint (get_int64 (var), ==, 2);
  aiot_context_var_reset (var, first);
}

/* --- misuse --- */

static void
test_token_used_twice (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);
  g_autoptr (AiotContextToken) later = NULL;

  aiot_context_var_reset (var, token);
  later = aiot_context_var_set_int64 (var, 2);
  expect_critical ("*aiot_context_var_reset*is_used*");
  aiot_context_var_reset (var, token);
  g_test_assert_expected_messages ();
  g_assert_cmpint (get_int64 (var), ==, 2);
  aiot_context_var_reset (var, later);
}

static void
test_token_of_another_variable (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_autoptr (AiotContextVar) other = new_number ();
  g_autoptr (AiotContextToken) token = aiot_context_var_set_int64 (var, 1);

  expect_critical ("*aiot_context_var_reset*token->var == self*");
  aiot_context_var_reset (other, token);
  g_test_assert_expected_messages ();
  g_assert_null (aiot_context_var_get (other));

  /* It is still good for the one that it belongs to. */
  aiot_context_var_reset (var, token);
  g_assert_null (aiot_context_var_get (var));
}

static void
assert_refused (AiotContextToken *token,
                AiotContextVar   *var)
{
  g_test_assert_expected_messages ();
  g_assert_null (token);
  g_assert_null (aiot_context_var_get (var));
}

static void
test_value_of_wrong_type (void)
{
  g_autoptr (AiotContextVar) var = new_number ();
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRV);
  expect_critical ("*aiot_context_var_set:*");
  assert_refused (aiot_context_var_set (var, &value), var);
}

static void
test_object_of_wrong_type (void)
{
  g_autoptr (AiotContextVar) var = aiot_context_var_new ("stream", G_TYPE_INPUT_STREAM, NULL);
  g_autoptr (GCancellable) object = g_cancellable_new ();
  g_auto (GValue) value = G_VALUE_INIT;

  expect_critical ("*aiot_context_var_set_object:*");
  assert_refused (aiot_context_var_set_object (var, object), var);

  /* GLib would transform them to NULL. */
  expect_critical ("*aiot_context_var_set:*");
  assert_refused (set_as_object_value (var, G_TYPE_CANCELLABLE, object), var);
  expect_critical ("*aiot_context_var_set:*");
  assert_refused (set_as_object_value (var, G_TYPE_OBJECT, object), var);

  g_value_init (&value, G_TYPE_CANCELLABLE);
  g_value_set_object (&value, object);
  expect_critical ("*default*“stream”*GCancellable*GInputStream*");
  g_object_unref (aiot_context_var_new ("stream", G_TYPE_INPUT_STREAM, &value));
  g_test_assert_expected_messages ();
}

static void
test_setter_of_wrong_type (void)
{
  g_autoptr (AiotContextVar) number = new_number ();
  g_autoptr (AiotContextVar) flag = aiot_context_var_new ("flag", G_TYPE_BOOLEAN, NULL);

  expect_critical ("*aiot_context_var_set_string:*");
  assert_refused (aiot_context_var_set_string (number, "1"), number);
  expect_critical ("*aiot_context_var_set_object:*");
  assert_refused (aiot_context_var_set_object (number, NULL), number);
  expect_critical ("*aiot_context_var_set_boolean:*");
  assert_refused (aiot_context_var_set_boolean (number, TRUE), number);
  expect_critical ("*aiot_context_var_set_int64:*");
  assert_refused (aiot_context_var_set_int64 (flag, 1), flag);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/context/var/properties", test_properties);
  g_test_add_func ("/context/var/default-where-it-is-not-set", test_default);
  g_test_add_func ("/context/var/nothing-without-default", test_no_default);
  g_test_add_func ("/context/var/default-is-transformed", test_default_of_another_type);
  g_test_add_func ("/context/var/each-thread-has-its-own", test_threads_have_their_own);
  g_test_add_func ("/context/set/until-reset", test_set);
  g_test_add_func ("/context/set/string", test_set_string);
  g_test_add_func ("/context/set/object", test_set_object);
  g_test_add_func ("/context/set/object-with-interface", test_set_interface);
  g_test_add_func ("/context/set/int64", test_set_int64);
  g_test_add_func ("/context/set/boolean", test_set_boolean);
  g_test_add_func ("/context/set/value-of-derived-type", test_set_derived);
  g_test_add_func ("/context/set/number-is-transformed", test_set_transforms);
  g_test_add_func ("/context/set/other-values-stay-where-they-are", test_value_stays);
  g_test_add_func ("/context/reset/nested", test_reset_nested);
  g_test_add_func ("/context/reset/out-of-order", test_reset_out_of_order);
  g_test_add_func ("/context/reset/leaves-other-variables", test_reset_leaves_others);
  g_test_add_func ("/context/reset/on-another-thread-is-about-that-thread", test_reset_on_another_thread);
  g_test_add_func ("/context/misuse/token-used-twice", test_token_used_twice);
  g_test_add_func ("/context/misuse/token-of-another-variable", test_token_of_another_variable);
  g_test_add_func ("/context/misuse/default-of-wrong-type", test_default_of_wrong_type);
  g_test_add_func ("/context/misuse/value-of-wrong-type", test_value_of_wrong_type);
  g_test_add_func ("/context/misuse/object-of-wrong-type", test_object_of_wrong_type);
  g_test_add_func ("/context/misuse/setter-of-wrong-type", test_setter_of_wrong_type);
  return g_test_run ();
}
