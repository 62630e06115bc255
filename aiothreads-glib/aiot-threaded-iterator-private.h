/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-generator-private.h"
#include "aiot-threaded-iterator.h"

G_BEGIN_DECLS

AiotThreadedIterator *aiot_threaded_iterator_new_for (AiotGenerator              *generator,
                                                      const AiotGeneratorOptions *options,
                                                      GCancellable               *cancellable);

G_END_DECLS
