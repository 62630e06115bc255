/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "bench.h"

G_BEGIN_DECLS

/* A program that is written in Rust. It times itself; its start is not counted. */
typedef struct
{
  char *program;
  int arguments[3];     /* each program says what they are; those that it has no use for are 0 */
} BenchRust;

/* tokio's threads for what blocks. Left to itself it starts so many for short work that they are in each other's way. */
#define BENCH_TOKIO       "tokio, up to 512 threads"
#define BENCH_TOKIO_SMALL "tokio, a thread for each processor"

BenchWay bench_rust_way   (BenchRust      *self,
                           const BenchRun *run,
                           const char     *program,
                           const char     *name);
void     bench_rust_clear (BenchRust      *self);

G_END_DECLS
