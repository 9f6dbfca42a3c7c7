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

mod absence;
mod announce;
mod answers;
mod away;
mod bans;
mod commands;
mod history;
mod ignored;
mod input;
mod keep;
mod left;
mod losses;
mod names;
mod output;
mod presence;
mod program;
mod room;
mod rooms;
mod roster;
mod session;
mod sessions;
mod speech;
mod stamps;
mod unkept;

pub(crate) use input::{Command, Input, Reply};
pub(crate) use output::{Output, Recall, Search, Stored, Unsearchable};
pub(crate) use rooms::MOST_RESTING;
pub(crate) use sessions::Tokens;

use std::time::{Instant, SystemTime};

use crate::budget::Budget;
use crate::config::{History, Limits, Resume};
use crate::event::{CloseReason, Notification};
use crate::wire::{Name, RoomName, Secret};
use announce::Announcer;
use answers::{Asking, Confirmation};
use bans::Bans;
use ignored::Ignored;
use names::Names;
use room::Keeping;
use rooms::Rooms;
use roster::Roster;
use sessions::Sessions;
use stamps::Stamps;
use unkept::Unkept;

/// Everything that the chat knows: who is here, and what is being said.
#[derive(Debug)]
pub(crate) struct Hub {
    roster: Roster,
    names: Names,
    rooms: Rooms,
    bans: Bans,
    /// Who is in the list of anybody who does not want to read somebody.
    ignored: Ignored,
    /// What makes an operator of whoever knows it.
    secret: Option<Secret>,
    /// Who comes, goes and takes a name, as far as that is not told yet.
    announcer: Announcer,
    /// The names of the commands that the embedding program has added.
    customs: Vec<String>,
    /// What a program is told that asks what this server is.
    limits: Limits,
    stamps: Stamps,
    /// Who may come back.
    sessions: Sessions,
    /// What the numbers of lines are comparable with: they may begin anew with it.
    epoch: u64,
    /// The former ones, each with the number of the last line in it that is known now.
    epochs: Vec<(u64, u64)>,
    /// Why nothing is kept that is to be, if so.
    failure: Option<String>,
    /// What was to be kept, and will not be.
    unkept: Unkept,
    /// What is to be told when all that was said is published.
    confirmations: Vec<Confirmation>,
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
    /// Who may come back.
    pub(crate) resume: Resume,
    /// Where the secrets of those come from.
    pub(crate) tokens: Tokens,
    /// What tells this start from all others.
    pub(crate) epoch: u64,
    /// Whether there is a store for all that is to be kept.
    pub(crate) is_storing: bool,
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
        let Start { resume, history, .. } = start;
        let sessions =
            Sessions::new(resume.within, resume.clients, start.tokens, start.budget.clone());
        let (now, is_storing) = (start.now, start.is_storing);
        let keeping = Keeping { now, history, resume, is_short: false, is_storing, seq: 0 };
        Hub {
            roster: Roster::new(start.io_threads),
            names: Names::new(&start.reserved),
            rooms: Rooms::new(start.lobby, start.budget, keeping),
            bans: Bans::default(),
            ignored: Ignored::default(),
            secret: start.secret,
            announcer: Announcer::new(start.announces, start.now),
            customs: start.customs,
            limits: start.limits,
            stamps: Stamps::new(),
            sessions,
            epoch: start.epoch,
            epochs: Vec::new(),
            failure: None,
            unkept: Unkept::default(),
            confirmations: Vec::new(),
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
            Input::Stored(stored) => self.stored(stored, out),
            Input::Found { conn, room, found, context } => {
                self.found(conn, &room, found, context, out);
            }
            Input::Flooding { conn } => self.flooding(conn, out),
            Input::Skipped { conn, lines } => self.skipped(conn, lines, out),
            Input::Left { conn, reason } => {
                self.see_off(conn, None, reason, out);
            }
            Input::Quiet => self.quiet(out),
            Input::Lost => self.end(out),
            Input::Command(command) => self.command(command, out),
        }
    }

    /// Gives out what has been said since the last time.
    pub(crate) fn publish(&mut self, out: &mut impl Output) {
        self.rooms.publish(out);
        self.give_confirmations(out);
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
