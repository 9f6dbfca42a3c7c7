//! The rules of the chat, as a state machine.
//!
//! Nothing in here knows of sockets, threads, channels or clocks. What happens comes in as one
//! closed enum, [`Input`]; what is to be done goes out through one trait, [`Output`].
//!
//! ```text
//!  Input ──▶ Hub::handle ──▶ Output      one input changes the state, and says what follows
//!            Hub::publish ─▶ Output      at the end of a turn, the lines of the turn as one batch
//! ```

// A new kind of input must not be forgotten anywhere.
#![deny(clippy::wildcard_enum_match_arm)]

mod input;
mod output;
mod room;
mod roster;

pub(crate) use input::{Command, Input, Reply};
pub(crate) use output::Output;

use std::net::SocketAddr;

use crate::budget::Budget;
use crate::event::{ClientInfo, CloseReason, Notification};
use crate::ids::ConnId;
use crate::wire::{Messages, Prefix, Text, notice};
use room::Room;
use roster::Roster;

/// Everything that the chat knows: who is here, and what is being said.
#[derive(Debug)]
pub(crate) struct Hub {
    roster: Roster,
    lobby: Room,
    stage: Stage,
}

/// How far the hub is on its way to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The chat goes on.
    Running,
    /// The I/O threads were told to take no more in; this many have not yet said that they did.
    Quiescing(usize),
    /// All that was taken in is in the logs. Nothing more will happen.
    Stopped,
}

impl Hub {
    /// A hub for this many I/O threads, without clients, whose logs are charged to this budget.
    pub(crate) fn new(io_threads: usize, budget: Budget) -> Hub {
        let (roster, lobby) = (Roster::new(io_threads), Room::lobby(budget));
        Hub { roster, lobby, stage: Stage::Running }
    }

    /// Whether the chat goes on as ever.
    pub(crate) fn is_running(&self) -> bool {
        self.stage == Stage::Running
    }

    /// Whether the hub has come to its end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stage == Stage::Stopped
    }

    /// How many bytes wait for the next [`Hub::publish`].
    pub(crate) fn unpublished(&self) -> usize {
        self.lobby.unpublished()
    }

    /// Does what an input asks for.
    pub(crate) fn handle(&mut self, input: Input, out: &mut impl Output) {
        match input {
            Input::Connected { conn, addr } => self.connected(conn, addr, out),
            Input::Said { conn, messages } => self.said(conn, messages, out),
            Input::Flooding { conn } => self.flooding(conn, out),
            Input::Skipped { conn, lines } => self.skipped(conn, lines, out),
            Input::Left { conn, reason } => self.left(conn, reason, out),
            Input::Quiet => self.quiet(out),
            Input::Lost => self.end(out),
            Input::Command(command) => self.command(command, out),
        }
    }

    /// Gives out what has been said since the last time.
    pub(crate) fn publish(&mut self, out: &mut impl Output) {
        self.lobby.publish(out);
    }

    fn connected(&mut self, conn: ConnId, addr: SocketAddr, out: &mut impl Output) {
        self.roster.add(conn, addr);
        self.lobby.join(conn, out);
        out.notify(Notification::Connected { conn, addr });
    }

    fn said(&mut self, conn: ConnId, messages: Messages, out: &mut impl Output) {
        // Whoever was removed may have been talking on until it took notice.
        let Some(addr) = self.roster.get(conn) else { return };
        let prefix = Prefix::of_port(addr.port());
        self.lobby.say(conn, prefix.as_bytes(), &messages);
        out.notify(Notification::Said { conn, addr, messages });
    }

    fn flooding(&mut self, conn: ConnId, out: &mut impl Output) {
        if let Some(addr) = self.roster.get(conn) {
            out.notify(Notification::Flooding { conn, addr });
        }
    }

    fn skipped(&mut self, conn: ConnId, lines: u64, out: &mut impl Output) {
        if let Some(addr) = self.roster.get(conn) {
            out.notify(Notification::Skipped { conn, addr, lines });
        }
    }

    fn left(&mut self, conn: ConnId, reason: CloseReason, out: &mut impl Output) {
        if let Some(addr) = self.roster.remove(conn) {
            out.notify(Notification::Disconnected { conn, addr, reason });
        }
    }

    fn command(&mut self, command: Command, out: &mut impl Output) {
        match command {
            Command::Broadcast(text) => self.lobby.announce(&text),
            Command::SendTo { conn, text, reply } => {
                let known = self.roster.get(conn).is_some();
                if known {
                    // What was said before comes before.
                    self.publish(out);
                    out.direct(conn, notice(&text));
                }
                reply(known);
            }
            Command::Kick { conn, reason, reply } => reply(self.kick(conn, reason.as_ref(), out)),
            Command::Adjust { conn, change, reply } => {
                let known = self.roster.get(conn).is_some();
                if known {
                    out.adjust(conn, change);
                }
                reply(known);
            }
            Command::Clients { give } => {
                let clients = self.roster.iter().map(|(conn, addr)| ClientInfo::new(conn, addr));
                out.census(clients.collect(), give);
            }
            Command::Stop => self.stop(out),
        }
    }

    fn kick(&mut self, conn: ConnId, reason: Option<&Text>, out: &mut impl Output) -> bool {
        if self.roster.get(conn).is_none() {
            return false;
        }
        // What was said before still reaches it.
        self.publish(out);
        if let Some(reason) = reason {
            out.direct(conn, notice(reason));
        }
        out.close(conn);
        self.left(conn, CloseReason::Kicked, out);
        true
    }

    fn stop(&mut self, out: &mut impl Output) {
        if self.stage == Stage::Running {
            self.stage = Stage::Quiescing(self.roster.io_threads());
            out.quiesce();
        }
    }

    /// An I/O thread has handed over all that it had taken in.
    fn quiet(&mut self, out: &mut impl Output) {
        let Stage::Quiescing(left) = self.stage else { return };
        if left > 1 {
            self.stage = Stage::Quiescing(left - 1);
            return;
        }
        self.end(out);
        out.drain();
    }

    /// Says goodbye to everybody: nothing will happen after this.
    fn end(&mut self, out: &mut impl Output) {
        self.stage = Stage::Stopped;
        self.publish(out);
        for (conn, addr) in self.roster.clear() {
            out.notify(Notification::Disconnected { conn, addr, reason: CloseReason::Shutdown });
        }
    }
}

#[cfg(test)]
mod tests;
