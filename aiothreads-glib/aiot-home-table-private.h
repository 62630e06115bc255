/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-home-private.h"

G_BEGIN_DECLS

/* A number for each thread that ever had to do with a home; unlike an address it never comes back. 0 is no thread. */
gsize         aiot_home_thread_get_id  (void);
gsize         aiot_home_thread_peek_id (void);
void          aiot_home_thread_claim   (AiotHome     *home);

void          aiot_home_table_forget   (AiotHome     *home);

/* What the table needs to know of a home */
AiotHome     *aiot_home_new            (GMainContext *main_context);
gboolean      aiot_home_serves         (AiotHome     *self,
                                        GMainContext *main_context);
GMainContext *aiot_home_get_address    (AiotHome     *self);
gsize         aiot_home_get_thread_id  (AiotHome     *self);
void          aiot_home_set_thread_id  (AiotHome     *self,
                                        gsize         thread_id,
                                        gboolean      outlives_exit);
gboolean      aiot_home_outlives_exit  (AiotHome     *self);

G_END_DECLS
