/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

GtkWidget *frame_view_new (void);
void       frame_view_add (GtkWidget *self,
                           gint64     gap);

G_END_DECLS
