//! Where a reader stands in a log, and what is to be written to it next.

use std::io::IoSlice;
use std::ops::Range;

use memchr::memchr_iter;

/// A reader's place in a room's log: the position of the next byte that it is to get.
///
/// After a partial write it stands inside a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    position: u64,
}

impl Cursor {
    /// A cursor at a position of the log.
    pub(crate) fn at(position: u64) -> Cursor {
        Cursor { position }
    }

    /// The position of the next byte.
    pub(crate) fn position(self) -> u64 {
        self.position
    }
}

/// Slices of a log for one vectored write, and what it means for the cursor how much was taken.
#[derive(Debug)]
pub(crate) struct Gathered<'a> {
    slices: [IoSlice<'a>; Gathered::MAX_SLICES],
    pieces: [Piece<'a>; Gathered::MAX_SLICES],
    count: usize,
    bytes: usize,
    /// Where the cursor stands once all is written.
    end: u64,
    /// Whether the last newline was taken off.
    trimmed: bool,
}

/// Where a slice comes from.
#[derive(Debug, Clone, Copy, Default)]
struct Piece<'a> {
    bytes: &'a [u8],
    start: u64,
    /// How many lines it is, where that is known without counting.
    lines: Option<u32>,
}

impl<'a> Gathered<'a> {
    /// The most slices of one write: enough for large writes, few enough for the stack.
    pub(crate) const MAX_SLICES: usize = 32;

    pub(super) fn new(from: Cursor) -> Gathered<'a> {
        Gathered {
            slices: [IoSlice::new(&[]); Gathered::MAX_SLICES],
            pieces: [Piece::default(); Gathered::MAX_SLICES],
            count: 0,
            bytes: 0,
            end: from.position,
            trimmed: false,
        }
    }

    /// Adds a slice if there is room for one more.
    pub(super) fn add(
        &mut self,
        positions: &Range<u64>,
        bytes: &'a [u8],
        lines: Option<u32>,
    ) -> bool {
        if self.count == Gathered::MAX_SLICES {
            return false;
        }
        self.slices[self.count] = IoSlice::new(bytes);
        self.pieces[self.count] = Piece { bytes, start: positions.start, lines };
        self.count += 1;
        self.bytes += bytes.len();
        self.end = positions.end;
        true
    }

    /// Notes that nothing before this position is for the reader.
    pub(super) fn pass(&mut self, position: u64) {
        self.end = self.end.max(position);
    }

    /// Takes the last newline off, for a reader whose screen ends lines by itself.
    pub(crate) fn trim_newline(&mut self) {
        let Some(last) = self.count.checked_sub(1) else { return };
        let bytes = self.pieces[last].bytes;
        if let Some(line) = bytes.strip_suffix(b"\n") {
            self.slices[last] = IoSlice::new(line);
            self.bytes -= 1;
            self.trimmed = true;
        }
    }

    /// The slices to write.
    pub(crate) fn slices(&self) -> &[IoSlice<'a>] {
        &self.slices[..self.count]
    }

    /// The size of all the slices.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The place of the cursor, and the lines that are complete, once `written` bytes are out.
    pub(crate) fn after(&self, written: usize) -> (Cursor, u64) {
        let mut lines = 0;
        let mut left = written;
        for (slice, piece) in self.slices().iter().zip(&self.pieces) {
            if left < slice.len() {
                lines += newlines(&slice[..left]);
                return (Cursor::at(piece.start + left as u64), lines);
            }
            left -= slice.len();
            lines += piece.lines.map_or_else(|| newlines(slice), u64::from);
        }
        let last = self.count.checked_sub(1).map(|last| self.pieces[last]);
        let uncounted = self.trimmed && last.is_some_and(|piece| piece.lines.is_none());
        (Cursor::at(self.end), lines + u64::from(uncounted))
    }
}

pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
