// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

//! Prints how many microseconds it takes to have a thread of the pool run a closure, and to get the result in a task of a
//! runtime that has one thread. Arguments: how many are in flight, how many there are, the number of threads in the pool, or 0
//! for that which tokio has if nothing is said.

use std::env;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::task::{spawn, spawn_blocking};

#[path = "../../common/pool.rs"]
mod pool;

async fn call(n_calls: usize) {
    for _ in 0..n_calls {
        assert_eq!(spawn_blocking(|| 42).await.expect("a result"), 42);
    }
}

/// There is a task for each that is in flight, which starts the next when one has ended.
fn call_all(runtime: &Runtime, n_in_flight: usize, n_calls: usize) {
    runtime.block_on(async {
        let share = |i| n_calls / n_in_flight + usize::from(i < n_calls % n_in_flight);
        let tasks: Vec<_> = (0..n_in_flight).map(|i| spawn(call(share(i)))).collect();
        for task in tasks {
            task.await.expect("a task that ended well");
        }
    });
}

fn main() {
    let numbers: Vec<usize> = env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let (n_in_flight, n_calls, n_threads) = (numbers[0], numbers[1], numbers[2]);
    let runtime = pool::new_runtime(n_threads);

    // So that the threads are there, as those of the other ways are after their first round.
    call_all(&runtime, n_in_flight, n_calls / 10);
    let start = Instant::now();
    call_all(&runtime, n_in_flight, n_calls);
    println!("{:.6}", start.elapsed().as_secs_f64() * 1e6 / n_calls as f64);
}
