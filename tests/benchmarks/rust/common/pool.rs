// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

//! How many threads do what blocks.

use tokio::runtime::{Builder, Runtime};

/// Its tasks run on one thread; 0 is the number of other threads that tokio has if nothing is said.
pub fn new_runtime(n_threads: usize) -> Runtime {
    let mut builder = Builder::new_current_thread();
    if n_threads != 0 {
        builder.max_blocking_threads(n_threads);
    }
    builder.build().expect("a runtime")
}
