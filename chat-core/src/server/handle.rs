//! What a program can do to its running server, from anywhere.

mod rooms;

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};

use super::counters::Counters;
use super::stats::Stats;
use super::stop::Stop;
use crate::change::Change;
use crate::config::{Flood, RateError, WhenBehind};
use crate::error::HandleError;
use crate::event::{ClientInfo, Report};
use crate::give::Give;
use crate::guard::is_deciding;
use crate::hub::{Command, Input, Reply};
use crate::ids::ConnId;
use crate::net::Bell;
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

/// What a server and its handles have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) stop: Stop,
    /// Set as soon as the server runs.
    running: OnceLock<Running>,
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

    fn command(&self, command: Command) -> Result<(), HandleError> {
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

    /// Says something to one client, as the server: it reads `* text`, after all that was said
    /// before. A client that does not take what is sent to it alone is closed when
    /// [`Limits::direct`](crate::Limits::direct) is reached.
    ///
    /// ```
    /// use chat_core::{Client, Server, ServerEvent};
    /// use std::sync::mpsc;
    ///
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let handle = server.handle();
    /// let welcome = move |event| {
    ///     if let ServerEvent::Connected { conn, .. } = event {
    ///         // A client that has left already needs no welcome.
    ///         drop(handle.send_to(conn, "welcome"));
    ///     }
    /// };
    /// let server = server.on_event(welcome).spawn()?;
    ///
    /// let (heard, hears) = mpsc::channel();
    /// let client = Client::connect(server.local_addr(), move |event| drop(heard.send(event)))?;
    /// assert!(format!("{:?}", hears.recv()?).contains("welcome"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::Text`] if it cannot be a line, [`HandleError::NoSuchClient`],
    /// [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn send_to(&self, conn: ConnId, text: &str) -> Result<(), HandleError> {
        let text = Text::new(text)?;
        let is_here = self.ask(|reply| Command::SendTo { conn, text, reply })?;
        if is_here { Ok(()) } else { Err(HandleError::NoSuchClient) }
    }

    /// Removes a client. It reads `* reason` before its connection is closed; an empty reason is
    /// not sent. A client with tags is told in any case that it is not to come back.
    ///
    /// ```
    /// use chat_core::{Server, ServerEvent};
    ///
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let handle = server.handle();
    /// let server = server.on_event(move |event| {
    ///     if let ServerEvent::Flooding { conn, .. } = event {
    ///         drop(handle.kick(conn, "that was too much"));
    ///     }
    /// });
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::Text`] if the reason cannot be a line, [`HandleError::NoSuchClient`],
    /// [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn kick(&self, conn: ConnId, reason: &str) -> Result<(), HandleError> {
        let reason = if reason.is_empty() { None } else { Some(Text::new(reason)?) };
        let was_here = self.ask(|reply| Command::Kick { conn, reason, reply })?;
        if was_here { Ok(()) } else { Err(HandleError::NoSuchClient) }
    }

    /// Changes how fast one client may talk, beginning with a full burst; `None` lets it talk as fast as
    /// it likes. That holds for as long as the client is here.
    ///
    /// ```
    /// use chat_core::{Flood, Rate, Server, ServerEvent};
    ///
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let handle = server.handle();
    /// let server = server.on_event(move |event| {
    ///     if let ServerEvent::Renamed { conn, name, .. } = event
    ///         && &*name == "Ada"
    ///     {
    ///         let fast = Flood::new(Rate::new(100, 1000), Rate::new(100_000, 1_000_000));
    ///         drop(handle.set_flood(conn, Some(fast)));
    ///     }
    /// });
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::Rate`] if a number of a rate is 0, [`HandleError::NoSuchClient`],
    /// [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn set_flood(&self, conn: ConnId, flood: Option<Flood>) -> Result<(), HandleError> {
        if flood.is_some_and(|flood| !flood.is_possible()) {
            return Err(HandleError::Rate(RateError));
        }
        self.adjust(conn, Change::Flood(flood))
    }

    /// Changes what happens to one client when it is too far behind.
    ///
    /// # Errors
    ///
    /// [`HandleError::NoSuchClient`], [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn set_when_behind(&self, conn: ConnId, what: WhenBehind) -> Result<(), HandleError> {
        self.adjust(conn, Change::WhenBehind(what))
    }

    /// Makes a client an operator, who may do what `/help` lists for operators.
    ///
    /// ```
    /// use chat_core::{Server, ServerEvent};
    ///
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let handle = server.handle();
    /// let server = server.on_event(move |event| {
    ///     // Whoever sits at the server's own machine runs it.
    ///     if let ServerEvent::Connected { conn, addr } = event
    ///         && addr.ip().is_loopback()
    ///     {
    ///         drop(handle.make_operator(conn));
    ///     }
    /// });
    /// # Ok::<(), chat_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HandleError::NoSuchClient`], [`HandleError::NotRunning`], [`HandleError::Deciding`].
    pub fn make_operator(&self, conn: ConnId) -> Result<(), HandleError> {
        let is_here = self.ask(|reply| Command::MakeOperator { conn, reply })?;
        if is_here { Ok(()) } else { Err(HandleError::NoSuchClient) }
    }

    fn adjust(&self, conn: ConnId, change: Change) -> Result<(), HandleError> {
        let is_here = self.ask(|reply| Command::Adjust { conn, change, reply })?;
        if is_here { Ok(()) } else { Err(HandleError::NoSuchClient) }
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
