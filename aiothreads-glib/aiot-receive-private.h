/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-queue-private.h"

G_BEGIN_DECLS

typedef enum
{
  AIOT_READER_OPEN,
  AIOT_READER_OVER,     /* somebody was told the end, or the error in place of it */
  AIOT_READER_CLOSED,
} AiotReaderState;

/* What all that one iterator receives has in common. Zeroed memory is an open one. */
typedef struct
{
  int state;            /* atomic */
} AiotReader;

gboolean      aiot_reader_is_open          (AiotReader            *self);
gboolean      aiot_reader_is_closed        (AiotReader            *self);
gboolean      aiot_reader_close            (AiotReader            *self);
gboolean      aiot_reader_reserve          (AiotReader            *self,
                                            AiotQueue             *queue,
                                            AiotReceiver          *receiver);
gboolean      aiot_reader_wait             (AiotReader            *self,
                                            AiotQueue             *queue,
                                            AiotReceiver          *receiver);
gboolean      aiot_reader_conclude         (AiotReader            *self,
                                            AiotTaken              taken,
                                            AiotInterruption       interruption,
                                            GError                *end_error,
                                            GError               **error);

/* @reader is NULL for who receives from a channel directly. One of @value and @batch is NULL. */
AiotTaken     aiot_queue_try_receive       (AiotQueue             *self,
                                            AiotReader            *reader,
                                            guint                  max,
                                            GValue                *value,
                                            AiotBatch            **batch,
                                            GError               **error);
AiotTaken     aiot_queue_receive_sync      (AiotQueue             *self,
                                            AiotReader            *reader,
                                            guint                  min,
                                            guint                  max,
                                            GValue                *value,
                                            AiotBatch            **batch,
                                            int                    timeout_ms,
                                            GCancellable          *cancellable,
                                            GError               **error);

void          aiot_queue_receive_async     (AiotQueue             *self,
                                            AiotReader            *reader,
                                            int                    timeout_ms,
                                            GCancellable          *cancellable,
                                            gpointer               source_object,
                                            gpointer               source_tag,
                                            GAsyncReadyCallback    callback,
                                            gpointer               callback_data);
const GValue *aiot_queue_receive_finish    (GAsyncResult          *result,
                                            GError               **error);
void          aiot_queue_receive_many_async (AiotQueue            *self,
                                            AiotReader            *reader,
                                            guint                  min,
                                            guint                  max,
                                            int                    timeout_ms,
                                            GCancellable          *cancellable,
                                            gpointer               source_object,
                                            gpointer               source_tag,
                                            GAsyncReadyCallback    callback,
                                            gpointer               callback_data);
AiotBatch    *aiot_queue_receive_many_finish (GAsyncResult        *result,
                                            GError               **error);

G_END_DECLS
