//! What clients say, and where; and what their sockets tell of them.

use std::time::Instant;

use super::answers::Asking;
use super::roster::Entry;
use super::{Hub, Output};
use crate::event::Notification;
use crate::ids::{ConnId, RoomId};
use crate::wire::{Context, Messages, Prefix, Text};

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
        let port = Prefix::of_port(client.port());
        let mut prefix = port.as_bytes();
        if let Some(profile) = &client.profile {
            if profile.name.is_some() {
                prefix = &profile.prefix;
            }
            if profile.muted_until.is_some() && self.is_muted(conn, now, out) {
                return;
            }
        }
        let (addr, name) = (client.addr(), client.name().cloned());
        let stamps = &mut self.stamps;
        self.rooms.change(client.room, |room| {
            room.say(conn, prefix, &messages, stamps);
        });
        out.notify(Notification::Said { conn, addr, name, messages });
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
        self.asking = Some(Asking::new(conn, Some(context)));
        self.say_in_place(conn, text, now, out);
        self.finish_asking(out);
    }

    pub(super) fn say_in_place(
        &mut self,
        conn: ConnId,
        text: &Text,
        now: Instant,
        out: &mut impl Output,
    ) {
        if self.roster.get(conn).is_none() || self.is_muted(conn, now, out) {
            return;
        }
        let Some(place) = self.place_of(conn, out) else { return };
        let Some(client) = self.roster.get(conn) else { return };
        let prefix = format!("{}: ", client.called());
        let (addr, name) = (client.addr(), client.name().cloned());
        let messages = Messages::of(text);
        let (mut first, stamps) = (0, &mut self.stamps);
        self.rooms.change(place, |room| {
            first = room.say(conn, prefix.as_bytes(), &messages, stamps);
        });
        if let Some(room) = self.rooms.get(place) {
            self.confirm(conn, first, &room.name, out);
        }
        out.notify(Notification::Said { conn, addr, name, messages });
    }

    /// The room that a client's line is about; `None` if it is not in the one that it names, of which
    /// it is told.
    pub(super) fn place_of(&self, conn: ConnId, out: &mut impl Output) -> Option<RoomId> {
        let entry = self.roster.get(conn)?;
        let Some(name) = self.asked_room(conn) else { return Some(entry.room) };
        let place = self.rooms.find(name).filter(|&room| entry.rooms().any(|own| own == room));
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
