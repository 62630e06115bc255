/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-environment-private.h"

/* The name that programs written for aiothreads know. */
#define CAPACITY_VARIABLE "THREADED_ITERABLE_DEFAULT_MAX_SIZE"
#define DEFAULT_CAPACITY 1024

/* Warns of a bad value. @what follows “is not”. */
guint
aiot_environment_get_number (const char *variable,
                             guint       smallest,
                             guint       by_default,
                             const char *what)
{
  const char *text = g_getenv (variable);
  guint64 number;

  if (text == NULL)
    return by_default;
  if (g_ascii_string_to_unsigned (text, 10, smallest, G_MAXINT, &number, NULL))
    return number;

  g_warning ("%s is “%s”, which is not %s, %u or more; using %u", variable, text, what, smallest, by_default);
  return by_default;
}

/**
 * aiot_get_default_capacity:
 *
 * Gets how many items a queue between a worker and a main loop holds where nothing else is said.
 *
 * It is 1024, or what the environment variable `THREADED_ITERABLE_DEFAULT_MAX_SIZE` says, where 0 is no limit. The variable is
 * read when this is first called; a value that is not a number is ignored with a warning. 1024 items are enough that
 * neither side waits for the other all the time, and few enough that a fast producer does not fill the memory.
 *
 * It may be called from any thread, and does not block.
 *
 * Returns: a number of items, or 0 for no limit
 *
 * Since: 1.0
 */
guint
aiot_get_default_capacity (void)
{
  static gsize capacity_plus_one;

  if (g_once_init_enter (&capacity_plus_one))
    g_once_init_leave (&capacity_plus_one,
                       (gsize) aiot_environment_get_number (CAPACITY_VARIABLE, 0, DEFAULT_CAPACITY, "a number of items") + 1);

  return capacity_plus_one - 1;
}
