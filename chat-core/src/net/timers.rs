//! Everything of an I/O thread that is due at some time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use crate::deadline::after;
use crate::ids::ConnId;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// An unfinished message counts as finished, if nothing has come since.
    Quiet,
    /// A connection that was too fast may be read again.
    Resume,
    /// A connection may have taken nothing for too long.
    Stalled,
    /// A connection may have said nothing for too long.
    Idle,
    /// A connection has had its time to get what it was due, or to take notice of its end.
    End,
}

/// Timers for connections, the first one first.
///
/// A timer is never taken back: who armed it looks, when it is due, whether it still has a meaning.
/// For those that are often replaced it carries the stamp that the connection had when it was
/// armed.
#[derive(Debug, Default)]
pub(super) struct Timers {
    armed: BinaryHeap<Reverse<Timer>>,
}

/// One timer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timer {
    at: Instant,
    pub(super) due: Due,
    pub(super) conn: ConnId,
    pub(super) stamp: u32,
}

impl Timers {
    /// Arms a timer for this long after now.
    pub(super) fn arm(
        &mut self,
        now: Instant,
        delay: Duration,
        due: Due,
        conn: ConnId,
        stamp: u32,
    ) {
        self.armed.push(Reverse(Timer { at: after(now, delay), due, conn, stamp }));
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.armed.peek().map(|Reverse(timer)| timer.at)
    }

    /// Takes out one that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        self.next().filter(|&at| at <= now)?;
        let Reverse(timer) = self.armed.pop()?;
        if self.armed.is_empty() {
            // A crowd that has gone leaves no table behind.
            self.armed.shrink_to(1024);
        }
        Some(timer)
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Timer) -> Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Timer) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Timer) -> bool {
        self.at == other.at
    }
}

impl Eq for Timer {}
