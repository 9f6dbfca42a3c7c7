//! What the embedding program lets pass of what is said.

use super::Shard;
use crate::event::CloseReason;
use crate::guard::{Incoming, Verdict};
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::Socket;
use crate::wire::{Messages, Text};

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Gives what is left of the messages of a connection when the embedding program has seen them;
    /// `None` if it wants the connection closed, in which case that is seen to.
    pub(super) fn screen(&mut self, slot: usize, messages: Messages) -> Option<Messages> {
        if !self.settings.guards.look_at_messages() {
            return Some(messages);
        }
        let conn = self.conns.at(slot)?;
        let conn_id = conn.id;
        let addr = conn.extra().addr?;
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
        for reason in refusals {
            self.tell(conn_id, &reason);
        }
        let Some(reason) = end else { return Some(passed) };
        if !passed.is_empty() {
            self.outgoing.send(Arrival::Said { conn: conn_id, messages: passed });
        }
        self.reject(slot, &reason);
        None
    }

    fn reject(&mut self, slot: usize, reason: &Text) {
        let Some(conn) = self.conns.at(slot) else { return };
        let id = conn.id;
        self.tell(id, reason);
        self.leave(id, CloseReason::Rejected);
    }
}
