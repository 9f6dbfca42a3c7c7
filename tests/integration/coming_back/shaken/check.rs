//! What must be true of all that was said and heard.

use std::collections::{BTreeMap, BTreeSet};

use super::talker::{Line, Outcome, Transcript};
use super::{END, ROOMS, rooms_of};

/// All that everybody knows at the end.
pub(super) struct Check {
    pub(super) seed: u64,
    /// What was said in each room, as one knows to whom nothing has happened.
    pub(super) log: BTreeMap<String, Vec<Line>>,
    pub(super) transcripts: Vec<Transcript>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Check {
    /// Each line was said once, under the number that its author was told.
    pub(super) fn said_once(&self) {
        let mut said: BTreeMap<&str, u64> = BTreeMap::new();
        for (msgid, text) in self.log.values().flatten() {
            let before = said.insert(text, *msgid);
            assert_eq!(before, None, "seed {}: {text} was said twice", self.seed);
        }
        for (text, told) in self.outcomes.iter().flat_map(|outcome| &outcome.said) {
            let msgid = said.get(&**text).copied();
            let msgid = msgid.unwrap_or_else(|| panic!("seed {}: {text} was not said", self.seed));
            assert!(told.is_none_or(|told| told == msgid), "seed {}: {text}", self.seed);
        }
    }

    /// Everybody has heard what others said, once and in order, but for as many lines as it was told
    /// of. The answer is how many those are.
    pub(super) fn lost(&self) -> u64 {
        (0..self.transcripts.len()).map(|number| self.lost_by(number)).sum()
    }

    fn lost_by(&self, number: usize) -> u64 {
        let (seed, transcript) = (self.seed, &self.transcripts[number]);
        let own = format!("c{number}-");
        let mut missing = Vec::new();
        for (place, room) in ROOMS.into_iter().enumerate() {
            let heard = transcript.rooms.get(room).into_iter().flatten();
            let mut heard = heard.filter(|(_, text)| !text.starts_with(END)).peekable();
            let due = self.log[room].iter().filter(|_| rooms_of(number).contains(&place));
            for line in due.filter(|(_, text)| !text.starts_with(&own)) {
                if heard.next_if_eq(&line).is_none() {
                    missing.push(line);
                }
            }
            let rest: Vec<&Line> = heard.collect();
            assert!(
                rest.is_empty(),
                "seed {seed}, {number} in {room}: {rest:?} came again, or late"
            );
        }
        let private: BTreeSet<&String> = transcript.private.iter().collect();
        let is_once = private.len() == transcript.private.len();
        assert!(is_once, "seed {seed}, {number} was told twice: {:?}", transcript.private);
        let told = self.outcomes.iter().flat_map(|outcome| &outcome.told);
        let told: BTreeSet<&String> =
            told.filter(|(to, _)| *to == number).map(|(_, text)| text).collect();
        assert_eq!(private, told, "seed {seed}, what {number} was told alone");
        let count = missing.len() as u64;
        assert_eq!(count, transcript.lost, "seed {seed}, {number} has not got {missing:?}");
        count
    }
}
