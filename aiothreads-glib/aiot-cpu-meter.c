/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-cpu-meter-private.h"

#include <pthread.h>

/*
 * Looks happen every 2 ms. A thread that computes on a crowded machine does not run in each such stretch, so it counts as busy
 * for some looks after it ran last; one that sleeps uses next to nothing, but for the moment of its start.
 */
#define BUSY 100

/* For the calling thread. */
void
aiot_cpu_meter_init (AiotCpuMeter *self)
{
  *self = (AiotCpuMeter) { .is_usable = FALSE };
  self->is_usable = pthread_getcpuclockid (pthread_self (), &self->clock) == 0;
}

/* Any thread, one at a time, while the metered thread lives. Each call is a look. */
gboolean
aiot_cpu_meter_is_busy (AiotCpuMeter *self)
{
  struct timespec time;
  gint64 now;

  if (!self->is_usable || clock_gettime (self->clock, &time) != 0)
    return FALSE;

  now = (gint64) time.tv_sec * G_TIME_SPAN_SECOND + time.tv_nsec / 1000;
  self->recent = self->recent / 2 + (now - self->seen);
  self->seen = now;
  return self->recent >= BUSY;
}
