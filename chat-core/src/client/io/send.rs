//! The way out of a client: from the queue of what users send to the socket.

use std::io;
use std::time::{Duration, Instant};

use super::{ClientIo, Closing};
use crate::client::requests::Outgoing;
use crate::deadline::after;
use crate::event::CloseReason;
use crate::log::Window;
use crate::net::{Flushed, Socket, Tally, Turn};
use crate::wire::QUIET;

/// How many bytes are taken from the queue at a time.
const WRITE_AHEAD: usize = 64 * 1024;
/// How long to wait between two messages to a server that speaks chunks, for it to see two.
const CHUNK_GAP: Duration = QUIET.saturating_mul(2);

impl ClientIo {
    /// Whether there is something to send that the socket may take.
    pub(super) fn can_send(&self) -> bool {
        let has_more = (self.has_lines() && !self.has_said_exit()) || !self.conn.direct.is_empty();
        has_more && !self.conn.is_blocked && self.gap_until.is_none()
    }

    /// Whether there are lines that may be sent.
    fn has_lines(&self) -> bool {
        let has_lines = !self.greeting.is_empty() || !self.unsent.is_empty();
        has_lines && !self.ears.awaits_tags()
    }

    /// How many lines are left that users have sent.
    pub(super) fn unsent(&self) -> u64 {
        // The last line that is on its way may be the `exit` that nobody has asked to be sent.
        let own = self.has_said_exit() && !self.conn.direct.is_empty();
        let on_the_way = self.conn.direct.lines() - u64::from(own);
        // Those that it has sent before users did are the first to go.
        let gone = self.taken.saturating_sub(on_the_way);
        let own = self.own_lines.saturating_sub(gone);
        self.unsent.len() as u64 + on_the_way - own
    }

    /// Whether `exit` was sent or is on its way: what users send after that is not sent.
    pub(super) fn has_said_exit(&self) -> bool {
        matches!(self.closing, Closing::Sent { .. })
    }

    /// Sends what is to be sent, as far as the socket takes it.
    pub(super) fn write(&mut self) -> Option<CloseReason> {
        if self.conn.is_blocked {
            return None;
        }
        self.refill();
        let mut tally = Tally::default();
        let flushed = self.conn.flush(&Window::default(), &mut Turn::default(), &mut tally);
        if tally.bytes_out > 0 {
            self.extend_closing();
        }
        match flushed {
            Flushed::All => self.end_our_half(),
            Flushed::Blocked => self.conn.is_blocked = true,
            Flushed::TurnOver => {}
            Flushed::Broken(reason) => {
                // What the server said last is still there to be read. The error itself is told
                // once: after the write, the read finds a mere end.
                self.at_end = reason;
                self.conn.is_readable = true;
                while self.conn.is_readable {
                    if let Some(better) = self.read() {
                        return Some(better);
                    }
                }
                return Some(self.end(reason));
            }
        }
        None
    }

    /// Something went out: there is as much time again for the rest.
    fn extend_closing(&mut self) {
        let until = after(Instant::now(), self.config.close_timeout);
        match &mut self.closing {
            Closing::No => {}
            Closing::Asked { until: at } | Closing::Sent { until: at } => *at = until,
        }
    }

    /// Takes lines out of the queue, and `exit` after the last one if the client is to close.
    fn refill(&mut self) {
        if self.has_said_exit() {
            return;
        }
        while self.conn.direct.len() < WRITE_AHEAD {
            if self.conn.decoder.speaks_chunks() && !self.may_send_chunk() {
                return;
            }
            if self.queue_next() {
                continue;
            }
            // What waits for tags cannot be sent yet.
            let is_all = !self.ears.awaits_tags() || self.unsent.is_empty();
            if let Closing::Asked { until } = self.closing
                && is_all
            {
                self.queue("exit");
                self.closing = Closing::Sent { until };
            }
            return;
        }
    }

    /// Takes the next line out of the queue, if there is one that may be sent.
    fn queue_next(&mut self) -> bool {
        let Some(waiting) = &mut self.ears.waiting else {
            let Ok(Outgoing::Line(line)) = self.unsent.try_recv() else { return false };
            self.take(&line);
            return true;
        };
        if !waiting.is_on {
            return false;
        }
        if let Some(line) = self.greeting.pop_front() {
            let line = waiting.label(None, &line);
            self.queue_own(&line);
            return true;
        }
        match self.unsent.try_recv() {
            // A line that starts as tags do is told from them by having some, of which there is none.
            Ok(Outgoing::Line(line)) if line.starts_with('@') => self.take(&format!("@ {line}")),
            Ok(Outgoing::Line(line)) => self.take(&line),
            Ok(Outgoing::Request(asked)) => {
                let line = waiting.ask(asked);
                self.take(&line);
            }
            Err(_) => return false,
        }
        true
    }

    /// Queues a line that the client sends by itself.
    pub(super) fn queue_own(&mut self, line: &str) {
        self.own_lines += 1;
        self.take(line);
    }

    fn take(&mut self, line: &str) {
        self.taken += 1;
        self.queue(line);
    }

    fn queue(&mut self, line: &str) {
        self.conn.direct.push(format!("{line}\n").as_bytes(), 0);
    }

    /// Whether a server that speaks chunks can be sent one: alone in its write, and not so soon
    /// after the one before that it would be taken for a part of it.
    fn may_send_chunk(&mut self) -> bool {
        if !self.conn.direct.is_empty() || self.gap_until.is_some() {
            return false;
        }
        let has_more = self.has_lines() || matches!(self.closing, Closing::Asked { .. });
        if has_more {
            self.gap_until = Some(Instant::now() + CHUNK_GAP);
        }
        has_more
    }

    fn end_our_half(&mut self) {
        if self.has_said_exit() && self.conn.direct.is_empty() {
            // A socket that cannot be shut down is closed already; the next read tells.
            let _: io::Result<()> = self.conn.stream.end_writing();
        }
    }
}
