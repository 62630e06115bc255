/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _AiotErrand AiotErrand;
typedef struct _AiotTurn   AiotTurn;

/* Embedded in what can wait until home has a moment. Zeroed, but for its function. */
struct _AiotErrand
{
  void (*run) (AiotErrand *self);   /* on the thread that postponed it, with no lock held */

  /* The turn's, until it is run */
  AiotErrand *next;
  gpointer turn;                    /* NULL: it may be postponed; cleared by run () */
};

/* While home calls back, one entry after another. */
struct _AiotTurn
{
  AiotTurn *outer;
  guint id;
  AiotErrand *errands;
  gint64 since;                     /* when the first of them was seen; 0: not yet */
};

void     aiot_turn_begin    (AiotTurn   *self);
void     aiot_turn_pause    (AiotTurn   *self,
                             gint64      now,
                             guint       n_left);
void     aiot_turn_end      (AiotTurn   *self);
void     aiot_turn_settle   (void);

gboolean aiot_turn_postpone (AiotErrand *errand);
guint    aiot_turn_get_id   (void);

G_END_DECLS
