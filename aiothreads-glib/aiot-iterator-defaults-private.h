/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-iterator.h"

G_BEGIN_DECLS

/* What an iterator does that only has next_async (), next_finish (), close () and is_closed (). */
void aiot_iterator_set_defaults (AiotIteratorInterface *iface);

G_END_DECLS
