//! Who may come back, and for how long.

use std::time::Duration;

/// How long a client whose connection was lost may take to come back (`/resume`), and how much of the
/// talk is kept for it meanwhile. Only clients that have asked for it may come back; for others nothing
/// is kept. Every value works.
///
/// What is kept counts towards [`Limits::budget`](crate::Limits::budget), and is given up when that is
/// nearly used up. A client that comes back after that is told how many lines it has lost.
/// So does what a session itself remembers: the answers to its last 64 labels, and up to 16 KiB of what was
/// said to its client alone. What does not count is the trace that is left of lines after they were given up:
/// at most half a megabyte for each room to which somebody may come back.
///
/// ```
/// use std::time::Duration;
/// use chat_core::ServerConfig;
///
/// let mut config = ServerConfig::default();
/// // A phone may be in a tunnel for longer than two minutes.
/// config.resume.within = Duration::from_mins(10);
/// config.check()?;
/// # Ok::<(), chat_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// How long it may take. Default: 2 minutes. With zero nobody may come back.
    pub within: Duration,
    /// How many lines are kept in each room that has a member who may come back; fewer if
    /// [`bytes`](Resume::bytes) does not allow as many. Default: 10,000.
    pub lines: usize,
    /// How many bytes each such room keeps at most, with what it takes to keep them and with tags.
    /// Default: 1 MiB. A room never keeps more than half of [`Limits::backlog`](crate::Limits::backlog),
    /// whatever this says.
    pub bytes: usize,
    /// How many clients may be away at a time. When one more is lost, the one that has been away for the
    /// longest can no longer come back. Default: 16,384.
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
