/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tree-work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The blocking half of the program: two functions that know the file system, and nothing of main loops. A name may be
 * anything at any moment, so a file is opened in a way that never waits and follows no link, and only then looked at.
 */

#define BLOCK_SIZE (256 * 1024)

static const char *const descriptions[] = {
  [TREE_DIRECTORY] = "directory",
  [TREE_FILE] = "regular file",
  [TREE_SYMLINK] = "symbolic link",
  [TREE_SYMLINK_LOOP] = "loop of symbolic links",
  [TREE_FIFO] = "fifo",
  [TREE_SOCKET] = "socket",
  [TREE_DEVICE] = "device",
};

const char *
tree_kind_describe (TreeKind kind)
{
  return descriptions[kind];
}

TreeEntry *
tree_entry_new (TreeKind    kind,
                const char *folder,
                const char *name)
{
  g_autofree char *path = folder != NULL ? g_build_filename (folder, name, NULL) : g_strdup (name);
  gsize size = strlen (path) + 1;
  TreeEntry *self = g_atomic_rc_box_alloc (sizeof (TreeEntry) + size);

  self->kind = kind;
  self->is_utf8 = g_utf8_validate (name, -1, NULL);
  memcpy (self->path, path, size);
  return self;
}

TreeEntry *
tree_entry_ref (TreeEntry *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
tree_entry_unref (TreeEntry *self)
{
  g_atomic_rc_box_release (self);
}

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

static TreeKind
kind_of_mode (mode_t mode)
{
  switch (mode & S_IFMT)
    {
    case S_IFDIR:
      return TREE_DIRECTORY;
    case S_IFREG:
      return TREE_FILE;
    case S_IFLNK:
      return TREE_SYMLINK;
    case S_IFIFO:
      return TREE_FIFO;
    case S_IFSOCK:
      return TREE_SOCKET;
    default:
      return TREE_DEVICE;
    }
}

/* A file that vanished meanwhile is taken for a regular one: whoever opens it finds out. */
static TreeKind
look_at_entry (int         directory,
               const char *name)
{
  struct stat status;

  if (fstatat (directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return TREE_FILE;
  if (S_ISLNK (status.st_mode) && fstatat (directory, name, &status, 0) != 0 && errno == ELOOP)
    return TREE_SYMLINK_LOOP;
  return kind_of_mode (status.st_mode);
}

static TreeKind
kind_of_entry (int                  directory,
               const struct dirent *entry)
{
  /* Most file systems say it, which saves a call for each file. */
  if (entry->d_type == DT_REG)
    return TREE_FILE;
  if (entry->d_type == DT_DIR)
    return TREE_DIRECTORY;
  if (entry->d_type == DT_LNK)
    {
      struct stat status;

      return fstatat (directory, entry->d_name, &status, 0) != 0 && errno == ELOOP ? TREE_SYMLINK_LOOP : TREE_SYMLINK;
    }
  return look_at_entry (directory, entry->d_name);
}

static int
compare_entries (gconstpointer a,
                 gconstpointer b)
{
  return strcmp ((*(TreeEntry *const *) a)->path, (*(TreeEntry *const *) b)->path);
}

gboolean
tree_list_directory (AiotCall  *call,
                     gpointer   user_data,
                     GError   **error)
{
  const char *path = g_value_get_string (aiot_call_get_argument (call));
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) tree_entry_unref);
  DIR *directory = opendir (path);
  const struct dirent *entry;

  if (directory == NULL)
    return fail_with_errno (error, errno);

  while (!aiot_call_is_cancelled (call) && (errno = 0, entry = readdir (directory)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      g_ptr_array_add (entries, tree_entry_new (kind_of_entry (dirfd (directory), entry), path, entry->d_name));

  if (errno != 0 && !aiot_call_is_cancelled (call))
    {
      int saved_errno = errno;

      closedir (directory);
      return fail_with_errno (error, saved_errno);
    }
  closedir (directory);
  if (aiot_call_set_error_if_cancelled (call, error))
    return FALSE;

  g_ptr_array_sort (entries, compare_entries);
  aiot_call_set_result_pointer (call, g_steal_pointer (&entries), (GDestroyNotify) g_ptr_array_unref);
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
  const char *path = g_value_get_string (aiot_call_get_argument (call));
  struct stat status;
  TreeHash *hash;
  /* Without O_NONBLOCK this would wait for somebody to write where a file has become a fifo. */
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);

  if (fd == -1 && errno == ELOOP)
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
  hash->kind = kind_of_mode (status.st_mode);
  if (hash->kind == TREE_FILE && !read_and_hash (call, fd, hash, error))
    g_clear_pointer (&hash, tree_hash_free);
  if (fd != -1)
    close (fd);
  if (hash == NULL)
    return FALSE;

  aiot_call_set_result_pointer (call, hash, (GDestroyNotify) tree_hash_free);
  return TRUE;
}
