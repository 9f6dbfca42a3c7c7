//! Lines that were said and are kept by nobody.

use std::ops::RangeInclusive;

use super::Record;

/// How many lines are lost, and which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) lines: u64,
    /// The numbers of the first and the last of them. Others may be between, from rooms in which
    /// something was said at the same time.
    pub(crate) numbers: Option<RangeInclusive<u64>>,
}

impl Lost {
    /// A record is lost, which may have lines.
    pub(crate) fn add(&mut self, record: &Record) {
        if let Record::Lines(lines) = record {
            let numbers = Some(lines.first()..=lines.last());
            self.and(Lost { lines: lines.count() as u64, numbers });
        }
    }

    /// These are lost as well.
    pub(crate) fn and(&mut self, other: Lost) {
        self.lines += other.lines;
        self.numbers = match (self.numbers.take(), other.numbers) {
            (Some(own), Some(other)) => {
                Some(*own.start().min(other.start())..=*own.end().max(other.end()))
            }
            (own, other) => own.or(other),
        };
    }
}
