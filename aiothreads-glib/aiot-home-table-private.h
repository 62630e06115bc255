/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-home-private.h"

G_BEGIN_DECLS

/* What stands for a thread while it lives */
typedef struct _AiotHomeThread AiotHomeThread;

AiotHomeThread *aiot_home_thread_get    (void);
AiotHomeThread *aiot_home_thread_peek   (void);
void            aiot_home_thread_claim  (AiotHomeThread *self,
                                         AiotHome       *home);

void            aiot_home_table_forget  (AiotHome       *home);

/* What the table needs to know of a home */
AiotHome       *aiot_home_new           (GMainContext   *main_context);
gboolean        aiot_home_serves        (AiotHome       *self,
                                         GMainContext   *main_context);
GMainContext   *aiot_home_get_address   (AiotHome       *self);
AiotHomeThread *aiot_home_get_thread    (AiotHome       *self);
void            aiot_home_set_thread    (AiotHome       *self,
                                         AiotHomeThread *thread);

G_END_DECLS
