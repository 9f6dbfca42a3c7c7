//! Requests on their way: from the program to the client's thread, and the answers back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::Sender;

use super::tagged::Answer;
use crate::error::RequestError;
use crate::wire::{RoomName, Text};

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
