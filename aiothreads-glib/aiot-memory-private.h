/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include <string.h>

G_BEGIN_DECLS

/* At least what processors exchange at once. Between what one thread writes all the time and what others need. */
#define AIOT_APART 64

/* For what is made all the time. The GNU C library has no memory at hand for who wants it to be zeroed. */
static inline gpointer
aiot_alloc_zeroed (gsize size)
{
  return memset (g_malloc (size), 0, size);
}

G_END_DECLS
