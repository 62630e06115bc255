/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

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

/* Made by the worker down to the last detail, so that the main loop has next to nothing to do for it. */
typedef struct
{
  TreeKind kind;
  gboolean is_utf8;
  char path[];      /* as the file system has it, in no particular encoding */
} TreeEntry;

typedef struct
{
  TreeKind kind;    /* with no digest for what is no regular file */
  guint64 n_bytes;
  char *digest;
} TreeHash;

TreeEntry  *tree_entry_new      (TreeKind     kind,
                                 const char  *folder,  /* may be NULL */
                                 const char  *name);
TreeEntry  *tree_entry_ref      (TreeEntry   *self);
void        tree_entry_unref    (TreeEntry   *self);

void        tree_hash_free      (TreeHash    *self);

const char *tree_kind_describe  (TreeKind     kind);

/* Thread functions: the argument is a path, the result a pointer */
gboolean    tree_list_directory (AiotCall    *call,    /* GPtrArray of TreeEntry */
                                 gpointer     user_data,
                                 GError     **error);
gboolean    tree_hash_file      (AiotCall    *call,    /* TreeHash */
                                 gpointer     user_data,
                                 GError     **error);

G_END_DECLS
