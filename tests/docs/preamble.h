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
gboolean       produce          (AiotCall      *call,
                                 gpointer       user_data,
                                 GError       **error);
gboolean       resize_picture   (AiotCall      *call,
                                 gpointer       user_data,
                                 GError       **error);
gboolean       list_pictures    (AiotGenerator *generator,
                                 gpointer       user_data,
                                 GError       **error);
GObject       *load_and_resize  (const char    *path,
                                 int            size,
                                 GError       **error);
char          *read_one_line    (gpointer       reader,
                                 GError       **error);
gboolean       on_item          (const GValue  *item,
                                 gpointer       user_data);
gboolean       show_picture     (const GValue  *item,
                                 gpointer       user_data);
void           on_produced      (GObject       *source_object,
                                 GAsyncResult  *result,
                                 gpointer       callback_data);
void           on_closed        (GObject       *source_object,
                                 GAsyncResult  *result,
                                 gpointer       callback_data);
void           on_all_lines     (GObject       *source_object,
                                 GAsyncResult  *result,
                                 gpointer       callback_data);
void           on_all_pictures  (GObject       *source_object,
                                 GAsyncResult  *result,
                                 gpointer       callback_data);
void           show_line        (gpointer       self,
                                 const char    *line);
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
extern AiotIterator *lines, *paths;
extern AiotThreadedIterator *iterator;
extern AiotExecutor *database;
extern AiotThreaded *counter, *downloader, *uploader;
extern GFile *file;
extern GMainLoop *loop;
extern GObject *progress_bar;
extern gpointer reader;
extern gpointer row;
extern GCancellable *cancellable;
extern GError **error;
extern GValue argument;
extern char *path;
extern gpointer self;
