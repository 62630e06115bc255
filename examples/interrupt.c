/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "interrupt.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

/*
 * Ctrl-C, and being told to terminate: the program ends in its own way then. Whoever asks a second time does not want to wait
 * for that.
 */

typedef struct
{
  Interrupt *interrupt;
  int number;
  guint source;
} Signal;

struct _Interrupt
{
  InterruptFunc func;
  gpointer user_data;
  Signal signals[2];
  int interrupted_by;   /* a signal, or 0 */
};

static const int numbers[] = { SIGINT, SIGTERM };

static gboolean
signal_cb (gpointer user_data)
{
  Signal *signal = user_data;
  Interrupt *self = signal->interrupt;

  if (self->interrupted_by != 0)
    _exit (128 + signal->number);

  self->interrupted_by = signal->number;
  self->func (self->user_data);
  return G_SOURCE_CONTINUE;
}

Interrupt *
interrupt_new (InterruptFunc func,
               gpointer      user_data)
{
  Interrupt *self = g_new0 (Interrupt, 1);

  self->func = func;
  self->user_data = user_data;
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      self->signals[i] = (Signal) { .interrupt = self, .number = numbers[i] };
      self->signals[i].source = g_unix_signal_add (numbers[i], signal_cb, &self->signals[i]);
    }
  return self;
}

void
interrupt_free (Interrupt *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->signals); i++)
    g_source_remove (self->signals[i].source);
  g_free (self);
}

/* What a program ends with that was interrupted, or 0. */
int
interrupt_get_exit_status (Interrupt *self)
{
  return self->interrupted_by != 0 ? 128 + self->interrupted_by : 0;
}
