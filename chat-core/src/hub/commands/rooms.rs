//! Going from room to room.

use std::time::Instant;

use crate::event::Notification;
use crate::hub::announce::Step;
use crate::hub::room::{Line, Manner};
use crate::hub::roster::Entry;
use crate::hub::{Hub, Output};
use crate::ids::{ConnId, RoomId};
use crate::store::Record;
use crate::wire::{Kind, RoomName, Text};

/// The most rooms in which a client can be at once.
const MOST_ROOMS: usize = 50;

impl Hub {
    pub(super) fn join(&mut self, conn: ConnId, name: &RoomName, out: &mut impl Output) {
        if !self.enter_room(conn, name, out) {
            self.refuse(conn, &format!("you are in {MOST_ROOMS} rooms already"), out);
        }
    }

    /// Brings a client into a room and tells it, unless it is in as many as it may be.
    pub(super) fn enter_room(
        &mut self,
        conn: ConnId,
        name: &RoomName,
        out: &mut impl Output,
    ) -> bool {
        let Some(entry) = self.roster.get(conn) else { return true };
        let is_in = self.own_room(conn, name).is_some();
        let is_full = entry.is_tagged() && entry.rooms().count() >= MOST_ROOMS;
        if is_full && !is_in {
            return false;
        }
        let to = self.rooms.find_or_make(name);
        if is_in {
            self.make_current(conn, to, out);
            self.tell_place(conn, &format!("you are in {name} already"), out);
        } else {
            self.go(conn, to, out);
        }
        true
    }

    /// The room of this name, if a client is in it.
    pub(in crate::hub) fn own_room(&self, conn: ConnId, name: &RoomName) -> Option<RoomId> {
        let entry = self.roster.get(conn)?;
        self.rooms.find(name).filter(|&room| entry.rooms().any(|own| own == room))
    }

    pub(super) fn leave(&mut self, conn: ConnId, name: Option<&RoomName>, out: &mut impl Output) {
        let from = match name {
            None => self.place_of(conn, out),
            Some(name) => {
                let own = self.own_room(conn, name);
                if own.is_none() {
                    self.refuse(conn, "you are not in that room", out);
                }
                own
            }
        };
        let Some(from) = from else { return };
        if !self.leave_from(conn, from, out) {
            self.refuse(conn, "you are in the lobby; exit leaves the chat", out);
        }
    }

    /// Takes a client out of one of its rooms and tells it, unless it is in the lobby alone.
    pub(super) fn leave_from(&mut self, conn: ConnId, from: RoomId, out: &mut impl Output) -> bool {
        let Some(entry) = self.roster.get(conn) else { return true };
        if entry.rooms().count() > 1 {
            self.part(conn, from, out);
            return true;
        }
        if from != RoomId::LOBBY {
            self.go_from(conn, Some(from), RoomId::LOBBY, out);
        }
        from != RoomId::LOBBY
    }

    /// Brings a client to another room: out of the one where it is, unless it may be in several.
    fn go(&mut self, conn: ConnId, to: RoomId, out: &mut impl Output) {
        let Some(entry) = self.roster.get(conn) else { return };
        let from = (!entry.is_tagged()).then_some(entry.room);
        self.go_from(conn, from, to, out);
    }

    fn go_from(&mut self, conn: ConnId, from: Option<RoomId>, to: RoomId, out: &mut impl Output) {
        let author = self.author(conn);
        let Some(entry) = self.roster.get_mut(conn) else { return };
        let (addr, called, manner) = (entry.addr(), entry.called(), entry.manner());
        let former = std::mem::replace(&mut entry.room, to);
        match from {
            Some(from) => {
                self.announce(from, Step::Leave, author, &called);
                out.detach(conn, self.rooms.log_of(from, manner));
            }
            None => entry.profile().rooms.insert(0, former),
        }
        self.let_in(to, conn, manner, out);
        let seq = self.rooms.keeping().seq;
        if let Some(session) = self.session_of(conn) {
            session.enter(to, seq);
        }
        if let Some(from) = from {
            self.leave_behind(conn, from);
            self.leave_room(from, manner, out);
        }
        self.save_session_of(conn, out);
        let Some(room) = self.rooms.get(to) else { return };
        let (name, topic) = (room.name.clone(), room.topic.clone());
        out.notify(Notification::Joined { conn, addr, room: name.clone() });
        self.tell_place(conn, &format!("you are in {name}"), out);
        if let Some(topic) = topic {
            self.tell(conn, &format!("topic: {topic}"), out);
        }
        self.announce(to, Step::Join, author, &called);
    }

    /// Takes a client out of one of its rooms.
    fn part(&mut self, conn: ConnId, from: RoomId, out: &mut impl Output) {
        let author = self.author(conn);
        let Some(entry) = self.roster.get_mut(conn) else { return };
        let (addr, called, manner) = (entry.addr(), entry.called(), entry.manner());
        let former = entry.room;
        let others = &mut entry.profile().rooms;
        if former == from {
            entry.room = entry.profile().rooms.remove(0);
        } else {
            others.retain(|&room| room != from);
        }
        self.leave_behind(conn, from);
        self.announce(from, Step::Leave, author, &called);
        out.detach(conn, self.rooms.log_of(from, manner));
        let name = self.rooms.get(from).map(|room| room.name.clone());
        self.leave_room(from, manner, out);
        self.save_session_of(conn, out);
        let Some(name) = name else { return };
        self.tell_place(conn, &format!("you have left {name}"), out);
        out.notify(Notification::Parted { conn, addr, room: name });
    }

    /// Has a client talk in a room in which it is, if nothing else is said.
    fn make_current(&mut self, conn: ConnId, room: RoomId, out: &mut impl Output) {
        let Some(entry) = self.roster.get_mut(conn) else { return };
        let former = std::mem::replace(&mut entry.room, room);
        if former != room {
            let others = &mut entry.profile().rooms;
            others.retain(|&other| other != room);
            others.insert(0, former);
        }
        self.save_session_of(conn, out);
    }

    /// Answers a client, and tells it where it talks from now on.
    fn tell_place(&self, conn: ConnId, what: &str, out: &mut impl Output) {
        let room = self.roster.get(conn).and_then(|entry| self.rooms.get(entry.room));
        let name = room.map_or_else(String::new, |room| room.name.to_string());
        self.answer_with(conn, what, &[("room", &*name)], out);
    }

    /// Lets a client read again what was said last in its room. What it said itself since it came is
    /// not for it, then as now.
    pub(super) fn history(&mut self, conn: ConnId, count: Option<usize>, out: &mut impl Output) {
        if self.rooms.keeping().history.lines == 0 {
            return self.refuse(conn, "this server keeps nothing of what was said", out);
        }
        let Some(place) = self.place_of(conn, out) else { return };
        let manner = self.roster.get(conn).map_or(Manner::Plain, Entry::manner);
        let count = count.unwrap_or(usize::MAX);
        let lines = self.rooms.recall(place, conn, manner, count, out);
        let what = match lines {
            0 => "nothing is kept here of what was said".to_owned(),
            1 => "that was the last line".to_owned(),
            lines => format!("those were the last {lines} lines"),
        };
        self.answer_with(conn, &what, &[("count", &*lines.to_string())], out);
    }

    pub(super) fn tell_topic(&self, conn: ConnId, out: &mut impl Output) {
        let Some(room) = self.place_of(conn, out).and_then(|id| self.rooms.get(id)) else { return };
        match &room.topic {
            Some(topic) => {
                let tags = [("room", &*room.name), ("topic", &**topic)];
                self.answer_with(conn, &format!("topic: {topic}"), &tags, out);
            }
            None => {
                self.answer_with(conn, "the room has no topic", &[("room", &*room.name)], out);
            }
        }
    }

    pub(super) fn set_topic(
        &mut self,
        conn: ConnId,
        topic: &Text,
        now: Instant,
        out: &mut impl Output,
    ) {
        if self.is_muted(conn, now, out) {
            return;
        }
        let Some(room) = self.place_of(conn, out) else { return };
        let called = self.called(conn);
        let text = Text::shown(&format!("{called} sets the topic: {topic}"));
        let line = Line {
            kind: Kind::Topic,
            // Who sets it reads it too.
            author: None,
            from: Some(&called),
            prefix: "* ",
            text: &text,
            extra: Some(("topic", topic)),
        };
        self.write(room, &line);
        self.rooms.change(room, |room| room.topic = Some(topic.clone()));
        if let Some(name) = self.rooms.get(room).map(|room| room.name.clone()) {
            self.record(Record::Topic { room: name, topic: topic.clone() }, out);
        }
    }
}
