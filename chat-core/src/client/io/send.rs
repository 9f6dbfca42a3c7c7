//! The way out of a client: from what is to be said to the socket.

use std::io;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::hear::tell;
use super::{Closing, Common};
use crate::deadline::after;
use crate::event::CloseReason;
use crate::log::Window;
use crate::net::{Flushed, Socket, Tally, Turn};
use crate::wire::QUIET;

/// How many bytes are taken from the queue at a time.
const WRITE_AHEAD: usize = 64 * 1024;
/// How long to wait between two messages to a server that speaks chunks, for it to see two.
const CHUNK_GAP: Duration = QUIET.saturating_mul(2);

impl Connection {
    /// Whether there is something to send that the socket may take.
    pub(super) fn can_send(&self, common: &Common) -> bool {
        let has_more =
            (common.has_next() && !common.has_said_exit()) || !self.conn.direct.is_empty();
        has_more && !self.conn.is_blocked && self.gap_until.is_none()
    }

    /// Sends what is to be sent, as far as the socket takes it.
    pub(super) fn write(&mut self, common: &mut Common) -> Option<CloseReason> {
        if self.conn.is_blocked {
            return None;
        }
        self.refill(common);
        let mut tally = Tally::default();
        let flushed = self.conn.flush(&Window::default(), &mut Turn::default(), &mut tally);
        if tally.bytes_out > 0 {
            common.ears.talk.note_out(self.left());
            common.extend_closing();
        }
        match flushed {
            Flushed::All => self.end_our_half(common),
            Flushed::Blocked => self.conn.is_blocked = true,
            Flushed::TurnOver => {}
            Flushed::Broken(reason) => {
                // What the server said last is still there to be read. The error itself is told
                // once: after the write, the read finds a mere end.
                self.at_end = reason;
                self.conn.is_readable = true;
                while self.conn.is_readable {
                    if let Some(better) = self.read(common) {
                        return Some(better);
                    }
                }
                return Some(self.end(common, reason));
            }
        }
        None
    }

    /// Takes lines out of the queue, and `exit` after the last one if the client is to close.
    fn refill(&mut self, common: &mut Common) {
        if common.has_said_exit() {
            return;
        }
        while self.conn.direct.len() < WRITE_AHEAD {
            if self.conn.decoder.speaks_chunks() && !self.may_send_chunk(common) {
                return;
            }
            let ears = &mut common.ears;
            if let Some(line) = ears.talk.next(&common.unsent, &mut tell(&mut ears.caller)) {
                self.queue(&line);
                continue;
            }
            // What cannot be sent yet, for want of tags or of answers, is not left behind.
            if let Closing::Asked { until } = common.closing
                && !common.ears.talk.has_waiting(&common.unsent)
            {
                let exit = common.ears.talk.exit();
                self.queue(&exit);
                common.closing = Closing::Sent { until };
            }
            return;
        }
    }

    fn queue(&mut self, line: &str) {
        self.conn.direct.push(format!("{line}\n").as_bytes(), 0);
    }

    /// Whether a server that speaks chunks can be sent one: alone in its write, and not so soon
    /// after the one before that it would be taken for a part of it.
    fn may_send_chunk(&mut self, common: &Common) -> bool {
        if !self.conn.direct.is_empty() || self.gap_until.is_some() {
            return false;
        }
        let has_more = common.has_next() || matches!(common.closing, Closing::Asked { .. });
        if has_more {
            self.gap_until = Some(Instant::now() + CHUNK_GAP);
        }
        has_more
    }

    fn end_our_half(&mut self, common: &Common) {
        if common.has_said_exit() && self.conn.direct.is_empty() {
            // A socket that cannot be shut down is closed already; the next read tells.
            let _: io::Result<()> = self.conn.stream.end_writing();
        }
    }
}

impl Common {
    /// Whether there is a line that may be sent now.
    fn has_next(&self) -> bool {
        self.ears.talk.has_next(&self.unsent)
    }

    /// Whether `exit` was sent or is on its way: what users send after that is not sent.
    pub(super) fn has_said_exit(&self) -> bool {
        matches!(self.closing, Closing::Sent { .. })
    }

    /// Something went out: there is as much time again for the rest.
    fn extend_closing(&mut self) {
        let until = after(Instant::now(), self.config.close_timeout);
        match &mut self.closing {
            Closing::No => {}
            Closing::Asked { until: at } | Closing::Sent { until: at } => *at = until,
        }
    }
}
