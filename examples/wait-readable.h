/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* For workers, and descriptors that were opened with O_NONBLOCK. Both block until they are cancelled. */
gboolean wait_readable (int            fd,
                        GCancellable  *cancellable,
                        GError       **error);
gssize   read_some     (int            fd,
                        void          *block,
                        gsize          size,
                        GCancellable  *cancellable,
                        GError       **error);

G_END_DECLS
