//! Lines as a server keeps them, for tests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::mark::Mark;
use super::{Lines, Record};
use crate::wire::{Kind, RoomName};

/// When the first line of all was said.
pub(crate) const START: Duration = Duration::from_hours(500_000);

/// A room of this name.
pub(crate) fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

/// Consecutive lines of a room, a second for each number after the start.
pub(crate) fn said(seq: u64, room_name: &str, first: u64, texts: &[&str]) -> Lines {
    said_at(seq, room_name, first, UNIX_EPOCH + START + Duration::from_secs(first), texts)
}

/// Consecutive lines of a room, all at this time.
pub(crate) fn said_at(
    seq: u64,
    room_name: &str,
    first: u64,
    time: SystemTime,
    texts: &[&str],
) -> Lines {
    let mark = mark(first, texts.len(), time);
    lines(seq, room_name, &[mark], texts)
}

/// One line with a label.
#[cfg(feature = "sqlite")]
pub(crate) fn labelled(seq: u64, name: &str, msgid: u64, session: u32, label: &str) -> Lines {
    let details =
        crate::store::Details { label: Some(label.into()), ..crate::store::Details::default() };
    let time = UNIX_EPOCH + START + Duration::from_secs(msgid);
    let mark =
        Mark { session: Some(session), details: Some(Box::new(details)), ..mark(msgid, 1, time) };
    lines(seq, name, &[mark], &["labelled"])
}

fn mark(msgid: u64, lines: usize, time: SystemTime) -> Mark {
    let time = super::mark::millis(time);
    let lines = u32::try_from(lines).unwrap();
    Mark { msgid, lines, kind: Kind::Message, called: 3, time, session: Some(1), details: None }
}

fn lines(seq: u64, name: &str, marks: &[Mark], texts: &[&str]) -> Lines {
    let bytes = texts.iter().fold(String::new(), |bytes, text| bytes + "ADA: " + text + "\n");
    let kept: Vec<u8> = marks.iter().flat_map(Mark::as_bytes).collect();
    Lines::read(seq, room(name), &kept, bytes.as_bytes()).unwrap()
}

/// As records.
pub(crate) fn records(lines: &[Lines]) -> Vec<Record> {
    lines.iter().cloned().map(Record::Lines).collect()
}
