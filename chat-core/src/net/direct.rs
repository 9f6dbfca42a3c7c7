//! Lines for one connection alone.

use std::collections::VecDeque;

use crate::wire::newlines;

/// Lines that wait to be written to one connection, beside what it reads from its room's log.
///
/// Each has a place in the order of the log: it goes out when the log has gone out up to there.
/// Nearly every connection has none nearly always: then this is one null pointer.
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

/// Lines with the same place in the order of the log.
#[derive(Debug)]
struct Part {
    after: u64,
    bytes: Vec<u8>,
}

impl Direct {
    /// Adds lines, each with its newline, to go out after the log's position `after`. Whoever adds
    /// them sees to it that not too many wait.
    pub(crate) fn push(&mut self, lines: &[u8], after: u64) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.len += lines.len();
        waiting.forget_written();
        match waiting.parts.back_mut() {
            Some(last) if last.after >= after => last.bytes.extend_from_slice(lines),
            Some(_) | None => waiting.parts.push_back(Part { after, bytes: lines.to_vec() }),
        }
    }

    /// Adds a line that belongs right after the log's position `after`, where the connection stands:
    /// before all that waits for that position or a later one.
    pub(crate) fn insert(&mut self, line: &[u8], after: u64) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.len += line.len();
        let at = waiting.parts.partition_point(|part| part.after < after);
        match at.checked_sub(1).and_then(|before| waiting.parts.get_mut(before)) {
            Some(before) => before.bytes.extend_from_slice(line),
            None => waiting.parts.push_front(Part { after, bytes: line.to_vec() }),
        }
    }

    /// Adds the rest of a line of the log of which the beginning is out: it goes out first.
    pub(crate) fn push_rest(&mut self, rest: &[u8]) {
        let waiting = self.waiting.get_or_insert_default();
        debug_assert!(!waiting.is_inside, "no two lines can be half out");
        if let Some(first) = waiting.parts.front_mut() {
            first.bytes.drain(..std::mem::take(&mut waiting.written));
        }
        waiting.len += rest.len();
        waiting.is_inside = true;
        waiting.parts.push_front(Part { after: 0, bytes: rest.to_vec() });
    }

    /// Makes these bytes all that waits, to go out at once. They may begin inside a line.
    pub(crate) fn put(&mut self, bytes: Vec<u8>, is_inside: bool) {
        let (written, len) = (0, bytes.len());
        let parts = VecDeque::from([Part { after: 0, bytes }]);
        self.waiting = Some(Box::new(Waiting { parts, written, is_inside, len }));
    }

    /// Whether all that waits has the same place in the order of the log.
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

    /// Up to which position the log is to go out before the next of these lines.
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
    fn lines_wait_for_their_place_in_the_log() {
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
}
