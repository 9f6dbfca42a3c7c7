//! Going round: who of a room's members is served next, when not all can be at once.

/// A round of a room's members, which goes on where the last one ended.
///
/// To serve a large room takes a while, and what is said meanwhile is to reach those who are still
/// to be served with the rest. So a round can be left at any place and taken up again there, while
/// members come and go: the last one takes the seat of the one who goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lap {
    /// The seat of the member that is next.
    next: usize,
    /// How many members are still to be served in this round.
    left: usize,
    /// Where the log ended when this round began.
    goal: u64,
    /// Where it ended when the round before this one began.
    reached: u64,
}

impl Lap {
    /// Begins a round of so many members, for a log that ends here.
    pub(super) fn begin(&mut self, members: usize, end: u64) {
        (self.left, self.reached, self.goal) = (members, self.reached(), end);
    }

    /// The seat of the member to be served next, of so many; `None` at the end of the round.
    pub(super) fn next(&mut self, members: usize) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let seat = self.next;
        self.next = (seat + 1) % members.max(1);
        Some(seat)
    }

    /// Whether all have been served.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// What everybody has been given at least: all of the log before this place.
    pub(super) fn reached(&self) -> u64 {
        if self.is_over() { self.goal } else { self.reached }
    }

    /// One joins those who were so many; there is nothing to serve it yet.
    pub(super) fn join(&mut self, members: usize) {
        // Its seat is in between if the round goes on past the last one.
        if self.next + self.left > members {
            self.left += 1;
        }
    }

    /// One of so many leaves, and the last one takes its seat. It answers whether the last one was
    /// still to be served, and now will not be.
    pub(super) fn leave(&mut self, members: usize) -> bool {
        let is_due = self.left > 0 && self.next + self.left >= members;
        self.left -= usize::from(is_due);
        if self.next + 1 >= members {
            self.next = 0;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens to a room and its members.
    #[derive(Debug, Clone)]
    enum Step {
        Say,
        Serve(usize),
        Join,
        Leave(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            Just(Step::Say),
            (1..6_usize).prop_map(Step::Serve),
            Just(Step::Join),
            any::<usize>().prop_map(Step::Leave),
        ];
        proptest::collection::vec(step, 0..200)
    }

    proptest! {
        /// Each member is a number here: how much of the log it has been given.
        #[test]
        fn everybody_has_what_the_lap_says_has_been_reached(steps in steps()) {
            let mut members: Vec<u64> = Vec::new();
            let (mut lap, mut end) = (Lap::default(), 0);
            for step in steps {
                match step {
                    Step::Say => {
                        end += 1;
                        if lap.is_over() {
                            lap.begin(members.len(), end);
                        }
                    }
                    Step::Serve(count) => {
                        for _ in 0..count {
                            let Some(seat) = lap.next(members.len()) else { break };
                            members[seat] = end;
                        }
                        if lap.is_over() && lap.reached() < end {
                            lap.begin(members.len(), end);
                        }
                    }
                    Step::Join => {
                        lap.join(members.len());
                        members.push(end);
                    }
                    Step::Leave(who) if !members.is_empty() => {
                        let seat = who % members.len();
                        let is_due = lap.leave(members.len());
                        members.swap_remove(seat);
                        if is_due && let Some(moved) = members.get_mut(seat) {
                            *moved = end;
                        }
                    }
                    Step::Leave(_) => {}
                }
                let least = members.iter().copied().min().unwrap_or(end);
                prop_assert!(least >= lap.reached(), "{members:?} {lap:?}");
            }
            // A round ends after as many members as there are.
            let mut served = 0;
            while lap.next(members.len()).is_some() {
                served += 1;
            }
            prop_assert!(served <= members.len());
        }
    }

    #[test]
    fn a_round_goes_on_where_the_last_one_ended() {
        let mut lap = Lap::default();
        lap.begin(3, 10);
        assert_eq!((lap.next(3), lap.next(3)), (Some(0), Some(1)));
        assert_eq!((lap.reached(), lap.is_over()), (0, false));
        assert_eq!((lap.next(3), lap.next(3)), (Some(2), None));
        assert_eq!((lap.reached(), lap.is_over()), (10, true));
        lap.begin(3, 20);
        // The last one takes the seat of the first, and is to be served apart.
        assert_eq!(lap.next(3), Some(0));
        assert!(lap.leave(3));
        assert_eq!((lap.next(2), lap.next(2)), (Some(1), None));
    }
}
