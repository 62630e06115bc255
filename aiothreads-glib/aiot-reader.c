/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "aiot-receive-private.h"

#include "aiot-error.h"

gboolean
aiot_reader_is_open (AiotReader *self)
{
  return self == NULL || g_atomic_int_get (&self->state) == AIOT_READER_OPEN;
}

gboolean
aiot_reader_is_closed (AiotReader *self)
{
  return self != NULL && g_atomic_int_get (&self->state) == AIOT_READER_CLOSED;
}

/* TRUE for whoever does it. */
gboolean
aiot_reader_close (AiotReader *self)
{
  return g_atomic_int_compare_and_exchange (&self->state, AIOT_READER_OPEN, AIOT_READER_CLOSED) ||
         g_atomic_int_compare_and_exchange (&self->state, AIOT_READER_OVER, AIOT_READER_CLOSED);
}

/* TRUE when it need not wait, and will not be notified. */
gboolean
aiot_reader_reserve (AiotReader   *self,
                     AiotQueue    *queue,
                     AiotReceiver *receiver)
{
  return aiot_reader_is_open (self) && aiot_queue_reserve (queue, receiver);
}

/*
 * Adds the receiver, which may be gone when this returns TRUE; the caller keeps the iterator, and so the queue. FALSE when it will not
 * be notified.
 */
gboolean
aiot_reader_wait (AiotReader   *self,
                  AiotQueue    *queue,
                  AiotReceiver *receiver)
{
  if (!aiot_queue_add_receiver (queue, receiver))
    return FALSE;

  /* Whoever closed it meanwhile may have looked too early for who waits. */
  if (aiot_reader_is_closed (self))
    aiot_queue_interrupt_reader (queue, self);
  return TRUE;
}

static void
reader_note_end (AiotReader *self)
{
  if (self != NULL)
    g_atomic_int_compare_and_exchange (&self->state, AIOT_READER_OPEN, AIOT_READER_OVER);
}

static void
set_closed_error (AiotReader  *self,
                  GError     **error)
{
  if (self == NULL)
    g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CLOSED, "The channel is closed");
  else if (aiot_reader_is_closed (self))
    g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CLOSED, "The iterator was closed");
  else
    g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CLOSED,
                         "The iterator has been at its end, and can't be used a second time; make a new one");
}

static void
set_interruption_error (AiotReader        *self,
                        AiotInterruption   interruption,
                        GError           **error)
{
  switch (interruption)
    {
    case AIOT_INTERRUPTION_CANCELLED:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      break;
    case AIOT_INTERRUPTION_TIMED_OUT:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "No item came in time");
      break;
    case AIOT_INTERRUPTION_CONTEXT_GONE:
      g_set_error_literal (error, AIOT_ERROR, AIOT_ERROR_CONTEXT_GONE, "The main context of the caller has gone away");
      break;
    case AIOT_INTERRUPTION_CLOSED:
    case AIOT_INTERRUPTION_NONE:
    default:
      set_closed_error (self, error);
    }
}

/* FALSE with an error where there are neither items nor the end. Takes @end_error. */
gboolean
aiot_reader_conclude (AiotReader        *self,
                      AiotTaken          taken,
                      AiotInterruption   interruption,
                      GError            *end_error,
                      GError           **error)
{
  switch (taken)
    {
    case AIOT_TAKEN_ITEMS:
      return TRUE;
    case AIOT_TAKEN_END:
      reader_note_end (self);
      if (self != NULL)
        return TRUE;
      set_closed_error (self, error);
      return FALSE;
    case AIOT_TAKEN_ERROR:
      reader_note_end (self);
      g_propagate_error (error, end_error);
      return FALSE;
    case AIOT_TAKEN_INTERRUPTION:
      set_interruption_error (self, interruption, error);
      return FALSE;
    case AIOT_TAKEN_NOTHING:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "No item is there now");
      return FALSE;
    case AIOT_TAKEN_CLOSED:
    default:
      set_closed_error (self, error);
      return FALSE;
    }
}
