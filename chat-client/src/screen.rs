//! What the person sees.

use std::io::{self, BufWriter, Stderr, Stdout, Write};
use std::sync::Arc;

use chat_core::{Client, ClientEvent, CloseReason};
use crossbeam_channel::Receiver;

use crate::refusals::Refusals;
use crate::shown;

/// How the conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// This side left.
    Left,
    /// The server went away, or not all could be sent.
    Lost,
}

/// Shows on standard output what comes from the server.
///
/// If nobody reads standard output any more, there is nobody left to chat, and the client leaves.
#[derive(Debug)]
pub(crate) struct Screen {
    client: Arc<Client>,
    /// `None` once standard output is closed.
    out: Option<BufWriter<Stdout>>,
    refusals: Refusals,
}

impl Screen {
    /// A screen that says that the connection is there.
    pub(crate) fn new(client: Arc<Client>) -> Screen {
        let out = Some(BufWriter::new(io::stdout()));
        let mut screen = Screen { client, out, refusals: Refusals::default() };
        screen.print("Connected to chat server. Type 'exit' to leave.");
        screen.flush();
        screen
    }

    /// Shows all that comes, until the connection is over.
    pub(crate) fn show(mut self, events: &Receiver<ClientEvent>) -> Ending {
        loop {
            let event = events.try_recv().or_else(|_| {
                self.flush();
                events.recv()
            });
            match event {
                Ok(ClientEvent::Skipped) => complain("A line was too long to be shown."),
                Ok(ClientEvent::Disconnected { reason, unsent }) => {
                    return self.end(reason, unsent);
                }
                Ok(event) => {
                    if let ClientEvent::Reconnecting { reason, .. } = event {
                        log::info!("there is no connection: {reason}");
                    }
                    let is_known = self.refusals.is_known(&event);
                    if let Some(line) = shown::line(&event).filter(|_| !is_known) {
                        self.print(&line);
                    }
                }
                Err(_) => return self.end(CloseReason::EndOfStream, 0),
            }
        }
    }

    fn end(mut self, reason: CloseReason, unsent: u64) -> Ending {
        let is_left = reason == CloseReason::Exit;
        if !is_left {
            self.print(match reason {
                CloseReason::Kicked => "[DISCONNECTED] The server has removed you.",
                _ => "[DISCONNECTED] Server connection lost.",
            });
            log::info!("the connection was lost: {reason}");
        }
        self.print("Disconnected from server");
        self.flush();
        if unsent > 0 {
            complain(&format!("{} could not be sent.", shown::count(unsent, "line")));
        }
        if is_left && unsent == 0 { Ending::Left } else { Ending::Lost }
    }

    fn print(&mut self, line: &str) {
        let Some(out) = &mut self.out else { return };
        let result = writeln!(out, "{line}");
        self.check(result);
    }

    fn flush(&mut self) {
        let Some(out) = &mut self.out else { return };
        let result = out.flush();
        self.check(result);
    }

    fn check(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            log::info!("leaving, since nobody reads the output: {error}");
            self.out = None;
            self.client.close();
        }
    }
}

/// Tells the person what went wrong, on standard error.
pub(crate) fn complain(what: &str) {
    let mut stderr: Stderr = io::stderr();
    if let Err(error) = writeln!(stderr, "[ERROR] {what}") {
        log::debug!("standard error is closed: {error}");
    }
}
