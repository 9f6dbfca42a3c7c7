//! What clients say to each other beside messages, and what they do not want to read.

use std::time::Instant;

use super::answer;
use crate::event::Notification;
use crate::hub::room::Room;
use crate::hub::{Hub, Output};
use crate::ids::ConnId;
use crate::wire::{Text, Who};

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
        let called = self.called(conn);
        if self.roster.get(reader).is_some_and(|entry| entry.ignores(conn)) {
            return answer(conn, &format!("{} ignores you", self.called(reader)), out);
        }
        // It starts with the name of its author, as all does that clients cause.
        out.direct(reader, format!("{called} (to you): {text}\n").into_bytes());
        answer(conn, &format!("told {}", self.called(reader)), out);
        if let Some(entry) = self.roster.get(conn) {
            let (addr, text) = (entry.addr(), text.clone());
            out.notify(Notification::Private { conn, addr, to: reader, text });
        }
    }

    pub(super) fn me(&mut self, conn: ConnId, text: &Text, now: Instant, out: &mut impl Output) {
        if self.is_muted(conn, now, out) {
            return;
        }
        let Some(entry) = self.roster.get(conn) else { return };
        let (prefix, addr) = (format!("{} * ", entry.called()), entry.addr());
        let write = |room: &mut Room| room.write(conn, prefix.as_bytes(), text.as_bytes());
        self.rooms.change(entry.room, write);
        out.notify(Notification::Action { conn, addr, text: text.clone() });
    }

    pub(super) fn ignore(&mut self, conn: ConnId, who: &Who, out: &mut impl Output) {
        let Some(other) = self.find(conn, who, out) else { return };
        let called = self.called(other);
        let Some(entry) = self.roster.get_mut(conn).filter(|_| other != conn) else {
            return answer(conn, "you do not read yourself", out);
        };
        let ignored = &mut entry.profile().ignored;
        if ignored.len() >= MOST_IGNORED {
            return answer(conn, "you ignore too many already", out);
        }
        if !ignored.contains(&other) {
            ignored.push(other);
            out.ignore(conn, other, true);
        }
        answer(conn, &format!("you read no more of {called}"), out);
    }

    pub(super) fn unignore(&mut self, conn: ConnId, who: &Who, out: &mut impl Output) {
        let Some(other) = self.find(conn, who, out) else { return };
        let called = self.called(other);
        if let Some(entry) = self.roster.get_mut(conn) {
            entry.profile().ignored.retain(|&ignored| ignored != other);
        }
        out.ignore(conn, other, false);
        answer(conn, &format!("you read {called} again"), out);
    }
}
