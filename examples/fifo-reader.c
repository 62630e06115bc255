/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fifo-reader.h"

#include "fail-with-errno.h"
#include "line-buffer.h"
#include "wait-readable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE (64 * 1024)

typedef struct
{
  char *path;
  int fd;         /* of this iteration, or of the one before, or -1 */
} FifoReader;

static void
fifo_reader_free (gpointer data)
{
  FifoReader *self = data;

  if (self->fd != -1)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}

static gboolean
check_is_fifo (int      fd,
               GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return fail_with_errno (error, errno);
  if (S_ISFIFO (status.st_mode))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "This is no fifo; mkfifo makes one");
  return FALSE;
}

/*
 * Without O_NONBLOCK, open(2) sleeps until there is a writer, and nothing else ends that: whoever closes the iterator, or ends
 * the program, would wait for somebody who may never come. With it, it returns at once, and poll(2) sleeps until there is a
 * writer: on Linux it tells no end of file before there was one. To read without having asked it would look like the end.
 */
static gboolean
fifo_reader_open (FifoReader    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  int fd = open (self->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd == -1 && errno == ENOENT)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no such fifo; mkfifo makes one");
      return FALSE;
    }
  if (fd == -1)
    return fail_with_errno (error, errno);

  /* Not before: a writer that has come in the meantime would find itself without a reader, and be killed. */
  if (self->fd != -1)
    close (self->fd);
  self->fd = fd;
  return check_is_fifo (fd, error) && wait_readable (fd, cancellable, error);
}

static gboolean
read_fifo (AiotGenerator  *generator,
           gpointer        user_data,
           GError        **error)
{
  FifoReader *self = user_data;
  GCancellable *cancellable = aiot_generator_get_cancellable (generator);
  g_autoptr (LineBuffer) lines = line_buffer_new ();
  g_autofree char *block = g_malloc (BLOCK_SIZE);
  gssize n;

  if (!fifo_reader_open (self, cancellable, error))
    return FALSE;

  while ((n = read_some (self->fd, block, BLOCK_SIZE, cancellable, error)) > 0)
    if (!line_buffer_emit (lines, generator, block, n, error))
      return FALSE;
  return n == 0 && line_buffer_emit_rest (lines, generator, error);
}

AiotThreadedIterable *
fifo_reader_new (const char *path)
{
  FifoReader *self = g_new (FifoReader, 1);
  AiotThreadedIterable *iterable;

  *self = (FifoReader) { g_strdup (path), -1 };
  iterable = aiot_threaded_iterable_new (read_fifo, self, fifo_reader_free);
  aiot_threaded_iterable_set_name (iterable, "read-fifo");
  return iterable;
}
