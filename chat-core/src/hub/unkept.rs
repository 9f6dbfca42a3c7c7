//! Lines that were said and that the store has given up: who asks again what became of them is not told
//! that they are stored.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// How many stretches of them are known. Of more, the oldest become one.
const MOST: usize = 64;

/// Their numbers, in order.
#[derive(Debug, Default)]
pub(super) struct Unkept {
    stretches: VecDeque<RangeInclusive<u64>>,
}

impl Unkept {
    /// These were given up, after all that were before.
    pub(super) fn add(&mut self, numbers: &RangeInclusive<u64>) {
        self.stretches.push_back(numbers.clone());
        if self.stretches.len() > MOST
            && let (Some(first), Some(second)) =
                (self.stretches.pop_front(), self.stretches.front_mut())
        {
            // Those between are of long ago. To call them not stored is the error that loses nothing.
            *second = *first.start()..=*second.end();
        }
    }

    /// Whether a line is one of them.
    pub(super) fn has(&self, msgid: u64) -> bool {
        self.stretches.iter().any(|numbers| numbers.contains(&msgid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_them_is_forgotten_however_many_there_are() {
        let mut unkept = Unkept::default();
        for start in 0..1000 {
            unkept.add(&(start * 10..=start * 10 + 1));
        }
        assert_eq!(unkept.stretches.len(), MOST);
        assert!((0..1000).all(|start| unkept.has(start * 10) && unkept.has(start * 10 + 1)));
        assert!(!unkept.has(9_985) && !unkept.has(10_000));
    }
}
