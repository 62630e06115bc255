/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-call.h"
#include "aiot-executor-private.h"

G_BEGIN_DECLS

AiotCall     *aiot_call_new      (AiotThreadFunc        func,
                                  gpointer              user_data,
                                  GDestroyNotify        user_data_destroy,
                                  const GValue         *argument);
void          aiot_call_start    (AiotCall             *self,
                                  AiotExecutor         *executor,
                                  int                   priority,
                                  AiotOnCancel          on_cancel,
                                  gpointer              source_object,
                                  gpointer              source_tag,
                                  const char           *name,
                                  GCancellable         *cancellable,
                                  GAsyncReadyCallback   callback,
                                  gpointer              callback_data);
const GValue *aiot_call_finish   (GAsyncResult         *result,
                                  GError              **error);
gboolean      aiot_call_run_here (AiotCall             *self,
                                  GCancellable         *cancellable,
                                  GError              **error);

GValue       *aiot_call_empty_result (AiotCall          *self);

G_END_DECLS
