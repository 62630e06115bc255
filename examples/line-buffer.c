/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "line-buffer.h"

#include <string.h>

/*
 * Cuts what is read into lines, and emits them: bytes, because a file holds what it likes, and with the newline, because the
 * last line may have none. A line without an end comes in pieces, so that memory is bounded whatever is read.
 */

#define LONGEST_PIECE (1024 * 1024)

struct _LineBuffer
{
  GByteArray *bytes;
  gsize start;       /* what comes before was emitted */
  gsize scanned;     /* from the start to here there is no newline */
};

LineBuffer *
line_buffer_new (void)
{
  LineBuffer *self = g_new0 (LineBuffer, 1);

  self->bytes = g_byte_array_new ();
  return self;
}

void
line_buffer_free (LineBuffer *self)
{
  g_byte_array_unref (self->bytes);
  g_free (self);
}

static void
append (LineBuffer *self,
        const void *data,
        gsize       size)
{
  g_byte_array_remove_range (self->bytes, 0, self->start);
  self->scanned -= self->start;
  self->start = 0;
  g_byte_array_append (self->bytes, data, size);
}

/* How long the next item is, or 0 if its end is not known yet. */
static gsize
measure (LineBuffer *self)
{
  const guint8 *unscanned = self->bytes->data + self->scanned;
  gsize n_unscanned = self->bytes->len - self->scanned;
  const guint8 *newline = n_unscanned > 0 ? memchr (unscanned, '\n', n_unscanned) : NULL;

  self->scanned = newline != NULL ? newline + 1 - self->bytes->data : self->bytes->len;
  if (newline != NULL || self->scanned - self->start >= LONGEST_PIECE)
    return self->scanned - self->start;
  return 0;
}

static gboolean
emit (LineBuffer     *self,
      AiotGenerator  *generator,
      gsize           size,
      GError        **error)
{
  GBytes *item = g_bytes_new (self->bytes->data + self->start, size);

  self->start += size;
  return aiot_generator_emit_take_boxed (generator, G_TYPE_BYTES, item, error);
}

gboolean
line_buffer_emit (LineBuffer     *self,
                  AiotGenerator  *generator,
                  const void     *data,
                  gsize           size,
                  GError        **error)
{
  gsize next;

  append (self, data, size);
  while ((next = measure (self)) > 0)
    if (!emit (self, generator, next, error))
      return FALSE;
  return TRUE;
}

/* Where nothing more will come: the last line may have no newline. */
gboolean
line_buffer_emit_rest (LineBuffer     *self,
                       AiotGenerator  *generator,
                       GError        **error)
{
  gsize size = self->bytes->len - self->start;

  return size == 0 || emit (self, generator, size, error);
}
