//! Who is here: how clients come and go.

use std::net::SocketAddr;
use std::time::Instant;

use super::announce::Step;
use super::room::Manner;
use super::roster::Entry;
use super::{Hub, Output};
use crate::event::{ClientInfo, CloseReason, Notification};
use crate::ids::{ConnId, RoomId};
use crate::wire::{Kind, Text};

impl Hub {
    pub(super) fn connected(
        &mut self,
        conn: ConnId,
        addr: SocketAddr,
        now: Instant,
        out: &mut impl Output,
    ) {
        self.roster.add(conn, addr);
        self.let_in(RoomId::LOBBY, conn, Manner::Plain, out);
        out.notify(Notification::Connected { conn, addr });
        if let Some(left) = self.bans.left(addr.ip(), now) {
            self.announcer.withhold(RoomId::LOBBY, conn);
            return self.keep_away(conn, left.as_secs().div_ceil(60), out);
        }
        let called = addr.port().to_string();
        self.announce(RoomId::LOBBY, Step::Join, conn, &called);
    }

    /// Lets somebody into a room, with the last of what was said there before.
    pub(super) fn let_in(
        &mut self,
        room: RoomId,
        conn: ConnId,
        manner: Manner,
        out: &mut impl Output,
    ) {
        let lines = self.rooms.keeping().history.on_join;
        if lines > 0 {
            // What was said before counts.
            self.publish(out);
        }
        self.rooms.enter(room, conn, manner, out);
        self.rooms.recall(room, conn, manner, lines, out);
    }

    pub(super) fn left(&mut self, conn: ConnId, reason: CloseReason, out: &mut impl Output) {
        let author = self.author(conn);
        let Some(client) = self.roster.remove(conn) else { return };
        let (called, addr) = (client.called(), client.addr());
        for room in client.rooms() {
            self.announce(room, Step::Leave, author, &called);
        }
        self.take_leave(client, reason, out);
        out.notify(Notification::Disconnected { conn, addr, reason });
    }

    /// Takes somebody out of the number of those who are in a room.
    pub(super) fn leave_room(&mut self, room: RoomId, manner: Manner, out: &mut impl Output) {
        self.rooms.leave(room, manner, out);
        if self.rooms.get(room).is_none() {
            self.announcer.forget(room);
        }
    }

    /// Brings a client's part in the chat to its end, and tells it why if that is not its own doing.
    /// The answer is whether it was here: whoever was removed has had its end already.
    pub(super) fn see_off(
        &mut self,
        conn: ConnId,
        what: Option<&Text>,
        reason: CloseReason,
        out: &mut impl Output,
    ) -> bool {
        if self.roster.get(conn).is_none() {
            return false;
        }
        // What was said before still reaches it, and so do the answers to what it asked.
        self.publish(out);
        let is_final = matches!(reason, CloseReason::Kicked | CloseReason::Banned);
        let is_tagged = self.roster.get(conn).is_some_and(Entry::is_tagged);
        let what = what.map(|what| &**what);
        // A program has to be told that it shall not come back, if not why.
        let what = what.or((is_final && is_tagged).then_some("you were removed"));
        if let Some(what) = what {
            let tags: &[_] = if is_final { &[("final", "")] } else { &[] };
            self.direct(conn, Kind::Notice, "* ", what, tags, out);
        }
        out.close(conn);
        self.left(conn, reason, out);
        true
    }

    /// As whom a client writes: its session, if it has one, whatever connection that has.
    pub(super) fn author(&self, conn: ConnId) -> ConnId {
        let session = self.roster.get(conn).and_then(Entry::session);
        session.map_or(conn, ConnId::of_session)
    }

    /// Removes a client that is kept away for so many minutes.
    pub(super) fn keep_away(&mut self, conn: ConnId, minutes: u64, out: &mut impl Output) {
        let what = Text::shown(&format!("you are kept away for {minutes} minutes"));
        self.see_off(conn, Some(&what), CloseReason::Banned, out);
    }

    /// What is known here of a client.
    pub(super) fn info(&self, conn: ConnId, entry: &Entry) -> ClientInfo {
        let mut info = ClientInfo::new(conn, entry.addr());
        info.name = entry.name().cloned();
        let rooms = entry.rooms().filter_map(|room| self.rooms.get(room));
        info.rooms = rooms.map(|room| room.name.clone()).collect();
        info.room = info.rooms.first().cloned();
        info.is_operator = entry.is_operator();
        info
    }
}
