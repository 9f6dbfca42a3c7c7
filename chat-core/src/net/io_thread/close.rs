//! The ways in which a connection ends, and in which the thread does.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::{IoThread, enqueue_read};
use crate::event::{CloseReason, Report};
use crate::ids::ConnId;
use crate::net::conn::Phase;
use crate::net::inbox::{Arrival, Inbox};
use crate::wire::Reading;

/// How long the thread, once all is out, waits for the peers to take notice.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How far the thread is on its way to the end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Running,
    /// Nothing is taken in any more. The report starts with what was open then.
    Quiescing(Start),
    /// All connections are to be closed by then.
    Draining {
        start: Start,
        deadline: Instant,
    },
}

/// The numbers at the beginning of the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    clients: usize,
    lines_out: u64,
    lines_dropped: u64,
    /// Whether all connections have got what they were due.
    has_said_all: bool,
}

impl Stage {
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Stage::Running)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Stage::Running | Stage::Quiescing(_) => None,
            Stage::Draining { deadline, .. } => Some(*deadline),
        }
    }
}

impl<I: Inbox> IoThread<I> {
    /// A client takes no part any more, from its own side: it is reported, and gets what it is due.
    pub(super) fn leave(&mut self, id: ConnId, reason: CloseReason) {
        let Some(conn) = self.conns.get(id).filter(|conn| conn.phase == Phase::Open) else {
            return;
        };
        self.outgoing.send(Arrival::Left { conn: conn.id, reason });
        self.begin_to_close(id);
    }

    /// Closes a connection when it has got all that is in the log by now.
    pub(super) fn begin_to_close(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(id).filter(|conn| conn.phase == Phase::Open) else {
            return;
        };
        conn.phase = Phase::Closing;
        conn.until = conn.room.map_or(0, |seat| self.views[seat.room.index()].window.end());
        let stamp = conn.restamp();
        self.closing.arm(Instant::now(), id, stamp);
        self.flush(id.slot());
    }

    /// A closing connection has got all: our half of the stream ends here.
    pub(super) fn end_our_half(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.has_ended || conn.stream.shutdown(Shutdown::Write).is_err() {
            return self.remove(slot);
        }
        conn.phase = Phase::Lingering;
        let stamp = conn.restamp();
        self.lingering.arm(Instant::now(), conn.id, stamp);
        // What came while nobody listened has no event of its own any more.
        conn.is_readable = true;
        enqueue_read(&mut self.reads, conn);
        self.unseat(slot);
    }

    /// A connection is over at once.
    pub(super) fn has_failed(&mut self, slot: usize, reason: CloseReason) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.phase == Phase::Open {
            self.outgoing.send(Arrival::Left { conn: conn.id, reason });
        }
        self.remove(slot);
    }

    /// A connection cannot be written to. What the peer said before that is still there to be
    /// read, and after it the better reason.
    pub(super) fn has_broken(&mut self, slot: usize, reason: CloseReason) {
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        conn.is_blocked = true;
        conn.is_readable = true;
        self.read_from(slot);
        if self.conns.get(id).is_some() {
            self.has_failed(slot, reason);
        }
    }

    /// A connection has taken too long to get what it was due, or to take notice of the end.
    pub(super) fn give_up(&mut self, id: ConnId, stamp: u32) {
        if self.conns.get(id).is_some_and(|conn| conn.stamp == stamp) {
            self.remove(id.slot());
        }
    }

    /// Takes a connection out of everything, counts what it did not get, and closes its socket.
    pub(super) fn remove(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        if let Some(seat) = conn.room {
            let window = &self.views[seat.room.index()].window;
            self.tally.lines_dropped += window.lines(conn.cursor, conn.id, conn.until);
        }
        self.tally.lines_dropped += conn.direct.lines();
        self.unseat(slot);
        if self.conns.remove(slot).is_some() {
            self.settings.gauge.leave();
        }
    }

    /// Takes a connection out of its room.
    fn unseat(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        let Some(seat) = conn.room else { return };
        if let Some((moved, seat)) = self.views[seat.room.index()].leave(conn)
            && let Some(other) = self.conns.at(moved)
        {
            other.room = Some(seat);
        }
    }

    /// Takes nothing in any more. What was taken in, to the last unfinished line, is handed over.
    pub(super) fn quiesce(&mut self) {
        if !self.stage.is_running() {
            return;
        }
        self.acceptor = None;
        let mut start = Start {
            clients: 0,
            lines_out: self.tally.lines_out,
            lines_dropped: self.tally.lines_dropped,
            has_said_all: false,
        };
        for slot in self.conns.slots() {
            let Some(conn) = self.conns.at(slot) else { continue };
            if conn.phase == Phase::Open {
                start.clients += 1;
                let reading = Reading::of_finish(&mut conn.decoder, &self.settings.rules);
                self.take(slot, reading);
            }
        }
        self.stage = Stage::Quiescing(start);
        self.outgoing.send(Arrival::Quiet);
    }

    /// Brings all connections to their ends, as far as that is possible by then.
    pub(super) fn drain(&mut self, deadline: Instant) {
        let Stage::Quiescing(start) = self.stage else { return };
        self.stage = Stage::Draining { start, deadline };
        for slot in self.conns.slots() {
            if let Some(id) = self.conns.at(slot).map(|conn| conn.id) {
                self.begin_to_close(id);
            }
        }
    }

    /// The thread's report, once there is nothing left to do or no time to do it.
    pub(super) fn report(&mut self) -> Option<Report> {
        if self.outgoing.is_gone() && !matches!(self.stage, Stage::Draining { .. }) {
            // There is nobody left who could say what to do: an error that is reported elsewhere.
            return Some(Report::default());
        }
        let Stage::Draining { start, deadline } = self.stage else { return None };
        let now = Instant::now();
        if self.conns.len() > 0 && now < deadline {
            self.hurry(start, deadline.min(now + LAST_WORDS));
            return None;
        }
        for slot in self.conns.slots() {
            self.remove(slot);
        }
        self.tally.publish(&self.counters);
        Some(Report {
            clients: start.clients,
            flushed: self.tally.lines_out - start.lines_out,
            dropped: self.tally.lines_dropped - start.lines_dropped,
            took: Duration::ZERO,
        })
    }

    /// Brings the deadline forward, once, when nothing is left but to wait for the peers.
    fn hurry(&mut self, start: Start, deadline: Instant) {
        if start.has_said_all {
            return;
        }
        let mut slots = self.conns.slots();
        let mut conns = |slot| self.conns.at(slot).map(|conn| conn.phase);
        if slots.all(|slot| conns(slot).is_none_or(|phase| phase == Phase::Lingering)) {
            self.stage = Stage::Draining { start: Start { has_said_all: true, ..start }, deadline };
        }
    }
}
