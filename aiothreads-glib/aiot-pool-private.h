/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-work-private.h"

G_BEGIN_DECLS

typedef struct _AiotPool AiotPool;

typedef struct
{
  guint n_threads;
  guint n_running;
  guint n_queued;
  guint64 n_done;
  guint64 n_failed;
  gint64 total_time;
} AiotPoolStatistics;

AiotPool   *aiot_pool_new            (const char         *name,
                                      guint               size);
AiotPool   *aiot_pool_ref            (AiotPool           *self);
void        aiot_pool_unref          (AiotPool           *self);
void        aiot_pool_let_go         (AiotPool           *self);

const char *aiot_pool_get_name       (AiotPool           *self);
guint       aiot_pool_get_size       (AiotPool           *self);
void        aiot_pool_set_size       (AiotPool           *self,
                                      guint               size);
void        aiot_pool_get_statistics (AiotPool           *self,
                                      AiotPoolStatistics *statistics);

void        aiot_pool_submit         (AiotPool           *self,
                                      AiotWork           *work);
gboolean    aiot_pool_withdraw       (AiotPool           *self,
                                      AiotWork           *work);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotPool, aiot_pool_unref)

G_END_DECLS
