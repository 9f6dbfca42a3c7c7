//! One room: a log, and the order in which it is published.

use super::Output;
use crate::budget::Budget;
use crate::ids::{ConnId, RoomId};
use crate::log::{Cursor, Log};
use crate::wire::{Messages, RoomName, Text};

/// A room: whatever is said in it goes to all who are attached to its log, but for the author.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) name: RoomName,
    pub(super) topic: Option<Text>,
    /// How many clients are in it.
    pub(super) members: usize,
    /// It is in the list of those that are to be published.
    pub(super) is_dirty: bool,
    log: Log,
}

impl Room {
    /// A room with nobody in it.
    pub(super) fn new(id: RoomId, name: RoomName, budget: Budget) -> Room {
        Room { id, name, topic: None, members: 0, is_dirty: false, log: Log::new(budget) }
    }

    /// Lets a client read what is said from now on.
    pub(super) fn attach(&self, conn: ConnId, out: &mut impl Output) {
        out.attach(conn, self.id, Cursor::at(self.log.end()));
    }

    /// Writes what a client said.
    pub(super) fn say(&mut self, author: ConnId, prefix: &[u8], messages: &Messages) {
        self.log.append_all(Some(author), prefix, messages);
    }

    /// Writes one line that a client causes.
    pub(super) fn write(&mut self, author: ConnId, prefix: &[u8], text: &[u8]) {
        self.log.append(Some(author), prefix, text);
    }

    /// Writes what the server has to say.
    pub(super) fn announce(&mut self, text: &Text) {
        self.log.append(None, b"* ", text.as_bytes());
    }

    /// How many bytes wait to be published.
    pub(super) fn unpublished(&self) -> usize {
        self.log.unsealed()
    }

    /// Gives out what was written since the last time.
    pub(super) fn publish(&mut self, out: &mut impl Output) {
        if let Some(batch) = self.log.seal() {
            out.publish(self.id, batch);
        }
    }
}
