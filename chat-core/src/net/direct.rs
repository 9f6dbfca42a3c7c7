//! Lines for one connection alone.

use std::collections::VecDeque;

use crate::log::{Cursor, Window};
use crate::wire::newlines;

/// Lines that wait to be written to one connection, beside what it reads from its rooms' logs.
///
/// Each has a place in the one order of all that its I/O thread is given: it goes out after the batch
/// of a certain number, and all those before, in whichever rooms they came. Nearly every connection has none nearly always: then this is one null pointer.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    parts: VecDeque<Part>,
    /// How many bytes of the first part are out.
    written: usize,
    /// Whether the last byte that is out is inside a line.
    is_inside: bool,
    /// The bytes of all parts that are not out.
    len: usize,
}

/// Lines with the same place in the order.
#[derive(Debug)]
struct Part {
    /// The number of the last batch before them.
    after: u64,
    bytes: Vec<u8>,
}

impl Direct {
    /// Adds lines, each with its newline, to go out after the batch of the number `after`. Whoever
    /// adds them sees to it that not too many wait.
    pub(crate) fn push(&mut self, lines: &[u8], after: u64) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.len += lines.len();
        waiting.forget_written();
        match waiting.parts.back_mut() {
            Some(last) if last.after >= after => last.bytes.extend_from_slice(lines),
            Some(_) | None => waiting.parts.push_back(Part { after, bytes: lines.to_vec() }),
        }
    }

    /// Adds a line that belongs right after the batch of the number `after`: before all that waits for
    /// that one or a later one.
    pub(crate) fn insert(&mut self, line: &[u8], after: u64) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.len += line.len();
        let at = waiting.parts.partition_point(|part| part.after < after);
        match at.checked_sub(1).and_then(|before| waiting.parts.get_mut(before)) {
            Some(before) => before.bytes.extend_from_slice(line),
            None => waiting.parts.push_front(Part { after, bytes: line.to_vec() }),
        }
    }

    /// Adds the rest of the line in which a cursor stands, if it does, since its beginning is out. The
    /// answer is where the next line begins.
    pub(super) fn finish_line(&mut self, window: &Window, cursor: Cursor) -> Cursor {
        if window.is_between_lines(cursor) {
            return cursor;
        }
        self.push_rest(&window.rest_of_line(cursor));
        Cursor::at(window.end_of_line(cursor))
    }

    /// Adds the rest of a line of the log of which the beginning is out: it goes out first.
    fn push_rest(&mut self, rest: &[u8]) {
        let waiting = self.waiting.get_or_insert_default();
        debug_assert!(!waiting.is_inside, "no two lines can be half out");
        if let Some(first) = waiting.parts.front_mut() {
            first.bytes.drain(..std::mem::take(&mut waiting.written));
        }
        waiting.len += rest.len();
        waiting.is_inside = true;
        waiting.parts.push_front(Part { after: 0, bytes: rest.to_vec() });
    }

    /// Adds lines of the batch that comes right after the one of the number `after`: they come after
    /// all that waits for that one or an earlier one, and before the rest.
    pub(crate) fn weave(&mut self, lines: &[u8], after: u64) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.len += lines.len();
        let at = waiting.parts.partition_point(|part| part.after <= after);
        // What is half out goes on first.
        let at = at.max(usize::from(waiting.written > 0));
        match at.checked_sub(1).and_then(|before| waiting.parts.get_mut(before)) {
            Some(before) if before.after == after => before.bytes.extend_from_slice(lines),
            Some(_) | None => waiting.parts.insert(at, Part { after, bytes: lines.to_vec() }),
        }
    }

    /// Makes one part of all that belongs before the batch of this number, when there is nothing else
    /// to get before that: it may go out at once.
    pub(crate) fn unite(&mut self, before: u64) {
        let Some(waiting) = &mut self.waiting else { return };
        let count = waiting.parts.partition_point(|part| part.after < before);
        let mut parts = waiting.parts.drain(..count);
        let Some(mut first) = parts.next() else { return };
        first.after = 0;
        for part in parts {
            first.bytes.extend_from_slice(&part.bytes);
        }
        waiting.parts.push_front(first);
    }

    /// Whether all that waits has the same place in the order.
    pub(crate) fn is_one_part(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.parts.len() == 1)
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.len)
    }

    /// How many lines wait, one that is written in part included.
    pub(crate) fn lines(&self) -> u64 {
        let Some(waiting) = &self.waiting else { return 0 };
        let all: u64 = waiting.parts.iter().map(|part| newlines(&part.bytes)).sum();
        all - newlines(&waiting.parts[0].bytes[..waiting.written])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_none()
    }

    /// The number of the last batch that is to go out before the next of these lines.
    pub(crate) fn after(&self) -> Option<u64> {
        self.waiting.as_ref().map(|waiting| waiting.parts[0].after)
    }

    /// The lines that are to be written next.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.waiting.as_ref().map_or(&[], |waiting| &waiting.parts[0].bytes[waiting.written..])
    }

    /// Whether a line of these has been written in part, so that its rest must come next.
    pub(crate) fn is_inside_a_line(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.is_inside)
    }

    /// Notes that so many of [`Direct::bytes`] are out, and gives the memory back with the last.
    pub(crate) fn advance(&mut self, written: usize) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.written += written;
        waiting.len -= written;
        if let Some(last) = waiting.parts[0].bytes[..waiting.written].last() {
            waiting.is_inside = *last != b'\n';
        }
        if waiting.written == waiting.parts[0].bytes.len() {
            waiting.parts.pop_front();
            waiting.written = 0;
        }
        if waiting.parts.is_empty() {
            self.waiting = None;
        }
    }
}

impl Waiting {
    /// Gives back the memory of what is out, if that is most of the first part: a queue that never
    /// empties must not grow for that.
    fn forget_written(&mut self) {
        let Some(first) = self.parts.front_mut() else { return };
        if 2 * self.written > first.bytes.len() {
            first.bytes.drain(..self.written);
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_never_empties_does_not_grow() {
        let mut direct = Direct::default();
        direct.push(b"first\n", 0);
        for _ in 0..10_000 {
            direct.push(b"a line\n", 0);
            direct.advance(7);
            assert_eq!((direct.len(), direct.lines()), (6, 1));
        }
        let capacity = direct.waiting.as_ref().map(|waiting| waiting.parts[0].bytes.capacity());
        assert!(capacity < Some(100), "{capacity:?}");
        assert!(direct.is_inside_a_line());
        direct.advance(6);
        assert!(direct.is_empty());
    }

    #[test]
    fn lines_wait_for_their_place_in_the_order() {
        let mut direct = Direct::default();
        direct.push(b"one\n", 10);
        direct.push(b"two\n", 10);
        direct.push(b"three\n", 20);
        direct.push(b"told at once, but not before what was said\n", 0);
        assert_eq!((direct.after(), direct.bytes()), (Some(10), &b"one\ntwo\n"[..]));
        direct.advance(8);
        assert_eq!((direct.after(), direct.is_one_part()), (Some(20), true));
    }

    #[test]
    fn a_line_can_come_before_those_that_wait() {
        let mut direct = Direct::default();
        direct.push(b"later\n", 20);
        direct.insert(b"now\n", 10);
        assert_eq!((direct.after(), direct.bytes()), (Some(10), &b"now\n"[..]));
        direct.push_rest(b"of a line\n");
        direct.insert(b"before the later one\n", 20);
        assert_eq!((direct.bytes(), direct.lines()), (&b"of a line\n"[..], 4));
        direct.advance(10);
        assert_eq!(direct.bytes(), b"now\nbefore the later one\n");
    }

    #[test]
    fn lines_of_a_log_come_between_those_that_wait() {
        let mut direct = Direct::default();
        direct.push(b"one\n", 10);
        direct.push(b"four\n", 20);
        direct.push(b"six\n", 30);
        direct.advance(2);
        for (line, after) in [(&b"two\n"[..], 10), (b"three\n", 15), (b"five\n", 20)] {
            direct.weave(line, after);
        }
        direct.unite(16);
        assert_eq!((direct.bytes(), direct.is_inside_a_line()), (&b"e\ntwo\nthree\n"[..], true));
        direct.unite(u64::MAX);
        assert_eq!(direct.bytes(), b"e\ntwo\nthree\nfour\nfive\nsix\n");
        assert_eq!((direct.len(), direct.lines(), direct.is_one_part()), (26, 6, true));
    }
}
