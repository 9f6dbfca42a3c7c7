//! What clients say, and where; and what their sockets tell of them.

use std::time::Instant;

use super::answers::Asking;
use super::roster::Entry;
use super::{Hub, Output};
use crate::event::Notification;
use crate::ids::{ConnId, RoomId};
use crate::wire::{Context, Label, Messages, Prefix, Text};

impl Hub {
    pub(super) fn said(
        &mut self,
        conn: ConnId,
        messages: Messages,
        now: Instant,
        out: &mut impl Output,
    ) {
        // Whoever was removed may have been talking on until it took notice.
        let Some(client) = self.roster.get(conn) else { return };
        let place = client.room;
        let is_unsure = client.profile.as_ref().is_some_and(|profile| profile.is_unsure);
        if is_unsure {
            self.hear_from(conn, out);
        }
        let Some(client) = self.roster.get(conn) else { return };
        let may_be_muted =
            client.profile.as_ref().is_some_and(|profile| profile.muted_until.is_some());
        if may_be_muted && self.is_muted(conn, now, out) {
            return;
        }
        self.say(conn, place, messages, None, out);
    }

    /// Writes what a client says in a room, and answers with the number of the first message.
    fn say(
        &mut self,
        conn: ConnId,
        place: RoomId,
        messages: Messages,
        label: Option<&Label>,
        out: &mut impl Output,
    ) -> Option<u64> {
        let client = self.roster.get(conn)?;
        let port = Prefix::of_port(client.port());
        let named = client.profile.as_ref().filter(|profile| profile.name.is_some());
        let prefix = named.map_or(port.as_bytes(), |profile| &profile.prefix);
        let (addr, name) = (client.addr(), client.name().cloned());
        let author = client.session().map_or(conn, ConnId::of_session);
        let (mut first, stamps) = (None, &mut self.stamps);
        self.rooms.change(place, |room| {
            first = Some(room.say(author, prefix, &messages, label, stamps));
        });
        out.notify(Notification::Said { conn, addr, name, messages });
        first
    }

    /// A message of somebody whose tags say where it belongs, or want to know its number.
    pub(super) fn tagged(
        &mut self,
        conn: ConnId,
        text: &Text,
        context: Box<Context>,
        now: Instant,
        out: &mut impl Output,
    ) {
        self.hear_from(conn, out);
        if self.answer_again(conn, context.label.as_ref(), out) {
            return;
        }
        self.asking = Some(Asking::new(conn, Some(context)));
        self.say_in_place(conn, text, now, out);
        self.finish_asking(out);
    }

    fn say_in_place(&mut self, conn: ConnId, text: &Text, now: Instant, out: &mut impl Output) {
        if self.roster.get(conn).is_none() || self.is_muted(conn, now, out) {
            return;
        }
        let Some(place) = self.place_of(conn, out) else { return };
        let label = self.asked_label(conn).cloned();
        let msgid = self.say(conn, place, Messages::of(text), label.as_ref(), out);
        let room = self.rooms.get(place).map(|room| room.name.clone());
        if let (Some(msgid), Some(room)) = (msgid, room) {
            self.confirm(conn, msgid, room, out);
        }
    }

    /// The room that a client's line is about; `None` if it is not in the one that it names, of which
    /// it is told.
    pub(super) fn place_of(&self, conn: ConnId, out: &mut impl Output) -> Option<RoomId> {
        let entry = self.roster.get(conn)?;
        let Some(name) = self.asked_room(conn) else { return Some(entry.room) };
        let place = self.own_room(conn, name);
        if place.is_none() {
            self.refuse(conn, &format!("you are not in {name}"), out);
        }
        place
    }

    pub(super) fn flooding(&mut self, conn: ConnId, out: &mut impl Output) {
        if let Some(addr) = self.roster.get(conn).map(Entry::addr) {
            out.notify(Notification::Flooding { conn, addr });
        }
    }

    pub(super) fn skipped(&mut self, conn: ConnId, lines: u64, out: &mut impl Output) {
        if let Some(addr) = self.roster.get(conn).map(Entry::addr) {
            out.notify(Notification::Skipped { conn, addr, lines });
        }
    }
}
