/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "wait-readable.h"

#include "fail-with-errno.h"

#include <aiothreads-glib/aiothreads-glib.h>

#include <errno.h>
#include <unistd.h>

/*
 * Nothing wakes a thread that sleeps in read(2) or open(2) but what it waits for. One that sleeps in poll(2) is woken by the
 * cancellable as well, which has a descriptor for that. So whoever has to wait for something waits here, and reads
 * afterwards what is there.
 */
gboolean
wait_readable (int            fd,
               GCancellable  *cancellable,
               GError       **error)
{
  GPollFD fds[2] = { { .fd = fd, .events = G_IO_IN } };
  guint n_fds = g_cancellable_make_pollfd (cancellable, &fds[1]) ? 2 : 1;
  int n_ready, saved_errno;

  /* May take for ever: on a pool, somebody else gets this place meanwhile. */
  aiot_blocking_begin ();
  do
    n_ready = g_poll (fds, n_fds, -1);
  while (n_ready < 0 && errno == EINTR);
  saved_errno = errno;
  aiot_blocking_end ();

  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return n_ready >= 0 || fail_with_errno (error, saved_errno);
}

/* Returns how much was read, 0 at the end, or -1 with an error. */
gssize
read_some (int            fd,
           void          *block,
           gsize          size,
           GCancellable  *cancellable,
           GError       **error)
{
  for (;;)
    {
      gssize n_read = read (fd, block, size);

      if (n_read >= 0)
        return n_read;
      if (errno == EAGAIN)
        {
          if (!wait_readable (fd, cancellable, error))
            return -1;
        }
      else if (errno != EINTR)
        {
          fail_with_errno (error, errno);
          return -1;
        }
    }
}
