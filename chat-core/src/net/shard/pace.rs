//! The too fast, and the silent: how fast connections are read.

use std::time::{Duration, Instant};

use super::company::PATIENCE;
use super::{Shard, enqueue_read};
use crate::budget::Pressure;
use crate::deadline::after;
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::net::conn::Phase;
use crate::net::flow::{Allowance, Flow};
use crate::net::inbound::Got;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::Socket;
use crate::net::timers::Due;

/// How long to wait between two reads of one connection while memory is short.
const PACE: Duration = Duration::from_millis(100);
/// For how long somebody who is too fast can wait for what others say.
const MOMENT: Duration = Duration::from_millis(250);
/// How much such a read may bring.
const SIP: usize = 4 * 1024;

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Reads from a connection that takes part in the chat as much as it may say now, into the
    /// buffer. `None` if that is nothing: then it is read again when it may.
    pub(super) fn read_in_time(&mut self, slot: usize) -> Option<Got> {
        let pressure = self.settings.budget.pressure();
        // Those who are at their end are read even then: they give up what they hold.
        let is_at_end = self.conns.at(slot)?.is_read_closed;
        if pressure == Pressure::Full && !is_at_end {
            self.pause(slot, self.now + PACE);
            return None;
        }
        let most = if pressure == Pressure::Near { SIP } else { self.buffer.len() };
        let allowance = self.allowance(slot);
        let conn = self.conns.at(slot)?;
        let got = match allowance {
            None => conn.read(&mut self.buffer[..most]),
            Some(Allowance::NotBefore { at, latest }) if conn.has_more => {
                self.slow_down(slot, at, latest);
                return None;
            }
            // Whoever has nothing more to say is not too fast.
            Some(Allowance::NotBefore { at, latest }) => match conn.look(&mut self.buffer[..1]) {
                Got::Bytes(_) => {
                    self.slow_down(slot, at, latest);
                    return None;
                }
                got @ (Got::Nothing | Got::End | Got::Failure(_)) => got,
            },
            Some(Allowance::Some { lines, bytes }) => {
                let most = usize::try_from(bytes).map_or(most, |bytes| bytes.min(most));
                conn.read_lines(&mut self.buffer[..most], lines)
            }
        };
        if pressure == Pressure::Near && !is_at_end && matches!(got, Got::Bytes(_)) {
            self.pause(slot, self.now + PACE);
        }
        Some(got)
    }

    /// Notes that a connection has said something: so many bytes, in which so many lines end.
    pub(super) fn has_said(&mut self, slot: usize, bytes: usize, lines: u64) {
        let (now, millis) = (self.now, self.millis());
        let Some(conn) = self.conns.at(slot) else { return };
        conn.heard = millis;
        let flow = conn.extra.as_mut().filter(|_| conn.is_limited);
        if let Some(flow) = flow.and_then(|extra| extra.flow.as_mut()) {
            flow.take(now, bytes, lines);
        }
    }

    /// How much a connection may say now; `None` if that is not limited.
    fn allowance(&mut self, slot: usize) -> Option<Allowance> {
        let now = self.now;
        let common = self.settings.limits.flood;
        let conn = self.conns.at(slot).filter(|conn| conn.is_limited)?;
        let extra = conn.extra();
        if extra.flow.is_none() {
            extra.flow = Some(Flow::new(common?, now));
        }
        extra.flow.as_ref().map(|flow| flow.allowance(now))
    }

    /// A connection is too fast: it is told, once, and waits. After the latest moment it would lose
    /// something by that.
    fn slow_down(&mut self, slot: usize, until: Instant, latest: Instant) {
        let is_short = until.saturating_duration_since(self.now) <= MOMENT;
        if is_short && self.is_crowded() && after(until, PATIENCE) <= latest {
            self.pause_for_company(slot, until);
        } else {
            self.pause(slot, until);
        }
        let Some(conn) = self.conns.at(slot) else { return };
        conn.is_slowed = is_short;
        let id = conn.id;
        let Some(flow) = conn.extra().flow.as_mut().filter(|flow| !flow.is_told) else { return };
        flow.is_told = true;
        let notice = flow.notice();
        self.tally.flooding += 1;
        self.outgoing.send(Arrival::Flooding { conn: id });
        self.tell(id, &notice);
        self.flush(slot);
    }

    /// Reads nothing from a connection until then.
    fn pause(&mut self, slot: usize, until: Instant) {
        if let Some(id) = self.begin_to_pause(slot) {
            self.arm(until.saturating_duration_since(self.now), Due::Resume, id, 0);
        }
    }

    /// Notes that nothing is to be read from a connection. It answers which one, unless that is so
    /// already. If it is broken off, it is over: what it was too fast to say must not keep its place
    /// for as long as it would take to be said.
    pub(super) fn begin_to_pause(&mut self, slot: usize) -> Option<ConnId> {
        let conn = self.conns.at(slot)?;
        let id = conn.id;
        if conn.is_broken_off {
            self.has_failed(slot, CloseReason::Reset);
            return None;
        }
        if std::mem::replace(&mut conn.is_paused, true) {
            return None;
        }
        self.pauses += 1;
        Some(id)
    }

    /// The pause of a connection is over.
    pub(super) fn resume(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(id) else { return };
        conn.is_paused = false;
        if conn.is_readable {
            enqueue_read(&mut self.reads, conn);
        }
        conn.is_served = false;
        if !std::mem::take(&mut conn.is_slowed) || !conn.is_held() {
            return;
        }
        // What has waited goes out, and counts for the pause that may follow.
        let before = conn.count.bytes_out;
        self.flush(id.slot());
        if let Some(conn) = self.conns.get(id) {
            conn.is_served = conn.count.bytes_out > before;
        }
    }

    /// Looks after this long, or earlier, whether a connection has said nothing for too long.
    pub(super) fn look_for_idle_in(&mut self, left: Duration, id: ConnId) {
        // The timers of those who have gone meanwhile are not to pile up.
        self.arm(left.min(Duration::from_mins(1)), Due::Idle, id, 0);
    }

    /// Closes a connection that has said nothing for as long as nobody may.
    pub(super) fn look_if_idle(&mut self, id: ConnId) {
        let Some(limit) = self.settings.limits.idle else { return };
        let now = self.millis();
        let Some(conn) = self.conns.get(id).filter(|conn| conn.phase == Phase::Open) else {
            return;
        };
        // What it has said and nobody has read is said.
        let silent = if conn.is_readable { 0 } else { now.wrapping_sub(conn.heard) };
        let left = limit.saturating_sub(Duration::from_millis(silent.into()));
        if !left.is_zero() {
            return self.look_for_idle_in(left, id);
        }
        let what = format!("closed: nothing came for {limit:?}");
        self.tell(id, &what);
        self.leave(id, CloseReason::Idle);
    }
}
