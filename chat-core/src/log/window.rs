//! The reading end of a room: what an I/O thread still needs of the log.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::Batch;
use super::cursor::{Cursor, Gathered, newlines};
use crate::ids::ConnId;

/// The batches of a room from the slowest of some cursors to the end of the log.
///
/// Cursors at the end need nothing and cost nothing. One that has stopped before the end is
/// *held*: it keeps its batch, and all after it, from being dropped.
#[derive(Debug, Default)]
pub(crate) struct Window {
    batches: VecDeque<Held>,
    end: u64,
}

#[derive(Debug)]
struct Held {
    batch: Arc<Batch>,
    /// How many cursors are held within this batch.
    cursors: u32,
}

impl Window {
    /// The position after the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes are here.
    pub(crate) fn len(&self) -> u64 {
        self.batches.front().map_or(0, |first| self.end - first.batch.start())
    }

    /// Adds the batch that comes next in the log.
    pub(crate) fn extend(&mut self, batch: Arc<Batch>) {
        debug_assert!(
            self.batches.is_empty() || batch.start() == self.end,
            "batches come in order"
        );
        self.end = batch.end();
        self.batches.push_back(Held { batch, cursors: 0 });
    }

    /// How far a cursor is behind the end, in bytes.
    pub(crate) fn backlog(&self, cursor: Cursor) -> u64 {
        self.end.saturating_sub(cursor.position())
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

    /// Drops what no held cursor needs. All cursors that are not held must be at the end.
    pub(crate) fn trim(&mut self) {
        while self.batches.front().is_some_and(|held| held.cursors == 0) {
            self.batches.pop_front();
        }
        // A long backlog that is gone leaves no table behind.
        if self.batches.is_empty() && self.batches.capacity() > 1024 {
            self.batches.shrink_to(64);
        }
    }

    /// Gathers what `reader` is to get from `from` up to `until`: all but its own lines, in as
    /// many slices as one write takes and about `most` bytes.
    pub(crate) fn gather(
        &self,
        from: Cursor,
        reader: ConnId,
        until: u64,
        most: usize,
    ) -> Gathered<'_> {
        let mut gathered = Gathered::new(from);
        for Held { batch, .. } in self.batches.range(self.find(from.position())..) {
            if batch.start() >= until || gathered.bytes() >= most {
                return gathered;
            }
            for mut stretch in batch.others(from.position(), reader) {
                stretch.end = stretch.end.min(until);
                if stretch.is_empty() {
                    break;
                }
                let is_whole = stretch.start == batch.start() && stretch.end == batch.end();
                let lines = is_whole.then(|| batch.lines());
                if !gathered.add(&stretch, batch.bytes(&stretch), lines) {
                    return gathered;
                }
            }
            gathered.pass(batch.end().min(until));
        }
        gathered
    }

    /// How many lines `reader` has still to get from `from` up to `until`.
    pub(crate) fn lines(&self, from: Cursor, reader: ConnId, until: u64) -> u64 {
        let mut lines = 0;
        for Held { batch, .. } in self.batches.range(self.find(from.position())..) {
            for mut stretch in batch.others(from.position(), reader) {
                stretch.end = stretch.end.min(until);
                if !stretch.is_empty() {
                    lines += newlines(batch.bytes(&stretch));
                }
            }
        }
        lines
    }

    /// Whether the byte before the cursor is the end of a line, as far as can be seen.
    pub(crate) fn is_between_lines(&self, cursor: Cursor) -> bool {
        let Some(before) = cursor.position().checked_sub(1) else { return true };
        let Some(held) = self.batches.get(self.find(before)) else { return true };
        if before < held.batch.start() {
            return true;
        }
        held.batch.bytes(&(before..before + 1)) == b"\n"
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
