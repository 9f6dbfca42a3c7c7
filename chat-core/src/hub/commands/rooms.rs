//! Going from room to room.

use std::time::Instant;

use super::answer;
use crate::event::Notification;
use crate::hub::{Hub, Output};
use crate::ids::{ConnId, RoomId};
use crate::wire::{RoomName, Text};

impl Hub {
    pub(super) fn join(&mut self, conn: ConnId, name: &RoomName, out: &mut impl Output) {
        let Some(from) = self.roster.get(conn).map(|entry| entry.room) else { return };
        let to = self.rooms.find_or_make(name);
        if to == from {
            return answer(conn, &format!("you are in {name} already"), out);
        }
        self.go(conn, to, out);
    }

    pub(super) fn leave(&mut self, conn: ConnId, name: Option<&RoomName>, out: &mut impl Output) {
        let Some(from) = self.roster.get(conn).map(|entry| entry.room) else { return };
        if name.is_some_and(|name| self.rooms.find(name) != Some(from)) {
            return answer(conn, "you are not in that room", out);
        }
        if from == RoomId::LOBBY {
            return answer(conn, "you are in the lobby; exit leaves the chat", out);
        }
        self.go(conn, RoomId::LOBBY, out);
    }

    /// Brings a client from the room where it is to another one.
    fn go(&mut self, conn: ConnId, to: RoomId, out: &mut impl Output) {
        let Some(entry) = self.roster.get_mut(conn) else { return };
        let (addr, called) = (entry.addr(), entry.called());
        let from = std::mem::replace(&mut entry.room, to);
        self.announce_in(from, conn, &format!("{called} left"));
        self.rooms.enter(to);
        let Some(room) = self.rooms.get(to) else { return };
        let name = room.name.clone();
        out.detach(conn, from);
        room.attach(conn, out);
        self.rooms.leave(from, out);
        out.notify(Notification::Joined { conn, addr, room: name.clone() });
        answer(conn, &format!("you are in {name}"), out);
        if let Some(topic) = self.rooms.get(to).and_then(|room| room.topic.clone()) {
            answer(conn, &format!("topic: {topic}"), out);
        }
        self.announce_in(to, conn, &format!("{called} joined"));
    }

    pub(super) fn tell_topic(&self, conn: ConnId, out: &mut impl Output) {
        let room = self.roster.get(conn).and_then(|entry| self.rooms.get(entry.room));
        let what = match room.and_then(|room| room.topic.as_ref()) {
            Some(topic) => format!("topic: {topic}"),
            None => "the room has no topic".into(),
        };
        answer(conn, &what, out);
    }

    pub(super) fn set_topic(
        &mut self,
        conn: ConnId,
        topic: Text,
        now: Instant,
        out: &mut impl Output,
    ) {
        if self.is_muted(conn, now, out) {
            return;
        }
        let Some(entry) = self.roster.get(conn) else { return };
        let (called, room) = (entry.called(), entry.room);
        let line = Text::shown(&format!("{called} sets the topic: {topic}"));
        self.rooms.change(room, |room| {
            room.topic = Some(topic);
            room.announce(&line);
        });
    }
}
