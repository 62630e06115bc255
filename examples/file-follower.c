/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "file-follower.h"

#include "fail-with-errno.h"
#include "line-buffer.h"
#include "wait-readable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * It runs as long as the program wants the file followed, so it has a thread of its own. There it sleeps until inotify tells
 * of a change, or the iterator is closed. What has changed is not read from the events but looked up: they only say when.
 *
 * Two things are watched. The file, by its descriptor, for what is written to it. And the directory, for what takes the place
 * of the file: that is opened when the old one was read to its end, which stays open until then.
 */

#define BLOCK_SIZE (64 * 1024)

/* So many lines wait at most. */
#define CAPACITY 256

typedef struct
{
  char *path;
  guint n_last_lines;
} Request;

typedef struct
{
  const char *path;
  int inotify;
  int fd;
  int watch;          /* of the file */
  goffset offset;     /* what comes before was read */
  LineBuffer *lines;
} Follower;

static void
request_free (gpointer data)
{
  Request *self = data;

  g_free (self->path);
  g_free (self);
}

/* --- Watching --- */

/* Here these errors do not mean what they are called. */
static gboolean
fail_to_watch (GError **error,
               int      saved_errno)
{
  if (saved_errno != EMFILE && saved_errno != ENOSPC)
    return fail_with_errno (error, saved_errno);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       "Too much is watched already; the limits are in /proc/sys/fs/inotify");
  return FALSE;
}

static gboolean
follower_watch_directory (Follower  *self,
                          GError   **error)
{
  g_autofree char *directory = g_path_get_dirname (self->path);

  self->inotify = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->inotify == -1)
    return fail_to_watch (error, errno);

  return inotify_add_watch (self->inotify, directory, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) != -1 ||
         fail_to_watch (error, errno);
}

static gboolean
follower_wait (Follower      *self,
               GCancellable  *cancellable,
               GError       **error)
{
  char events[4096];

  if (!wait_readable (self->inotify, cancellable, error))
    return FALSE;
  while (read (self->inotify, events, sizeof events) > 0)
    ;
  return TRUE;
}

/* --- Opening --- */

/* It may be anything: without O_NONBLOCK a fifo would wait for a writer. */
static int
follower_open (Follower *self)
{
  return open (self->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Another file that has the path now, or -1. One that can't be reached yet, or not any more, is waited for. */
static int
follower_open_successor (Follower *self)
{
  struct stat ours, theirs;

  if (stat (self->path, &theirs) != 0 || fstat (self->fd, &ours) != 0)
    return -1;
  if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
    return -1;
  return follower_open (self);
}

static void
follower_close_file (Follower *self)
{
  if (self->fd == -1)
    return;

  if (self->watch != -1)
    inotify_rm_watch (self->inotify, self->watch);
  self->watch = -1;
  close (self->fd);
  self->fd = -1;
}

/* Takes the descriptor. */
static gboolean
follower_take_file (Follower  *self,
                    int        fd,
                    GError   **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat status;

  follower_close_file (self);
  self->fd = fd;
  self->offset = 0;
  if (fstat (fd, &status) != 0)
    return fail_with_errno (error, errno);
  if (!S_ISREG (status.st_mode))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "Only a regular file can be followed");
      return FALSE;
    }

  /* By its path, this could be another file by now. */
  self->watch = inotify_add_watch (self->inotify, link, IN_MODIFY);
  return self->watch != -1 || fail_to_watch (error, errno);
}

static gboolean
follower_open_first (Follower  *self,
                     GError   **error)
{
  int fd = follower_open (self);

  return fd != -1 ? follower_take_file (self, fd, error) : fail_with_errno (error, errno);
}

/* --- Reading --- */

/* Where the last lines begin in a file of this size. */
static goffset
find_last_lines (int     fd,
                 goffset size,
                 guint   n_lines)
{
  g_autofree char *block = g_malloc (BLOCK_SIZE);
  guint n_newlines = 0;

  if (n_lines == 0)
    return size;

  for (goffset end = size; end > 0;)
    {
      goffset start = (end - 1) / BLOCK_SIZE * BLOCK_SIZE;

      /* It is being truncated: then all of what is left is new. */
      if (pread (fd, block, end - start, start) != end - start)
        return 0;
      for (gsize i = end - start; i > 0; i--)
        if (block[i - 1] == '\n' && start + (goffset) i != size && ++n_newlines == n_lines)
          return start + i;
      end = start;
    }
  return 0;
}

static gboolean
follower_begin_with_last_lines (Follower  *self,
                                guint      n_lines,
                                GError   **error)
{
  struct stat status;

  if (fstat (self->fd, &status) != 0)
    return fail_with_errno (error, errno);

  self->offset = find_last_lines (self->fd, status.st_size, n_lines);
  return TRUE;
}

/*
 * A file that is shorter than what was read of it was truncated, and begins anew. One that has grown beyond that again in the
 * meantime looks like one that has only grown, to whoever follows it.
 */
static gboolean
follower_note_truncation (Follower       *self,
                          AiotGenerator  *generator,
                          GError        **error)
{
  struct stat status;

  if (fstat (self->fd, &status) != 0)
    return fail_with_errno (error, errno);
  if (status.st_size >= self->offset)
    return TRUE;

  self->offset = 0;
  return line_buffer_emit_rest (self->lines, generator, error);
}

static gboolean
follower_read (Follower       *self,
               AiotGenerator  *generator,
               GError        **error)
{
  g_autofree char *block = g_malloc (BLOCK_SIZE);

  if (!follower_note_truncation (self, generator, error))
    return FALSE;

  for (;;)
    {
      gssize n = pread (self->fd, block, BLOCK_SIZE, self->offset);

      if (n == 0)
        return TRUE;
      if (n < 0 && errno != EINTR)
        return fail_with_errno (error, errno);
      if (n > 0)
        {
          self->offset += n;
          if (!line_buffer_emit (self->lines, generator, block, n, error))
            return FALSE;
        }
    }
}

/* The old one may have got its last lines after it was read, and before it was replaced. */
static gboolean
follower_change_file (Follower       *self,
                      AiotGenerator  *generator,
                      int             fd,
                      GError        **error)
{
  if (!follower_read (self, generator, error) || !line_buffer_emit_rest (self->lines, generator, error))
    {
      close (fd);
      return FALSE;
    }
  return follower_take_file (self, fd, error);
}

static gboolean
follower_go_on (Follower       *self,
                AiotGenerator  *generator,
                GError        **error)
{
  GCancellable *cancellable = aiot_generator_get_cancellable (generator);

  while (follower_read (self, generator, error))
    {
      int fd = follower_open_successor (self);

      if (fd != -1 ? !follower_change_file (self, generator, fd, error) : !follower_wait (self, cancellable, error))
        return FALSE;
    }
  return FALSE;
}

static gboolean
follow (AiotGenerator  *generator,
        gpointer        user_data,
        GError        **error)
{
  Request *request = user_data;
  Follower self = { .path = request->path, .inotify = -1, .fd = -1, .watch = -1, .lines = line_buffer_new () };
  /* Watched before it is looked at: nothing can happen unseen in between. */
  gboolean succeeded = follower_watch_directory (&self, error) &&
                       follower_open_first (&self, error) &&
                       follower_begin_with_last_lines (&self, request->n_last_lines, error) &&
                       follower_go_on (&self, generator, error);

  follower_close_file (&self);
  if (self.inotify != -1)
    close (self.inotify);
  line_buffer_free (self.lines);
  return succeeded;
}

AiotThreadedIterator *
file_follower_new (const char   *path,
                   guint         n_last_lines,
                   GCancellable *cancellable)
{
  g_autoptr (AiotExecutor) executor = aiot_executor_new_separate ("follow-file", FALSE);
  Request *request = g_new (Request, 1);

  *request = (Request) { g_strdup (path), n_last_lines };
  return aiot_threaded_iterator_new (follow, request, request_free, executor, CAPACITY, cancellable);
}
