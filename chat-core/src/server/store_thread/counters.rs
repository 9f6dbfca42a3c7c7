//! What the thread of the store counts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::store::Record;

/// What is known of the store's work. Any thread may look.
#[derive(Debug, Default)]
pub(in crate::server) struct StoreCounters {
    /// Groups of records that became durable.
    pub(in crate::server) commits: AtomicU64,
    /// Lines that became durable, and their bytes.
    pub(in crate::server) lines: AtomicU64,
    pub(in crate::server) bytes: AtomicU64,
    /// Commits that failed, and times that the store could not be tidied.
    pub(in crate::server) failures: AtomicU64,
    /// Lines that were given up, for there was no room to keep them waiting.
    pub(in crate::server) lines_lost: AtomicU64,
    /// How long the last commit took that has succeeded, in microseconds.
    pub(in crate::server) last_commit: AtomicU64,
    /// Whether the last commit has failed.
    pub(in crate::server) is_failing: AtomicBool,
    /// Whether nothing waits for the store any more, since it takes too long and has said nothing since.
    pub(in crate::server) is_given_up: AtomicBool,
    /// The bytes of the records that the thread has in hand.
    pub(in crate::server) waiting: AtomicU64,
}

impl StoreCounters {
    pub(super) fn committed(&self, records: &[Record], took: Duration) {
        let (mut lines, mut bytes) = (0, 0);
        for record in records {
            if let Record::Lines(some) = record {
                lines += some.count() as u64;
                bytes += some.bytes().len() as u64;
            }
        }
        add(&self.commits, 1);
        add(&self.lines, lines);
        add(&self.bytes, bytes);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.last_commit.store(micros, Ordering::Relaxed);
        self.is_failing.store(false, Ordering::Relaxed);
        self.set_waiting(0);
    }

    pub(super) fn failed(&self) {
        add(&self.failures, 1);
        self.is_failing.store(true, Ordering::Relaxed);
    }

    pub(super) fn failed_to_tidy(&self) {
        add(&self.failures, 1);
    }

    pub(in crate::server) fn lost(&self, lines: u64) {
        add(&self.lines_lost, lines);
    }

    pub(super) fn lines_lost(&self) -> u64 {
        self.lines_lost.load(Ordering::Relaxed)
    }

    pub(super) fn set_waiting(&self, bytes: usize) {
        self.waiting.store(bytes as u64, Ordering::Relaxed);
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
