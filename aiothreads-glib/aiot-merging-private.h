/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-pump-private.h"

G_BEGIN_DECLS

AiotPump *aiot_merging_new (AiotIterator **sources,
                            gsize          n_sources);

G_END_DECLS
