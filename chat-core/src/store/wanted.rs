//! How much is told at the start, of what is kept.

use std::time::{Duration, SystemTime};

use super::LeftOut;

/// How many labels of a session are known, with what answered them: a client must not have more lines
/// without an answer.
pub(crate) const LABELS: usize = 64;
/// Of how many writes to a room it is wanted to know if nobody says otherwise.
const LEFT_OUT: usize = 16 * 1024;

/// How much is to be told at the start, of what is kept.
///
/// Of nearly all rooms little is of use then: somebody may come back to a few of them, and there is what is
/// missing to be given. So these are told of: the rooms that a session names, and of all others those that
/// have a topic, or lines that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The last lines of each room that a session names.
    pub for_sessions: Amount,
    /// The last lines of each other room.
    pub for_others: Amount,
    /// How many other rooms are told of, at most: those in which something was said last.
    pub others: usize,
    /// At most so many bytes of lines, of all rooms together. Those that sessions name come first.
    pub bytes: usize,
    /// Of so many writes at most to each room that a session names it is wanted to know that they were,
    /// though their lines are not told; and of four times as many in all rooms together.
    pub left_out: usize,
    /// The last labels of each session, so many of them.
    pub labels: usize,
    /// What time it is.
    pub now: SystemTime,
}

/// How many of a room's lines are wanted: the last ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Amount {
    /// So many lines at least, if there are as many; whole [`Lines`](super::Lines) are told. 0: none.
    pub lines: usize,
    /// At most so many bytes.
    pub bytes: usize,
    /// No lines that are older.
    pub age: Option<Duration>,
}

impl Amount {
    /// This much of a room.
    pub fn new(lines: usize, bytes: usize, age: Option<Duration>) -> Amount {
        Amount { lines, bytes, age }
    }

    /// Whether no line is wanted.
    pub(super) fn is_none(&self) -> bool {
        self.lines == 0 || self.bytes == 0
    }
}

impl Wanted {
    /// This much of every room, by the system's clock.
    pub fn new(lines: usize, bytes: usize, age: Option<Duration>, labels: usize) -> Wanted {
        let amount = Amount { lines, bytes, age };
        Wanted {
            for_sessions: amount,
            for_others: amount,
            others: usize::MAX,
            bytes: usize::MAX,
            left_out: LEFT_OUT,
            labels,
            now: SystemTime::now(),
        }
    }

    /// Chooses lines, room by room.
    pub(super) fn choice(&self) -> Choice {
        let amount = Amount { lines: 0, bytes: 0, age: None };
        let numbers = self.left_out.saturating_mul(4);
        Choice { now: self.now, left: self.bytes, amount, most_left_out: self.left_out, numbers }
    }
}

/// What is still wanted.
#[derive(Debug)]
pub(super) struct Choice {
    now: SystemTime,
    /// How many bytes of all rooms.
    left: usize,
    /// How much of the room at hand.
    amount: Amount,
    /// Of how many writes to a room that are not told it is wanted to know, and to all rooms.
    most_left_out: usize,
    numbers: usize,
}

impl Choice {
    /// The lines to come are those of another room, the newest first, of which so much is wanted.
    pub(super) fn begin(&mut self, amount: Amount) {
        self.amount = amount;
    }

    /// Whether lines are wanted of which there are so many, of so many bytes in all, said by then. After
    /// the first that are not, no more of the room are.
    pub(super) fn takes(&mut self, lines: usize, bytes: usize, time: SystemTime) -> bool {
        let amount = &mut self.amount;
        let oldest = amount.age.and_then(|age| self.now.checked_sub(age));
        let is_old = oldest.is_some_and(|oldest| time < oldest);
        if amount.lines == 0 || bytes > amount.bytes.min(self.left) || is_old {
            return false;
        }
        amount.lines = amount.lines.saturating_sub(lines);
        amount.bytes -= bytes;
        self.left -= bytes;
        true
    }

    /// Adds what is known of lines that are not told, which are before those that were added last; of the
    /// room at hand, all are in `told`. It says whether there may be more: if these are too many, it is
    /// only told that there were some.
    pub(super) fn leave_out(&mut self, lines: &[LeftOut], told: &mut Vec<LeftOut>) -> bool {
        let Some(last) = lines.last() else { return true };
        if lines.len() > self.numbers.min(self.most_left_out.saturating_sub(told.len())) {
            let end = last.first.saturating_add(u64::from(last.lines.saturating_sub(1)));
            told.push(LeftOut::at_least_one(last.seq, end));
            return false;
        }
        self.numbers -= lines.len();
        told.extend(lines.iter().rev());
        true
    }
}
