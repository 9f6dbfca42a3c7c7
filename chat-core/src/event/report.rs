//! How a server ended.

use std::fmt;
use std::time::Duration;

/// What was still to do when a server was told to stop, and what became of it.
///
/// Its `Display` form is one readable line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Connections that were open.
    pub clients: usize,
    /// Lines that had been accepted before the stop and were written during it, counted once for
    /// each client that they went to.
    pub flushed: u64,
    /// Lines that had been accepted and could not be written before the deadline, likewise.
    pub dropped: u64,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// Adds up the reports of parts that stopped at the same time.
    pub(crate) fn and(self, other: Report) -> Report {
        Report {
            clients: self.clients + other.clients,
            flushed: self.flushed + other.flushed,
            dropped: self.dropped + other.dropped,
            took: self.took.max(other.took),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { clients, flushed, dropped, took } = self;
        write!(
            f,
            "{clients} clients closed, {flushed} lines flushed, {dropped} dropped, in {took:.1?}"
        )
    }
}
