//! What a connection asks for: understood here, and done by the rules.

use super::Shard;
use crate::event::CloseReason;
use crate::guard::{Incoming, Verdict};
use crate::net::conn::Phase;
use crate::net::inbox::{Arrival, Inbox};
use crate::net::socket::Socket;
use crate::wire::{Context, Label, Request, Text};

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
        let request = match Request::parse(line) {
            Ok(Request::Quit) => {
                self.leave(id, CloseReason::Exit);
                return false;
            }
            Ok(request) => request,
            Err(misunderstood) => return self.custom(slot, line, context, &misunderstood),
        };
        let label = context.as_ref().and_then(|context| context.label.as_ref());
        let Some(request) = self.screen_request(slot, request, label) else {
            return self.conns.get(id).is_some_and(|conn| conn.phase == Phase::Open);
        };
        self.outgoing.send(Arrival::Asked { conn: id, request, context });
        true
    }

    /// Gives what a connection asks for when the embedding program has seen what others would read
    /// of it; `None` if it does not let that pass.
    fn screen_request(
        &mut self,
        slot: usize,
        mut request: Request,
        label: Option<&Label>,
    ) -> Option<Request> {
        if !self.settings.guards.look_at_messages() {
            return Some(request);
        }
        let Some(text) = request.text_mut() else { return Some(request) };
        let conn = self.conns.at(slot)?;
        let (id, addr) = (conn.id, conn.extra().addr?);
        match self.settings.guards.judge(&Incoming { conn: id, addr, text }) {
            Verdict::Pass => return Some(request),
            Verdict::Change(changed) => {
                *text = changed;
                return Some(request);
            }
            Verdict::Refuse(reason) => self.refuse(id, &reason, label),
            Verdict::Close(reason) => self.reject(slot, &reason),
        }
        self.tally.lines_rejected += 1;
        None
    }
}
