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

#define AIOT_TYPE_GENERATOR (aiot_generator_get_type ())

AIOT_AVAILABLE_IN_1_0
GType          aiot_generator_get_type         (void) G_GNUC_CONST;
AIOT_AVAILABLE_IN_1_0
AiotGenerator *aiot_generator_ref              (AiotGenerator   *self);
AIOT_AVAILABLE_IN_1_0
void           aiot_generator_unref            (AiotGenerator   *self);

AIOT_AVAILABLE_IN_1_0
const GValue  *aiot_generator_get_argument     (AiotGenerator   *self);
AIOT_AVAILABLE_IN_1_0
GCancellable  *aiot_generator_get_cancellable  (AiotGenerator   *self);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_is_closed        (AiotGenerator   *self);
AIOT_AVAILABLE_IN_1_0
void           aiot_generator_report_progress  (AiotGenerator   *self,
                                                double           fraction,
                                                const char      *text);

AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit             (AiotGenerator   *self,
                                                const GValue    *value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_try_emit         (AiotGenerator   *self,
                                                const GValue    *value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_boolean     (AiotGenerator   *self,
                                                gboolean         value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_int64       (AiotGenerator   *self,
                                                gint64           value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_double      (AiotGenerator   *self,
                                                double           value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_string      (AiotGenerator   *self,
                                                const char      *value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_take_string (AiotGenerator   *self,
                                                char            *value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_object      (AiotGenerator   *self,
                                                gpointer         value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_take_object (AiotGenerator   *self,
                                                gpointer         value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_boxed       (AiotGenerator   *self,
                                                GType            boxed_type,
                                                gconstpointer    value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_take_boxed  (AiotGenerator   *self,
                                                GType            boxed_type,
                                                gpointer         value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_variant     (AiotGenerator   *self,
                                                GVariant        *value,
                                                GError         **error);
AIOT_AVAILABLE_IN_1_0
gboolean       aiot_generator_emit_pointer     (AiotGenerator   *self,
                                                gpointer         value,
                                                GDestroyNotify   destroy,
                                                GError         **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotGenerator, aiot_generator_unref)

G_END_DECLS
