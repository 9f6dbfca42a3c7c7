//! What went to and fro on a connection, for whoever has to find out why a test failed.

use std::collections::VecDeque;
use std::fmt::{self, Write};

/// How many bytes are kept, of both ways together.
const KEPT: usize = 4 * 1024;

/// Which way something went, as seen from the peer that keeps the transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Sent,
    Received,
}

/// The last of what a peer has sent and received, in order.
///
/// Its `Display` form has a line for each line that went over the connection, marked with `>` if
/// it was sent and with `<` if it was received. Nothing in it can act on a terminal.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    parts: VecDeque<Part>,
    /// How many bytes are kept.
    kept: usize,
    /// How many came before those.
    left_out: usize,
}

/// What went one way without anything in between that went the other.
#[derive(Debug)]
struct Part {
    way: Way,
    bytes: Vec<u8>,
    /// Nothing more went this way.
    is_end: bool,
}

impl Transcript {
    /// Adds what was sent or received.
    pub(super) fn add(&mut self, way: Way, bytes: &[u8]) {
        match self.parts.back_mut() {
            Some(part) if part.way == way && !part.is_end => part.bytes.extend_from_slice(bytes),
            _ => self.parts.push_back(Part { way, bytes: bytes.to_vec(), is_end: false }),
        }
        self.kept += bytes.len();
        // Now and then rather than each time: what is left is moved for it.
        if self.kept > 2 * KEPT {
            self.forget();
        }
    }

    /// Notes that this way has ended.
    pub(super) fn end(&mut self, way: Way) {
        match self.parts.back_mut() {
            Some(part) if part.way == way => part.is_end = true,
            _ => self.parts.push_back(Part { way, bytes: Vec::new(), is_end: true }),
        }
    }

    /// Leaves out what is oldest, until no more is kept than is to be.
    fn forget(&mut self) {
        while let Some(excess) = self.kept.checked_sub(KEPT).filter(|excess| *excess > 0) {
            let Some(oldest) = self.parts.front_mut() else { return };
            let count = excess.min(oldest.bytes.len());
            oldest.bytes.drain(..count);
            if oldest.bytes.is_empty() {
                self.parts.pop_front();
            }
            self.kept -= count;
            self.left_out += count;
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.left_out > 0 {
            writeln!(f, "  ({} bytes before)", self.left_out)?;
        }
        for Part { way, bytes, is_end } in &self.parts {
            let sign = match way {
                Way::Sent => '>',
                Way::Received => '<',
            };
            for line in bytes.split_inclusive(|&byte| byte == b'\n') {
                writeln!(f, "{sign} {}", Visible(line))?;
            }
            if *is_end {
                writeln!(f, "{sign} (the end)")?;
            }
        }
        Ok(())
    }
}

/// Bytes as text in which nothing is hidden: what is neither printable nor UTF-8 is escaped.
pub(super) struct Visible<'a>(pub(super) &'a [u8]);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(KEPT)];
        for chunk in shown.utf8_chunks() {
            for letter in chunk.valid().chars() {
                match letter {
                    '"' | '\'' => f.write_char(letter)?,
                    _ => write!(f, "{}", letter.escape_debug())?,
                }
            }
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        match self.0.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, "... and {more} bytes more"),
        }
    }
}
