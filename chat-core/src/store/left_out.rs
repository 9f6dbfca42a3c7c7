//! Lines that are kept and not told at the start: whoever comes back is told how many of them it has missed.

use std::collections::HashMap;

use super::{Lines, Mark, SavedSession};
use crate::wire::RoomName;

/// Consecutive lines of a room that are not told: only that they were said, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The [`Lines::seq`] of what they are a part of.
    pub seq: u64,
    /// The number of the first one. Those of the others follow it.
    pub first: u64,
    /// How many they are.
    pub lines: u32,
    /// The session of their author, if it has one.
    pub session: Option<u32>,
}

impl LeftOut {
    pub(super) fn of(seq: u64, mark: &Mark) -> LeftOut {
        let Mark { msgid: first, lines, session, .. } = *mark;
        LeftOut { seq, first, lines, session }
    }

    /// One line at least, of those up to this one.
    pub(super) fn at_least_one(seq: u64, last: u64) -> LeftOut {
        LeftOut { seq, first: last, lines: 1, session: None }
    }
}

impl Lines {
    /// What is told of these lines if they themselves are not.
    pub fn left_out(&self) -> Vec<LeftOut> {
        self.marks().iter().map(|mark| LeftOut::of(self.seq(), mark)).collect()
    }
}

/// Which lines of a room nobody has missed who may come back to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Those of up to this [`Lines::seq`] are for none of them.
    seq: u64,
    /// Those of up to this number have all of them got.
    number: u64,
}

impl Known {
    /// What is known of each room that a session names.
    pub(super) fn of<'a>(
        sessions: impl IntoIterator<Item = &'a SavedSession>,
    ) -> HashMap<&'a RoomName, Known> {
        let mut all: HashMap<&RoomName, Known> = HashMap::new();
        for session in sessions {
            let number =
                session.former.map_or(session.since, |(_, since)| since.min(session.since));
            for room in &session.rooms {
                let known = Known { seq: room.since, number };
                all.entry(&room.name).and_modify(|all| *all = all.and(known)).or_insert(known);
            }
        }
        all
    }

    /// What is known of both.
    pub(super) fn and(self, other: Known) -> Known {
        Known { seq: self.seq.min(other.seq), number: self.number.min(other.number) }
    }

    /// Whether nobody has missed lines that are of this place, and end with this number.
    pub(super) fn has(self, seq: u64, last: u64) -> bool {
        seq <= self.seq || last <= self.number
    }
}
