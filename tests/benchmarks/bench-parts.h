/*
 * Copyright 2026 The aiothreads-glib authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "bench.h"

G_BEGIN_DECLS

/* The parts of the program. Each runs in a process of its own. */

void bench_one_at_a_time           (const BenchRun *run);
void bench_sync_await              (const BenchRun *run);
void bench_in_flight               (const BenchRun *run);
void bench_in_flight_one_processor (const BenchRun *run);
void bench_burst                   (const BenchRun *run);
void bench_stream                  (const BenchRun *run);
void bench_stream_one_processor    (const BenchRun *run);
void bench_capacity_one            (const BenchRun *run);
void bench_close                   (const BenchRun *run);
void bench_frames                  (const BenchRun *run);
void bench_gtk_frames              (const BenchRun *run);
void bench_many_channels           (const BenchRun *run);
void bench_many_calls              (const BenchRun *run);
void bench_map                     (const BenchRun *run);
void bench_memory                  (const BenchRun *run);
void bench_python                  (const BenchRun *run);
void bench_python_one_processor    (const BenchRun *run);
void bench_wakes                   (const BenchRun *run);

/* One thing that bench_wakes () has counted, so many times, and nothing else */
#define BENCH_N_ALONE 2000

void bench_only_calls              (const BenchRun *run);
void bench_only_channel            (const BenchRun *run);
void bench_only_invocations        (const BenchRun *run);
void bench_only_nothing            (const BenchRun *run);
void bench_only_stream             (const BenchRun *run);
void bench_only_tasks              (const BenchRun *run);

G_END_DECLS
