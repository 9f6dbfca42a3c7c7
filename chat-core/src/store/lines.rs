//! Consecutive lines of a room, as they are kept: the bytes that everybody reads, and the marks that
//! tell what tags say of them.

use std::sync::Arc;
use std::time::SystemTime;

use memchr::memchr;

use super::SearchHit;
use super::mark::{Mark, time};
use super::words::{Words, are_searched};
use crate::log::Batch;
use crate::wire::{RoomName, Text};

/// What was said in a room, from one turn of the server: some lines in a row.
#[derive(Debug, Clone)]
pub struct Lines {
    seq: u64,
    room: RoomName,
    marks: Arc<[Mark]>,
    bytes: Bytes,
}

#[derive(Debug, Clone)]
enum Bytes {
    Shared(Arc<Batch>),
    Owned(Arc<[u8]>),
}

/// One line of [`Lines`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaidLine<'a> {
    /// Its number.
    pub msgid: u64,
    /// When it was said, to the millisecond.
    pub time: SystemTime,
    /// The line as people read it, with the name of its author before it; without its newline.
    pub line: &'a str,
    /// The session of its author, if it has one, by its [id](super::SavedSession::id).
    pub session: Option<u32>,
    /// The label that its author has given it.
    pub label: Option<&'a str>,
}

impl Lines {
    /// What a batch of a room's log has, and what its marks say.
    pub(crate) fn new(seq: u64, room: RoomName, marks: Arc<[Mark]>, batch: Arc<Batch>) -> Lines {
        Lines { seq, room, marks, bytes: Bytes::Shared(batch) }
    }

    /// Their place among all that is said, in all rooms: later ones have a higher number.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The room in which they were said.
    pub fn room(&self) -> &RoomName {
        &self.room
    }

    /// The number of the first line. Those of the others are higher, in their order.
    pub fn first(&self) -> u64 {
        self.marks.first().map_or(0, |mark| mark.msgid)
    }

    /// The number of the last line.
    pub fn last(&self) -> u64 {
        self.marks.last().map_or(0, |mark| mark.msgid + u64::from(mark.lines.saturating_sub(1)))
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        self.marks.iter().map(|mark| mark.lines as usize).sum()
    }

    /// When the last one was said.
    pub fn time(&self) -> SystemTime {
        time(self.marks.last().map_or(0, |mark| mark.time))
    }

    /// Whether some of them may have labels.
    #[cfg(feature = "sqlite")]
    pub(super) fn have_labels(&self) -> bool {
        let details = |mark: &Mark| mark.details.as_ref().is_some_and(|it| it.label.is_some());
        self.marks.iter().any(details)
    }

    /// The lines as people read them, each ended by a newline.
    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Shared(batch) => batch.bytes(),
            Bytes::Owned(bytes) => bytes,
        }
    }

    /// What else is known of them, as bytes that [`Lines::read`] understands.
    pub fn marks_as_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 * self.marks.len());
        for mark in self.marks.iter() {
            mark.write(&mut bytes);
        }
        bytes
    }

    /// The same lines, with bytes of their own. To keep what is a part of a server's log would keep it
    /// in the server's memory, and count towards [`Limits::budget`](crate::Limits::budget).
    #[must_use]
    pub fn to_owned(&self) -> Lines {
        let bytes = Bytes::Owned(self.bytes().into());
        Lines { seq: self.seq, room: self.room.clone(), marks: Arc::clone(&self.marks), bytes }
    }

    pub(crate) fn marks(&self) -> &Arc<[Mark]> {
        &self.marks
    }

    /// Puts lines together from what was kept of them; `None` if that does not fit together.
    pub fn read(seq: u64, room: RoomName, marks: &[u8], bytes: &[u8]) -> Option<Lines> {
        let all = Mark::read_all(marks)?;
        str::from_utf8(bytes).ok().filter(|text| text.ends_with('\n'))?;
        let lines = Lines { seq, room, marks: all.into(), bytes: Bytes::Owned(bytes.into()) };
        let newlines = memchr::memchr_iter(b'\n', bytes).count();
        let end = |mark: &Mark| mark.msgid.checked_add(u64::from(mark.lines));
        // Each of them has a number, and so has what comes after them.
        let are_in_order = lines.marks.iter().all(|mark| end(mark).is_some())
            && lines.marks.is_sorted_by(|one, next| end(one) <= Some(next.msgid));
        (newlines == lines.count() && are_in_order && lines.fit()).then_some(lines)
    }

    /// Whether each line begins with as many bytes of a name as its mark says.
    fn fit(&self) -> bool {
        self.with_marks().all(|(_, mark, line)| line.is_char_boundary(usize::from(mark.called)))
    }

    /// The lines, one by one.
    pub fn iter(&self) -> impl Iterator<Item = SaidLine<'_>> {
        self.with_marks().map(|(msgid, mark, line)| SaidLine {
            msgid,
            time: time(mark.time),
            line,
            session: mark.session,
            label: mark.details.as_ref().and_then(|details| details.label.as_deref()),
        })
    }

    /// The lines, each with its number and its mark.
    pub(crate) fn with_marks(&self) -> impl Iterator<Item = (u64, &Mark, &str)> {
        let mut rest = self.bytes();
        let mut next = move || {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            // All that is in a log is text.
            str::from_utf8(line).unwrap_or_default()
        };
        let marked = self.marks.iter().flat_map(|mark| {
            (0..u64::from(mark.lines)).map(move |at| (mark.msgid.saturating_add(at), mark))
        });
        marked.map(move |(msgid, mark)| (msgid, mark, next()))
    }

    /// Adds those that have all of these words, the newest first, until so many are found.
    pub(super) fn search(
        &self,
        words: &Words,
        buffer: &mut String,
        most: usize,
        found: &mut Vec<SearchHit>,
    ) {
        let lines: Vec<_> = self.with_marks().filter(|(_, mark, _)| are_searched(mark)).collect();
        for (msgid, mark, line) in lines.into_iter().rev() {
            if found.len() >= most {
                return;
            }
            if words.are_in(line, buffer) {
                found.push(SearchHit::new(msgid, time(mark.time), Text::shown(line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::Details;
    use crate::wire::Kind;

    fn text() -> impl Strategy<Value = Option<Box<str>>> {
        prop::option::of("[a-z;=é ]{0,9}".prop_map(String::into_boxed_str))
    }

    prop_compose! {
        fn details()(label in text(), from in text(), value in text(), is_for_all: bool) -> Details {
            Details { label, from, extra: value.map(|value| ("key".into(), value)), is_for_all }
        }
    }

    prop_compose! {
        fn mark()(
            gap in 0..5_u64,
            lines in 1..4_u32,
            kind in 0..14_u8,
            time in 0..10_000_000_000_000_u64,
            session in prop::option::of(1..9_u32),
            details in prop::option::of(details()),
        ) -> Mark {
            let details = details.filter(|it| *it != Details::default()).map(Box::new);
            let kind = Kind::of_number(kind).unwrap();
            Mark { msgid: gap, lines, kind, called: 1, time, session, details }
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_again(mut marks in prop::collection::vec(mark(), 1..9)) {
            let (mut next, mut bytes) = (1, Vec::new());
            for mark in &mut marks {
                mark.msgid += next;
                next = mark.msgid + u64::from(mark.lines);
                bytes.extend((0..mark.lines).flat_map(|at| format!("A: {at}\n").into_bytes()));
            }
            let room = RoomName::lobby();
            let lines = Lines { seq: 7, room, marks: marks.into(), bytes: Bytes::Owned(bytes.into()) };
            let kept = lines.marks_as_bytes();
            let read = Lines::read(7, RoomName::lobby(), &kept, lines.bytes()).unwrap();
            prop_assert_eq!(&read.marks, &lines.marks);
            prop_assert!(read.iter().eq(lines.iter()));
            prop_assert_eq!(read.last(), read.iter().last().unwrap().msgid);
            for cut in 1..kept.len() {
                prop_assert!(Lines::read(7, RoomName::lobby(), &kept[..cut], lines.bytes()).is_none());
            }
        }

        #[test]
        fn numbers_that_do_not_fit_are_refused(below in 0..4_u64, lines in 1..4_u32) {
            let msgid = u64::MAX - below;
            let (kind, session, details) = (Kind::Message, None, None);
            let mark = Mark { msgid, lines, kind, called: 1, time: 0, session, details };
            let bytes = "A: x\n".repeat(lines as usize);
            let read = Lines::read(1, RoomName::lobby(), &mark.as_bytes(), bytes.as_bytes());
            prop_assert_eq!(read.map(|lines| lines.last() + 1), msgid.checked_add(u64::from(lines)));
        }

        #[test]
        fn what_does_not_fit_together_is_refused(
            marks in prop::collection::vec(any::<u8>(), 0..60),
            bytes in "[a-z\n]{0,20}",
        ) {
            if let Some(lines) = Lines::read(1, RoomName::lobby(), &marks, bytes.as_bytes()) {
                prop_assert_eq!(lines.iter().count(), lines.count());
            }
        }
    }
}
