//! Commands that the embedding program has added: answered by it, on this thread.

use std::sync::Arc;

use super::Shard;
use crate::custom::{CommandCall, Reply, Understood, understand};
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::Socket;
use crate::wire::{CommandError, Context, Messages, Text};

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Has the embedding program answer a line that is no built-in command, or tells what was not
    /// understood if it is not one of the program's either. It says whether what the connection says
    /// after it counts.
    pub(super) fn custom(
        &mut self,
        slot: usize,
        line: &Text,
        context: Option<Box<Context>>,
        misunderstood: &CommandError,
    ) -> bool {
        let Some(conn) = self.conns.at(slot) else { return false };
        let id = conn.id;
        let settings = Arc::clone(&self.settings);
        let guards = &settings.guards;
        let reply = match understand(&guards.customs, line) {
            None => {
                let label = context.as_ref().and_then(|context| context.label.as_ref());
                self.refuse(id, &misunderstood.to_string(), label);
                return true;
            }
            Some(Understood::AsksFor(custom)) => Reply::Notice(custom.help()),
            Some(Understood::Asks(custom, rest)) => {
                let Some(addr) = conn.extra().addr else { return false };
                guards.answer(custom, &CommandCall { conn: id, addr, rest })
            }
        };
        // By way of the hub, so that the answers to several commands come in their order.
        let answer = match (reply, context) {
            (Reply::Say(text), None) => return self.screen(slot, Messages::of(&text)),
            (Reply::Say(text), Some(context)) => return self.screen_tagged(slot, text, context),
            (Reply::Notice(text), context) => (Ok(Some(text)), context),
            (Reply::Error(reason), context) => (Err(reason), context),
            (Reply::Nothing, context) => (Ok(None), context),
        };
        let (answer, context) = answer;
        self.outgoing.send(Arrival::Answered { conn: id, answer, context });
        true
    }
}
