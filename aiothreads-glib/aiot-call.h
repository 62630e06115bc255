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

#define AIOT_TYPE_CALL (aiot_call_get_type ())

AIOT_AVAILABLE_IN_1_0
GType         aiot_call_get_type               (void) G_GNUC_CONST;
AIOT_AVAILABLE_IN_1_0
AiotCall     *aiot_call_ref                    (AiotCall        *self);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_unref                  (AiotCall        *self);

AIOT_AVAILABLE_IN_1_0
const GValue *aiot_call_get_argument           (AiotCall        *self);
AIOT_AVAILABLE_IN_1_0
const GValue *aiot_call_get_result             (AiotCall        *self);

AIOT_AVAILABLE_IN_1_0
GCancellable *aiot_call_get_cancellable        (AiotCall        *self);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_call_is_cancelled           (AiotCall        *self);
AIOT_AVAILABLE_IN_1_0
gboolean      aiot_call_set_error_if_cancelled (AiotCall        *self,
                                                GError         **error);

AIOT_AVAILABLE_IN_1_0
void          aiot_call_post                   (AiotCall        *self,
                                                AiotPostFunc     func,
                                                gpointer         user_data,
                                                GDestroyNotify   user_data_destroy);

AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result             (AiotCall        *self,
                                                const GValue    *value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_boolean     (AiotCall        *self,
                                                gboolean         value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_int64       (AiotCall        *self,
                                                gint64           value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_double      (AiotCall        *self,
                                                double           value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_string      (AiotCall        *self,
                                                const char      *value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_take_string (AiotCall        *self,
                                                char            *value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_object      (AiotCall        *self,
                                                gpointer         value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_take_object (AiotCall        *self,
                                                gpointer         value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_boxed       (AiotCall        *self,
                                                GType            boxed_type,
                                                gconstpointer    value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_take_boxed  (AiotCall        *self,
                                                GType            boxed_type,
                                                gpointer         value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_variant     (AiotCall        *self,
                                                GVariant        *value);
AIOT_AVAILABLE_IN_1_0
void          aiot_call_set_result_pointer     (AiotCall        *self,
                                                gpointer         value,
                                                GDestroyNotify   destroy);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotCall, aiot_call_unref)

G_END_DECLS
