/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <aiothreads-glib/aiothreads-glib.h>

#include <poll.h>

/* What the examples of the documentation take for granted. */

gboolean       count_lines      (AiotCall      *call,
                                 gpointer       user_data,
                                 GError       **error);
gboolean       read_one_file    (AiotCall      *call,
                                 gpointer       user_data,
                                 GError       **error);
gboolean       read_everything  (AiotCall      *call,
                                 gpointer       user_data,
                                 GError       **error);
gboolean       store_row        (AiotCall      *call,
                                 gpointer       user_data,
                                 GError       **error);
void           on_read          (GObject       *source_object,
                                 GAsyncResult  *result,
                                 gpointer       callback_data);
void           log_something    (gpointer       user_data);
void           wait_for_printer (void);
void           on_counted       (GObject       *source_object,
                                 GAsyncResult  *result,
                                 gpointer       callback_data);
void           on_file_read     (GObject       *source_object,
                                 GAsyncResult  *result,
                                 gpointer       callback_data);
void           show_number      (gint64         number);
void           show_error       (const char    *message);
void           start_some_work  (void);
gboolean       work_is_unfinished (void);

extern AiotCall *call;
extern AiotContextVar *request_var;
extern AiotExecutor *database;
extern AiotThreaded *counter, *downloader, *uploader;
extern GFile *file;
extern GMainLoop *loop;
extern GObject *progress_bar;
extern gpointer row;
extern GCancellable *cancellable;
extern GError **error;
extern GValue argument;
extern char *path;
extern gpointer self;
