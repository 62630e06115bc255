/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(AIOT_INSIDE) && !defined(AIOT_COMPILATION)
# error "Only <aiothreads-glib/aiothreads-glib.h> can be included directly."
#endif

#include <aiothreads-glib/aiot-types.h>

G_BEGIN_DECLS

AIOT_AVAILABLE_IN_1_0
gint64 aiot_main_context_get_budget (GMainContext  *main_context);
AIOT_AVAILABLE_IN_1_0
int    aiot_main_context_get_timeout (GMainContext *main_context);
AIOT_AVAILABLE_IN_1_0
void   aiot_main_context_set_budget (GMainContext  *main_context,
                                     gint64         budget_us);
AIOT_AVAILABLE_IN_1_0
int    aiot_main_context_get_fd     (GMainContext  *main_context,
                                     GError       **error);
AIOT_AVAILABLE_IN_1_0
void   aiot_main_context_abandon    (GMainContext  *main_context);
AIOT_AVAILABLE_IN_1_0
void   aiot_main_context_abandon_quietly (GMainContext *main_context);
AIOT_AVAILABLE_IN_1_0
void   aiot_main_context_outlive_threads (GMainContext *main_context);

G_END_DECLS
