//! Writing in a room, and giving out what was written.

use std::mem;

use super::{Keeping, Room};
use crate::hub::Output;
use crate::hub::history::Kept;
use crate::hub::stamps::Stamps;
use crate::ids::ConnId;
use crate::store::{Details, Lines, Mark, Record};
use crate::wire::{Kind, Label, Messages, Text};

/// A line that something has caused: what plain clients read, and what tags say of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::hub) struct Line<'a> {
    pub(in crate::hub) kind: Kind,
    /// Who caused it, and does not get it.
    pub(in crate::hub) author: Option<ConnId>,
    /// What the author is called.
    pub(in crate::hub) from: Option<&'a str>,
    pub(in crate::hub) prefix: &'a str,
    pub(in crate::hub) text: &'a str,
    /// One more tag.
    pub(in crate::hub) extra: Option<(&'static str, &'a str)>,
}

impl Room {
    /// Writes what a client said, each message with the prefix before it: `NAME: `. It answers with
    /// the number of the first one.
    pub(in crate::hub) fn say(
        &mut self,
        author: ConnId,
        prefix: &[u8],
        messages: &Messages,
        label: Option<&Label>,
        stamps: &mut Stamps,
    ) -> u64 {
        self.log.append_all(Some(author), prefix, messages);
        let msgid = stamps.take(messages.len());
        if self.marks.is_none() && self.tagged.is_none() {
            return msgid;
        }
        let called = prefix.strip_suffix(b": ").unwrap_or(prefix);
        let details = label.map(|label| {
            Box::new(Details { label: Some(label.as_str().into()), ..Details::default() })
        });
        let mark = Mark {
            msgid,
            lines: u32::try_from(messages.len()).unwrap_or(u32::MAX),
            kind: Kind::Message,
            called: u16::try_from(called.len()).unwrap_or(0),
            time: stamps.millis(),
            session: author.session(),
            details,
        };
        if let Some(tagged) = &mut self.tagged {
            let start = str::from_utf8(prefix).unwrap_or_default();
            for (msgid, text) in (msgid..).zip(messages.iter()) {
                let mut line = mark.tags(msgid, &self.name, start).into_bytes();
                line.extend_from_slice(prefix);
                tagged.log.append(Some(author), &line, text);
            }
        }
        if let Some(marks) = &mut self.marks {
            marks.push(mark);
        }
        msgid
    }

    /// Writes one line, and answers with its number.
    pub(in crate::hub) fn write(
        &mut self,
        line: &Line<'_>,
        label: Option<&Label>,
        stamps: &mut Stamps,
    ) -> u64 {
        let msgid = stamps.take(1);
        self.write_as(line, msgid, true, label, stamps);
        msgid
    }

    /// Writes what the server has to say to everybody, which has one number in all rooms.
    pub(in crate::hub) fn announce(&mut self, text: &Text, msgid: u64, stamps: &Stamps) {
        let (author, from, extra) = (None, None, None);
        let line = Line { kind: Kind::Notice, author, from, prefix: "* ", text, extra };
        self.write_as(&line, msgid, false, None, stamps);
    }

    fn write_as(
        &mut self,
        line: &Line<'_>,
        msgid: u64,
        is_for_room: bool,
        label: Option<&Label>,
        stamps: &Stamps,
    ) {
        let (prefix, text) = (line.prefix, line.text.as_bytes());
        self.log.append(line.author, prefix.as_bytes(), text);
        if self.marks.is_none() && self.tagged.is_none() {
            return;
        }
        let details = Details {
            label: label.map(|label| label.as_str().into()),
            from: line.from.map(Box::from),
            extra: line.extra.map(|(key, value)| (key.into(), value.into())),
            is_for_all: !is_for_room,
        };
        let mark = Mark {
            msgid,
            lines: 1,
            kind: line.kind,
            called: 0,
            time: stamps.millis(),
            session: line.author.and_then(ConnId::session),
            details: (details != Details::default()).then(|| Box::new(details)),
        };
        if let Some(tagged) = &mut self.tagged {
            let tags = mark.tags(msgid, &self.name, prefix) + prefix;
            tagged.log.append(line.author, tags.as_bytes(), text);
        }
        if let Some(marks) = &mut self.marks {
            marks.push(mark);
        }
    }

    /// How many bytes wait to be published.
    pub(in crate::hub) fn unpublished(&self) -> usize {
        self.log.unsealed() + self.tagged.as_ref().map_or(0, |tagged| tagged.log.unsealed())
    }

    /// Gives out what was written since the last time.
    pub(in crate::hub) fn publish(&mut self, keeping: &mut Keeping, out: &mut impl Output) {
        let number = keeping.seq + 1;
        let Some(plain) = self.log.seal(number) else { return };
        let tagged = self.tagged.as_mut();
        let tagged = tagged.and_then(|tagged| Some((tagged.id, tagged.log.seal(number)?)));
        keeping.seq = number;
        if let Some(marks) = &mut self.marks {
            let (seq, marks) = (keeping.seq, mem::take(marks).into());
            let (plain, tagged) = (plain.clone(), tagged.as_ref().map(|(_, batch)| batch.clone()));
            let kept = Kept { at: keeping.now, seq, marks, plain, tagged };
            if keeping.is_storing {
                self.store(&kept, out);
            }
            self.keep(kept, keeping);
        }
        out.publish(self.id, plain);
        if let Some((id, batch)) = tagged {
            out.publish(id, batch);
        }
    }

    /// Has lines stored before anybody reads them whose author is waiting to know that.
    fn store(&self, kept: &Kept, out: &mut impl Output) {
        let has_label = |mark: &Mark| mark.details.as_ref().is_some_and(|it| it.label.is_some());
        let is_awaited = kept.marks.iter().any(has_label);
        let (marks, plain) = (kept.marks.clone(), kept.plain.clone());
        out.record(Record::Lines(Lines::new(kept.seq, self.name.clone(), marks, plain)));
        if is_awaited {
            out.hold();
        }
    }

    fn keep(&mut self, kept: Kept, keeping: &Keeping) {
        let keep = keeping.of(self);
        // What is given up at once is still known to be lost.
        if keep.lines > 0 || keep.has_sessions {
            self.history.add(kept, keeping.now, &keep);
        }
        if keeping.is_short {
            self.history.clear(&keep);
        }
    }
}
