//! What the sockets hand over, and to whom, without ever waiting.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::{fmt, mem};

use crossbeam_channel::TrySendError;

use super::Bell;
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::wire::{Context, Messages, Request, Text};

/// Something that came from a socket.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A peer connected.
    Connected { conn: ConnId, addr: SocketAddr },
    /// A peer said something.
    Said { conn: ConnId, messages: Messages },
    /// A peer is gone, or as good as gone.
    Left { conn: ConnId, reason: CloseReason },
    /// A peer said something, and its tags say something of that.
    Tagged { conn: ConnId, text: Text, context: Box<Context> },
    /// A peer asks for something.
    Asked { conn: ConnId, request: Request, context: Option<Box<Context>> },
    /// The embedding program has answered what a peer asked: what is told, or why it is refused.
    Answered { conn: ConnId, answer: Result<Option<Text>, Text>, context: Option<Box<Context>> },
    /// A peer talks too fast: it is read more slowly from now on.
    Flooding { conn: ConnId },
    /// A peer was too far behind, and has missed so many lines.
    Skipped { conn: ConnId, lines: u64 },
    /// The I/O thread takes nothing in any more; nothing comes after this.
    Quiet,
}

impl Arrival {
    /// How many bytes of messages it brings.
    fn bytes(&self) -> usize {
        match self {
            Arrival::Said { messages, .. } => messages.bytes(),
            Arrival::Tagged { text, .. }
            | Arrival::Answered { answer: Ok(Some(text)) | Err(text), .. } => text.len(),
            Arrival::Connected { .. }
            | Arrival::Left { .. }
            | Arrival::Asked { .. }
            | Arrival::Answered { answer: Ok(None), .. }
            | Arrival::Flooding { .. }
            | Arrival::Skipped { .. }
            | Arrival::Quiet => 0,
        }
    }
}

/// Where arrivals go: to the one who decides what follows from them.
pub(crate) trait Inbox: Send + 'static {
    /// What an arrival is to that one.
    type Input: From<Arrival> + fmt::Debug + Send;

    /// Puts an input into the queue, if that takes no waiting.
    fn offer(&self, input: Self::Input) -> Result<(), TrySendError<Self::Input>>;

    /// Takes the first of these inputs and does at once what follows from them, on the calling thread:
    /// as many as that takes no waiting for, and none if something is before them.
    fn decide(&self, inputs: &mut VecDeque<Self::Input>);
}

/// How many arrivals are few enough to be decided about at once.
const FEW: usize = 64;
/// How many bytes of messages are few enough for that.
const LITTLE: usize = 64 * 1024;

/// The arrivals of a turn, on their way to an inbox.
///
/// A few are decided about on this thread if the hub is at rest: one message at a time then costs
/// no switch between threads. Many go through the queue, so that the hub works beside this thread.
///
/// Its bound is that an I/O thread reads from no socket while there is [no room](Self::has_room);
/// what it has in hand by then still comes in here.
#[derive(Debug)]
pub(super) struct Outgoing<I: Inbox> {
    inbox: I,
    inputs: VecDeque<I::Input>,
    /// The bytes of messages among them.
    bytes: usize,
    /// Messages have come since somebody asked.
    has_news: bool,
    gone: bool,
}

impl<I: Inbox> Outgoing<I> {
    pub(super) fn new(inbox: I) -> Outgoing<I> {
        Outgoing { inbox, inputs: VecDeque::new(), bytes: 0, has_news: false, gone: false }
    }

    /// Takes an arrival, to be handed over in the course of the turn.
    pub(super) fn send(&mut self, arrival: Arrival) {
        let bytes = arrival.bytes();
        self.bytes += bytes;
        self.has_news |= bytes > 0;
        self.inputs.push_back(I::Input::from(arrival));
    }

    /// Whether messages have come since this was last asked.
    pub(super) fn take_news(&mut self) -> bool {
        mem::take(&mut self.has_news)
    }

    /// Whether one more connection may be read from.
    pub(super) fn has_room(&mut self) -> bool {
        if self.inputs.len() >= FEW || self.bytes >= LITTLE {
            self.post();
        }
        self.inputs.len() < FEW && self.bytes < LITTLE
    }

    /// Hands over what the turn has brought, in whichever way is best. It answers whether some of it
    /// is left that may be decided about at once as well, when what follows from the rest is done.
    pub(super) fn deliver(&mut self) -> bool {
        let count = self.inputs.len();
        if (1..=FEW).contains(&count) && self.bytes <= LITTLE {
            self.inbox.decide(&mut self.inputs);
        }
        if self.inputs.is_empty() {
            self.bytes = 0;
            return false;
        }
        if self.inputs.len() < count {
            return true;
        }
        self.post();
        false
    }

    /// Hands over what is left, through the queue. While some is left even then, the bell will
    /// ring when there is room.
    pub(super) fn post_or_starve(&mut self, bell: &Bell) {
        self.post();
        if !self.inputs.is_empty() {
            // Room that was made before this was asked for is found by looking once more.
            bell.starve();
            self.post();
        }
    }

    /// Whether all is handed over.
    #[cfg(feature = "testing")]
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Notes that nobody takes anything any more.
    pub(super) fn lose(&mut self) {
        self.gone = true;
        self.inputs.clear();
        self.bytes = 0;
    }

    /// Whether nobody takes anything any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    fn post(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            match self.inbox.offer(input) {
                Ok(()) => {}
                Err(TrySendError::Full(input)) => return self.inputs.push_front(input),
                Err(TrySendError::Disconnected(_)) => self.lose(),
            }
        }
        self.bytes = 0;
    }
}
