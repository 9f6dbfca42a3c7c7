//! The way out: from a cursor and a room's window into a socket.
//!
//! # The contract
//!
//! 1. Only the I/O thread that owns a socket writes to it, and a write never waits.
//! 2. Lines of the log go out in the order of the log; a client's own lines are stepped over.
//! 3. Lines for one connection alone go out between lines, never inside one, and after all that
//!    was in the log before them.
//! 4. A connection that took less than it was given is *blocked*. Nothing is tried on it until
//!    the system says that it takes more.
//! 5. In one turn a connection gets about [`TURN`] bytes at most; then it is the next one's turn.
//! 6. After a flush the cursor stands at the end of its window, or it is held there.
//! 7. To a peer that speaks chunks, the last newline of all that it is due is not sent; newlines
//!    stay between lines that go out in one write or one right after the other.

use std::io::{self, IoSlice, Write};

use super::conn::{Conn, reader};
use super::counters::Tally;
use super::socket::Socket;
use crate::event::CloseReason;
use crate::log::Window;
use crate::wire::newlines;

/// How many bytes one connection gets in a turn, about.
pub(super) const TURN: usize = 256 * 1024;

/// The most slices of one write: enough for large writes, few enough for the stack.
const MAX_SLICES: usize = 32;

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
    /// So many bytes were sent. With the newline that was left off, if so, they are `passed`.
    Wrote {
        sent: usize,
        passed: usize,
    },
    Stop(Flushed),
}

impl<S: Socket> Conn<S> {
    /// Writes what this connection is due, as far as the socket and its turn allow.
    pub(crate) fn flush(&mut self, window: &Window, tally: &mut Tally) -> Flushed {
        let mut turn = TURN;
        loop {
            let step = if self.is_direct_next(window) {
                self.write_direct(window, tally)
            } else {
                let until = self.log_until(window);
                self.write_log(window, until, turn, tally)
            };
            match step {
                // Own lines were passed, and brought the cursor to where the next line is due.
                Step::Idle if self.is_direct_next(window) => {}
                Step::Idle => return Flushed::All,
                Step::Stop(flushed) => return flushed,
                Step::Wrote { sent, .. } => {
                    tally.bytes_out += sent as u64;
                    turn = turn.saturating_sub(sent);
                }
            }
            if turn == 0 {
                return Flushed::TurnOver;
            }
        }
    }

    fn is_direct_next(&self, window: &Window) -> bool {
        let Some(after) = self.direct_after() else { return false };
        let is_due = after <= self.cursor.position() && window.is_between_lines(self.cursor);
        is_due || self.direct.is_inside_a_line()
    }

    /// Up to where the log may go out now.
    fn log_until(&self, window: &Window) -> u64 {
        match self.direct_after() {
            None => self.until,
            Some(after) if after > self.cursor.position() => after,
            // It is due, and waits for the end of the line that is half out.
            Some(_) => window.end_of_line(self.cursor),
        }
    }

    /// Up to which position the log is to go out before lines for this connection alone.
    fn direct_after(&self) -> Option<u64> {
        // A connection that is closing gets the log only up to where it left.
        self.direct.after().map(|after| after.min(self.until))
    }

    fn write_direct(&mut self, window: &Window, tally: &mut Tally) -> Step {
        let bytes = self.direct.bytes();
        let is_last = || {
            self.direct.is_one_part()
                && window.stretches(self.cursor, self.reader(), self.until).next().is_none()
        };
        let trims = self.decoder.speaks_chunks() && is_last();
        let step = write(&mut self.stream, &mut [bytes], trims);
        if let Step::Wrote { passed, .. } = step {
            tally.lines_out += newlines(&bytes[..passed]);
            self.direct.advance(passed);
        }
        step
    }

    fn write_log(&mut self, window: &Window, until: u64, most: usize, tally: &mut Tally) -> Step {
        // Not by the method, which would borrow the socket as well.
        let reader = reader(self.id, self.extra.as_deref());
        let mut stretches = window.stretches(self.cursor, reader, until);
        let may_trim = self.decoder.speaks_chunks() && self.direct.is_empty();
        let step = match (stretches.next(), stretches.next()) {
            (None, _) => Step::Idle,
            // By far the most writes are of one stretch, and need no table of slices.
            (Some(only), None) => write(&mut self.stream, &mut [only.bytes], may_trim),
            (Some(first), Some(second)) => {
                let mut slices = [first.bytes; MAX_SLICES];
                let mut count = 0;
                let mut bytes = 0;
                let mut trims = may_trim;
                for stretch in [first, second].into_iter().chain(stretches) {
                    if count == MAX_SLICES || bytes >= most {
                        trims = false;
                        break;
                    }
                    slices[count] = stretch.bytes;
                    bytes += stretch.bytes.len();
                    count += 1;
                }
                write(&mut self.stream, &mut slices[..count], trims)
            }
        };
        let passed = match step {
            Step::Idle => 0,
            Step::Wrote { passed, .. } => passed,
            Step::Stop(_) => return step,
        };
        let (cursor, lines) = window.advance(self.cursor, reader, until, passed);
        self.cursor = cursor;
        tally.lines_out += lines;
        step
    }
}

/// Writes slices once, without the last newline if so wanted.
fn write(stream: &mut impl Write, slices: &mut [&[u8]], trims: bool) -> Step {
    let trimmed = usize::from(trims && trim_newline(slices));
    let given: usize = slices.iter().map(|slice| slice.len()).sum();
    if given == 0 {
        return Step::Wrote { sent: 0, passed: trimmed };
    }
    loop {
        let result = match &*slices {
            // A plain `send` is cheaper than a vectored one.
            [only] => stream.write(only),
            many => {
                let mut table = [IoSlice::new(&[]); MAX_SLICES];
                for (entry, slice) in table.iter_mut().zip(many.iter()) {
                    *entry = IoSlice::new(slice);
                }
                stream.write_vectored(&table[..many.len()])
            }
        };
        match result {
            Ok(sent) => {
                let passed = if sent == given { sent + trimmed } else { sent };
                return Step::Wrote { sent, passed };
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Step::Stop(Flushed::Blocked);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Step::Stop(Flushed::Broken(CloseReason::of_error(&error))),
        }
    }
}

/// Takes the last newline off, if there is one.
fn trim_newline(slices: &mut [&[u8]]) -> bool {
    let Some(last) = slices.last_mut() else { return false };
    let Some(trimmed) = last.strip_suffix(b"\n") else { return false };
    *last = trimmed;
    true
}
