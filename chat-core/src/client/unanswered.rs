//! Lines that were sent with a label, and have no answer yet.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::mem;

use crossbeam_channel::Sender;

use super::requests::{Asked, Outgoing, Reply, Waiter};
use crate::error::RequestError;
use crate::wire::{Request, RoomName, Text, push_tag};

/// A line with a label.
#[derive(Debug)]
pub(super) struct Labelled {
    pub(super) room: Option<RoomName>,
    pub(super) line: Text,
    /// `None`: the answer is told as an event.
    pub(super) waiter: Option<Waiter>,
    /// Whether no user has given it, or it is one after which there is nothing to be missed.
    pub(super) is_own: bool,
    /// Whether all of it was handed to the system, on whichever connection.
    is_out: bool,
}

impl Labelled {
    pub(super) fn new(asked: Asked) -> Labelled {
        let Asked { room, line, waiter } = asked;
        Labelled { room, line, waiter: Some(waiter), is_own: false, is_out: false }
    }

    /// A line that nobody waits for.
    pub(super) fn line(line: Text, is_own: bool) -> Labelled {
        Labelled { room: None, line, waiter: None, is_own, is_out: false }
    }

    /// What is sent.
    pub(super) fn with(&self, label: u64) -> String {
        let mut labelled = String::new();
        push_tag(&mut labelled, "label", &label.to_string());
        if let Some(room) = &self.room {
            push_tag(&mut labelled, "room", room);
        }
        labelled.push(' ');
        labelled.push_str(&self.line);
        labelled
    }

    /// Whether it asks the server for something other than to say it.
    fn is_command(&self) -> bool {
        self.line.starts_with('/') && !self.line.starts_with("//")
    }

    /// Which room it asks to go into, or to leave.
    pub(super) fn step(&self) -> Option<Step> {
        if !self.is_command() {
            return None;
        }
        match Request::parse(&self.line) {
            Ok(Request::Join(_)) => Some(Step::Enter),
            Ok(Request::Leave(room)) => Some(Step::Leave(room.or_else(|| self.room.clone()))),
            _ => None,
        }
    }

    /// Hands the answer to whoever waits for it, and gives it back if nobody does.
    pub(super) fn answer(self, reply: Reply) -> Option<Reply> {
        let Some(waiter) = self.waiter else { return Some(reply) };
        // The asker may have gone; then nobody wants the answer.
        drop(waiter.sender.try_send(reply));
        None
    }

    /// It is still to be said: what it was before it had a label.
    fn unlabelled(self) -> Outgoing {
        match self.waiter {
            Some(waiter) => Outgoing::Request(Asked { room: self.room, line: self.line, waiter }),
            None => Outgoing::Line(self.line),
        }
    }
}

/// A step from room to room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Enter,
    /// `None`: out of the room in which the client talks.
    Leave(Option<RoomName>),
}

/// All lines that have a label and no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    lines: BTreeMap<u64, Labelled>,
    /// From which label on they are to be sent once more, if they are.
    again: Option<u64>,
    /// Dropped when no more answers come, so that those learn it whose request is still in the queue.
    _lives: Sender<Infallible>,
}

/// What has become of lines whose connection was lost.
#[derive(Debug, Default)]
pub(super) struct Fates {
    /// They have not been sent, and still can be.
    pub(super) unsent: Vec<Outgoing>,
    /// Lines of the client itself.
    pub(super) own: Vec<Text>,
    /// So many others may have been said, or done, or not. Whoever waits for the answer knows.
    pub(super) unknown: u64,
}

impl Unanswered {
    pub(super) fn new(lives: Sender<Infallible>) -> Unanswered {
        Unanswered { lines: BTreeMap::new(), again: None, _lives: lives }
    }

    /// Takes a line that is sent now, with a label that is higher than all before.
    pub(super) fn add(&mut self, label: u64, line: Labelled) {
        self.lines.insert(label, line);
    }

    /// Gives up the line that is answered, if there is one.
    pub(super) fn remove(&mut self, label: u64) -> Option<Labelled> {
        self.lines.remove(&label)
    }

    /// The label that has waited the longest.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.lines.first_key_value().map(|(label, _)| *label)
    }

    /// Whether one of them asks to go from room to room.
    pub(super) fn has_step(&self) -> bool {
        self.lines.values().any(|line| line.step().is_some())
    }

    /// How many of them are of users.
    pub(super) fn of_users(&self) -> u64 {
        self.lines.values().filter(|line| !line.is_own).count() as u64
    }

    /// Notes that all of a line was handed to the system.
    pub(super) fn note_out(&mut self, label: u64) {
        if let Some(line) = self.lines.get_mut(&label) {
            line.is_out = true;
        }
    }

    /// All are to be sent once more.
    pub(super) fn send_again(&mut self) {
        self.again = Some(0);
    }

    /// Whether there is one that is to be sent once more.
    pub(super) fn has_again(&self) -> bool {
        self.again.is_some_and(|from| self.lines.range(from..).next().is_some())
    }

    /// The next one that is to be sent once more.
    pub(super) fn next_again(&mut self) -> Option<(u64, String)> {
        let next = self.lines.range(self.again?..).next();
        let next = next.map(|(label, line)| (*label, line.with(*label)));
        self.again = next.as_ref().map(|(label, _)| label + 1);
        next
    }

    /// The server was restarted: it knows what was said, but not which commands were done. Those that
    /// were sent are given up.
    pub(super) fn give_up_commands(&mut self) -> Fates {
        self.give_up_if(|line| line.is_out && line.is_command())
    }

    /// The server knows nothing of them: all are given up.
    pub(super) fn give_up(&mut self) -> Fates {
        self.give_up_if(|_| true)
    }

    fn give_up_if(&mut self, is_lost: impl Fn(&Labelled) -> bool) -> Fates {
        let mut fates = Fates::default();
        for (label, line) in mem::take(&mut self.lines) {
            if !is_lost(&line) {
                self.lines.insert(label, line);
            } else if line.is_own {
                fates.own.push(line.line);
            } else if line.is_out {
                fates.unknown += 1;
                line.answer(Err(RequestError::Unknown));
            } else {
                fates.unsent.push(line.unlabelled());
            }
        }
        fates
    }

    /// Takes a line back that was not sent.
    pub(super) fn take_back(&mut self, label: u64) -> Option<Outgoing> {
        self.lines.remove(&label).map(Labelled::unlabelled)
    }
}
