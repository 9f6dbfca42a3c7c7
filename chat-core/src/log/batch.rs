//! Consecutive lines of one room, encoded once and shared by all who read them.

use std::iter;
use std::ops::Range;

use crate::ids::ConnId;

/// Who wrote a line: a client, or the server itself.
pub(crate) type Author = Option<ConnId>;

/// Lines of one room as they travel, each ended by a newline. It is never changed.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Where the first byte stands in the room's log.
    start: u64,
    bytes: Box<[u8]>,
    /// Who wrote which of the bytes, in order.
    runs: Box<[Run]>,
    lines: u32,
}

/// Consecutive lines of a batch by one author.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) author: Author,
    /// Where the run ends in the bytes of the batch; it starts where the one before it ends.
    pub(super) end: usize,
}

impl Batch {
    pub(super) fn new(start: u64, bytes: &[u8], runs: &[Run], lines: u32) -> Batch {
        Batch { start, bytes: bytes.into(), runs: runs.into(), lines }
    }

    /// Where the first byte stands in the room's log.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Where the byte after the last one stands in the room's log.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// How many lines there are.
    pub(crate) fn lines(&self) -> u32 {
        self.lines
    }

    /// The bytes at these positions of the log, all of which are here.
    pub(super) fn bytes(&self, positions: &Range<u64>) -> &[u8] {
        #[expect(clippy::cast_possible_truncation, reason = "no longer than the bytes, which exist")]
        let index = |position: u64| (position - self.start) as usize;
        &self.bytes[index(positions.start)..index(positions.end)]
    }

    /// The stretches of positions at or after `from` that `reader` has not written itself.
    pub(super) fn others(&self, from: u64, reader: ConnId) -> impl Iterator<Item = Range<u64>> {
        let mut start = from.max(self.start);
        let mut end_of_run = self.start;
        let mut runs = self.runs.iter();
        iter::from_fn(move || {
            for run in runs.by_ref() {
                let start_of_run = end_of_run;
                end_of_run = self.start + run.end as u64;
                if run.author != Some(reader) {
                    continue;
                }
                let stretch = start..start_of_run;
                start = start.max(end_of_run);
                if !stretch.is_empty() {
                    return Some(stretch);
                }
            }
            let last = start..self.end();
            start = start.max(last.end);
            Some(last).filter(|last| !last.is_empty())
        })
    }
}
