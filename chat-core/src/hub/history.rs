//! What was said last in a room, for those who come later and for those who come back: the batches of
//! its logs, shared.

mod gone;

pub(super) use gone::{Gone, Point};

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::log::{Batch, Cursor, Log, Reader};
use crate::store::{LeftOut, Mark};
use crate::wire::RoomName;

/// How many marks are kept of lines that are kept no more, so that it can be said how many there were.
const MOST_GONE: usize = 16 * 1024;
/// How many of a room's last publications are still known when nothing of it is kept any more.
const LAST_TRACES: usize = 64;

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

/// Where to begin to read again, and what there is from there on.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) from: Cursor,
    pub(super) batches: Vec<Arc<Batch>>,
    pub(super) lines: usize,
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
