// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

//! Prints how many microseconds an item takes, of many for each of which a thread of the pool runs a closure. All are started
//! at once, and a runtime that has one thread collects the results. Arguments: the number of items, the number of threads in the
//! pool, or 0 for that which tokio has if nothing is said.

use std::env;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;

#[path = "../../common/pool.rs"]
mod pool;

fn map(runtime: &Runtime, n_items: usize) {
    let results = runtime.block_on(async {
        let handles: Vec<_> = (0..n_items).map(|item| spawn_blocking(move || item + 1)).collect();
        let mut results = Vec::with_capacity(n_items);
        for handle in handles {
            results.push(handle.await.expect("a result"));
        }
        results
    });
    assert_eq!(results.iter().sum::<usize>(), n_items * (n_items + 1) / 2);
}

fn main() {
    let numbers: Vec<usize> = env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let (n_items, n_threads) = (numbers[0], numbers[1]);
    let runtime = pool::new_runtime(n_threads);

    // So that the threads are there, as those of the other ways are after their first round.
    map(&runtime, n_items / 10);
    let start = Instant::now();
    map(&runtime, n_items);
    println!("{:.6}", start.elapsed().as_secs_f64() * 1e6 / n_items as f64);
}
