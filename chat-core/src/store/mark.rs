//! What tags say of consecutive lines, and how that is kept as bytes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
    pub(super) fn write(&self, out: &mut Vec<u8>) {
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
