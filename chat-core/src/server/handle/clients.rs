//! What a program does to one client: it speaks to it, removes it, and changes what holds for it.

use super::ServerHandle;
use crate::change::Change;
use crate::config::{Flood, RateError, WhenBehind};
use crate::error::HandleError;
use crate::hub::Command;
use crate::ids::ConnId;
use crate::wire::Text;

impl ServerHandle {
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
}
