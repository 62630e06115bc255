/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#define AIOT_INSIDE
#include <aiothreads-glib/aiot-batch.h>
#include <aiothreads-glib/aiot-blocking.h>
#include <aiothreads-glib/aiot-call.h>
#include <aiothreads-glib/aiot-channel.h>
#include <aiothreads-glib/aiot-context.h>
#include <aiothreads-glib/aiot-enum-types.h>
#include <aiothreads-glib/aiot-environment.h>
#include <aiothreads-glib/aiot-error.h>
#include <aiothreads-glib/aiot-executor.h>
#include <aiothreads-glib/aiot-generator.h>
#include <aiothreads-glib/aiot-iterator.h>
#include <aiothreads-glib/aiot-iterator-ops.h>
#include <aiothreads-glib/aiot-limiter.h>
#include <aiothreads-glib/aiot-main-context.h>
#include <aiothreads-glib/aiot-offload.h>
#include <aiothreads-glib/aiot-progress.h>
#include <aiothreads-glib/aiot-sync-await.h>
#include <aiothreads-glib/aiot-threaded.h>
#include <aiothreads-glib/aiot-threaded-iterable.h>
#include <aiothreads-glib/aiot-threaded-iterator.h>
#include <aiothreads-glib/aiot-types.h>
#include <aiothreads-glib/aiot-value.h>
#include <aiothreads-glib/aiot-version.h>
#include <aiothreads-glib/aiot-version-macros.h>
#undef AIOT_INSIDE
