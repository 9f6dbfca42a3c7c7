//! What the hub has to say to one client: to each in its own way, plain or with tags.

use std::cell::{Cell, RefCell};
use std::time::SystemTime;

use super::roster::Entry;
use super::session::Answer;
use super::{Hub, Output};
use crate::ids::ConnId;
use crate::wire::{Context, Kind, Label, RoomName, Stamp, Text};

/// Whose line is being dealt with, and what its tags say.
#[derive(Debug)]
pub(super) struct Asking {
    conn: ConnId,
    context: Option<Box<Context>>,
    /// A label is for one answer.
    is_answered: Cell<bool>,
    /// That one.
    answer: RefCell<Option<Answer>>,
}

impl Asking {
    pub(super) fn new(conn: ConnId, context: Option<Box<Context>>) -> Asking {
        Asking { conn, context, is_answered: Cell::new(false), answer: RefCell::new(None) }
    }

    fn has_answered(&self, answer: Answer) {
        self.is_answered.set(true);
        self.answer.replace(Some(answer));
    }

    /// The answer comes later: it is taken out of here for that.
    pub(super) fn postpone(&mut self) -> Option<Box<Context>> {
        self.context.take()
    }
}

/// What tells a client that something it has said is there, as soon as it is.
#[derive(Debug)]
pub(super) struct Confirmation {
    conn: ConnId,
    sent: Vec<u8>,
    volatile: Vec<u8>,
}

/// Tags that only some lines have.
pub(super) type Extra<'a> = &'a [(&'static str, &'a str)];

impl Hub {
    /// Tells one client something that it has not asked for.
    pub(super) fn tell(&self, conn: ConnId, what: &str, out: &mut impl Output) {
        self.direct(conn, Kind::Notice, "* ", what, &[], out);
    }

    /// Answers whoever asks for something: it is done. Somebody else is merely told.
    pub(super) fn answer(&self, conn: ConnId, what: &str, out: &mut impl Output) {
        self.answer_with(conn, what, &[], out);
    }

    /// The same with tags for programs.
    pub(super) fn answer_with(
        &self,
        conn: ConnId,
        what: &str,
        extra: Extra<'_>,
        out: &mut impl Output,
    ) {
        let is_asker = self.asking.as_ref().is_some_and(|asking| asking.conn == conn);
        let kind = if is_asker { Kind::Answer } else { Kind::Notice };
        self.direct(conn, kind, "* ", what, extra, out);
    }

    /// Answers whoever asks for something that it is not done, and why.
    pub(super) fn refuse(&self, conn: ConnId, what: &str, out: &mut impl Output) {
        self.direct(conn, Kind::Error, "* ", what, &[], out);
    }

    /// Gives a client what the embedding program has answered to its command, after what was said
    /// before.
    pub(super) fn answered(
        &mut self,
        conn: ConnId,
        answer: Result<Option<Text>, Text>,
        context: Option<Box<Context>>,
        out: &mut impl Output,
    ) {
        self.hear_from(conn, out);
        // The program has been asked again, for all that: nobody there knows of labels.
        let label = context.as_ref().and_then(|context| context.label.as_ref());
        if self.answer_again(conn, label, out) {
            return;
        }
        self.publish(out);
        self.asking = Some(Asking::new(conn, context));
        match answer {
            Ok(Some(text)) => self.answer(conn, &text, out),
            Ok(None) => {}
            Err(reason) => self.refuse(conn, &reason, out),
        }
        self.finish_asking(out);
    }

    /// Answers a line that has been said, if it has a label.
    pub(super) fn confirm(
        &mut self,
        conn: ConnId,
        msgid: u64,
        room: RoomName,
        out: &mut impl Output,
    ) {
        let Some(label) = self.asked_label(conn).cloned() else { return };
        let at = self.stamps.wall;
        self.give_confirmation(conn, msgid, &room, at, &label, out);
        if let Some(asking) = &self.asking {
            asking.has_answered(Answer::Sent { msgid, room, at });
        }
    }

    /// Tells a client that what it has said is there: in the room's log and, with a store, in that.
    pub(super) fn give_confirmation(
        &mut self,
        conn: ConnId,
        msgid: u64,
        room: &RoomName,
        at: SystemTime,
        label: &Label,
        out: &mut impl Output,
    ) {
        let stamp = Stamp::new(at, Kind::Sent).with("msgid", &msgid.to_string());
        let stamp = stamp.with("room", room);
        let tags = stamp.clone().with_label(Some(label)).prefix();
        let sent = format!("{tags}* sent\n").into_bytes();
        if !self.rooms.keeping().is_storing {
            return out.direct(conn, sent);
        }
        let tags = stamp.with("volatile", "").with_label(Some(label)).prefix();
        let volatile = format!("{tags}* sent, and not stored\n").into_bytes();
        // Of what was given up, nothing that is kept later says that it is there.
        let sent = if self.unkept.has(msgid) { volatile.clone() } else { sent };
        // What is confirmed is to be kept first, and that is done when it is published.
        self.confirmations.push(Confirmation { conn, sent, volatile });
    }

    /// Tells who has said something that it is there: all of it has been published.
    pub(super) fn give_confirmations(&mut self, out: &mut impl Output) {
        for Confirmation { conn, sent, volatile } in self.confirmations.drain(..) {
            out.confirm(conn, sent, volatile);
        }
    }

    /// Answers a line that is to have an answer and has got none by now, and notes its answer for the
    /// case that it is sent again.
    pub(super) fn finish_asking(&mut self, out: &mut impl Output) {
        let asker = self.asking.as_ref().map(|asking| asking.conn);
        let is_owed =
            |conn: &ConnId| self.asked_label(*conn).is_some() && self.roster.get(*conn).is_some();
        if let Some(conn) = asker.filter(is_owed) {
            // What was done comes before.
            self.publish(out);
            self.answer(conn, "done", out);
        }
        let Some(Asking { conn, context, answer, .. }) = self.asking.take() else { return };
        let session = self.roster.get(conn).and_then(Entry::session);
        let session = session.and_then(|session| self.sessions.get_mut(session));
        let label = context.and_then(|context| context.label);
        if let (Some(session), Some(label), Some(answer)) = (session, label, answer.take()) {
            session.answer(label, answer);
        }
    }

    /// Gives one client a line: its start, and a text that is made safe.
    pub(super) fn direct(
        &self,
        conn: ConnId,
        kind: Kind,
        start: &str,
        what: &str,
        extra: Extra<'_>,
        out: &mut impl Output,
    ) {
        out.direct(conn, self.line_for(conn, kind, start, what, extra));
    }

    /// A line for one client, in its own way.
    pub(super) fn line_for(
        &self,
        conn: ConnId,
        kind: Kind,
        start: &str,
        what: &str,
        extra: Extra<'_>,
    ) -> Vec<u8> {
        let what = Text::shown(what);
        if !self.roster.get(conn).is_some_and(Entry::is_tagged) {
            return format!("{start}{what}\n").into_bytes();
        }
        let mut stamp: Stamp = self.stamps.stamp(kind);
        for (key, value) in extra {
            stamp.push(key, value);
        }
        let is_answer = matches!(kind, Kind::Answer | Kind::Error);
        let label = if is_answer { self.asked_label(conn) } else { None };
        let line = format!("{}{start}{what}\n", stamp.with_label(label).prefix()).into_bytes();
        if let (Some(_), Some(asking)) = (label, &self.asking) {
            asking.has_answered(Answer::of_line(&line));
        }
        line
    }

    /// Keeps a line for one client alone as long as that may have to get it again.
    pub(super) fn keep_private(&mut self, conn: ConnId, msgid: u64, line: &[u8]) {
        let (seq, is_short) = (self.rooms.keeping().seq, self.rooms.keeping().is_short);
        if let Some(session) = self.session_of(conn) {
            session.keep_private(msgid, seq, line, is_short);
        }
    }

    /// The room that a client's line is about, if its tags name one.
    pub(super) fn asked_room(&self, conn: ConnId) -> Option<&RoomName> {
        let asking = self.asking.as_ref().filter(|asking| asking.conn == conn)?;
        asking.context.as_ref()?.room.as_ref()
    }

    /// By what a client wants to know the answer to its line that is being dealt with, as long as
    /// that has none.
    pub(super) fn asked_label(&self, conn: ConnId) -> Option<&Label> {
        let is_owed = |asking: &&Asking| asking.conn == conn && !asking.is_answered.get();
        self.asking.as_ref().filter(is_owed)?.context.as_ref()?.label.as_ref()
    }
}
