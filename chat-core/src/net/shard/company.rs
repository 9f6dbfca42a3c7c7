//! The many who are too fast: they are read when somebody else says something.
//!
//! Each line that is said goes to all the others, and to write to all of them is most of what a line
//! costs. When a few flood, each of their lines may as well have a round of its own, in its time. When
//! many do, these rounds would be most of what there is to do, and others would wait for them. Then
//! what they say waits, a moment, and goes along with the next line of somebody who is not too fast.

use std::time::{Duration, Instant};

use super::Shard;
use crate::deadline::after;
use crate::net::inbox::Inbox;
use crate::net::socket::Socket;
use crate::net::timers::Due;

/// Where so many are paused at once, they are many.
const CROWD: usize = 8;
/// How long they wait for somebody else, from when they may be read again.
const PATIENCE: Duration = Duration::from_millis(48);
/// How many of them are read in one turn: others are not to wait for that.
const COMPANY: usize = 32;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Whether so many are too fast that those who are wait for company.
    pub(super) fn is_crowded(&self) -> bool {
        self.pauses >= CROWD
    }

    /// Reads nothing from a connection until then, and not before somebody else says something, or
    /// nobody has for a while.
    pub(super) fn pause_for_company(&mut self, slot: usize, until: Instant) {
        if let Some(id) = self.begin_to_pause(slot) {
            let wait = until.saturating_duration_since(self.now);
            self.patient.arm(self.now, wait, Due::Resume, id, 0);
        }
    }

    /// When those who wait for company wait no longer, if nobody says anything.
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        self.patient.next().map(|since| after(since, PATIENCE))
    }

    /// Whether somebody has waited long enough, and may be read from.
    pub(super) fn patience_is_over(&self) -> bool {
        self.patience_ends().is_some_and(|end| end <= self.now)
    }

    /// Reads from those who have waited for company, a part of them, if there is some: others have
    /// said something in this turn.
    pub(super) fn read_in_company(&mut self) {
        if !self.outgoing.has_messages() && !self.patience_is_over() {
            return;
        }
        let mut resumed = 0;
        while resumed < COMPANY
            && let Some(timer) = self.patient.pop(self.now)
        {
            self.resume(timer.conn);
            resumed += 1;
        }
        // As long as they are read they are counted: whoever is too fast again is one of many again.
        self.read();
        self.pauses -= resumed;
    }
}
