// Copyright 2026 The aiothreads-glib authors
// SPDX-License-Identifier: LGPL-2.1-or-later

//! On which processor a thread runs.

use std::mem::size_of_val;

const WORD: usize = u64::BITS as usize;

extern "C" {
    fn sched_setaffinity(process: i32, size: usize, mask: *const u64) -> i32;
}

/// From now on this thread runs on this one only; with a negative number, where it likes.
pub fn stay_on(processor: i64) {
    let mut mask = [0u64; 1024 / WORD];
    if let Ok(number) = usize::try_from(processor) {
        mask[number / WORD] |= 1 << (number % WORD);
        let status = unsafe { sched_setaffinity(0, size_of_val(&mask), mask.as_ptr()) };
        assert_eq!(status, 0, "could not stay on one processor");
    }
}
