//! Who may come back, and for how long.

use std::time::Duration;

/// How long a client whose connection got lost may take to come back (`/resume`), and what is kept of
/// the talk meanwhile. Only clients that ask for it may; nothing is kept for others.
///
/// What is kept counts as [`Limits::budget`](crate::Limits::budget), and is given up when that is nearly
/// used up: then who comes back is told how many lines it has lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// How long it may take. Default: 2 minutes; zero: nobody may come back.
    pub within: Duration,
    /// How many lines each room keeps at least, in which somebody is who may come back, while
    /// [`bytes`](Resume::bytes) allows it. Default: 10,000.
    pub lines: usize,
    /// How many bytes each such room keeps at most, with what it takes to keep them and with tags.
    /// Default: 1 MiB. It is never more than half of [`Limits::backlog`](crate::Limits::backlog).
    pub bytes: usize,
    /// How many clients may be missing at a time; of more, the one that has been away the longest cannot
    /// come back. Default: 16,384.
    pub clients: usize,
}

impl Default for Resume {
    fn default() -> Resume {
        Resume {
            within: Duration::from_mins(2),
            lines: 10_000,
            bytes: 1024 * 1024,
            clients: 16_384,
        }
    }
}
