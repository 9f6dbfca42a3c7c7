//! One room: its log, the same log for those who read tags, and the order in which they are published.

use std::time::Instant;

use super::Output;
use super::history::History;
use super::stamps::Stamps;
use crate::budget::Budget;
use crate::config;
use crate::ids::{ConnId, RoomId};
use crate::log::{Cursor, Log};
use crate::wire::{Kind, Messages, RoomName, Text};

/// A room: whatever is said in it goes to all who are attached to its logs, but for the author.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) name: RoomName,
    pub(super) topic: Option<Text>,
    /// How many clients are in it.
    pub(super) members: usize,
    /// It is in the list of those that are to be published.
    pub(super) is_dirty: bool,
    plain: Written,
    /// What those read who want tags, for as long as there are any.
    tagged: Option<Box<Tagged>>,
}

/// A log, and what is kept of it. To whom it goes, it is a room by its number.
#[derive(Debug)]
struct Written {
    id: RoomId,
    log: Log,
    history: History,
}

/// The log in which each line begins with its tags.
#[derive(Debug)]
struct Tagged {
    written: Written,
    readers: usize,
}

/// When something is published, and how much of it is kept.
#[derive(Debug, Clone)]
pub(super) struct Keeping {
    pub(super) now: Instant,
    pub(super) config: config::History,
    /// Memory is short: nothing is kept.
    pub(super) is_short: bool,
}

/// A line that something has caused: what plain clients read, and what tags say of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) kind: Kind,
    /// Who caused it, and does not get it.
    pub(super) author: Option<ConnId>,
    /// What the author is called.
    pub(super) from: Option<&'a str>,
    pub(super) prefix: &'a str,
    pub(super) text: &'a str,
    /// One more tag.
    pub(super) extra: Option<(&'static str, &'a str)>,
}

impl Room {
    /// A room with nobody in it.
    pub(super) fn new(id: RoomId, name: RoomName, budget: Budget) -> Room {
        let plain = Written::new(id, budget);
        Room { id, name, topic: None, members: 0, is_dirty: false, plain, tagged: None }
    }

    /// The log for those who want tags, if anybody does.
    pub(super) fn tagged_id(&self) -> Option<RoomId> {
        self.tagged.as_ref().map(|tagged| tagged.written.id)
    }

    /// Begins a log for those who want tags.
    pub(super) fn begin_tags(&mut self, id: RoomId, budget: Budget) {
        self.tagged = Some(Box::new(Tagged { written: Written::new(id, budget), readers: 0 }));
    }

    /// Lets a client read what is said from now on.
    pub(super) fn attach(&mut self, conn: ConnId, is_tagged: bool, out: &mut impl Output) {
        self.members += 1;
        let tagged = self.tagged.as_mut().filter(|_| is_tagged);
        let written = tagged.map_or(&self.plain, |tagged| {
            tagged.readers += 1;
            &tagged.written
        });
        out.attach(conn, written.id, Cursor::at(written.log.end()));
    }

    /// Lets a client read again what was published last, so many lines or as many as are kept. It
    /// answers how many they are.
    pub(super) fn recall(
        &mut self,
        conn: ConnId,
        is_tagged: bool,
        count: usize,
        keeping: &Keeping,
        out: &mut impl Output,
    ) -> usize {
        let tagged = self.tagged.as_mut().filter(|_| is_tagged);
        let written = tagged.map_or(&mut self.plain, |tagged| &mut tagged.written);
        let past = written.history.last(count, keeping.now, &keeping.config);
        past.map_or(0, |past| {
            out.recall(conn, written.id, past.from, past.batches);
            past.lines
        })
    }

    /// Keeps nothing any more of what was said.
    pub(super) fn forget_the_past(&mut self) {
        self.plain.history.clear();
        if let Some(tagged) = &mut self.tagged {
            tagged.written.history.clear();
        }
    }

    /// Notes that somebody has left. It answers with the log for those who want tags, if that was
    /// the last of them: it is published, and is no more.
    pub(super) fn forget(
        &mut self,
        is_tagged: bool,
        keeping: &Keeping,
        out: &mut impl Output,
    ) -> Option<RoomId> {
        self.members = self.members.saturating_sub(1);
        let tagged = self.tagged.as_mut().filter(|_| is_tagged)?;
        tagged.readers = tagged.readers.saturating_sub(1);
        if tagged.readers > 0 {
            return None;
        }
        let mut tagged = self.tagged.take()?;
        tagged.written.publish(keeping, out);
        Some(tagged.written.id)
    }

    /// Writes what a client said, each message with the prefix before it: `NAME: `. It answers with
    /// the number of the first one.
    pub(super) fn say(
        &mut self,
        author: ConnId,
        prefix: &[u8],
        messages: &Messages,
        stamps: &mut Stamps,
    ) -> u64 {
        self.plain.log.append_all(Some(author), prefix, messages);
        let first = stamps.take(messages.len());
        if let Some(tagged) = &mut self.tagged {
            let called = prefix.strip_suffix(b": ").unwrap_or(prefix);
            let called = str::from_utf8(called).unwrap_or_default();
            for (msgid, text) in (first..).zip(messages.iter()) {
                let stamp = stamps.numbered(Kind::Message, msgid).with("room", &self.name);
                let mut line = stamp.with("from", called).prefix().into_bytes();
                line.extend_from_slice(prefix);
                tagged.written.log.append(Some(author), &line, text);
            }
        }
        first
    }

    /// Writes one line.
    pub(super) fn write(&mut self, line: &Line<'_>, stamps: &mut Stamps) {
        let msgid = stamps.take(1);
        self.write_as(line, msgid, true, stamps);
    }

    /// Writes what the server has to say to everybody, which has one number in all rooms.
    pub(super) fn announce(&mut self, text: &Text, msgid: u64, stamps: &Stamps) {
        let (author, from, extra) = (None, None, None);
        let line = Line { kind: Kind::Notice, author, from, prefix: "* ", text, extra };
        self.write_as(&line, msgid, false, stamps);
    }

    fn write_as(&mut self, line: &Line<'_>, msgid: u64, is_for_room: bool, stamps: &Stamps) {
        self.plain.log.append(line.author, line.prefix.as_bytes(), line.text.as_bytes());
        let Some(tagged) = &mut self.tagged else { return };
        let mut stamp = stamps.numbered(line.kind, msgid);
        if is_for_room {
            stamp.push("room", &self.name);
        }
        if let Some(from) = line.from {
            stamp.push("from", from);
        }
        if let Some((key, value)) = line.extra {
            stamp.push(key, value);
        }
        let prefix = stamp.prefix() + line.prefix;
        tagged.written.log.append(line.author, prefix.as_bytes(), line.text.as_bytes());
    }

    /// How many bytes wait to be published.
    pub(super) fn unpublished(&self) -> usize {
        self.plain.log.unsealed()
            + self.tagged.as_ref().map_or(0, |tagged| tagged.written.log.unsealed())
    }

    /// Gives out what was written since the last time.
    pub(super) fn publish(&mut self, keeping: &Keeping, out: &mut impl Output) {
        self.plain.publish(keeping, out);
        if let Some(tagged) = &mut self.tagged {
            tagged.written.publish(keeping, out);
        }
    }
}

impl Written {
    fn new(id: RoomId, budget: Budget) -> Written {
        Written { id, log: Log::new(budget), history: History::default() }
    }

    fn publish(&mut self, keeping: &Keeping, out: &mut impl Output) {
        let Some(batch) = self.log.seal() else { return };
        if !keeping.is_short {
            self.history.add(&batch, keeping.now, &keeping.config);
        }
        out.publish(self.id, batch);
    }
}
