//! Requests on their way: from the program to the client's thread, and the answers back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::tagged::Answer;
use crate::error::RequestError;
use crate::wire::{RoomName, Text, push_tag};

/// What comes of a request.
pub(super) type Reply = Result<Answer, RequestError>;

/// What a user gives to be sent.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// A line, to which no answer is waited for.
    Line(Text),
    /// A line with an answer.
    Request(Asked),
}

/// A line that is to be sent with a label, and who waits for what has the label.
#[derive(Debug)]
pub(super) struct Asked {
    /// Which of the client's rooms is meant, if not the one it joined last.
    pub(super) room: Option<RoomName>,
    pub(super) line: Text,
    pub(super) waiter: Waiter,
}

/// Who waits for an answer, and the place that it takes among all who do.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) sender: Sender<Reply>,
    pub(super) _place: Place,
}

/// One of the requests that are not answered yet, for as long as it lives.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Place {
    /// Takes a place if fewer than `limit` are taken.
    pub(super) fn take(taken: &Arc<AtomicUsize>, limit: usize) -> Option<Place> {
        let before = taken.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(taken));
        (before < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The requests that wait for their answers, as the client's thread has them.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Whether the server has switched tags on.
    pub(super) is_on: bool,
    /// Who waits for which label.
    waiters: HashMap<u64, Waiter>,
    /// How many labels were given so far.
    labels: u64,
    /// Dropped when no more answers come, so that those learn it whose request is still in the queue.
    _lives: Sender<Infallible>,
}

impl Waiting {
    /// Nobody waits yet. What is received from the other end never comes: it tells of the end.
    pub(super) fn new() -> (Waiting, Receiver<Infallible>) {
        let (lives, over) = bounded(0);
        let waiters = HashMap::new();
        (Waiting { is_on: false, waiters, labels: 0, _lives: lives }, over)
    }

    /// The line of a request, with its label.
    pub(super) fn ask(&mut self, asked: Asked) -> String {
        let line = self.label(asked.room.as_ref(), &asked.line);
        self.waiters.insert(self.labels, asked.waiter);
        line
    }

    /// A line with a label for which nobody waits: what answers it is told as an event.
    pub(super) fn label(&mut self, room: Option<&RoomName>, line: &str) -> String {
        self.labels += 1;
        let mut labelled = String::new();
        push_tag(&mut labelled, "label", &self.labels.to_string());
        if let Some(room) = room {
            push_tag(&mut labelled, "room", room);
        }
        labelled.push(' ');
        labelled.push_str(line);
        labelled
    }

    /// Hands an answer to whoever waits for it, and gives it back if nobody does.
    pub(super) fn answer(&mut self, label: u64, reply: Reply) -> Option<Reply> {
        let Some(waiter) = self.waiters.remove(&label) else { return Some(reply) };
        // The asker may have gone; then nobody wants the answer.
        drop(waiter.sender.try_send(reply));
        None
    }
}
