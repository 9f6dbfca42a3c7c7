//! The reading end of a room: what an I/O thread still needs of the log.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::{Batch, Reader, Stretch};
use super::cursor::Cursor;

/// The batches of a room from the slowest of some cursors to the end of the log.
///
/// Cursors at the end need nothing and cost nothing. One that has stopped before the end is
/// *held*: it keeps its batch, and all after it, from being dropped.
#[derive(Debug, Default)]
pub(crate) struct Window {
    batches: VecDeque<Held>,
    end: u64,
    /// What all batches have cost that were ever here.
    cost: u64,
}

#[derive(Debug)]
struct Held {
    batch: Arc<Batch>,
    /// What the batches before this one have cost.
    cost: u64,
    /// How many cursors are held within this batch.
    cursors: u32,
}

impl Window {
    /// The position after the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// How much memory is kept here, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.batches.front().map_or(0, |first| self.cost.wrapping_sub(first.cost))
    }

    /// Adds the batch that comes next in the log.
    pub(crate) fn extend(&mut self, batch: Arc<Batch>) {
        debug_assert!(
            self.batches.is_empty() || batch.start() == self.end,
            "batches come in order"
        );
        self.end = batch.end();
        let held = Held { cost: self.cost, cursors: 0, batch };
        self.cost += held.batch.cost();
        self.batches.push_back(held);
    }

    /// Puts batches back that come right before the first one here, or that end where the log does
    /// if there is none; those that are here already are left out.
    pub(crate) fn restore(&mut self, past: &[Arc<Batch>]) {
        if self.batches.is_empty() {
            self.end = past.last().map_or(self.end, |last| last.end());
        }
        let first = self.batches.front().map_or(self.end, |held| held.batch.start());
        let mut cost = self.batches.front().map_or(self.cost, |held| held.cost);
        for batch in past.iter().rev().skip_while(|batch| batch.end() > first) {
            // What was kept here in all may be less than what comes back.
            cost = cost.wrapping_sub(batch.cost());
            let held = Held { batch: Arc::clone(batch), cost, cursors: 0 };
            self.batches.push_front(held);
        }
    }

    /// How much memory is kept for a cursor here, in bytes: it and all behind it.
    pub(crate) fn backlog(&self, cursor: Cursor) -> u64 {
        let at = self.find(cursor.position());
        self.batches.get(at).map_or(0, |held| self.cost.wrapping_sub(held.cost))
    }

    /// Keeps what a cursor needs until it is released. It answers whether there is anything: a
    /// cursor at the end is not held.
    pub(crate) fn hold(&mut self, cursor: Cursor) -> bool {
        let at = self.find(cursor.position());
        let Some(held) = self.batches.get_mut(at) else { return false };
        held.cursors += 1;
        true
    }

    /// Gives up what [`Window::hold`] kept for a cursor that it held at this place.
    pub(crate) fn release(&mut self, cursor: Cursor) {
        let at = self.find(cursor.position());
        if let Some(held) = self.batches.get_mut(at) {
            held.cursors -= 1;
        }
    }

    /// Drops what no held cursor needs, of what stands before this place. All cursors that are not
    /// held must have reached it.
    pub(crate) fn trim(&mut self, reached: u64) {
        let is_done = |held: &Held| held.cursors == 0 && held.batch.end() <= reached;
        while self.batches.front().is_some_and(is_done) {
            self.batches.pop_front();
        }
        // A long backlog that is gone leaves no table behind.
        if self.batches.is_empty() && self.batches.capacity() > 1024 {
            self.batches.shrink_to(64);
        }
    }

    /// What `reader` is to get from `from` up to `until`: all but its own lines.
    pub(crate) fn stretches<'a>(
        &'a self,
        from: Cursor,
        reader: Reader<'a>,
        until: u64,
    ) -> impl Iterator<Item = Stretch<'a>> {
        self.numbered(from, reader, until).map(|(_, stretch)| stretch)
    }

    /// The [`Window::stretches`], each with the number of the batch that it is of.
    pub(crate) fn numbered<'a>(
        &'a self,
        from: Cursor,
        reader: Reader<'a>,
        until: u64,
    ) -> impl Iterator<Item = (u64, Stretch<'a>)> {
        let from = from.position();
        let batches = self.batches.range(self.find(from)..);
        let numbered = move |held: &'a Held| {
            held.batch.others(from, reader).map(|stretch| (held.batch.number(), stretch))
        };
        let stretches = batches.flat_map(numbered);
        stretches.map_while(move |(number, stretch)| Some((number, stretch.before(until)?)))
    }

    /// Where the log ended when the last batch of this number or a smaller one had come.
    pub(crate) fn as_of(&self, number: u64) -> u64 {
        match self.batches.back() {
            Some(last) if number < last.batch.number() => {
                let at = self.batches.partition_point(|held| held.batch.number() <= number);
                self.batches.get(at).map_or(self.end, |held| held.batch.start())
            }
            Some(_) | None => self.end,
        }
    }

    /// Where a cursor stands after `written` bytes of its [`Window::stretches`], and how many
    /// lines they have ended. After the last stretch, it has passed the reader's own lines too.
    pub(crate) fn advance(
        &self,
        from: Cursor,
        reader: Reader<'_>,
        until: u64,
        written: usize,
    ) -> (Cursor, u64) {
        let mut left = written;
        let mut lines = 0;
        for stretch in self.stretches(from, reader, until) {
            let out = stretch.first(left);
            lines += out.lines();
            left -= out.bytes.len();
            if out.bytes.len() < stretch.bytes.len() {
                return (Cursor::at(out.end()), lines);
            }
        }
        (from.max(Cursor::at(until.min(self.end))), lines)
    }

    /// How many lines `reader` has still to get from `from` up to `until`.
    pub(crate) fn lines(&self, from: Cursor, reader: Reader<'_>, until: u64) -> u64 {
        self.stretches(from, reader, until).map(|stretch| stretch.lines()).sum()
    }

    /// Whether a cursor stands at the start of a line. Where the byte before it is here no more,
    /// it does: a batch ends with a line.
    pub(crate) fn is_between_lines(&self, cursor: Cursor) -> bool {
        let position = cursor.position();
        let batch = position.checked_sub(1).and_then(|before| self.batches.get(self.find(before)));
        batch.is_none_or(|held| position <= held.batch.start() || held.batch.is_line_end(position))
    }

    /// The position after the line in which a cursor stands, or the cursor's own where none is.
    pub(crate) fn end_of_line(&self, cursor: Cursor) -> u64 {
        let batch = self.batches.get(self.find(cursor.position()));
        batch.map_or(cursor.position(), |held| held.batch.end_of_line(cursor.position()))
    }

    /// The bytes from a cursor to the end of the line in which it stands.
    pub(crate) fn rest_of_line(&self, cursor: Cursor) -> Vec<u8> {
        let at = self.find(cursor.position());
        self.batches
            .get(at)
            .map_or_else(Vec::new, |held| held.batch.rest_of_line(cursor.position()).to_vec())
    }

    /// The index of the batch that has this position, or of the first one after it.
    fn find(&self, position: u64) -> usize {
        // Most cursors are at the start of the newest batch, or at the end.
        match self.batches.back() {
            Some(last) if position >= last.batch.end() => self.batches.len(),
            Some(last) if position >= last.batch.start() => self.batches.len() - 1,
            _ => self.batches.partition_point(|held| held.batch.end() <= position),
        }
    }
}
