//! The ways in which a connection ends, and in which the thread does.

use std::time::{Duration, Instant};

use super::{CLOSING, LINGERING, Shard, enqueue_read, enqueue_write};
use crate::deadline::Deadline;
use crate::event::{CloseReason, Report};
use crate::ids::ConnId;
use crate::net::conn::Phase;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::places::{self, Place};
use crate::net::socket::Socket;
use crate::net::timers::Due;
use crate::wire::Reading;

/// How long nobody must say anything, once all is out, for the thread to end: whoever talks on has
/// not taken notice yet, and to close on what it says would take back what it has not read.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How far the thread is on its way to the end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Running,
    /// Nothing is taken in any more. The report starts with what was open then.
    Quiescing(Start),
    /// All connections are to get what they are due, before the deadline of the server.
    Draining(Start),
    /// They have; until then, or longer if somebody talks on, their peers may take notice.
    Waiting(Start, Instant),
}

/// The numbers at the beginning of the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    clients: usize,
    lines_out: u64,
    lines_dropped: u64,
}

impl Stage {
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Stage::Running)
    }

    /// Somebody who is to take notice of the end has not yet.
    pub(super) fn hear(&mut self) {
        if let Stage::Waiting(_, until) = self {
            *until = Instant::now() + LAST_WORDS;
        }
    }

    /// When the thread ends at the latest, on its way to the end.
    pub(super) fn deadline(&self, server: &Deadline) -> Option<Instant> {
        match self {
            Stage::Running | Stage::Quiescing(_) => None,
            Stage::Draining(_) => server.get(),
            Stage::Waiting(_, until) => Some(server.get().map_or(*until, |at| at.min(*until))),
        }
    }
}

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// A client takes no part any more, from its own side: it is reported. What it asked before may
    /// not be answered yet, so that the hub says when it has got all that it is due.
    pub(super) fn leave(&mut self, id: ConnId, reason: CloseReason) {
        let Some(conn) = self.conns.get(id).filter(|conn| conn.phase == Phase::Open) else {
            return;
        };
        conn.phase = Phase::Leaving;
        self.outgoing.send(Arrival::Left { conn: conn.id, reason });
    }

    /// Closes a connection when it has got all that is in its logs by now.
    pub(super) fn begin_to_close(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(id).filter(|conn| conn.is_in_the_chat()) else { return };
        conn.phase = Phase::Closing;
        conn.extra().until = Some(self.last);
        let stamp = conn.restamp();
        self.arm(CLOSING, Due::End, id, stamp);
        self.flush(id.slot());
    }

    /// A closing connection has got all: our half of the stream ends here.
    pub(super) fn end_our_half(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.has_ended || conn.stream.end_writing().is_err() {
            return self.remove(slot);
        }
        conn.phase = Phase::Lingering;
        let (id, stamp) = (conn.id, conn.restamp());
        // What came while nobody listened has no event of its own any more.
        conn.is_readable = true;
        enqueue_read(&mut self.reads, conn);
        self.arm(LINGERING, Due::End, id, stamp);
        self.unseat(slot);
    }

    /// A connection is over at once.
    pub(super) fn has_failed(&mut self, slot: usize, reason: CloseReason) {
        let Some(conn) = self.conns.at(slot) else { return };
        // One that is broken takes nothing, but that is not why it is over.
        let reason = conn.broken.unwrap_or(reason);
        // Once the thread has said that it is quiet, the hub says goodbye to all who are left.
        if conn.phase == Phase::Open && self.stage.is_running() {
            self.outgoing.send(Arrival::Left { conn: conn.id, reason });
        }
        self.remove(slot);
    }

    /// A connection cannot be written to. What the peer said before that is still there to be
    /// read, in its turn.
    pub(super) fn has_broken(&mut self, slot: usize, reason: CloseReason) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.phase != Phase::Open || !self.stage.is_running() {
            return self.has_failed(slot, reason);
        }
        conn.broken.get_or_insert(reason);
        conn.is_broken_off = true;
        conn.is_paused = false;
        conn.is_blocked = true;
        conn.is_readable = true;
        enqueue_read(&mut self.reads, conn);
    }

    /// A connection has taken too long to get what it was due, or to take notice of the end.
    pub(super) fn give_up(&mut self, id: ConnId, stamp: u32) {
        let Some(conn) = self.conns.get(id).filter(|conn| conn.stamp == stamp) else { return };
        // At the end of the server, its deadline says how long there is time.
        if conn.phase == Phase::Lingering || self.stage.is_running() {
            self.remove(id.slot());
        }
    }

    /// Takes a connection out of everything, counts what it did not get, and closes its socket.
    pub(super) fn remove(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        self.tally.lines_dropped += places::lines(&self.views, conn);
        self.tally.lines_dropped += conn.direct.lines();
        self.unseat(slot);
        let Some(conn) = self.conns.remove(slot) else { return };
        self.charge.set(self.charge.bytes() - conn.charged as usize);
        if conn.is_turned_away {
            self.settings.gauge.let_go();
        } else {
            self.settings.gauge.leave();
        }
    }

    /// Takes a connection out of its rooms.
    fn unseat(&mut self, slot: usize) {
        while let Some(conn) = self.conns.at(slot) {
            let Some(room) = conn.here.map(|place| place.seat.room) else { return };
            let Some(place) = conn.stand_up(room) else { return };
            self.vacate(place);
        }
    }

    /// Gives up a place in a room, which its connection does not have any more.
    pub(super) fn vacate(&mut self, place: Place) {
        let Some(moved) = self.views[place.at()].leave(place) else { return };
        let Some(other) = self.conns.at(moved.slot) else { return };
        other.change_seat(moved.seat);
        if moved.is_due {
            places::hold(&mut self.views, other);
            enqueue_write(&mut self.writes, other);
        }
    }

    /// Takes nothing in any more. What was taken in, to the last unfinished line, is handed over.
    pub(super) fn quiesce(&mut self) {
        if !self.stage.is_running() {
            return;
        }
        let mut start = Start {
            clients: 0,
            lines_out: self.tally.lines_out,
            lines_dropped: self.tally.lines_dropped,
        };
        for slot in self.conns.slots() {
            let Some(conn) = self.conns.at(slot) else { continue };
            if conn.phase == Phase::Open {
                start.clients += 1;
                if let Some(reason) = conn.broken {
                    self.has_failed(slot, reason);
                    continue;
                }
                let reading = Reading::of_finish(&mut conn.decoder, &self.settings.rules);
                self.take(slot, reading);
            }
        }
        self.stage = Stage::Quiescing(start);
        self.outgoing.send(Arrival::Quiet);
    }

    /// Brings all connections to their ends, as far as that is possible before the deadline.
    pub(super) fn drain(&mut self) {
        let Stage::Quiescing(start) = self.stage else { return };
        self.stage = Stage::Draining(start);
        for slot in self.conns.slots() {
            if let Some(id) = self.conns.at(slot).map(|conn| conn.id) {
                self.begin_to_close(id);
            }
        }
    }

    /// The thread's report, once there is nothing left to do or no time to do it.
    pub(super) fn report(&mut self) -> Option<Report> {
        let start = match self.stage {
            // There is nobody left who could say what to do: an error that is reported elsewhere.
            Stage::Running | Stage::Quiescing(_) if self.outgoing.is_gone() => {
                return Some(Report::default());
            }
            Stage::Running | Stage::Quiescing(_) => return None,
            Stage::Draining(start) | Stage::Waiting(start, _) => start,
        };
        let now = Instant::now();
        let deadline = self.stage.deadline(&self.settings.deadline);
        if self.conns.len() > 0 && deadline.is_none_or(|deadline| now < deadline) {
            if matches!(self.stage, Stage::Draining(_)) && self.have_all_got_all() {
                self.stage = Stage::Waiting(start, now + LAST_WORDS);
            }
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

    /// Whether nothing is left but to wait for the peers to take notice.
    fn have_all_got_all(&mut self) -> bool {
        let mut slots = self.conns.slots();
        let mut phase = |slot| self.conns.at(slot).map(|conn| conn.phase);
        slots.all(|slot| phase(slot).is_none_or(|phase| phase == Phase::Lingering))
    }
}
