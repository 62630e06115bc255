/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-channel.h"
#include "aiot-queue-private.h"

G_BEGIN_DECLS

AiotQueue    *aiot_channel_get_queue  (AiotChannel   *self);

/* Takes what is in @value in any case. */
AiotSent      aiot_channel_send_taken (AiotChannel   *self,
                                       GValue        *value,
                                       GCancellable  *cancellable,
                                       GError       **error);

/* aiot-channel-reader.c */
AiotIterator *aiot_channel_reader_new (AiotChannel   *channel);

G_END_DECLS
