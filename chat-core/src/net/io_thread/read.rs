//! From the sockets to the inbox.

use std::time::{Duration, Instant};

use super::{IoThread, enqueue_read, enqueue_write};
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::net::conn::{Got, Phase};
use crate::net::inbox::{Arrival, Inbox};
use crate::net::outbound::TURN;
use crate::wire::{End, QUIET, Reading, Text, notice};

/// How much a peer may go on sending after the end, until its connection is cut off: enough for
/// what was on its way, and not enough to keep anybody busy.
const MOST_THROWN_AWAY: usize = 256 * 1024;

impl<I: Inbox> IoThread<I> {
    /// Reads from those that have something, each in its turn, while the inbox takes it.
    ///
    /// When the inbox is full, all stay in the queue with their bytes in the system's buffers:
    /// the peers' own sends slow down. No event will come for bytes that are there already; the
    /// queue is what remembers them.
    pub(super) fn read(&mut self) {
        for _ in 0..self.reads.len() {
            if !self.outgoing.has_room() {
                return;
            }
            let Some(slot) = self.reads.pop_front() else { return };
            if let Some(conn) = self.conns.at(slot) {
                conn.reads_next = false;
                self.read_from(slot);
            }
        }
    }

    /// Reads from one connection until it has no more, or its turn is over.
    fn read_from(&mut self, slot: usize) {
        let mut turn = TURN;
        while let Some(conn) = self.conns.at(slot) {
            let listens = match conn.phase {
                Phase::Open => self.stage.is_running(),
                Phase::Closing => false,
                Phase::Lingering => true,
            };
            if !listens {
                return;
            }
            if turn == 0 || !conn.is_readable || !self.outgoing.has_room() {
                break;
            }
            match conn.read(&mut self.buffer) {
                Got::Bytes(count) => {
                    turn = turn.saturating_sub(count);
                    self.tally.bytes_in += count as u64;
                    if conn.phase == Phase::Lingering {
                        conn.thrown_away += count;
                        if conn.thrown_away > MOST_THROWN_AWAY {
                            return self.remove(slot);
                        }
                    } else {
                        let bytes = &self.buffer[..count];
                        let reading = Reading::of(&mut conn.decoder, &self.settings.rules, bytes);
                        self.take(slot, reading);
                    }
                }
                Got::Nothing => break,
                Got::End => return self.has_ended(slot),
                Got::Failure(error) => {
                    return self.has_failed(slot, CloseReason::of_error(&error));
                }
            }
        }
        self.after_reading(slot);
    }

    /// Sees to what the bytes that have come leave to be done.
    fn after_reading(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.is_readable {
            return enqueue_read(&mut self.reads, conn);
        }
        if conn.phase != Phase::Open {
            return;
        }
        if conn.broken.is_some() {
            return self.has_ended(slot);
        }
        match conn.decoder.patience(&self.settings.rules) {
            None => {}
            Some(Duration::ZERO) => {
                let reading = Reading::of_quiet(&mut conn.decoder, &self.settings.rules);
                self.take(slot, reading);
            }
            Some(_) => {
                let stamp = conn.restamp();
                self.quiet.arm(Instant::now(), conn.id, stamp);
            }
        }
    }

    /// Nothing has come from a connection for a while; unless something has, in the meantime.
    pub(super) fn has_been_quiet(&mut self, id: ConnId, stamp: u32) {
        let rules = &self.settings.rules;
        let Some(conn) = self.conns.get(id) else { return };
        let is_due = conn.phase == Phase::Open
            && conn.stamp == stamp
            && !conn.is_readable
            && conn.decoder.patience(rules) == Some(QUIET);
        if is_due {
            let reading = Reading::of_quiet(&mut conn.decoder, rules);
            self.take(id.slot(), reading);
        }
    }

    /// Hands over what a connection said, and answers what was wrong with it.
    pub(super) fn take(&mut self, slot: usize, reading: Reading) {
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        let Reading { messages, too_long, end } = reading;
        if !messages.is_empty() {
            self.tally.lines_in += messages.len() as u64;
            self.outgoing.send(Arrival::Said { conn: id, messages });
        }
        if too_long > 0 {
            self.tally.lines_refused += too_long as u64;
            let limit = self.settings.rules.line;
            let refusal = match too_long {
                1 => format!("line refused: it is longer than {limit} bytes"),
                count => format!("{count} lines refused: they are longer than {limit} bytes"),
            };
            self.tell(id, &refusal);
        }
        match end {
            None => {}
            Some(End::Exit) => self.leave(id, CloseReason::Exit),
            Some(End::Endless) => {
                let limit = self.settings.rules.endless;
                self.tell(id, &format!("closed: {limit} bytes came without a line end"));
                self.leave(id, CloseReason::EndlessLine);
            }
            Some(End::Tls) => {
                self.tell(id, "closed: this is a plain-text chat, it does not speak TLS");
                self.leave(id, CloseReason::OtherProtocol);
            }
        }
    }

    /// The peer will send nothing more; it may still read.
    fn has_ended(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.phase == Phase::Lingering {
            return self.remove(slot);
        }
        let id = conn.id;
        conn.has_ended = true;
        // A system tells of an error once: if a write was told, a read finds a mere end.
        let broken = conn.broken;
        let reading = Reading::of_finish(&mut conn.decoder, &self.settings.rules);
        self.take(id.slot(), reading);
        match broken {
            Some(reason) => self.has_failed(slot, reason),
            None => self.leave(id, CloseReason::EndOfStream),
        }
    }

    /// Sends a notice to one connection.
    fn tell(&mut self, id: ConnId, what: &str) {
        if let Ok(text) = Text::new(what) {
            // What a connection did wrong is told as soon as a line ends.
            self.give(id, &notice(&text), 0);
        }
    }

    /// Adds a line to those that wait for one connection, to go out when the connection has got
    /// the log up to this position.
    pub(super) fn give(&mut self, id: ConnId, line: &[u8], after: u64) {
        if !self.has_room_for(id, line) {
            // Perhaps nobody has tried to write yet.
            self.flush(id.slot());
        }
        if self.has_room_for(id, line) {
            let Some(conn) = self.conns.get(id) else { return };
            conn.direct.push(line, after);
            return enqueue_write(&mut self.writes, conn);
        }
        let Some(conn) = self.conns.get(id) else { return };
        self.tally.lines_dropped += 1;
        if conn.phase != Phase::Lingering {
            self.has_failed(id.slot(), CloseReason::TooSlow);
        }
    }

    /// Whether one more line may wait for a connection.
    fn has_room_for(&mut self, id: ConnId, line: &[u8]) -> bool {
        let Some(conn) = self.conns.get(id) else { return false };
        // After our half of the stream has ended, nothing goes out any more.
        let is_heard = conn.phase != Phase::Lingering;
        is_heard && conn.direct.len() + line.len() <= self.settings.direct
    }
}
