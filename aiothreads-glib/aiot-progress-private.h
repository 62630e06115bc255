/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-home-private.h"
#include "aiot-progress.h"

G_BEGIN_DECLS

AiotProgress *aiot_progress_new_at (AiotHome *home);

G_END_DECLS
