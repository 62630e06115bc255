/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tree-walk.h"

#include "fail-with-errno.h"

#include <errno.h>
#include <string.h>

/*
 * Goes through directory trees, and gives what is there: directories, files, all else, and what could not be listed. It is one
 * thread's at a time.
 *
 * There is no recursion: a tree can be deeper than the stack of a thread. What was found last is listed first, so few
 * directories are open, and few wait. A directory can have millions of entries: it is listed in batches, and the next one is
 * read when the directories of this one are done.
 */

#define BATCH_SIZE 1000

struct _TreeWalk
{
  GQueue directories;   /* of TreeEntry that wait, or have more batches; what the user named is at the end */
  GQueue found;         /* of TreeFinding: what is given next */
};

TreeWalk *
tree_walk_new (char **paths)
{
  TreeWalk *self = g_new0 (TreeWalk, 1);

  for (char **path = paths; *path != NULL; path++)
    {
      TreeEntry *entry = tree_entry_new_for_path (*path);

      if (entry->kind == TREE_DIRECTORY)
        g_queue_push_tail (&self->directories, tree_entry_ref (entry));
      g_queue_push_tail (&self->found, tree_finding_new (entry));
      tree_entry_unref (entry);
    }
  return self;
}

void
tree_walk_free (TreeWalk *self)
{
  g_queue_clear_full (&self->directories, (GDestroyNotify) tree_entry_unref);
  g_queue_clear_full (&self->found, (GDestroyNotify) tree_finding_free);
  g_free (self);
}

/* --- Listing --- */

static int
compare_entries (gconstpointer a,
                 gconstpointer b)
{
  return strcmp ((*(TreeEntry *const *) a)->name, (*(TreeEntry *const *) b)->name);
}

static gboolean
is_itself_or_parent (const struct dirent *dirent)
{
  return strcmp (dirent->d_name, ".") == 0 || strcmp (dirent->d_name, "..") == 0;
}

/* Closes the stream when there is nothing more in it. */
static gboolean
read_batch (TreeEntry     *directory,
            GPtrArray     *entries,
            GCancellable  *cancellable,
            GError       **error)
{
  /* Between two batches the stream stays open, so whoever must not stay open is listed in one go. */
  guint size = directory->fd != -1 ? BATCH_SIZE : G_MAXUINT;

  while (entries->len < size)
    {
      const struct dirent *dirent;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      errno = 0;
      dirent = readdir (directory->stream);
      if (dirent == NULL && errno != 0)
        return fail_with_errno (error, errno);
      if (dirent == NULL)
        {
          closedir (g_steal_pointer (&directory->stream));
          return TRUE;
        }
      if (!is_itself_or_parent (dirent))
        g_ptr_array_add (entries, tree_entry_new (directory, dirent->d_name,
                                                  tree_kind_of_dirent (dirfd (directory->stream), dirent)));
    }
  return TRUE;
}

static gboolean
list_batch (TreeEntry     *directory,
            GPtrArray     *entries,
            GCancellable  *cancellable,
            GError       **error)
{
  if (directory->stream == NULL && !tree_entry_open_stream (directory))
    return fail_with_errno (error, errno);

  return read_batch (directory, entries, cancellable, error);
}

static void
tree_walk_note_entry (TreeWalk  *self,
                      TreeEntry *entry)
{
  g_queue_push_tail (&self->found, tree_finding_new (entry));
  if (entry->kind == TREE_DIRECTORY)
    g_queue_push_head (&self->directories, tree_entry_ref (entry));
}

static void
tree_walk_note_failure (TreeWalk  *self,
                        TreeEntry *directory,
                        GError    *error)
{
  TreeFinding *failure = tree_finding_new (directory);

  failure->error = error;
  g_queue_push_tail (&self->found, failure);
}

/* What was found before an error counts as well. */
static void
tree_walk_list (TreeWalk     *self,
                TreeEntry    *directory,
                GCancellable *cancellable)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) tree_entry_unref);
  GError *error = NULL;
  gboolean succeeded = list_batch (directory, entries, cancellable, &error);

  if (succeeded && directory->stream != NULL)
    g_queue_push_head (&self->directories, tree_entry_ref (directory));

  g_ptr_array_sort (entries, compare_entries);
  for (guint i = 0; i < entries->len; i++)
    tree_walk_note_entry (self, g_ptr_array_index (entries, i));
  if (!succeeded)
    tree_walk_note_failure (self, directory, error);
}

TreeFinding *
tree_walk_next (TreeWalk      *self,
                GCancellable  *cancellable,
                GError       **error)
{
  while (self->found.length == 0 && self->directories.length > 0)
    {
      TreeEntry *directory = g_queue_pop_head (&self->directories);

      tree_walk_list (self, directory, cancellable);
      tree_entry_unref (directory);
    }

  return g_cancellable_set_error_if_cancelled (cancellable, error) ? NULL : g_queue_pop_head (&self->found);
}

/* --- As a generator --- */

static gboolean
generate (AiotGenerator  *generator,
          gpointer        paths,
          GError        **error)
{
  GCancellable *cancellable = aiot_generator_get_cancellable (generator);
  g_autoptr (TreeWalk) walk = tree_walk_new (paths);
  g_autoptr (GError) walk_error = NULL;
  TreeFinding *finding;

  /* Whoever takes the findings sets the pace: while too many wait, no directory is listed. */
  while ((finding = tree_walk_next (walk, cancellable, &walk_error)) != NULL)
    if (!aiot_generator_emit_pointer (generator, finding, (GDestroyNotify) tree_finding_free, error))
      return FALSE;

  if (walk_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&walk_error));
  return FALSE;
}

AiotThreadedIterable *
tree_walk_new_iterable (char **paths)
{
  AiotThreadedIterable *iterable = aiot_threaded_iterable_new (generate, g_strdupv (paths), (GDestroyNotify) g_strfreev);

  aiot_threaded_iterable_set_name (iterable, "walk-tree");
  return iterable;
}
