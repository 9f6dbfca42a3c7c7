//! Numbers and times for the lines that programs read.

use std::time::SystemTime;

use crate::store::millis;
use crate::wire::{Kind, Stamp};

/// The number that the next line gets, and the time of day.
#[derive(Debug)]
pub(super) struct Stamps {
    /// Lines are counted over all rooms, so that each has a number of its own, and one that was
    /// said later has a higher one.
    next: u64,
    pub(super) wall: SystemTime,
}

impl Stamps {
    pub(super) fn new() -> Stamps {
        Stamps { next: 1, wall: SystemTime::UNIX_EPOCH }
    }

    /// Numbers that go on after this one.
    pub(super) fn after(last: u64) -> Stamps {
        Stamps { next: last + 1, ..Stamps::new() }
    }

    /// The last number that was given.
    pub(super) fn last(&self) -> u64 {
        self.next - 1
    }

    /// The time of day as marks have it.
    pub(super) fn millis(&self) -> u64 {
        millis(self.wall)
    }

    /// Numbers for so many lines: the first of them.
    pub(super) fn take(&mut self, lines: usize) -> u64 {
        let first = self.next;
        self.next += lines as u64;
        first
    }

    /// The stamp of a line that is written now.
    pub(super) fn stamp(&self, kind: Kind) -> Stamp {
        Stamp::new(self.wall, kind)
    }
}
