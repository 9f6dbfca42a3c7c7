//! Lines of rooms that a client has left. It still gets those that were published before, unless its
//! connection is lost first: then nobody gives them again, but it can be told how many they were.

use super::history::{Gone, Point};

/// Of how many parts this is known exactly. What came before those is one part.
const MOST_PARTS: usize = 256;

/// What was published in rooms that a client has left, while it was there.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// In the order in which it was published.
    parts: Vec<Gone>,
}

impl Left {
    /// Adds what was published in a room that is left, the newest first.
    pub(super) fn add(&mut self, mut newest_first: impl Iterator<Item = Gone>) {
        self.parts.extend(newest_first.by_ref().take(MOST_PARTS));
        self.parts.extend(newest_first.reduce(Gone::and));
        self.tidy();
    }

    /// Adds all of another one.
    pub(super) fn append(&mut self, mut other: Left) {
        self.parts.append(&mut other.parts);
        self.tidy();
    }

    /// How many bytes it takes to know them.
    pub(super) fn weight(&self) -> usize {
        size_of_val(&self.parts[..])
    }

    /// How many of these lines come after a point.
    pub(super) fn lost(&self, point: Point) -> u64 {
        self.parts.iter().map(|gone| gone.after(point)).sum()
    }

    /// Makes one part of the oldest, if they are too many: how many lines they were is still known, and
    /// that somebody has some of them already is not.
    fn tidy(&mut self) {
        self.parts.sort_unstable_by_key(Gone::seq);
        if let Some(spare) = self.parts.len().checked_sub(MOST_PARTS).filter(|&spare| spare > 0) {
            let oldest = self.parts.drain(..=spare).reduce(Gone::and);
            self.parts.splice(..0, oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(seq: u64) -> Point {
        Point { seq: Some(seq), msgid: seq, since: 0 }
    }

    #[test]
    fn what_is_too_old_to_be_known_exactly_is_still_counted() {
        let mut left = Left::default();
        let said =
            |seqs: std::ops::RangeInclusive<u64>| seqs.rev().map(|seq| Gone::new(seq, seq, 1));
        left.add(said(501..=1000));
        left.add(said(1..=500));
        assert_eq!(left.parts.len(), MOST_PARTS);
        assert_eq!(left.lost(point(0)), 1000);
        assert_eq!(left.lost(point(1000)), 0);
        assert_eq!(left.lost(point(990)), 10);
        let mut other = Left::default();
        other.add(said(1001..=1300));
        left.append(other);
        assert_eq!(left.parts.len(), MOST_PARTS);
        assert_eq!([0, 1290, 1300].map(|seq| left.lost(point(seq))), [1300, 10, 0]);
        assert!(left.lost(point(700)) >= 600, "it is not known which of the oldest it has");
    }
}
