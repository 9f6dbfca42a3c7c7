//! One room: its log, the same log for those who read tags, what is known of their lines, and the order
//! in which they are published.

mod writing;

pub(in crate::hub) use writing::Line;

use std::time::Instant;

use super::history::{Gone, History, Keep, Kept, Past, Point};
use super::{Output, Recall};
use crate::budget::Budget;
use crate::config;
use crate::ids::{ConnId, RoomId};
use crate::log::{Again, Cursor, Log, Reader};
use crate::store::{LeftOut, Lines, Mark};
use crate::wire::{RoomName, Text};

/// A room: whatever is said in it goes to all who are attached to its logs, but for the author.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) name: RoomName,
    pub(super) topic: Option<Text>,
    /// How many clients are in it.
    pub(super) members: usize,
    /// How many sessions are in it, of clients that are here and of such that may come back.
    pub(super) sessions: usize,
    /// It is in the list of those that are to be published.
    pub(super) is_dirty: bool,
    /// It is in the list of those that are there though nobody is in them.
    pub(super) is_resting: bool,
    log: Log,
    /// What those read who want tags, for as long as there are any.
    tagged: Option<Box<Tagged>>,
    /// What tags say of the lines that are not published yet, if anybody may want to know it later.
    marks: Option<Vec<Mark>>,
    history: History,
}

/// The log in which each line begins with its tags. To whom it goes, it is a room by its number.
#[derive(Debug)]
struct Tagged {
    id: RoomId,
    log: Log,
    /// How many clients read it, those among them who may come back.
    readers: usize,
}

/// How somebody is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It reads lines as people do.
    Plain,
    /// It reads them with tags.
    Tagged,
    /// Likewise, and it may come back if it gets lost.
    Lasting,
}

/// When something is published, and how much of it is kept.
#[derive(Debug, Clone)]
pub(super) struct Keeping {
    pub(super) now: Instant,
    pub(super) history: config::History,
    pub(super) resume: config::Resume,
    /// Memory is short: nothing is kept.
    pub(super) is_short: bool,
    /// All that is said goes to a store as well.
    pub(super) is_storing: bool,
    /// How often something was published, in all rooms.
    pub(super) seq: u64,
}

impl Keeping {
    /// Whether all rooms keep what is known of their lines.
    fn marks_all(&self) -> bool {
        self.is_storing || self.history.lines > 0
    }

    /// How much a room keeps.
    fn of(&self, room: &Room) -> Keep {
        let (history, resume) = (&self.history, &self.resume);
        let has_sessions = room.sessions > 0;
        let kept = if has_sessions { (resume.lines, resume.bytes) } else { (0, 0) };
        let (lines, bytes) = (history.lines.max(kept.0), history.bytes.max(kept.1));
        let age = history
            .age
            .filter(|_| history.lines > 0)
            .map(|age| if has_sessions { age.max(resume.within) } else { age });
        Keep { lines, bytes, age, has_sessions }
    }
}

impl Room {
    /// A room with nobody in it.
    pub(super) fn new(id: RoomId, name: RoomName, budget: Budget, keeping: &Keeping) -> Room {
        Room {
            id,
            name,
            topic: None,
            members: 0,
            sessions: 0,
            is_dirty: false,
            is_resting: false,
            log: Log::new(budget),
            tagged: None,
            marks: keeping.marks_all().then(Vec::new),
            history: History::default(),
        }
    }

    /// The log for those who want tags, if anybody does.
    pub(super) fn tagged_id(&self) -> Option<RoomId> {
        self.tagged.as_ref().map(|tagged| tagged.id)
    }

    /// Begins a log for those who want tags, with the tags of what is kept. All that was written must
    /// have been published.
    pub(super) fn begin_tags(&mut self, id: RoomId, budget: Budget) {
        let mut log = Log::new(budget);
        self.history.begin_tags(&self.name, &mut log);
        self.tagged = Some(Box::new(Tagged { id, log, readers: 0 }));
    }

    /// Counts somebody in. All that was written must have been published, if that is the first who may
    /// come back.
    pub(super) fn count_in(&mut self, manner: Manner) {
        if manner != Manner::Plain
            && let Some(tagged) = &mut self.tagged
        {
            tagged.readers += 1;
        }
        if manner == Manner::Lasting {
            self.begin_session();
        }
    }

    /// Somebody who is in the room may come back from now on.
    pub(super) fn begin_session(&mut self) {
        self.sessions += 1;
        self.marks.get_or_insert_default();
    }

    /// Lets somebody who was counted in read what is said from now on.
    pub(super) fn attach(&mut self, conn: ConnId, manner: Manner, out: &mut impl Output) {
        self.members += 1;
        let tagged = self.tagged.as_ref().filter(|_| manner != Manner::Plain);
        let (id, end) =
            tagged.map_or((self.id, self.log.end()), |tagged| (tagged.id, tagged.log.end()));
        out.attach(conn, id, Cursor::at(end));
    }

    /// Counts somebody out who is in the room no more. It answers with the log for those who want tags,
    /// if that was the last of them: it is published, and is no more.
    pub(super) fn count_out(
        &mut self,
        manner: Manner,
        keeping: &mut Keeping,
        out: &mut impl Output,
    ) -> Option<RoomId> {
        if manner == Manner::Lasting {
            self.sessions = self.sessions.saturating_sub(1);
        }
        if self.sessions == 0 && manner == Manner::Lasting {
            self.publish(keeping, out);
            self.marks = keeping.marks_all().then(Vec::new);
            self.trim(keeping);
        }
        let tagged = self.tagged.as_mut().filter(|_| manner != Manner::Plain)?;
        tagged.readers = tagged.readers.saturating_sub(1);
        if tagged.readers > 0 {
            return None;
        }
        self.publish(keeping, out);
        self.history.end_tags();
        self.tagged.take().map(|tagged| tagged.id)
    }

    /// Whether it is there though nobody is in it.
    pub(super) fn is_of_use(&self, keeping: &Keeping) -> bool {
        let has_past = self.topic.is_some() || !self.history.is_empty();
        self.members > 0 || self.sessions > 0 || keeping.is_storing && has_past
    }

    /// Lets a client read again what was published last, so many lines or as many as are kept. It
    /// answers how many they are.
    pub(super) fn recall(
        &mut self,
        conn: ConnId,
        manner: Manner,
        count: usize,
        keeping: &Keeping,
        out: &mut impl Output,
    ) -> usize {
        let count = count.min(keeping.history.lines);
        let tagged = self.tagged.as_ref().filter(|_| manner != Manner::Plain);
        let id = tagged.map_or(self.id, |tagged| tagged.id);
        let keep = keeping.of(self);
        let past = self.history.last(count, manner != Manner::Plain, keeping.now, &keep);
        past.map_or(0, |past| {
            let Past { from, batches: past, lines } = past;
            let rooms = vec![Again { room: id, from, past }];
            out.recall(conn, Recall { rooms, lines: Vec::new() });
            lines
        })
    }

    /// What a client that is back has missed here, and how many lines that are.
    pub(super) fn missed(&self, reader: Reader<'_>, point: Point) -> Option<(Again, usize)> {
        let tagged = self.tagged.as_ref()?;
        let Past { from, batches: past, lines } = self.history.after(point, reader)?;
        Some((Again { room: tagged.id, from, past }, lines))
    }

    /// How many lines it has missed that are kept no more, of those up to a publication.
    pub(super) fn lost(&self, reader: Reader<'_>, point: Point, until: u64) -> u64 {
        self.history.lost(point, reader, until)
    }

    /// What was published after somebody came, and was for that one: the newest first.
    pub(super) fn published_after(
        &self,
        since: u64,
        reader: Reader<'_>,
    ) -> impl Iterator<Item = Gone> {
        self.history.published_after(since, reader)
    }

    /// The last publication that is kept no more.
    pub(super) fn gone_until(&self) -> u64 {
        self.history.gone_until()
    }

    /// What is known of its last publications.
    pub(super) fn traces(&self) -> Vec<Gone> {
        self.history.traces()
    }

    /// Of which publication a line was, if that is known.
    pub(super) fn seq_of(&self, msgid: u64) -> Option<u64> {
        self.history.seq_of(msgid)
    }

    /// Keeps nothing any more of what was said.
    pub(super) fn forget_the_past(&mut self, keeping: &Keeping) {
        let keep = keeping.of(self);
        self.history.clear(&keep);
    }

    fn trim(&mut self, keeping: &Keeping) {
        let keep = keeping.of(self);
        if keep.lines == 0 {
            return self.history.clear(&keep);
        }
        self.history.trim(keeping.now, &keep);
    }

    /// Puts back what is known of lines that are kept elsewhere, and not here: those before all others.
    pub(super) fn restore_left_out(&mut self, left_out: &[LeftOut]) {
        if self.sessions > 0 {
            self.history.restore_gone(left_out);
        }
    }

    /// Puts lines back that were kept elsewhere, in the order in which they were said.
    pub(super) fn restore(&mut self, lines: &Lines, keeping: &Keeping) {
        for (_, mark, line) in lines.with_marks() {
            self.log.append(mark.session.map(ConnId::of_session), b"", line.as_bytes());
        }
        let Some(plain) = self.log.seal(lines.seq()) else { return };
        let marks = lines.marks().clone();
        let mut kept = Kept { at: keeping.now, seq: lines.seq(), marks, plain, tagged: None };
        if let Some(tagged) = &mut self.tagged {
            kept.tagged = kept.tag(&self.name, &mut tagged.log);
        }
        let keep = keeping.of(self);
        self.history.add(kept, keeping.now, &keep);
    }
}
