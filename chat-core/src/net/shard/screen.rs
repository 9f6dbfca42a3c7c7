//! What the embedding program lets pass of what is said.

use super::Shard;
use crate::event::CloseReason;
use crate::guard::{Incoming, Verdict};
use crate::ids::ConnId;
use crate::net::conn::Phase;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::Socket;
use crate::wire::{Context, Label, Messages, Text};

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Hands over what the embedding program lets pass of the messages of a connection, and answers
    /// the rest. It says whether what the connection says after them counts.
    pub(super) fn screen(&mut self, slot: usize, messages: Messages) -> bool {
        let Some(conn) = self.conns.at(slot) else { return false };
        let conn_id = conn.id;
        if !self.settings.guards.look_at_messages() {
            self.outgoing.send(Arrival::Said { conn: conn_id, messages });
            return true;
        }
        let Some(addr) = conn.extra().addr else { return false };
        let mut passed = Messages::default();
        let mut refusals = Vec::new();
        let mut end = None;
        for text in messages.iter() {
            let Ok(text) = str::from_utf8(text) else { continue };
            let message = Incoming { conn: conn_id, addr, text };
            match self.settings.guards.judge(&message) {
                Verdict::Pass => passed.add(text),
                Verdict::Change(text) => passed.add(&text),
                Verdict::Refuse(reason) => refusals.push(reason),
                Verdict::Close(reason) => {
                    end = Some(reason);
                    break;
                }
            }
        }
        self.tally.lines_rejected += (messages.len() - passed.len()) as u64;
        // Before the answers: if they are too many, the connection is closed.
        if !passed.is_empty() {
            self.outgoing.send(Arrival::Said { conn: conn_id, messages: passed });
        }
        for reason in refusals {
            self.refuse(conn_id, &reason, None);
        }
        if let Some(reason) = &end {
            self.reject(slot, reason);
        }
        end.is_none()
    }

    /// The same for one message of which tags say something.
    pub(super) fn screen_tagged(
        &mut self,
        slot: usize,
        mut text: Text,
        context: Box<Context>,
    ) -> bool {
        let Some(id) = self.conns.at(slot).map(|conn| conn.id) else { return false };
        if !self.lets_pass(slot, &mut text, context.label.as_ref()) {
            return self.counts(id);
        }
        self.outgoing.send(Arrival::Tagged { conn: id, text, context });
        true
    }

    /// Has the embedding program look at one text that others are to read, and perhaps change it. It
    /// says whether that passes; if not, the answer is given.
    pub(super) fn lets_pass(
        &mut self,
        slot: usize,
        text: &mut Text,
        label: Option<&Label>,
    ) -> bool {
        if !self.settings.guards.look_at_messages() {
            return true;
        }
        let Some(conn) = self.conns.at(slot) else { return false };
        let id = conn.id;
        let Some(addr) = conn.extra().addr else { return false };
        match self.settings.guards.judge(&Incoming { conn: id, addr, text }) {
            Verdict::Pass => return true,
            Verdict::Change(changed) => {
                *text = changed;
                return true;
            }
            Verdict::Refuse(reason) => self.refuse(id, &reason, label),
            Verdict::Close(reason) => self.reject(slot, &reason),
        }
        self.tally.lines_rejected += 1;
        false
    }

    /// Whether what a connection says from now on counts.
    pub(super) fn counts(&mut self, id: ConnId) -> bool {
        self.conns.get(id).is_some_and(|conn| conn.phase == Phase::Open)
    }

    pub(super) fn reject(&mut self, slot: usize, reason: &Text) {
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        self.tell_finally(id, reason);
        self.leave(id, CloseReason::Rejected);
    }
}
