/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-call.h"
#include "aiot-executor-private.h"
#include "aiot-limiter-private.h"

G_BEGIN_DECLS

typedef struct
{
  AiotExecutor *executor;   /* NULL: the default one */
  AiotLimiter *limiter;     /* NULL: none */
  const char *name;         /* interned, or NULL */
  int priority;
  AiotOnCancel on_cancel;
} AiotCallOptions;

/* At home. */
typedef void (*AiotCallAnswered) (AiotCall *call,
                                  gpointer  user_data);

AiotCall     *aiot_call_new          (AiotThreadFunc          func,
                                      gpointer                user_data,
                                      GDestroyNotify          user_data_destroy,
                                      const GValue           *argument);
AiotCall     *aiot_call_new_done     (GValue                 *result);
void          aiot_call_take_argument (AiotCall              *self,
                                      GValue                 *argument);
void          aiot_call_give_back_argument (AiotCall         *self,
                                      GValue                 *argument);

void          aiot_call_start        (AiotCall               *self,
                                      const AiotCallOptions  *options,
                                      gpointer                source_object,
                                      gpointer                source_tag,
                                      GCancellable           *cancellable,
                                      GAsyncReadyCallback     callback,
                                      gpointer                callback_data);
void          aiot_call_start_within (AiotCall               *self,
                                      const AiotCallOptions  *options,
                                      AiotCallAnswered        answered,
                                      gpointer                user_data);
void          aiot_call_cancel       (AiotCall               *self);
const GValue *aiot_call_finish       (GAsyncResult           *result,
                                      GError                **error);
gboolean      aiot_call_take_answer  (AiotCall               *self,
                                      GValue                 *value,
                                      GError                **error);

gboolean      aiot_call_run_here     (AiotCall               *self,
                                      const char             *name,
                                      GCancellable           *cancellable,
                                      GError                **error);
gboolean      aiot_call_run_and_wait (AiotCall               *self,
                                      const AiotCallOptions  *options,
                                      GCancellable           *cancellable,
                                      GError                **error);

GValue       *aiot_call_empty_result (AiotCall               *self);

G_END_DECLS
