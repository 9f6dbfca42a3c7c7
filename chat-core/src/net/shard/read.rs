//! From the sockets to the inbox.

use std::time::Duration;

use super::{Shard, enqueue_read};
use crate::about;
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::net::conn::Phase;
use crate::net::inbound::Got;
use crate::net::inbox::Inbox;
use crate::net::outbound::TURN;
use crate::net::socket::Socket;
use crate::net::timers::Due;
use crate::wire::{Context, End, Messages, Part, QUIET, Reading, Text, newlines};

/// How much a peer may go on sending after the end, until its connection is cut off: enough for
/// what was on its way, and not enough to keep anybody busy.
const MOST_THROWN_AWAY: u32 = 256 * 1024;

impl<S: Socket, I: Inbox> Shard<S, I> {
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
            self.read_next(slot);
        }
    }

    /// Reads from one that has just been put into the queue, before its turn; one that was there
    /// already waits for it.
    pub(super) fn read_at_once(&mut self, id: ConnId) {
        if self.reads.pop_back_if(|&mut slot| slot == id.slot()).is_some() {
            self.read_next(id.slot());
        }
    }

    /// Reads from one that was in the queue.
    fn read_next(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        conn.reads_next = false;
        match conn.phase {
            Phase::Open if self.stage.is_running() => self.read_from(slot),
            Phase::Open | Phase::Leaving | Phase::Closing => {}
            Phase::Lingering => self.throw_away(slot),
        }
    }

    /// Reads from one connection until it has no more, may say no more, or its turn is over.
    fn read_from(&mut self, slot: usize) {
        let mut turn = TURN;
        while let Some(conn) = self.conns.at(slot) {
            if conn.phase != Phase::Open {
                return;
            }
            let is_over = turn == 0 || !conn.is_readable || conn.is_paused;
            if is_over || !self.outgoing.has_room() {
                break;
            }
            match self.read_in_time(slot) {
                Some(Got::Bytes(count)) => {
                    turn = turn.saturating_sub(count);
                    self.understand(slot, count);
                }
                None | Some(Got::Nothing) => break,
                Some(Got::End) => return self.has_ended(slot),
                Some(Got::Failure(error)) => {
                    return self.has_failed(slot, CloseReason::of_error(&error));
                }
            }
        }
        self.after_reading(slot);
    }

    /// Takes in so many bytes of a connection, which are in the buffer.
    fn understand(&mut self, slot: usize, count: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        let bytes = &self.buffer[..count];
        self.tally.bytes_in += count as u64;
        conn.count.bytes_in += count as u64;
        let lines = if conn.is_limited { newlines(bytes) } else { 0 };
        let reading = Reading::of(&mut conn.decoder, &self.settings.rules, bytes);
        self.has_said(slot, count, lines);
        self.take(slot, reading);
    }

    /// Reads what nobody looks at any more.
    fn throw_away(&mut self, slot: usize) {
        while let Some(conn) = self.conns.at(slot).filter(|conn| conn.is_readable) {
            match conn.read(&mut self.buffer) {
                Got::Bytes(count) => {
                    self.tally.bytes_in += count as u64;
                    let count = u32::try_from(count).unwrap_or(u32::MAX);
                    conn.thrown_away = conn.thrown_away.saturating_add(count);
                    if !self.stage.is_running() {
                        // The server's deadline is what ends it then.
                        self.stage.hear();
                    } else if conn.thrown_away > MOST_THROWN_AWAY {
                        return self.remove(slot);
                    }
                }
                Got::Nothing => return,
                Got::End | Got::Failure(_) => return self.remove(slot),
            }
        }
    }

    /// Sees to what the bytes that have come leave to be done.
    fn after_reading(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        if conn.phase != Phase::Open {
            return;
        }
        if conn.is_readable {
            // One that is paused comes back when its pause is over.
            if !conn.is_paused {
                enqueue_read(&mut self.reads, conn);
            }
            return;
        }
        if conn.broken.is_some() {
            return self.has_ended(slot);
        }
        match conn.decoder.patience(&self.settings.rules) {
            None => {}
            Some(Duration::ZERO) => self.take_unended(slot),
            Some(wait) => {
                let (id, stamp) = (conn.id, conn.restamp());
                self.arm(wait, Due::Quiet, id, stamp);
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
            self.take_unended(id.slot());
        }
    }

    /// Takes what a connection has said without a newline for a message.
    fn take_unended(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        let reading = Reading::of_quiet(&mut conn.decoder, &self.settings.rules);
        self.has_said(slot, 0, 1);
        self.take(slot, reading);
    }

    /// Hands over what a connection said, and answers what was wrong with it.
    pub(super) fn take(&mut self, slot: usize, reading: Reading) {
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        self.account(slot);
        let Reading { messages, rest, too_long, end } = reading;
        if !messages.is_empty() && !self.say(slot, messages) {
            return;
        }
        for part in rest {
            let counts = match part {
                Part::Said(messages) => self.say(slot, messages),
                Part::Tagged(text, context) => self.say_tagged(slot, text, context),
                Part::Command(line, context) => self.command(slot, &line, context),
                Part::Mistagged(wrong, context) => {
                    self.tally.lines_refused += 1;
                    self.refuse(id, &wrong.to_string(), context.label.as_ref());
                    true
                }
            };
            if !counts {
                return;
            }
        }
        if too_long > 0 {
            self.tally.lines_refused += too_long as u64;
            let limit = self.settings.rules.line;
            let refusal = match too_long {
                1 => format!("line refused: it is longer than {limit} bytes"),
                count => format!("{count} lines refused: they are longer than {limit} bytes"),
            };
            // Whatever label it had was not kept.
            self.refuse(id, &refusal, None);
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

    /// Counts messages and hands them over. It says whether what comes after them counts.
    fn say(&mut self, slot: usize, messages: Messages) -> bool {
        self.count_lines_in(slot, messages.len());
        self.screen(slot, messages)
    }

    /// The same for one message of which tags say something.
    fn say_tagged(&mut self, slot: usize, text: Text, context: Box<Context>) -> bool {
        self.count_lines_in(slot, 1);
        self.screen_tagged(slot, text, context)
    }

    pub(super) fn count_lines_in(&mut self, slot: usize, lines: usize) {
        self.tally.lines_in += lines as u64;
        if let Some(conn) = self.conns.at(slot) {
            conn.count.lines_in += lines as u64;
        }
    }

    /// The peer will send nothing more; it may still read.
    fn has_ended(&mut self, slot: usize) {
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        conn.has_ended = true;
        // A system tells of an error once: if a write was told, a read finds a mere end.
        let broken = conn.broken;
        // Who ends its stream before it says anything asks what this is, or whether it is there.
        let asks = (conn.count.bytes_in == 0 && broken.is_none()).then_some(conn.is_limited);
        let reading = Reading::of_finish(&mut conn.decoder, &self.settings.rules);
        self.take(id.slot(), reading);
        if let Some(is_limited) = asks {
            let limits = &self.settings.limits;
            let what = about::in_words(limits.line, limits.flood.filter(|_| is_limited));
            self.tell(id, &what);
        }
        match broken {
            Some(reason) => self.has_failed(slot, reason),
            None => self.leave(id, CloseReason::EndOfStream),
        }
    }
}
