//! What the sockets hand over, and to whom, without ever waiting.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crossbeam_channel::{Sender, TrySendError};

use super::Bell;
use crate::event::CloseReason;
use crate::ids::ConnId;
use crate::wire::Messages;

/// Something that came from a socket.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A peer connected.
    Connected { conn: ConnId, addr: SocketAddr },
    /// A peer said something.
    Said { conn: ConnId, messages: Messages },
    /// A peer is gone, or as good as gone.
    Left { conn: ConnId, reason: CloseReason },
    /// The I/O thread takes nothing in any more; nothing comes after this.
    Quiet,
}

/// The way to an inbox, and the few arrivals that it had no room for. `T` is what the owner of the
/// inbox makes of an arrival.
///
/// Its bound is that an I/O thread reads from no socket while anything is kept back here: a turn
/// that was already under way can add what it has in hand, no more.
#[derive(Debug)]
pub(super) struct Outgoing<T> {
    inbox: Sender<T>,
    kept: VecDeque<T>,
    gone: bool,
}

impl<T: From<Arrival>> Outgoing<T> {
    pub(super) fn new(inbox: Sender<T>) -> Outgoing<T> {
        Outgoing { inbox, kept: VecDeque::new(), gone: false }
    }

    /// Hands an arrival over, or keeps it until there is room.
    pub(super) fn send(&mut self, arrival: Arrival) {
        self.kept.push_back(T::from(arrival));
        if self.kept.len() == 1 {
            self.hand_over();
        }
    }

    /// Tries again to hand over what was kept. While some is left, the bell will ring when there
    /// is room.
    pub(super) fn retry(&mut self, bell: &Bell) {
        self.hand_over();
        if !self.is_clear() {
            // Room that was made before this was asked for is found by looking once more.
            bell.starve();
            self.hand_over();
        }
    }

    /// Whether all was handed over.
    pub(super) fn is_clear(&self) -> bool {
        self.kept.is_empty()
    }

    /// Notes that nobody takes anything any more.
    pub(super) fn lose(&mut self) {
        self.gone = true;
        self.kept.clear();
    }

    /// Whether nobody takes anything any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    fn hand_over(&mut self) {
        while let Some(arrival) = self.kept.pop_front() {
            match self.inbox.try_send(arrival) {
                Ok(()) => {}
                Err(TrySendError::Full(arrival)) => return self.kept.push_front(arrival),
                Err(TrySendError::Disconnected(_)) => self.lose(),
            }
        }
    }
}
