//! What a program can know of the store of its server.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::store_thread::StoreCounters;

/// What a server's store has done since the server started; all zero where nothing is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StoreStats {
    /// Groups of lines and other things that became durable, each by one wait for the disk.
    pub commits: u64,
    /// Lines that became durable.
    pub lines: u64,
    /// Bytes of those lines.
    pub bytes: u64,
    /// Commits that failed; they are tried again.
    pub failures: u64,
    /// Lines that were not stored, since the store failed or was too slow for too long.
    pub lines_lost: u64,
    /// How long the last successful commit took.
    pub last_commit: Duration,
    /// Whether the last commit has failed, or takes so long that nothing waits for it any more: what is
    /// said now is not known to be durable.
    pub is_failing: bool,
    /// Bytes that the store has in hand now.
    pub waiting: u64,
}

impl StoreCounters {
    /// The numbers as they are now.
    pub(super) fn read(&self) -> StoreStats {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreStats {
            commits: number(&self.commits),
            lines: number(&self.lines),
            bytes: number(&self.bytes),
            failures: number(&self.failures),
            lines_lost: number(&self.lines_lost),
            last_commit: Duration::from_micros(number(&self.last_commit)),
            is_failing: self.is_failing.load(Ordering::Relaxed)
                || self.is_given_up.load(Ordering::Relaxed),
            waiting: number(&self.waiting),
        }
    }
}

impl fmt::Display for StoreStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreStats { commits, lines, bytes, failures, lines_lost, .. } = self;
        let state = if self.is_failing { "failing" } else { "stored" };
        write!(
            f,
            "{state} {lines} lines, {bytes} bytes in {commits} commits, the last in {:?}; lost \
             {lines_lost}, failures {failures}, waiting {} bytes",
            self.last_commit, self.waiting,
        )
    }
}
