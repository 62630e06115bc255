/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void     aiot_process_use            (void);

gboolean aiot_process_is_forked      (void);
gboolean aiot_process_is_ending      (void);
gboolean aiot_process_fails_if_forked (GError  **error);
gboolean aiot_process_is_main_thread (void);
guint    aiot_process_count_processors (void);

/* Threads of all executors together. */
gboolean aiot_process_reserve_thread (void);
void     aiot_process_release_thread (void);
guint    aiot_process_get_thread_limit (void);
void     aiot_process_set_thread_limit (guint    limit);

/* Threads that the end of the process waits for. */
void     aiot_process_add_joined     (void);
void     aiot_process_mark_joined    (void);
gboolean aiot_process_is_joined      (void);
void     aiot_process_remove_joined  (void);

G_END_DECLS
