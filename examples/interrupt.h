/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Interrupt Interrupt;

typedef void (*InterruptFunc) (gpointer user_data);

Interrupt *interrupt_new             (InterruptFunc  func,
                                      gpointer       user_data);
void       interrupt_free            (Interrupt     *self);

int        interrupt_get_exit_status (Interrupt     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Interrupt, interrupt_free)

G_END_DECLS
