/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <dirent.h>
#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What a directory has, or what a file turned out to be. */
typedef enum
{
  TREE_DIRECTORY,
  TREE_FILE,
  TREE_SYMLINK,
  TREE_SYMLINK_LOOP,
  TREE_FIFO,
  TREE_SOCKET,
  TREE_DEVICE,
} TreeKind;

const char *tree_kind_describe         (TreeKind      kind);
TreeKind    tree_kind_of_mode          (mode_t        mode);
TreeKind    tree_kind_of_dirent        (int           folder,
                                        const struct dirent *dirent);

typedef struct _TreeEntry TreeEntry;

struct _TreeEntry
{
  gatomicrefcount ref_count;
  TreeEntry *parent;     /* the directory that has it, or NULL for what the user named */
  TreeKind kind;
  gboolean is_utf8;
  DIR *stream;           /* of a directory that is being listed */
  int fd;                /* of one that stays open for its entries, or -1 */
  char name[];           /* as the file system has it, in no particular encoding */
};

TreeEntry  *tree_entry_new             (TreeEntry    *parent,
                                        const char   *name,
                                        TreeKind      kind);
TreeEntry  *tree_entry_new_for_path    (const char   *path);
TreeEntry  *tree_entry_ref             (TreeEntry    *self);
void        tree_entry_unref           (TreeEntry    *self);

char       *tree_entry_dup_path        (TreeEntry    *self);

/* These block. They return -1, or FALSE, with errno. */
int         tree_entry_open            (TreeEntry    *self,
                                        int           flags);
gboolean    tree_entry_open_stream     (TreeEntry    *self);

G_END_DECLS
