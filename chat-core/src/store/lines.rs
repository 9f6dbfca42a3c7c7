//! Consecutive lines of a room, as they are kept: the bytes that everybody reads, and the marks that
//! tell what tags say of them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use memchr::memchr;

use crate::log::Batch;
use crate::wire::{Kind, RoomName, Stamp};

/// Consecutive lines that one write has put into a log: what tags say of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The number of the first; those of the others follow it.
    pub(crate) msgid: u64,
    /// How many they are.
    pub(crate) lines: u32,
    pub(crate) kind: Kind,
    /// How many bytes at the start of each are what its author is called: 0 if nobody caused them.
    pub(crate) called: u16,
    /// When they were said, in milliseconds since 1970.
    pub(crate) time: u64,
    /// Whose they are, by the number of the session.
    pub(crate) session: Option<u32>,
    /// What few lines have.
    pub(crate) details: Option<Box<Details>>,
}

/// What few lines have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Details {
    /// By what its author finds the answer to it.
    pub(crate) label: Option<Box<str>>,
    /// What the one is called that caused it, where the line does not begin with that.
    pub(crate) from: Option<Box<str>>,
    /// One more tag.
    pub(crate) extra: Option<(Box<str>, Box<str>)>,
    /// It is told in all rooms, and its tags name none.
    pub(crate) is_for_all: bool,
}

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
}

/// The time of a mark.
pub(crate) fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

/// A time as marks have it.
pub(crate) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Mark {
    /// The tags of one of its lines, which has this number and begins like this.
    pub(crate) fn tags(&self, msgid: u64, room: &RoomName, start: &str) -> String {
        let details = self.details.as_deref();
        let mut stamp = Stamp::new(time(self.time), self.kind).with("msgid", &msgid.to_string());
        if !details.is_some_and(|details| details.is_for_all) {
            stamp.push("room", room);
        }
        let called = start.get(..usize::from(self.called)).filter(|called| !called.is_empty());
        if let Some(from) = called.or_else(|| details?.from.as_deref()) {
            stamp.push("from", from);
        }
        if let Some((key, value)) = details.and_then(|details| details.extra.as_ref()) {
            stamp.push(key, value);
        }
        stamp.prefix()
    }
}

/// Which optional parts a mark has.
const HAS_SESSION: u8 = 1;
const HAS_LABEL: u8 = 2;
const HAS_FROM: u8 = 4;
const HAS_EXTRA: u8 = 8;
const IS_FOR_ALL: u8 = 16;

impl Mark {
    /// Writes it as bytes: numbers with the lowest byte first, texts with their length before them.
    fn write(&self, out: &mut Vec<u8>) {
        let details = self.details.as_deref();
        let label = details.and_then(|details| details.label.as_deref());
        let from = details.and_then(|details| details.from.as_deref());
        let extra = details.and_then(|details| details.extra.as_ref());
        let is_for_all = details.is_some_and(|details| details.is_for_all);
        let flag = |is_there: bool, flag: u8| if is_there { flag } else { 0 };
        out.push(
            flag(self.session.is_some(), HAS_SESSION)
                | flag(label.is_some(), HAS_LABEL)
                | flag(from.is_some(), HAS_FROM)
                | flag(extra.is_some(), HAS_EXTRA)
                | flag(is_for_all, IS_FOR_ALL),
        );
        out.push(self.kind as u8);
        out.extend(self.called.to_le_bytes());
        out.extend(self.lines.to_le_bytes());
        out.extend(self.msgid.to_le_bytes());
        out.extend(self.time.to_le_bytes());
        if let Some(session) = self.session {
            out.extend(session.to_le_bytes());
        }
        let extra = extra.map(|(key, value)| [&**key, &**value]);
        let texts = label.into_iter().chain(from).chain(extra.into_iter().flatten());
        for text in texts {
            // None of them is longer than a line, and no line is as long as 4 GiB.
            out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend(text.as_bytes());
        }
    }

    #[cfg(test)]
    pub(super) fn as_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    /// Reads all of them.
    pub(super) fn read_all(mut bytes: &[u8]) -> Option<Vec<Mark>> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            all.push(Mark::read(&mut bytes)?);
        }
        Some(all)
    }

    /// Reads what [`Mark::write`] has written, and goes on behind it.
    fn read(bytes: &mut &[u8]) -> Option<Mark> {
        let [flags, kind] = take(bytes)?;
        let has = |flag: u8| flags & flag != 0;
        let mut mark = Mark {
            kind: Kind::of_number(kind)?,
            called: u16::from_le_bytes(take(bytes)?),
            lines: u32::from_le_bytes(take(bytes)?),
            msgid: u64::from_le_bytes(take(bytes)?),
            time: u64::from_le_bytes(take(bytes)?),
            session: None,
            details: None,
        };
        if has(HAS_SESSION) {
            mark.session = Some(u32::from_le_bytes(take(bytes)?));
        }
        let mut details = Details { is_for_all: has(IS_FOR_ALL), ..Details::default() };
        if has(HAS_LABEL) {
            details.label = Some(take_text(bytes)?);
        }
        if has(HAS_FROM) {
            details.from = Some(take_text(bytes)?);
        }
        if has(HAS_EXTRA) {
            details.extra = Some((take_text(bytes)?, take_text(bytes)?));
        }
        mark.details = (details != Details::default()).then(|| Box::new(details));
        (mark.lines > 0).then_some(mark)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn take_text(bytes: &mut &[u8]) -> Option<Box<str>> {
    let len = usize::try_from(u32::from_le_bytes(take(bytes)?)).ok()?;
    let (text, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    str::from_utf8(text).ok().map(Box::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
