/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "test-util.h"

typedef struct
{
  const char *text;    /* NULL: not set */
  guint capacity;
  gboolean is_bad;
} Setting;

static void
test_capacity (gconstpointer data)
{
  const Setting *setting = data;

  if (g_test_subprocess ())
    {
      if (setting->text != NULL)
        g_setenv ("THREADED_ITERABLE_DEFAULT_MAX_SIZE", setting->text, TRUE);
      else
        g_unsetenv ("THREADED_ITERABLE_DEFAULT_MAX_SIZE");
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      g_assert_cmpuint (aiot_get_default_capacity (), ==, setting->capacity);

      /* It warns once, and what is set later comes too late. */
      g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_WARNING);
      g_setenv ("THREADED_ITERABLE_DEFAULT_MAX_SIZE", "many", TRUE);
      g_assert_cmpuint (aiot_get_default_capacity (), ==, setting->capacity);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  if (setting->is_bad)
    g_test_trap_assert_stderr ("*WARNING*THREADED_ITERABLE_DEFAULT_MAX_SIZE*is not a number of items*using 1024*");
  else
    g_test_trap_assert_stderr_unmatched ("*WARNING*");
}

int
main (int    argc,
      char **argv)
{
  const struct { const char *path; Setting setting; } tests[] = {
    { "/environment/capacity/not-set", { NULL, 1024, FALSE } },
    { "/environment/capacity/number", { "7", 7, FALSE } },
    { "/environment/capacity/zero-is-no-limit", { "0", 0, FALSE } },
    { "/environment/capacity/negative", { "-1", 1024, TRUE } },
    { "/environment/capacity/text", { "many", 1024, TRUE } },
    { "/environment/capacity/empty", { "", 1024, TRUE } },
    { "/environment/capacity/too-large", { "99999999999", 1024, TRUE } },
  };

  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, &tests[i].setting, test_capacity);
  return g_test_run ();
}
