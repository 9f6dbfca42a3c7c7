//! The too slow: what happens to those who do not take what they are due.

use std::time::{Duration, Instant};

use super::Shard;
use crate::budget::Pressure;
use crate::config::WhenBehind;
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::net::conn::Phase;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::places;
use crate::net::socket::Socket;
use crate::net::timers::Due;

/// How often to look for the one who is the furthest behind.
const LOOK: Duration = Duration::from_secs(1);
/// How often to look for those who hold memory, when there is none left.
const LOOK_FOR_MEMORY: Duration = Duration::from_millis(100);
/// What part of its own bound, and of what there is for it of the budget, a connection may use when
/// there is no memory left.
const SHARE: usize = 8;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Deals with the members of a room that take nothing and are a backlog behind.
    pub(super) fn deal_with_the_slow(&mut self, index: usize) {
        for slot in self.views[index].members.clone() {
            self.deal_with(slot as usize);
        }
    }

    /// Deals with a connection if it takes nothing and is a backlog behind.
    pub(super) fn deal_with(&mut self, slot: usize) {
        let most = self.settings.limits.backlog as u64;
        let Some(backlog) = self.stuck_backlog(slot).filter(|&it| it > most) else { return };
        self.tally.backlog_high_water = self.tally.backlog_high_water.max(backlog);
        self.fall_behind(slot);
    }

    /// How far a connection is behind that takes nothing, in all its rooms together.
    fn stuck_backlog(&mut self, slot: usize) -> Option<u64> {
        let conn = self.conns.at(slot).filter(|conn| conn.is_blocked)?;
        places::backlog(&self.views, conn)
    }

    /// A connection is too far behind: it is closed, or goes on further ahead.
    fn fall_behind(&mut self, slot: usize) {
        let common = self.settings.limits.when_behind;
        let Some(conn) = self.conns.at(slot) else { return };
        let own = conn.extra.as_ref().and_then(|extra| extra.when_behind);
        match own.unwrap_or(common) {
            // One that is leaving has nothing to go on with.
            WhenBehind::Skip if conn.phase == Phase::Open => self.skip(slot),
            WhenBehind::Skip | WhenBehind::Close => self.has_failed(slot, CloseReason::TooSlow),
        }
    }

    /// Lets a connection go on with what is said from now on, when the line is out that is half out.
    fn skip(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        let lines = places::skip_to_the_ends(&mut self.views, conn);
        conn.miss(lines, self.last);
        let id = conn.id;
        self.tally.lines_skipped += lines;
        self.account(slot);
        if lines > 0 {
            self.outgoing.send(Arrival::Skipped { conn: id, lines });
        }
    }

    /// A connection takes no more now, and did up to now: a timer is to look when it has not for
    /// too long.
    pub(super) fn watch(&mut self, slot: usize) {
        let Some(limit) = self.settings.limits.write_timeout else { return };
        let now = self.now;
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        conn.extra().took_at = Some(now);
        if !std::mem::replace(&mut conn.is_watched, true) {
            self.arm(limit, Due::Stalled, id, 0);
        }
    }

    /// Closes a connection that has taken nothing for as long as nobody may.
    pub(super) fn look_if_stalled(&mut self, id: ConnId) {
        let Some(limit) = self.settings.limits.write_timeout else { return };
        let Some(conn) = self.conns.get(id) else { return };
        let (mut took_at, taken) = (conn.extra().took_at, conn.count.bytes_out);
        if conn.is_blocked && conn.broken.is_none() && conn.phase != Phase::Lingering {
            // A system tells that there is room only when there is much: a try finds a little too.
            conn.is_blocked = false;
            self.flush(id.slot());
        }
        let now = self.now;
        let Some(conn) = self.conns.get(id) else { return };
        if !conn.is_blocked {
            conn.is_watched = false;
            return;
        }
        if conn.count.bytes_out > taken {
            took_at = Some(now);
        }
        conn.extra().took_at = took_at;
        let took_at = took_at.unwrap_or(now);
        let left = limit.saturating_sub(now.saturating_duration_since(took_at));
        if left.is_zero() {
            return self.has_failed(id.slot(), CloseReason::Stalled);
        }
        self.arm(left, Due::Stalled, id, 0);
    }

    /// Looks, now and then, for the one who is the furthest behind, and makes those give up memory
    /// who hold much of it when there is none left.
    pub(super) fn relieve(&mut self) {
        let is_full = self.settings.budget.pressure() == Pressure::Full;
        let holds = self.holds_memory();
        if !holds {
            (self.tally.slowest, self.tally.slowest_backlog) = (0, 0);
        }
        if self.now < self.look_at || !(is_full || holds) {
            return;
        }
        self.look_at = self.now + if is_full { LOOK_FOR_MEMORY } else { LOOK };
        let mut slowest = (0, 0);
        for slot in self.conns.slots() {
            if is_full {
                self.make_room(slot);
            }
            let Some(conn) = self.conns.at(slot) else { continue };
            let id = conn.id.to_raw();
            let behind = self.stuck_backlog(slot).unwrap_or(0);
            slowest = slowest.max((behind, if behind > 0 { id } else { 0 }));
        }
        (self.tally.slowest_backlog, self.tally.slowest) = slowest;
    }

    /// Whether anything is kept here, in the windows or of single connections.
    fn holds_memory(&self) -> bool {
        self.charge.bytes() > 0 || !self.kept.is_empty()
    }

    /// When to look again, if there is anything to look for: others may use up the memory while
    /// nothing happens here.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.holds_memory().then_some(self.look_at)
    }

    /// Makes a connection give up memory if it holds more than its share and takes nothing.
    fn make_room(&mut self, slot: usize) {
        let limits = &self.settings.limits;
        // However small the budget is: when nobody holds more than this, it is not used up.
        let each = limits.budget / (SHARE * self.settings.gauge.open().max(1));
        let backlog = limits.backlog.min(limits.budget) / SHARE;
        let (direct, line) = ((limits.direct / SHARE).min(each), (limits.line / SHARE).min(each));
        if self.stuck_backlog(slot).is_some_and(|behind| behind > backlog as u64) {
            self.fall_behind(slot);
        }
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        if conn.is_blocked && conn.direct.len() > direct {
            return self.has_failed(slot, CloseReason::TooSlow);
        }
        if conn.decoder.pending() > line && conn.decoder.refuse() {
            self.tally.lines_refused += 1;
            self.account(slot);
            self.refuse(id, "line refused: the server is short of memory", None);
        }
    }
}
