/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-environment.h"

G_BEGIN_DECLS

guint aiot_environment_get_number (const char *variable,
                                   guint       smallest,
                                   guint       by_default,
                                   const char *what);

G_END_DECLS
