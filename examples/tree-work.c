/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tree-work.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The blocking half of the program: two functions that know the file system, and nothing of main loops. A name may be
 * anything at any moment, so a file is opened first, and only then looked at.
 */

#define BLOCK_SIZE (256 * 1024)

/* So many entries are listed at once: a directory can have millions. */
#define BATCH_SIZE 1000

void
tree_listing_free (TreeListing *self)
{
  g_ptr_array_unref (self->entries);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TreeListing, tree_listing_free)

void
tree_hash_free (TreeHash *self)
{
  g_free (self->digest);
  g_free (self);
}

static gboolean
fail_with_errno (GError     **error,
                 int          saved_errno)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), g_strerror (saved_errno));
  return FALSE;
}

static int
compare_entries (gconstpointer a,
                 gconstpointer b)
{
  return strcmp ((*(TreeEntry *const *) a)->name, (*(TreeEntry *const *) b)->name);
}

static gboolean
list_batch (AiotCall     *call,
            TreeEntry    *directory,
            guint         size,
            TreeListing  *listing,
            GError      **error)
{
  while (listing->entries->len < size)
    {
      const struct dirent *dirent;

      if (aiot_call_set_error_if_cancelled (call, error))
        return FALSE;
      errno = 0;
      dirent = readdir (directory->stream);
      if (dirent == NULL && errno != 0)
        return fail_with_errno (error, errno);
      if (dirent == NULL)
        {
          listing->is_last = TRUE;
          break;
        }
      if (strcmp (dirent->d_name, ".") != 0 && strcmp (dirent->d_name, "..") != 0)
        g_ptr_array_add (listing->entries,
                         tree_entry_new (directory, dirent->d_name,
                                         tree_kind_of_dirent (dirfd (directory->stream), dirent)));
    }

  g_ptr_array_sort (listing->entries, compare_entries);
  return TRUE;
}

gboolean
tree_list_directory (AiotCall  *call,
                     gpointer   user_data,
                     GError   **error)
{
  TreeEntry *directory = g_value_get_pointer (aiot_call_get_argument (call));
  g_autoptr (TreeListing) listing = g_new0 (TreeListing, 1);

  listing->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) tree_entry_unref);
  if (directory->stream == NULL && !tree_entry_open_stream (directory))
    return fail_with_errno (error, errno);
  /* Between two batches the stream stays open, so whoever must not stay open is listed in one go. */
  if (!list_batch (call, directory, directory->fd != -1 ? BATCH_SIZE : G_MAXUINT, listing, error))
    return FALSE;
  if (listing->is_last)
    closedir (g_steal_pointer (&directory->stream));

  aiot_call_set_result_pointer (call, g_steal_pointer (&listing), (GDestroyNotify) tree_listing_free);
  return TRUE;
}

static gboolean
read_and_hash (AiotCall  *call,
               int        fd,
               TreeHash  *hash,
               GError   **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *block = g_malloc (BLOCK_SIZE);
  gssize n_read;

  while ((n_read = read (fd, block, BLOCK_SIZE)) != 0)
    {
      if (aiot_call_set_error_if_cancelled (call, error))
        return FALSE;
      if (n_read < 0 && errno == EINTR)
        continue;
      if (n_read < 0)
        return fail_with_errno (error, errno);

      g_checksum_update (checksum, block, n_read);
      hash->n_bytes += n_read;
    }

  hash->digest = g_strdup (g_checksum_get_string (checksum));
  return TRUE;
}

gboolean
tree_hash_file (AiotCall  *call,
                gpointer   user_data,
                GError   **error)
{
  TreeEntry *entry = g_value_get_pointer (aiot_call_get_argument (call));
  struct stat status;
  TreeHash *hash;
  int fd = tree_entry_open (entry, 0);

  if (fd == -1 && errno == ELOOP && entry->parent != NULL)
    status.st_mode = S_IFLNK;
  else if (fd == -1)
    return fail_with_errno (error, errno);
  else if (fstat (fd, &status) != 0)
    {
      int saved_errno = errno;

      close (fd);
      return fail_with_errno (error, saved_errno);
    }

  hash = g_new0 (TreeHash, 1);
  hash->kind = tree_kind_of_mode (status.st_mode);
  if (hash->kind == TREE_FILE && !read_and_hash (call, fd, hash, error))
    g_clear_pointer (&hash, tree_hash_free);
  if (fd != -1)
    close (fd);
  if (hash == NULL)
    return FALSE;

  aiot_call_set_result_pointer (call, hash, (GDestroyNotify) tree_hash_free);
  return TRUE;
}
