//! The way out of a client: from the queue of what users send to the socket.

use std::io;
use std::time::{Duration, Instant};

use super::{ClientIo, Closing};
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
        let has_lines = !self.unsent.is_empty() && !self.has_said_exit();
        let has_more = has_lines || !self.conn.direct.is_empty();
        has_more && !self.conn.is_blocked && self.gap_until.is_none()
    }

    /// How many lines are left that users have sent.
    pub(super) fn unsent(&self) -> u64 {
        // The last line that is on its way may be the `exit` that nobody has asked to be sent.
        let own = self.has_said_exit() && !self.conn.direct.is_empty();
        self.unsent.len() as u64 + self.conn.direct.lines() - u64::from(own)
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
            if let Ok(text) = self.unsent.try_recv() {
                self.queue(&text);
            } else if let Closing::Asked { until } = self.closing {
                self.queue("exit");
                self.closing = Closing::Sent { until };
                return;
            } else {
                return;
            }
        }
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
        let has_more = !self.unsent.is_empty() || matches!(self.closing, Closing::Asked { .. });
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
