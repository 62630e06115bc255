// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

//! Prints how many microseconds an item takes from one thread to another through a bounded channel. Arguments: the
//! capacity, the number of items, the number of the processor for the thread that sends, or -1.

use std::env;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

#[path = "../../common/processor.rs"]
mod processor;

fn main() {
    let numbers: Vec<i64> = env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let (capacity, n_items, processor) = (numbers[0] as usize, numbers[1], numbers[2]);
    let start = Instant::now();
    let (sender, receiver) = sync_channel(capacity);
    let producer = thread::spawn(move || {
        processor::stay_on(processor);
        for item in 0..n_items {
            sender.send(item).expect("a receiver");
        }
    });

    let mut expected = 0;
    for item in receiver {
        assert_eq!(item, expected);
        expected += 1;
    }
    assert_eq!(expected, n_items);
    let took = start.elapsed();
    producer.join().expect("a producer that ended well");
    println!("{:.6}", took.as_secs_f64() * 1e6 / n_items as f64);
}
