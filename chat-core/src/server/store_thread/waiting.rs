//! What is not kept yet.

use crate::store::{Lost, Record};

/// How many bytes of records are kept for later when the store fails.
const MOST: usize = 16 << 20;
/// When there are more, as many are given up that not each record that comes after has to look through
/// all of them again.
const ENOUGH: usize = MOST / 16 * 15;

/// Records that wait for the store, in order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    records: Vec<Record>,
    bytes: usize,
    /// How many of them have been offered to the store already, and why they were not taken.
    offered: usize,
    error: Option<String>,
}

impl Waiting {
    /// Adds records behind the others, and says how many bytes they are.
    pub(super) fn add(&mut self, records: Vec<Record>) -> usize {
        let bytes: usize = records.iter().map(Record::weight).sum();
        self.bytes += bytes;
        self.records.extend(records);
        bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Why the store has not taken them, if they were offered already.
    pub(super) fn error(&self) -> Option<&String> {
        self.error.as_ref()
    }

    /// All of them are kept.
    pub(super) fn clear(&mut self) {
        *self = Waiting::default();
    }

    /// None of them is kept, for this reason, and they stay for longer.
    pub(super) fn keep_for_later(&mut self, error: String) {
        self.error = Some(error);
    }

    /// Gives up the oldest if they are too many: lines before all else, of which there is little. It
    /// says which lines those were.
    pub(super) fn shrink(&mut self) -> Lost {
        self.own();
        let mut lost = Lost::default();
        if self.bytes <= MOST {
            return lost;
        }
        for gives_up_all in [false, true] {
            self.records.retain(|record| {
                let is_given_up =
                    self.bytes > ENOUGH && (gives_up_all || matches!(record, Record::Lines(_)));
                if is_given_up {
                    self.bytes -= record.weight();
                    lost.add(record);
                }
                !is_given_up
            });
        }
        self.offered = self.records.len();
        lost
    }

    /// Gives up all of them, and says which lines those were.
    pub(super) fn give_up(&mut self) -> Lost {
        let mut lost = Lost::default();
        self.records.iter().for_each(|record| lost.add(record));
        self.clear();
        lost
    }

    /// What a server has published counts for its memory for as long as it is held. What waits for a
    /// disk to get free must not slow the chat, and has its own bound.
    fn own(&mut self) {
        for record in self.records.iter_mut().skip(self.offered) {
            if let Record::Lines(lines) = record {
                *lines = lines.to_owned();
            }
        }
        self.offered = self.records.len();
    }
}
