/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-context.h"

G_BEGIN_DECLS

/* NULL is the context in which nothing is set. */
AiotContext *aiot_context_ref_or_null (void);

/* What runs between these two sees another context, and what it sets ends there. */
AiotContext *aiot_context_enter       (AiotContext *context);
void         aiot_context_leave       (AiotContext *previous);

G_END_DECLS
