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

mod announce;
mod answers;
mod bans;
mod commands;
mod history;
mod input;
mod names;
mod output;
mod room;
mod rooms;
mod roster;
mod stamps;

pub(crate) use input::{Command, Input, Reply};
pub(crate) use output::Output;

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use crate::budget::Budget;
use crate::config::{History, Limits};
use crate::event::{ClientInfo, CloseReason, Notification};
use crate::ids::{ConnId, RoomId};
use crate::wire::{Context, Messages, Name, Prefix, RoomName, Secret, Text};
use announce::{Announcer, Step};
use answers::Asking;
use bans::Bans;
use names::Names;
use room::Keeping;
use rooms::Rooms;
use roster::{Entry, Roster};
use stamps::Stamps;

/// Everything that the chat knows: who is here, and what is being said.
#[derive(Debug)]
pub(crate) struct Hub {
    roster: Roster,
    names: Names,
    rooms: Rooms,
    bans: Bans,
    /// What makes an operator of whoever knows it.
    secret: Option<Secret>,
    /// Who comes, goes and takes a name, as far as that is not told yet.
    announcer: Announcer,
    /// The names of the commands that the embedding program has added.
    customs: Vec<String>,
    /// What a program is told that asks what this server is.
    limits: Limits,
    stamps: Stamps,
    /// Whose line is being dealt with.
    asking: Option<Asking>,
    stage: Stage,
}

/// When something happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// For whatever is to happen later.
    pub(crate) at: Instant,
    /// For people, and programs elsewhere.
    pub(crate) wall: SystemTime,
}

/// What a hub has to know from the start.
#[derive(Debug)]
pub(crate) struct Start {
    /// How many I/O threads there are.
    pub(crate) io_threads: usize,
    /// What the logs are charged to.
    pub(crate) budget: Budget,
    /// The room in which everybody starts.
    pub(crate) lobby: RoomName,
    /// Names that nobody may have.
    pub(crate) reserved: Vec<Name>,
    /// What makes an operator of whoever knows it.
    pub(crate) secret: Option<Secret>,
    /// Whether comings, goings and new names are told in the rooms.
    pub(crate) announces: bool,
    /// When it is.
    pub(crate) now: Instant,
    /// The names of the commands that the embedding program has added.
    pub(crate) customs: Vec<String>,
    /// What a program is told that asks what this server is.
    pub(crate) limits: Limits,
    /// What rooms keep of what was said.
    pub(crate) history: History,
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
    /// A hub without clients.
    pub(crate) fn new(start: Start) -> Hub {
        let config = start.history;
        let keeping = Keeping { now: start.now, config, is_short: false };
        Hub {
            roster: Roster::new(start.io_threads),
            names: Names::new(&start.reserved),
            rooms: Rooms::new(start.lobby, start.budget, keeping),
            bans: Bans::default(),
            secret: start.secret,
            announcer: Announcer::new(start.announces, start.now),
            customs: start.customs,
            limits: start.limits,
            stamps: Stamps::new(),
            asking: None,
            stage: Stage::Running,
        }
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
        self.rooms.unpublished()
    }

    /// Does what an input asks for, at this time.
    pub(crate) fn handle(&mut self, input: Input, now: Now, out: &mut impl Output) {
        self.stamps.wall = now.wall;
        let now = now.at;
        self.announcer.set_time(now);
        self.rooms.set_time(now);
        match input {
            Input::Connected { conn, addr } => self.connected(conn, addr, now, out),
            Input::Said { conn, messages } => self.said(conn, messages, now, out),
            Input::Tagged { conn, text, context } => self.tagged(conn, &text, context, now, out),
            Input::Asked { conn, request, context } => {
                self.asked(conn, request, context, now, out);
            }
            Input::Answered { conn, answer, context } => {
                self.answered(conn, answer, context, out);
            }
            Input::Flooding { conn } => self.flooding(conn, out),
            Input::Skipped { conn, lines } => self.skipped(conn, lines, out),
            Input::Left { conn, reason } => self.left_by_itself(conn, reason, out),
            Input::Quiet => self.quiet(out),
            Input::Lost => self.end(out),
            Input::Command(command) => self.command(command, out),
        }
    }

    /// Gives out what has been said since the last time.
    pub(crate) fn publish(&mut self, out: &mut impl Output) {
        self.rooms.publish(out);
    }

    fn connected(&mut self, conn: ConnId, addr: SocketAddr, now: Instant, out: &mut impl Output) {
        self.roster.add(conn, addr);
        self.let_in(RoomId::LOBBY, conn, false, out);
        out.notify(Notification::Connected { conn, addr });
        if let Some(left) = self.bans.left(addr.ip(), now) {
            self.announcer.withhold(RoomId::LOBBY, conn);
            let minutes = left.as_secs().div_ceil(60);
            let what = Text::shown(&format!("you are kept away for {minutes} minutes"));
            self.kick(conn, Some(&what), CloseReason::Banned, out);
            return;
        }
        let called = addr.port().to_string();
        self.announce(RoomId::LOBBY, Step::Join, conn, &called);
    }

    /// Lets somebody into a room, with the last of what was said there before.
    fn let_in(&mut self, room: RoomId, conn: ConnId, is_tagged: bool, out: &mut impl Output) {
        let lines = self.rooms.keeping().on_join;
        if lines > 0 {
            // What was said before counts.
            self.publish(out);
        }
        self.rooms.enter(room, conn, is_tagged, out);
        self.rooms.recall(room, conn, is_tagged, lines, out);
    }

    fn said(&mut self, conn: ConnId, messages: Messages, now: Instant, out: &mut impl Output) {
        // Whoever was removed may have been talking on until it took notice.
        let Some(client) = self.roster.get(conn) else { return };
        let port = Prefix::of_port(client.port());
        let mut prefix = port.as_bytes();
        if let Some(profile) = &client.profile {
            if profile.name.is_some() {
                prefix = &profile.prefix;
            }
            if profile.muted_until.is_some() && self.is_muted(conn, now, out) {
                return;
            }
        }
        let (addr, name) = (client.addr(), client.name().cloned());
        let stamps = &mut self.stamps;
        self.rooms.change(client.room, |room| {
            room.say(conn, prefix, &messages, stamps);
        });
        out.notify(Notification::Said { conn, addr, name, messages });
    }

    /// A message of somebody whose tags say where it belongs, or want to know its number.
    fn tagged(
        &mut self,
        conn: ConnId,
        text: &Text,
        context: Box<Context>,
        now: Instant,
        out: &mut impl Output,
    ) {
        self.asking = Some(Asking::new(conn, Some(context)));
        self.say_in_place(conn, text, now, out);
        self.finish_asking(out);
    }

    fn say_in_place(&mut self, conn: ConnId, text: &Text, now: Instant, out: &mut impl Output) {
        if self.roster.get(conn).is_none() || self.is_muted(conn, now, out) {
            return;
        }
        let Some(place) = self.place_of(conn, out) else { return };
        let Some(client) = self.roster.get(conn) else { return };
        let prefix = format!("{}: ", client.called());
        let (addr, name) = (client.addr(), client.name().cloned());
        let messages = Messages::of(text);
        let (mut first, stamps) = (0, &mut self.stamps);
        self.rooms.change(place, |room| {
            first = room.say(conn, prefix.as_bytes(), &messages, stamps);
        });
        if let Some(room) = self.rooms.get(place) {
            self.confirm(conn, first, &room.name, out);
        }
        out.notify(Notification::Said { conn, addr, name, messages });
    }

    /// The room that a client's line is about; `None` if it is not in the one that it names, of which
    /// it is told.
    fn place_of(&self, conn: ConnId, out: &mut impl Output) -> Option<RoomId> {
        let entry = self.roster.get(conn)?;
        let Some(name) = self.asked_room(conn) else { return Some(entry.room) };
        let place = self.rooms.find(name).filter(|&room| entry.rooms().any(|own| own == room));
        if place.is_none() {
            self.refuse(conn, &format!("you are not in {name}"), out);
        }
        place
    }

    fn flooding(&mut self, conn: ConnId, out: &mut impl Output) {
        if let Some(addr) = self.roster.get(conn).map(Entry::addr) {
            out.notify(Notification::Flooding { conn, addr });
        }
    }

    fn skipped(&mut self, conn: ConnId, lines: u64, out: &mut impl Output) {
        if let Some(addr) = self.roster.get(conn).map(Entry::addr) {
            out.notify(Notification::Skipped { conn, addr, lines });
        }
    }

    fn left_by_itself(&mut self, conn: ConnId, reason: CloseReason, out: &mut impl Output) {
        // Whoever was removed has had its end already.
        if self.roster.get(conn).is_none() {
            return;
        }
        // What was said before still reaches it, and so do the answers to what it asked.
        self.publish(out);
        out.close(conn);
        self.left(conn, reason, out);
    }

    fn left(&mut self, conn: ConnId, reason: CloseReason, out: &mut impl Output) {
        let Some(client) = self.roster.remove(conn) else { return };
        let (called, is_tagged) = (client.called(), client.is_tagged());
        for room in client.rooms() {
            self.announce(room, Step::Leave, conn, &called);
        }
        if let Some(name) = client.name() {
            self.names.release(name);
        }
        for room in client.rooms() {
            self.leave_room(room, is_tagged, out);
        }
        out.notify(Notification::Disconnected { conn, addr: client.addr(), reason });
    }

    /// Takes somebody out of the number of those who are in a room.
    fn leave_room(&mut self, room: RoomId, is_tagged: bool, out: &mut impl Output) {
        self.rooms.leave(room, is_tagged, out);
        if self.rooms.get(room).is_none() {
            self.announcer.forget(room);
        }
    }

    fn command(&mut self, command: Command, out: &mut impl Output) {
        match command {
            Command::Broadcast(text) => self.rooms.announce_to_all(&text, &mut self.stamps),
            Command::SendTo { conn, text, reply } => {
                let known = self.roster.get(conn).is_some();
                if known {
                    // What was said before comes before.
                    self.publish(out);
                    self.tell(conn, &text, out);
                }
                reply(known);
            }
            Command::Kick { conn, reason, reply } => {
                reply(self.kick(conn, reason.as_ref(), CloseReason::Kicked, out));
            }
            Command::MakeOperator { conn, reply } => reply(self.make_operator(conn, out)),
            Command::Adjust { conn, change, reply } => {
                let known = self.roster.get(conn).is_some();
                if known {
                    out.adjust(conn, change);
                }
                reply(known);
            }
            Command::Clients { room, give } => {
                let place = room.as_ref().map(|room| self.rooms.find(room));
                let is_meant = |entry: &Entry| {
                    place.is_none_or(|room| entry.rooms().any(|own| Some(own) == room))
                };
                let meant = self.roster.iter().filter(|(_, entry)| is_meant(entry));
                out.census(meant.map(|(conn, entry)| self.info(conn, entry)).collect(), give);
            }
            Command::Join { conn, room, reply } => reply(self.put_in(conn, &room, out)),
            Command::Leave { conn, room, reply } => reply(self.take_out(conn, &room, out)),
            Command::Rename { conn, name, reply } => reply(self.rename(conn, &name, out)),
            Command::Rooms { reply } => reply(self.room_infos()),
            Command::SayIn { room, text, reply } => reply(self.say_in(&room, &text)),
            Command::Stop => self.stop(out),
        }
    }

    /// What is known here of a client.
    fn info(&self, conn: ConnId, entry: &Entry) -> ClientInfo {
        let mut info = ClientInfo::new(conn, entry.addr());
        info.name = entry.name().cloned();
        let rooms = entry.rooms().filter_map(|room| self.rooms.get(room));
        info.rooms = rooms.map(|room| room.name.clone()).collect();
        info.room = info.rooms.first().cloned();
        info.is_operator = entry.is_operator();
        info
    }

    fn kick(
        &mut self,
        conn: ConnId,
        what: Option<&Text>,
        reason: CloseReason,
        out: &mut impl Output,
    ) -> bool {
        if self.roster.get(conn).is_none() {
            return false;
        }
        // What was said before still reaches it.
        self.publish(out);
        if let Some(what) = what {
            self.tell(conn, what, out);
        }
        out.close(conn);
        self.left(conn, reason, out);
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
