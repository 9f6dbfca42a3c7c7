//! Lines for one connection alone.

use super::{Shard, enqueue_write};
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::net::conn::Phase;
use crate::net::inbox::Inbox;
use crate::net::socket::Socket;
use crate::wire::{Kind, Label, Stamp};

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Sends a notice to one connection. What it did wrong it is told as soon as a line ends.
    pub(super) fn tell(&mut self, id: ConnId, what: &str) {
        self.tell_as(id, Kind::Notice, what, None);
    }

    /// Tells one connection why it is closed, and that it is not to come back.
    pub(super) fn tell_finally(&mut self, id: ConnId, what: &str) {
        let Some(conn) = self.conns.get(id) else { return };
        let stamp = Stamp::new(self.settings.clock.wall(), Kind::Notice).with("final", "");
        let line = conn.line_with(stamp, what);
        self.give(id, &line, 0);
    }

    /// Tells one connection that something which it sent is refused.
    pub(super) fn refuse(&mut self, id: ConnId, what: &str, label: Option<&Label>) {
        self.tell_as(id, Kind::Error, what, label);
    }

    fn tell_as(&mut self, id: ConnId, kind: Kind, what: &str, label: Option<&Label>) {
        let Some(conn) = self.conns.get(id) else { return };
        let line = conn.line_of(self.settings.clock.wall(), kind, what, label);
        self.give(id, &line, 0);
    }

    /// Adds a line to those that wait for one connection, to go out when the connection has got all
    /// that it gets of the batch of this number and those before.
    pub(super) fn give(&mut self, id: ConnId, line: &[u8], after: u64) {
        if !self.has_room_for(id, line) {
            // Perhaps nobody has tried to write yet.
            self.flush(id.slot());
        }
        if self.has_room_for(id, line) {
            let Some(conn) = self.conns.get(id) else { return };
            conn.direct.push(line, after);
            enqueue_write(&mut self.writes, conn);
            return self.account(id.slot());
        }
        let Some(conn) = self.conns.get(id) else { return };
        self.tally.lines_dropped += 1;
        if conn.phase != Phase::Lingering {
            self.has_failed(id.slot(), CloseReason::TooSlow);
        }
    }

    /// Whether one more line may wait for a connection. For one that takes all it is given it will
    /// not have to, however long it is.
    fn has_room_for(&mut self, id: ConnId, line: &[u8]) -> bool {
        let most = self.settings.limits.direct;
        let Some(conn) = self.conns.get(id) else { return false };
        // After our half of the stream has ended, nothing goes out any more.
        let is_heard = conn.phase != Phase::Lingering;
        let takes_all = conn.direct.is_empty() && !conn.is_blocked;
        is_heard && (takes_all || conn.direct.len() + line.len() <= most)
    }
}
