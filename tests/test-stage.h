/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "test-body.h"
#include "test-counter.h"

G_BEGIN_DECLS

#define TEST_N_HELD 8

/*
 * The function of a map or a filter. It gives each number back in an item of its own, or keeps the even ones. The first calls can be
 * held, each until it is let go, or told to stop. Each is for one iterator, and belongs to the thread that made it, which is the home
 * of its results and of itself.
 */
typedef struct
{
  gboolean keeps_even;     /* as a filter */
  int n_held;              /* calls with a number below this wait */
  gboolean is_stubborn;    /* they do so until they are let go, told to stop or not */
  guint failing;           /* a bit for each number that it fails with */
  GThread *home;
  GMainContext *main_context;       /* woken by calls that are held */

  TestGate running[TEST_N_HELD];    /* by number */
  TestGate may_end[TEST_N_HELD];
  TestGate told[TEST_N_HELD];       /* to stop */
  int n_started;           /* these are read atomically */
  int n_were_held;
  int n_running;
  int peak_running;
  int n_cancelled;
  int n_freed;
  TestLedger results;
} TestStage;

void          test_stage_init    (TestStage     *stage);
gboolean      test_stage_func    (AiotCall      *call,
                                  gpointer       stage,
                                  GError       **error);
/* The destroy function of its data: it checks that this is home, and that no call runs. */
void          test_stage_free    (gpointer       stage);
/* Waits for the end of it all, and checks that each result was freed once, and at home. */
void          test_stage_clear   (TestStage     *stage);

void          test_stage_let_go  (TestStage     *stage,
                                  int            number);
/* Iterates the main context until all those that are held run at once. */
void          test_stage_wait_held (TestStage   *stage);

/* Closes it, waits until nothing of it runs that could keep its sources, and drops the last reference. */
void          test_end_and_drop  (AiotIterator **iterator);

AiotIterator *test_stage_map     (TestStage     *stage,
                                  AiotIterator  *source,
                                  AiotExecutor  *executor,
                                  guint          n_parallel,
                                  AiotOrder      order);
AiotIterator *test_stage_filter  (TestStage     *stage,
                                  AiotIterator  *source,
                                  AiotExecutor  *executor,
                                  guint          n_parallel,
                                  AiotOrder      order);

G_END_DECLS
