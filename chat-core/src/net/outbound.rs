//! The way out: from cursors and the windows of rooms into a socket.
//!
//! # The contract
//!
//! 1. Only the I/O thread that owns a socket writes to it, and a write never waits.
//! 2. Lines of a log go out in the order of the log; a client's own lines are stepped over. What
//!    several logs have for one connection goes out in the order in which the batches came.
//! 3. Lines for one connection alone go out between lines, never inside one, and after all that
//!    was in any of its logs before them.
//! 4. A connection that took less than it was given is *blocked*. Nothing is tried on it until
//!    the system says that it takes more.
//! 5. In one turn a connection gets about [`TURN`] bytes at most; then it is the next one's turn.
//! 6. After a flush each cursor of a connection stands at the end of its window, or it is held there.
//! 7. To a peer that speaks chunks, the last newline of all that it is due, of whichever log, is not
//!    sent; newlines stay between lines that go out in one write or one right after the other.
//! 8. A connection is written to from one log at a time, and goes on with another between lines. To
//!    do so counts as bytes of its turn: many logs do not make a turn long.
//!
//! So all that a connection gets has one order, that of the numbers which the batches have on its I/O
//! thread: a line for it alone has its place after a number, the end of its part in the chat is a
//! number, and a log goes out up to where it ended as of a number.

use std::io::{self, IoSlice, Write};

use super::conn::{Conn, reader};
use super::counters::Tally;
use super::socket::Socket;
use crate::event::CloseReason;
use crate::log::Window;
use crate::wire::newlines;

/// How many bytes one connection gets in a turn, about.
pub(super) const TURN: usize = 256 * 1024;

/// What a connection may be given at once.
#[derive(Debug)]
pub(crate) struct Turn {
    /// So many bytes, about.
    left: usize,
    /// Nothing that comes after the batch of this number: there is something to get elsewhere then.
    pub(super) last: u64,
}

/// A whole turn of one log.
impl Default for Turn {
    fn default() -> Turn {
        Turn { left: TURN, last: u64::MAX }
    }
}

impl Turn {
    /// Whether it is over when so many bytes more have been given.
    pub(super) fn is_over_after(&mut self, bytes: usize) -> bool {
        self.left = self.left.saturating_sub(bytes);
        self.left == 0
    }

    /// Whether nothing is to be got elsewhere.
    fn is_of_all(&self) -> bool {
        self.last == u64::MAX
    }
}

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
    /// Writes what this connection is due of one log, and what it alone is due, as far as the socket
    /// and its turn allow.
    pub(crate) fn flush(&mut self, window: &Window, turn: &mut Turn, tally: &mut Tally) -> Flushed {
        loop {
            let step = if self.is_direct_next(window, turn) {
                self.write_direct(window, turn, tally)
            } else {
                self.write_log(window, turn, tally)
            };
            match step {
                // Own lines were passed, and brought the cursor to where the next line is due.
                Step::Idle if self.is_direct_next(window, turn) => {}
                Step::Idle => return Flushed::All,
                Step::Stop(flushed) => return flushed,
                Step::Wrote { sent, .. } => {
                    tally.bytes_out += sent as u64;
                    if turn.is_over_after(sent) {
                        return Flushed::TurnOver;
                    }
                }
            }
        }
    }

    fn is_direct_next(&self, window: &Window, turn: &Turn) -> bool {
        let Some(after) = self.direct_after() else { return false };
        let cursor = self.cursor();
        let is_due = after <= turn.last
            && window.as_of(after) <= cursor.position()
            && window.is_between_lines(cursor);
        is_due || self.direct.is_inside_a_line()
    }

    /// Up to where the log may go out now.
    fn log_until(&self, window: &Window, turn: &Turn) -> u64 {
        let goal = turn.last.min(self.until());
        let Some(after) = self.direct_after() else { return window.as_of(goal) };
        let (at, cursor) = (window.as_of(after.min(goal)), self.cursor());
        // A line for this one alone that is due waits for the end of the line that is half out.
        let is_inside = at <= cursor.position() && !window.is_between_lines(cursor);
        if is_inside { window.end_of_line(cursor) } else { at }
    }

    /// The number of the last batch that is to go out before lines for this connection alone.
    fn direct_after(&self) -> Option<u64> {
        // A connection that is closing gets the log only up to where it left.
        self.direct.after().map(|after| after.min(self.until()))
    }

    fn write_direct(&mut self, window: &Window, turn: &Turn, tally: &mut Tally) -> Step {
        let bytes = self.direct.bytes();
        let is_last = || {
            let until = window.as_of(self.until());
            self.direct.is_one_part()
                && turn.is_of_all()
                && window.stretches(self.cursor(), self.reader(), until).next().is_none()
        };
        let trims = self.decoder.speaks_chunks() && is_last();
        let step = write(&mut self.stream, &mut [bytes], trims);
        if let Step::Wrote { passed, .. } = step {
            tally.lines_out += newlines(&bytes[..passed]);
            self.direct.advance(passed);
        }
        step
    }

    fn write_log(&mut self, window: &Window, turn: &Turn, tally: &mut Tally) -> Step {
        let (from, until) = (self.cursor(), self.log_until(window, turn));
        // Not by the method, which would borrow the socket as well.
        let reader = reader(self.id, self.extra.as_deref());
        let mut stretches = window.stretches(from, reader, until);
        let is_all = turn.is_of_all() && self.direct.is_empty();
        let may_trim = is_all && self.decoder.speaks_chunks();
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
                    if count == MAX_SLICES || bytes >= turn.left {
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
        let (cursor, lines) = window.advance(from, reader, until, passed);
        if let Some(place) = &mut self.here {
            place.cursor = cursor;
        }
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
