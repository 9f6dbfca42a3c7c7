//! What a connection asks for: understood here, and done by the rules.

use super::Shard;
use crate::event::CloseReason;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::Socket;
use crate::wire::{Context, Request, Text};

impl<S: Socket, I: Inbox> Shard<S, I> {
    /// Understands a command and hands it over, or tells what was not understood. It says whether
    /// what the connection says after it counts.
    pub(super) fn command(
        &mut self,
        slot: usize,
        line: &Text,
        context: Option<Box<Context>>,
    ) -> bool {
        self.count_lines_in(slot, 1);
        let Some(conn) = self.conns.at(slot) else { return false };
        let id = conn.id;
        let mut request = match Request::parse(line) {
            Ok(Request::Quit) => {
                self.leave(id, CloseReason::Exit);
                return false;
            }
            Ok(request) => request,
            Err(misunderstood) => return self.custom(slot, line, context, &misunderstood),
        };
        let label = context.as_ref().and_then(|context| context.label.as_ref());
        // What others are to read of it is looked at as a message is.
        if let Some(text) = request.text_mut()
            && !self.lets_pass(slot, text, label)
        {
            return self.counts(id);
        }
        self.outgoing.send(Arrival::Asked { conn: id, request, context });
        true
    }
}
