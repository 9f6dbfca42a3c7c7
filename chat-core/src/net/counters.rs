//! What an I/O thread counts, for anybody to read.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The numbers of one I/O thread. It alone writes them, once a turn; anybody may read them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) bytes_in: AtomicU64,
    pub(crate) lines_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    pub(crate) lines_out: AtomicU64,
    /// Lines that were longer than allowed.
    pub(crate) lines_refused: AtomicU64,
    /// Lines that were due to connections that were closed before they took them.
    pub(crate) lines_dropped: AtomicU64,
    /// Connections that were accepted.
    pub(crate) accepted: AtomicU64,
    /// Connections that were turned away because the server was full.
    pub(crate) refused: AtomicU64,
    /// Accepts that failed, for want of descriptors or otherwise.
    pub(crate) accept_errors: AtomicU64,
    /// The furthest that a connection has ever been behind its room, in bytes.
    pub(crate) backlog_high_water: AtomicU64,
}

/// The same numbers as the I/O thread itself adds them up.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(super) bytes_in: u64,
    pub(super) lines_in: u64,
    pub(crate) bytes_out: u64,
    pub(super) lines_out: u64,
    pub(super) lines_refused: u64,
    pub(super) lines_dropped: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) accept_errors: u64,
    pub(super) backlog_high_water: u64,
}

impl Tally {
    /// Lets everybody see the numbers as they are now.
    pub(super) fn publish(&self, counters: &Counters) {
        for (counter, value) in [
            (&counters.bytes_in, self.bytes_in),
            (&counters.lines_in, self.lines_in),
            (&counters.bytes_out, self.bytes_out),
            (&counters.lines_out, self.lines_out),
            (&counters.lines_refused, self.lines_refused),
            (&counters.lines_dropped, self.lines_dropped),
            (&counters.accepted, self.accepted),
            (&counters.refused, self.refused),
            (&counters.accept_errors, self.accept_errors),
            (&counters.backlog_high_water, self.backlog_high_water),
        ] {
            counter.store(value, Ordering::Relaxed);
        }
    }
}

/// How many connections all the I/O threads have between them, and how many they may have.
#[derive(Debug)]
pub(crate) struct Gauge {
    open: AtomicUsize,
    limit: usize,
}

impl Gauge {
    pub(crate) fn new(limit: usize) -> Gauge {
        Gauge { open: AtomicUsize::new(0), limit }
    }

    /// The most connections at a time.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Counts one more connection, unless that would be too many.
    pub(super) fn enter(&self) -> bool {
        let enter = |open: usize| (open < self.limit).then_some(open + 1);
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter).is_ok()
    }

    /// Counts one connection less.
    pub(super) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
