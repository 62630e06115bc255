/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aiot-context-private.h"
#include "aiot-home-private.h"
#include "aiot-memory-private.h"
#include "aiot-result-private.h"
#include "aiot-waiter-private.h"

G_BEGIN_DECLS

/* Somebody who will be called back when something has happened. Embedded in what knows what that is. */
typedef struct _AiotRequest AiotRequest;

typedef struct
{
  /* Any thread, no lock held: it should be answered now. Nothing says how often. */
  void     (*interrupt) (AiotRequest      *self,
                         AiotInterruption  why);
  /* At home, directly before the caller is called back. FALSE: it is not over yet, and will be answered again. */
  gboolean (*conclude)  (AiotRequest      *self);
  /* In place of that, on any thread: nobody will be called back. */
  void     (*drop)      (AiotRequest      *self);
  /* At home: frees it, and what it holds. */
  void     (*free)      (AiotRequest      *self);
} AiotRequestFuncs;

struct _AiotRequest
{
  AiotHomeEntry answer;      /* home's once it is answered */
  AiotHomeTimer timer;       /* likewise while they are linked; each holds a reference then, and is zeroed where it never was */
  AiotHomeWatch watch;
  gatomicrefcount ref_count;

  /* Set when it begins */
  const AiotRequestFuncs *funcs;
  AiotHome *home;            /* where it is answered, in that context */
  AiotContext *context;
  GObject *source_object;
  gpointer source_tag;
  GAsyncReadyCallback callback;
  gpointer callback_data;
  GCancellable *cancellable;
  gulong cancelled_id;

  GError *error;             /* home only: what finish gives */
};

gboolean     aiot_request_prepare          (AiotRequest            *self,
                                            const AiotRequestFuncs *funcs,
                                            AiotHomeLane            lane,
                                            gpointer                source_object,
                                            gpointer                source_tag,
                                            GAsyncReadyCallback     callback,
                                            gpointer                callback_data);
void         aiot_request_heed_cancellable (AiotRequest            *self,
                                            GCancellable           *cancellable);
void         aiot_request_heed_all         (AiotRequest            *self,
                                            int                     timeout_ms,
                                            GCancellable           *cancellable);
gboolean     aiot_request_begin            (AiotRequest            *self,
                                            const AiotRequestFuncs *funcs,
                                            AiotHomeLane            lane,
                                            gpointer                source_object,
                                            gpointer                source_tag,
                                            int                     timeout_ms,
                                            GCancellable           *cancellable,
                                            GAsyncReadyCallback     callback,
                                            gpointer                callback_data);
void         aiot_request_answer           (AiotRequest            *self);

AiotHome    *aiot_request_get_home         (AiotRequest            *self);
AiotRequest *aiot_request_finish           (GAsyncResult           *result,
                                            GError                **error);
void         aiot_request_free             (AiotRequest            *self);

G_END_DECLS
