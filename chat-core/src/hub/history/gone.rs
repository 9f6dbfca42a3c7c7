//! How far somebody has read, and lines that are kept no more: how many of those come after that.

use crate::ids::ConnId;
use crate::log::Reader;

/// How far somebody has read all of its rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hub) struct Point {
    /// Which publication the last line was of; `None` if that is not known, but then it has all
    /// lines with lower numbers.
    pub(in crate::hub) seq: Option<u64>,
    /// The number of the last line.
    pub(in crate::hub) msgid: u64,
    /// Up to which publication nothing is for it, in the room that this is about: it came there later.
    pub(in crate::hub) since: u64,
}

impl Point {
    /// How many of the lines from a number on, which were published together, come after it.
    pub(super) fn before(self, seq: u64, first: u64, lines: u32) -> u32 {
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

/// Lines that are kept no more.
#[derive(Debug, Clone, Copy)]
pub(in crate::hub) struct Gone {
    pub(super) seq: u64,
    pub(super) msgid: u64,
    pub(super) lines: u32,
    pub(super) session: Option<u32>,
}

impl Gone {
    /// Which publication it was of, the last of them.
    pub(in crate::hub) fn seq(&self) -> u64 {
        self.seq
    }

    /// How many of its lines come after a point.
    pub(in crate::hub) fn after(&self, point: Point) -> u64 {
        point.before(self.seq, self.msgid, self.lines).into()
    }

    /// Both as one: they end where the later one does, and are as many as there are of both.
    pub(in crate::hub) fn and(self, other: Gone) -> Gone {
        let end = |gone: Gone| gone.msgid + u64::from(gone.lines);
        let lines = self.lines.saturating_add(other.lines);
        let msgid = end(self).max(end(other)).saturating_sub(lines.into());
        Gone { seq: self.seq.max(other.seq), msgid, lines, session: None }
    }

    #[cfg(test)]
    pub(in crate::hub) fn new(seq: u64, msgid: u64, lines: u32) -> Gone {
        Gone { seq, msgid, lines, session: None }
    }

    /// Whether it was for a reader.
    pub(super) fn is_for(&self, reader: Reader<'_>) -> bool {
        !reader.steps_over(self.session.map(ConnId::of_session))
    }

    /// Of which publication a line was, if it was one of these.
    pub(in crate::hub) fn seq_of(&self, msgid: u64) -> Option<u64> {
        let numbers = self.msgid..self.msgid + u64::from(self.lines);
        numbers.contains(&msgid).then_some(self.seq)
    }
}
