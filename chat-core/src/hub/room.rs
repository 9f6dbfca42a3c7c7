//! One room: a log, and the order in which it is published.

use super::Output;
use crate::budget::Budget;
use crate::ids::{ConnId, RoomId};
use crate::log::{Cursor, Log};
use crate::wire::{Messages, Text};

/// A room: whatever is said in it goes to all who are attached to its log, but for the author.
#[derive(Debug)]
pub(super) struct Room {
    id: RoomId,
    log: Log,
}

impl Room {
    /// The room in which everybody starts.
    pub(super) fn lobby(budget: Budget) -> Room {
        Room { id: RoomId::LOBBY, log: Log::new(budget) }
    }

    /// Lets a client read what is said from now on.
    pub(super) fn join(&mut self, conn: ConnId, out: &mut impl Output) {
        out.attach(conn, self.id, Cursor::at(self.log.end()));
    }

    /// Writes what a client said.
    pub(super) fn say(&mut self, author: ConnId, prefix: &[u8], messages: &Messages) {
        self.log.append_all(Some(author), prefix, messages);
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
