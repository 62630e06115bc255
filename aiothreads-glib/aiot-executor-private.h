/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-executor.h"
#include "aiot-runner-private.h"

G_BEGIN_DECLS

AiotRunner *aiot_executor_dup_runner (AiotExecutor *self);

G_END_DECLS
