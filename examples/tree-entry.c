/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tree-entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What the user named, or what a directory has. It knows the directory that it is in, and is opened there: a path would
 * lead elsewhere when somebody puts a link in the place of a directory meanwhile.
 *
 * So a directory stays open as long as it has entries that somebody needs. Not so when very many are open already: then
 * the entries are reached step by step from the nearest directory that is.
 *
 * Only the thread that lists a directory uses its stream. Its descriptor does not change once others know its entries.
 */

/* More than usual trees need, and few enough for the 1024 descriptors that a process usually has. */
#define MOST_OPEN 384

static int n_open;   /* atomic */

static const char *const descriptions[] = {
  [TREE_DIRECTORY] = "directory",
  [TREE_FILE] = "regular file",
  [TREE_SYMLINK] = "symbolic link",
  [TREE_SYMLINK_LOOP] = "loop of symbolic links",
  [TREE_FIFO] = "fifo",
  [TREE_SOCKET] = "socket",
  [TREE_DEVICE] = "device",
};

/* --- kinds --- */

const char *
tree_kind_describe (TreeKind kind)
{
  return descriptions[kind];
}

TreeKind
tree_kind_of_mode (mode_t mode)
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

static TreeKind
kind_of_link (int         folder,
              const char *name)
{
  struct stat status;

  return fstatat (folder, name, &status, 0) != 0 && errno == ELOOP ? TREE_SYMLINK_LOOP : TREE_SYMLINK;
}

TreeKind
tree_kind_of_dirent (int                  folder,
                     const struct dirent *dirent)
{
  struct stat status;

  /* Most file systems say it, which saves a call for each file. */
  if (dirent->d_type == DT_REG)
    return TREE_FILE;
  if (dirent->d_type == DT_DIR)
    return TREE_DIRECTORY;
  if (dirent->d_type == DT_LNK)
    return kind_of_link (folder, dirent->d_name);

  /* A file that vanished meanwhile is taken for a regular one: whoever opens it finds out. */
  if (fstatat (folder, dirent->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return TREE_FILE;
  return S_ISLNK (status.st_mode) ? kind_of_link (folder, dirent->d_name) : tree_kind_of_mode (status.st_mode);
}

/* --- entries --- */

TreeEntry *
tree_entry_new (TreeEntry  *parent,
                const char *name,
                TreeKind    kind)
{
  gsize size = strlen (name) + 1;
  TreeEntry *self = g_malloc0 (sizeof (TreeEntry) + size);

  g_atomic_ref_count_init (&self->ref_count);
  self->parent = parent != NULL ? tree_entry_ref (parent) : NULL;
  self->kind = kind;
  self->fd = -1;
  self->is_utf8 = g_utf8_validate (name, -1, NULL);
  memcpy (self->name, name, size);
  return self;
}

/* What the user names may be a link: it means what it points to. */
TreeEntry *
tree_entry_new_for_path (const char *path)
{
  struct stat status;

  return tree_entry_new (NULL, path, stat (path, &status) == 0 ? tree_kind_of_mode (status.st_mode) : TREE_FILE);
}

TreeEntry *
tree_entry_ref (TreeEntry *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* A loop, like all that goes from child to parent: a tree can be deeper than the stack of a thread. */
void
tree_entry_unref (TreeEntry *self)
{
  while (self != NULL && g_atomic_ref_count_dec (&self->ref_count))
    {
      TreeEntry *parent = self->parent;

      if (self->stream != NULL)
        closedir (self->stream);
      if (self->fd != -1)
        {
          close (self->fd);
          g_atomic_int_add (&n_open, -1);
        }
      g_free (self);
      self = parent;
    }
}

/* Begins with the path as the user gave it. */
char *
tree_entry_dup_path (TreeEntry *self)
{
  g_autofree char **names = NULL;
  guint n_names = 0;

  for (TreeEntry *entry = self; entry != NULL; entry = entry->parent)
    n_names++;
  names = g_new0 (char *, n_names + 1);
  for (TreeEntry *entry = self; entry != NULL; entry = entry->parent)
    names[--n_names] = entry->name;
  return g_build_filenamev (names);
}

/* --- opening --- */

/* Opens what may be anything at this moment: follows no link, and without O_NONBLOCK a fifo would wait for a writer. */
static int
open_in (int        folder,
         TreeEntry *entry,
         int        flags)
{
  if (entry->parent != NULL)
    flags |= O_NOFOLLOW;
  return openat (folder, entry->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
}

int
tree_entry_open (TreeEntry *self,
                 int        flags)
{
  g_autoptr (GPtrArray) way = g_ptr_array_new ();   /* from the entry to the nearest directory that is open */
  TreeEntry *entry;
  int start, fd;

  for (entry = self; entry != NULL && entry->fd == -1; entry = entry->parent)
    g_ptr_array_add (way, entry);

  fd = start = entry != NULL ? entry->fd : AT_FDCWD;
  for (guint i = way->len; i > 0 && fd != -1; i--)
    {
      int folder = fd;
      int saved_errno;

      fd = open_in (folder, g_ptr_array_index (way, i - 1), i > 1 ? O_DIRECTORY : flags);
      saved_errno = errno;
      if (folder != start)
        close (folder);
      errno = saved_errno;
    }
  return fd;
}

gboolean
tree_entry_open_stream (TreeEntry *self)
{
  int fd = tree_entry_open (self, O_DIRECTORY);

  if (fd == -1)
    return FALSE;

  self->stream = fdopendir (fd);
  if (self->stream == NULL)
    {
      int saved_errno = errno;

      close (fd);
      errno = saved_errno;
      return FALSE;
    }
  /* What the user named always stays open: it may be a link, which could lead elsewhere the next time. */
  if (g_atomic_int_get (&n_open) < MOST_OPEN || self->parent == NULL)
    self->fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (self->fd != -1)
    g_atomic_int_inc (&n_open);
  return TRUE;
}
