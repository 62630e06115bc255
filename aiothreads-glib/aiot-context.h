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

/**
 * AiotContextFunc:
 * @user_data: the data given with the function
 *
 * What [method@Context.run] calls, on the calling thread.
 *
 * Since: 1.0
 */
typedef void (*AiotContextFunc) (gpointer user_data);

#define AIOT_TYPE_CONTEXT (aiot_context_get_type ())

AIOT_AVAILABLE_IN_1_0
GType             aiot_context_get_type        (void) G_GNUC_CONST;
AIOT_AVAILABLE_IN_1_0
AiotContext      *aiot_context_dup_current     (void);
AIOT_AVAILABLE_IN_1_0
AiotContext      *aiot_context_ref             (AiotContext      *self);
AIOT_AVAILABLE_IN_1_0
void              aiot_context_unref           (AiotContext      *self);

AIOT_AVAILABLE_IN_1_0
const GValue     *aiot_context_get_value       (AiotContext      *self,
                                                AiotContextVar   *var);
AIOT_AVAILABLE_IN_1_0
void              aiot_context_run             (AiotContext      *self,
                                                AiotContextFunc   func,
                                                gpointer          user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotContext, aiot_context_unref)

#define AIOT_TYPE_CONTEXT_VAR (aiot_context_var_get_type ())

AIOT_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (AiotContextVar, aiot_context_var, AIOT, CONTEXT_VAR, GObject)

AIOT_AVAILABLE_IN_1_0
AiotContextVar   *aiot_context_var_new         (const char       *name,
                                                GType             value_type,
                                                const GValue     *default_value);

AIOT_AVAILABLE_IN_1_0
const char       *aiot_context_var_get_name    (AiotContextVar   *self);
AIOT_AVAILABLE_IN_1_0
GType             aiot_context_var_get_value_type (AiotContextVar *self);
AIOT_AVAILABLE_IN_1_0
const GValue     *aiot_context_var_get_default_value (AiotContextVar *self);

AIOT_AVAILABLE_IN_1_0
const GValue     *aiot_context_var_get         (AiotContextVar   *self);
AIOT_AVAILABLE_IN_1_0
AiotContextToken *aiot_context_var_set         (AiotContextVar   *self,
                                                const GValue     *value) G_GNUC_WARN_UNUSED_RESULT;
AIOT_AVAILABLE_IN_1_0
AiotContextToken *aiot_context_var_set_string  (AiotContextVar   *self,
                                                const char       *value) G_GNUC_WARN_UNUSED_RESULT;
AIOT_AVAILABLE_IN_1_0
AiotContextToken *aiot_context_var_set_object  (AiotContextVar   *self,
                                                gpointer          value) G_GNUC_WARN_UNUSED_RESULT;
AIOT_AVAILABLE_IN_1_0
AiotContextToken *aiot_context_var_set_int64   (AiotContextVar   *self,
                                                gint64            value) G_GNUC_WARN_UNUSED_RESULT;
AIOT_AVAILABLE_IN_1_0
AiotContextToken *aiot_context_var_set_boolean (AiotContextVar   *self,
                                                gboolean          value) G_GNUC_WARN_UNUSED_RESULT;
AIOT_AVAILABLE_IN_1_0
void              aiot_context_var_reset       (AiotContextVar   *self,
                                                AiotContextToken *token);

#define AIOT_TYPE_CONTEXT_TOKEN (aiot_context_token_get_type ())

AIOT_AVAILABLE_IN_1_0
GType             aiot_context_token_get_type  (void) G_GNUC_CONST;
AIOT_AVAILABLE_IN_1_0
AiotContextToken *aiot_context_token_ref       (AiotContextToken *self);
AIOT_AVAILABLE_IN_1_0
void              aiot_context_token_unref     (AiotContextToken *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AiotContextToken, aiot_context_token_unref)

G_END_DECLS
