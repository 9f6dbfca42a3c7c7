//! The way out: from a cursor and a room's window into a socket.
//!
//! # The contract
//!
//! 1. Only the I/O thread that owns a socket writes to it, and a write never waits.
//! 2. Lines of the log go out in the order of the log; a client's own lines are stepped over.
//! 3. Lines for one connection alone go out between lines, never inside one, and before those
//!    lines of the log that are not yet begun.
//! 4. A connection that took less than it was given is *blocked*. Nothing is tried on it until
//!    the system says that it takes more.
//! 5. In one turn a connection gets about [`TURN`] bytes at most; then it is the next one's turn.
//! 6. After a flush the cursor stands at the end of its window, or it is held there.
//! 7. To a peer that speaks chunks, a write ends without its last newline; a newline stays between
//!    lines that go out in one write.

use std::io::{self, IoSlice, Write};

use super::conn::Conn;
use super::counters::Tally;
use crate::event::CloseReason;
use crate::log::Window;

/// How many bytes one connection gets in a turn, about.
pub(super) const TURN: usize = 256 * 1024;

/// How a flush ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// All is out.
    All,
    /// The socket takes no more now.
    Blocked,
    /// There is more, and others are waiting.
    TurnOver,
    /// The socket has failed.
    Broken(CloseReason),
}

/// How one write ended.
enum Step {
    /// There was nothing to write.
    Idle,
    /// So many bytes are out.
    Wrote(usize),
    Stop(Flushed),
}

impl Conn {
    /// Writes what this connection is due, as far as the socket and its turn allow.
    pub(crate) fn flush(&mut self, window: &Window, tally: &mut Tally) -> Flushed {
        let mut turn = TURN;
        loop {
            let step = if self.is_direct_next(window) {
                self.write_direct(tally)
            } else {
                self.write_log(window, turn, tally)
            };
            match step {
                Step::Idle => return Flushed::All,
                Step::Stop(flushed) => return flushed,
                Step::Wrote(count) => turn = turn.saturating_sub(count),
            }
            if turn == 0 {
                return Flushed::TurnOver;
            }
        }
    }

    fn is_direct_next(&self, window: &Window) -> bool {
        !self.direct.is_empty()
            && (self.direct.is_inside_a_line() || window.is_between_lines(self.cursor))
    }

    fn write_direct(&mut self, tally: &mut Tally) -> Step {
        let bytes = self.direct.bytes();
        let trimmed = if self.decoder.speaks_chunks() { bytes.strip_suffix(b"\n") } else { None };
        let given = trimmed.unwrap_or(bytes);
        let step = write(&mut self.stream, &[IoSlice::new(given)]);
        if let Step::Wrote(count) = step {
            let is_all = count == given.len();
            let counted = if is_all { bytes.len() } else { count };
            tally.lines_out += newlines(&bytes[..counted]);
            tally.bytes_out += count as u64;
            self.direct.advance(counted);
        }
        step
    }

    fn write_log(&mut self, window: &Window, most: usize, tally: &mut Tally) -> Step {
        let mut gathered = window.gather(self.cursor, self.id, self.until, most);
        if self.decoder.speaks_chunks() {
            gathered.trim_newline();
        }
        let step = match gathered.bytes() {
            0 => Step::Idle,
            _ => write(&mut self.stream, gathered.slices()),
        };
        let count = match step {
            Step::Idle => 0,
            Step::Wrote(count) => count,
            Step::Stop(_) => return step,
        };
        let (cursor, lines) = gathered.after(count);
        self.cursor = cursor;
        tally.bytes_out += count as u64;
        tally.lines_out += lines;
        step
    }
}

/// Writes once.
fn write(stream: &mut impl Write, slices: &[IoSlice<'_>]) -> Step {
    loop {
        // A plain `send` is cheaper than a vectored one, and most writes are of one line.
        let result = match slices {
            [one] => stream.write(one),
            _ => stream.write_vectored(slices),
        };
        match result {
            Ok(count) => return Step::Wrote(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Step::Stop(Flushed::Blocked);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Step::Stop(Flushed::Broken(CloseReason::of_error(&error))),
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
