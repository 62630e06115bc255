/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

static void
test_bare_pointer (void)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_POINTER);
  g_value_set_pointer (&value, &value);
  g_assert_true (aiot_value_get_pointer (&value) == &value);
  g_assert_false (aiot_value_is_no_value (&value));
}

static void
test_not_a_pointer (void)
{
  if (g_test_subprocess ())
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_value_init (&value, G_TYPE_INT);
      aiot_value_get_pointer (&value);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*CRITICAL*G_VALUE_HOLDS_POINTER*");
}

static void
test_version (void)
{
  g_assert_true (AIOT_CHECK_VERSION (AIOT_MAJOR_VERSION, AIOT_MINOR_VERSION, AIOT_MICRO_VERSION));
  g_assert_true (AIOT_CHECK_VERSION (AIOT_MAJOR_VERSION - 1, 99, 99));
  g_assert_false (AIOT_CHECK_VERSION (AIOT_MAJOR_VERSION, AIOT_MINOR_VERSION, AIOT_MICRO_VERSION + 1));
  g_assert_false (AIOT_CHECK_VERSION (AIOT_MAJOR_VERSION + 1, 0, 0));
  g_assert_true (g_str_has_prefix (AIOT_VERSION_S, "1."));
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  g_test_add_func ("/value/bare-pointer", test_bare_pointer);
  g_test_add_func ("/value/misuse/not-a-pointer", test_not_a_pointer);
  g_test_add_func ("/version/macros", test_version);
  return g_test_run ();
}
