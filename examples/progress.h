/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Progress Progress;

Progress *progress_new            (void);
void      progress_free           (Progress   *self);

gboolean  progress_is_on_terminal (Progress   *self);
guint     progress_get_interval   (Progress   *self);
void      progress_show           (Progress   *self,
                                   const char *text);
void      progress_say            (Progress   *self,
                                   const char *format,
                                   ...) G_GNUC_PRINTF (2, 3);
void      progress_finish         (Progress   *self);

G_END_DECLS
