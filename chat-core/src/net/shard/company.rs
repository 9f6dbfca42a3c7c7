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

/// Where so many others are paused, those who are too fast are many.
const CROWD: usize = 8;
/// How long they wait for somebody else, from when they may be read again.
pub(super) const PATIENCE: Duration = Duration::from_millis(48);
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

    /// Reads from those who have waited for company, a part of them, if there is some: something was
    /// said since this was last asked, on this thread or another one.
    pub(super) fn read_in_company(&mut self) {
        let is_company = self.outgoing.take_news() || !self.orders.is_empty();
        if !is_company && !self.patience_is_over() {
            return;
        }
        for _ in 0..COMPANY {
            if !self.outgoing.has_room() {
                break;
            }
            let Some(timer) = self.patient.pop(self.now) else { break };
            self.pauses -= 1;
            self.resume(timer.conn);
            self.read_at_once(timer.conn);
        }
        // What they have said themselves is no company for more of them.
        self.outgoing.take_news();
    }
}
