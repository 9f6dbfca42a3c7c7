//! What clients say to each other beside messages, and what they do not want to read.

use std::time::Instant;

use crate::event::Notification;
use crate::hub::room::Line;
use crate::hub::{Hub, Output};
use crate::ids::ConnId;
use crate::wire::{Kind, Text, Who};

/// The most clients that one can ignore.
const MOST_IGNORED: usize = 100;

impl Hub {
    pub(super) fn msg(
        &mut self,
        conn: ConnId,
        to: &Who,
        text: &Text,
        now: Instant,
        out: &mut impl Output,
    ) {
        if self.is_muted(conn, now, out) {
            return;
        }
        let Some(reader) = self.find(conn, to, out) else { return };
        let author = self.author(conn);
        let called = self.called(conn);
        if self.roster.get(reader).is_some_and(|entry| entry.ignores(author)) {
            return self.refuse(conn, &format!("{} ignores you", self.called(reader)), out);
        }
        // It starts with the name of its author, as all does that clients cause.
        let id = self.stamps.take(1);
        let msgid = id.to_string();
        let tags = [("msgid", &*msgid), ("from", &called)];
        let line =
            self.line_for(reader, Kind::Private, &format!("{called} (to you): "), text, &tags);
        self.keep_private(reader, id, &line);
        out.direct(reader, line);
        let told = format!("told {}", self.called(reader));
        self.answer_with(conn, &told, &[("msgid", &*msgid)], out);
        if let Some(entry) = self.roster.get(conn) {
            let (addr, text) = (entry.addr(), text.clone());
            out.notify(Notification::Private { conn, addr, to: reader, text });
        }
    }

    pub(super) fn me(&mut self, conn: ConnId, text: &Text, now: Instant, out: &mut impl Output) {
        if self.is_muted(conn, now, out) {
            return;
        }
        let Some(place) = self.place_of(conn, out) else { return };
        let Some(entry) = self.roster.get(conn) else { return };
        let (called, addr) = (entry.called(), entry.addr());
        let (prefix, author) = (format!("{called} * "), Some(self.author(conn)));
        let (kind, from) = (Kind::Action, Some(&*called));
        let line = Line { kind, author, from, prefix: &prefix, text, extra: None };
        let label = self.asked_label(conn).cloned();
        let msgid = self.write_labelled(place, &line, label.as_ref());
        let room = self.rooms.get(place).map(|room| room.name.clone());
        if let (Some(msgid), Some(room)) = (msgid, room) {
            self.confirm(conn, msgid, room, out);
        }
        out.notify(Notification::Action { conn, addr, text: text.clone() });
    }

    pub(super) fn ignore(&mut self, conn: ConnId, who: &Who, out: &mut impl Output) {
        let Some(other) = self.find(conn, who, out) else { return };
        let author = self.author(other);
        let called = self.called(other);
        let Some(entry) = self.roster.get_mut(conn).filter(|_| other != conn) else {
            return self.refuse(conn, "you do not read yourself", out);
        };
        let other = author;
        let ignored = &mut entry.profile().ignored;
        if ignored.len() >= MOST_IGNORED {
            return self.refuse(conn, "you ignore too many already", out);
        }
        if !ignored.contains(&other) {
            ignored.push(other);
            self.ignored.add(other);
            out.ignore(conn, other, true);
        }
        self.answer(conn, &format!("you read no more of {called}"), out);
    }

    pub(super) fn unignore(&mut self, conn: ConnId, who: &Who, out: &mut impl Output) {
        let Some(other) = self.find(conn, who, out) else { return };
        if other == conn {
            return self.refuse(conn, "you do not read yourself", out);
        }
        let called = self.called(other);
        for other in [other, self.author(other)] {
            if let Some(entry) = self.roster.get_mut(conn) {
                let own = &mut entry.profile().ignored;
                let dropped: Vec<ConnId> = own.extract_if(.., |it| *it == other).collect();
                self.ignored.remove(&dropped);
            }
            out.ignore(conn, other, false);
        }
        self.answer(conn, &format!("you read {called} again"), out);
    }
}
