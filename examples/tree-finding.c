/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tree-finding.h"

#include "fail-with-errno.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name may be anything at any moment, so a file is opened first, and only then looked at. */

#define BLOCK_SIZE (256 * 1024)

TreeFinding *
tree_finding_new (TreeEntry *entry)
{
  TreeFinding *self = g_new0 (TreeFinding, 1);

  self->entry = tree_entry_ref (entry);
  self->kind = entry->kind;
  return self;
}

void
tree_finding_free (TreeFinding *self)
{
  tree_entry_unref (self->entry);
  g_clear_error (&self->error);
  g_free (self->digest);
  g_free (self);
}

/* Whether there is something to be hashed. */
gboolean
tree_finding_is_a_file (TreeFinding *self)
{
  return self->kind == TREE_FILE && self->error == NULL;
}

static gboolean
read_and_hash (TreeFinding   *self,
               int            fd,
               GCancellable  *cancellable,
               GError       **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *block = g_malloc (BLOCK_SIZE);
  gssize n_read;

  while ((n_read = read (fd, block, BLOCK_SIZE)) != 0)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (n_read < 0 && errno == EINTR)
        continue;
      if (n_read < 0)
        {
          fail_with_errno (&self->error, errno);
          return TRUE;
        }
      g_checksum_update (checksum, block, n_read);
      self->n_bytes += n_read;
    }

  self->digest = g_strdup (g_checksum_get_string (checksum));
  return TRUE;
}

gboolean
tree_finding_hash (TreeFinding   *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  struct stat status;
  int fd = tree_entry_open (self->entry, 0);
  gboolean goes_on = TRUE;

  if (fd == -1)
    {
      if (errno == ELOOP && self->entry->parent != NULL)
        self->kind = TREE_SYMLINK;
      else
        fail_with_errno (&self->error, errno);
      return TRUE;
    }

  if (fstat (fd, &status) != 0)
    fail_with_errno (&self->error, errno);
  else if ((self->kind = tree_kind_of_mode (status.st_mode)) == TREE_FILE)
    goes_on = read_and_hash (self, fd, cancellable, error);
  close (fd);
  return goes_on;
}
