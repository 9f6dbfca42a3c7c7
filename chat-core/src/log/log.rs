//! The writing end of a room: where lines get their one order.

use std::sync::Arc;

use super::batch::{Author, Batch, Run};
use crate::budget::Budget;
use crate::wire::Messages;

/// The log of a room as its only writer sees it: lines that are not sealed yet, and the position
/// that comes next.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Where the first unsealed byte stands.
    start: u64,
    /// The unsealed lines. The buffer is kept from batch to batch.
    bytes: Vec<u8>,
    runs: Vec<Run>,
    lines: u32,
    /// What the sealed lines are charged to.
    budget: Budget,
}

impl Log {
    /// A log without lines, whose memory is charged to this budget.
    pub(crate) fn new(budget: Budget) -> Log {
        Log { budget, ..Log::default() }
    }

    /// Where the next line will stand; a reader that starts here gets all that comes from now on.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// How many bytes are waiting to be sealed.
    pub(crate) fn unsealed(&self) -> usize {
        self.bytes.len()
    }

    /// Writes one line: a prefix and a safe text.
    pub(crate) fn append(&mut self, author: Author, prefix: &[u8], text: &[u8]) {
        self.write(prefix, text);
        self.end_run(author);
    }

    /// Writes messages of one author, each with the prefix before it.
    pub(crate) fn append_all(&mut self, author: Author, prefix: &[u8], messages: &Messages) {
        self.bytes.reserve(messages.bytes() + messages.len() * prefix.len());
        for text in messages.iter() {
            self.write(prefix, text);
        }
        self.end_run(author);
    }

    /// Makes a batch of the lines that have come since the last one, if any have. Its number says what
    /// came before it and after it in other logs: it is 1 or more, and larger than that of any before.
    pub(crate) fn seal(&mut self, number: u64) -> Option<Arc<Batch>> {
        if self.bytes.is_empty() {
            return None;
        }
        // A room that was busy once does not keep the memory that it took.
        if self.bytes.capacity() > 4096.max(8 * self.bytes.len()) {
            self.bytes.shrink_to(4096);
        }
        let batch =
            Batch::new(self.start, number, &self.bytes, &self.runs, self.lines, &self.budget);
        self.start = batch.end();
        self.bytes.clear();
        self.runs.clear();
        self.lines = 0;
        Some(Arc::new(batch))
    }

    fn write(&mut self, prefix: &[u8], text: &[u8]) {
        self.bytes.extend_from_slice(prefix);
        self.bytes.extend_from_slice(text);
        self.bytes.push(b'\n');
        self.lines += 1;
    }

    fn end_run(&mut self, author: Author) {
        let end = self.bytes.len();
        match self.runs.last_mut() {
            Some(last) if last.author == author => last.end = end,
            Some(_) | None => self.runs.push(Run { author, end }),
        }
    }
}
