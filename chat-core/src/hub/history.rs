//! What was said last in a room, for those who come later and for those who come back: the batches of
//! its logs, shared.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ids::ConnId;
use crate::log::{Batch, Cursor, Log, Reader};
use crate::store::{LeftOut, Mark};
use crate::wire::RoomName;

/// How many marks are kept of lines that are kept no more, so that it can be said how many there were.
const MOST_GONE: usize = 16 * 1024;

/// The last batches of a room's logs, as many as the config says.
#[derive(Debug, Default)]
pub(super) struct History {
    kept: VecDeque<Kept>,
    lines: usize,
    bytes: u64,
    /// What was given up, for as long as somebody may come back who has missed it.
    gone: VecDeque<Gone>,
}

/// How much of it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) lines: usize,
    pub(super) bytes: usize,
    pub(super) age: Option<Duration>,
    /// Whether somebody may come back.
    pub(super) has_sessions: bool,
}

/// What was published at once: the same lines, plain and with tags.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) at: Instant,
    /// Its place in the one order of all that is published.
    pub(super) seq: u64,
    pub(super) marks: Arc<[Mark]>,
    pub(super) plain: Arc<Batch>,
    /// While somebody reads the room's log with tags.
    pub(super) tagged: Option<Arc<Batch>>,
}

/// How many of a room's last publications are still known when nothing of it is kept any more.
const LAST_TRACES: usize = 64;

/// Lines that are kept no more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    seq: u64,
    msgid: u64,
    lines: u32,
    session: Option<u32>,
}

/// Where to begin to read again, and what there is from there on.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) from: Cursor,
    pub(super) batches: Vec<Arc<Batch>>,
    pub(super) lines: usize,
}

/// How far somebody has read all of its rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// Which publication the last line was of; `None` if that is not known, but then it has all
    /// lines with lower numbers.
    pub(super) seq: Option<u64>,
    /// The number of the last line.
    pub(super) msgid: u64,
    /// Up to which publication nothing is for it, in the room that this is about: it came there later.
    pub(super) since: u64,
}

impl Point {
    /// How many of the lines from a number on, which were published together, come after it.
    fn before(self, seq: u64, first: u64, lines: u32) -> u32 {
        match self.seq {
            _ if seq <= self.since => 0,
            Some(own) if own < seq => lines,
            Some(own) if own > seq => 0,
            Some(_) | None => {
                let has = self.msgid.saturating_add(1).saturating_sub(first);
                lines - u32::try_from(has).unwrap_or(u32::MAX).min(lines)
            }
        }
    }
}

impl Gone {
    /// Which publication it was of, the last of them.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// How many of its lines come after a point.
    pub(super) fn after(&self, point: Point) -> u64 {
        point.before(self.seq, self.msgid, self.lines).into()
    }

    /// Both as one: they end where the later one does, and are as many as there are of both.
    pub(super) fn and(self, other: Gone) -> Gone {
        let end = |gone: Gone| gone.msgid + u64::from(gone.lines);
        let lines = self.lines.saturating_add(other.lines);
        let msgid = end(self).max(end(other)).saturating_sub(lines.into());
        Gone { seq: self.seq.max(other.seq), msgid, lines, session: None }
    }

    #[cfg(test)]
    pub(super) fn new(seq: u64, msgid: u64, lines: u32) -> Gone {
        Gone { seq, msgid, lines, session: None }
    }

    /// Whether it was for a reader.
    fn is_for(&self, reader: Reader<'_>) -> bool {
        !reader.steps_over(self.session.map(ConnId::of_session))
    }

    /// Of which publication a line was, if it was one of these.
    pub(super) fn seq_of(&self, msgid: u64) -> Option<u64> {
        let numbers = self.msgid..self.msgid + u64::from(self.lines);
        numbers.contains(&msgid).then_some(self.seq)
    }
}

impl Kept {
    /// What is still known of it when it is kept no more.
    fn gone(&self) -> impl DoubleEndedIterator<Item = Gone> + '_ {
        let seq = self.seq;
        self.marks.iter().map(move |&Mark { msgid, lines, session, .. }| Gone {
            seq,
            msgid,
            lines,
            session,
        })
    }

    /// How many of its lines come after a point. They are the last of them.
    fn after(&self, point: Point) -> usize {
        let after = |mark: &Mark| point.before(self.seq, mark.msgid, mark.lines) as usize;
        self.marks.iter().map(after).sum()
    }

    fn cost(&self) -> u64 {
        let tagged = self.tagged.as_ref().map_or(0, |batch| batch.cost());
        self.plain.cost() + tagged + (self.marks.len() * size_of::<Mark>()) as u64
    }

    /// The same lines with tags, from where the log with tags ends.
    pub(super) fn tag(&self, room: &RoomName, log: &mut Log) -> Option<Arc<Batch>> {
        let mut lines = self.plain.authored();
        for mark in self.marks.iter() {
            for (msgid, (author, line)) in
                (mark.msgid..).zip(lines.by_ref().take(mark.lines as usize))
            {
                let start = str::from_utf8(line).unwrap_or_default();
                log.append(author, mark.tags(msgid, room, start).as_bytes(), line);
            }
        }
        log.seal(self.seq)
    }
}

impl History {
    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Keeps what was published, and gives up what is too much or too old by that.
    pub(super) fn add(&mut self, kept: Kept, now: Instant, keep: &Keep) {
        self.lines += kept.plain.lines();
        self.bytes += kept.cost();
        self.kept.push_back(kept);
        self.trim(now, keep);
    }

    /// The last lines, so many of them or as many as there are.
    pub(super) fn last(
        &mut self,
        count: usize,
        is_tagged: bool,
        now: Instant,
        keep: &Keep,
    ) -> Option<Past> {
        self.trim(now, keep);
        let (mut lines, mut first) = (0, self.kept.len());
        while lines < count && first > 0 {
            first -= 1;
            lines += self.kept[first].plain.lines();
        }
        let mut past = self.past(first, lines.saturating_sub(count), is_tagged)?;
        past.lines = lines.min(count);
        Some(past)
    }

    /// What comes after a point, for somebody who gets tags.
    pub(super) fn after(&self, point: Point, reader: Reader<'_>) -> Option<Past> {
        let first = self.kept.iter().position(|kept| kept.after(point) > 0)?;
        let kept = &self.kept[first];
        let past = self.past(first, kept.plain.lines() - kept.after(point), true)?;
        let from = past.from.position();
        let lines = past.batches.iter().map(|batch| batch.lines_for(from, reader)).sum();
        Some(Past { lines, ..past })
    }

    /// How many lines were given up that come after a point and were for a reader, of those up to a
    /// publication.
    pub(super) fn lost(&self, point: Point, reader: Reader<'_>, until: u64) -> u64 {
        let counts = |gone: &&Gone| gone.seq <= until && gone.is_for(reader);
        self.gone.iter().filter(counts).map(|gone| gone.after(point)).sum()
    }

    /// What was published after somebody came, and was for that one: the newest first.
    pub(super) fn published_after(
        &self,
        since: u64,
        reader: Reader<'_>,
    ) -> impl Iterator<Item = Gone> {
        let all = self.all_from_last().take_while(move |gone| gone.seq > since);
        all.filter(move |gone| gone.is_for(reader))
    }

    /// What is still known of all publications, the newest first.
    fn all_from_last(&self) -> impl Iterator<Item = Gone> {
        let kept = self.kept.iter().rev().flat_map(|kept| kept.gone().rev());
        kept.chain(self.gone.iter().rev().copied())
    }

    /// The last publication that was given up; 0 if none was.
    pub(super) fn gone_until(&self) -> u64 {
        self.gone.back().map_or(0, |gone| gone.seq)
    }

    /// What is kept from a batch on, but for its first lines.
    fn past(&self, first: usize, skipped: usize, is_tagged: bool) -> Option<Past> {
        let batch = |kept: &Kept| {
            let tagged = kept.tagged.as_ref().filter(|_| is_tagged);
            if is_tagged { tagged.cloned() } else { Some(Arc::clone(&kept.plain)) }
        };
        let batches: Vec<Arc<Batch>> = self.kept.range(first..).filter_map(batch).collect();
        let from = Cursor::at(batches.first()?.start_of_line(skipped));
        Some(Past { from, batches, lines: 0 })
    }

    /// What is known of the last publications: enough to say of which of them a line was.
    pub(super) fn traces(&self) -> Vec<Gone> {
        self.all_from_last().take(LAST_TRACES).collect()
    }

    /// Of which publication a line was, if that is known.
    pub(super) fn seq_of(&self, msgid: u64) -> Option<u64> {
        // Within a room, what comes later has a higher number.
        let begins = |kept: &Kept| kept.marks.first().is_some_and(|mark| mark.msgid <= msgid);
        let at = self.kept.partition_point(begins).checked_sub(1);
        let kept = at.map(|at| &self.kept[at]);
        let kept = kept.filter(|kept| kept.gone().any(|gone| gone.seq_of(msgid).is_some()));
        let at = self.gone.partition_point(|gone| gone.msgid <= msgid).checked_sub(1);
        kept.map(|kept| kept.seq).or_else(|| at.and_then(|at| self.gone[at].seq_of(msgid)))
    }

    /// These lines were said before all that is kept, and are not kept: put back as they were known
    /// elsewhere.
    pub(super) fn restore_gone(&mut self, left_out: &[LeftOut]) {
        let gone = left_out.iter().map(|&LeftOut { seq, first, lines, session, .. }| Gone {
            seq,
            msgid: first,
            lines,
            session,
        });
        self.gone.extend(gone);
        self.bound_gone();
    }

    /// From now on there are lines with tags as well: those that are kept are the first of them.
    pub(super) fn begin_tags(&mut self, room: &RoomName, log: &mut Log) {
        for kept in &mut self.kept {
            self.bytes -= kept.cost();
            kept.tagged = kept.tag(room, log);
            self.bytes += kept.cost();
        }
    }

    /// From now on there are none.
    pub(super) fn end_tags(&mut self) {
        for kept in &mut self.kept {
            self.bytes -= kept.cost();
            kept.tagged = None;
            self.bytes += kept.cost();
        }
    }

    /// Gives up all of it.
    pub(super) fn clear(&mut self, keep: &Keep) {
        while !self.kept.is_empty() {
            self.give_up_first(keep);
        }
        self.kept.shrink_to_fit();
        if !keep.has_sessions {
            self.gone = VecDeque::new();
        }
    }

    /// Gives up what is too much, or too old.
    pub(super) fn trim(&mut self, now: Instant, keep: &Keep) {
        if !keep.has_sessions {
            self.gone = VecDeque::new();
        }
        while let Some(first) = self.kept.front() {
            let is_old = keep.age.is_some_and(|age| now.saturating_duration_since(first.at) > age);
            let is_spare = self.lines - first.plain.lines() >= keep.lines;
            if !is_old && !is_spare && self.bytes <= keep.bytes as u64 {
                return;
            }
            self.give_up_first(keep);
        }
    }

    fn give_up_first(&mut self, keep: &Keep) {
        let Some(first) = self.kept.pop_front() else { return };
        self.lines -= first.plain.lines();
        self.bytes -= first.cost();
        if !keep.has_sessions {
            return;
        }
        self.gone.extend(first.gone());
        self.bound_gone();
    }

    fn bound_gone(&mut self) {
        let spare = self.gone.len().saturating_sub(MOST_GONE);
        self.gone.drain(..spare);
    }
}

#[cfg(test)]
mod tests;
