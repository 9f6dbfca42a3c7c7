//! Deadlines that are all the same time away: a queue, since what is armed first is due first.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ids::ConnId;

/// Deadlines of one kind, for connections.
///
/// A deadline is never taken back. It carries the stamp that the connection had when it was armed,
/// and the one who arms changes the stamp when the deadline has lost its meaning.
#[derive(Debug)]
pub(super) struct Timers {
    delay: Duration,
    armed: VecDeque<Armed>,
}

#[derive(Debug, Clone, Copy)]
struct Armed {
    at: Instant,
    conn: ConnId,
    stamp: u32,
}

impl Timers {
    /// Timers that are due this long after they are armed.
    pub(super) fn new(delay: Duration) -> Timers {
        Timers { delay, armed: VecDeque::new() }
    }

    pub(super) fn arm(&mut self, now: Instant, conn: ConnId, stamp: u32) {
        self.armed.push_back(Armed { at: now + self.delay, conn, stamp });
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.armed.front().map(|armed| armed.at)
    }

    /// Takes out one that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(ConnId, u32)> {
        let due = *self.armed.front().filter(|armed| armed.at <= now)?;
        self.armed.pop_front();
        Some((due.conn, due.stamp))
    }
}
