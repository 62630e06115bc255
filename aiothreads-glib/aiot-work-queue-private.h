/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-work-private.h"

G_BEGIN_DECLS

typedef struct _AiotWorkQueue AiotWorkQueue;

AiotWorkQueue *aiot_work_queue_new        (void);
void           aiot_work_queue_free       (AiotWorkQueue *self);

guint          aiot_work_queue_get_length (AiotWorkQueue *self);
void           aiot_work_queue_push       (AiotWorkQueue *self,
                                           AiotWork      *work);
AiotWork      *aiot_work_queue_pop        (AiotWorkQueue *self);
gboolean       aiot_work_queue_remove     (AiotWorkQueue *self,
                                           AiotWork      *work);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotWorkQueue, aiot_work_queue_free)

G_END_DECLS
