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

#define AIOT_TYPE_CHANNEL (aiot_channel_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotChannel, aiot_channel, AIOT, CHANNEL, GObject)

AIOT_AVAILABLE_IN_1_0
AiotChannel  *aiot_channel_new                 (int                   capacity);
AIOT_AVAILABLE_IN_1_0
AiotChannel  *aiot_channel_new_full            (int                   capacity,
                                                AiotWhenFull          when_full,
                                                int                   timeout_ms,
                                                GMainContext         *main_context);

AIOT_AVAILABLE_IN_1_0
guint         aiot_channel_get_capacity        (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
AiotWhenFull  aiot_channel_get_when_full       (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
int           aiot_channel_get_timeout         (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_channel_set_timeout         (AiotChannel          *self,
                                                int                   timeout_ms);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_channel_is_closed           (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
guint         aiot_channel_get_length          (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
guint         aiot_channel_get_peak_length     (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
guint64       aiot_channel_get_n_accepted      (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
guint64       aiot_channel_get_n_received      (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
guint64       aiot_channel_get_n_dropped       (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
guint64       aiot_channel_get_n_destroyed     (AiotChannel          *self);

AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send                (AiotChannel          *self,
                                                const GValue         *value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_boolean        (AiotChannel          *self,
                                                gboolean              value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_int64          (AiotChannel          *self,
                                                gint64                value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_double         (AiotChannel          *self,
                                                double                value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_string         (AiotChannel          *self,
                                                const char           *value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_take_string    (AiotChannel          *self,
                                                char                 *value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_object         (AiotChannel          *self,
                                                gpointer              value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_take_object    (AiotChannel          *self,
                                                gpointer              value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_boxed          (AiotChannel          *self,
                                                GType                 boxed_type,
                                                gconstpointer         value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_take_boxed     (AiotChannel          *self,
                                                GType                 boxed_type,
                                                gpointer              value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_variant        (AiotChannel          *self,
                                                GVariant             *value,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_pointer        (AiotChannel          *self,
                                                gpointer              value,
                                                GDestroyNotify        destroy,
                                                GCancellable         *cancellable,
                                                GError              **error);

AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_try_send            (AiotChannel          *self,
                                                const GValue         *value,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
void          aiot_channel_send_async          (AiotChannel          *self,
                                                const GValue         *value,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
AiotSent      aiot_channel_send_finish         (AiotChannel          *self,
                                                GAsyncResult         *result,
                                                GError              **error);

AIOT_AVAILABLE_IN_1_0
gboolean      aiot_channel_receive_sync        (AiotChannel          *self,
                                                GValue               *value,
                                                int                   timeout_ms,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_channel_try_receive         (AiotChannel          *self,
                                                GValue               *value,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
void          aiot_channel_receive_async       (AiotChannel          *self,
                                                int                   timeout_ms,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
const GValue *aiot_channel_receive_finish      (AiotChannel          *self,
                                                GAsyncResult         *result,
                                                GError              **error);

AIOT_AVAILABLE_IN_1_0
AiotBatch    *aiot_channel_receive_many_sync   (AiotChannel          *self,
                                                guint                 min,
                                                guint                 max,
                                                int                   timeout_ms,
                                                GCancellable         *cancellable,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
AiotBatch    *aiot_channel_try_receive_many    (AiotChannel          *self,
                                                guint                 max,
                                                GError              **error);
AIOT_AVAILABLE_IN_1_0
void          aiot_channel_receive_many_async  (AiotChannel          *self,
                                                guint                 min,
                                                guint                 max,
                                                int                   timeout_ms,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              callback_data);
AIOT_AVAILABLE_IN_1_0
AiotBatch    *aiot_channel_receive_many_finish (AiotChannel          *self,
                                                GAsyncResult         *result,
                                                GError              **error);

AIOT_AVAILABLE_IN_1_0
void          aiot_channel_put_back            (AiotChannel          *self,
                                                const GValue         *value);
AIOT_AVAILABLE_IN_1_0
void          aiot_channel_close               (AiotChannel          *self);
AIOT_AVAILABLE_IN_1_0
AiotIterator *aiot_channel_iterate             (AiotChannel          *self);

G_END_DECLS
