/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIOT_INSIDE) && !defined(AIOT_COMPILATION)
# error "Only <aiothreads-glib/aiothreads-glib.h> can be included directly."
#endif

#include <aiothreads-glib/aiot-version.h>

#ifndef _AIOT_EXTERN
# define _AIOT_EXTERN extern
#endif

/**
 * AIOT_CHECK_VERSION:
 * @major: the major version to compare with
 * @minor: the minor version to compare with
 * @micro: the micro version to compare with
 *
 * Whether the headers compiled against are at least the version given.
 *
 * Since: 1.0
 */
#define AIOT_CHECK_VERSION(major, minor, micro)                           \
  (AIOT_MAJOR_VERSION > (major) ||                                        \
   (AIOT_MAJOR_VERSION == (major) && AIOT_MINOR_VERSION > (minor)) ||     \
   (AIOT_MAJOR_VERSION == (major) && AIOT_MINOR_VERSION == (minor) &&     \
    AIOT_MICRO_VERSION >= (micro)))

#define AIOT_AVAILABLE_IN_1_0 _AIOT_EXTERN
