//! What a server and its handles have in common: the way to the hub, and the way to the end.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::counters::Counters;
use super::stop::Stop;
use crate::error::HandleError;
use crate::guard::is_deciding;
use crate::hub::{Command, Input};
use crate::net::Bell;

/// What a server and its handles have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) stop: Stop,
    /// Set as soon as the server runs.
    pub(super) running: OnceLock<Running>,
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) inbox: Sender<Input>,
    pub(super) counters: Arc<Counters>,
    /// Those of the I/O threads.
    pub(super) bells: Vec<Arc<Bell>>,
    /// Nothing ever comes through here. It ends when the hub does, so that nobody waits for the
    /// answer to a command that was left in the inbox.
    pub(super) hub_lives: Receiver<Infallible>,
}

impl Shared {
    pub(super) fn new() -> Shared {
        Shared { stop: Stop::new(), running: OnceLock::new() }
    }

    /// The server runs from now on.
    pub(super) fn start(&self, running: Running) {
        // A server runs once, so that this is empty.
        drop(self.running.set(running));
    }

    pub(super) fn command(&self, command: Command) -> Result<(), HandleError> {
        if is_deciding() {
            return Err(HandleError::Deciding);
        }
        let running = self.running.get().ok_or(HandleError::NotRunning)?;
        running.inbox.send(Input::Command(command)).map_err(|_| HandleError::NotRunning)
    }

    /// An I/O thread has ended before it was told to: without it the server cannot go on.
    pub(super) fn lost(&self) {
        if let Some(running) = self.running.get() {
            // A hub that has ended already needs not be told.
            let _: Result<(), _> = running.inbox.send(Input::Lost);
        }
    }

    /// Asks for the end of the server, and wakes it for that if it runs.
    pub(super) fn stop(&self, within: Duration) -> Result<(), HandleError> {
        self.stop.ask(within);
        let result = self.command(Command::Stop);
        // Those who are at the last of their work already may have to hurry.
        for bell in self.running.get().iter().flat_map(|running| &running.bells) {
            bell.ring();
        }
        result
    }
}
