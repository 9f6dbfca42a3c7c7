//! Consecutive lines of one room, encoded once and shared by all who read them.

use std::iter;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::budget::{Budget, Charge};
use crate::ids::ConnId;
use crate::wire::newlines;

/// Who wrote a line: a client, or the server itself.
pub(crate) type Author = Option<ConnId>;

/// Who reads a log, and what of it is not for that one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) conn: ConnId,
    /// Whom it does not want to read.
    pub(crate) ignored: &'a [ConnId],
}

/// A reader that wants to read everybody.
impl From<ConnId> for Reader<'_> {
    fn from(conn: ConnId) -> Self {
        Reader { conn, ignored: &[] }
    }
}

impl Reader<'_> {
    /// Whether the lines of this author are not for the reader: its own, and those that it does not
    /// want to read.
    pub(crate) fn steps_over(self, author: Author) -> bool {
        author.is_some_and(|author| author == self.conn || self.ignored.contains(&author))
    }
}

/// Lines of one room as they travel, each ended by a newline. It is never changed.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Where the first byte stands in the room's log.
    start: u64,
    /// Its place in the one order of all batches, of whichever log.
    number: u64,
    bytes: Box<[u8]>,
    /// Who wrote which of the bytes, in order.
    runs: Box<[Run]>,
    lines: u32,
    /// What it takes of the server's memory, for as long as anybody keeps it.
    #[expect(dead_code, reason = "it is there for what its end does")]
    charge: Charge,
}

/// Consecutive lines of a batch by one author.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) author: Author,
    /// Where the run ends in the bytes of the batch; it starts where the one before it ends.
    pub(super) end: usize,
}

impl Batch {
    pub(super) fn new(
        start: u64,
        number: u64,
        bytes: &[u8],
        runs: &[Run],
        lines: u32,
        budget: &Budget,
    ) -> Batch {
        let cost = cost(bytes.len(), runs.len());
        let charge = budget.charge(cost);
        Batch { start, number, bytes: bytes.into(), runs: runs.into(), lines, charge }
    }

    /// Where the first byte stands in the room's log.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Its place in the one order of all batches: what was published before has a lower number, in
    /// whichever log.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The lines.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many lines there are.
    pub(crate) fn lines(&self) -> usize {
        self.lines as usize
    }

    /// Where in the room's log the line starts that comes after so many of these lines.
    pub(crate) fn start_of_line(&self, lines: usize) -> u64 {
        let before = lines.checked_sub(1);
        let end = before.and_then(|last| memchr_iter(b'\n', &self.bytes).nth(last));
        self.start + end.map_or(0, |newline| newline as u64 + 1)
    }

    /// How much memory it takes to keep it, about.
    pub(crate) fn cost(&self) -> u64 {
        cost(self.bytes.len(), self.runs.len()) as u64
    }

    /// Where the byte after the last one stands in the room's log.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// The lines with their authors, each without its newline.
    pub(crate) fn authored(&self) -> impl Iterator<Item = (Author, &[u8])> {
        let mut start = 0;
        let runs = self.runs.iter().map(move |run| {
            let bytes = &self.bytes[start..run.end];
            start = run.end;
            (run.author, bytes)
        });
        runs.flat_map(|(author, bytes)| {
            let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&byte| byte == b'\n');
            lines.map(move |line| (author, line))
        })
    }

    /// How many lines from position `from` on are for a reader.
    pub(crate) fn lines_for(&self, from: u64, reader: Reader<'_>) -> usize {
        let lines = self.others(from, reader).map(|stretch| stretch.lines());
        usize::try_from(lines.sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// The stretches at or after position `from` that `reader` has not written itself.
    pub(super) fn others<'a>(
        &'a self,
        from: u64,
        reader: Reader<'a>,
    ) -> impl Iterator<Item = Stretch<'a>> {
        let mut start = from.max(self.start);
        let mut end_of_run = self.start;
        let mut runs = self.runs.iter();
        iter::from_fn(move || {
            for run in runs.by_ref() {
                let start_of_run = end_of_run;
                end_of_run = self.start + run.end as u64;
                if !reader.steps_over(run.author) {
                    continue;
                }
                let stretch = start..start_of_run;
                start = start.max(end_of_run);
                if !stretch.is_empty() {
                    return Some(self.stretch(stretch));
                }
            }
            let last = start..self.end();
            start = start.max(last.end);
            (!last.is_empty()).then(|| self.stretch(last))
        })
    }

    /// The stretch at these positions, all of which are here.
    fn stretch(&self, positions: Range<u64>) -> Stretch<'_> {
        let is_all = positions.start == self.start && positions.end == self.end();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "no longer than the bytes, which exist"
        )]
        let index = |position: u64| (position - self.start) as usize;
        Stretch {
            start: positions.start,
            bytes: &self.bytes[index(positions.start)..index(positions.end)],
            lines: is_all.then_some(self.lines),
        }
    }

    /// The position after the line that has this position.
    pub(super) fn end_of_line(&self, position: u64) -> u64 {
        let start = position.max(self.start);
        start + self.rest_of_line(start).len() as u64
    }

    /// The bytes from this position, which is here, to the end of its line.
    pub(super) fn rest_of_line(&self, position: u64) -> &[u8] {
        let rest = self.stretch(position.max(self.start)..self.end()).bytes;
        let end = memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        &rest[..end]
    }

    /// Whether the byte before this position, which is here, ends a line.
    pub(super) fn is_line_end(&self, position: u64) -> bool {
        self.stretch(position - 1..position).bytes == b"\n"
    }
}

/// How much memory it takes to keep a batch of so many bytes and runs, about.
fn cost(bytes: usize, runs: usize) -> usize {
    let parts = size_of::<Batch>() + bytes + runs * size_of::<Run>();
    // The counts of its `Arc`, its place in a window, and what the allocator adds three times.
    parts + 88
}

/// Consecutive bytes of a log that one reader is to get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch<'a> {
    /// Where the first byte stands in the log.
    pub(crate) start: u64,
    pub(crate) bytes: &'a [u8],
    /// How many lines end in it, where that is known without counting.
    lines: Option<u32>,
}

impl<'a> Stretch<'a> {
    /// Where the byte after the last one stands in the log.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// How many lines end in it.
    pub(super) fn lines(&self) -> u64 {
        self.lines.map_or_else(|| newlines(self.bytes), u64::from)
    }

    /// The first bytes of it.
    pub(super) fn first(self, count: usize) -> Stretch<'a> {
        match self.bytes.get(..count) {
            Some(bytes) if count < self.bytes.len() => Stretch { bytes, lines: None, ..self },
            _ => self,
        }
    }

    /// What of it stands before this position; `None` if nothing does.
    pub(super) fn before(self, position: u64) -> Option<Stretch<'a>> {
        let count = position.checked_sub(self.start).filter(|&count| count > 0)?;
        Some(self.first(usize::try_from(count).unwrap_or(usize::MAX)))
    }
}
