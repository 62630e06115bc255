/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-pump-private.h"

G_BEGIN_DECLS

AiotIterator *aiot_pipeline_new (AiotPump *pump);

G_END_DECLS
