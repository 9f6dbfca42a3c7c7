//! What a client has said and heard, over all its connections: no sockets, threads or clocks.
//!
//! ```text
//!            plain ────────────────────────────────────▶ Open
//!  Away ───▶ tagged ─ /tags ─▶ AskedTags ── /resume ─▶ AskedSession ─▶ Open
//!   ▲  └───▶ in a session ─ /resume TOKEN .. ─▶ Resuming ─ welcome ───▶ │
//!   │                                              └ refused ─▶ AskedTags
//!   └───────────────────── the connection is lost ──────────────────────┘
//! ```
//!
//! A plain client that has come back is not told so before somebody speaks, or the connection has held
//! for a while: until then it says who it is and nothing more, for a server that is full, or a tunnel
//! to one that is down, accepts as well.
//!
//! What is to be sent goes through here, and is kept until it is known to have arrived, as far as
//! that can be known: a line without a label until all of it was handed to the system, a line of a
//! session until it is answered.

mod hear;
mod say;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::mem;

use crossbeam_channel::{Sender, bounded};

use super::requests::Outgoing;
use super::session::Session;
use super::unanswered::{Fates, Unanswered};
use crate::config::ClientConfig;
use crate::event::ClientEvent;
use crate::wire::{RoomName, Text};

/// The conversation of a client.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the client")]
pub(super) struct Talk {
    /// Who it is: lines that go before those of users whenever it begins anew.
    introduction: Vec<Text>,
    is_tagged: bool,
    wants_session: bool,
    stage: Stage,
    /// Whether it has come back, and what became of its lines is still to be told.
    is_back: bool,
    /// A line that has to go out first on this connection.
    first: Option<String>,
    /// What is left of the introduction.
    greeting: VecDeque<Text>,
    /// Lines that were taken out of the queue for a connection that did not take them.
    again: VecDeque<Outgoing>,
    /// Lines that were handed to the connection, as far as they may not be out.
    handed: VecDeque<Handed>,
    session: Option<Session>,
    unanswered: Unanswered,
    /// How many labels were given so far: none is given twice.
    labels: u64,
    /// How many lines may have been said or not, of which is still to be told.
    unknown: u64,
    /// The longest line that the server takes, if it has told.
    longest: Option<usize>,
    /// Where it was when tags were switched on.
    place: Option<RoomName>,
    /// The number of the last notice to all: it comes in each room, and is told once.
    last_to_all: Option<u64>,
    has_left: bool,
    /// Whether the server has said that it shall not come back.
    is_removed: bool,
}

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is none.
    Away,
    /// The server was asked for tags.
    AskedTags,
    /// The server was asked for a session, with this label.
    AskedSession(u64),
    /// The server was asked to take it for the one that it was, and may have told already what was
    /// missed.
    Resuming { has_tags: bool },
    /// Everything may be sent.
    Open,
}

/// A line that a connection has.
#[derive(Debug)]
enum Handed {
    /// No user has given it.
    Own,
    Line(Text),
    Label(u64),
}

impl Talk {
    /// A client that has not been connected. Whoever waits for its answers waits as long as `lives`;
    /// one without tags has none.
    pub(super) fn new(config: &ClientConfig, lives: Option<Sender<Infallible>>) -> Talk {
        // Safe text does not become unsafe by a command before it.
        let line = |line: String| Text::lossy(line.as_bytes());
        let nick = config.name.iter().filter_map(|name| line(format!("/nick {name}")));
        let join = config.rooms.iter().filter_map(|room| line(format!("/join {room}")));
        Talk {
            introduction: config.greeting.iter().cloned().chain(nick).chain(join).collect(),
            is_tagged: config.tags,
            wants_session: config.tags && config.reconnect.is_some(),
            stage: Stage::Away,
            is_back: false,
            first: None,
            greeting: VecDeque::new(),
            again: VecDeque::new(),
            handed: VecDeque::new(),
            session: None,
            unanswered: Unanswered::new(lives.unwrap_or_else(|| bounded(0).0)),
            labels: 0,
            unknown: 0,
            longest: None,
            place: None,
            last_to_all: None,
            has_left: false,
            is_removed: false,
        }
    }

    /// There is a connection. `is_back` says whether there was one before.
    pub(super) fn open(&mut self, is_back: bool) {
        self.is_back = is_back;
        if let Some(session) = &self.session {
            self.first = Some(session.resume());
            self.stage = Stage::Resuming { has_tags: false };
            return;
        }
        self.introduce();
        if !self.is_tagged {
            self.stage = Stage::Open;
        }
    }

    /// The connection has held for a while. From a server without tags there is no better sign that
    /// it has let the client in.
    pub(super) fn hold(&mut self, tell: &mut dyn FnMut(ClientEvent)) {
        if !self.is_tagged {
            self.tell_loss(tell);
        }
    }

    /// Whether it is a plain client that has not been let in yet, as far as it can tell.
    fn is_outside(&self) -> bool {
        !self.is_tagged && self.is_back
    }

    /// Says who it is, as to a server that knows nothing of it.
    fn introduce(&mut self) {
        self.greeting = self.introduction.iter().cloned().collect();
        if self.is_tagged {
            self.first = Some("/tags".into());
            self.stage = Stage::AskedTags;
        }
    }

    /// The connection is lost, with so many lines that were not all handed to the system.
    pub(super) fn lose(&mut self, left: u64) {
        self.note_out(left);
        self.stage = Stage::Away;
        self.first = None;
        let mut back = Vec::new();
        for handed in mem::take(&mut self.handed) {
            match handed {
                Handed::Line(line) => back.push(Outgoing::Line(line)),
                Handed::Label(label) if self.session.is_none() => {
                    back.extend(self.unanswered.take_back(label));
                }
                // What has a label in a session is kept until it is answered.
                Handed::Own | Handed::Label(_) => {}
            }
        }
        self.put_back(back);
        if self.session.is_some() {
            self.unanswered.send_again();
        } else {
            let fates = self.unanswered.give_up();
            self.mourn(fates);
        }
    }

    /// The server knows nothing of the session, or of sessions at all.
    fn begin_anew(&mut self, tell: &mut dyn FnMut(ClientEvent)) {
        self.session = None;
        self.last_to_all = None;
        let fates = self.unanswered.give_up();
        self.mourn(fates);
        self.introduce();
        self.tell_loss(tell);
    }

    /// Notes what has become of lines with labels.
    fn mourn(&mut self, fates: Fates) {
        self.unknown += fates.unknown;
        self.put_back(fates.unsent);
        self.greeting.extend(fates.own);
    }

    fn put_back(&mut self, lines: Vec<Outgoing>) {
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }

    /// Tells, once for each time that it comes back, that nobody knows what was lost.
    fn tell_loss(&mut self, tell: &mut dyn FnMut(ClientEvent)) {
        if mem::take(&mut self.is_back) {
            let unanswered = mem::take(&mut self.unknown);
            tell(ClientEvent::Lost { lines: None, recovered: 0, unanswered, restarted: false });
        }
    }

    /// Notes that all but the last so many lines were handed to the system.
    pub(super) fn note_out(&mut self, left: u64) {
        while self.handed.len() as u64 > left {
            if let Some(Handed::Label(label)) = self.handed.pop_front() {
                self.unanswered.note_out(label);
            }
        }
    }

    /// How many lines of users could not be sent if nothing more could be, with so many in the queue.
    pub(super) fn unsent(&self, queued: usize) -> u64 {
        let is_session = self.session.is_some();
        let handed = self.handed.iter().filter(|handed| match handed {
            Handed::Own => false,
            Handed::Line(_) => true,
            Handed::Label(_) => !is_session,
        });
        let unanswered = if is_session { self.unanswered.of_users() } else { 0 };
        (queued + self.again.len() + handed.count()) as u64 + unanswered
    }

    /// Whether the server has answered on this connection.
    pub(super) fn is_answered(&self) -> bool {
        self.is_tagged && matches!(self.stage, Stage::AskedSession(_) | Stage::Open)
    }

    /// Whether the server was asked who the client is, and has not answered.
    pub(super) fn awaits_answer(&self) -> bool {
        matches!(self.stage, Stage::AskedTags | Stage::Resuming { .. })
    }

    /// Whether it has begun to tell what was missed, or is done with that.
    pub(super) fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::AskedTags | Stage::Resuming { has_tags: false })
    }

    /// Whether the server ends its lines, as all do that know of tags: a part of a line is none. What
    /// stands in the tags is for nobody to see, and a part of them would be shown as a text.
    pub(super) fn hears_whole_lines(&self) -> bool {
        self.session.is_some() || self.is_answered()
    }

    /// Whether nothing is lost with a connection.
    pub(super) fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Whether the server has removed it, for good.
    pub(super) fn is_removed(&self) -> bool {
        self.is_removed
    }

    /// Whether a line was sent by which one leaves: the end of the connection is no loss then.
    pub(super) fn has_left(&self) -> bool {
        self.has_left
    }
}
