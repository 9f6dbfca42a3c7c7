//! What a program can do to its running server, from anywhere.

mod clients;
mod rooms;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{bounded, select};

use super::shared::{Running, Shared};
use super::stats::Stats;
use crate::error::HandleError;
use crate::event::{ClientInfo, Report};
use crate::give::Give;
use crate::guard::is_deciding;
use crate::hub::{Command, Reply};
use crate::wire::{RoomName, Text};

/// Acts on a server from any thread, and from its own event handler.
///
/// The server waits for [`on_connect`](crate::Server::on_connect),
/// [`on_message`](crate::Server::on_message) and [`on_command`](crate::Server::on_command). So there,
/// and only there, nothing can be asked of it but its [`stats`](ServerHandle::stats): everything else
/// fails with [`HandleError::Deciding`]. Before the server runs and after it has ended, all fail with
/// [`HandleError::NotRunning`]; and what is about one client fails with [`HandleError::NoSuchClient`]
/// if that has left.
///
/// It is cheap to clone. Commands take their turn among what the clients send; while the server is
/// overloaded, they wait as the clients do.
#[derive(Debug, Clone)]
pub struct ServerHandle {
    shared: Arc<Shared>,
}

impl ServerHandle {
    pub(super) fn new(shared: Arc<Shared>) -> ServerHandle {
        ServerHandle { shared }
    }

    /// Says something to all clients, as the server: they read `* text`.
    ///
    /// # Errors
    ///
    /// [`HandleError::Text`] if it cannot be a line, [`HandleError::NotRunning`],
    /// [`HandleError::Deciding`].
    pub fn broadcast(&self, text: &str) -> Result<(), HandleError> {
        self.shared.command(Command::Broadcast(Text::new(text)?))
    }

    /// The clients that are here now, in no particular order, with what has been counted of each.
    /// While the server stops, this may wait until it has.
    ///
    /// ```
    /// use chat_core::{Client, Server, ServerEvent};
    /// use std::sync::mpsc;
    ///
    /// let (happened, happens) = mpsc::channel();
    /// let server = Server::bind("127.0.0.1:0")?
    ///     .on_event(move |event| drop(happened.send(event)))
    ///     .spawn()?;
    /// let client = Client::connect(server.local_addr(), |_| ())?;
    /// while !matches!(happens.recv()?, ServerEvent::Connected { .. }) {}
    ///
    /// let clients = server.handle().clients()?;
    /// assert_eq!(clients[0].addr, client.local_addr());
    /// assert_eq!(clients[0].room.as_deref(), Some("lobby"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn clients(&self) -> Result<Vec<ClientInfo>, HandleError> {
        self.census(None)
    }

    /// Those who are in a room, or all who are here.
    fn census(&self, room: Option<RoomName>) -> Result<Vec<ClientInfo>, HandleError> {
        let running = self.running()?;
        let (sender, receiver) = bounded(running.bells.len());
        // There is a place for the part of each I/O thread; the asker may have gone.
        let give = Give::new(move |part| drop(sender.try_send(part)));
        self.shared.command(Command::Clients { room, give })?;
        let mut clients = Vec::new();
        for _ in &running.bells {
            let part = select! {
                recv(receiver) -> part => part.ok(),
                recv(running.hub_lives) -> _ => {
                    // The hub may have ended since it asked. When the I/O threads have ended too,
                    // all answers are here that will ever come.
                    self.shared.stop.wait();
                    receiver.try_recv().ok()
                }
            };
            clients.extend(part.ok_or(HandleError::NotRunning)?);
        }
        Ok(clients)
    }

    /// What the server has counted so far; all zero before it runs. It waits for nothing and may be
    /// asked for anywhere, even where the server waits.
    ///
    /// ```
    /// let server = chat_core::Server::bind("127.0.0.1:0")?.spawn()?;
    /// let stats = server.handle().stats();
    /// assert_eq!((stats.clients, stats.refused.total()), (0, 0));
    /// println!("{stats}");
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.running().map(|running| running.counters.read()).unwrap_or_default()
    }

    /// Stops the server: nothing more is accepted or read, what was read is delivered within this time
    /// at most, and then all connections are closed. It returns when they are.
    ///
    /// If the server is stopping already, this waits for the same end, which comes earlier if this
    /// time is over earlier. Before the server runs, it makes [`run`](crate::Server::run) return at
    /// once, and reports nothing.
    ///
    /// In [`on_connect`](crate::Server::on_connect), [`on_message`](crate::Server::on_message) and
    /// [`on_command`](crate::Server::on_command), for which it would wait, it does nothing but log an
    /// error. In an event handler it may be called: the events of the stop come when it has returned.
    ///
    /// ```
    /// use chat_core::Server;
    /// use std::time::Duration;
    ///
    /// let running = Server::bind("127.0.0.1:0")?.spawn()?;
    /// let handle = running.handle();
    /// // Any thread may stop it while another one waits for its end.
    /// let stops = std::thread::spawn(move || handle.shutdown(Duration::from_secs(2)));
    /// running.join()?;
    /// let report = stops.join().expect("it does not panic");
    /// assert_eq!(report.dropped, 0);
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    pub fn shutdown(&self, within: Duration) -> Report {
        if is_deciding() {
            log::error!("the server cannot be stopped in on_connect, on_message or on_command");
            return Report::default();
        }
        match self.shared.stop(within) {
            Err(_) if self.shared.running.get().is_none() => Report::default(),
            // Where the hub has ended already, the report is there or is on its way.
            Ok(()) | Err(_) => self.shared.stop.wait(),
        }
    }

    fn running(&self) -> Result<&Running, HandleError> {
        self.shared.running.get().ok_or(HandleError::NotRunning)
    }

    /// Gives a command to the hub and waits for its answer.
    fn ask<T: Send + 'static>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, HandleError> {
        let (sender, receiver) = bounded(1);
        // The asker may have gone; then nobody wants the answer.
        self.shared.command(command(Box::new(move |answer| drop(sender.try_send(answer)))))?;
        let running = self.running()?;
        let answer = select! {
            recv(receiver) -> answer => answer.ok(),
            recv(running.hub_lives) -> _ => receiver.try_recv().ok(),
        };
        answer.ok_or(HandleError::NotRunning)
    }
}
