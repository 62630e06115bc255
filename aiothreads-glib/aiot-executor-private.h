/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-executor.h"
#include "aiot-pool-private.h"

G_BEGIN_DECLS

AiotPool *aiot_executor_dup_pool (AiotExecutor *self);

G_END_DECLS
