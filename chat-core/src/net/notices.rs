//! What an I/O thread tells a connection by itself, and what it still has to tell of.

use std::time::SystemTime;

use super::conn::Conn;
use crate::wire::{Kind, Label, Stamp, Text, notice};

/// Lines that a connection has missed because it was too slow.
#[derive(Debug, Default)]
pub(super) struct Missed {
    lines: u64,
    /// The number of the last batch before it went on.
    until: u64,
}

impl<S> Conn<S> {
    /// Notes that it has missed so many lines, up to the batch of this number.
    pub(super) fn miss(&mut self, lines: u64, until: u64) {
        if lines > 0 {
            let missed = self.extra().missed.get_or_insert_default();
            missed.lines += lines;
            missed.until = until;
        }
    }

    /// Whether it has missed lines and was not told of them.
    pub(super) fn has_missed(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.missed.is_some())
    }

    /// Queues the notice of the lines that it has missed since it was last told.
    pub(super) fn tell_missed(&mut self, wall: SystemTime) {
        let Some(missed) = self.extra.as_mut().and_then(|extra| extra.missed.take()) else {
            return;
        };
        let what = match missed.lines {
            1 => "you were too slow: 1 line was skipped".to_owned(),
            count => format!("you were too slow: {count} lines were skipped"),
        };
        let notice = self.line_of(wall, Kind::Notice, &what, None);
        self.direct.insert(&notice, missed.until);
    }

    /// A line of the server for this connection alone: with tags, if it wants them.
    pub(super) fn line_of(
        &self,
        wall: SystemTime,
        kind: Kind,
        what: &str,
        label: Option<&Label>,
    ) -> Vec<u8> {
        self.line_with(Stamp::new(wall, kind).with_label(label), what)
    }

    /// The same with any tags.
    pub(super) fn line_with(&self, stamp: Stamp, what: &str) -> Vec<u8> {
        let mut line = notice(&Text::shown(what));
        if self.decoder.is_tagged() {
            line.splice(..0, stamp.prefix().into_bytes());
        }
        line
    }
}
