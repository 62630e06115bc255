/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean show_line            (const GValue *line,
                               gpointer      user_data);
gboolean all_lines_were_shown (void);

G_END_DECLS
