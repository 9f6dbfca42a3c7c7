//! What clients ask for, one file for each family.

mod about;
mod names;
mod operators;
mod program;
mod resume;
mod rooms;
mod search;
mod tags;
mod talk;

use std::time::Instant;

use super::answers::Asking;
use super::roster::Entry;
use super::{Hub, Output};
use crate::ids::ConnId;
use crate::wire::{Context, Request, Who};

impl Hub {
    /// Does what a client asks for, and answers it. What was said before comes before.
    pub(super) fn asked(
        &mut self,
        conn: ConnId,
        request: Request,
        context: Option<Box<Context>>,
        now: Instant,
        out: &mut impl Output,
    ) {
        if self.roster.get(conn).is_none() {
            return;
        }
        self.hear_from(conn, out);
        let label = context.as_ref().and_then(|context| context.label.as_ref());
        if self.answer_again(conn, label, out) {
            return;
        }
        self.publish(out);
        self.asking = Some(Asking::new(conn, context));
        self.answer_to(conn, request, now, out);
        self.finish_asking(out);
    }

    fn answer_to(&mut self, conn: ConnId, request: Request, now: Instant, out: &mut impl Output) {
        match request {
            Request::Help(which) => self.help(conn, which, out),
            Request::Nick(name) => self.nick(conn, &name, out),
            Request::Who(room) => self.who(conn, room.as_ref(), out),
            Request::Rooms => self.list_rooms(conn, out),
            Request::Tags => self.tags(conn, out),
            Request::Join(room) => self.join(conn, &room, out),
            Request::Leave(room) => self.leave(conn, room.as_ref(), out),
            Request::Msg { to, text } => self.msg(conn, &to, &text, now, out),
            Request::Me(text) => self.me(conn, &text, now, out),
            Request::Topic(None) => self.tell_topic(conn, out),
            Request::Topic(Some(text)) => self.set_topic(conn, &text, now, out),
            Request::History(count) => self.history(conn, count, out),
            Request::Search(words) => self.search(conn, words, out),
            Request::Resume(None) => self.begin_session(conn, out),
            Request::Resume(Some(ticket)) => self.come_back(conn, &ticket, out),
            Request::Ignore(who) => self.ignore(conn, &who, out),
            Request::Unignore(who) => self.unignore(conn, &who, out),
            Request::Op(secret) => self.op(conn, &secret, out),
            Request::Kick { who, reason } => self.kick_by(conn, &who, reason, out),
            Request::Ban { who, time } => self.ban(conn, &who, time, now, out),
            Request::Unban(who) => self.unban(conn, &who, now, out),
            Request::Mute { who, time } => self.mute(conn, &who, time, now, out),
            Request::Notice(text) => self.notice_by(conn, &text, out),
            // The connection itself sees to these.
            Request::Quit => {}
        }
    }

    /// Who is meant, if it is here and it is clear; if not, the asker is told.
    fn find(&self, asker: ConnId, who: &Who, out: &mut impl Output) -> Option<ConnId> {
        let found = match who {
            Who::Name(name) => {
                let owner = self.names.find(name);
                let owner = owner.ok_or_else(|| format!("nobody is called {name}"));
                let is_here = |conn: &ConnId| self.roster.get(*conn).is_some();
                owner.and_then(|conn| {
                    Some(conn).filter(is_here).ok_or_else(|| format!("{name} is away"))
                })
            }
            Who::Port(port) => {
                let is_it = |(conn, entry): (ConnId, &Entry)| {
                    (entry.port() == *port && entry.name().is_none()).then_some(conn)
                };
                let mut all = self.roster.iter().filter_map(is_it);
                match (all.next(), all.next()) {
                    (Some(conn), None) => Ok(conn),
                    (None, _) => Err(format!("nobody is called {port}")),
                    (Some(_), Some(_)) => Err(format!("several are called {port}")),
                }
            }
        };
        found.map_err(|what| self.refuse(asker, &what, out)).ok()
    }

    /// What a client is called; whoever asks is here.
    fn called(&self, conn: ConnId) -> String {
        self.roster.get(conn).map_or_else(String::new, Entry::called)
    }
}
